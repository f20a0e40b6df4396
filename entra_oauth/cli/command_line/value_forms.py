"""The forms of some options' values, judged before a browser, the network or the store is asked.

Each is the rule of the place that uses the value at last, where it would be found out too late:
after somebody signed in. What only fits or not beside other values is judged by the verbs.
"""

from __future__ import annotations

from entra_oauth.light import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["check_form"]

# What is imported here is imported late: most command lines have none of these values.


def check_form(name: str, text: str, environ: Mapping[str, str]) -> None:
    """Raise `UsageError` for a text that the option of this field's name cannot take here."""
    if name in _FORMS:
        _FORMS[name](text)
    elif (name, text) == ("output", "kubectl"):
        from entra_oauth.cli.output.token_output import exec_version

        exec_version(environ)


def _variable(text: str) -> None:
    from entra_oauth.cli.output.token_output import check_variable_name

    check_variable_name(text)


def _profile(text: str) -> None:
    from entra_oauth.cache.profiles import check_name

    check_name(text)


def _claims(text: str) -> None:
    from entra_oauth.protocol.endpoints.access_request import check_claims
    from entra_oauth.protocol.resource.claims_challenge import read_claims

    check_claims(read_claims(text))


def _correlation_id(text: str) -> None:
    from entra_oauth.protocol.endpoints.access_request import check_correlation_id

    check_correlation_id(text)


def _redirect_uri(text: str) -> None:
    from entra_oauth.protocol.endpoints.authorize import check_redirect_uri

    check_redirect_uri(text)


def _exchange_account(text: str) -> None:
    from entra_oauth.protocol.endpoints.token_exchange import check_exchange_ids

    check_exchange_ids(text, None)


def _exchange_client(text: str) -> None:
    from entra_oauth.protocol.endpoints.token_exchange import check_exchange_ids

    check_exchange_ids(None, text)


_FORMS: dict[str, Callable[[str], None]] = {
    "env_name": _variable,
    "save_profile": _profile,
    "claims": _claims,
    "correlation_id": _correlation_id,
    "redirect_uri": _redirect_uri,
    "exchange_account": _exchange_account,
    "exchange_client_id": _exchange_client,
}
