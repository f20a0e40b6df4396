"""Rules about the token endpoint's answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from entra_oauth.audit.case import Case, is_entra
from entra_oauth.audit.legs import Item, Leg
from entra_oauth.audit.rule import rule, rule_of_all
from entra_oauth.audit.values import hidden, same
from entra_oauth.audit.verdict import Verdict, absent, failed, passed, unknown
from entra_oauth.protocol.scopes import not_granted, resource_of
from entra_oauth.protocol.strict_json import read_object
from entra_oauth.recording.findings import Severity

__all__: list[str] = []

E, W, N = Severity.ERROR, Severity.WARNING, Severity.NOTE
BODY = "/response/content"
_OIDC = frozenset(("openid", "profile", "email", "offline_access", "address", "phone"))


def _unseen(item: Item, case: Case) -> Verdict | None:
    """Why an answer that is not there cannot be judged."""
    if item.response is not None:
        return None
    if case.planned:
        return absent("nothing was sent yet")
    return unknown("no answer is in this recording", "/response")


def _success(item: Item, case: Case) -> Verdict | None:
    """The same; and that an error has none of what is looked for."""
    unseen = _unseen(item, case)
    if unseen is None and (item.response is None or item.response.status != 200):
        return absent("the answer is no success")
    return unseen


@rule("TS01", E, "RFC 6749 §5.1", at=Leg.TOKEN)
def success_is_200_and_json(item: Item, case: Case) -> Verdict:
    """Tokens come with status 200 as application/json.

    Why: what comes otherwise was made by something else, such as a proxy.
    Mend: the authority's to mend; a client refuses it.
    Before: 200 text/html
    After: 200 application/json
    """
    if (unseen := _unseen(item, case)) is not None or item.response is None:
        return unseen or absent("")
    status, kind = item.response.status, (item.response.header("content-type") or "").lower()
    if "access_token" in item.members and status != 200:
        return failed(f"Tokens came with status {status}.", "/response/status")
    if status == 200 and kind.partition(";")[0].strip() != "application/json":
        said = case.show("content_type", kind.partition(";")[0]) or "missing"
        return failed(f"The content type is {said}.", "/response/headers/content-type")
    return passed("/response/status") if status == 200 else absent("the answer is no success")


@rule("TS02", E, "RFC 6749 §5.1", at=Leg.TOKEN)
def tokens_are_not_kept_on_the_way(item: Item, case: Case) -> Verdict:
    """An answer with tokens says Cache-Control: no-store.

    Why: caches on the way would keep it. A missing Pragma: no-cache is a note.
    Mend: the authority's to mend.
    Before: Cache-Control: private
    After: Cache-Control: no-store
    """
    if (unseen := _success(item, case)) is not None or item.response is None:
        return unseen or absent("")
    values = [v.lower() for n, v in item.response.headers if n.lower() == "cache-control"]
    where = "/response/headers/cache-control"
    if not any("no-store" in value for value in values):
        return failed("It may be kept.", where)
    if "no-cache" not in (item.response.header("pragma") or "").lower():
        return failed("Pragma: no-cache is missing.", "/response/headers/pragma", severity=N)
    return passed(where)


@rule("TS03", E, "RFC 6749 §5.1", at=Leg.TOKEN)
def token_and_type_are_there(item: Item, case: Case) -> Verdict:
    """access_token and token_type are there, as texts.

    Why: without them there is nothing to use.
    Mend: the authority's to mend; a client refuses it.
    Before: {"access_token": null}
    After: {"access_token": "eyJ…", "token_type": "Bearer"}
    """
    if (unseen := _success(item, case)) is not None:
        return unseen
    if not item.members:
        return unknown("the answer cannot be read as JSON", BODY)
    for name in ("access_token", "token_type"):
        if not item.text(name):
            return failed(f"{name} is missing, or no text.", f"{BODY}/{name}")
    return passed(BODY)


@rule("TS04", E, "RFC 6749 §7.1", at=Leg.TOKEN)
def type_is_known(item: Item, case: Case) -> Verdict:
    """The token's type is Bearer, or another that the client asked for.

    Why: a token of an unknown type must not be used.
    Mend: refuse it.
    Before: "token_type": "mac"
    After: "token_type": "Bearer"
    """
    kind = item.text("token_type")
    if (unseen := _success(item, case)) is not None or kind is None:
        return unseen or absent("there is no token_type; TS03 tells of that")
    if kind.lower() in ("bearer", "dpop", "pop"):
        return passed(f"{BODY}/token_type")
    return failed(f"It is {case.show('token_type', kind)}.", f"{BODY}/token_type")


@rule("TS05", W, "RFC 6749 §5.1; Entra, token lifetimes", at=Leg.TOKEN)
def life_is_told_and_short(item: Item, case: Case) -> Verdict:
    """expires_in is a number above zero, and not more than a day.

    Why: a client that does not know the end uses a dead token; a long life helps whoever stole
        it. More than 90 minutes is a note, and so is more than a day where Entra can revoke the
        token at once (refresh_in). Texts are what Entra's v1.0 endpoint sends.
    Mend: the authority's to mend.
    Before: "expires_in": "never"
    After: "expires_in": 3599
    """
    where = f"{BODY}/expires_in"
    if (unseen := _success(item, case)) is not None:
        return unseen
    value = item.members.get("expires_in")
    if value is None:
        return failed("It is missing.", where)
    if isinstance(value, str) and value.isdigit() and is_v1(item):
        return failed("It is a text, as v1.0 sends it.", where, severity=N)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return failed("It is no number.", where)
    if value <= 0:
        return failed("It is not above zero.", where)
    if value > 86_400:
        text = f"It is {value / 3600:.0f} hours."
        return failed(text, where, severity=N if "refresh_in" in item.members else W)
    if value > 5_400:
        return failed(f"It is {value / 60:.0f} minutes.", where, severity=N)
    return passed(where)


def is_v1(item: Item) -> bool:
    """Whether it is Entra's older endpoint, by its address or its answer."""
    return item.request.path.endswith("/oauth2/token") or "resource" in item.members


