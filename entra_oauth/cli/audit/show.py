"""audit show: a recording as a list, or one step of it, byte by byte if need be.

Another program's file is shown as an import would keep it.
"""

from __future__ import annotations

import base64
import os
import re
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from entra_oauth.cli.audit.opened import Opened, opened, step_of
from entra_oauth.cli.session.times import utc_time
from entra_oauth.cli.session.wrap import prose, row, width
from entra_oauth.errors import UsageError, plain
from entra_oauth.moments import utc
from entra_oauth.protocol.messages import FORM, parse_form
from entra_oauth.recording.cover.cover_sheet import HOLDS, cover_rows
from entra_oauth.recording.cover.mark_words import mark_words
from entra_oauth.recording.cover.seen_words import change_words, seen_words
from entra_oauth.recording.seal import seal_remark
from entra_oauth.recording.step import Seen
from entra_oauth.recording.story import cast_of, evidence_remark, message_kind, step_story

if TYPE_CHECKING:
    from entra_oauth.cli.session.console import Session
    from entra_oauth.cli.verbs.audit_verbs import ShowOptions
    from entra_oauth.protocol.messages import Wire
    from entra_oauth.recording.step import Evidence, Half, Step
    from entra_oauth.recording.story import Cast

__all__ = ["run"]

_LONGEST = 100_000
_LEAST_ADDRESS = 24
"""Characters of an address that say which one it is."""
_STEP = re.compile(r"(?P<folder>.+)#(?P<number>[0-9]{1,6})")


def run(options: ShowOptions, session: Session) -> int:
    """Show the recording `DIR`, or of another program's file; or its step `STEP`."""
    console = session.console
    folder, number = _words(options.place)
    found = opened(folder, options.memory, console)
    evidence = found.evidence
    if options.page:
        from entra_oauth.cli.lessons.demo_page import show_recording

        show_recording(evidence, console)
        return 0
    if number is None:
        if options.raw or options.hex or options.explain:
            raise UsageError(
                "Which step is to be shown so is not said.",
                advice=f"Give its number: entra-oauth audit show {plain(str(folder))} 1",
            )
        if console.as_json:
            console.result_json(_as_json(evidence))
        else:
            console.result("\n".join(_list(found)))
        return 0
    step = step_of(found, folder, number)
    if console.as_json:
        members = _step_as_json(step, evidence, bytes_too=True)
        console.result_json({"schema": "entra-oauth/step/1", **members})
        return 0
    lines = _hex(step) if options.hex else _raw(step) if options.raw else _story(step, evidence)
    if options.explain:
        lines += _explained(step, evidence)
    console.result("\n".join(lines))
    return 0


def _words(words: tuple[str, ...]) -> tuple[Path, int | None]:
    if not 1 <= len(words) <= 2:
        raise UsageError(
            "audit show needs a folder or a file, and takes a step's number after it.",
            advice="Use entra-oauth audit show DIR, or entra-oauth audit show DIR 3.",
        )
    if len(words) == 1 and not os.path.exists(words[0]) and (one := _STEP.fullmatch(words[0])):
        words = (one["folder"], one["number"])  # as the other audit verbs name a step
    number = words[1].removeprefix("#") if len(words) == 2 else None
    if number is not None and not (number.isascii() and number.isdigit() and len(number) < 7):
        raise UsageError("The step is not a number.", advice="Give it in digits: 3.")
    return Path(words[0]), int(number) if number else None


# ---- the list ------------------------------------------------------------------------


def _list(found: Opened) -> list[str]:
    evidence = found.evidence
    program = evidence.facts.get("program")
    program = program if isinstance(program, dict) else {}
    verb = plain(str(program.get("verb") or "a program"))
    made = f"{verb}, {utc_time(evidence.created_at)}; {HOLDS[evidence.level]}"
    lines = [
        prose(made, indent=0, columns=width()),
        f"read from {_article(found.kind)} {plain(found.kind)} just now, and written nowhere"
        if found.kind
        else "every file is as it was written",
    ]
    if remark := evidence_remark(evidence):
        lines.append(prose(remark, indent=0, columns=width()))
    for name, text in cover_rows(evidence, seal=seal_remark(evidence.manifest), short=True):
        lines.append(prose(f"{name}: {plain(text)}", indent=0, columns=width()))
    lines.append("")
    cast = cast_of(evidence.steps)
    lines += _rows(evidence.steps, cast, columns=width())
    if evidence.claims:
        lines += ["", "Claims of the recorder, made while the secrets were there:"]
    for claim in evidence.claims:
        detail = f"{plain(claim.detail, limit=300)}{_where(claim.steps)}"
        lines += row(
            plain(claim.name, limit=40),
            plain(claim.verdict, limit=40),
            detail,
            indent=2,
            columns=width(),
        )
    if told := mark_words(evidence):
        meant = f"What the marks mean: {'; '.join(map(', '.join, told))}."
        lines += ["", prose(meant, indent=0, columns=width())]
    if evidence.not_seen:
        lines += ["", "Not in this recording:"]
        lines += [prose(plain(each), indent=2, columns=width()) for each in evidence.not_seen]
    return lines


