"""Recordings looked at, judged, compared and handed on: audit."""

from __future__ import annotations

from dataclasses import dataclass, field

from entra_oauth.cli.command_line.declare import Origins, Verb, flag, group, option, words
from entra_oauth.cli.options.network_options import NetworkOptions
from entra_oauth.cli.options.output_options import OutputOptions

__all__ = [
    "VERBS",
    "DiffOptions",
    "ExportOptions",
    "ImportOptions",
    "LintOptions",
    "RedactOptions",
    "ReplayOptions",
    "SealOptions",
    "ShowOptions",
    "VerifyOptions",
]


@dataclass(frozen=True, slots=True, kw_only=True)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowOptions:
    """`audit show`."""

    place: tuple[str, ...] = words(
        "DIR [STEP]", "the folder of a recording, and a number from its list"
    )
    explain: bool = flag("also each parameter and what it is for")
    raw: bool = flag("the bytes as text, line ends and control characters named")
    hex: bool = flag("the bytes as numbers")
    output: OutputOptions = group(OutputOptions, only=("json",))


@dataclass(frozen=True, slots=True, kw_only=True)
class LintOptions:
    """`audit lint`."""

    judged: str | None = words(
        "WHAT", "a recording's folder, a HAR file, an address in quotes, or a raw request"
    )
    output: str = option(
        "",
        key="lint-output",
        short="o",
        metavar="FORMAT",
        choices=("text", "json", "sarif"),
        default="text",
    )
    fail_on: str = option(
        "exit code 9 from this level on",
        metavar="LEVEL",
        choices=("error", "warning", "note"),
        default="error",
    )
    policy: str | None = option("TOML file with your own rules; see docs/rules.md", metavar="FILE")
    manner: OutputOptions = group(OutputOptions, only=("json", "quiet"))


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffOptions:
    """`audit diff`."""

    pair: tuple[str, ...] = words("A B", "the two requests")
    accept: str = option(
        "what must be equal for exit code 0",
        metavar="LAYER",
        choices=("bytes", "body", "parameters"),
        default="bytes",
    )
    output: OutputOptions = group(OutputOptions, only=("json", "quiet"))


