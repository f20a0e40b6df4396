"""Lessons on this machine, and the practice tenant: learn, lab, demo, practice."""

from __future__ import annotations

from entra_oauth.cli.command_line.declare import Verb, flag, group, option, words
from entra_oauth.cli.options.common_options import ExplainOptions, OutputOptions, RecordingOptions
from entra_oauth.light import dataclass

__all__ = [
    "VERBS",
    "ControlOptions",
    "DemoOptions",
    "LabCheckOptions",
    "LabListOptions",
    "LabOptions",
    "LearnOptions",
    "PracticeClockOptions",
    "PracticeFaultOptions",
    "PracticeRunOptions",
    "PracticeServeOptions",
    "TenantOptions",
]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class LearnOptions:
    chapter: str | None = words("CHAPTER", "its number, 1 to 10; with --spot a level, 1 to 3")
    list: bool = flag("the chapters, and how far you are", key="learn-list")
    quiz: bool = flag(
        "questions instead, each with its answer explained; of all chapters, or of one",
        key="learn-quiz",
    )
    spot: bool = flag(
        "faults to find instead: exchanges that each break one of the linter's rules",
        key="learn-spot",
    )
    sheet: int | None = option(
        "with --spot: ten exchanges at once, to be answered in a file; each number is another ten",
        key="learn-sheet",
        metavar="N",
        most=9999,
    )
    score: str | None = option(
        "with --sheet: what the answers in that file are worth, a line for each: 1: 3 b",
        key="learn-score",
        metavar="FILE",
    )
    page: bool = flag(
        "on pages of this machine, in your browser: the flow as a picture, each message byte for "
        "byte, the labs too",
        key="learn-page",
    )
    no_pause: bool = flag("do not wait for Enter between two pages")
    no_curl: bool = flag("where curl is not there: send the request from here")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class LabOptions:
    lab: str | None = words("LAB", "its number, 1 to 21, or its name")
    off: bool = flag("only the attack, on the naive client", key="lab-off")
    on: bool = flag("only the defence, on our own client", key="lab-on")
    me: str | None = option(
        "new file with a function for you to repair", key="lab-me", metavar="FILE"
    )
    mine: str | None = option(
        "your file: the attack on it, off and on beside it, byte for byte",
        key="lab-mine",
        metavar="FILE",
    )
    hint: str | None = option(
        "help with its function: where to look, the rule, the solution in a sentence",
        key="lab-hint",
        metavar="N",
        choices=("1", "2", "3"),
    )


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class LabListOptions:
    """`lab list`."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class LabCheckOptions:
    answer: tuple[str, ...] = words(
        "LAB [FILE]", "the lab's number, and your file (lab01.py for lab 1, unless it is named)"
    )


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class DemoOptions:
    browser: bool = flag("use your own browser instead of the built-in one", key="demo-browser")
    page: bool = flag(
        "then on a page of this machine, in your browser: a message more with each step",
        key="demo-page",
    )
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
    output: OutputOptions = group(OutputOptions, only=("quiet",))


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class TenantOptions:
    """The tenant that is served."""

    fault: tuple[str, ...] = option(
        "misbehave from the start, such as csrf-state; may be repeated",
        key="practice-fault",
        metavar="FAULT",
        default=(),
    )
    directory: str | None = option(
        "people, apps and APIs from a TOML file instead of the usual ones",
        key="practice-directory",
        metavar="FILE",
    )
    proxy_port: int | None = option(
        "port of the proxy that plays the real hosts (practice run: a free one)",
        key="practice-proxy-port",
        metavar="N",
        most=65535,
    )


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class ControlOptions:
    """The tenant that is running."""

    control: str | None = option(
        "control address that practice serve told (default: the one last started here)",
        key="practice-control",
        metavar="URL",
    )


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class PracticeServeOptions:
    port: int | None = option(
        "port that the tenant is served on (default: a free one)",
        key="practice-port",
        metavar="N",
        most=65535,
    )
    tls: bool = flag("serve over https, with a certificate made for this run", key="practice-tls")
    tenant: TenantOptions = group(TenantOptions)
    output: OutputOptions = group(OutputOptions, only=("quiet",))


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class PracticeRunOptions:
    program: tuple[str, ...] = words("PROGRAM …", "the program", program=True)
    user: str | None = option(
        "who signs in when the program opens a browser (default: the directory's first person, "
        "usually alice)",
        key="practice-user",
        metavar="NAME",
    )
    workload: str | None = option(
        "a place where the program believes to run, and is known without a secret",
        key="practice-workload",
        metavar="PLACE",
        choices=("imds", "app-service", "arc", "github", "azure-devops", "kubernetes"),
    )
    tenant: TenantOptions = group(TenantOptions)
    recording: RecordingOptions = group(RecordingOptions)
    output: OutputOptions = group(OutputOptions, only=("quiet",))


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class PracticeFaultOptions:
    fault: tuple[str, ...] = words("FAULT", "a name, or where and what")
    clear: bool = flag("behave again", key="practice-clear")
    running: ControlOptions = group(ControlOptions)
    output: OutputOptions = group(OutputOptions, only=("json",))


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class PracticeClockOptions:
    seconds: str | None = words("SECONDS", "such as +3600")
    running: ControlOptions = group(ControlOptions)
    output: OutputOptions = group(OutputOptions, only=("json",))


VERBS = (
    Verb("learn", "lessons.learn", LearnOptions),
    Verb("lab", "lessons.lab", LabOptions),
    Verb("lab list", "lessons.lab", LabListOptions),
    Verb("lab check", "lessons.lab", LabCheckOptions),
    Verb("demo", "lessons.demo", DemoOptions),
    Verb("practice serve", "practice.serve", PracticeServeOptions),
    Verb("practice run", "practice.run_program", PracticeRunOptions),
    Verb("practice fault", "practice.change", PracticeFaultOptions),
    Verb("practice clock", "practice.change", PracticeClockOptions),
)
