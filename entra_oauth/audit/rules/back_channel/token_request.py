"""Rules about the form of a token request: where it goes, what is in it, who it says asks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from entra_oauth.audit.case import Case, ClientKind, cloud_of, on_this_machine
from entra_oauth.audit.classify import Item, StepKind
from entra_oauth.audit.rules.rule import E, N, W, form_gone, rule, rule_of_all
from entra_oauth.audit.verdict import Verdict, absent, failed, passed, unknown
from entra_oauth.errors import plain
from entra_oauth.protocol.messages import FORM, host_of, is_redirect
from entra_oauth.recording.recognise import leads_to

FORM_AT = "/request/form"


@rule("TR01", E, "RFC 6749 §3.2", at=StepKind.TOKEN)
def is_posted_over_https(item: Item, case: Case) -> Verdict:
    """A token request is a POST over https.

    Why: what is asked for with GET is kept in logs; what goes over http is read on the way.
    Mend: POST to the https address of the token endpoint.
    Before: GET /token?code=…
    After: POST /token
    """
    if item.request.method != "POST":
        return failed(f"It is {plain(item.request.method, limit=12)}.", "/request/method")
    if not case.scheme_known:
        return unknown("a raw request does not say whether it went over TLS", "/request/url")
    if not item.url.lower().startswith("https://"):
        if on_this_machine(item.url):
            return failed("It is http, to this machine: practice only.", "/request/url", severity=N)
        return failed("It is not https.", "/request/url")
    return passed("/request/url")


@rule("TR02", E, "RFC 6749 appendix B", at=StepKind.TOKEN)
def is_a_form(item: Item, case: Case) -> Verdict:
    """The body is a form in UTF-8.

    Why: Entra answers anything else as if fields were missing (AADSTS900144), or as malformed
        (AADSTS9002313).
    Mend: send Content-Type: application/x-www-form-urlencoded, and encode each value.
    Before: Content-Type: application/json
    After: Content-Type: application/x-www-form-urlencoded
    """
    kind, where = (
        (item.request.header("content-type") or "").lower(),
        "/request/headers/content-type",
    )
    if not kind.startswith(FORM):
        said = plain(kind.partition(";")[0], limit=40) or "missing"
        return failed(f"The content type is {said}.", where)
    charset = re.search(r"charset=\"?([\w-]+)", kind)
    if charset and charset[1] not in ("utf-8", "utf8"):
        return failed(f"The charset is {plain(charset[1], limit=20)}.", where)
    if any("\ufffd" in value for _, value in item.form):
        return failed("A value is not UTF-8.", FORM_AT)
    return passed(where)


@rule("TR03", E, "RFC 6749 §2.3.1", at=StepKind.TOKEN)
def address_holds_no_secret(item: Item, case: Case) -> Verdict:
    """No code, secret, token or password is in the address of a token request.

    Why: addresses are kept in logs.
    Mend: put it into the body.
    Before: POST /token?client_secret=…
    After: POST /token
    """
    for name, value in item.query:
        if value and name in _SECRETS:
            return failed(f"{name} is in the address.", f"/request/query/{name}")
    return passed("/request/url")


_SECRETS = frozenset(
    ("code", "client_secret", "password", "refresh_token", "code_verifier", "device_code")
    + ("assertion", "client_assertion", "access_token")
)


@rule("TR04", E, "RFC 6749 §3.2", at=StepKind.TOKEN, unless=form_gone)
def each_field_once(item: Item, case: Case) -> Verdict:
    """Each field stands once.

    Why: of two codes the server may take the one that you did not check.
    Mend: build the form from names and values that stand once each.
    Before: code=a&code=b
    After: code=a
    """
    names = [name for name, _ in item.form]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is None:
        return passed(FORM_AT)
    return failed(f"{case.show('name', twice)[:40]} stands {names.count(twice)} times.", FORM_AT)


@rule("TR16", E, "RFC 9700 §2.4", at=StepKind.TOKEN, unless=form_gone)
def no_password_grant(item: Item, case: Case) -> Verdict:
    """The password grant is not used.

    Why: the app sees the person's password, and nothing stronger than a password can be asked.
    Mend: use the authorization code flow, or the device code flow.
    Before: grant_type=password
    After: grant_type=authorization_code
    """
    if item.get("grant_type") == "password":
        return failed("The person's password goes through the app.", f"{FORM_AT}/grant_type")
    return passed(f"{FORM_AT}/grant_type")


_GRANTS = re.compile(
    r"authorization_code|refresh_token|password|client_credentials|device_code"
    r"|urn:ietf:params:oauth:grant-type:(?:device_code|jwt-bearer|saml1_1-bearer|saml2-bearer"
    r"|token-exchange)"
)


@rule("TR17", E, "RFC 6749 §4", at=StepKind.TOKEN, unless=form_gone)
def grant_fits_the_flow(item: Item, case: Case) -> Verdict:
    """The grant is a known one, and the one that the sign-in leads to.

    Why: a library that turns a refused sign-in into client_credentials gets a token of the app
        in place of the person's.
    Mend: stop where the redirect holds an error.
    Before: redirect ?error=access_denied, then grant_type=client_credentials
    After: redirect ?error=access_denied, and no token request
    """
    grant, where = item.get("grant_type"), f"{FORM_AT}/grant_type"
    if not grant:
        return failed("There is no grant_type.", where)
    if not _GRANTS.fullmatch(grant):
        return failed(f"{case.show('grant_type', grant)} is no grant.", where)
    if grant == "client_credentials":
        before = case.flow(item).redirect
        if before is not None:
            return failed(f"It follows the person's sign-in of step {before.number}.", where)
    return passed(where)


@rule("TR18", N, "RFC 6749 §4.1.3, §5.1", at=StepKind.TOKEN, unless=form_gone)
def state_is_not_for_the_token_endpoint(item: Item, case: Case) -> Verdict:
    """No state is sent to the token endpoint.

    Why: it is no parameter there, and none comes back, so there is nothing to compare. The place
        to check the state is the redirect. The article sends it, and Entra ignores it.
    Mend: leave it out; compare the state of the redirect before the code is redeemed.
    Before: grant_type=authorization_code&code=…&state=12345
    After: grant_type=authorization_code&code=…
    """
    if item.get("state") is not None:
        return failed("state is sent, which means nothing there.", item.at("state"))
    return passed(FORM_AT)


@rule("TR19", N, "Entra, authorization code flow (AADSTS9002326)", at=StepKind.TOKEN)
def no_origin(item: Item, case: Case) -> Verdict:
    """A native app sends no Origin header.

    Why: Entra takes it for a page's script, and refuses whatever is not registered as one.
    Mend: leave the header out.
    Before: Origin: http://localhost
    After: no such header
    """
    if case.client(item) is ClientKind.SINGLE_PAGE:
        return absent("a single-page app's script cannot leave it out")
    if item.request.header("origin") is not None:
        return failed("It sends Origin, as scripts in a page do.", "/request/headers/origin")
    return passed("/request/headers")


@rule("TR21", E, "RFC 9700 §4.4", at=StepKind.TOKEN)
def goes_to_the_same_authority(item: Item, case: Case) -> Verdict:
    """The token request goes to the authority that the browser was sent to.

    Why: a code that is handed to another authority is given away (mix-up).
    Mend: take both addresses from one place.
    Before: authorize at login.microsoftonline.com, token at evil.example
    After: both at login.microsoftonline.com
    """
    where = "/request/url"
    for known in case.all(StepKind.METADATA):
        endpoint = known.text("token_endpoint")
        if endpoint and host_of(endpoint) == host_of(item.url):
            return passed(where)
    asked = case.flow(item).authorize
    if asked is None:
        why = case.code_flow(item)
        return unknown(why, where) if why else absent("there was no authorize request")
    both = host_of(asked.url), host_of(item.url)
    clouds = cloud_of(asked.url), cloud_of(item.url)
    if both[0] == both[1] or (clouds[0] is not None and clouds[0] == clouds[1]):
        return passed(where)
    return failed(f"It goes to {case.show_host(both[1])}.", where)


@rule_of_all("TR23", E, "RFC 9700 §4.12, RFC 9110 §15.4")
def redirects_are_not_followed(case: Case) -> Iterator[Verdict]:
    """A redirect of the token endpoint is not followed.

    Why: it would carry code, secret and verifier to another place.
    Mend: switch redirects off (requests: allow_redirects=False), and take 3xx for an error.
    Before: POST /token answered 307, then POST https://other.example/token
    After: POST /token answered 307, and an error
    """
    items = case.items
    for index, item in enumerate(items):
        if item.kind is not StepKind.TOKEN or not is_redirect(item.answer.status):
            continue
        target = leads_to(item.url, item.response)
        later = [i for i in items[index + 1 :] if target and i.url.partition("?")[0] == target]
        verdict = passed("/response/status")
        if later:
            text = f"Step {later[0].number} goes where the answer of step {item.number} leads."
            verdict = failed(text, "/response/headers/location")
        yield replace(verdict, step=item.number)
    if not any(v.kind is StepKind.TOKEN for v in items):
        return
    yield passed("/response/status") if _no_redirects(items) else absent("see the steps above")


def _no_redirects(items: tuple[Item, ...]) -> bool:
    return not any(i.kind is StepKind.TOKEN and is_redirect(i.answer.status) for i in items)


@rule("TR24", W, "BCP 195, RFC 9700 §2.6", at=StepKind.TOKEN)
def tls_is_of_today(item: Item, case: Case) -> Verdict:
    """The connection is TLS 1.2 or later, and its keys were written nowhere.

    Why: older versions are broken; who has the keys reads what passed. Whether the certificate
        was checked is no part of a recording: entra-oauth always does.
    Mend: update what is older, and unset SSLKEYLOGFILE.
    Before: TLS 1.0
    After: TLS 1.3
    """
    where = "/request/tls"
    if not item.url.lower().startswith("https://"):
        return absent("there is no TLS")
    version = item.step.link.tls_version
    if version is None:
        return unknown("the TLS version is not in this recording", where)
    number = re.search(r"(\d)\.?(\d)?", version)
    if version.upper().startswith("SSL") or (number and (number[1], number[2] or "0") < ("1", "2")):
        return failed(f"It is {plain(version, limit=20)}.", where)
    if case.evidence.facts.get("tls_keys_written") is True:
        return failed("Its keys were written to a file.", where)
    return passed(where)


@rule("TR26", N, "what is sent beside OAuth", at=StepKind.TOKEN)
def nothing_is_told_beside(item: Item, case: Case) -> Verdict:
    """No header tells of the machine, the library or the person.

    Why: they are statistics for the library's maker, or routing hints that name the person.
    Mend: nothing needs mending; know that they are sent.
    Before: x-client-sku: MSAL.Python, x-client-os: linux, x-anchormailbox: Oid:…
    After: no such header
    """
    found = [
        name.lower()
        for name in (*(n for n, _ in item.request.headers), *(n for n, _ in item.form))
        if re.match(r"(?i)x-(client-|anchormailbox|ms-lib)", name)
    ]
    if found:
        names = ", ".join(dict.fromkeys(plain(name, limit=40) for name in found[:6]))
        return failed(f"It tells: {names}.", "/request/headers")
    return passed("/request/headers")
