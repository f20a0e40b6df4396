"""The result: its format, and how much is said beside it."""

from __future__ import annotations

from dataclasses import dataclass, field

from entra_oauth.cli.command_line.declare import Origins, flag, option

__all__ = ["OutputOptions"]

_FORMATS = (
    *("summary", "token", "json", "header", "curl-config"),
    *("env", "env-no-export", "fish", "powershell", "windows-cmd", "dotenv"),
    *("az", "kubectl", "databricks-cli", "none"),
)
"""What `-o` can be; `none` prints nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
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
