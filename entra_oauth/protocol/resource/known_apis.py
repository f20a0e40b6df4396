"""Microsoft's APIs that are known here: their names in scopes and tokens, and some hosts.

Domains of workspaces: those of Databricks' own SDK; of Graph and of Azure's management API:
Microsoft's "National clouds" pages. Ids of the others: as Microsoft's own clients ask for them.
"""

from __future__ import annotations

from entra_oauth.light import TYPE_CHECKING, dataclass, field
from entra_oauth.protocol.authority import CLOUDS, GUID

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["DATABRICKS_API", "KNOWN_APIS", "KnownApi", "api_named", "plain_name"]


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownApi:
    """One of them."""

    name: str
    resources: frozenset[str]
    """Its names in scopes and tokens, in lower case and without a slash at the end."""
    hosts: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
    """By cloud: whole host names, or what a host must end in where there is a dot in front.

    Empty where they are not known: then the address in a scope counts, and nothing else.
    """


DATABRICKS_API = KnownApi(
    name="Azure Databricks",
    resources=frozenset(["2ff814a6-3304-4ab8-85cb-cd0e6f879c1d", "https://azuredatabricks.net"]),
    hosts={cloud.name: (cloud.workspaces,) for cloud in CLOUDS.values() if cloud.workspaces},
)


def _elsewhere(name: str, *resources: str) -> KnownApi:
    return KnownApi(name=name, resources=frozenset(resources))


KNOWN_APIS = (
    DATABRICKS_API,
    KnownApi(
        name="Microsoft Graph",
        resources=frozenset(
            [
                "00000003-0000-0000-c000-000000000000",
                "https://graph.microsoft.com",
                "https://graph.microsoft.us",
                "https://dod-graph.microsoft.us",
                "https://microsoftgraph.chinacloudapi.cn",
            ]
        ),
        hosts={
            "public": ("graph.microsoft.com",),
            "usgov": ("graph.microsoft.us", "dod-graph.microsoft.us"),
            "china": ("microsoftgraph.chinacloudapi.cn",),
        },
    ),
    KnownApi(
        name="Azure's management API",
        resources=frozenset(
            [
                "797f4846-ba00-4fd7-ba43-dac1f8f63013",
                "https://management.azure.com",
                "https://management.core.windows.net",
                "https://management.usgovcloudapi.net",
                "https://management.core.usgovcloudapi.net",
                "https://management.chinacloudapi.cn",
                "https://management.core.chinacloudapi.cn",
            ]
        ),
        hosts={
            "public": ("management.azure.com",),
            "usgov": ("management.usgovcloudapi.net",),
            "china": ("management.chinacloudapi.cn",),
        },
    ),
    _elsewhere(
        "Azure Storage", "e406a681-f3d4-42a8-90b6-c2b029497af1", "https://storage.azure.com"
    ),
    _elsewhere(
        "Azure Key Vault", "cfa8b339-82a2-471a-a3c9-0fc0be7a4093", "https://vault.azure.net"
    ),
    _elsewhere(
        "Azure SQL Database", "022907d3-0f1b-48f7-badc-1ba6abab6d66", "https://database.windows.net"
    ),
    _elsewhere(
        "Azure's open-source databases",
        "123cd850-d9df-40bd-94d5-c9f07b7fa203",
        "https://ossrdbms-aad.database.windows.net",
    ),
    _elsewhere("Azure Kubernetes Service", "6dae42f8-4368-4678-94ff-3960e28e3630"),
    _elsewhere(
        "Azure DevOps", "499b84ac-1321-427f-aa17-267ca6975798", "https://app.vssps.visualstudio.com"
    ),
    _elsewhere("Azure Service Bus", "80a10ef9-8168-493d-abf9-3297c4ef6e3c"),
    _elsewhere("Power BI", "00000009-0000-0000-c000-000000000000"),
    _elsewhere("Azure AD Graph", "00000002-0000-0000-c000-000000000000"),
)


def plain_name(resource: str) -> str:
    """A resource without its last slash. An id is one in either case, a URI is a text."""
    name = resource.rstrip("/")
    return name.lower() if GUID.fullmatch(name) else name


def api_named(resource: str) -> KnownApi | None:
    """The API that a scope or a token means by that; None for one that is not known here."""
    name = plain_name(resource)
    return next((each for each in KNOWN_APIS if name in each.resources), None)
