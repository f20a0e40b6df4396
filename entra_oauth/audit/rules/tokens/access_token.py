"""Rules about the access token, and about the requests that carry it to an API."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from entra_oauth.audit.case import Case, on_this_machine
from entra_oauth.audit.classify import Item, StepKind
from entra_oauth.audit.redacted_values import hidden, jwt, same
from entra_oauth.audit.rules.rule import E, W, rule, rule_of_all
from entra_oauth.audit.verdict import Verdict, absent, failed, passed, unknown
from entra_oauth.errors import DestinationRefused, UsageError
from entra_oauth.protocol.authority import GUID, Authority
from entra_oauth.protocol.messages import host_of
from entra_oauth.protocol.resource.destination import check_audience, check_destination
from entra_oauth.protocol.resource.known_apis import api_named
from entra_oauth.protocol.scopes import resource_of
from entra_oauth.recording.recognise import leads_to

TOKEN = "/response/content/access_token"  # noqa: S105 - a place
_OIDC = frozenset(("openid", "profile", "email", "offline_access", "address", "phone"))


def _unread(item: Item, case: Case) -> Verdict | None:
    """The verdict where there is no token to be read."""
    token = item.text("access_token")
    if token is None:
        return absent("there is no access token")
    if "access_token" in item.jwts:
        return None
    if hidden(token):
        return unknown("the access token was taken out", TOKEN)
    return absent("the access token is opaque, as it may be")


def _scope(item: Item, case: Case) -> tuple[str, ...]:
    """The scopes that were asked for, without the words of OpenID Connect."""
    flow = case.flow(item)
    asked = [item, *(i for i in (flow.authorize, flow.first(StepKind.DEVICE)) if i is not None)]
    text = next((scope for i in asked if (scope := i.get("scope"))), "")
    return tuple(word for word in text.split() if word not in _OIDC)


@rule("AT01", W, "RFC 9700 §2.3", at=StepKind.TOKEN, unless=_unread)
def audience_is_the_resource(item: Item, case: Case) -> Verdict:
    """The token is for the resource that was asked for.

    Why: a token for another API does not work here, and is a danger there.
    Mend: ask with the scope of the API: 2ff814a6-3304-4ab8-85cb-cd0e6f879c1d/.default for
        Azure Databricks.
    Before: asked 2ff814a6-…/.default, "aud": "https://graph.microsoft.com"
    After: "aud": "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d"
    """
    read = item.jwts["access_token"]
    scopes, audience = _scope(item, case), read.text("aud")
    if not scopes or hidden(" ".join(scopes)):
        return unknown("what was asked for is not in this recording", TOKEN)
    if audience is None or hidden(audience):
        return unknown("the token names no audience that can be read", TOKEN)
    resources, name = {_plain_name(resource_of(s) or "") for s in scopes}, _plain_name(audience)
    if {name, f"api://{name}", name.removeprefix("api://")} & resources:
        return passed(TOKEN)
    try:
        check_audience(item.text("access_token") or "", scopes)
    except (DestinationRefused, UsageError):
        return failed("It is for another API.", TOKEN)
    if all(GUID.fullmatch(each) for each in (name, *resources)):
        return failed("It is for another API.", TOKEN)
    if _is_known(audience, scopes):
        return passed(TOKEN)
    return unknown("whether its audience is that resource is not known here", TOKEN)


def _plain_name(resource: str) -> str:
    """A resource without its last slash. An id is one in either case, a URI is a text."""
    name = resource.rstrip("/")
    return name.lower() if GUID.fullmatch(name.removeprefix("api://")) else name


def _is_known(audience: str, scopes: tuple[str, ...]) -> bool:
    resources = {_plain_name(resource_of(s) or "") for s in scopes}
    api = api_named(audience)
    return api is not None and not api.resources.isdisjoint(resources)


@rule("AT02", W, "RFC 6749 §5.1; Entra, access tokens", at=StepKind.TOKEN, unless=_unread)
def both_ends_agree(item: Item, case: Case) -> Verdict:
    """The token's own end and expires_in agree within five minutes.

    Why: a client that believes the longer one uses a dead token. Entra's iat lies five minutes
        before the moment of issue, which is taken into account.
    Mend: go by the shorter one.
    Before: expires_in 3599, exp - iat = 86400
    After: expires_in 3599, exp - iat = 3900
    """
    read = item.jwts["access_token"]
    start, end = read.number("iat"), read.number("exp")
    life = _seconds(item.members.get("expires_in"))
    if start is None or end is None or life is None:
        return absent("one of the times is not there")
    if -300 <= end - start - life <= 660:
        return passed(TOKEN)
    return failed(
        f"From iat to exp it is {end - start:.0f} seconds, and expires_in is {life:.0f}.", TOKEN
    )


def _seconds(value: object) -> float | None:
    """A number, or a text that is one."""
    text = str(value)
    return float(text) if text.replace(".", "", 1).isdecimal() else None


@rule("AT03", W, "RFC 9700 §2.3, RFC 8725 §3.1", at=StepKind.TOKEN, unless=_unread)
def token_says_no_more_than_asked(item: Item, case: Case) -> Verdict:
    """The token holds no permission that was not asked for, and is signed.

    Why: more than is needed is more to lose. What .default stands for is what was agreed to.
    Mend: ask for single permissions, and agree to no others.
    Before: asked User.Read, "scp": "User.Read Mail.Send"
    After: "scp": "User.Read"
    """
    read = item.jwts["access_token"]
    if str(read.header.get("alg", "")).lower() == "none":
        return failed("It is not signed (alg none).", TOKEN)
    scopes = _scope(item, case)
    if not scopes or hidden(" ".join(scopes)):
        return unknown("what was asked for is not in this recording", TOKEN)
    if any(scope.endswith("/.default") for scope in scopes):
        return passed(TOKEN)
    asked = {scope.rpartition("/")[2].lower() for scope in scopes} | _OIDC
    granted = {word.lower() for word in (item.text("scope") or "").split()}
    granted = {word.rpartition("/")[2] for word in granted}
    more = [w for w in (read.text("scp") or "").split() if w.lower() not in asked | granted]
    if more:
        return failed(f"It holds {case.show('scope', ' '.join(more))} as well.", TOKEN)
    return passed(TOKEN)


# ---- the requests that carry it --------------------------------------------------------


def _carried(item: Item) -> str:
    return item.bearer or item.get("access_token") or ""


@rule("RS01", E, "RFC 6750 §2.2, §2.3, RFC 9700 §4.3.2", at=StepKind.RESOURCE)
def token_is_in_the_header(item: Item, case: Case) -> Verdict:
    """The token travels in the Authorization header.

    Why: in an address it is kept in logs and histories. In a form it is advised against: a warning.
    Mend: send Authorization: Bearer.
    Before: GET /api?access_token=eyJ…
    After: Authorization: Bearer eyJ…
    """
    if any(name == "access_token" and value for name, value in item.query):
        return failed("It is in the address.", "/request/query/access_token")
    if item.get("access_token"):
        return failed("It is in the form.", "/request/form/access_token", severity=W)
    return passed("/request/headers/authorization")


@rule("RS02", E, "RFC 6750 §5.3", at=StepKind.RESOURCE)
def token_goes_over_https(item: Item, case: Case) -> Verdict:
    """The token travels over https, or within this machine.

    Why: whoever reads it can use it.
    Mend: use the https address.
    Before: http://adb-1.azuredatabricks.net/api
    After: https://adb-1.azuredatabricks.net/api
    """
    if not case.scheme_known:
        return unknown("a raw request does not say whether it went over TLS", "/request/url")
    if item.url.lower().startswith("https://") or on_this_machine(item.url):
        return passed("/request/url")
    return failed("It goes over plain http.", "/request/url")


@rule("RS03", E, "RFC 9700 §4.9.1; the kind of CVE-2024-53858", at=StepKind.RESOURCE)
def token_goes_to_its_audience(item: Item, case: Case) -> Verdict:
    """The token goes to a host of its own audience.

    Why: another host can use it at the API.
    Mend: check the host before the token is sent, as entra-oauth api does.
    Before: a Databricks token to https://evil.example
    After: a Databricks token to https://adb-….azuredatabricks.net
    """
    where = "/request/url"
    asked, token = case.flow(item).first(StepKind.TOKEN), _carried(item)
    read = jwt(token)
    authority = case.authority(case.flow(item))
    audience = read.text("aud") if read is not None else None
    scopes = _scope(asked, case) if asked is not None else ()
    if audience and not hidden(audience):
        scopes = (f"{audience.rstrip('/')}/.default",)
    if authority is None and read is not None and (issuer := read.text("iss")):
        authority = _of_issuer(issuer)
    if asked is None and on_this_machine(item.url):
        return unknown("where the token came from is not in this recording", where)
    if not scopes or authority is None or hidden(" ".join(scopes)):
        return unknown("for whom the token is is not in this recording", where)
    try:
        check_destination(item.url.partition("?")[0], scopes=scopes, authority=authority)
    except DestinationRefused as error:
        apis = [api_named((resource_of(scope) or "").lower()) for scope in scopes]
        known = any(api is not None and api.hosts for api in apis)
        elsewhere = error.what.partition(": ")[2].rstrip(".")
        practice = on_this_machine(authority.base) or on_this_machine(item.url)
        if known or practice:
            return failed(f"{elsewhere[:1].upper()}{elsewhere[1:]}.", where)
        return unknown("the hosts of that API are not known here", where)
    except UsageError:
        return unknown("for whom the token is cannot be read", where)
    return passed(where)


def _of_issuer(issuer: str) -> Authority | None:
    host = {"sts.windows.net": "login.microsoftonline.com"}.get(host_of(issuer), host_of(issuer))
    tenant = issuer.partition("://")[2].split("/")[1:2]
    try:
        return Authority(f"https://{host}", tenant[0] if tenant else "")
    except UsageError:
        return None


@rule_of_all("RS04", E, "RFC 9700 §4.9; the kind of CVE-2018-1000007")
def token_does_not_follow_redirects(case: Case) -> Iterator[Verdict]:
    """The token is not sent again where a redirect leads to another host.

    Why: whoever can answer with a redirect gets the token.
    Mend: follow no redirects with a token, or drop it when the host changes.
    Before: 302 to https://evil.example, and the same Authorization header there
    After: 302, and no further request
    """
    items = case.items
    for index, item in enumerate(items):
        if item.kind is not StepKind.RESOURCE or item.response is None:
            continue
        target = leads_to(item.url, item.response)
        if not target:
            yield replace(passed("/response/status"), step=item.number)
            continue
        verdict = passed("/response/headers/location")
        for later in items[index + 1 :]:
            goes = later.kind is StepKind.RESOURCE and later.url.partition("?")[0] == target
            if not goes or host_of(later.url) == host_of(item.url):
                continue
            equal = same(_carried(item), _carried(later))
            if equal is None:
                verdict = unknown("the tokens were taken out", "/response/headers/location")
            elif equal:
                text = f"Step {later.number} takes the token along."
                verdict = failed(text, "/response/headers/location")
        yield replace(verdict, step=item.number)


_NOT_FOR_APIS = {"refresh_token": "a refresh token", "id_token": "an ID token"}


@rule("RS05", E, "RFC 6749 §1.5, OpenID Connect Core §2", at=StepKind.RESOURCE)
def only_access_tokens_are_shown(item: Item, case: Case) -> Verdict:
    """An API is shown access tokens, and no refresh or ID token.

    Why: a refresh token at an API is a session given away; an ID token is for the client.
    Mend: send the access token.
    Before: Authorization: Bearer <refresh token>
    After: Authorization: Bearer <access token>
    """
    token, where, unsure = _carried(item), "/request/headers/authorization", False
    for other in case.all(StepKind.TOKEN):
        for name, words in _NOT_FOR_APIS.items():
            for value in (other.text(name), other.get(name)):
                equal = same(token, value) if value else False
                if equal:
                    return failed(f"It is {words}.", where)
                unsure = unsure or equal is None
    return unknown("the tokens were taken out", where) if unsure else passed(where)


@rule("RS06", W, "RFC 6750 §3", at=StepKind.RESOURCE)
def refusal_says_bearer(item: Item, case: Case) -> Verdict:
    """A 401 of an API says WWW-Authenticate: Bearer.

    Why: it tells the client what is wrong with the token.
    Mend: the API's to mend.
    Before: 401 without it
    After: 401 and WWW-Authenticate: Bearer error="invalid_token"
    """
    if item.response is None:
        return absent("nothing was sent yet") if case.planned else unknown("no answer is here")
    if item.response.status != 401:
        return absent("the answer is not 401")
    where = "/response/headers/www-authenticate"
    if (item.response.header("www-authenticate") or "").lower().startswith("bearer"):
        return passed(where)
    return failed("It is missing.", where)
