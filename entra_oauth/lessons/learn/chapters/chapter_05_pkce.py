"""Chapter 5: PKCE, the secret that a thief of codes does not have."""

from __future__ import annotations

import base64
import hashlib
import secrets
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from entra_oauth.lessons.learn.chapter_words import chapter_from
from entra_oauth.lessons.learn.classroom import CLIENT, SCOPE
from entra_oauth.lessons.learn.steps import Feedback, right, wrong
from entra_oauth.protocol.endpoints.authorize import s256
from entra_oauth.protocol.messages import parse_form

if TYPE_CHECKING:
    from entra_oauth.lessons.learn.classroom import Classroom
    from entra_oauth.protocol.messages import HttpResponse

__all__ = ["CHAPTER"]


def _begin(classroom: Classroom) -> None:
    classroom.values["verifier"] = secrets.token_urlsafe(32)


def _challenge(typed: str, classroom: Classroom) -> Feedback:
    verifier = classroom.values["verifier"]
    wanted = s256(verifier)
    if typed == wanted:
        classroom.values["challenge"] = typed
        classroom.values["code"] = _code(classroom, typed)
        return right(
            "The same verifier always gives this challenge; nobody can compute the way back. "
            "Alice has just signed in with it in the authorize URL."
        )
    return wrong(_fault(typed, verifier, wanted))


def _fault(typed: str, verifier: str, wanted: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    with_newline = base64.urlsafe_b64encode(hashlib.sha256(f"{verifier}\n".encode()).digest())
    if typed == verifier:
        return "That is the verifier itself. It stays here; only its hash goes out now."
    if typed.rstrip("=") == wanted:
        return "Almost: leave out the = at the end (RFC 7636 appendix A)."
    if typed.lower() == digest.hex():
        return "The right hash, written as hexadecimal. It is wanted in base64url."
    if typed.rstrip("=") == base64.b64encode(digest).decode().rstrip("="):
        return "The right hash in plain base64. base64url has - for + and _ for /."
    if typed.rstrip("=") == with_newline.decode().rstrip("="):
        return "A line break was hashed too. Use printf %s instead of echo."
    if typed == base64.urlsafe_b64encode(digest.hex().encode()).decode().rstrip("="):
        return "The hexadecimal text was encoded. Encode the 32 bytes of the hash themselves."
    if len(typed) != len(wanted):
        return f"A challenge has {len(wanted)} characters; this has {len(typed)}."
    return "That is another hash. Was the verifier copied whole, and nothing beside it?"


def _code(classroom: Classroom, challenge: str) -> str:
    fields = (
        ("client_id", CLIENT),
        ("response_type", "code"),
        ("redirect_uri", "http://localhost"),
        ("response_mode", "query"),
        ("scope", SCOPE),
        ("state", "kettle-lantern-river-42"),
        ("code_challenge", challenge),
        ("code_challenge_method", "S256"),
    )
    return dict(parse_form(urlsplit(classroom.browse(classroom.authorize_url(fields)).url).query))[
        "code"
    ]


def _redeem(classroom: Classroom, verifier: str | None) -> HttpResponse:
    fields = (
        ("client_id", CLIENT),
        ("scope", SCOPE),
        ("code", classroom.values["code"]),
        ("redirect_uri", "http://localhost"),
        ("grant_type", "authorization_code"),
    )
    return classroom.post(fields if verifier is None else (*fields, ("code_verifier", verifier)))


def _thief(classroom: Classroom) -> str:
    reply = _redeem(classroom, None)
    guess = _redeem(classroom, secrets.token_urlsafe(32))
    return (
        "Mallory has read the code in the browser's history, and is quicker than the program. She "
        "redeems it without a verifier:\n\n" + classroom.answer_lines(reply) + "\n\n"
        "and with one that she made up:\n\n" + classroom.answer_lines(guess) + "\n\n"
        "AS ENTRA: 501481 for a wrong verifier. UNKNOWN: today's number for a missing one, and "
        "whether a wrong one uses the code up; here it does not."
    )


def _verifier(typed: str, classroom: Classroom) -> Feedback:
    if typed == classroom.values["challenge"]:
        return wrong(
            "That is the challenge, which went through the browser: Mallory may have seen it. "
            "Send what only this program knows."
        )
    if typed != classroom.values["verifier"]:
        return wrong("That is neither of the two values. Copy the verifier from above, whole.")
    reply = _redeem(classroom, typed)
    if reply.status != 200:
        classroom.values["code"] = _code(classroom, classroom.values["challenge"])
        reply = _redeem(classroom, typed)
    return right(
        f"The tenant hashed it, compared it with the challenge, and answered {reply.status} with "
        "the token. The verifier went over the back channel only."
    )


CHAPTER = chapter_from(
    "chapter_05_pkce",
    checks={"challenge": _challenge, "verifier": _verifier},
    parts={
        "right_challenge": lambda classroom: s256(classroom.values["verifier"]),
        "thief": _thief,
    },
    prepare=_begin,
)