@rule("TS06", W, "RFC 6749 §5.1", at=Leg.TOKEN)
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
    if (unseen := _success(item, case)) is not None:
        return unseen
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
    for leg in (Leg.AUTHORIZE, Leg.DEVICE):
        first = flow.first(leg)
        if first is not None and first.get("scope"):
            return first.get("scope") or ""
    earlier = [i.get("scope") for i in flow.tokens() if i is not item and i.get("scope")]
    return earlier[0] or "" if earlier else ""


def _resource(scope: str) -> str:
    return (resource_of(scope) or "").rstrip("/").lower()


def _is_behind(scope: str, asked: tuple[str, ...]) -> bool:
    """Whether the permission is one of those that `.default` stands for."""
    return any(a.endswith("/.default") and _resource(a) == _resource(scope) for a in asked)


@rule("TS07", W, "RFC 6749 §4.4.3; OpenID Connect Core §11", at=Leg.TOKEN)
def no_refresh_token_unasked(item: Item, case: Case) -> Verdict:
    """A refresh token comes only where it was asked for, and never to an app itself.

    Why: it lives for months; who did not ask does not guard it.
    Mend: ask for offline_access, or throw it away.
    Before: scope=…/.default, and a refresh_token in the answer
    After: no refresh_token
    """
    where = f"{BODY}/refresh_token"
    if (unseen := _success(item, case)) is not None:
        return unseen
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


@rule("TS08", W, "RFC 9700 §2.2.2, §4.14.2", at=Leg.TOKEN)
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
    if (unseen := _success(item, case)) is not None:
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


@rule("TS09", E, "RFC 6749 §5.2", at=Leg.TOKEN)
def error_is_only_an_error(item: Item, case: Case) -> Verdict:
    """An error comes with an error's status, says which it is, and holds no token.

    Why: clients look at one or the other; both must say the same.
    Mend: the authority's to mend; in a client, error wins.
    Before: 200 {"error": …, "access_token": …}
    After: 400 {"error": "invalid_grant"}
    """
    if (unseen := _unseen(item, case)) is not None or item.response is None:
        return unseen or absent("")
    status, has_error = item.response.status, "error" in item.members
    if has_error and ("access_token" in item.members or "refresh_token" in item.members):
        return failed("It holds an error and a token.", f"{BODY}/error")
    if has_error and status == 200:
        return failed("It is an error with status 200.", "/response/status")
    if 400 <= status < 500 and status not in (404, 407, 429) and not item.text("error"):
        return failed("It does not say which error it is.", f"{BODY}/error")
    return passed(BODY)


