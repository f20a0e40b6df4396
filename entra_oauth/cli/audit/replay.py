"""audit replay: a recorded request sent again, and its answer held against the recorded one."""

from __future__ import annotations

import json
import secrets
import sys
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from entra_oauth.channels.https.back_channel import RequestsBack
from entra_oauth.cli.session.wrap import prose, width
from entra_oauth.errors import DestinationRefused, UsageError, plain
from entra_oauth.protocol.messages import HttpResponse, is_loopback, split_origin
from entra_oauth.recording.compare.named_step import named_step
from entra_oauth.recording.redaction.redact import Redactor
from entra_oauth.recording.replay import (
    FreshSignIn,
    fresh_sign_in,
    replay_request,
    values_from_redirect,
)
from entra_oauth.recording.step import Level

if TYPE_CHECKING:
    from entra_oauth.cli.session.console import Console, Session
    from entra_oauth.cli.verbs.audit_verbs import ReplayOptions
    from entra_oauth.protocol.messages import HttpRequest
    from entra_oauth.recording.replay import ReplayRequest
    from entra_oauth.recording.step import Evidence, Step

__all__ = ["run"]

PERSON = "alice@contoso-practice.example"
PASSWORD = "practice"  # noqa: S105 - the toy directory's, printed on its own page
READ_TIMEOUT_S = 300.0


def run(options: ReplayOptions, session: Session) -> int:
    """Send it, and show both statuses, and which members the two answers have."""
    console = session.console
    if not options.step:
        raise UsageError("audit replay needs a step.", advice="Name it, such as rec#3.")
    evidence, step = named_step(options.step)
    values = _values() if options.values else {}
    with ExitStack() as stack:
        if options.to is None and not options.live:
            to, ready = _practice(step, evidence, values, stack)
        else:
            to, ready = _named(options, step, values)
        # A key log is no matter on the way to this machine; to others it is refused.
        near = is_loopback(urlsplit(to).hostname or "")
        back = stack.enter_context(RequestsBack(allow_keylog=near, say=console.say))
        console.say(f"{plain(ready.request.method)} {plain(split_origin(ready.request.url)[0])}")
        response = back.send(ready.request, timeout_s=options.network.http_timeout)
    _tell(step, ready, response, values, console)
    return 0


def _named(options: ReplayOptions, step: Step, values: dict[str, str]) -> tuple[str, ReplayRequest]:
    to = _origin(options.to) if options.to else split_origin(step.url)[0]
    parts = urlsplit(to)
    if not options.live and not is_loopback(parts.hostname or ""):
        raise DestinationRefused(
            f"{plain(parts.hostname or 'That host')} is not on this machine, so nothing was sent.",
            advice="Leave --to out for a practice tenant. --live sends it to a real host: a code "
            "is good once, and a real answer holds real tokens.",
        )
    if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
        raise DestinationRefused(
            "Over plain http a code or a token could be read on the way, so nothing was sent.",
            advice="Use https for a host that is not on this machine.",
        )
    return to, replay_request(step, to=to, values=values)


def _origin(text: str) -> str:
    try:
        parts = urlsplit(text)
        good = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        good = False
    if not good or parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc:
        raise UsageError(
            "--to is no origin.", advice="Write scheme, host and port: http://localhost:8400."
        )
    return f"{parts.scheme}://{parts.netloc}"


def _practice(
    step: Step, evidence: Evidence, values: dict[str, str], stack: ExitStack
) -> tuple[str, ReplayRequest]:
    """A practice tenant, and the request ready for it: with a fresh code, if it hands one in."""
    from entra_oauth.practice import PracticeTenant, serve

    hosted = stack.enter_context(serve(PracticeTenant(), tls=False))
    to = hosted.base_url
    sign_in = fresh_sign_in(step, evidence, to=to)
    if sign_in is not None and "code" not in values:
        values = {**values_from_redirect(sign_in, _sign_in(sign_in)), **values}
    return to, replay_request(step, to=to, values=values)


