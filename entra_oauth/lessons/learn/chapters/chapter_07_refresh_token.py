"""Chapter 7: a new access token without a new sign-in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from entra_oauth.errors import plain
from entra_oauth.lessons.learn.chapter_words import chapter_from
from entra_oauth.lessons.learn.classroom import CLIENT, DATABRICKS, SCOPE, members
from entra_oauth.lessons.learn.steps import Feedback, right, wrong
from entra_oauth.protocol.messages import parse_form

if TYPE_CHECKING:
    from entra_oauth.lessons.learn.classroom import Classroom

__all__ = ["CHAPTER"]

_NAMES = ("client_id", "grant_type", "refresh_token", "scope")
_LATER_S = 2 * 3600
_MODEL = (
    f"client_id={CLIENT}&grant_type=refresh_token&refresh_token=RT"
    f"&scope={SCOPE.replace('/', '%2F')}+offline_access"
)


def _begin(classroom: Classroom) -> None:
    tokens = classroom.sign_in(f"{SCOPE} offline_access")
    classroom.values["access token"] = tokens["access_token"]
    classroom.values["refresh token"] = tokens["refresh_token"]


def _expired(classroom: Classroom) -> str:
    fresh = _status(classroom)
    classroom.tenant.advance(_LATER_S)
    late = _status(classroom)
    classroom.tenant.advance(-_LATER_S)
    return (
        f"Alice has an access token. Just now the workspace answered {fresh} to it. Then the "
        f"practice tenant's clock was put two hours ahead, and it answered {late}. (TOY: only the "
        "practice tenant has a clock that can be put. UNKNOWN: the real workspace's exact words "
        "for an expired token.)\n\n"
        "So the access token has run out. Alice would have to sign in again, every hour or so. "
        "That is why a second token came along, because offline_access was in the scope: the "
        "refresh token. (STRICTER: here offline_access must be in the authorize URL; Entra may "
        "take it later too.)"
    )


def _status(classroom: Classroom) -> int:
    return classroom.call_api(
        ("Authorization", f"Bearer {classroom.values['access token']}")
    ).status


def _form(typed: str, classroom: Classroom) -> Feedback:
    if any(c.isspace() for c in typed):
        return wrong("A form has no blanks: name=value, joined by &. A blank in a value is a +.")
    pairs = parse_form(typed)
    fault = _fault(pairs)
    if fault is not None:
        return wrong(fault)
    token = classroom.values["refresh token"]
    sent = tuple((n, token if n == "refresh_token" else v) for n, v in pairs)
    reply = classroom.post(sent)
    if reply.status != 200:
        return wrong(f"It was sent, and refused:\n\n{classroom.answer_lines(reply)}")
    classroom.values["new refresh token"] = str(members(reply).get("refresh_token", ""))
    return right(
        f"It was sent with your refresh token, and answered:\n\n{classroom.answer_lines(reply)}"
    )


def _fault(pairs: tuple[tuple[str, str], ...]) -> str | None:
    names = [name for name, _ in pairs]
    form = dict(pairs)
    for name in ("client_id", "grant_type", "refresh_token"):
        if name not in names:
            return f"{name} is missing."
    for name in names:
        if names.count(name) > 1:
            return f"{name} stands there twice."
    if form["grant_type"] != "refresh_token":
        return "grant_type says what is handed in. It is no code this time: refresh_token."
    if form["client_id"] != CLIENT:
        return "client_id is not the app's id. A refresh token is good for the app it was made for."
    if form["refresh_token"] != "RT":  # noqa: S105 - the placeholder
        return "Write refresh_token=RT; the real one is put in its place."
    if "redirect_uri" in names or "code" in names:
        return "Neither a code nor a redirect is involved: leave out code and redirect_uri."
    if "client_secret" in names:
        return "This app is public: it has no secret, and must not send one (AADSTS700025)."
    for name in names:
        if name not in _NAMES:
            return f"{plain(name, limit=40)} does not belong to a refresh: leave it out."
    asked = form.get("scope", SCOPE).split()
    if not any(each.startswith(f"{DATABRICKS}/") for each in asked):
        return "The scope must name Databricks, as before, or be left out."
    return None


def _both_good(classroom: Classroom) -> str:
    old = _refresh(classroom, classroom.values["refresh token"])
    new = _refresh(
        classroom, classroom.values.get("new refresh token") or classroom.values["refresh token"]
    )
    return (
        "The answer brought a new refresh token too. Now both were used once more:\n\n"
        f"    the old one   HTTP {old}\n    the new one   HTTP {new}\n\n"
        "AS ENTRA: the old one stays good; each lives up to ninety days. Keep the new one and "
        "throw the old one away all the same. RFC 9700 section 2.2.2 asks more of authorities: "
        "for a public app the old one must die with its use, so that a theft is noticed, or be "
        "bound to a key that only the app has."
    )


def _refresh(classroom: Classroom, token: str) -> int:
    return classroom.post(
        (("client_id", CLIENT), ("grant_type", "refresh_token"), ("refresh_token", token))
    ).status


def _revoked(classroom: Classroom) -> str:
    classroom.tenant.advance(5)
    classroom.tenant.revoke_sessions("alice")
    reply = classroom.post(
        (
            ("client_id", CLIENT),
            ("grant_type", "refresh_token"),
            ("refresh_token", classroom.values["refresh token"]),
        )
    )
    _begin(classroom)  # she signs in once more: whoever goes back has a token that is good
    return (
        "Alice has lost her laptop, and an administrator has revoked her sessions. The refresh "
        "token is tried again:\n\n"
        + classroom.answer_lines(reply)
        + "\n\nWhat should a program do now?"
    )


CHAPTER = chapter_from(
    "chapter_07_refresh_token",
    checks={"form": _form},
    parts={
        "expired": _expired,
        "model": lambda classroom: _MODEL,
        "both_good": _both_good,
        "revoked": _revoked,
    },
    prepare=_begin,
)
