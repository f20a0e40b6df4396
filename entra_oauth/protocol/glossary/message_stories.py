"""The story of each message: who speaks to whom, what for, why so, and the section that says so.

The demo, the live explanation, the report and the diagrams all tell these.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from entra_oauth.protocol.glossary.message_kind import MessageKind

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["Actor", "MessageStory", "Prediction", "story_of"]


class Actor(StrEnum):
    """Whoever sends or gets a message."""

    BROWSER = "Browser"
    PROGRAM = "Program"
    AUTHORITY = "Authority"
    API = "API"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """A question to be asked before a message is shown.

    `accepts` holds words, any of which will do.
    """

    asks: str
    accepts: tuple[str, ...]
    answer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageStory:
    """All that is said of one message as a whole."""

    title: str
    sender: Actor
    receiver: Actor
    way: str
    """Sender and receiver as one says it at the time, from the program's side."""
    purpose: str
    lesson: str
    """The reason why it is done so: for whoever learns."""
    source: str
    prediction: Prediction | None = None


_US = "this program"
_TOKEN_ENDPOINT = f"{_US} to the authority's token endpoint, directly"

_AUTHORIZE = MessageStory(
    title="Ask for a code",
    sender=Actor.BROWSER,
    receiver=Actor.AUTHORITY,
    way=f"{_US} to the authority, by way of your browser",
    purpose="The program opens this address in the person's browser. It asks the authority to "
    "sign the person in and to send a code back.",
    lesson="The request goes through the browser because only there can the person type a "
    "password that the program must not see. Whoever looks over the person's shoulder sees this "
    "address, so it holds nothing that could be used alone: a state is only good for comparing.",
    source="RFC 6749 §4.1.1",
    prediction=Prediction(
        asks="which value in the address must come back unchanged?",
        accepts=("state",),
        answer="state. Whoever sends a forged answer does not know it, so an answer without it "
        "is refused (RFC 6749 §10.12).",
    ),
)
_AUTHORIZE_WITH_PKCE = replace(
    _AUTHORIZE,
    lesson="The request goes through the browser because only there can the person type a "
    "password that the program must not see. Whoever looks over the person's shoulder sees this "
    "address, so it holds nothing that could be used alone: a challenge is a hash, a state is "
    "only good for comparing.",
    source="RFC 6749 §4.1.1; RFC 7636 §4.3",
)
_REDIRECT = MessageStory(
    title="The code comes back",
    sender=Actor.BROWSER,
    receiver=Actor.PROGRAM,
    way=f"your browser to the listener of {_US}",
    purpose="The authority sends the browser to the redirect URI, where the program listens. It "
    "brings the answer and the state. The state is compared before anything else is looked at.",
    lesson="Any page in the browser could send something here. Only the answer to our own "
    "request can know the state, so an answer with another one is not used.",
    source="RFC 6749 §4.1.2, §10.12; RFC 8252 §7.3",
)
_REFUSED = MessageStory(
    title="Something else came",
    sender=Actor.BROWSER,
    receiver=Actor.PROGRAM,
    way=f"somebody to the listener of {_US}",
    purpose="This reached the listener and was not the answer to our request. It was refused, "
    "and the wait went on.",
    lesson="A stray request, a forged one and a doubled one look alike. None may end the "
    "sign-in, and none may be used for it.",
    source="RFC 6749 §10.12; RFC 9700 §4.7",
)
_PAGE = MessageStory(
    title="The last page",
    sender=Actor.BROWSER,
    receiver=Actor.PROGRAM,
    way=f"your browser to the listener of {_US}",
    purpose="The browser is sent on to an address without a code, and gets a page that tells how "
    "the sign-in went.",
    lesson="Had the browser stayed at the redirect URI, the code would be in its address bar "
    "and its history.",
    source="RFC 9700 §4.3.1",
)
_TOKEN = MessageStory(
    title="Ask for tokens",
    sender=Actor.PROGRAM,
    receiver=Actor.AUTHORITY,
    way=_TOKEN_ENDPOINT,
    purpose="The program asks the token endpoint for tokens.",
    lesson="This request does not go through the browser. Its answer is the only place where the "
    "tokens stand.",
    source="RFC 6749 §3.2, §5.1",
)
_CODE = MessageStory(
    title="Redeem the code",
    sender=Actor.PROGRAM,
    receiver=Actor.AUTHORITY,
    way=_TOKEN_ENDPOINT,
    purpose="The program hands the code in at the token endpoint, directly, and gets tokens for "
    "it. A code is good once.",
    lesson="The code went through a browser, where others may read it. A public app proves "
    "nothing here: whoever sees the code first can have the tokens.",
    source="RFC 6749 §4.1.3",
    prediction=Prediction(
        asks="which value must be the same here as in the first address, to the byte?",
        accepts=("redirect", "client"),
        answer="redirect_uri; the client_id too. The authority compares both with those the code "
        "was made for (RFC 6749 §4.1.3).",
    ),
)
_CODE_WITH_PKCE = replace(
    _CODE,
    lesson="The code went through a browser, where others may read it. The verifier proves that "
    "the one who redeems the code is the one who asked for it: whoever stole the code lacks it.",
    source="RFC 6749 §4.1.3; RFC 7636 §4.5",
)
_REFRESH = MessageStory(
    title="Refresh the tokens",
    sender=Actor.PROGRAM,
    receiver=Actor.AUTHORITY,
    way=_TOKEN_ENDPOINT,
    purpose="The program hands a refresh token in and gets a fresh access token, without the "
    "person.",
    lesson="An access token lives for about an hour and cannot be called back. A refresh "
    "token lives longer, and goes to the authority only.",
    source="RFC 6749 §6",
)
_CLIENT_CREDENTIALS = MessageStory(
    title="Sign in as the app itself",
    sender=Actor.PROGRAM,
    receiver=Actor.AUTHORITY,
    way=_TOKEN_ENDPOINT,
    purpose="The app proves itself and gets a token in its own name. No person takes part.",
    lesson="The token says nothing of a person; what it may do was granted to the app.",
    source="RFC 6749 §4.4",
)
_PASSWORD = MessageStory(
    title="Hand the password in",
    sender=Actor.PROGRAM,
    receiver=Actor.AUTHORITY,
    way=_TOKEN_ENDPOINT,
    purpose="The program sends the person's user name and password.",
    lesson="The program sees the password, and a second factor is not possible. That is why "
    "this flow must not be used any more.",
    source="RFC 6749 §4.3; RFC 9700 §2.4",
    prediction=Prediction(
        asks="which value of this message would let somebody do everything that you can?",
        accepts=("password",),
        answer="password. That is why this flow is to be avoided.",
    ),
)
_DEVICE_POLL = MessageStory(
    title="Ask whether the person has signed in",
    sender=Actor.PROGRAM,
    receiver=Actor.AUTHORITY,
    way=_TOKEN_ENDPOINT,
    purpose="The program asks again and again whether the person has finished on the other device.",
    lesson="authorization_pending is no failure: it means not yet.",
    source="RFC 8628 §3.4",
)
_ON_BEHALF_OF = MessageStory(
    title="Exchange a token on behalf of its person",
    sender=Actor.PROGRAM,
    receiver=Actor.AUTHORITY,
    way=_TOKEN_ENDPOINT,
    purpose="An API hands in the token that it was called with, and gets one for the next API.",
    lesson="The token that came was for this API only; it may not be passed on.",
    source="RFC 7523 §2.1",
)
_KEYS = MessageStory(
    title="Fetch the authority's keys",
    sender=Actor.PROGRAM,
    receiver=Actor.AUTHORITY,
    way=f"{_US} to the authority, directly",
    purpose="The program fetches the public keys by which the authority's signatures are checked.",
    lesson="Whoever checks a token needs nothing secret for it.",
    source="RFC 7517; OpenID Connect Core §10.1",
)
_METADATA = MessageStory(
    title="Ask for the authority's metadata",
    sender=Actor.PROGRAM,
    receiver=Actor.AUTHORITY,
    way=f"{_US} to the authority, directly",
    purpose="The program asks for the authority's own list of its endpoints.",
    lesson="entra-oauth does not ask: Entra's endpoints are known. Other clients do.",
    source="OpenID Connect Discovery §4",
)
_DEVICE = MessageStory(
    title="Begin a sign-in on another device",
    sender=Actor.PROGRAM,
    receiver=Actor.AUTHORITY,
    way=f"{_US} to the authority's device code endpoint, directly",
    purpose="The program gets two codes: one for itself, and one for the person to type.",
    lesson="Whoever is talked into typing a code that is not theirs signs somebody else in.",
    source="RFC 8628 §3.1, §5.4",
    prediction=Prediction(
        asks="which of the two codes is the person shown?",
        accepts=("user",),
        answer="user_code. The device_code stays in this program.",
    ),
)
_API = MessageStory(
    title="Use the token",
    sender=Actor.PROGRAM,
    receiver=Actor.API,
    way=f"{_US} to the API",
    purpose="The access token is sent to the API that it was issued for.",
    lesson="It goes in the Authorization header, never in the address: addresses are logged. "
    "Whoever holds it may use it, so it goes to this host and to no other.",
    source="RFC 6750 §2.1",
)
_OTHER = MessageStory(
    title="Another request",
    sender=Actor.PROGRAM,
    receiver=Actor.API,
    way=f"{_US} to the host in the address, directly",
    purpose="It is part of what you asked for.",
    lesson="It carries no token.",
    source="",
)

