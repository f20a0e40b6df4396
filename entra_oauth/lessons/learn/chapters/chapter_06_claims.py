"""Chapter 6: what is in a token, and who may believe it."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from entra_oauth.channels.base import now
from entra_oauth.errors import IdTokenRefused
from entra_oauth.lessons.learn.classroom import CLIENT, DATABRICKS, TENANT
from entra_oauth.lessons.learn.steps import Chapter, Feedback, Page, Task, choice, right, wrong
from entra_oauth.lessons.learn.typed_answer import value_of
from entra_oauth.protocol.authority import Authority
from entra_oauth.protocol.endpoints.signing_keys import KeysRequest, SigningKeys, check_signature
from entra_oauth.protocol.glossary.message_kind import MessageKind
from entra_oauth.protocol.glossary.parameters import parameter
from entra_oauth.protocol.jwt import decode

if TYPE_CHECKING:
    from entra_oauth.lessons.learn.classroom import Classroom

__all__ = ["CHAPTER"]

_SHOWN = ("aud", "iss", "exp", "nonce", "preferred_username", "oid", "tid")
_WIDTH = 60


def _begin(classroom: Classroom) -> None:
    tokens = classroom.sign_in(f"openid profile {DATABRICKS}/.default")
    classroom.values["id token"] = tokens["id_token"]
    classroom.values["access token"] = tokens["access_token"]
    classroom.values["payload"] = tokens["id_token"].split(".")[1]


def _claims(classroom: Classroom, name: str = "id token") -> dict[str, Any]:
    return decode(classroom.values[name]).claims


def _parts(typed: str, classroom: Classroom) -> Feedback:
    words = {"one": "1", "two": "2", "three": "3", "four": "4"}
    count = typed.lower().removesuffix(".").removesuffix(" parts")
    if words.get(count, count) == "3":
        return right(
            "Header, body, signature, parted by dots (RFC 7519). The first two are JSON in "
            "base64url: anybody can read them. They are signed, not hidden."
        )
    return wrong("Count the pieces between the dots. Each is in brackets.")


def _outline(classroom: Classroom) -> str:
    pieces = classroom.values["id token"].split(".")
    return ".".join(f"[{len(piece)} characters]" for piece in pieces)


def _payload(classroom: Classroom) -> str:
    text = classroom.values["payload"]
    return "\n".join(f"    {text[i : i + _WIDTH]}" for i in range(0, len(text), _WIDTH))


def _audience(typed: str, classroom: Classroom) -> Feedback:
    claims, typed = _claims(classroom), value_of(typed, "aud")
    if typed == claims["aud"]:
        return right("That is our own client id: this token was made for this program to read.")
    names = [name for name, value in claims.items() if str(value) == typed]
    if names:
        return wrong(f"That is {names[0]}. Look for aud.")
    if typed.startswith("{"):
        return wrong("That is the whole body. Only the value of aud, without quotes.")
    if typed == DATABRICKS:
        return wrong("That is the id of Databricks. It is the audience of the access token.")
    return wrong("That is not the value of aud. It is an id, with four hyphens in it.")


def _table(classroom: Classroom) -> str:
    claims = _claims(classroom)
    rows = (parameter(MessageKind.ID_TOKEN, name) for name in _SHOWN if name in claims)
    lines = (
        f"     {row.name} = {classroom.masks.value(row.name, str(claims[row.name]))}\n\n"
        f"{row.sentence_of()}"
        for row in rows
        if row is not None
    )
    opening = "Some of what it says. The members of a token are called claims; times are seconds "
    return f"{opening}since 1970.\n\n" + "\n\n".join(lines)


def _keys(classroom: Classroom) -> SigningKeys:
    request = KeysRequest(Authority(classroom.base_url, TENANT))
    return SigningKeys.read(classroom.send(request.to_http()), answering=request, received_at=now())


def _forge(typed: str, classroom: Classroom) -> Feedback:
    if "@" not in typed or len(typed) > 100 or '"' in typed or " " in typed:
        return wrong("Type a user name such as bob@contoso-practice.example.")
    if typed == _claims(classroom)["preferred_username"]:
        return wrong("That is who it says already. Make it somebody else.")
    header, _, signature = classroom.values["id token"].split(".")
    body = json.dumps({**_claims(classroom), "preferred_username": typed}).encode()
    forged = f"{header}.{base64.urlsafe_b64encode(body).decode().rstrip('=')}.{signature}"
    keys = _keys(classroom)
    check_signature(classroom.values["id token"], keys)
    try:
        check_signature(forged, keys)
    except IdTokenRefused as error:
        return right(
            "The token was changed just so, and decoding it shows the new name without a murmur. "
            f"Then this project's own check looked at the signature: {error.what} The unchanged "
            "token passed the same check."
        )
    return wrong("The forged token passed, which must not be. Please report this.")


CHAPTER = Chapter(
    number=6,
    title="Reading and checking tokens",
    minutes=7,
    in_short="A token is signed, not hidden. The ID token is for the program, which checks it; the "
    "access token is for the API, which checks it. To decode is not to check.",
    prepare=_begin,
    steps=(
        Page(
            text="Alice has signed in once more, this time with openid in the scope. So two tokens "
            "came.\n\n"
            "The access token is for the API. It is a key: the program hands it on and need not "
            "understand it.\n\n"
            "The ID token is for the program. It says who signed in. It opens nothing.\n\n"
            "AS ENTRA: both are JWTs (say jot), a kind of text that RFC 7519 defines. That an "
            "access token is one is Entra's own affair and may change."
        ),
        Task(
            asks=lambda classroom: (
                "This is the outline of your ID token, its dots as they are:\n\n"
                f"    {_outline(classroom)}\n\n"
                "How many parts does it have?"
            ),
            check=_parts,
            answer=lambda classroom: "3",
            hints=("The parts are what stands between the dots.",),
            prompt="a number",
        ),
        Task(
            asks=lambda classroom: (
                "This is its middle part, broken into lines. It opens nothing; you may paste it "
                f"where you like.\n\n{_payload(classroom)}\n\n"
                "Decode it in a second terminal: start this, paste the lines, then Ctrl-D on a "
                "line of its own.\n\n"
                '    python3 -c \'import base64,sys; t="".join(sys.stdin.read().split()); '
                'print(base64.urlsafe_b64decode(t+"=="*2).decode())\'\n\n'
                "What is the value of aud, the audience?"
            ),
            check=_audience,
            answer=lambda classroom: str(_claims(classroom)["aud"]),
            hints=(
                'In what is printed, look for "aud": the value is in the quotes after it.',
                "You know it: it is the id that you sent as client_id.",
            ),
            prompt="value of aud",
        ),
        Page(text=_table),
        choice(
            "You could decode it without any password or key. What does that tell you about what "
            "it says?",
            (
                (
                    "it is true, since it could be decoded",
                    "Anybody can write such a text. That it can be read says nothing.",
                ),
                (
                    "nothing, until its signature is checked",
                    "So entra-oauth decode ends with the words: not verified.",
                ),
                ("it is secret", "No. Whoever sees the token can read it, as you did."),
            ),
            correct=1,
            hint="Who could have written that text?",
        ),
        Task(
            asks="Forge it. Whose name should the token say instead of Alice's? Type a user name "
            "such as bob@contoso-practice.example; it is put into the body, and the signature "
            "stays as it was.",
            check=_forge,
            answer=lambda classroom: "bob@contoso-practice.example",
            hints=("Any name with an @ in it, but Alice's.",),
            prompt="user name",
        ),
        Page(
            text="What the program checks in an ID token (OpenID Connect Core section "
            "3.1.3.7):\n\n"
            "iss: is it from the authority that was asked?\n\n"
            f"aud: is it for us, {CLIENT}?\n\n"
            "exp: is it still good?\n\n"
            "nonce: is it the one that we sent with this sign-in? It ties the token to the "
            "question, as the state ties the code.\n\n"
            "The signature: was it made with a key that the authority publishes, by the way that "
            "was agreed on (RS256), whatever the token itself says of that?"
        ),
        choice(
            lambda classroom: (
                "The access token has another audience: "
                f"{_claims(classroom, 'access token')['aud']}. Should your program check the "
                "access token's signature before it uses it?"
            ),
            (
                (
                    "yes, one cannot be too careful",
                    "It is not addressed to you. AS ENTRA: for some APIs (Graph) the signature "
                    "cannot even be checked by others.",
                ),
                (
                    "no, the API does that",
                    "The audience is the one who checks. For the program the access token is a "
                    "sealed letter to somebody else.",
                ),
            ),
            correct=1,
            hint="Whom is it addressed to?",
        ),
    ),
)
