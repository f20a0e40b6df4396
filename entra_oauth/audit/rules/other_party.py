"""Rules about who is meant: a message that was made for one party, and is used at another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from entra_oauth.audit.case import CODE, Case, cloud_of, on_this_machine
from entra_oauth.audit.classify import Item, StepKind
from entra_oauth.audit.redacted_values import Jwt, comparable, hidden, jwt, same
from entra_oauth.audit.rules.back_channel.token_response import GONE, unseen
from entra_oauth.audit.rules.rule import E, W, rule, rule_of_all
from entra_oauth.audit.verdict import Verdict, absent, failed, passed, unknown
from entra_oauth.protocol.messages import host_of

_SPENT = 54005
_ASSERTION_AT = "/request/form/client_assertion"
_URI_AT = "/request/query/redirect_uri"
_RESOURCE_AT = "/response/content/resource"
_METADATA_PATH = "/.well-known/oauth-protected-resource"
_MORE_OF_ENTRA = (
    *(".login.microsoft.com", ".microsoftonline.com", ".microsoftonline.us", ".windows.net"),
    *("mtlsauth.microsoft.com", ".b2clogin.com", ".ciamlogin.com"),
)
"""Hosts at which Entra takes what was signed for another of its names."""


@rule("TR28", W, "RFC 6749 §4.1.2, §10.5; Entra (AADSTS54005)", at=StepKind.TOKEN, unless=unseen)
def nobody_redeemed_the_code_before(item: Item, case: Case) -> Verdict:
    """The code was not redeemed by somebody else before.

    Why: the authority says that the code was used, and here it is sent for the first time. So it
        is where a person pasted the address with the code for a stranger (ConsentFix). An attempt
        before the recording began looks the same, so it is a warning.
    Mend: ask where the address was pasted; look in the sign-in log for a redemption from another
        address, and revoke the person's sessions.
    Before: one token request with that code, answered with AADSTS54005
    After: one token request with that code, answered with tokens
    """
    if item.get("grant_type") != CODE:
        return absent("no code is redeemed")
    if item.answer.status >= 400 and item.answer_gone:
        return unknown(GONE, "/response/content")
    if not _is_spent(item):
        return passed("/response/content/error_codes")
    before = [each for each in case.all(StepKind.TOKEN) if each.step.number < item.number]
    codes = [code for each in before if (code := each.get("code"))]
    again = [same(code, item.get("code") or "") for code in codes]
    if any(again):
        return absent("the code was sent here before; TR10 tells of that")
    if None in again:
        return unknown("the codes of two requests cannot be compared", "/request/form/code")
    return failed("It was used before, and not in this recording.", "/response/content/error_codes")


def _is_spent(item: Item) -> bool:
    numbers = item.members.get("error_codes")
    listed = isinstance(numbers, list) and _SPENT in numbers
    return listed or f"AADSTS{_SPENT}:" in (item.text("error_description") or "")


@rule_of_all("TR29", E, "RFC 7523 §3, RFC 9700 §4.4")
def assertion_goes_to_its_audience(case: Case) -> Iterator[Verdict]:
    """A client assertion is sent to nobody but the authority that it was made for.

    Why: whoever receives it can be the app there. An authority that publishes another's token
        endpoint as its own is given a proof for that other one (audience injection).
    Mend: sign for the authority that is configured, and for no address that was published.
    Before: POST https://evil.example/par, with an aud at login.microsoftonline.com
    After: POST https://login.microsoftonline.com/…/token, with an aud there
    """
    for item in case.items:
        token = item.get("client_assertion")
        if token:
            yield replace(_assertion(token, item, case), step=item.number)


def _assertion(token: str, item: Item, case: Case) -> Verdict:
    read = jwt(token)
    if read is None:
        gone = unknown("the assertion was taken out", _ASSERTION_AT)
        return gone if hidden(token) else absent("it is no JWT; TR20 tells of that")
    own = same(read.text("iss") or "", read.text("sub") or "")
    if own is None:
        return unknown("who made it was taken out", _ASSERTION_AT)
    if not own:
        return absent("it is another issuer's token, whose audience is agreed on (federated)")
    audiences = _audiences(read)
    if any(map(hidden, audiences)):
        return unknown("its audience was taken out", _ASSERTION_AT)
    addresses = [each for each in audiences if each.startswith(("https://", "http://"))]
    if not addresses:
        return absent("its audience is no address")
    if any(_is_one_authority(each, item.url) for each in addresses):
        return passed(_ASSERTION_AT)
    if any(_speaks_for(known, addresses, item.url) for known in case.all(StepKind.METADATA)):
        return passed(_ASSERTION_AT)
    return _sent_elsewhere(addresses, item, case)


def _sent_elsewhere(addresses: list[str], item: Item, case: Case) -> Verdict:
    here, there = host_of(item.url), host_of(addresses[0])
    if on_this_machine(item.url) or here.endswith(_MORE_OF_ENTRA):
        return unknown("whether that host takes such an audience is not known", _ASSERTION_AT)
    told = any(host_of(known.url) == here for known in case.all(StepKind.METADATA))
    if told or any(cloud_of(each) is not None for each in addresses):
        return failed(
            f"It is for {case.show_host(there)}, and goes to {case.show_host(here)}.", _ASSERTION_AT
        )
    return unknown("which authority takes that audience is not in this recording", _ASSERTION_AT)


def _audiences(read: Jwt) -> list[str]:
    audience = read.claims.get("aud")
    named = audience if isinstance(audience, list) else [audience]  # RFC 7519 §4.1.3
    return [each for each in named if isinstance(each, str)]


def _is_one_authority(one: str, other: str) -> bool:
    clouds = cloud_of(one), cloud_of(other)
    return host_of(one) == host_of(other) or (clouds[0] is not None and clouds[0] == clouds[1])


def _speaks_for(metadata: Item, issuers: list[str], url: str) -> bool:
    """True if these metadata are of one of the issuers, from its own host, and name that host."""
    issuer = metadata.text("issuer")
    if issuer not in issuers or host_of(issuer or "") != host_of(metadata.url):
        return False
    texts = [each for each in metadata.members.values() if isinstance(each, str)]
    return host_of(url) in {host_of(each) for each in texts}


@rule_of_all("AR29", W, "RFC 9700 §4.4, RFC 9207 §2.4")
def authorities_are_told_apart(case: Case) -> Iterator[Verdict]:
    """Authorities that share a redirect URI say in their answers which they are.

    Why: without iss a program cannot tell from which of them a code is, and can be led to hand it
        to the other (mix-up; among the tools of an agent: cross-tool take-over).
    Mend: take a redirect URI of its own for each authority, or compare iss where both send it.
    Before: two authorities, each with redirect_uri=https://app.example/cb, and no iss
    After: https://app.example/cb/one and https://app.example/cb/two
    """
    asked = case.all(StepKind.AUTHORIZE)
    # By redirect URI, then by authority: what is compared with each other is of different ones.
    before: dict[tuple[str, str], dict[str, list[int]]] = {}
    for index, item in enumerate(asked):
        uri = comparable(item.get("redirect_uri") or "")
        if uri is None or not item.get("redirect_uri"):
            continue
        authorities, mine = before.setdefault(uri, {}), cloud_of(item.url) or host_of(item.url)
        firsts = [
            next((at for at in places if _is_another_attempt(asked[at], item)), None)
            for authority, places in authorities.items()
            if authority != mine
        ]
        if others := [at for at in firsts if at is not None]:
            yield replace(_told_apart(asked[min(others)], item, case), step=item.number)
        authorities.setdefault(mine, []).append(index)


def _is_another_attempt(one: Item, other: Item) -> bool:
    """False for what may be sent on with its state: that is one attempt."""
    return same(one.get("state") or "", other.get("state") or "") is False


def _told_apart(one: Item, other: Item, case: Case) -> Verdict:
    if on_this_machine(other.get("redirect_uri") or ""):
        return unknown("programs of one machine may share such an address", _URI_AT)
    answers = [flow.redirect for flow in (case.flow(one), case.flow(other))]
    if any(answer is not None and not answer.get("iss") for answer in answers):
        return failed(
            f"Step {one.number}, at another authority, has the same, without iss.", _URI_AT
        )
    if None in answers:
        return unknown("not both answers are in this recording", _URI_AT)
    return passed(_URI_AT)


@rule_of_all("RS07", W, "RFC 9728 §3.3, RFC 8707 §2")
def metadata_name_their_own_api(case: Case) -> Iterator[Verdict]:
    """An API's metadata name that API, and no other.

    Why: a token is asked for what they name, and sent to the API that was called. One that gives
        another's name is given the other's token. Where such a token was asked for, or sent there,
        it is an error.
    Mend: compare resource with the address that is called, and stop where they differ.
    Before: https://weather.example says "resource": "https://mail.example"
    After: https://weather.example says "resource": "https://weather.example"
    """
    for item in case.items:
        if _METADATA_PATH in item.request.path and item.text("resource"):
            yield replace(_resource(item, case), step=item.number)


def _resource(item: Item, case: Case) -> Verdict:
    named = item.text("resource") or ""
    if hidden(named):
        return unknown("the resource was taken out", _RESOURCE_AT)
    # Metadata may stand elsewhere where the API itself has named their address (RFC 9728 §5.1).
    callers = [each.url for each in case.items if item.url in _challenge(each)]
    if any(host_of(named) == host_of(url) for url in callers or [item.url]):
        return passed(_RESOURCE_AT)
    if any(map(on_this_machine, (named, *(callers or [item.url])))):
        return unknown("an address of this machine may stand for another", _RESOURCE_AT)
    text = f"It names {case.show_host(host_of(named))}."
    return failed(text, _RESOURCE_AT, severity=E if _was_followed(item, named, case) else W)


def _challenge(item: Item) -> str:
    return item.answer.header("www-authenticate") or ""


def _was_followed(metadata: Item, named: str, case: Case) -> bool:
    """True if a token for that name was asked for, or a token was sent to who gave it."""
    later = [each for each in case.items if each.step.started_at >= metadata.step.started_at]
    asked = any(each.get("resource") == named for each in later)
    return asked or any(
        each.bearer and host_of(each.url) == host_of(metadata.url) for each in later
    )
