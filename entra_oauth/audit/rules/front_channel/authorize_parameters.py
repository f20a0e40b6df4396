"""Rules about the authorize request: what it asks for, and its protections."""

from __future__ import annotations

from entra_oauth.audit.case import Case, ClientKind, is_entra, on_this_machine
from entra_oauth.audit.classify import Item, StepKind
from entra_oauth.audit.redacted_values import hidden
from entra_oauth.audit.rules.rule import E, N, W, elsewhere, rule
from entra_oauth.audit.verdict import Verdict, absent, failed, passed, unknown
from entra_oauth.protocol.scopes import resource_of


@rule("AR01", E, "RFC 6749 §3.1, RFC 9700 §2.6", at=StepKind.AUTHORIZE)
def goes_over_https(item: Item, case: Case) -> Verdict:
    """The authorize request goes over https.

    Why: a person types a password there, and a code comes back; on plain http anybody on the
        way reads both.
    Mend: use the https address of the authority.
    Before: http://login.microsoftonline.com/TENANT/oauth2/v2.0/authorize?…
    After: https://login.microsoftonline.com/TENANT/oauth2/v2.0/authorize?…
    """
    if item.url.lower().startswith("https://"):
        return passed("/request/url")
    if on_this_machine(item.url):
        return failed("It is http, to this machine: for practice only.", "/request/url", severity=N)
    return failed("It is not https.", "/request/url")


@rule(
    "AR02",
    E,
    "RFC 6749 §4.1.1, RFC 9700 §2.1.2, RFC 10017 §7.2",
    at=StepKind.AUTHORIZE,
    unless=elsewhere,
)
def asks_for_a_code(item: Item, case: Case) -> Verdict:
    """The authorize request asks for a code, and for no token in the address.

    Why: a token in an address ends up in histories, logs and Referer headers, and nothing ties
        it to who asked. It is advised against, which is a warning; to a single-page app it is
        forbidden.
    Mend: use response_type=code.
    Before: response_type=code token
    After: response_type=code
    """
    kinds = (item.get("response_type") or "").split()
    if not kinds:
        return failed("There is no response_type.", "/request/query/response_type")
    if "token" in kinds:
        is_forbidden = case.client(item) is ClientKind.SINGLE_PAGE
        text, where = "It asks for an access token in the address.", "/request/query/response_type"
        return failed(text, where, severity=E if is_forbidden else W)
    return passed("/request/query/response_type")


@rule("AR03", N, "OpenID Connect Core §3.3", at=StepKind.AUTHORIZE, unless=elsewhere)
def no_id_token_in_front(item: Item, case: Case) -> Verdict:
    """A native app asks for no ID token in the front channel.

    Why: an ID token tells of a person; with a code it comes over the app's own connection. The
        standards allow it all the same.
    Mend: leave id_token out of response_type, and keep openid in the scope.
    Before: response_type=code id_token
    After: response_type=code&scope=openid …
    """
    if case.client(item) is not ClientKind.NATIVE:
        return absent("nothing says that it is a native app")
    kinds = (item.get("response_type") or "").split()
    if "id_token" in kinds:
        return failed("It asks for an ID token as well.", "/request/query/response_type")
    return passed("/request/query/response_type")


@rule("AR20", E, "RFC 6749 §2.3.1, RFC 6750 §5.3", at=StepKind.AUTHORIZE)
def no_secret_in_the_address(item: Item, case: Case) -> Verdict:
    """No secret is in the authorize address.

    Why: addresses are kept by browsers, proxies and servers.
    Mend: send secrets in the body of the token request only.
    Before: …&client_secret=…
    After: … (without it)
    """
    named = (
        *("client_secret", "password", "assertion", "client_assertion", "token"),
        *("access_token", "refresh_token", "code_verifier"),
    )
    for name in named:
        if any(key == name and value for key, value in item.query):
            return failed(f"{name} is in the address.", f"/request/query/{name}")
    return passed("/request/url")


@rule("AR21", E, "RFC 6749 §3.1", at=StepKind.AUTHORIZE)
def each_parameter_once(item: Item, case: Case) -> Verdict:
    """Each parameter stands once.

    Why: of two values one program takes the first, another the last.
    Mend: build the address from names and values that stand once each.
    Before: scope=a&scope=b
    After: scope=a b
    """
    return _each_once(item, case)


