"""Where a token may be sent: one gate for the adapters, `api`, `serve` and `credential`.

A token is sent over https, to the hosts that its resource is known to have and to those
that the person has named, and to nobody else. Nothing that carries it follows a redirect.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from entra_oauth.errors import DestinationRefused, UsageError, plain
from entra_oauth.protocol.authority import CLOUDS
from entra_oauth.protocol.messages import is_loopback
from entra_oauth.protocol.scopes import expand, resource_of

__all__ = ["Gate", "resource_name"]

_DATABRICKS = "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d"
_DEVOPS = "499b84ac-1321-427f-aa17-267ca6975798"
_KUBERNETES = "6dae42f8-4368-4678-94ff-3960e28e3630"

# A name that begins with a dot stands for every host below it.
_HOSTS = {
    _DATABRICKS: tuple(cloud.workspaces for cloud in CLOUDS.values() if cloud.workspaces),
    _DEVOPS: ("dev.azure.com", ".dev.azure.com", ".visualstudio.com"),
    _KUBERNETES: (".azmk8s.io",),
    "https://management.core.windows.net": ("management.azure.com",),
    "https://storage.azure.com": (
        ".blob.core.windows.net",
        ".dfs.core.windows.net",
        ".file.core.windows.net",
        ".queue.core.windows.net",
        ".table.core.windows.net",
    ),
    "https://vault.azure.net": (".vault.azure.net",),
}
"""Hosts of a resource whose name does not say them ("Azure Databricks", "Azure Storage",
"Key Vault", "Azure DevOps" and "AKS" on Microsoft Learn)."""


@dataclass(frozen=True, slots=True)
class Gate:
    """The hosts for one resource's tokens.

    `hosts` are named by the person: a host, a host with a port, or `.suffix`.
    """

    resource: str
    hosts: tuple[str, ...] = ()

    @classmethod
    def of(cls, scopes: tuple[str, ...], hosts: tuple[str, ...] = ()) -> Gate:
        """The gate for a token of these scopes. `hosts` may be whole addresses too."""
        return cls(resource_name(scopes), tuple(_named(host) for host in hosts))

    def check(self, url: str) -> None:
        """Raise `DestinationRefused` unless a token may be sent there.

        Plain http is for a host on this machine that was named, port and all.
        """
        try:
            parts = urlsplit(url)
            host, port = (parts.hostname or "").lower(), parts.port
        except ValueError:
            raise self._refused("an address that cannot be read") from None
        if "@" in parts.netloc or not host or "\\" in url or not url.isprintable():
            raise self._refused("an address that cannot be read")
        with_port = f"{_bracketed(host)}:{port}" if port else host
        if parts.scheme == "http" and is_loopback(host) and with_port in self.hosts:
            return
        if parts.scheme != "https":
            raise self._refused(f"{host}, and not over https")
        usual = host if port in (None, 443) else with_port
        if usual in self.hosts or any(_is_below(usual, each) for each in self._all()):
            return
        raise self._refused(with_port)

    def allows(self, url: str) -> bool:
        """Whether a token may be sent there."""
        try:
            self.check(url)
        except DestinationRefused:
            return False
        return True

    def _all(self) -> tuple[str, ...]:
        own: tuple[str, ...] = ()
        if self.resource.startswith("https://"):
            own = (urlsplit(self.resource).netloc.lower(),)
        return (*self.hosts, *own, *_HOSTS.get(self.resource, ()))

    def _refused(self, where: str) -> DestinationRefused:
        return DestinationRefused(
            f"A token for {plain(self.resource, limit=120)} was about to go to "
            f"{plain(where, limit=120)}.",
            advice="Check the address. If it is right, name that host in the profile: "
            'hosts = ["…"].',
        )


def resource_name(scopes: tuple[str, ...]) -> str:
    """The resource that scopes belong to, without a slash at its end. Raises `UsageError`."""
    resources = [resource_of(scope) for scope in expand(scopes)]
    named = next((resource for resource in resources if resource is not None), None)
    if named is None:
        raise UsageError(
            "These scopes belong to no resource, so their token can be sent nowhere.",
            advice="Name a scope such as databricks.",
        )
    return named.rstrip("/").removeprefix("api://").lower()


def _is_below(host: str, name: str) -> bool:
    return host == name or (name.startswith(".") and host.endswith(name) and len(host) > len(name))


def _named(host: str) -> str:
    text = host.strip().lower()
    name = urlsplit(text).netloc if "://" in text else text
    name = name.removesuffix(":443") if text.startswith("https:") else name
    if not name or any(c in name for c in "/@ \\?#*") or not name.isprintable():
        raise UsageError(
            "A host that tokens may be sent to is no host.",
            advice="Write it as adb-1.2.azuredatabricks.net, or .example.com for all below.",
        )
    return name


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
