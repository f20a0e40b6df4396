"""The progress of a learner in the chapters, or in the labs, in a file that only they can read.

It is replaced whole (0600). Each `learn` changes what it knows of its own chapter only, and
reads the file anew under a lock before it writes, so two at once do not disturb each other. A
damaged file is set aside, and that is said. Nothing here ends a lesson: where nothing can be
kept, that is said once.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from entra_oauth.cache import private_files
from entra_oauth.cache.lock import Lock
from entra_oauth.channels.base import now, say_nothing
from entra_oauth.errors import LocalError, plain

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["Mark", "Progress", "standard_place"]

_SCHEMA = "entra-oauth/learn/1"
_LONGEST = 64 * 1024
_MOST_STEPS = 1000
_WAIT_S = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """The place of a learner in one chapter."""

    step: int = 0
    """The step that is open, from 0."""
    done: bool = False
    """The chapter was finished once."""
    right: int = 0
    """Tasks solved without help, the last time it was finished."""
    solved: tuple[int, ...] = ()
    """The steps before the open one that were solved without help, from 0."""
    at_once: tuple[int, ...] = ()
    """Those of them whose first answer was right."""


def standard_place(name: str = "learn.json") -> Path:
    """The file of this person."""
    from platformdirs import user_state_path

    return user_state_path("entra-oauth", appauthor=False) / name


class Progress:
    """The file. `say` is told, once, where it cannot be used."""

    def __init__(self, path: Path, *, say: Callable[[str], None] = say_nothing) -> None:
        self._path = str(path)
        self._say = say
        self._works = True

    def marks(self) -> dict[int, Mark]:
        """The mark of each chapter that was begun."""
        try:
            return self._read()
        except LocalError as error:
            self._give_up(error)
            return {}

    def save(self, chapter: int, mark: Mark) -> None:
        """Remember `mark`; what others have written of other chapters stays."""
        if not self._works:
            return
        try:
            private_files.make_folder(os.path.dirname(self._path))
            lock = Lock(f"{self._path}.lock")
            if not lock.take(_WAIT_S):
                return  # somebody holds it for long: the next step is kept again
            with lock:
                marks = self._read()
                before = marks.get(chapter, Mark())
                marks[chapter] = Mark(
                    step=mark.step,
                    done=mark.done or before.done,
                    right=mark.right if mark.done else before.right,
                    solved=mark.solved,
                    at_once=mark.at_once,
                )
                private_files.write(self._path, _text(marks))
        except LocalError as error:
            self._give_up(error)

    def _read(self) -> dict[int, Mark]:
        try:
            text = private_files.read(self._path, limit=_LONGEST)
            return {} if text is None else _marks(text)
        except private_files.Damaged:
            aside = private_files.set_aside(self._path, now())
            self._say(
                f"Note: the file of your progress was damaged. It is set aside as {plain(aside)}, "
                "and you start anew. Each chapter and lab can be begun by its number."
            )
            return {}

    def _give_up(self, error: LocalError) -> None:
        if self._works:
            self._works = False
            # Its words about tokens are not for a lesson; what happened is in the first part.
            why = plain(error.what).partition(", so no token")[0].rstrip(".")
            self._say(f"Note: your progress is not kept: {why}. The lessons work all the same.")


def _text(marks: dict[int, Mark]) -> str:
    chapters = {str(number): _members(mark) for number, mark in sorted(marks.items())}
    return json.dumps({"schema": _SCHEMA, "chapters": chapters}, indent=1) + "\n"


def _members(mark: Mark) -> dict[str, Any]:
    shown = {"step": mark.step, "done": mark.done, "right": mark.right}
    lists = {"solved": list(mark.solved), "at_once": list(mark.at_once)}
    return {**shown, **{name: value for name, value in lists.items() if value}}


def _marks(text: str) -> dict[int, Mark]:
    """Raises `files.Damaged` for anything but what `_text` makes."""
    try:
        value = json.loads(text)
        if value["schema"] != _SCHEMA:
            raise private_files.Damaged
        return {_number(name): _mark(each) for name, each in value["chapters"].items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise private_files.Damaged from None


def _number(name: str) -> int:
    if not (name.isascii() and name.isdigit() and len(name) < 3):
        raise private_files.Damaged
    return int(name)


def _mark(value: Any) -> Mark:
    step, done, right = value["step"], value["done"], value["right"]
    # These two are not written before there is something to remember.
    solved, at_once = value.get("solved", []), value.get("at_once", [])
    counts = (step, right, *solved, *at_once)
    if not (type(done) is bool and type(solved) is type(at_once) is list):
        raise private_files.Damaged
    if not all(map(_is_count, counts)):
        raise private_files.Damaged
    return Mark(step=step, done=done, right=right, solved=tuple(solved), at_once=tuple(at_once))


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value < _MOST_STEPS
