"""Options of most verbs: the network, what is written down or told, and the result."""

from __future__ import annotations

from entra_oauth.cli.command_line.declare import Origins, flag, option
from entra_oauth.light import dataclass, field

__all__ = ["ExplainOptions", "NetworkOptions", "OutputOptions", "RecordingOptions"]

_FORMATS = (
    *("summary", "token", "json", "header", "curl-config"),
    *("env", "env-no-export", "fish", "powershell", "windows-cmd", "dotenv"),
    *("az", "kubectl", "databricks-cli", "none"),
)
"""What `-o` can be; `none` prints nothing."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class OutputOptions:
    """The result on standard output."""

    HEADING = "output"

    output: str = option(
        "what goes to standard output",
        short="o",
        metavar="FORMAT",
        choices=_FORMATS,
        default="summary",
    )
    json: bool = flag(
        "the same as -o json: the result as JSON, and an error as the last line on standard error"
    )
    quiet: bool = flag("say only what is needed", short="q")
    env_name: str | None = option(
        "variable for the formats of a shell (default: DATABRICKS_TOKEN for Databricks, else "
        "ENTRA_ACCESS_TOKEN)",
        metavar="NAME",
    )
    origins: Origins = field(default_factory=Origins)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class NetworkOptions:
    """Our own requests."""

    HEADING = "network"

    http_timeout: int = option("seconds for a whole request", metavar="S", default=30)
    ca_bundle: str | None = option("certificates to trust instead of the system's", metavar="FILE")
    allow_keylog: bool = flag("allow SSLKEYLOGFILE to record the TLS keys")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class RecordingOptions:
    """The recording of a command."""

    HEADING = "recording"

    record: str | None = option(
        "write down every message in a new folder, its secrets taken out; on a failure too",
        metavar="DIR",
    )
    redact: str = option(
        "what --record takes out: secrets, pii (people and tenants too) or none, which is "
        "dangerous",
        metavar="LEVEL",
        choices=("secrets", "pii", "none"),
        default="secrets",
    )
    name_machine: bool = flag(
        "name this machine and its user in the recording; not with --redact pii"
    )
    origins: Origins = field(default_factory=Origins)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class ExplainOptions:
    """Each message explained before it is sent."""

    HEADING = "recording"

    explain: bool = flag(
        "before each message: who sends it to whom, why, and what each parameter is for",
        key="live-explain",
    )
    pause: bool = flag("the same, and wait for Enter before each message")
    predict: bool = flag("the same, and ask first what will be sent")
