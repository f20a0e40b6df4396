"""The words of a fault, for the command line, the control endpoint and Python.

    WHERE WORD…             where it applies: `token`, or `authorize,page`, or one of
                            discovery instance userrealm keys devicecode userinfo workspace
                            graph management workload
    redirect                the reply to the app, by whichever page it came about
    any                     all of these
    connect                 the proxy's answer to CONNECT: only drop, reset, delay=SECONDS,
                            status=N, and how often; match=host:HOST

    match=NAME:VALUE        only requests with that parameter
    after=N times=N         let N pass, then touch N
    probability=0.5         touch about half of them
    delay=SECONDS           answer late
    clock=+3600             answer by a clock that is an hour ahead
    user-consent=no         people may not consent, and nobody has, until the fault is cleared

    status=N body=TEXT type=MEDIA-TYPE
    aadsts=N error=TEXT suberror=TEXT claims=JSON       Entra's refusal
    cae                     a claims challenge, as the workspace makes them
    drop, reset             no answer: the connection ends

    header=NAME:VALUE retry-after=SECONDS
    set=NAME:VALUE unset=NAME       of a JSON answer, or of the reply to the app
    code=stolen             somebody else's code in the reply to the app
    id_token.CLAIM=VALUE access_token.CLAIM=VALUE       `+60` is a time; empty takes it out
    mode=query|fragment|form_post           the reply comes another way than was asked for
    twice                   the browser delivers the reply to the app, and then once more
    first=/favicon.ico      the browser asks the app for that before it delivers the reply
    signature=broken        of the ID token
    truncate=BYTES          the body ends early

Words are taken apart as a shell does, so a value with blanks goes into quotes.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NoReturn

from entra_oauth.errors import UsageError, plain
from entra_oauth.practice.error_kinds import error_kinds
from entra_oauth.practice.faults import actions as parts
from entra_oauth.practice.faults.contradictions import clash
from entra_oauth.practice.faults.fault_rule import PLACES, FaultRule
from entra_oauth.practice.faults.redirect_actions import Frames, OtherMode
from entra_oauth.practice.faults.scenarios import SCENARIOS

if TYPE_CHECKING:
    from collections.abc import Callable

    from entra_oauth.practice.faults.fault_rule import Scene
    from entra_oauth.practice.pages.reply_to_app import Answer

    Edit = Callable[[Scene, Answer], Answer]

__all__ = ["read_fault", "read_rule"]

_LONGEST_DELAY_S = 600
_SENDABLE = re.compile(r"[\t\x20-\x7e]*")
_PATH = re.compile(r"/[!-~]{0,200}")
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,80}")


def read_fault(text: str) -> tuple[FaultRule, ...]:
    """The rules of a scenario's name, or the one rule that is written there.

    Raises `UsageError`, which names what was not understood.
    """
    scenario = SCENARIOS.get(text.strip())
    if scenario is not None:
        return tuple(replace(read_rule(each), name=scenario.name) for each in scenario.rules)
    return (read_rule(text),)


def read_rule(text: str) -> FaultRule:
    """Read one rule. Raises `UsageError`."""
    try:
        first, *words = shlex.split(text)
    except ValueError:
        _wrong("its quotes do not match, or it is empty")
    if first in SCENARIOS and words:
        _wrong(f"{first} is a name, and {_shown(words[0])} follows it: a name stands alone")
    where = tuple(first.split(","))
    if strange := [place for place in where if place not in (*PLACES, "any")]:
        _wrong(
            f"{_shown(strange[0])} is neither a place nor the name of a fault",
            near=_near(strange[0]),
        )
    if not words:
        _wrong("it does not say what is to happen")
    draft = _Draft()
    for word in words:
        name, mark, value = word.partition("=")
        draft.take(name, value if mark else None)
    return draft.rule(text, where)


@dataclass
class _Draft:
    """A rule, word by word."""

    match: list[tuple[str, str]] = field(default_factory=list)
    numbers: dict[str, float] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    flags: set[str] = field(default_factory=set)
    before: list[Callable[[Scene], Scene]] = field(default_factory=list)
    edits: list[Edit] = field(default_factory=list)

    def take(self, name: str, value: str | None) -> None:
        """Read one word."""
        token, dot, claim = name.partition(".")
        if value is None:
            if name not in ("drop", "reset", "cae", "twice"):
                _wrong(f"{_shown(name)} has no value")
            self.flags.add(name)
        elif name in self.numbers or name in self.texts:
            _wrong(f"{name} stands twice")
        elif name == "clock":
            self.before.append(parts.Clock(_number(name, value)))
        elif name in _NUMBERS:
            self.numbers[name] = _number(name, value)
        elif name in ("body", "type", "error", "suberror", "claims", "first"):
            self.texts[name] = value
        elif (name, value) == ("user-consent", "no"):
            self.before.append(parts.NoUserConsent())
        elif name == "match":
            self.match.append(_pair(name, value))
        elif dot and token in ("id_token", "access_token") and _NAME.fullmatch(claim):
            self.edits.append(parts.SetClaim(token, claim, value or None))
        else:
            self.edits.append(_edit(name, value))

    def rule(self, text: str, where: tuple[str, ...]) -> FaultRule:
        """The whole rule."""
        n = self.numbers
        if "connect" in where:
            self._check_tunnel()
        edits = list(self.edits)
        if "retry-after" in n:
            edits.append(parts.AddHeader("Retry-After", str(int(n["retry-after"]))))
        if "truncate" in n:
            edits.append(parts.Truncate(int(n["truncate"])))
        self._check_together(edits)
        frames = self._frames(where)
        if frames is not None:
            edits.append(frames)
        return FaultRule(
            text=text,
            where=where,
            match=tuple(self.match),
            after=int(n.get("after", 0)),
            times=int(n["times"]) if "times" in n else None,
            probability=n.get("probability", 1.0),
            delay_s=n.get("delay", 0.0),
            before=tuple(self.before),
            instead=self._instead(),
            edits=tuple(edits),
            outermost=frames is not None,
        )

    def _frames(self, where: tuple[str, ...]) -> Frames | None:
        first, twice = self.texts.get("first", ""), "twice" in self.flags
        roundabout = twice or "first" in self.texts
        unusual = roundabout or any(isinstance(edit, OtherMode) for edit in self.edits)
        if unusual and not {"redirect", "any"} & set(where):
            _wrong("mode, twice and first are about the place redirect")
        if "first" in self.texts and not _PATH.fullmatch(first):
            _wrong("first is not a path, such as /favicon.ico")
        return Frames(first=first, twice=twice) if roundabout else None

    def _check_tunnel(self) -> None:
        """A proxy's answer to CONNECT is a status, and nothing more."""
        allowed = {"after", "times", "probability", "delay", "status"}
        strange = {*self.numbers, *self.texts, *self.flags} - allowed - {"drop", "reset"}
        if strange or self.before or self.edits or self.numbers.get("status", 400) < 400:
            _wrong("at connect there is only drop, reset, delay, and status from 400 on")

    def _check_together(self, edits: list[Edit]) -> None:
        """No word may undo what another one does."""
        ending = self.flags & {"drop", "reset"}
        if ending and (edits or {"body", "type"} & set(self.texts)):
            _wrong(f"{min(ending)} leaves no answer that could be changed")
        if "aadsts" not in self.numbers and (
            lonely := {"error", "suberror", "claims"} & set(self.texts)
        ):
            _wrong(f"{min(lonely)} says more of aadsts=N, which is not there")
        if {"body", "type"} & set(self.texts) and ("aadsts" in self.numbers or "cae" in self.flags):
            _wrong("body and type are of an answer that is not Entra's")
        if what := clash(edits):
            _wrong(f"it decides {what} twice")

    def _instead(self) -> Callable[[Scene], Answer] | None:
        kinds = self.flags - {"twice"} | ({"status", "aadsts"} & set(self.numbers))
        if len(kinds) > 1:
            _wrong(f"{' and '.join(sorted(kinds))} exclude each other")
        if "aadsts" in self.numbers:
            return self._refusal(int(self.numbers["aadsts"]))
        if self.flags - {"twice"}:
            return parts.CaeChallenge() if "cae" in kinds else parts.EndConnection("reset" in kinds)
        if "status" in self.numbers or {"body", "type"} & set(self.texts):
            reply = parts.FixedAnswer(
                int(self.numbers.get("status", 200)), self.texts.get("body", "").encode("utf-8")
            )
            kind = self.texts.get("type", reply.content_type)
            if not _SENDABLE.fullmatch(kind):
                _wrong("type cannot be sent")
            return replace(reply, content_type=kind)
        return None

    def _refusal(self, number: int) -> parts.EntraRefusal:
        kind = error_kinds().get(number)
        if kind is None:
            _wrong(f"AADSTS{number} is none that the practice tenant knows")
        gaps = len(re.findall(r"\{\d*\}", kind.text))
        return parts.EntraRefusal(
            number=number,
            names=("practice",) * gaps,
            error=self.texts.get("error"),
            suberror=self.texts.get("suberror"),
            claims=self.texts.get("claims"),
        )


