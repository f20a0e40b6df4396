"""A seal on a recording: the list of its hashes, signed with an SSH key by `ssh-keygen`.

Made and checked by a program that everybody has, so that whoever gets a recording can
check it without this one (`VERIFY.txt` says how).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from entra_oauth.child_program import answer_of
from entra_oauth.errors import LocalError, SecurityError, UsageError, plain
from entra_oauth.recording.files import SUMS
from entra_oauth.recording.store import add_file, load, read_files

if TYPE_CHECKING:
    from entra_oauth.recording.step import Manifest

__all__ = ["NAMESPACE", "SIGNATURE", "Checked", "seal", "seal_remark", "verify"]

NAMESPACE = "entra-oauth-recording"
SIGNATURE = f"{SUMS}.sig"
_SIGNER = "signer"
_TIMEOUT_S = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """The result of a check. The files are as they were written, else there is none."""

    files: int
    sealed: bool
    key: str | None = None
    """The fingerprint of the key that sealed it."""
    whose: bool = False
    """Whether that key is the one that was asked for."""


def seal(folder: Path, key: Path) -> str:
    """Sign the recording; returns what `ssh-keygen` says of the key. Asks for a passphrase
    on the terminal if the key has one.

    `key` is a private key, or a public one whose private half an agent holds. Raises
    `UsageError`, `LocalError`, and `SecurityError` for a recording that was changed.
    """
    load(folder)
    files = read_files(folder)
    if SIGNATURE in files:
        raise UsageError(
            f"{plain(str(folder))} is sealed already.",
            advice=f"Check it with entra-oauth audit verify, or remove {SIGNATURE} first.",
        )
    if not os.path.isfile(key):
        raise UsageError(
            f"There is no key {plain(str(key))}.",
            advice="Name an SSH key; ssh-keygen -t ed25519 makes one.",
        )
    done = _run("-Y", "sign", "-q", "-f", str(key), "-n", NAMESPACE, data=files[SUMS])
    if done.returncode != 0 or not done.stdout.startswith(b"-----BEGIN SSH SIGNATURE-----"):
        raise LocalError(
            f"ssh-keygen made no seal: {_said(done)}.",
            advice="Check that the key can be read, that nobody else can read it, and its "
            "passphrase.",
        )
    add_file(folder, SIGNATURE, done.stdout)
    return verify(folder).key or "an unknown key"


def verify(folder: Path, signer: Path | None = None) -> Checked:
    """Check every file, and the seal if there is one.

    `signer` is a file with the public key that must have made it. Raises
    `SecurityError` if a file was changed, the seal is broken, is another's, or is
    missing though a signer was named.
    """
    load(folder)
    files = read_files(folder)
    count = len(files)
    signature = files.get(SIGNATURE)
    if signature is None:
        if signer is not None:
            raise SecurityError(
                f"{plain(str(folder))} is not sealed.",
                advice=f"Ask whoever recorded it to run entra-oauth audit seal {plain(folder.name)}"
                " --key FILE.",
            )
        return Checked(files=count, sealed=False)
    done = _checked(files[SUMS], signature, signer)
    if done.returncode != 0:
        raise SecurityError(
            f"The seal of {plain(str(folder))} does not fit: {_said(done)}.",
            advice="Do not rely on this recording. Ask whoever recorded it for another copy.",
        )
    return Checked(files=count, sealed=True, key=_fingerprint(done), whose=signer is not None)


def seal_remark(manifest: Manifest | None) -> str:
    """A sentence on the seal of a recording, for its cover sheet; whose key it is, is not checked.

    Empty for a recording that was never written.
    """
    if manifest is None:
        return ""
    more = _sign_ins(manifest.sign_ins)
    if manifest.signature is None:
        return more or "Not sealed: whoever made it could have made it again."
    return f"{_ssh_remark(manifest.sums, manifest.signature)} {more}".rstrip()


def _sign_ins(count: int) -> str:
    if not count:
        return ""
    times = "" if count == 1 else f" {count} times"
    return f"Sealed by sign-in{times}; that was not checked here: entra-oauth audit verify does."


def _ssh_remark(sums: bytes, signature: bytes) -> str:
    try:
        done = _checked(sums, signature, None)
    except LocalError:
        return "Sealed. The seal was not checked here, for there is no ssh-keygen that answers."
    if done.returncode != 0:
        return "ITS SEAL DOES NOT FIT. Do not rely on this recording."
    return f"Sealed with the key {_fingerprint(done)}. Whose key that is was not checked here."


def _checked(
    sums: bytes, signature: bytes, signer: Path | None
) -> subprocess.CompletedProcess[bytes]:
    with tempfile.TemporaryDirectory(prefix="entra-oauth-") as scratch:
        place = Path(scratch)
        (place / "signature").write_bytes(signature)
        common = ("-n", NAMESPACE, "-s", str(place / "signature"))
        if signer is None:
            return _run("-Y", "check-novalidate", *common, data=sums)
        allowed = place / "allowed"
        allowed.write_text(f"{_SIGNER} {_public_key(signer)}\n", encoding="utf-8")
        return _run("-Y", "verify", "-f", str(allowed), "-I", _SIGNER, *common, data=sums)


def _fingerprint(done: subprocess.CompletedProcess[bytes]) -> str | None:
    said = done.stdout.decode("utf-8", "replace").split()
    key = next((word for word in said if word.startswith("SHA256:")), None)
    return key and plain(key)


def _public_key(path: Path) -> str:
    """Type and key of the first line of a public key file."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        lines = []
    for line in lines:
        words = line.split()
        for at, word in enumerate(words[:-1]):
            if word.startswith(("ssh-", "ecdsa-", "sk-")) and words[at + 1].startswith("AAAA"):
                return f"{word} {words[at + 1]}"
    raise UsageError(
        f"{plain(str(path))} holds no public SSH key.",
        advice="Name a file such as id_ed25519.pub, got from whoever sealed the recording.",
    )


def _run(*arguments: str, data: bytes) -> subprocess.CompletedProcess[bytes]:
    program = shutil.which("ssh-keygen")
    if program is None:
        raise LocalError(
            "There is no ssh-keygen on this machine.",
            advice="Install OpenSSH (Debian: apt install openssh-client), then run this again.",
        )
    try:
        return answer_of([program, *arguments], data=data, timeout_s=_TIMEOUT_S)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise LocalError(
            f"ssh-keygen did not come to its end: {type(error).__name__}.",
            advice="Run ssh-keygen by itself to see why.",
        ) from None


def _said(done: subprocess.CompletedProcess[bytes]) -> str:
    lines = (done.stderr or done.stdout).decode("utf-8", "replace").strip().splitlines()
    return plain(lines[-1].strip().rstrip("."), limit=200) if lines else "without a word"
