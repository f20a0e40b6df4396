"""The tables of the plans: each row with the minute at which it begins, by estimate."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

from teaching_minutes import Estimate, of_chapter, of_texts

__all__ = ["LENGTHS", "Material", "Row", "plan_rows", "plan_table"]

LENGTHS = (45, 90, 180)
"""Minutes of the plans."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What the rows of a plan are estimated from."""

    printed: Callable[[str], str]
    """What a command prints, for people and for programs."""
    slides: str
    """The file of the slides."""
    questions: str
    """The page of the questions."""
    worksheets: Mapping[str, Estimate]
    showing: Mapping[int, Estimate]
    """Of each lab, by its number."""
    repair: Mapping[int, Estimate]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of a plan."""

    what: str
    with_what: str
    minutes: int


def plan_rows(length: int, material: Material) -> tuple[Row, ...]:
    """The rows of the plan of so many minutes. Raises `ValueError` if they do not fit into it."""
    text = Path(__file__).with_name("teaching_plans.toml").read_text("utf-8")
    rows = tuple(
        Row(what=each["what"], with_what=each["with"], minutes=_minutes(each, material))
        for each in tomllib.loads(text)[str(length)]
    )
    takes = sum(row.minutes for row in rows)
    if takes > length:
        raise ValueError(f"the plan for {length} minutes takes {takes}")
    return rows


def _minutes(row: Mapping[str, Any], material: Material) -> int:
    """Of labs that are shown one after the other each takes the minutes of its notes."""
    minutes = int(row.get("minutes", 0))
    minutes += sum(material.showing[each].minutes for each in row.get("labs", ()))
    minutes += max((material.repair[each].minutes for each in row.get("repair", ())), default=0)
    minutes += sum(of_chapter(each).minutes for each in row.get("chapters", ()))
    if "worksheet" in row:
        minutes += material.worksheets[row["worksheet"]].minutes
    told = of_texts(_slide(each, material.slides) for each in row.get("slides", ()))
    commands = row.get("commands", ())
    told += of_texts(
        map(material.printed, commands), questions=row.get("asked", 0), commands=len(commands)
    )
    told += _questions(row.get("questions", 0), material.questions)
    return minutes + told.minutes


def _slide(name: str, slides: str) -> str:
    _, _, rest = slides.partition(f'id="{name}"')
    return re.sub(r"<[^>]*>", " ", rest.partition("</section>")[0])


def _questions(count: int, page: str) -> Estimate:
    """The first questions of the page, with their answers."""
    told: list[str] = []
    for half in page.split("## The answers"):
        told += re.split(r"^\d+\. ", half, flags=re.MULTILINE)[1 : count + 1]
    return of_texts(told, questions=count)


def plan_table(length: int, rows: Sequence[Row]) -> str:
    """The table in Markdown, and what is left of the time."""
    starts = accumulate((row.minutes for row in rows), initial=0)
    lines = ["| minute | takes | what | with |", "|---|---|---|---|"]
    lines += [
        f"| {start} | {row.minutes} | {row.what} | {row.with_what} |"
        for start, row in zip(starts, rows, strict=False)
    ]
    takes = sum(row.minutes for row in rows)
    left = f"{takes} minutes; {length - takes} left for what takes longer."
    return "\n".join([*lines, "", f"In all {left}", "", ""])
