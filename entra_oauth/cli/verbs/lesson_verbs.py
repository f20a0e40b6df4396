"""Lessons on this machine: learn, lab, demo."""

from __future__ import annotations

from dataclasses import dataclass

from entra_oauth.cli.command_line.declare import Verb, flag, group, option, words
from entra_oauth.cli.options.recording_options import ExplainOptions, RecordingOptions

__all__ = [
    "VERBS",
    "DemoOptions",
    "LabCheckOptions",
    "LabListOptions",
    "LabOptions",
    "LearnOptions",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnOptions:
    """`learn`."""

    chapter: str | None = words("CHAPTER", "its number, 1 to 10")
    list: bool = flag("the chapters, and how far you are", key="learn-list")
    quiz: bool = flag(
        "questions instead, each with its answer explained; of all chapters, or of one",
        key="learn-quiz",
    )
    no_pause: bool = flag("do not wait for Enter between two pages")
    no_curl: bool = flag("where curl is not there: send the request from here")


@dataclass(frozen=True, slots=True, kw_only=True)
class LabOptions:
    """`lab`."""

    lab: str | None = words("LAB", "its number, 1 to 18, or its name")
    off: bool = flag("only the attack, on the naive client", key="lab-off")
    on: bool = flag("only the defence, on our own client", key="lab-on")
    me: str | None = option(
        "new file with a function for you to repair", key="lab-me", metavar="FILE"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LabListOptions:
    """`lab list`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabCheckOptions:
    """`lab check`."""

    answer: tuple[str, ...] = words(
        "LAB [FILE]", "the lab's number, and your file (lab01.py for lab 1, unless it is named)"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoOptions:
    """`demo`."""

    browser: bool = flag("use your own browser instead of the built-in one", key="demo-browser")
    procedure: str = option(
        "which requests are sent",
        key="demo-procedure",
        metavar="NAME",
        choices=("article", "hardened"),
        default="hardened",
    )
    report: str | None = option(
        "new file for the report (default: the same one each time, in your cache folder)",
        metavar="FILE",
    )
    recording: RecordingOptions = group(RecordingOptions)
    explain: ExplainOptions = group(ExplainOptions)


VERBS = (
    Verb(
        name="learn",
        module="lessons.learn",
        options=LearnOptions,
        description="Walk through the flow step by step on the practice tenant: you type, and "
        "are told which part is wrong and why. Goes on where you stopped, or with the chapter "
        "that is named. At each prompt: hint, answer, skip, back, quit.",
        examples=(
            "entra-oauth learn",
            "entra-oauth learn --list",
            "entra-oauth learn 2",
            "entra-oauth learn --quiz",
        ),
    ),
    Verb(
        name="lab",
        module="lessons.lab",
        options=LabOptions,
        description="Play one attack on this machine alone: against a small client that is "
        "wrong on purpose, then against this program's own. With --me a file is written with a "
        "function for you to repair. Exit code 9 means that the lab did not show what it "
        "should.",
        examples=(
            "entra-oauth lab 1",
            "entra-oauth lab 1 --off",
            "entra-oauth lab 1 --on",
            "entra-oauth lab 1 --me lab01.py",
        ),
    ),
    Verb(
        name="lab list",
        module="lessons.lab",
        options=LabListOptions,
        description="List the labs, and how far what each shows is Entra's.",
        examples=("entra-oauth lab list",),
    ),
    Verb(
        name="lab check",
        module="lessons.lab",
        options=LabCheckOptions,
        description="Run your function against the lab's trials, in a process of its own with "
        "a time limit, and say what is still wrong. Exit code 9 means that it is not solved "
        "yet.",
        examples=("entra-oauth lab check 1 lab01.py",),
    ),
    Verb(
        name="demo",
        module="lessons.demo",
        options=DemoOptions,
        description="Start the practice tenant, sign in through the real listener, show each "
        "message with its secrets masked, decode the token and use it. Leaves a report, a page "
        "to look at, and says where. Needs no account, no network and no browser.",
        examples=(
            "entra-oauth demo",
            "entra-oauth demo --explain --predict --pause",
            "entra-oauth demo --browser",
            "entra-oauth demo --report report.html",
            "entra-oauth demo --record rec",
        ),
    ),
)
