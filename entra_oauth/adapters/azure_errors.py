"""Our errors as azure-core and azure-identity know them, where these are loaded.

A chain of azure-identity goes on to the next credential for one class only. It means: this was
not set up here. `ClientAuthenticationError` means: the authority was asked, and refused.
"""

from __future__ import annotations

import sys
from functools import cache
from typing import Any

from entra_oauth.errors import (
    AuthorityError,
    EntraOAuthError,
    ProofMissing,
    ServiceAbsent,
    SignInRequired,
)

__all__ = ["as_azure"]


def as_azure(error: EntraOAuthError, *, not_set_up: bool = False) -> EntraOAuthError:
    """The same error, and one of azure's as well where it has a name for it."""
    waits = isinstance(error, SignInRequired) and not error.was_refused
    refused = isinstance(error, AuthorityError | SignInRequired)
    if not_set_up or waits or isinstance(error, ProofMissing | ServiceAbsent):
        theirs = _loaded("azure.identity", "CredentialUnavailableError")
    elif refused:
        theirs = _loaded("azure.core.exceptions", "ClientAuthenticationError")
    else:
        theirs = None
    return error if theirs is None else _both(error, theirs)


def _loaded(module: str, name: str) -> type[Exception] | None:
    """A class of theirs. Whoever uses it has its module loaded, so nothing is imported here."""
    found: type[Exception] | None = getattr(sys.modules.get(module), name, None)
    return found


def _both(error: EntraOAuthError, theirs: Any) -> EntraOAuthError:
    ours: Any = type(error)
    kind: Any = _joined(ours, theirs)
    made: EntraOAuthError = kind.__new__(kind, *error.args)
    made.args = error.args
    # `message` and the rest of what handlers of theirs read.
    vars(made).update({**vars(theirs(str(error))), **vars(error)})
    return made


@cache
def _joined(ours: Any, theirs: Any) -> Any:
    return type(ours.__name__, (ours, theirs), {"__doc__": ours.__doc__})
