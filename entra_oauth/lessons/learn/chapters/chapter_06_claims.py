"""Chapter 6: what is in a token, and who may believe it."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from entra_oauth.channels.base import now
from entra_oauth.errors import IdTokenRefused
from entra_oauth.lessons.learn.chapter_words import chapter_from
from entra_oauth.lessons.learn.classroom import DATABRICKS, TENANT
from entra_oauth.lessons.learn.steps import Feedback, right, wrong
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


CHAPTER = chapter_from(
    "chapter_06_claims",
    checks={"parts": _parts, "audience": _audience, "forge": _forge},
    parts={
        "outline": _outline,
        "payload": _payload,
        "id_token_aud": lambda classroom: str(_claims(classroom)["aud"]),
        "table": _table,
        "access_token_aud": lambda classroom: str(_claims(classroom, "access token")["aud"]),
    },
    prepare=_begin,
)
