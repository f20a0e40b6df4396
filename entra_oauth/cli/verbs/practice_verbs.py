"""The practice tenant: serve it, run a program against it, change it while it runs."""

from __future__ import annotations

from dataclasses import dataclass

from entra_oauth.cli.command_line.declare import Verb, flag, group, option, words
from entra_oauth.cli.options.output_options import OutputOptions
from entra_oauth.cli.options.recording_options import RecordingOptions

__all__ = [
    "VERBS",
    "ControlOptions",
    "PracticeClockOptions",
    "PracticeFaultOptions",
    "PracticeRunOptions",
    "PracticeServeOptions",
    "TenantOptions",
]


@dataclass(frozen=True, slots=True, kw_only=True)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlOptions:
    """The tenant that is running."""

    control: str | None = option(
        "control address that practice serve told (default: the one last started here)",
        key="practice-control",
        metavar="URL",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PracticeServeOptions:
    """`practice serve`."""

    port: int | None = option(
        "port that the tenant is served on (default: a free one)",
        key="practice-port",
        metavar="N",
        most=65535,
    )
    tls: bool = flag("serve over https, with a certificate made for this run", key="practice-tls")
    tenant: TenantOptions = group(TenantOptions)
    output: OutputOptions = group(OutputOptions, only=("quiet",))


@dataclass(frozen=True, slots=True, kw_only=True)
class PracticeRunOptions:
    """`practice run`."""

    program: tuple[str, ...] = words("PROGRAM …", "the program", program=True)
    user: str = option(
        "who signs in when the program opens a browser",
        key="practice-user",
        metavar="NAME",
        default="alice",
    )
    tenant: TenantOptions = group(TenantOptions)
    recording: RecordingOptions = group(RecordingOptions)
    output: OutputOptions = group(OutputOptions, only=("quiet",))


@dataclass(frozen=True, slots=True, kw_only=True)
class PracticeFaultOptions:
    """`practice fault`."""

    fault: tuple[str, ...] = words("FAULT", "a name, or where and what")
    clear: bool = flag("behave again", key="practice-clear")
    running: ControlOptions = group(ControlOptions)
    output: OutputOptions = group(OutputOptions, only=("json",))


@dataclass(frozen=True, slots=True, kw_only=True)
class PracticeClockOptions:
    """`practice clock`."""

    seconds: str | None = words("SECONDS", "such as +3600")
    running: ControlOptions = group(ControlOptions)
    output: OutputOptions = group(OutputOptions, only=("json",))


VERBS = (
    Verb(
        name="practice serve",
        module="practice.serve",
        options=PracticeServeOptions,
        description="Serve the practice tenant on loopback until Ctrl-C. Its users, apps and "
        "tokens are toys; its manners are Entra's. With --tls its certificate is made for this "
        "run and installed nowhere; with --proxy-port it plays the real hosts behind a proxy.",
        examples=(
            "entra-oauth practice serve",
            "entra-oauth practice serve --port 8400",
            "entra-oauth practice serve --tls --fault csrf-state",
        ),
    ),
    Verb(
        name="practice run",
        module="practice.run_program",
        options=PracticeRunOptions,
        description="Start a program so that it meets the practice tenant in place of Entra "
        "and Databricks: by a proxy, a certificate and a browser that signs in, all named in "
        "its environment. Secrets of real clouds are taken out of it. Nothing else is reached. "
        "The exit code is the program's.",
        examples=(
            "entra-oauth practice run -- python get-tokens.py CLIENT TENANT",
            "entra-oauth practice run --record rec -- python get-tokens.py CLIENT TENANT",
            "entra-oauth practice run --user carol --fault slow -- python script.py",
        ),
    ),
    Verb(
        name="practice fault",
        module="practice.change",
        options=PracticeFaultOptions,
        description="Add a fault to the practice tenant that is running: a name, or a rule of "
        "your own such as `token status=503 times=1`. Without one: the names, how a rule is "
        "written, and which faults are in force.",
        examples=(
            "entra-oauth practice fault csrf-state",
            "entra-oauth practice fault token status=429 retry-after=2 times=1",
            "entra-oauth practice fault",
            "entra-oauth practice fault --clear",
        ),
    ),
    Verb(
        name="practice clock",
        module="practice.change",
        options=PracticeClockOptions,
        description="Put the clock of the practice tenant that is running forward (or back) by "
        "so many seconds; without a number: what time it is there.",
        examples=("entra-oauth practice clock +3600",),
    ),
)
