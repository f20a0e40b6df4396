"""The sources of a federated assertion: a file, or GitHub's own token service."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import quote_plus, urlsplit

from entra_oauth.errors import LocalError, UnexpectedAnswer, UsageError
from entra_oauth.flows.patience import send_patiently
from entra_oauth.light import TYPE_CHECKING, dataclass, field
from entra_oauth.protocol.endpoints.client_auth import FederatedAssertion, Proof
from entra_oauth.protocol.jwt import read_object
from entra_oauth.protocol.loose_input import bare_token, text_of
from entra_oauth.protocol.messages import USER_AGENT, HttpRequest, is_loopback

if TYPE_CHECKING:
    from collections.abc import Mapping

    from entra_oauth.channels.base import Channels

__all__ = ["AUDIENCE", "GITHUB_VARIABLES", "FederatedFile", "from_github"]

AUDIENCE = "api://AzureADTokenExchange"
"""The audience that Entra wants to read in the `aud` of a federated assertion."""

GITHUB_VARIABLES = ("ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN")
"""GitHub sets both in a job with the permission `id-token: write`."""

_MOST_BYTES = 64 * 1024
_VISIBLE = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True, slots=True)
class FederatedFile:
    """A file that something else keeps fresh (`AZURE_FEDERATED_TOKEN_FILE`).

    It is read for each request: the token in it lives an hour or less.
    """

    path: str

    def prove(self, client_id: str, audience: str, *, now: float) -> Proof:
        """See `Credential.prove`. Raises `LocalError` too."""
        try:
            with Path(self.path).open("rb") as file:
                content = file.read(_MOST_BYTES)
        except OSError as error:
            raise LocalError(
                f"The file with the federated token cannot be read: {error.strerror}.",
                advice="Check AZURE_FEDERATED_TOKEN_FILE or --federated-token-file.",
            ) from None
        text = text_of(content)
        if text is None or not text.strip():
            state = "empty" if text is not None else "neither UTF-8 nor UTF-16"
            raise UsageError(
                f"The file with the federated token is {state}.",
                advice="Check AZURE_FEDERATED_TOKEN_FILE or --federated-token-file.",
            )
        token = bare_token(text, what="federated token")
        return FederatedAssertion(token).prove(client_id, audience, now=now)


@dataclass(frozen=True, slots=True)
class _GitHub:
    url: str
    token: str = field(repr=False)


def from_github(
    environ: Mapping[str, str], channels: Channels, *, timeout_s: float = 30.0
) -> FederatedAssertion:
    """Ask GitHub for a token about this job, for Entra to read; what is passing is tried again.

    Raises `UsageError` outside a job that may ask, a `TransportError` if none was had.
    """
    service = _find(environ)
    separator = "&" if "?" in service.url else "?"
    request = HttpRequest(
        method="GET",
        url=f"{service.url}{separator}audience={quote_plus(AUDIENCE)}",
        headers=(
            ("User-Agent", USER_AGENT),
            ("Accept", "application/json"),
            ("Authorization", f"Bearer {service.token}"),
        ),
    )
    reply = send_patiently(request, channels.back, channels, timeout_s=timeout_s)
    try:
        value = read_object(reply.body).get("value") if reply.status == 200 else None
    except ValueError:
        value = None
    if not isinstance(value, str):
        raise UnexpectedAnswer(
            f"GitHub's token service answered HTTP {reply.status} and no token.",
            advice="Check the job's permission id-token: write, then run the job again.",
        )
    return FederatedAssertion(value)


def _find(environ: Mapping[str, str]) -> _GitHub:
    url, token = (environ.get(name, "") for name in GITHUB_VARIABLES)
    if not url or not token:
        raise UsageError(
            "GitHub's token service is not offered here.",
            advice="Give the job the permission id-token: write, or name a file with "
            "--federated-token-file.",
        )
    try:
        parts = urlsplit(url)
        secure = parts.scheme == "https" or is_loopback(parts.hostname or "")
    except ValueError:
        secure = False
    if not secure or not _VISIBLE.fullmatch(url) or not _VISIBLE.fullmatch(token):
        raise UsageError(
            f"{GITHUB_VARIABLES[0]} is not an https address, or its token is none.",
            advice="Leave both variables as GitHub sets them.",
        )
    return _GitHub(url, token)
