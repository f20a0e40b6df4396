"""Rules about `resource` beside a scope (RFC 8707), which Entra compares since 2026."""

from __future__ import annotations

import re

from entra_oauth.audit.case import Case
from entra_oauth.audit.classify import Item, StepKind
from entra_oauth.audit.redacted_values import hidden
from entra_oauth.audit.rules.rule import W, elsewhere, form_gone, rule
from entra_oauth.audit.verdict import Verdict, absent, failed, passed, unknown
from entra_oauth.protocol.scopes import resource_of

_SOURCE = "RFC 8707 §2; Entra (AADSTS9010010)"
_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_GRAPH = ("https://graph.microsoft.com", "https://graph.microsoft.com/")


@rule("AR28", W, _SOURCE, at=StepKind.AUTHORIZE, unless=elsewhere)
def asks_for_the_resource_of_its_scopes(item: Item, case: Case) -> Verdict:
    """A resource beside a scope is the App ID URI with which each scope begins.

    Why: since early 2026 Entra compares the two letter by letter, and answers AADSTS9010010 before
        anybody signs in; a slash at the end is enough. Only Graph has both forms.
    Mend: leave resource out: the scope says which API is meant. Where a program must send it,
        register its address as App ID URI, and ask for scopes that begin with it.
    Before: resource=https://mcp.example/mcp and scope=api://5eb0…/mcp.read
    After: scope=api://5eb0…/mcp.read
    """
    return _compared(item, item.at("resource"))


@rule("TR27", W, _SOURCE, at=StepKind.TOKEN, unless=form_gone)
def redeems_for_the_resource_of_its_scopes(item: Item, case: Case) -> Verdict:
    """A resource in a token request is the App ID URI with which each of its scopes begins.

    Why: Entra compares them here too, and at each refresh: a sign-in that worked ends after an
        hour with AADSTS9010010.
    Mend: leave resource out, or send the App ID URI of the API, letter by letter.
    Before: grant_type=refresh_token&resource=https://mcp.example/mcp
    After: grant_type=refresh_token
    """
    return _compared(item, item.at("resource"))


def _compared(item: Item, where: str) -> Verdict:
    target, scope = item.get("resource"), item.get("scope") or ""
    if "/oauth2/v2.0/" not in item.request.path:
        return absent("it is not an endpoint of Entra's v2.0")
    if not target:
        return absent("no resource is sent")
    if hidden(target) or hidden(scope):
        return unknown("resource or scope was taken out", where)
    owners = {owner for word in scope.split() if (owner := resource_of(word)) is not None}
    if not owners:
        return unknown("the scope names no API, so what was agreed before counts", where)
    if any(_GUID.fullmatch(owner) for owner in owners):
        return unknown("the scope names the API by its id, not by an App ID URI", where)
    if any(owner != target and not (owner in _GRAPH and target in _GRAPH) for owner in owners):
        return failed("It is not what the scopes begin with.", where)
    return passed(where)
