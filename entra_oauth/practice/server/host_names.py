"""The real hosts that a practice tenant may stand in for, behind a proxy."""

from __future__ import annotations

__all__ = [
    "CERTIFIED",
    "CONSTRAINED",
    "GRAPH_HOSTS",
    "LOGIN_HOSTS",
    "MANAGEMENT_HOSTS",
    "METADATA_HOST",
    "USUAL_WORKSPACE",
    "is_issuer",
    "is_workspace",
    "stands_in_for",
]

LOGIN_HOSTS = (
    "login.microsoftonline.com",
    "login.microsoftonline.us",
    "login.chinacloudapi.cn",
    "login.partner.microsoftonline.cn",
    "login.windows.net",
    "login.microsoft.com",
    "sts.windows.net",
)
"""The real hosts that a proxy may lead to a practice tenant."""

GRAPH_HOSTS = ("graph.microsoft.com", "graph.microsoft.us", "microsoftgraph.chinacloudapi.cn")
"""The hosts of Microsoft Graph, which have Entra's userinfo endpoint too."""

MANAGEMENT_HOSTS = (
    "management.azure.com",
    "management.core.windows.net",
    "management.usgovcloudapi.net",
    "management.core.usgovcloudapi.net",
    "management.chinacloudapi.cn",
    "management.core.chinacloudapi.cn",
)
"""The hosts of Azure Resource Manager."""

_API_HOSTS = (*GRAPH_HOSTS, *MANAGEMENT_HOSTS)
USUAL_WORKSPACE = "adb-1234567890123456.7.azuredatabricks.net"
"""The workspace that Azure's management tells of. Any other name of one is played as well."""

_WORKSPACES = ("azuredatabricks.net", "databricks.azure.us", "databricks.azure.cn")
# A workspace is called adb-<id>.<number>.azuredatabricks.net, with numbers below twenty;
# an asterisk in a certificate stands for one label only.
_WORKSPACE_NAMES = tuple(
    f"*.{label}{domain}" for domain in _WORKSPACES for label in ("", *(f"{n}." for n in range(20)))
)

_ISSUERS = ("token.actions.githubusercontent.com", "vstoken.dev.azure.com")
_CLUSTERS = "oic.prod-aks.azure.com"

METADATA_HOST = "169.254.169.254"
"""The address of Azure's metadata service, which every virtual machine has. Plain http."""

CERTIFIED = (
    *("localhost", *LOGIN_HOSTS, *_API_HOSTS, *_WORKSPACE_NAMES),
    *(*_ISSUERS, f"*.{_CLUSTERS}"),
)
"""The names that a practice certificate vouches for, besides this machine's addresses."""

CONSTRAINED = ("localhost", *LOGIN_HOSTS, *_API_HOSTS, *_WORKSPACES, *_ISSUERS, _CLUSTERS)
"""The names that its authority can ever vouch for."""


def stands_in_for(host: str) -> bool:
    """True if that host name may reach a practice tenant."""
    host = host.lower()
    return host in LOGIN_HOSTS or host in _API_HOSTS or is_workspace(host) or is_issuer(host)


def is_issuer(host: str) -> bool:
    """True if that host publishes the keys of a build server or of a cluster."""
    return host.lower() in _ISSUERS or host.lower().endswith(f".{_CLUSTERS}")


def is_workspace(host: str) -> bool:
    """True if that is the name of a Databricks workspace."""
    return host.lower().endswith(tuple(f".{domain}" for domain in _WORKSPACES))
