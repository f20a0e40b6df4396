"""Chapter 4: the code is exchanged for a token, with the real curl."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from entra_oauth.lessons.learn.chapter_words import chapter_from
from entra_oauth.lessons.learn.classroom import CLIENT, SCOPE, members
from entra_oauth.lessons.learn.steps import Feedback, right, wrong
from entra_oauth.protocol.messages import parse_form, split_form
from entra_oauth.shell_words import WINDOWS, article_curl

if TYPE_CHECKING:
    from entra_oauth.lessons.learn.classroom import Classroom
    from entra_oauth.protocol.messages import HttpRequest, HttpResponse

__all__ = ["CHAPTER", "curl_command"]

STATE = "kettle-lantern-river-42"
_PLACE = "<authorization-code>"


def _sign_in(classroom: Classroom) -> None:
    fields = (
        ("client_id", CLIENT),
        ("response_type", "code"),
        ("redirect_uri", "http://localhost"),
        ("response_mode", "query"),
        ("scope", SCOPE),
        ("state", STATE),
    )
    classroom.values["address"] = classroom.browse(classroom.authorize_url(fields)).url
    classroom.values["code"] = dict(split_form(urlsplit(classroom.values["address"]).query))["code"]
    classroom.parts["seen"] = len(classroom.tenant.log)


def _code(typed: str, classroom: Classroom) -> Feedback:
    typed, code = "".join(typed.split()), classroom.values["code"]
    if typed == code:
        return right(f"{len(code)} characters. It ends where the next & begins.")
    if typed == STATE:
        return wrong("That is the state. The code stands before it.")
    if typed.startswith("http"):
        return wrong("That is the whole address. Take only what stands after code= and before &.")
    if typed.startswith("code="):
        return wrong("Without code= at its beginning: only the value.")
    if typed.startswith(code):
        return wrong("There is too much of it. The code ends before the first &.")
    if len(typed) > 20 and code.startswith(typed):
        return wrong(
            f"The end is missing: {len(typed)} of {len(code)} characters came. Some terminals cut "
            "a long line; copy it again up to the &."
        )
    return wrong("That is not in the address. Take what stands between code= and the next &.")


def _fields(code: str) -> tuple[tuple[str, str], ...]:
    """Names and values as they go on the wire."""
    return (
        ("client_id", CLIENT),
        ("scope", quote(SCOPE, safe="")),
        ("code", code),
        ("redirect_uri", quote("http://localhost", safe="")),
        ("grant_type", "authorization_code"),
        ("state", STATE),
    )


def curl_command(classroom: Classroom, code: str = _PLACE, *, windows: bool = WINDOWS) -> str:
    """The article's command, for the practice tenant."""
    fields = _fields(code)
    return article_curl(classroom.token_endpoint, fields, indent="      ", windows=windows)


def _task_text(classroom: Classroom) -> str:
    if classroom.curl is None:
        return (
            "There is no curl here, or --no-curl was given. Without it this is the request that "
            "it would send; type send, and this program sends it in curl's place:\n\n"
            f"    {curl_command(classroom)}"
        )
    return (
        "This is the article's command. Open a second terminal on this machine, paste it there, "
        f"and put your code in the place of {_PLACE}. Then come back and press Enter (on a page, "
        "Answer): this program looks at what arrived at the tenant.\n\n"
        f"    {curl_command(classroom)}\n\n"
        "No second terminal at hand? Type run, and the same curl is run from here with your code."
    )


def _sent(typed: str, classroom: Classroom) -> Feedback:
    word = typed.strip().lower()
    if word == "run" and classroom.curl is not None:
        _run(classroom)
    elif word in ("send", "run"):
        _post(classroom)
    elif word:
        other = "send" if classroom.curl is None else "run"
        return wrong(f"Press Enter to look at what has arrived, or type {other}. Nothing else.")
    return _look(classroom)


def _run(classroom: Classroom) -> None:
    arguments = ["-X", "POST", "-H", "Content-Type: application/x-www-form-urlencoded"]
    for name, value in _fields(classroom.values["code"]):
        arguments += ["-d", f"{name}={value}"]
    classroom.run_curl([*arguments, classroom.token_endpoint])


def _post(classroom: Classroom) -> None:
    form = "&".join(f"{name}={value}" for name, value in _fields(classroom.values["code"]))
    classroom.post(parse_form(form))


def _look(classroom: Classroom) -> Feedback:
    found = [
        (request, reply)
        for request, reply in classroom.tenant.log[classroom.parts["seen"] :]
        if request.path.endswith("/token")
    ]
    if not found:
        return wrong(
            "Nothing has arrived at the token endpoint yet. Was the command run, with all of its "
            "lines? A \\ at a line's end must be the last sign on it."
        )
    # A second use of the code is refused; it is the first that counts.
    request, reply = next((pair for pair in found if pair[1].status == 200), found[-1])
    fault = _fault(request, reply, classroom)
    if fault is not None:
        return wrong(fault)
    classroom.parts["request"], classroom.parts["reply"] = request, reply
    agent = request.header("User-Agent") or "no name"
    return right(
        f"It arrived from {agent.partition('/')[0][:40]}, and the tenant answered {reply.status} "
        "with a token."
    )


def _fault(request: HttpRequest, reply: HttpResponse, classroom: Classroom) -> str | None:
    if reply.status == 200:
        return None
    form = dict(parse_form(request.body.decode("latin-1")))
    description = str(members(reply).get("error_description", "")).partition(" Trace ID")[0][:200]
    if _PLACE in form.get("code", ""):
        why = f"The placeholder {_PLACE} is still in it. Put the code there."
    elif form.get("code") != classroom.values["code"]:
        why = "The code that arrived is not the one in the address. Copy it once more."
    else:
        why = "Compare your command with the one above, line by line."
    return f"A request arrived, and was refused: {description} {why}"


def _what_went(classroom: Classroom) -> str:
    request, reply = classroom.parts["request"], classroom.parts["reply"]
    form = parse_form(request.body.decode("latin-1"))
    token = json.loads(reply.body)
    return (
        "This is what arrived, your code masked:\n\n"
        f"    POST {request.path}\n" + classroom.form_lines(form) + "\n\n"
        "And this is what went back, your token masked:\n\n"
        + classroom.answer_lines(reply)
        + f"\n\nThe token is good for {token['expires_in']} seconds. AS ENTRA: between 60 and 90 "
        "minutes, at random. There is no refresh token, because offline_access was not in the "
        "scope; and no state, because the token answer has none (RFC 6749 section 5.1)."
    )


def _again(classroom: Classroom) -> str:
    _post(classroom)
    reply = classroom.tenant.log[-1][1]
    return (
        "The same request was just sent a second time, with the same code. The answer:\n\n"
        + classroom.answer_lines(reply)
        + "\n\nAS ENTRA: a code works once (AADSTS54005). Somebody who finds it later in the "
        "browser's history finds nothing of worth. Somebody who is quicker than you does: chapter "
        "5 is about that."
    )


CHAPTER = chapter_from(
    "chapter_04_token_request",
    checks={"code": _code, "sent": _sent},
    parts={
        "task_text": _task_text,
        "sender": lambda classroom: "send" if classroom.curl is None else "run",
        "what_went": _what_went,
        "again": _again,
    },
    prepare=_sign_in,
)
