"""A time stamp on a seal (RFC 3161), checked by `openssl ts`.

Asking for one is left to `openssl` and `curl`: no request is made that nobody declared.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from pathlib import Path

from entra_oauth.child_program import answer_of, find
from entra_oauth.errors import LocalError, SecurityError, UsageError, plain

__all__ = ["check_stamp"]

_TIMEOUT_S = 60.0
_MAX_BYTES = 256 * 1024
_TIME = re.compile(r"^Time stamp: ([A-Za-z0-9 :.]{10,40})$", re.MULTILINE)
_BY_CALENDAR = "at a time that openssl did not tell"


def check_stamp(name: str, seal: bytes, stamp: bytes, trusted: Path) -> str:
    """The time that a stamp gives, in the words of `openssl`.

    `trusted` is a file with the certificates of the authority that the verifier trusts (PEM).
    Raises `SecurityError` for a stamp that is not one of it on this seal, `LocalError` without
    `openssl`, `UsageError` without such a file.
    """
    if not os.path.isfile(trusted):
        raise UsageError(
            f"There is no file {plain(str(trusted))}.",
            advice="Name the certificates of the time-stamping authority, PEM, got from it.",
        )
    if len(stamp) > _MAX_BYTES:
        raise _refused(name, "it is larger than a time stamp")
    with tempfile.TemporaryDirectory(prefix="entra-oauth-") as scratch:
        sealed, reply = Path(scratch) / "seal", Path(scratch) / "reply"
        sealed.write_bytes(seal)
        reply.write_bytes(stamp)
        done = _openssl(
            *("-verify", "-data", str(sealed), "-in", str(reply)),
            *("-CAfile", str(trusted.absolute())),
        )
        if done.returncode != 0:
            raise _refused(name, _said(done))
        told = _openssl("-reply", "-in", str(reply), "-text")
    found = _TIME.search(told.stdout.decode("ascii", "replace"))
    return plain(found[1]) if found else _BY_CALENDAR


def _openssl(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    program = find("openssl", os.environ)
    if program is None:
        raise LocalError(
            "There is no openssl on this machine, which checks time stamps.",
            advice="Install it (Debian: apt install openssl), then run this again.",
        )
    # Nobody's settings: an openssl.cnf of the person's could name other programs to load.
    environ = {
        name: value
        for name, value in os.environ.items()
        if name in ("PATH", "SYSTEMROOT", "SystemRoot", "TEMP", "TMP")
    }
    environ["OPENSSL_CONF"] = os.devnull
    try:
        return answer_of([program, "ts", *arguments], environ=environ, timeout_s=_TIMEOUT_S)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise LocalError(
            f"openssl did not come to its end: {type(error).__name__}.",
            advice="Run openssl ts by itself to see why.",
        ) from None


def _said(done: subprocess.CompletedProcess[bytes]) -> str:
    for line in done.stderr.decode("utf-8", "replace").splitlines():
        parts = line.split(":")  # number:error:code:library:function:reason:file:line
        if len(parts) > 6 and parts[1] == "error" and parts[5].strip():
            return plain(parts[5].strip(), limit=200)
    return "openssl does not say why"


def _refused(name: str, why: str) -> SecurityError:
    return SecurityError(
        f"The time stamp beside {plain(name)} is refused: {why}.",
        advice="Take it as not there, or ask for another one.",
    )
