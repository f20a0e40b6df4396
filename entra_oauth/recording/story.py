"""What each step of a recording is: who speaks to whom, what for, and where that stands."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from entra_oauth.recording.compare.layers import parameters

if TYPE_CHECKING:
    from entra_oauth.recording.step import Evidence, Step

__all__ = ["Actor", "Told", "actors", "told"]


class Actor(StrEnum):
    """Whoever sends or gets a message."""

    BROWSER = "Browser"
    PROGRAM = "Program"
    AUTHORITY = "Authority"
    API = "API"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A step in words."""

    title: str
    sender: Actor
    receiver: Actor
    purpose: str
    lesson: str
    """Why it is done so: for whoever learns."""
    source: str


_AUTHORIZE = Told(
    title="Ask for a code",
    sender=Actor.BROWSER,
    receiver=Actor.AUTHORITY,
    purpose="The program opened this address in the person's browser. It asks the authority to "
    "sign the person in and to send a code back.",
    lesson="The request goes through the browser because only there can the person type a "
    "password that the program must not see. Whoever looks over the person's shoulder sees this "
    "address, so it holds nothing that could be used alone: a challenge is a hash, a state is only "
    "good for comparing.",
    source="RFC 6749 §4.1.1",
)
_REDIRECT = Told(
    title="The code comes back",
    sender=Actor.BROWSER,
    receiver=Actor.PROGRAM,
    purpose="The authority sent the browser to the redirect URI, where the program listens. It "
    "brings the code and the state. The state is compared before anything else is looked at.",
    lesson="Any page in the browser could send something here. Only the answer to our own "
    "request can know the state, so an answer with another one is not used.",
    source="RFC 6749 §4.1.2, §10.12; RFC 8252 §7.3",
)
_REFUSED = Told(
    title="Something else came",
    sender=Actor.BROWSER,
    receiver=Actor.PROGRAM,
    purpose="This reached the listener and was not the answer to our request. It was refused, "
    "and the wait went on.",
    lesson="A stray request, a forged one and a doubled one look alike. None may end the "
    "sign-in, and none may be used for it.",
    source="RFC 6749 §10.12; RFC 9700 §4.7",
)
_PAGE = Told(
    title="The last page",
    sender=Actor.BROWSER,
    receiver=Actor.PROGRAM,
    purpose="The browser was sent on to an address without a code, and got a page that tells how "
    "the sign-in went.",
    lesson="Had the browser stayed at the redirect URI, the code would be in its address bar "
    "and its history.",
    source="RFC 9700 §4.3.1",
)
_TOKEN = Told(
    title="Ask for tokens",
    sender=Actor.PROGRAM,
    receiver=Actor.AUTHORITY,
    purpose="The program asks the token endpoint for tokens.",
    lesson="This request does not go through the browser. Its answer is the only place where the "
    "tokens stand.",
    source="RFC 6749 §3.2, §5.1",
)
_CODE = Told(
    title="Redeem the code",
    sender=Actor.PROGRAM,
    receiver=Actor.AUTHORITY,
    purpose="The program hands the code in at the token endpoint, directly, and gets tokens for "
    "it. A code is good once.",
    lesson="With PKCE the verifier proves that the one who redeems the code is the one who asked "
    "for it. Without it, whoever sees the code first can have the tokens.",
    source="RFC 6749 §4.1.3; RFC 7636 §4.5",
)
_GRANTS = {
    "authorization_code": _CODE,
    "refresh_token": Told(
        title="Refresh the tokens",
        sender=Actor.PROGRAM,
        receiver=Actor.AUTHORITY,
        purpose="The program hands a refresh token in and gets a fresh access token.",
        lesson="An access token lives for about an hour and cannot be called back. A refresh "
        "token lives longer, and goes to the authority only.",
        source="RFC 6749 §6",
    ),
    "client_credentials": Told(
        title="Sign in as the app itself",
        sender=Actor.PROGRAM,
        receiver=Actor.AUTHORITY,
        purpose="The app proves itself and gets a token in its own name. No person takes part.",
        lesson="The token says nothing of a person; what it may do was granted to the app.",
        source="RFC 6749 §4.4",
    ),
    "password": Told(
        title="Hand the password in",
        sender=Actor.PROGRAM,
        receiver=Actor.AUTHORITY,
        purpose="The program sends the person's user name and password.",
        lesson="The program sees the password, and a second factor is not possible. That is why "
        "this flow must not be used any more.",
        source="RFC 6749 §4.3; RFC 9700 §2.4",
    ),
    "urn:ietf:params:oauth:grant-type:device_code": Told(
        title="Ask whether the person has signed in",
        sender=Actor.PROGRAM,
        receiver=Actor.AUTHORITY,
        purpose="The program asks again and again whether the person has finished on the other "
        "device.",
        lesson="authorization_pending is no failure: it means not yet.",
        source="RFC 8628 §3.4",
    ),
    "urn:ietf:params:oauth:grant-type:jwt-bearer": Told(
        title="Exchange a token on behalf of its person",
        sender=Actor.PROGRAM,
        receiver=Actor.AUTHORITY,
        purpose="An API hands in the token that it was called with, and gets one for the next API.",
        lesson="The token that came was for this API only; it may not be passed on.",
        source="RFC 7523 §2.1",
    ),
}
_KEYS = Told(
    title="Fetch the authority's keys",
    sender=Actor.PROGRAM,
    receiver=Actor.AUTHORITY,
    purpose="The public keys by which the authority's signatures are checked.",
    lesson="Whoever checks a token needs nothing secret for it.",
    source="RFC 7517; OpenID Connect Core §10.1",
)
_DISCOVERY = Told(
    title="Ask for the authority's metadata",
    sender=Actor.PROGRAM,
    receiver=Actor.AUTHORITY,
    purpose="The authority's own list of its endpoints.",
    lesson="entra-oauth does not ask: Entra's endpoints are known. Other clients do.",
    source="OpenID Connect Discovery §4",
)
_DEVICE = Told(
    title="Begin a sign-in on another device",
    sender=Actor.PROGRAM,
    receiver=Actor.AUTHORITY,
    purpose="The program gets two codes: one for itself, and one for the person to type.",
    lesson="Whoever is talked into typing a code that is not theirs signs somebody else in.",
    source="RFC 8628 §3.1, §5.4",
)
_API = Told(
    title="Use the token",
    sender=Actor.PROGRAM,
    receiver=Actor.API,
    purpose="The access token is sent to the API that it was issued for.",
    lesson="It goes in the Authorization header, never in the address: addresses are logged. "
    "Whoever holds it may use it, so it goes to this host and to no other.",
    source="RFC 6750 §2.1",
)
_BY_NAME = {
    "authorize": _AUTHORIZE,
    "redirect": _REDIRECT,
    "redirect-refused": _REFUSED,
    "page": _PAGE,
    "ignored": _REFUSED,
    "keys": _KEYS,
    "devicecode": _DEVICE,
    "openid-configuration": _DISCOVERY,
}


def told(step: Step) -> Told:
    """What a step is, by its name and by what it hands in."""
    if step.name in _BY_NAME:
        return _BY_NAME[step.name]
    if step.channel == "front":
        return _REFUSED
    fields = dict(parameters(step.request.message))
    grant = fields.get("grant_type", b"").decode("utf-8", "replace")
    if step.name == "token" or grant:
        return _GRANTS.get(grant, _TOKEN)
    return _API


def actors(evidence: Evidence) -> dict[Actor, str]:
    """Those who take part, in the order of a diagram, with the hosts that they are."""
    hosts: dict[Actor, str] = {}
    for step in evidence.steps:
        what = told(step)
        for actor in (what.sender, what.receiver):
            hosts.setdefault(actor, "")
        if what.receiver in (Actor.AUTHORITY, Actor.API) and not hosts[what.receiver]:
            hosts[what.receiver] = urlsplit(step.url).netloc.rpartition("@")[2]
    return {actor: hosts[actor] for actor in Actor if actor in hosts}
