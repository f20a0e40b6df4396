"""The proofs that an app could use on this machine, by the variables that are set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from entra_oauth.protocol.endpoints.job_token import GITHUB_VARIABLES, PIPELINE_VARIABLES

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["proofs_at_hand"]

_SOURCES = (
    ("--federated-token-source github", GITHUB_VARIABLES),
    ("--federated-token-source azure-devops", PIPELINE_VARIABLES),
    ("--federated-token-source file", ("AZURE_FEDERATED_TOKEN_FILE",)),
    ("--certificate", ("AZURE_CLIENT_CERTIFICATE_PATH",)),
    ("a client secret", ("AZURE_CLIENT_SECRET",)),
)


def proofs_at_hand(environ: Mapping[str, str]) -> tuple[str, ...]:
    """The options that would find their proof here. Nothing is read and nobody is asked."""
    return tuple(option for option, names in _SOURCES if all(environ.get(name) for name in names))
