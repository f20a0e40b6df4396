"""Rules about the token endpoint's answer."""

from __future__ import annotations

from entra_oauth.audit.case import Case, ClientKind
from entra_oauth.audit.classify import Item, StepKind
from entra_oauth.audit.rules.rule import E, N, W, rule
from entra_oauth.audit.verdict import Verdict, absent, failed, passed, unknown
from entra_oauth.errors import plain
from entra_oauth.protocol.jwt import read_object

BODY = "/response/content"
GONE = "the body was taken out, or is not in this recording"


def unseen(item: Item, case: Case) -> Verdict | None:
    """The verdict where there is no answer to be judged."""
    if item.response is not None:
        return None
    if case.planned:
        return absent("nothing was sent yet")
    return unknown("no answer is in this recording", "/response")


def no_success(item: Item, case: Case) -> Verdict | None:
    """The same; and that an error has none of what is looked for."""
    if item.response is not None and item.answer.status != 200:
        return absent("the answer is no success")
    return unseen(item, case)


def no_members(item: Item, case: Case) -> Verdict | None:
    """The same; and that the body was taken out, or is no JSON."""
    barred = no_success(item, case)
    if barred is None and not item.members:
        return unknown("the answer cannot be read as JSON", BODY)
    return barred


@rule("TS01", E, "RFC 6749 §5.1", at=StepKind.TOKEN, unless=unseen)
def success_is_200_and_json(item: Item, case: Case) -> Verdict:
    """Tokens come with status 200 as application/json.

    Why: what comes otherwise was made by something else, such as a proxy.
    Mend: the authority's to mend; a client refuses it.
    Before: 200 text/html
    After: 200 application/json
    """
    status, kind = item.answer.status, (item.answer.header("content-type") or "").lower()
    if "access_token" in item.members and status != 200:
        return failed(f"Tokens came with status {status}.", "/response/status")
    if status == 200 and kind.partition(";")[0].strip() != "application/json":
        said = plain(kind.partition(";")[0], limit=40) or "missing"
        return failed(f"The content type is {said}.", "/response/headers/content-type")
    return passed("/response/status") if status == 200 else absent("the answer is no success")


@rule("TS02", E, "RFC 6749 §5.1", at=StepKind.TOKEN, unless=no_success)
def tokens_are_not_kept_on_the_way(item: Item, case: Case) -> Verdict:
    """An answer with tokens says Cache-Control: no-store.

    Why: caches on the way would keep it. A missing Pragma: no-cache is a note.
    Mend: the authority's to mend.
    Before: Cache-Control: private
    After: Cache-Control: no-store
    """
    values = [v.lower() for n, v in item.answer.headers if n.lower() == "cache-control"]
    where = "/response/headers/cache-control"
    if not any("no-store" in value for value in values):
        return failed("It may be kept.", where)
    if "no-cache" not in (item.answer.header("pragma") or "").lower():
        return failed("Pragma: no-cache is missing.", "/response/headers/pragma", severity=N)
    return passed(where)


@rule("TS03", E, "RFC 6749 §5.1", at=StepKind.TOKEN, unless=no_members)
def token_and_type_are_there(item: Item, case: Case) -> Verdict:
    """access_token and token_type are there, as texts.

    Why: without them there is nothing to use.
    Mend: the authority's to mend; a client refuses it.
    Before: {"access_token": null}
    After: {"access_token": "eyJ…", "token_type": "Bearer"}
    """
    for name in ("access_token", "token_type"):
        if not item.text(name):
            return failed(f"{name} is missing, or no text.", f"{BODY}/{name}")
    return passed(BODY)


@rule("TS04", E, "RFC 6749 §7.1", at=StepKind.TOKEN, unless=no_success)
def type_is_known(item: Item, case: Case) -> Verdict:
    """The token's type is Bearer, or another that the client asked for.

    Why: a token of an unknown type must not be used.
    Mend: refuse it.
    Before: "token_type": "mac"
    After: "token_type": "Bearer"
    """
    kind = item.text("token_type")
    if kind is None:
        return absent("there is no token_type; TS03 tells of that")
    if kind.lower() in ("bearer", "dpop", "pop"):
        return passed(f"{BODY}/token_type")
    return failed(f"It is {case.show('token_type', kind)}.", f"{BODY}/token_type")