@rule("TS10", W, "RFC 6749 §5.2", at=Leg.TOKEN)
def refusal_of_basic_says_so(item: Item, case: Case) -> Verdict:
    """A 401 to Basic has a WWW-Authenticate header.

    Why: HTTP asks for it.
    Mend: the authority's to mend.
    Before: 401 without it
    After: 401 and WWW-Authenticate: Basic
    """
    scheme = (item.request.header("authorization") or "").partition(" ")[0].lower()
    if scheme != "basic":
        return absent("Basic is not used")
    if (unseen := _unseen(item, case)) is not None or item.response is None:
        return unseen or absent("")
    if item.response.status != 401:
        return absent("the answer is not 401")
    where = "/response/headers/www-authenticate"
    if item.response.header("www-authenticate"):
        return passed(where)
    return failed("It is missing.", where)


@rule("TS11", E, "RFC 8259 §4, §8.1", at=Leg.TOKEN)
def answer_has_one_meaning(item: Item, case: Case) -> Verdict:
    """The answer is one JSON object in UTF-8, each member once.

    Why: of two access_token members one program takes the first, another the last.
    Mend: the authority's to mend; a client refuses it.
    Before: {"access_token": "a", "access_token": "b"}
    After: {"access_token": "a"}
    """
    if (unseen := _unseen(item, case)) is not None or item.response is None:
        return unseen or absent("")
    if item.response.body[:1] not in (b"{", b"["):
        return absent("the answer is no JSON")
    try:
        read_object(item.response.body)
    except ValueError as error:
        return failed(f"As JSON, {error}.", BODY)
    return passed(BODY)


@rule("TS12", W, "RFC 9700 §2.6", at=Leg.TOKEN)
def answer_is_not_for_every_page(item: Item, case: Case) -> Verdict:
    """The answer to a native client is not opened to every page (CORS).

    Why: a page's script could read it.
    Mend: the authority's to mend.
    Before: Access-Control-Allow-Origin: *
    After: no such header
    """
    if (unseen := _unseen(item, case)) is not None or item.response is None:
        return unseen or absent("")
    where, allowed = "/response/headers/access-control-allow-origin", None
    allowed = item.response.header("access-control-allow-origin")
    if allowed is None:
        return passed(where)
    if item.request.header("origin") is not None and allowed != "*":
        return absent("the client is a page's script")
    return failed("Every page may read it." if allowed == "*" else "A page may read it.", where)


@rule("TS13", N, "cookies of Entra's token endpoint", at=Leg.TOKEN)
def no_cookie_comes(item: Item, case: Case) -> Verdict:
    """The token endpoint sets no cookie.

    Why: a client that keeps it sends it with the next request, and can be followed. Entra sets
        some; entra-oauth keeps none.
    Mend: do not keep cookies of the token endpoint.
    Before: Set-Cookie: fpc=…
    After: no such header
    """
    if (unseen := _unseen(item, case)) is not None or item.response is None:
        return unseen or absent("")
    where = "/response/headers/set-cookie"
    if item.response.header("set-cookie") is not None:
        return failed("It sets a cookie.", where)
    return passed(where)


@rule_of_all("TS14", W, "RFC 9700 §4.14")
def each_sign_in_has_its_own_tokens(case: Case) -> Iterator[Verdict]:
    """No two sign-ins get one token.

    Why: what is revoked for one is revoked for the other; it looks as if the authority kept
        tokens for whoever comes.
    Mend: the authority's to mend.
    Before: two sign-ins, one refresh_token
    After: two
    """
    seen: list[tuple[int, str, str]] = []
    for number, flow in enumerate(case.flows):
        for item in flow.tokens():
            for name in ("access_token", "refresh_token"):
                value = item.text(name)
                if not value:
                    continue
                others = [(n, same(value, v)) for n, kind, v in seen if kind == name]
                where = f"{BODY}/{name}"
                verdict = passed(where)
                if any(equal for n, equal in others if n != number):
                    verdict = failed(f"Another sign-in got the same {name}.", where)
                elif any(equal is None for n, equal in others if n != number):
                    verdict = unknown("the tokens of two sign-ins cannot be compared", where)
                elif not any(n != number for n, _ in others):
                    verdict = absent("there is no other sign-in to compare with")
                yield replace(verdict, step=item.number)
                seen.append((number, name, value))
