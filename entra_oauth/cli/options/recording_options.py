"""Messages written down, or told to the person as they pass."""

from __future__ import annotations

from dataclasses import dataclass, field

from entra_oauth.cli.command_line.declare import Origins, flag, option

__all__ = ["ExplainOptions", "RecordingOptions"]


@dataclass(frozen=True, slots=True, kw_only=True)
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
    origins: Origins = field(default_factory=Origins)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainOptions:
    """Each message explained before it is sent."""

    HEADING = "recording"

    explain: bool = flag(
        "before each message: who sends it to whom, why, and what each parameter is for",
        key="live-explain",
    )
    pause: bool = flag("the same, and wait for Enter before each message")
    predict: bool = flag("the same, and ask first what will be sent")