_NUMBERS: dict[str, tuple[float, float]] = {
    "after": (0, 10**6),
    "times": (1, 10**6),
    "probability": (0, 1),
    "delay": (0, _LONGEST_DELAY_S),
    "clock": (-(10**9), 10**9),
    "status": (200, 599),
    "aadsts": (1, 10**8),
    "retry-after": (0, 10**6),
    "truncate": (0, 10**6),
}
"""The words whose value is a number, and between which."""


def _edit(name: str, value: str) -> Edit:
    if name == "header":
        key, text = _pair(name, value)
        if not _NAME.fullmatch(key) or not _SENDABLE.fullmatch(text):
            _wrong("header cannot be sent")
        return parts.AddHeader(key, text.strip())
    if name == "set":
        return parts.SetField(*_pair(name, value))
    if name == "unset":
        return parts.SetField(value, None)
    if (name, value) == ("code", "stolen"):
        return parts.StolenCode()
    if name == "mode" and value in ("query", "fragment", "form_post"):
        return OtherMode(value)
    if (name, value) == ("signature", "broken"):
        return parts.SpoilSignature("id_token")
    _wrong(f"{_shown(name)} is not a word of a fault, or has a value that is not known")


def _pair(name: str, value: str) -> tuple[str, str]:
    key, mark, text = value.partition(":")
    if not mark or not key:
        _wrong(f"{name} needs NAME:VALUE")
    return key, text


def _number(name: str, value: str) -> float:
    low, high = _NUMBERS[name]
    number = float(value) if re.fullmatch(r"[+-]?[0-9]{1,10}(\.[0-9]{1,6})?", value) else None
    if number is None or not low <= number <= high:
        _wrong(f"{name} is not a number from {low:g} to {high:g}")
    return number


def _shown(text: str) -> str:
    return plain(text)[:40] or "nothing"


def _near(word: str) -> str:
    import difflib

    known = [*SCENARIOS, *PLACES]
    found = difflib.get_close_matches(word.lower()[:40], known, n=1, cutoff=0.7)
    return f"Did you mean {found[0]}? " if found else ""


def _wrong(what: str, *, near: str = "") -> NoReturn:
    raise UsageError(
        f"That fault is not understood: {what}.",
        advice=f"{near}See the words and the names with: entra-oauth practice fault help",
    )
