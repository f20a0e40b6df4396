"""The network: how long a request may take, and who is trusted."""

from __future__ import annotations

from dataclasses import dataclass

from entra_oauth.cli.command_line.declare import flag, option

__all__ = ["NetworkOptions"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkOptions:
    """Our own requests."""

    HEADING = "network"

    http_timeout: int = option("seconds for a whole request", metavar="S", default=30)
    ca_bundle: str | None = option("certificates to trust instead of the system's", metavar="FILE")
    allow_keylog: bool = flag("allow SSLKEYLOGFILE to record the TLS keys")

    @property
    def timeout_s(self) -> float:
        """Seconds for a whole request."""
        return float(self.http_timeout)