_STORIES = {
    MessageKind.AUTHORIZATION_REQUEST: _AUTHORIZE,
    MessageKind.AUTHORIZATION_RESPONSE: _REDIRECT,
    MessageKind.REFUSED_RESPONSE: _REFUSED,
    MessageKind.LANDING_PAGE: _PAGE,
    MessageKind.TOKEN_REQUEST: _TOKEN,
    MessageKind.CODE_REDEMPTION: _CODE,
    MessageKind.REFRESH: _REFRESH,
    MessageKind.CLIENT_CREDENTIALS: _CLIENT_CREDENTIALS,
    MessageKind.PASSWORD: _PASSWORD,
    MessageKind.DEVICE_POLL: _DEVICE_POLL,
    MessageKind.ON_BEHALF_OF: _ON_BEHALF_OF,
    MessageKind.KEYS_REQUEST: _KEYS,
    MessageKind.METADATA_REQUEST: _METADATA,
    MessageKind.DEVICE_REQUEST: _DEVICE,
    MessageKind.API_CALL: _API,
}
_WITH_PKCE = {
    ("code_challenge", MessageKind.AUTHORIZATION_REQUEST): _AUTHORIZE_WITH_PKCE,
    ("code_verifier", MessageKind.CODE_REDEMPTION): _CODE_WITH_PKCE,
}


def story_of(kind: MessageKind, parameters: Collection[str] = ()) -> MessageStory:
    """The story of a message that carries parameters of these names."""
    # A message without PKCE must not be told with it: the article's flow has none.
    for (name, proven), story in _WITH_PKCE.items():
        if kind is proven and name in parameters:
            return story
    return _STORIES.get(kind, _OTHER)
