"""GET `/metadata/endpoints`: where the services of this cloud are. It needs no token."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from entra_oauth.practice.arm.arm_answers import arm_json
from entra_oauth.protocol.messages import HttpResponse, is_loopback

if TYPE_CHECKING:
    from entra_oauth.practice.http.call import Call

__all__ = ["endpoints"]

_ONE_CLOUD_SINCE = "2022-09-01"
_ENDPOINTS: dict[str, tuple[str, ...]] = {
    # name, portal, login, management, its audience, Graph, suffix of storage, of vaults, of SQL
    "AzureCloud": (
        "https://portal.azure.com",
        "https://login.microsoftonline.com",
        "https://management.azure.com",
        "https://management.core.windows.net",
        "https://graph.microsoft.com",
        "core.windows.net",
        "vault.azure.net",
        "database.windows.net",
    ),
    "AzureUSGovernment": (
        "https://portal.azure.us",
        "https://login.microsoftonline.us",
        "https://management.usgovcloudapi.net",
        "https://management.core.usgovcloudapi.net",
        "https://graph.microsoft.us",
        "core.usgovcloudapi.net",
        "vault.usgovcloudapi.net",
        "database.usgovcloudapi.net",
    ),
    "AzureChinaCloud": (
        "https://portal.azure.cn",
        "https://login.chinacloudapi.cn",
        "https://management.chinacloudapi.cn",
        "https://management.core.chinacloudapi.cn",
        "https://microsoftgraph.chinacloudapi.cn",
        "core.chinacloudapi.cn",
        "vault.azure.cn",
        "database.chinacloudapi.cn",
    ),
}


def endpoints(call: Call, version: str) -> HttpResponse:
    """One cloud, or with an older api-version a list of all.

    On this machine's own address it is the public cloud, with this address for all that is
    played here.
    """
    # fidelity: arm-metadata
    if version >= _ONE_CLOUD_SINCE:
        return arm_json(call, _described(_name_of(call), call))
    answer = arm_json(call, {})
    listed = [_described(name, call) for name in _ENDPOINTS]
    return HttpResponse(
        status=answer.status,
        reason=answer.reason,
        headers=answer.headers,
        body=json.dumps(listed).encode("utf-8"),
    )


def _name_of(call: Call) -> str:
    asked = urlsplit(call.base_url).netloc
    return next(
        (
            name
            for name, places in _ENDPOINTS.items()
            if asked in (urlsplit(places[2]).netloc, urlsplit(places[3]).netloc)
        ),
        "AzureCloud",
    )


def _described(name: str, call: Call) -> dict[str, object]:
    portal, login, management, audience, graph, storage, vaults, sql = _ENDPOINTS[name]
    if name == "AzureCloud" and is_loopback(urlsplit(call.base_url).hostname or ""):
        login, management, graph = (call.base_url,) * 3
    return {
        "name": name,
        "portal": portal,
        "authentication": {
            "loginEndpoint": login,
            "audiences": [f"{audience}/", f"{_ENDPOINTS[name][2]}/"],
            "tenant": "common",
            "identityProvider": "AAD",
        },
        "resourceManager": f"{management}/",
        "microsoftGraphResourceId": f"{graph}/",
        "sqlManagement": f"{audience}:8443/",
        "suffixes": {"storage": storage, "keyVaultDns": vaults, "sqlServerHostname": sql},
    }
