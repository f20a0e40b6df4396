"""Tenant and cloud of a Databricks workspace, from where it sends a browser to sign in.

A workspace answers `/oidc/oauth2/v2.0/authorize`, and in older days `/aad/auth`, with a
redirect to Entra: host and first path segment are what a person would otherwise have
to look up. As Databricks' own SDK does it.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from entra_oauth.errors import DestinationRefused, UnexpectedAnswer, UsageError, plain
from entra_oauth.light import TYPE_CHECKING, dataclass
from entra_oauth.protocol.authority import CLOUDS, Authority
from entra_oauth.protocol.messages import (
    USER_AGENT,
    HttpRequest,
    is_loopback,
    is_redirect,
    refuse_control_characters,
)

if TYPE_CHECKING:
    from entra_oauth.protocol.authority import Cloud
    from entra_oauth.protocol.messages import HttpResponse

__all__ = ["SIGN_IN_PATHS", "Workspace"]

SIGN_IN_PATHS = ("/oidc/oauth2/v2.0/authorize", "/aad/auth")
"""Paths that redirect to the tenant; the second is tried if the first does not."""

_HOST = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)*")


@dataclass(frozen=True, slots=True)
class Workspace:
    """The address of a workspace: scheme and host, perhaps a port.

    Raises `UsageError` when made from a URL that is none, and `DestinationRefused` for
    a host outside the clouds' own domains. Loopback is for a practice tenant.
    """

    url: str

    def __post_init__(self) -> None:
        refuse_control_characters("The workspace URL", self.url)
        advice = "Copy it from the browser: https://adb-….azuredatabricks.net."
        text = self.url if "://" in self.url else f"https://{self.url}"
        try:
            parts = urlsplit(text)
            port = parts.port
        except ValueError:
            raise UsageError("The workspace URL is no URL.", advice=advice) from None
        host = parts.hostname or ""
        if "@" in parts.netloc or not (_HOST.fullmatch(host) or is_loopback(host)):
            raise UsageError("The workspace URL is no https URL.", advice=advice)
        if not is_loopback(host) and (parts.scheme != "https" or port not in (None, 443)):
            raise UsageError("The workspace URL is no https URL.", advice=advice)
        if not is_loopback(host) and _cloud_of(host) is None:
            raise DestinationRefused(
                "The workspace URL is not in a domain of Azure Databricks.",
                advice=f"Its host ends in {', '.join(_suffixes())}. {advice}",
            )
        origin = f"{parts.scheme}://{parts.netloc.lower()}".removesuffix(":443")
        object.__setattr__(self, "url", origin)

    @property
    def host(self) -> str:
        """Host, and port if there is one."""
        return urlsplit(self.url).netloc

    @property
    def cloud(self) -> Cloud | None:
        """The cloud that its domain belongs to; None for loopback."""
        return _cloud_of(urlsplit(self.url).hostname or "")

    def request(self, path: str) -> HttpRequest:
        """The request whose answer names the tenant. It carries nothing secret."""
        return HttpRequest(
            method="GET",
            url=f"{self.url}{path}",
            headers=(("User-Agent", USER_AGENT), ("Accept", "*/*")),
        )

    def read_authority(self, reply: HttpResponse) -> Authority:
        """The authority that the redirect leads to.

        Raises `UnexpectedAnswer` for an answer that is no redirect to a tenant, and
        `DestinationRefused` for one to a host that is not the login of this cloud.
        """
        location = reply.header("Location") or ""
        if not is_redirect(reply.status) or not location:
            raise self._not_said(f"it answered HTTP {reply.status} and no redirect")
        try:
            parts = urlsplit(location)
            host = parts.hostname or ""
        except ValueError:
            raise self._not_said("its redirect is no URL") from None
        self._check_login_host(parts.scheme, host)
        tenant = next((part for part in parts.path.split("/") if part), "")
        try:
            return Authority(f"{parts.scheme}://{parts.netloc}", tenant)
        except UsageError:
            raise self._not_said("its redirect names no tenant") from None

    def _check_login_host(self, scheme: str, host: str) -> None:
        cloud = self.cloud
        if cloud is None:
            good = is_loopback(host) and scheme in ("http", "https")
        else:
            good = scheme == "https" and host in cloud.hosts
        if not good:
            raise DestinationRefused(
                f"{self.host} sends people to {plain(host, limit=80) or 'nowhere'} to sign in, "
                "which is not the login host of its cloud.",
                advice="Do not sign in there. Check the workspace URL, or give --tenant and "
                "--cloud yourself.",
            )

    def _not_said(self, why: str) -> UnexpectedAnswer:
        return UnexpectedAnswer(
            f"{self.host} does not say which tenant it belongs to: {why}.",
            advice="Check the workspace URL, or give --tenant and --cloud yourself.",
        )


def _cloud_of(host: str) -> Cloud | None:
    return next((c for c in CLOUDS.values() if c.workspaces and host.endswith(c.workspaces)), None)


def _suffixes() -> list[str]:
    return [cloud.workspaces for cloud in CLOUDS.values() if cloud.workspaces]