def _article(noun: str) -> str:
    return "an" if noun.startswith(tuple("aeiou")) else "a"


def _where(steps: tuple[int, ...]) -> str:
    named = ", ".join(map(str, steps))
    return f" ({'step' if len(steps) == 1 else 'steps'} {named})" if steps else ""


def _way(step: Step, cast: Cast) -> str:
    what = step_story(step, cast)
    return f"{what.sender.value} to {what.receiver.value}"


def _rows(steps: tuple[Step, ...], cast: Cast, *, columns: int) -> list[str]:
    """A line for each step; two where an address would have no room beside the rest."""
    rows = [(_begun(step, cast), _address(step), _ended(step)) for step in steps]
    around = max((len(begun) + len(ended) for begun, _, ended in rows), default=0)
    beside = columns - around >= _LEAST_ADDRESS
    lines: list[str] = []
    for begun, (method, address, again), ended in rows:
        before = f"{begun}  {method} " if beside else f"{' ' * 5}{method} "
        room = max(columns - len(before) - len(again) - len(ended) - 1, _LEAST_ADDRESS)
        line = f"{before}{plain(address, limit=min(room, 60))}{again}{ended}".rstrip()
        lines += [line] if beside else [begun.rstrip(), line]
    return lines


def _begun(step: Step, cast: Cast) -> str:
    channel, name = plain(step.channel), plain(step.name)
    return f"{step.number:>3}  {channel:<5}  {_way(step, cast):<20}  {name:<16}"


def _address(step: Step) -> tuple[str, str, str]:
    again = f" (attempt {step.attempt})" if step.attempt > 1 else ""
    return plain(step.method), step.url.partition("?")[0].partition("://")[2], again


def _ended(step: Step) -> str:
    response = step.http_response
    came = "no answer" if step.channel == "back" else ""
    if response is not None:
        came = f"{response.status}"
    elif step.failure:
        came = plain(step.failure, limit=40)
    sizes = "/".join(str(len(half.data)) for half in (step.request, step.response) if half.data)
    took = f"{(step.ended_at - step.started_at) * 1000:.0f} ms" if step.channel == "back" else ""
    return f"  {came}  {sizes} bytes  {took}".rstrip()


# ---- one step ------------------------------------------------------------------------


def _story(step: Step, evidence: Evidence) -> list[str]:
    at = f"{utc(step.started_at):%H:%M:%S}"
    lines = [f"Step {step.number}: {plain(step.name)} ({plain(step.channel)} channel), {at} UTC"]
    if remark := evidence_remark(evidence):
        lines.insert(0, prose(remark, indent=0, columns=width()))
    cast = cast_of(evidence.steps)
    about = f"{_way(step, cast)}: {step_story(step, cast).title}"
    more = (about, plain(step.note, limit=400), *_link(step.link))
    lines += [f"  {line}" for line in more if line]
    if step.failure:
        lines.append(f"  it ended with {plain(step.failure)}")
    for claim in evidence.claims:
        if step.number in claim.steps:
            lines.append(f"  claim: {plain(claim.name)}: {plain(claim.verdict)}")
    for title, half in (("request", step.request), ("answer", step.response)):
        lines += ["", f"{title}: {_about(half)}", *_text(half)]
    return lines


def _about(half: Half) -> str:
    parts = [seen_words(half)]
    if half.seen is not Seen.NOTHING:
        parts.append(f"{len(half.data):,} bytes")
    was = half.original_size if half.seen is Seen.WIRE else None
    if was is not None and was != len(half.data):
        parts.append(f"{was:,} on the wire")
    if half.changes:
        parts.append(f"changed beside the values: {change_words(half)}")
    return "; ".join(parts)


def _link(link: Wire) -> list[str]:
    lines = []
    if link.peer:
        kept = " (the connection stood already)" if link.reused else ""
        lines.append(f"to {plain(link.peer)}{kept}")
    if link.proxy:
        lines.append(f"through the proxy {plain(link.proxy)}")
    if link.tls_version:
        alpn = f", {link.alpn}" if link.alpn else ""
        lines.append(plain(f"{link.tls_version}, {link.cipher}{alpn}"))
        count = len(link.certificates)
        lines.append(f"certificates: {count}, in files; revocation not checked")
    times = link.times
    named = ("dns", "connect", "tunnel", "tls", "send", "wait", "receive")
    shown = [
        f"{name} {value * 1000:.1f}"
        for name in named
        if (value := getattr(times, name)) is not None
    ]
    if shown:
        lines.append(f"milliseconds: {', '.join(shown)}")
    return lines


def _text(half: Half) -> list[str]:
    """The message as lines: its head, then its body decoded."""
    message = half.message
    if half.seen is Seen.ADDRESS or not message.whole:
        return [f"  {line}" for line in _safe(half.data)]
    head = bytes(message)[: len(bytes(message)) - len(message.body)].rstrip(b"\r\n")
    lines = [f"  {line}" for line in _safe(head)]
    body = message.decoded()
    if body is None:
        return [*lines, "", f"  {len(message.body):,} bytes that cannot be unpacked here"]
    return [*lines, "", *(f"  {line}" for line in _safe(body))] if body else lines


