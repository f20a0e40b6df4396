"""Recordings looked at, judged, compared and handed on: audit."""

from __future__ import annotations

from entra_oauth.cli.command_line.declare import Origins, Verb, flag, group, option, words
from entra_oauth.cli.options.app_options import AppOptions, SignInPageOptions
from entra_oauth.cli.options.common_options import NetworkOptions, OutputOptions
from entra_oauth.light import dataclass, field

__all__ = [
    "VERBS",
    "CheckOptions",
    "DiffOptions",
    "ExportOptions",
    "ImportOptions",
    "LintOptions",
    "LockOptions",
    "MemoryOptions",
    "RedactOptions",
    "ReplayOptions",
    "SealOptions",
    "ShowOptions",
    "TimelineOptions",
    "VerifyOptions",
]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class RedactedCopyOptions:
    """A copy without secrets, in a new file."""

    out: str | None = option(
        "new file to write (default: standard output)", short="o", metavar="FILE"
    )
    level: str = option(
        "what is taken out: secrets, or pii (people and tenants too)",
        metavar="LEVEL",
        choices=("secrets", "pii"),
        default="secrets",
    )


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class MemoryOptions:
    """The need of a file of another program's."""

    max_memory: int = option("MiB of memory that it may take", metavar="MIB", default=1024)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class ShowOptions:
    place: tuple[str, ...] = words(
        "DIR [STEP]", "a recording's folder or another's file, and a number from its list"
    )
    explain: bool = flag("also each parameter and what it is for")
    raw: bool = flag("the bytes as text, line ends and control characters named")
    hex: bool = flag("the bytes as numbers")
    page: bool = flag(
        "on a page of this machine, in your browser, without secrets", key="show-page"
    )
    memory: MemoryOptions = group(MemoryOptions)
    output: OutputOptions = group(OutputOptions, only=("json",))


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class LintOptions:
    judged: str | None = words(
        "WHAT", "a recording's folder, a HAR file, an address in quotes, or a raw request"
    )
    output: str = option(
        "",
        key="lint-output",
        short="o",
        metavar="FORMAT",
        choices=("text", "json", "sarif", "sarif-full", "jsonl"),
        default="text",
    )
    jobs: int | None = option(
        "processes that judge all recordings in a folder, with -o jsonl (default: 1)",
        metavar="N",
        most=256,
    )
    fail_on: str = option(
        "exit code 9 from this level on",
        metavar="LEVEL",
        choices=("error", "warning", "note"),
        default="error",
    )
    policy: str | None = option(
        'TOML file with your own rules, such as [allow] tenants = ["ID"]; entra-oauth explain PL01 '
        "to PL08 tell its keys",
        metavar="FILE",
    )
    memory: MemoryOptions = group(MemoryOptions)
    manner: OutputOptions = group(OutputOptions, only=("json", "quiet"))


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class DiffOptions:
    pair: tuple[str, ...] = words("A B", "the two requests")
    accept: str = option(
        "what must be equal for exit code 0",
        metavar="LAYER",
        choices=("bytes", "body", "parameters"),
        default="bytes",
    )
    output: str = option(
        "form of the comparison on standard output",
        key="diff-output",
        short="o",
        metavar="FORMAT",
        choices=("text", "json", "html"),
        default="text",
    )
    memory: MemoryOptions = group(MemoryOptions)
    manner: OutputOptions = group(OutputOptions, only=("json", "quiet"))


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class LockOptions:
    recordings: tuple[str, ...] = words(
        "REC", "recordings of one client: folders, or files that audit import reads"
    )
    out: str | None = option(
        "new file for the contract (default: standard output)",
        key="lock-out",
        short="o",
        metavar="FILE",
    )
    memory: MemoryOptions = group(MemoryOptions)
    manner: OutputOptions = group(OutputOptions, only=("quiet",))


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class CheckOptions:
    recording: str | None = words("REC", "a recording's folder, or a file that audit import reads")
    against: str | None = option("the contract that audit lock wrote", metavar="FILE")
    output: str = option(
        "form of the outcome on standard output",
        key="check-output",
        short="o",
        metavar="FORMAT",
        choices=("text", "json", "sarif"),
        default="text",
    )
    memory: MemoryOptions = group(MemoryOptions)
    manner: OutputOptions = group(OutputOptions, only=("json", "quiet"))


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class TimelineOptions:
    recording: str | None = words("REC", "a recording's folder, or a file that audit import reads")
    har: str | None = option("what the browser saw", metavar="BROWSER.har")
    sign_ins: str | None = option(
        "Entra's exported sign-in log: Graph's JSON, or the portal's JSON or CSV", metavar="EXPORT"
    )
    exported_at: str | None = option(
        "time of the export in UTC, such as 2026-01-31T14:30:00Z (default: of its newest row)",
        metavar="TIME",
    )
    output: str = option(
        "form of the timeline on standard output",
        key="timeline-output",
        short="o",
        metavar="FORMAT",
        choices=("text", "json", "html"),
        default="text",
    )
    memory: MemoryOptions = group(MemoryOptions)
    manner: OutputOptions = group(OutputOptions, only=("json", "quiet"))


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class RedactOptions:
    file: str | None = words("FILE", "the HAR file")
    copy: RedactedCopyOptions = group(RedactedCopyOptions)
    memory: MemoryOptions = group(MemoryOptions)
    output: OutputOptions = group(OutputOptions, only=("json", "quiet"))


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class ExportOptions:
    recording: str | None = words("RECORDING", "a recording (rec), a step of it (rec#3), or a file")
    form: str = option(
        "",
        name="as",
        metavar="FORMAT",
        choices=("har", "curl", "http", "mermaid", "markdown", "html"),
        default="html",
    )
    copy: RedactedCopyOptions = group(RedactedCopyOptions, only=("out",))
    audience: str = option(
        "whom the html is for: auditor or learner, who is told why",
        metavar="WHO",
        choices=("auditor", "learner"),
        default="auditor",
    )
    blank: bool = flag("leave the values out of the html: a worksheet to fill in")
    memory: MemoryOptions = group(MemoryOptions)
    output: OutputOptions = group(OutputOptions, only=("quiet",))
    origins: Origins = field(default_factory=Origins)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class ImportOptions:
    file: str | None = words("FILE", "a HAR file, or one of another kind")
    out: str | None = option(
        "folder to make for the recording; it has to be given",
        key="import-out",
        short="o",
        metavar="DIR",
    )
    keys: str | None = option(
        "key log (SSLKEYLOGFILE) that opens a capture of packets", key="import-keys", metavar="FILE"
    )
    copy: RedactedCopyOptions = group(RedactedCopyOptions, only=("level",))
    memory: MemoryOptions = group(MemoryOptions)
    output: OutputOptions = group(OutputOptions, only=("json", "quiet"))


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class ReplayOptions:
    step: str | None = words("STEP", "the step, such as rec#3")
    to: str | None = option(
        "origin to send it to (default: a practice tenant that is started for it)", metavar="URL"
    )
    live: bool = flag("allow a host that is not on this machine")
    values: str | None = option(
        "read the values that were taken out from standard input, a NAME=VALUE on each line",
        metavar="-",
        choices=("-",),
    )
    network: NetworkOptions = group(NetworkOptions, only=("http_timeout",))
    output: OutputOptions = group(OutputOptions, only=("json", "quiet"))


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class SealOptions:
    folder: str | None = words("DIR", "the folder of a recording")
    key: str | None = option("SSH key to seal with", metavar="FILE")
    by_sign_in: bool = flag("seal it by a sign-in: the ID token will name it")
    app: AppOptions = group(
        AppOptions, only=("tenant", "client_id", "profile", "cloud", "authority_host")
    )
    page: SignInPageOptions = group(
        SignInPageOptions, without=("prompt", "login_hint", "domain_hint")
    )
    network: NetworkOptions = group(NetworkOptions)
    output: OutputOptions = group(OutputOptions, only=("json", "quiet"))


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class VerifyOptions:
    folder: str | None = words("DIR", "the folder of a recording")
    signer: str | None = option("public SSH key that must have made the seal", metavar="FILE")
    keys: tuple[str, ...] = option(
        "keys of the authority that you got yourself, for a seal by sign-in; may be repeated",
        key="verify-keys",
        metavar="FILE",
        default=(),
    )
    for_client: str | None = option(
        "app that the sign-in of a seal must have been to", metavar="ID"
    )
    for_tenant: str | None = option(
        "tenant (its GUID) that the account of a seal must be of", metavar="ID"
    )
    practice: bool = flag("take a seal of a practice tenant for good, to try it out")
    stamp_ca: str | None = option(
        "certificates of the time-stamping authority that you trust", metavar="FILE"
    )
    output: OutputOptions = group(OutputOptions, only=("json", "quiet"))


VERBS = (
    Verb("audit show", "audit.show", ShowOptions),
    Verb("audit lint", "audit.lint", LintOptions),
    Verb("audit diff", "audit.diff", DiffOptions),
    Verb("audit lock", "audit.wire.lock_wire", LockOptions),
    Verb("audit check", "audit.wire.check_wire", CheckOptions),
    Verb("audit timeline", "audit.timeline", TimelineOptions),
    Verb("audit redact", "audit.redact", RedactOptions),
    Verb("audit export", "audit.export", ExportOptions),
    Verb("audit import", "audit.import_har", ImportOptions),
    Verb("audit replay", "audit.replay", ReplayOptions),
    Verb("audit seal", "audit.seal", SealOptions),
    Verb("audit verify", "audit.seal", VerifyOptions),
)
