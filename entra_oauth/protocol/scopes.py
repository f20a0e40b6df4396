"""Scopes: the resources and permissions that a token is asked for.

Entra gives a token for one resource at a time. A resource's statically
configured permissions are named `<resource>/.default`; three more words come
from OpenID Connect ("Scopes and permissions in the Microsoft identity platform").
"""

from __future__ import annotations

import re

from entra_oauth.errors import UsageError
from entra_oauth.light import TYPE_CHECKING, pattern
from entra_oauth.protocol.authority import GUID, folded

if TYPE_CHECKING:
    from entra_oauth.protocol.authority import Authority

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "ALIASES",
    "DATABRICKS",
    "IDENTITY",
    "OPENID",
    "check_scopes",
    "expand",
    "near",
    "not_granted",
    "resource_of",
]

DATABRICKS = "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d/.default"
"""The article's scope: everything the app may do in Azure Databricks."""

OPENID = ("openid", "profile", "offline_access")
IDENTITY = ("openid", "profile")
"""For an ID token alone: nothing that could be renewed."""
"""Scopes for an ID token, the person's name, and a refresh token."""

ALIASES = {
    "databricks": DATABRICKS,
    "graph": "https://graph.microsoft.com/.default",
    "arm": "https://management.azure.com/.default",
}
"""Short names, as they are spelled out in the public cloud."""

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
_BARE_ADDRESS = pattern(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*/?")
_SCOPE_TOKEN = pattern(r"[\x21\x23-\x5b\x5d-\x7e]+")


def expand(scopes: tuple[str, ...], *, cloud: str = "public") -> tuple[str, ...]:
    """Short names spelled out as they are in `cloud`, each scope once, in the order given.

    Raises `UsageError` for what cannot be a scope (RFC 6749 §3.3), for none at
    all, for a short name that stands for nothing known in that cloud, and for scopes of
    two resources, which Entra answers with AADSTS28000.
    """
    named = tuple(dict.fromkeys(_spelled_out(word, cloud) for word in _words(scopes)))
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


def check_scopes(authority: Authority, scopes: tuple[str, ...]) -> None:
    """Raise `UsageError` for a scope that cannot succeed at this authority.

    The short names are this tool's own, so a slip in one counts on a practice tenant as well.
    Other servers may give a bare name, GUID or address a meaning.
    """
    if authority.is_entra or authority.is_on_this_machine:
        _refuse_misspelt(scopes)
    if authority.is_entra:
        _refuse_incomplete(scopes)


def _refuse_misspelt(scopes: tuple[str, ...]) -> None:
    """Raise `UsageError` for several scopes joined by commas, or a short name with a slip in it.

    A bare word without a dot stands for no permission of Microsoft Graph: each of those has one.
    """
    for word in _words(scopes):
        if _is_joined_by_commas(word):
            raise UsageError(
                "Several scopes are joined by commas, which makes one scope that nothing has.",
                advice="Give --scope once for each, or put blanks between them.",
            )
        if near := _near(word):
            raise UsageError(
                "A scope is a short name that is not known.",
                advice=f"Did you mean {near}? The short names are {', '.join(ALIASES)}.",
            )


def _refuse_incomplete(scopes: tuple[str, ...]) -> None:
    """Raise `UsageError` for a resource without a permission: a bare GUID, or a bare address.

    Entra would take it for a permission of Microsoft Graph, or for one that has no name.
    """
    for word in _words(scopes):
        if GUID.fullmatch(folded(word.rstrip("/"))):
            raise UsageError(
                "A scope is a bare GUID: it names an API and nothing that it permits.",
                advice="Put /.default after it, or the name of a permission: GUID/.default.",
            )
        if _BARE_ADDRESS.fullmatch(word):
            raise UsageError(
                "A scope is an address without a path: it names an API and nothing that it "
                "permits.",
                advice="Put /.default after it, or the name of a permission: "
                "https://host/.default.",
            )


def _words(scopes: tuple[str, ...]) -> list[str]:
    return [word for scope in scopes for word in scope.split(" ") if word]


def _is_joined_by_commas(word: str) -> bool:
    # A comma may stand in the path of an address; what follows it is then no scope by itself.
    if "," not in word:
        return False
    return "/" not in word or any(map(_begins_a_scope, word.split(",")[1:]))


def _begins_a_scope(text: str) -> bool:
    head = text.partition("/")[0]
    return text in ALIASES or text in _OIDC or "://" in text or bool(GUID.fullmatch(head))


def _near(word: str) -> str:
    """The known word that a bare one is nearest to; empty if it is known, or near none."""
    if re.search(r"[./:]", word) or word in ALIASES or word.lower() in _OIDC:
        return ""
    return near(word.lower(), (*ALIASES, *sorted(_OIDC)))


def near(word: str, known: Iterable[str]) -> str:
    """The known word that is spelled most like this one; empty if none is near."""
    import difflib  # seldom needed, and slow to load

    return next(iter(difflib.get_close_matches(word, list(known), n=1, cutoff=0.75)), "")


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
