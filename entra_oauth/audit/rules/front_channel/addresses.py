"""Rules about addresses in the authorize request: where it goes, and where the answer comes."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from entra_oauth.audit.case import Case, cloud_of, on_this_machine
from entra_oauth.audit.classify import Item, StepKind
from entra_oauth.audit.redacted_values import hidden
from entra_oauth.audit.rules.rule import E, N, W, elsewhere, rule
from entra_oauth.audit.verdict import Verdict, absent, failed, passed, unknown
from entra_oauth.protocol.messages import host_of

URI = "/request/query/redirect_uri"
MODE = "/request/query/response_mode"


@rule(
    "AR14",
    E,
    "RFC 6749 §3.1.2, §4.1.1; OpenID Connect Core §3.1.2.1",
    at=StepKind.AUTHORIZE,
    unless=elsewhere,
)
def redirect_uri_is_absolute(item: Item, case: Case) -> Verdict:
    """The redirect URI is there, absolute, and has no fragment.

    Why: an authority that has to guess where the answer goes can be led to guess wrong. OAuth
        lets an app with one registered URI leave it out, which is a warning; OpenID does not.
    Mend: send the whole registered URI.
    Before: redirect_uri=http://localhost/#done
    After: redirect_uri=http://localhost
    """
    uri = item.get("redirect_uri")
    if not uri:
        by_openid = "openid" in (item.get("scope") or "").split()
        return failed("There is none.", URI, severity=E if by_openid else W)
    if not re.match(r"[A-Za-z][A-Za-z0-9+.-]*:.", uri):
        return failed("It is not absolute.", URI)
    if "#" in uri:
        return failed("It has a fragment.", URI)
    return passed(URI)


@rule("AR15", E, "RFC 9700 §2.6", at=StepKind.AUTHORIZE, unless=elsewhere)
def redirect_uri_is_safe(item: Item, case: Case) -> Verdict:
    """The answer does not travel over plain http, save within this machine.

    Why: the code would be readable on the way.
    Mend: use https, or a loopback address for an app on the person's machine.
    Before: redirect_uri=http://app.example/cb
    After: redirect_uri=https://app.example/cb
    """
    uri = item.get("redirect_uri")
    if not uri:
        return absent("there is no redirect URI")
    if not uri.lower().startswith("http:") or on_this_machine(uri):
        return passed(URI)
    return failed(f"It is http to {case.show_host(host_of(uri)) or 'no host'}.", URI)


@rule("AR16", N, "RFC 8252 §8.3", at=StepKind.AUTHORIZE, unless=elsewhere)
def loopback_is_an_address(item: Item, case: Case) -> Verdict:
    """A loopback redirect URI names an address, or both families were held.

    Why: the name localhost may mean 127.0.0.1 or ::1; another program could own the one that
        the listener does not. At Entra the name is what is usually registered, so it is no more
        than a note.
    Mend: hold the port on both addresses, as entra-oauth does, or register http://127.0.0.1.
    Before: redirect_uri=http://localhost:8400
    After: redirect_uri=http://127.0.0.1:8400
    """
    uri = item.get("redirect_uri") or ""
    if not on_this_machine(uri):
        return absent("the redirect URI is not on this machine")
    if host_of(uri) == "localhost":
        return failed("It is the name localhost. See that 127.0.0.1 and ::1 were both held.", URI)
    return passed(URI)


@rule("AR17", W, "RFC 8252 §7.1", at=StepKind.AUTHORIZE, unless=elsewhere)
def scheme_is_the_apps_own(item: Item, case: Case) -> Verdict:
    """A private scheme is a reversed domain name, and no code is shown for copying.

    Why: a scheme without a dot can be claimed by any app; out-of-band pages train people to
        copy codes.
    Mend: use a loopback redirect URI, or com.example.app:/cb.
    Before: redirect_uri=myapp:/cb
    After: redirect_uri=http://localhost
    """
    uri = item.get("redirect_uri") or ""
    scheme = uri.partition(":")[0].lower()
    if uri.startswith("urn:ietf:wg:oauth:2.0:oob") or uri.endswith("/oauth2/nativeclient"):
        return failed("The code is shown for copying.", URI)
    if not re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", uri):
        return absent("there is no redirect URI with a scheme")
    if scheme not in ("http", "https") and "." not in scheme:
        return failed("Its scheme has no dot.", URI)
    return passed(URI)


@rule(
    "AR18",
    W,
    "RFC 9700 §4.3.1; OAuth 2.0 Form Post Response Mode",
    at=StepKind.AUTHORIZE,
    unless=elsewhere,
)
def code_stays_out_of_the_history(item: Item, case: Case) -> Verdict:
    """The code comes by form_post, not in the address.

    Why: in the address the code stays in the browser's history, and reaches logs and synchronised
        devices. With a PKCE challenge such a code is of no use to others, so then it is a note.
    Mend: use response_mode=form_post where a local listener takes the answer.
    Before: response_mode=query
    After: response_mode=form_post
    """
    if "code" not in (item.get("response_type") or "").split():
        return absent("no code is asked for")
    mode = item.get("response_mode")
    if mode not in (None, "", "query"):
        return passed(MODE)
    text = "The code comes in the address, and stays in the browser's history."
    safe = item.get("code_challenge") and item.get("code_challenge_method") == "S256"
    return failed(text, MODE, severity=N if safe else W)


@rule("AR19", E, "OAuth 2.0 Multiple Response Types §2.1", at=StepKind.AUTHORIZE, unless=elsewhere)
def answer_can_arrive(item: Item, case: Case) -> Verdict:
    """A listener on this machine does not ask for its answer in the fragment.

    Why: browsers do not send fragments, so the answer never reaches it.
    Mend: use form_post, or query.
    Before: redirect_uri=http://localhost&response_mode=fragment
    After: redirect_uri=http://localhost&response_mode=form_post
    """
    if not on_this_machine(item.get("redirect_uri") or ""):
        return absent("the redirect URI is not on this machine")
    if item.get("response_mode") == "fragment":
        return failed("The answer goes into the fragment.", MODE)
    return passed(MODE)


_OF_OTHERS = {
    "usgov": re.compile(r"\.us$|usgovcloudapi\.net$"),
    "china": re.compile(r"\.cn$"),
    "public": re.compile(
        r"^(?:graph\.microsoft\.com|management\.(?:azure\.com|core\.windows\.net))$"
    ),
}


@rule("AR26", E, "RFC 8414 §3.3, RFC 9700 §4.4", at=StepKind.AUTHORIZE)
def host_is_the_authoritys(item: Item, case: Case) -> Verdict:
    """The host is the one of the metadata, or of the cloud that the resource belongs to.

    Why: a look-alike host gets the person's password; another cloud's host does not know them.
    Mend: take the host of your cloud: login.microsoftonline.com, .us, or
        login.partner.microsoftonline.cn.
    Before: https://login.microsoftonline.com/… with scope=https://graph.microsoft.us/.default
    After: https://login.microsoftonline.us/… with scope=https://graph.microsoft.us/.default
    """
    for known in case.all(StepKind.METADATA):
        endpoint = known.text("authorization_endpoint")
        if endpoint and known.step.started_at <= item.step.started_at:
            # A cloud has several names; of a host that is in none, only its own counts.
            same_cloud = cloud_of(endpoint) is not None and cloud_of(endpoint) == cloud_of(item.url)
            if same_cloud or host_of(endpoint) == host_of(item.url):
                return passed("/request/url")
            return failed("The metadata names another host.", "/request/url")
    cloud = cloud_of(item.url)
    if cloud is None:
        if on_this_machine(item.url):
            return absent("it is a practice authority on this machine")
        return unknown(
            "the host is none of Entra's known ones, and no metadata is here", "/request/url"
        )
    for word in (item.get("scope") or "").split():
        host = host_of(word) if "://" in word else ""
        other = next((n for n, p in _OF_OTHERS.items() if p.search(host)), cloud)
        if other != cloud:
            return failed(
                f"The host is of the cloud {cloud}, the scope of {other}.", "/request/url"
            )
    if item.elsewhere:
        return unknown(item.elsewhere, "/request/url")
    return passed("/request/url")


@rule("AR27", E, "RFC 6749 §3.1", at=StepKind.AUTHORIZE)
def address_is_clean(item: Item, case: Case) -> Verdict:
    """The address has no fragment and no control characters.

    Why: what comes after a # is not sent; a line break in an address can end up as a command,
        a header, or another line in a log.
    Mend: percent-encode every value.
    Before: …&state=a<LF>b
    After: …&state=…
    """
    if any(ord(c) < 0x21 or ord(c) == 0x7F for c in item.url):
        return failed("It holds a space or a control character.", "/request/url")
    values = [value for _, value in item.query]
    if any(ord(c) < 0x20 or ord(c) == 0x7F for value in values for c in value):
        return failed("A value holds a control character.", "/request/query")
    if "#" in item.url:
        return failed("It has a fragment.", "/request/url")
    if any(hidden(value) for value in values):
        return unknown("values were taken out, and what was in them with them", "/request/query")
    return passed("/request/url")


def normal(uri: str) -> tuple[str, str, int | None, str] | None:
    """Scheme, host, port and path of an address, as they are compared; None if unreadable."""
    if hidden(uri):
        return None
    try:
        parts = urlsplit(uri)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return None
    empty = "/" if parts.scheme in ("http", "https") else ""
    return parts.scheme, parts.hostname or "", port, parts.path or empty