@dataclass(frozen=True, slots=True, kw_only=True)
class RedactOptions:
    """`audit redact`."""

    file: str | None = words("FILE", "the HAR file")
    copy: RedactedCopyOptions = group(RedactedCopyOptions)
    output: OutputOptions = group(OutputOptions, only=("json", "quiet"))


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportOptions:
    """`audit export`."""

    recording: str | None = words("RECORDING", "a recording (rec), or one step of it (rec#3)")
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
    output: OutputOptions = group(OutputOptions, only=("quiet",))
    origins: Origins = field(default_factory=Origins)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOptions:
    """`audit import`."""

    file: str | None = words("FILE", "a HAR file")
    copy: RedactedCopyOptions = group(RedactedCopyOptions)
    output: OutputOptions = group(OutputOptions, only=("json", "quiet"))


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayOptions:
    """`audit replay`."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class SealOptions:
    """`audit seal`."""

    folder: str | None = words("DIR", "the folder of a recording")
    key: str | None = option("SSH key to seal with", metavar="FILE")
    output: OutputOptions = group(OutputOptions, only=("json", "quiet"))


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyOptions:
    """`audit verify`."""

    folder: str | None = words("DIR", "the folder of a recording")
    signer: str | None = option("public SSH key that must have made the seal", metavar="FILE")
    output: OutputOptions = group(OutputOptions, only=("json", "quiet"))


VERBS = (
    Verb(
        name="audit show",
        module="audit.show",
        options=ShowOptions,
        description="Show what a recording holds: its messages, their times, the recorder's "
        "claims and what could not be seen. With a step's number, that step: its bytes as text, "
        "with --raw every line end and control character by name, with --hex as numbers.",
        examples=(
            "entra-oauth audit show rec",
            "entra-oauth audit show rec 3 --explain",
            "entra-oauth audit show rec 3 --hex",
        ),
    ),
    Verb(
        name="audit lint",
        module="audit.lint",
        options=LintOptions,
        description="Judge a recording, a HAR file of anybody's, an authorize address or one "
        "request by the rules of docs/rules.md: what is wrong, where, which sentence of which "
        "standard says so, and how to mend it; and what could not be judged. Nothing is sent. "
        "Exit code 9 where something is as bad as --fail-on.",
        examples=(
            "entra-oauth audit lint rec",
            "entra-oauth audit lint browser.har --fail-on warning",
            "entra-oauth audit lint rec -o sarif --policy policy.toml",
        ),
    ),
    Verb(
        name="audit diff",
        module="audit.diff",
        options=DiffOptions,
        description="Compare two requests: TLS, request line, headers, body bytes, decoded "
        "parameters. Each is a step (rec#4), an entry of a HAR file (x.har#3), a file with a "
        "raw request, or a reference: article:curl, made from the recording's own values, or a "
        "captured msal:1.39, authlib:1.9, requests:2.34, httpx:0.28, curl:7.88. Exit code 9 "
        "where they are not as equal as --accept asks.",
        examples=(
            "entra-oauth audit diff rec#3 article:curl --accept body",
            "entra-oauth audit diff rec#3 msal:1.39",
            "entra-oauth audit diff rec#3 browser.har#12",
        ),
    ),
    Verb(
        name="audit redact",
        module="audit.redact",
        options=RedactOptions,
        description="Rewrite a HAR file of a browser or a proxy so that it can be handed on: "
        "codes, tokens, cookies, passwords and whatever is not known to be harmless are "
        "replaced. Ends with a report of what was removed, kept and not understood.",
        examples=(
            "entra-oauth audit redact browser.har -o clean.har",
            "entra-oauth audit redact browser.har --level pii -o clean.har",
        ),
    ),
    Verb(
        name="audit export",
        module="audit.export",
        options=ExportOptions,
        description="Write a recording in another form. Secrets stay out: where nothing was "
        "taken out of a recording, that is done now. In curl commands they are variables of the "
        "environment, and never on a command line.",
        examples=(
            "entra-oauth audit export rec -o report.html",
            "entra-oauth audit export rec --as har -o rec.har",
            "entra-oauth audit export rec#3 --as curl",
        ),
    ),
    Verb(
        name="audit import",
        module="audit.import_har",
        options=ImportOptions,
        description="Read a HAR file of a browser or a proxy (Chrome, Firefox, mitmproxy and "
        "others), keep the requests that belong to a sign-in, take the secrets out, and write a "
        "recording. What was left out is said.",
        examples=("entra-oauth audit import browser.har -o rec",),
    ),
    Verb(
        name="audit replay",
        module="audit.replay",
        options=ReplayOptions,
        description="Send a recorded request again and compare the answer with the recorded "
        "one. A practice tenant is started for it, which gives a fresh code where the request "
        "hands one in; --to names another host on this machine, and --live allows any. Values "
        "that were taken out are read from standard input with --values -.",
        examples=(
            "entra-oauth audit replay rec#3",
            "entra-oauth audit replay rec#3 --to http://localhost:8400",
        ),
    ),
    Verb(
        name="audit seal",
        module="audit.seal",
        options=SealOptions,
        description="Sign the list of a recording's hashes with ssh-keygen, so that anybody "
        "who has the public key can tell that it is as it was, and whose it is.",
        examples=("entra-oauth audit seal rec --key ~/.ssh/id_ed25519",),
    ),
    Verb(
        name="audit verify",
        module="audit.verify",
        options=VerifyOptions,
        description="Compare every file with the list of hashes, the steps with their chain, "
        "and the list with its seal. Exit code 5 means that something was changed. VERIFY.txt "
        "in the folder tells how to do the same without this program.",
        examples=(
            "entra-oauth audit verify rec",
            "entra-oauth audit verify rec --signer id_ed25519.pub",
        ),
    ),
)
