"""What pip is to install, and what it meant when it could not."""

from typing import NamedTuple


class Reason(NamedTuple):
    """Why pip failed: the signs of it in pip's output, and what a person is told."""

    signs: "tuple[str, ...]"
    why: str
    advice: str
    exit_code: int
    concerns_all: bool
    """AccessRequest for fewer packages will not help."""


_AGAIN = "then run this again."
_REASONS = (
    Reason(
        ("CERTIFICATE_VERIFY_FAILED", "SSLError"),
        "the package index showed a certificate that pip does not trust",
        f"give pip your company's certificates (pip config set global.cert FILE), {_AGAIN}",
        6,
        True,
    ),
    Reason(
        ("No space left on device", "Disk quota exceeded"),
        "the disk is full",
        f"free about 200 MB, {_AGAIN}",
        8,
        True,
    ),
    Reason(
        (
            "NewConnectionError",
            "NameResolutionError",
            "ProxyError",
            "ConnectTimeoutError",
            "ReadTimeoutError",
            "ConnectionResetError",
            "Failed to establish a new connection",
            "Temporary failure in name resolution",
            "Cannot connect to proxy",
            "Network is unreachable",
        ),
        "no package index could be reached",
        f"check the network and the proxy (pip config list shows pip's own settings), {_AGAIN}",
        6,
        True,
    ),
    Reason(
        ("No matching distribution found", "Could not find a version"),
        "where pip looks for packages there is no release that fits",
        f"check where pip looks and that it can be reached (pip config list), {_AGAIN}",
        6,
        False,
    ),
)
_OTHER = Reason(
    (),
    "its own words are in {log}",
    f"read {{log}}, {_AGAIN} Deleting .venv starts afresh.",
    8,
    False,
)


def diagnose(log: str) -> Reason:
    """Why pip failed, from what it printed. `{log}` in the texts is the log's place."""
    return next((reason for reason in _REASONS if any(s in log for s in reason.signs)), _OTHER)


def read_groups(names: "tuple[str, ...]", text: str) -> "list[str]":
    """The requirements of `[dependency-groups]` in a pyproject.toml (PEP 735).

    Older pips do not know groups, so pip is handed what is in them.
    """
    import tomllib  # not there before Python 3.11

    groups = tomllib.loads(text).get("dependency-groups", {})
    found: list[str] = []
    for name in names:
        for entry in groups[name]:
            is_group = isinstance(entry, dict)
            found += read_groups((entry["include-group"],), text) if is_group else [entry]
    return found
