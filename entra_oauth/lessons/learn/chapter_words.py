"""A chapter's words: a TOML file beside its module, with its pages and tasks in their order.

The module has what must be done: the check of each task, and the parts of a text that only the
classroom knows, which stand in the file as `$name`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from importlib import resources
from string import Template
from typing import TYPE_CHECKING, Any

from entra_oauth.lessons.learn.classroom import CLIENT, SCOPE, TENANT
from entra_oauth.lessons.learn.steps import Chapter, Feedback, Page, Task, choice

if TYPE_CHECKING:
    from entra_oauth.lessons.learn.classroom import Classroom
    from entra_oauth.lessons.learn.steps import Step, Telling

__all__ = ["chapter_from", "question", "unfolded", "words_of"]

Check = Callable[[str, "Classroom"], Feedback]
Part = Callable[["Classroom"], str]
_COMMON: Mapping[str, Part] = {
    "tenant": lambda classroom: TENANT,
    "client_id": lambda classroom: CLIENT,
    "scope": lambda classroom: SCOPE,
    "base_url": lambda classroom: classroom.base_url,
    "authorize_endpoint": lambda classroom: classroom.authorize_endpoint,
}


def chapter_from(
    name: str,
    *,
    checks: Mapping[str, Check] | None = None,
    parts: Mapping[str, Part] | None = None,
    prepare: Callable[[Classroom], None] | None = None,
) -> Chapter:
    """The chapter whose words are in `name`.toml.

    `checks` has the check of each task by the task's name. `parts` has what the texts name as
    `$name`; a name that is not in it is one of `_COMMON`, or a value of the classroom (`$user_code`
    is its `user code`).
    """
    words = words_of(f"chapters/{name}.toml")
    made = {**_COMMON, **(parts or {})}
    return Chapter(
        number=words["number"],
        title=words["title"],
        minutes=words["minutes"],
        in_short=unfolded(words["in_short"]),
        prepare=prepare,
        steps=tuple(_step(each, checks or {}, made) for each in words["step"]),
    )


def words_of(path: str) -> dict[str, Any]:
    """A TOML file of this room."""
    place = resources.files("entra_oauth.lessons.learn").joinpath(path)
    return tomllib.loads(place.read_text(encoding="utf-8"))


def question(row: Mapping[str, Any], made: Mapping[str, Part] | None = None) -> Task:
    """A question with options, `correct` being the place of the right one, from 0."""
    options = tuple((words, unfolded(why)) for words, why in row["options"])
    asks = _telling(row["asks"], made or {})
    return choice(asks, options, correct=row["correct"], hint=row["hint"])


def unfolded(text: str) -> str:
    """Each paragraph on one line, but for the lines in it that begin with a blank."""
    lines: list[str] = []
    for line in text.strip("\n").split("\n"):
        follows = lines and lines[-1] and line and " " not in (line[0], lines[-1][0])
        lines[-1:] = [f"{lines[-1]} {line}"] if follows else [*lines[-1:], line]
    return "\n".join(lines)


def _step(row: Mapping[str, Any], checks: Mapping[str, Check], made: Mapping[str, Part]) -> Step:
    if "text" in row:
        return Page(text=_telling(row["text"], made))
    if "options" in row:
        return question(row, made)
    answer = _telling(row["answer"], made)
    return Task(
        asks=_telling(row["asks"], made),
        check=checks[row["task"]],
        answer=answer if callable(answer) else lambda classroom: row["answer"],
        hints=tuple(_telling(hint, made) for hint in row["hints"]),
        prompt=row["prompt"],
        takes_secrets=row.get("takes_secrets", False),
        blank_is_an_answer=row.get("blank_is_an_answer", False),
    )


def _telling(text: str, made: Mapping[str, Part]) -> Telling:
    """The text, or what makes it in the classroom where it has a `$`."""
    words = unfolded(text)
    if "$" not in words:
        return words
    return lambda classroom: Template(words).substitute(_Parts(made, classroom))


class _Parts(dict[str, str]):
    """The parts of a text, each made when the text is told and names it."""

    def __init__(self, made: Mapping[str, Part], classroom: Classroom) -> None:
        self._made, self._classroom = made, classroom

    def __missing__(self, name: str) -> str:
        if name in self._made:
            return self._made[name](self._classroom)
        return self._classroom.values[name.replace("_", " ")]
