"""Scopes: the resources and permissions that a token is asked for.

Entra gives a token for one resource at a time. A resource's statically
configured permissions are named `<resource>/.default`; three more words come
from OpenID Connect ("Scopes and permissions in the Microsoft identity platform").
"""

from __future__ import annotations

import re

from entra_oauth.errors import UsageError

__all__ = [
    "ALIASES",
    "AUDIENCE_NAMES",
    "DATABRICKS",
    "OPENID",
    "expand",
    "not_granted",
    "resource_of",
]

DATABRICKS = "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d/.default"
"""The article's scope: everything the app may do in Azure Databricks."""

OPENID = ("openid", "profile", "offline_access")
"""Scopes for an ID token, the person's name, and a refresh token."""

ALIASES = {
    "databricks": DATABRICKS,
    "graph": "https://graph.microsoft.com/.default",
    "arm": "https://management.azure.com/.default",
}
"""Short names, as they are spelled out in the public cloud."""

AUDIENCE_NAMES = {
    "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d": "Azure Databricks",
    "00000003-0000-0000-c000-000000000000": "Microsoft Graph",
    "https://graph.microsoft.com": "Microsoft Graph",
    "https://management.azure.com": "Azure Resource Manager",
}
"""Names of the audiences that people meet, as a token spells them."""

_OF_A_CLOUD = ("graph", "arm")
_ELSEWHERE = {
    "usgov": {
        "graph": "https://graph.microsoft.us/.default",
        "arm": "https://management.usgovcloudapi.net/.default",
    },
    "china": {
        "graph": "https://microsoftgraph.chinacloudapi.cn/.default",
        "arm": "https://management.chinacloudapi.cn/.default",
    },
}
"""Other names in those clouds (Microsoft's "National clouds" pages). Databricks has none."""

_OIDC = frozenset([*OPENID, "email", "address", "phone"])
_SCOPE_TOKEN = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")


def expand(scopes: tuple[str, ...], *, cloud: str = "public") -> tuple[str, ...]:
    """Short names spelled out as they are in `cloud`, each scope once, in the order given.

    Raises `UsageError` for what cannot be a scope (RFC 6749 §3.3), for none at
    all, for a short name that stands for nothing known in that cloud, and for scopes of
    two resources, which Entra answers with AADSTS28000.
    """
    words = [word for scope in scopes for word in scope.split(" ") if word]
    named = tuple(dict.fromkeys(_spelled_out(word, cloud) for word in words))
    if not named:
        raise UsageError("No scope was given.", advice="Name one with --scope, e.g. databricks.")
    for scope in named:
        if not _SCOPE_TOKEN.fullmatch(scope):
            raise UsageError(
                "A scope holds a character that no scope may have (RFC 6749 §3.3).",
                advice="Write scopes in plain ASCII, without quotes or backslashes.",
            )
    resources = {resource_of(scope) for scope in named} - {None}
    if len(resources) > 1:
        raise UsageError(
            f"The scopes belong to {len(resources)} resources; a token is good for one.",
            advice="Ask once for each resource.",
        )
    return named


def _spelled_out(word: str, cloud: str) -> str:
    if cloud == "public" or word not in _OF_A_CLOUD:
        return ALIASES.get(word, word)
    if cloud not in _ELSEWHERE:
        raise UsageError(
            f"What {word} is called in the cloud {cloud} is not known here.",
            advice="Write the scope out: https://host/.default.",
        )
    return _ELSEWHERE[cloud][word]


def resource_of(scope: str) -> str | None:
    """The resource a scope belongs to; None for the words of OpenID Connect.

    A bare name such as `User.Read` belongs to Microsoft Graph.
    """
    if scope in _OIDC:
        return None
    head, slash, _ = scope.rpartition("/")
    return head if slash else "https://graph.microsoft.com"


def not_granted(asked: tuple[str, ...], granted: str) -> tuple[str, ...]:
    """The scopes asked for that are not in the `scope` of an answer (RFC 6749 §5.1).

    Entra names the permissions behind `.default`, so for that any permission of the
    same resource will do. The words of OpenID Connect are left out of the comparison:
    Entra never names `offline_access`.
    """
    found = {_comparable(scope) for scope in granted.split()}
    resources = {resource for resource, _ in found}
    return tuple(
        scope
        for scope in asked
        if resource_of(scope) is not None
        and _comparable(scope) not in found
        and not (scope.endswith("/.default") and _comparable(scope)[0] in resources)
    )


def _comparable(scope: str) -> tuple[str, str]:
    return (resource_of(scope) or "").rstrip("/").lower(), scope.rpartition("/")[2].lower()
