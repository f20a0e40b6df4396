"""Rules about what was granted: scope, refresh token, and for whom."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from entra_oauth.audit.case import Case, is_entra
from entra_oauth.audit.classify import Item, StepKind
from entra_oauth.audit.redacted_values import ComparedValues, hidden, same
from entra_oauth.audit.rules.back_channel.token_response import BODY, no_members
from entra_oauth.audit.rules.rule import E, N, W, rule, rule_of_all
from entra_oauth.audit.verdict import Verdict, absent, failed, passed, unknown
from entra_oauth.protocol.scopes import not_granted, resource_of

_OIDC = frozenset(("openid", "profile", "email", "offline_access", "address", "phone"))


@rule("TS06", W, "RFC 6749 §5.1", at=StepKind.TOKEN, unless=no_members)
def scope_is_as_asked(item: Item, case: Case) -> Verdict:
    """What is granted is what was asked for.

    Why: less than was asked fails later, at the API; more than was asked is more to lose. Entra
        names the permissions behind .default, and adds those that were agreed to before: that is
        a note.
    Mend: compare scope in the answer with what you need.
    Before: asked User.Read, granted User.Read Mail.Send
    After: asked User.Read, granted User.Read
    """
    where = f"{BODY}/scope"
    asked_text = item.get("scope") or _asked(item, case)
    granted = item.text("scope")
    if granted is None:
        return absent("no scope is named, so it is as asked")
    if not asked_text:
        return unknown("what was asked for is not in this recording", where)
    if hidden(granted) or hidden(asked_text):
        return unknown("a scope was taken out", where)
    asked = tuple(asked_text.split())
    if missing := not_granted(asked, granted):
        return failed(f"Not granted: {case.show('scope', ' '.join(missing))}.", where)
    wide = [s for s in granted.split() if s not in asked and s not in _OIDC]
    wide = [s for s in wide if not _is_behind(s, asked)]
    if not wide:
        return passed(where)
    resources = {_resource(s) for s in asked}
    if is_entra(item) and all(_resource(s) in resources for s in wide):
        text = f"Also granted, from before: {case.show('scope', ' '.join(wide))}."
        return failed(text, where, severity=N)
    text = f"More than was asked: {case.show('scope', ' '.join(wide))}."
    return failed(text, where, severity=E)


def _asked(item: Item, case: Case) -> str:
    flow = case.flow(item)
    for kind in (StepKind.AUTHORIZE, StepKind.DEVICE):
        first = flow.first(kind)
        if first is not None and (scope := first.get("scope")):
            return scope
    others = (i.get("scope") for i in flow.tokens() if i is not item)
    return next((scope for scope in others if scope), "")


def _resource(scope: str) -> str:
    return (resource_of(scope) or "").rstrip("/").lower()


def _is_behind(scope: str, asked: tuple[str, ...]) -> bool:
    """True if the permission is one of those that `.default` stands for."""
    return any(a.endswith("/.default") and _resource(a) == _resource(scope) for a in asked)


@rule("TS07", W, "RFC 6749 §4.4.3; OpenID Connect Core §11", at=StepKind.TOKEN, unless=no_members)
def no_refresh_token_unasked(item: Item, case: Case) -> Verdict:
    """A refresh token comes only where it was asked for, and never to an app itself.

    Why: it lives for months; who did not ask does not guard it.
    Mend: ask for offline_access, or throw it away.
    Before: scope=…/.default, and a refresh_token in the answer
    After: no refresh_token
    """
    where = f"{BODY}/refresh_token"
    if "refresh_token" not in item.members:
        return passed(where)
    if item.get("grant_type") == "client_credentials":
        return failed("An app got a refresh token for itself.", where)
    if item.get("grant_type") == "refresh_token":
        return passed(where)
    asked = f"{item.get('scope') or ''} {_asked(item, case)}".split()
    if "offline_access" in asked:
        return passed(where)
    if not asked or (not item.get("scope") and case.code_flow(item)):
        return unknown("what was asked for is not in this recording", where)
    return failed("A refresh token came without offline_access.", where)


@rule("TS08", W, "RFC 9700 §2.2.2, §4.14.2", at=StepKind.TOKEN)
def refresh_token_is_renewed(item: Item, case: Case) -> Verdict:
    """A public client's refresh token is replaced when it is used.

    Why: then a stolen one is noticed. Entra sends a new one and lets the old one live, by design,
        so at Entra this is a note.
    Mend: keep the new one, and throw the old one away.
    Before: refresh, and no refresh_token in the answer
    After: refresh, and another refresh_token
    """
    where = f"{BODY}/refresh_token"
    if item.get("grant_type") != "refresh_token":
        return absent("it is no refresh")
    if (unseen := no_members(item, case)) is not None:
        return unseen
    if item.get("client_secret") or item.get("client_assertion"):
        return absent("it is no public client")
    new, level = item.text("refresh_token"), N if is_entra(item) else W
    if new is None:
        return failed("No new one came.", where, severity=level)
    equal = same(new, item.get("refresh_token") or "")
    if equal is None:
        return unknown("the refresh tokens were taken out", where)
    return failed("The same came again.", where, severity=level) if equal else passed(where)


@rule_of_all("TS14", W, "RFC 9700 §4.14")
def each_sign_in_has_its_own_tokens(case: Case) -> Iterator[Verdict]:
    """No two sign-ins get one token.

    Why: what is revoked for one is revoked for the other; it looks as if the authority kept
        tokens for whoever comes.
    Mend: the authority's to mend.
    Before: two sign-ins, one refresh_token
    After: two
    """
    # Of the sign-ins before this one.
    others = {name: ComparedValues() for name in ("access_token", "refresh_token")}
    for number, flow in enumerate(case.flows):
        own: list[tuple[str, str]] = []
        for item in flow.tokens():
            for name, before in others.items():
                value = item.text(name)
                if not value:
                    continue
                where = f"{BODY}/{name}"
                verdict = passed(where)
                if before.places(value):
                    verdict = failed(f"Another sign-in got the same {name}.", where)
                elif before.beyond_comparing(value):
                    verdict = unknown("the tokens of two sign-ins cannot be compared", where)
                elif not before.count:
                    verdict = absent("there is no other sign-in to compare with")
                yield replace(verdict, step=item.number)
                own.append((name, value))
        for name, value in own:
            others[name].add(value, number)
