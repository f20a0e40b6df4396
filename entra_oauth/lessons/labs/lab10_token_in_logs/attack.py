"""Lab 10: tokens in log files and on command lines."""

from __future__ import annotations

import io
import logging
import shutil
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from entra_oauth.child_program import answer_of, signals_kept
from entra_oauth.lessons.labs.lab import Demonstration, lab_from
from entra_oauth.lessons.labs.rerun import Rerun, fields_of
from entra_oauth.lessons.labs.sandbox import CLIENT
from entra_oauth.lessons.labs.stage import members
from entra_oauth.lessons.labs.trials import fresh
from entra_oauth.recording.facts import facts_of
from entra_oauth.recording.files import files_of
from entra_oauth.recording.redaction.leak_search import leaks
from entra_oauth.recording.redaction.secrets import live_secrets
from entra_oauth.recording.save import evidence_of
from entra_oauth.recording.step import Level

if TYPE_CHECKING:
    from collections.abc import Callable

    from entra_oauth.lessons.labs.sandbox import Sandbox
    from entra_oauth.lessons.labs.stage import Stage
    from entra_oauth.lessons.labs.trials import Trials

__all__ = ["LAB"]


def _seen_by_others(token: str, *, as_argument: bool) -> bool:
    """True where a list of processes shows the token that a program was given."""
    lines = "import sys; print(flush=True); sys.stdin.readline(); sys.stdin.readline()"
    extra = [f"Authorization: Bearer {token}"] if as_argument else []
    with ExitStack() as at_the_end:
        with signals_kept():
            child = subprocess.Popen(  # noqa: S603 - this Python, and a line of our own
                [sys.executable, "-c", lines, *extra],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            at_the_end.callback(child.communicate, "\n")
        if child.stdin is not None and child.stdout is not None:
            child.stdin.write("\n" if as_argument else f"{token}\n")
            child.stdin.flush()
            child.stdout.readline()  # before that it may not be a program of its own yet
        listed = _command_line(child.pid)
    return token[:60] in listed


def _command_line(pid: int) -> str:
    process = Path(f"/proc/{pid}/cmdline")
    if process.exists():
        return process.read_text("utf-8", "replace")
    ps = shutil.which("ps")
    if ps is None:
        return ""
    shown = answer_of([ps, "-ww", "-o", "args=", "-p", str(pid)])
    return shown.stdout.decode("utf-8", "replace")


def _yes(value: bool) -> str:
    return "Yes" if value else "No"


def attack(sandbox: Sandbox) -> Demonstration:
    """A log at level DEBUG, and a token as an argument."""
    client = sandbox.naive_client("http://localhost:9")
    answer = sandbox.answer_for(client.authorize_url(), "alice")
    token = client.redeem(sandbox.code_of(answer))["access_token"]
    logged = any(token in line for line in client.log)
    listed = _seen_by_others(token, as_argument=True)
    return Demonstration(
        logged and (listed or sys.platform == "win32"),
        (
            "Something does not work, so somebody sets the log to DEBUG.",
            f"Is Alice's access token in the log? {_yes(logged)}.",
            "Then the API is tried by hand: curl -H 'Authorization: Bearer …'.",
            f"Do other users of the machine see the token in the process list? {_yes(listed)}.",
        ),
        "The attack works: logs are copied, mailed and kept for years.",
    )


def defence(sandbox: Sandbox) -> Demonstration:
    """Our client with every logger at DEBUG, its recording, and a token by standard input."""
    heard = io.StringIO()
    handler, root = logging.StreamHandler(heard), logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        ended = sandbox.sign_in(lambda url: sandbox.open(url, "alice"))
    finally:
        root.removeHandler(handler)
        root.setLevel(before)
    secrets = live_secrets(ended.recording)
    logged = any(secret in heard.getvalue() for secret in secrets)
    evidence = evidence_of(
        ended.recording, level=Level.SECRETS, created_at=0.0, facts=facts_of({}, verb="lab")
    )
    written = b"".join(files_of(evidence).values())
    in_recording = bool(leaks(written, secrets))
    token = ended.tokens.access_token if ended.tokens else ""
    listed = _seen_by_others(token, as_argument=False)
    return Demonstration(
        bool(token) and bool(secrets) and not logged and not in_recording and not listed,
        (
            "Every logger of the process is set to DEBUG while our client signs Alice in.",
            f"Is a code, verifier or token in what was logged? {_yes(logged)}.",
            f"Is one in the recording, which has every message? {_yes(in_recording)}.",
            "A program gets the token by standard input, as --token-stdin does it.",
            f"Does the process list show it? {_yes(listed)}.",
        ),
        "Stopped: what is written is redacted first, and then searched once more.",
    )


_MEMBERS = ("access_token", "refresh_token", "id_token", "client_info", "assertion", "device_code")
_UNKNOWN = ("AccessToken", "new_kind", "session", "code", "key", "x")


def rerun(stage: Stage, function: Callable[..., Any]) -> Rerun:
    """A token answer and an error of the tenant, logged as this function says."""
    client = stage.client()
    code = dict(fields_of(stage.answer_for(client.authorize_url(), "alice")))["code"]
    asked = stage.posting(
        stage.authority.token_endpoint,
        client_id=CLIENT,
        grant_type="authorization_code",
        code=code,
        redirect_uri=client.redirect_uri,
    )
    answers = [stage.send(asked) for _ in range(2)]
    good, bad = (str(function(each.status, members(each))) for each in answers)
    token = str(members(answers[0])["access_token"])
    leaked = token in good
    shown = good.replace(token, f"<the access token, all {len(token)} characters>")
    return Rerun(
        stopped=not leaked,
        works="200" in good and "invalid_grant" in bad,
        told=f"Alice's access token is {'' if leaked else 'not '}in the log.",
        passed=(answers[0], f"the log: {shown}", answers[1], f"the log: {bad}"),
    )


def check(trials: Trials, function: Callable[..., Any]) -> None:
    """All that helps and nothing else, on one line, whatever the authority wrote."""
    hidden = {name: fresh() for name in (*_MEMBERS, *_UNKNOWN)}
    inner = fresh()
    answer = {"token_type": "Bearer", "expires_in": 3617, **hidden, "more": {"token": [inner]}}
    text = "AADSTS70008: It has expired."
    forged = f"{text}\r\n{fresh()} INFO signed in\u2028x\x1b[2J"
    try:
        good = str(function(200, dict(answer)))
        bad = str(function(400, {"error": "invalid_grant", "error_description": text}))
        lines = str(function(400, {"error": "invalid_grant", "error_description": forged}))
        empty = str(function(503, {}))
    except Exception as error:
        trials.that(False, f"It must return a text. It raised {type(error).__name__}.")
        return
    for name in (*_MEMBERS, *_UNKNOWN):
        trials.hides(good, (hidden[name],), f"The member {name} is in the line.")
    trials.hides(good, (inner,), "What lies inside of another member is in the line.")
    trials.that("200" in good and "3617" in good, "Status and expires_in must be in the line.")
    trials.that("invalid_grant" in bad and text in bad, "An error must be in the line, whole.")
    trials.that("503" in empty, "The status must be in the line, whatever else came.")
    trials.that("AADSTS70008" in lines, "An error must be in the line, whatever it has besides.")
    trials.that(
        lines.isprintable() and len(lines.splitlines()) == 1,
        "Line breaks and control characters of the text are in the line: it can forge a log.",
    )


LAB = lab_from(__name__, off=attack, on=defence, rerun=rerun, check=check)