@rule("TS05", W, "RFC 6749 §5.1; Entra, token lifetimes", at=StepKind.TOKEN, unless=no_members)
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
    """True for Entra's older endpoint, by its address or its answer."""
    return item.request.path.endswith("/oauth2/token") or "resource" in item.members


@rule("TS09", E, "RFC 6749 §5.2", at=StepKind.TOKEN, unless=unseen)
def error_is_only_an_error(item: Item, case: Case) -> Verdict:
    """An error comes with an error's status, says which it is, and holds no token.

    Why: clients look at one or the other; both must say the same.
    Mend: the authority's to mend; in a client, error wins.
    Before: 200 {"error": …, "access_token": …}
    After: 400 {"error": "invalid_grant"}
    """
    status, has_error = item.answer.status, "error" in item.members
    if has_error and ("access_token" in item.members or "refresh_token" in item.members):
        return failed("It holds an error and a token.", f"{BODY}/error")
    if has_error and status == 200:
        return failed("It is an error with status 200.", "/response/status")
    if item.answer_gone:
        return unknown(GONE, BODY)
    if 400 <= status < 500 and status not in (404, 407, 429) and not item.text("error"):
        return failed("It does not say which error it is.", f"{BODY}/error")
    return passed(BODY)


@rule("TS10", W, "RFC 6749 §5.2", at=StepKind.TOKEN)
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
    if item.answer.status != 401:
        return unseen(item, case) or absent("the answer is not 401")
    where = "/response/headers/www-authenticate"
    if item.answer.header("www-authenticate"):
        return passed(where)
    return failed("It is missing.", where)


@rule("TS11", E, "RFC 6749 §3.2, RFC 8259 §4, §8.1", at=StepKind.TOKEN, unless=unseen)
def answer_has_one_meaning(item: Item, case: Case) -> Verdict:
    """The answer is one JSON object in UTF-8, each member once.

    Why: of two access_token members one program takes the first, another the last.
    Mend: the authority's to mend; a client refuses it.
    Before: {"access_token": "a", "access_token": "b"}
    After: {"access_token": "a"}
    """
    if item.answer.body[:1] not in (b"{", b"["):
        return absent("the answer is no JSON")
    if item.answer_gone:
        return unknown(GONE, BODY)
    try:
        read_object(item.answer.body)
    except ValueError as error:
        return failed(f"As JSON, {error}.", BODY)
    return passed(BODY)


@rule("TS12", N, "RFC 9700 §2.6", at=StepKind.TOKEN, unless=unseen)
def answer_is_not_for_every_page(item: Item, case: Case) -> Verdict:
    """The answer to a native client is not opened to every page (CORS).

    Why: a page's script could read it. The standard lets a token endpoint allow that; a native
        client has no use for it.
    Mend: the authority's to mend.
    Before: Access-Control-Allow-Origin: *
    After: no such header
    """
    where, allowed = "/response/headers/access-control-allow-origin", None
    allowed = item.answer.header("access-control-allow-origin")
    if allowed is None:
        return passed(where)
    if case.client(item) is ClientKind.SINGLE_PAGE:
        return absent("the client is a page's script, which could not read it else")
    if item.request.header("origin") is not None and allowed != "*":
        return absent("the client is a page's script")
    return failed("Every page may read it." if allowed == "*" else "A page may read it.", where)


@rule("TS13", N, "cookies of Entra's token endpoint", at=StepKind.TOKEN, unless=unseen)
def no_cookie_comes(item: Item, case: Case) -> Verdict:
    """The token endpoint sets no cookie.

    Why: a client that keeps it sends it with the next request, and can be followed. Entra sets
        some; entra-oauth keeps none.
    Mend: do not keep cookies of the token endpoint.
    Before: Set-Cookie: fpc=…
    After: no such header
    """
    where = "/response/headers/set-cookie"
    if item.answer.header("set-cookie"):
        return failed("It sets a cookie.", where)
    return passed(where)
