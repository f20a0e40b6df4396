"""A build job's token about itself: what is asked of GitHub and of Azure DevOps, and its answer.

GitHub: "OpenID Connect reference", github.com; Azure DevOps: the request of Microsoft's own
`AzurePipelinesCredential`. Both addresses are in the job's environment. They are trusted as far
as that is: the secret beside them goes nowhere but there.
"""

from __future__ import annotations

import re
from urllib.parse import quote_plus, urlsplit

from entra_oauth.errors import ProofMissing, UnexpectedAnswer, UsageError
from entra_oauth.light import TYPE_CHECKING, dataclass, field
from entra_oauth.protocol.authority import cloud_of
from entra_oauth.protocol.jwt import read_object
from entra_oauth.protocol.messages import USER_AGENT, HttpRequest, is_loopback, not_followed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from entra_oauth.protocol.messages import HttpResponse

__all__ = ["GITHUB_VARIABLES", "PIPELINE_VARIABLES", "JobTokenRequest", "exchange_audience"]

GITHUB_VARIABLES = ("ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN")
"""GitHub sets both in a job with the permission `id-token: write`."""
PIPELINE_VARIABLES = ("SYSTEM_OIDCREQUESTURI", "SYSTEM_ACCESSTOKEN")
"""Azure DevOps sets the first; the second is there where the pipeline maps it."""

_AUDIENCES = {
    "public": "api://AzureADTokenExchange",
    "usgov": "api://AzureADTokenExchangeUSGov",
    "china": "api://AzureADTokenExchangeChina",
}
_VISIBLE = re.compile(r"[\x21-\x7e]+")


def exchange_audience(token_endpoint: str) -> str:
    """The `aud` that Entra wants to read in a federated token, by the cloud of its endpoint.

    Of the clouds that no page of Microsoft's names one for, it is the public cloud's.
    """
    base = "/".join(token_endpoint.split("/")[:3])
    return _AUDIENCES.get(cloud_of(base), _AUDIENCES["public"])


@dataclass(frozen=True, slots=True, kw_only=True)
class JobTokenRequest:
    """One request for a job's token. Its repr shows no secret."""

    service: str
    """The service, as a person calls it."""
    method: str
    url: str
    bearer: str = field(repr=False)
    headers: tuple[tuple[str, str], ...] = ()
    member: str
    """The member of the answer that holds the token."""
    advice: str
    """The next step of a person whose job gets none."""

    @classmethod
    def github(cls, environ: Mapping[str, str], audience: str) -> JobTokenRequest:
        """GitHub's, for whoever `audience` is. Raises `UsageError` outside a job that may ask."""
        url, token = _settings(
            environ,
            GITHUB_VARIABLES,
            "GitHub's token service is not offered here.",
            "Give the job the permission id-token: write, or choose another "
            "--federated-token-source.",
        )
        separator = "&" if "?" in url else "?"
        return cls(
            service="GitHub's token service",
            method="GET",
            url=f"{url}{separator}audience={quote_plus(audience)}",
            bearer=token,
            member="value",
            advice="Check the job's permission id-token: write, then run the job again.",
        )

    @classmethod
    def pipeline(cls, environ: Mapping[str, str], connection: str | None) -> JobTokenRequest:
        """Azure DevOps', about a service connection if one is named, else about the pipeline.

        Its audience is always the same. Raises `UsageError` outside a job that may ask.
        """
        url, token = _settings(
            environ,
            PIPELINE_VARIABLES,
            "The token service of Azure DevOps is not offered here.",
            "In the step, map SYSTEM_ACCESSTOKEN: $(System.AccessToken) into its env, or choose "
            "another --federated-token-source.",
        )
        separator = "&" if "?" in url else "?"
        more = f"&serviceConnectionId={quote_plus(connection)}" if connection else ""
        return cls(
            service="Azure DevOps' token service",
            method="POST",
            url=f"{url}{separator}api-version=7.1{more}",
            bearer=token,
            # Suppress: a token that is not taken is a 401 then, and no way to a sign-in page.
            headers=(("Content-Type", "application/json"), ("X-TFS-FedAuthRedirect", "Suppress")),
            member="oidcToken",
            advice="Check the service connection's id and that the step maps "
            "$(System.AccessToken), then run the job again.",
        )

    def to_http(self) -> HttpRequest:
        return HttpRequest(
            method=self.method,
            url=self.url,
            headers=(
                ("User-Agent", USER_AGENT),
                ("Accept", "application/json"),
                *self.headers,
                ("Authorization", f"Bearer {self.bearer}"),
            ),
        )

    def read(self, reply: HttpResponse) -> str:
        """The token of an answer. Raises `UnexpectedAnswer`, which quotes nothing."""
        try:
            value = read_object(reply.body).get(self.member) if reply.status == 200 else None
        except ValueError:
            value = None
        if not isinstance(value, str):
            raise UnexpectedAnswer(
                f"{self.service} answered HTTP {reply.status} and no token"
                f"{not_followed(reply.status)}.",
                advice=self.advice,
            )
        return value


def _settings(
    environ: Mapping[str, str], names: tuple[str, str], missing: str, advice: str
) -> tuple[str, str]:
    """Address and secret. Raises `UsageError`."""
    url, token = (environ.get(name, "") for name in names)
    if not url or not token:
        raise ProofMissing(missing, advice=advice)
    try:
        parts = urlsplit(url)
        secure = parts.scheme == "https" or is_loopback(parts.hostname or "")
    except ValueError:
        secure = False
    if not secure or not _VISIBLE.fullmatch(url) or not _VISIBLE.fullmatch(token):
        raise UsageError(
            f"{names[0]} is not an https address, or its token is none.",
            advice="Leave both variables as the build service sets them.",
        )
    return url, token
