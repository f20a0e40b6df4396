"""The worksheets: four messages of a sign-in on two printed pages, with numbered blanks.

What is left out is listed in `teaching_worksheets.toml`. The answers are not: each is read from the
recording and the glossary, in the message in which it stands, so that sheet and key agree.
"""

from __future__ import annotations

import json
import tomllib
from base64 import urlsafe_b64decode
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from entra_oauth.protocol.glossary.message_kind import MessageKind
from entra_oauth.protocol.glossary.parameters import parameter
from entra_oauth.recording.report.parameter_rows import ParameterRow, tables
from entra_oauth.recording.story import cast_of, evidence_remark, message_kind, step_story

if TYPE_CHECKING:
    from collections.abc import Mapping

    from entra_oauth.recording.step import Evidence

__all__ = ["HEADS", "NONE", "Blank", "Message", "Worksheet", "worksheet"]

NONE = "none"
"""The section of a parameter to which no text gives a meaning in its message."""
HEADS = ("name", "value", "what for", "section")
_FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message, or the token, and the rows that the sheet has of it."""

    number: int
    title: str
    way: str
    channel: str
    """`front` or `back`; empty for the token, which is no message."""
    rows: tuple[ParameterRow, ...]

    def row(self, name: str) -> ParameterRow:
        """The row of a parameter. Raises `StopIteration` where there is none."""
        return next(row for row in self.rows if row.name == name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Blank:
    """One place that is left out, and what belongs there."""

    number: int
    message: Message
    name: str
    """The parameter's; empty for the channel."""
    cell: str
    answer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Worksheet:
    """All that is on a sheet and its key."""

    title: str
    remark: str
    messages: tuple[Message, ...]
    blanks: tuple[Blank, ...]
    bank: tuple[str, ...]
    """The words to choose from: every answer, and some that fit nowhere."""
    questions: tuple[tuple[str, str], ...]
    """Each with its answer."""
    token: str
    token_name: str
    token_file: str


def worksheet(name: str, evidence: Evidence, token: str) -> Worksheet:
    """The sheet of that name in `teaching_worksheets.toml`, from a recorded sign-in.

    `token` is a whole one, to be decoded.
    """
    words = tomllib.loads((_FOLDER / "teaching_worksheets.toml").read_text("utf-8"))[name]
    messages = (*_messages(evidence), _of_token(token, words))
    blanks = tuple(_blank(n, each, messages) for n, each in enumerate(words["blanks"], start=1))
    bank = {*(blank.answer for blank in blanks), *words["others"]}
    return Worksheet(
        title=words["title"],
        remark=evidence_remark(evidence),
        messages=messages,
        blanks=blanks,
        bank=tuple(sorted(bank, key=str.casefold)),
        questions=tuple(_question(each, token) for each in words["questions"]),
        token=token,
        token_name=words["token"],
        token_file=f"token-{name}.txt",
    )


def _messages(evidence: Evidence) -> tuple[Message, ...]:
    cast = cast_of(evidence.steps)
    found: list[Message] = []
    for step in evidence.steps:
        if step.name not in ("authorize", "redirect", "token"):
            continue
        story, kind = step_story(step, cast), message_kind(step, cast)
        places = {each.where: each.rows for each in tables(step, kind)}
        asked = places.get("In the form") or places["In the address"]
        found.append(
            Message(
                number=len(found) + 1,
                title=story.title,
                way=f"{story.sender.value} → {story.receiver.value}",
                channel=step.channel,
                rows=asked,
            )
        )
        if step.name == "token":
            back = f"{story.receiver.value} → {story.sender.value}"
            rows = places["In the answer"]
            found.append(Message(number=4, title="The tokens", way=back, channel="back", rows=rows))
    return tuple(found)


def _of_token(token: str, words: Mapping[str, Any]) -> Message:
    """Of a token's claims those that are asked for."""
    kind = MessageKind(words["token"])
    asked = [each["name"] for each in words["blanks"] if each["message"] == 5]
    claims = _claims(token)
    rows = []
    for name in asked:
        known = parameter(kind, name)
        assert known is not None, name
        row = ParameterRow(
            name=name, raw="", value=claims[name], meaning=known.meaning, source=known.citation
        )
        rows.append(row)
    return Message(number=5, title="Inside the token", way="", channel="", rows=tuple(rows))


def _claims(token: str) -> dict[str, Any]:
    body = token.split(".")[1]
    claims: dict[str, Any] = json.loads(urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return claims


def _blank(number: int, place: Mapping[str, Any], messages: tuple[Message, ...]) -> Blank:
    message, name, cell = messages[place["message"] - 1], place.get("name", ""), place["cell"]
    if cell == "channel":
        answer = message.channel
    else:
        row = message.row(name)
        cells = (row.name, row.value, row.meaning, row.source or NONE)
        answer = dict(zip(HEADS, cells, strict=True))[cell]
    return Blank(number=number, message=message, name=name, cell=cell, answer=answer)


def _question(words: Mapping[str, Any], token: str) -> tuple[str, str]:
    ask, answer = str(words["ask"]), str(words["answer"])
    if words.get("minutes"):
        seconds = _claims(token)["exp"] - _claims(token)["nbf"]
        minutes, rest = divmod(seconds, 60)
        answer = answer.format(seconds=seconds, minutes=minutes)
        answer += f" and {rest} seconds." if rest else "."
    return ask, answer