def _safe(data: bytes) -> list[str]:
    """Lines for a terminal: control and bidi characters by name."""
    text = data[:_LONGEST].decode("utf-8", "backslashreplace")
    lines = [plain(line, limit=_LONGEST) for line in text.replace("\r\n", "\n").split("\n")]
    if len(data) > _LONGEST:
        lines.append(f"… and {len(data) - _LONGEST:,} bytes more; see the file")
    return lines


def _raw(step: Step) -> list[str]:
    """Each byte that is no visible character by its name, line ends too."""
    lines = []
    for title, half in (("request", step.request), ("answer", step.response)):
        lines.append(f"{title}: {_about(half)}")
        text = half.data[:_LONGEST].decode("utf-8", "backslashreplace")
        for line in text.split("\n"):
            ended = line.endswith("\r")
            lines.append(f"  {plain(line.removesuffix(chr(13)), limit=_LONGEST)}{'␍␊' * ended}")
    return lines


def _hex(step: Step) -> list[str]:
    lines = []
    for title, half in (("request", step.request), ("answer", step.response)):
        lines.append(f"{title}: {_about(half)}")
        for at in range(0, min(len(half.data), _LONGEST), 16):
            piece = half.data[at : at + 16]
            shown = "".join(chr(b) if 0x20 <= b < 0x7F else "." for b in piece)
            lines.append(f"  {at:06x}  {piece.hex(' '):<47}  {shown}")
    return lines


def _explained(step: Step, evidence: Evidence) -> list[str]:
    """Lines for each parameter, with its meaning."""
    import json

    from entra_oauth.protocol.glossary.message_kind import kind_of_answer
    from entra_oauth.protocol.glossary.parameters import meaning_of

    request, response = step.http_request, step.http_response
    asked = message_kind(step, cast_of(evidence.steps))
    tables = [("in the address", parse_form(request.query), asked)]
    if (request.header("content-type") or "").lower().startswith(FORM):
        tables.append(("in the form", parse_form(request.body.decode("latin-1")), asked))
    if response is not None and response.body[:1] == b"{":
        try:
            members = json.loads(response.body)
        except (ValueError, RecursionError):
            members = {}
        if isinstance(members, dict):
            pairs = tuple(
                (str(k), v if isinstance(v, str) else json.dumps(v)) for k, v in members.items()
            )
            tables.append(("in the answer", pairs, kind_of_answer(asked, members)))
    lines: list[str] = []
    for title, fields, kind in tables:
        if fields:
            lines += ["", f"parameters {title}:"]
        for name, value in fields:
            shown = plain(value, limit=60)
            meaning = meaning_of(kind, name, value)
            lines += row(plain(name, limit=40), shown, meaning, indent=2, columns=width())
    return lines or ["", "There are no parameters in this step."]


# ---- JSON ----------------------------------------------------------------------------


def _as_json(evidence: Evidence) -> dict[str, Any]:
    return {
        "schema": "entra-oauth/recording-list/1",
        "created_at": utc_time(evidence.created_at),
        "level": evidence.level.value,
        "authority": evidence_remark(evidence) or None,
        "facts": evidence.facts,
        "manifest_sha256": _manifest_hash(evidence),
        "seal": seal_remark(evidence.manifest) or None,
        "not_seen": list(evidence.not_seen),
        "claims": [
            {"name": c.name, "verdict": c.verdict, "detail": c.detail, "steps": list(c.steps)}
            for c in evidence.claims
        ],
        "steps": [_step_as_json(step, evidence, bytes_too=False) for step in evidence.steps],
    }


def _manifest_hash(evidence: Evidence) -> str | None:
    return None if evidence.manifest is None else sha256(evidence.manifest.sums).hexdigest()


def _step_as_json(step: Step, evidence: Evidence, *, bytes_too: bool) -> dict[str, Any]:
    response, what = step.http_response, step_story(step, cast_of(evidence.steps))
    members: dict[str, Any] = {
        "number": step.number,
        "name": step.name,
        "channel": step.channel,
        "sender": what.sender.value.lower(),
        "receiver": what.receiver.value.lower(),
        "note": step.note,
        "method": step.method,
        "url": step.url,
        "status": response.status if response is not None else None,
        "started_at": utc_time(step.started_at),
        "seconds": round(step.ended_at - step.started_at, 6),
        "failure": step.failure,
        "attempt": step.attempt,
        "peer": step.link.peer,
        "proxy": step.link.proxy,
        "tls_version": step.link.tls_version,
        "cipher": step.link.cipher,
    }
    for name, half in (("request", step.request), ("response", step.response)):
        members[name] = {
            "seen": half.seen.value,
            "bytes": len(half.data),
            "original_size": half.original_size,
            "changes": list(half.changes),
        }
        if bytes_too:
            members[name]["base64"] = base64.b64encode(half.data).decode("ascii")
    return members