def _sign_in(sign_in: FreshSignIn) -> str:
    """The address to which the practice tenant sends the browser once its person has signed in."""
    from entra_oauth.practice import PracticeBrowser, http_send

    reached: list[str] = []

    def send(request: HttpRequest) -> HttpResponse:
        if sign_in.redirect_uri and _place(request.url) == _place(sign_in.redirect_uri):
            reached.append(request.url)
            return HttpResponse(status=200)
        return http_send(request)

    PracticeBrowser(send, PERSON, PASSWORD).open(sign_in.url)
    return reached[0] if reached else ""


def _place(url: str) -> tuple[str, str, str]:
    """Scheme, host with port, and path. The tenant's own pages can be at the same host name."""
    parts = urlsplit(url)
    return parts.scheme, parts.netloc, parts.path or "/"


def _values() -> dict[str, str]:
    """NAME=VALUE lines of standard input; values as they are, not percent-encoded."""
    from entra_oauth.channels.terminal.secret_line import read_stdin

    if sys.stdin.isatty():
        raise UsageError(
            "Standard input is the terminal: what is typed there would be seen.",
            advice="Pipe the values in, or read them from a file: --values - <FILE.",
        )
    text = ""
    with suppress(EOFError):
        text = read_stdin(timeout_s=READ_TIMEOUT_S)
    values = {}
    for line in text.splitlines():
        name, mark, value = line.partition("=")
        if line.strip() and (not mark or not name.strip().isprintable()):
            raise UsageError(
                "A line on standard input is not NAME=VALUE.",
                advice="Give one line for each value, such as code=…, and nothing else.",
            )
        if line.strip():
            values[name.strip()] = value
    return values


# ---- what came ------------------------------------------------------------------------


def _tell(
    step: Step,
    ready: ReplayRequest,
    response: HttpResponse,
    values: dict[str, str],
    console: Console,
) -> None:
    known = dict.fromkeys(values.values(), "val")
    redactor = Redactor(level=Level.SECRETS, key=secrets.token_bytes(32), known=known)
    before = step.http_response
    kind = response.header("content-type") or ""
    now, then = _members(response), _members(before)
    if console.as_json:
        body = redactor.body(response.body, kind).text
        console.result_json(_as_json(step, ready, before, response, body))
        return
    filled = f" with fresh values for {', '.join(ready.filled)}" if ready.filled else ""
    console.result(f"step {step.number} ({plain(step.name)}) sent again{plain(filled)}")
    was = "no answer" if before is None else str(before.status)
    console.result(f"status: recorded {was}, now {response.status} {plain(response.reason)}")
    if now or then:
        for title, names in (
            ("in both answers", [n for n in then if n in now]),
            ("only recorded", [n for n in then if n not in now]),
            ("only now", [n for n in now if n not in then]),
        ):
            if names:
                shown = ", ".join(plain(name, limit=60) for name in names)
                console.result(prose(f"{title}: {shown}", indent=0, columns=width()))
    console.result("")
    for line in redactor.body(response.body, kind).text.splitlines()[:200]:
        console.result(f"  {plain(line, limit=4000)}")


def _members(response: HttpResponse | None) -> list[str]:
    if response is None:
        return []
    try:
        value = json.loads(response.body)
    except (ValueError, RecursionError):
        return []
    return [str(name) for name in value] if isinstance(value, dict) else []


def _as_json(
    step: Step, ready: ReplayRequest, before: HttpResponse | None, response: HttpResponse, body: str
) -> dict[str, Any]:
    return {
        "schema": "entra-oauth/replay/1",
        "step": step.number,
        "sent_to": split_origin(ready.request.url)[0],
        "filled": list(ready.filled),
        "recorded": {
            "status": None if before is None else before.status,
            "members": _members(before),
        },
        "now": {"status": response.status, "members": _members(response), "body": body},
    }