def _each_once(item: Item, case: Case) -> Verdict:
    names = [name for name, _ in (item.form or item.query)]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        shown = case.show("name", twice) if len(twice) < 40 else "a parameter"
        return failed(f"{shown} stands {names.count(twice)} times.", item.at(twice)[:80])
    return passed(f"/request/{'form' if item.form else 'query'}")


@rule(
    "AR22",
    W,
    "RFC 6749 §3.3; Entra, scopes and permissions",
    at=StepKind.AUTHORIZE,
    unless=elsewhere,
)
def scope_is_for_one_resource(item: Item, case: Case) -> Verdict:
    """The scope names one resource, and does not mix .default with single permissions.

    Why: Entra's sign-in takes several resources, its token endpoint one (AADSTS28000); the mixture
        is refused (AADSTS70011).
    Mend: ask once for each resource.
    Before: scope=https://graph.microsoft.com/.default 2ff814a6-…/.default
    After: scope=2ff814a6-…/.default openid profile offline_access
    """
    scope, where = item.get("scope") or "", "/request/query/scope"
    words = scope.split()
    if not words:
        return failed("It is empty or missing.", where)
    if hidden(scope):
        return unknown("the scope was taken out", where)
    resources = {(resource_of(word) or "").rstrip("/").lower() for word in words} - {""}
    if len(resources) > 1:
        return failed(f"It names {len(resources)} resources.", where)
    asked = [word for word in words if resource_of(word) is not None]
    default = [word for word in asked if word.endswith("/.default")]
    if default and len(asked) > len(default):
        return failed("It mixes .default with single permissions.", where)
    return passed(where)


@rule("AR23", N, "RFC 9700 §2.3", at=StepKind.AUTHORIZE, unless=elsewhere)
def refresh_token_came_as_asked(item: Item, case: Case) -> Verdict:
    """Who asks for offline_access gets a refresh token.

    Why: a refresh token that is not needed is one more thing to lose; one that does not come
        means that the person must sign in again.
    Mend: leave offline_access out, or look why none came.
    Before: scope=… offline_access, and no refresh_token in the answer
    After: scope=…
    """
    if "offline_access" not in (item.get("scope") or "").split():
        return absent("offline_access is not asked for")
    answers = [i for i in case.flow(item).tokens("authorization_code") if i.members]
    good = [i for i in answers if "access_token" in i.members]
    if not good:
        return (
            absent("nothing was sent yet") if case.planned else unknown("no token answer is here")
        )
    if any("refresh_token" in i.members for i in good):
        return passed("/request/query/scope")
    return failed(
        "offline_access was asked for, and no refresh token came.", "/request/query/scope"
    )


@rule("AR24", N, "OpenID Connect Core §3.1.3.7; Entra, protocols", at=StepKind.AUTHORIZE)
def tenant_is_named(item: Item, case: Case) -> Verdict:
    """The tenant is named, or the issuer is checked against the token's own tenant.

    Why: common, organizations and consumers take in people of many tenants; the issuer in the
        metadata is then a template.
    Mend: name the tenant by its id, or compare iss with the template filled in from tid.
    Before: /common/oauth2/v2.0/authorize
    After: /a1bc2d34-…/oauth2/v2.0/authorize
    """
    if not is_entra(item):
        return absent("it is not of Entra's shape")
    first = item.request.path.strip("/").partition("/")[0].lower()
    if first in ("common", "organizations", "consumers"):
        return failed(f"It is {first}.", "/request/url")
    return passed("/request/url")


@rule("AR25", N, "RFC 9700 §4.3", at=StepKind.AUTHORIZE)
def nobody_is_named_in_the_address(item: Item, case: Case) -> Verdict:
    """The address names no person.

    Why: histories and proxies keep it.
    Mend: leave the hint out where that is not worth the click that it saves.
    Before: …&login_hint=ada@contoso.com
    After: …
    """
    pushed = any(name == "request_uri" for name, _ in item.query)
    if item.elsewhere and not pushed:
        return unknown(item.elsewhere, "/request/query")
    shown = item.query if pushed else item.fields  # a request object is readable in the address
    for name in ("login_hint", "username", "domain_hint"):
        if any(key == name and value for key, value in shown):
            return failed(f"{name} is there.", f"/request/query/{name}")
    return passed("/request/url")
