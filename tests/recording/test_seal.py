"""A seal is made and checked by ssh-keygen, and is broken by one bit."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from entra_oauth.errors import LocalError, SecurityError, UsageError
from entra_oauth.recording.files import files_of
from entra_oauth.recording.seal import NAMESPACE, _said, seal, seal_remark, verify
from entra_oauth.recording.step import Evidence, Level, Manifest
from entra_oauth.recording.store import write
from kit import needs

pytestmark = pytest.mark.skipif(
    shutil.which("ssh-keygen") is None, reason="needs ssh-keygen (openssh-client)"
)

EVIDENCE = Evidence(steps=(), created_at=1.0, level=Level.SECRETS)


def new_key(folder: Path, name: str) -> Path:
    path = folder / name
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "them@example", "-f", str(path)],
        check=True,
    )
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(files_of(EVIDENCE), tmp_path / "rec")
    return tmp_path / "rec"


@pytest.fixture
def key(tmp_path: Path) -> Path:
    return new_key(tmp_path, "key")


def by_hand(folder: Path, key: Path) -> int:
    """The commands that VERIFY.txt gives to a stranger."""
    kind, public, *_ = key.with_suffix(".pub").read_text().split()
    (folder.parent / "allowed").write_text(f"them@example {kind} {public}\n")
    with (folder / "SHA256SUMS").open("rb") as sums:
        return subprocess.run(
            [
                *("ssh-keygen", "-Y", "verify", "-f", str(folder.parent / "allowed")),
                *("-I", "them@example", "-n", NAMESPACE, "-s", str(folder / "SHA256SUMS.sig")),
            ],
            stdin=sums,
            capture_output=True,
            check=False,
        ).returncode


def test_a_sealed_recording_passes_here_and_by_hand(folder: Path, key: Path) -> None:
    assert not verify(folder).sealed
    fingerprint = seal(folder, key)
    shown = subprocess.run(["ssh-keygen", "-l", "-f", str(key)], capture_output=True, check=True)
    assert fingerprint in shown.stdout.decode()
    anybody, them = verify(folder), verify(folder, key.with_suffix(".pub"))
    assert (anybody.sealed, anybody.key, anybody.whose) == (True, fingerprint, False)
    assert (them.key, them.whose) == (fingerprint, True)
    assert by_hand(folder, key) == 0
    assert "-n entra-oauth-recording -s SHA256SUMS.sig" in (folder / "VERIFY.txt").read_text()


@pytest.mark.parametrize("name", ["SHA256SUMS", "SHA256SUMS.sig"])
def test_one_bit_breaks_it(name: str, folder: Path, key: Path) -> None:
    seal(folder, key)
    data = bytearray((folder / name).read_bytes())
    data[len(data) // 2] ^= 1
    (folder / name).write_bytes(data)
    with pytest.raises(SecurityError):
        verify(folder)
    assert by_hand(folder, key) != 0


def test_a_list_that_was_made_again_no_longer_fits_the_seal(folder: Path, key: Path) -> None:
    seal(folder, key)
    signature = (folder / "SHA256SUMS.sig").read_bytes()
    shutil.rmtree(folder)
    write(files_of(Evidence(steps=(), created_at=2.0, level=Level.SECRETS)), folder)
    (folder / "SHA256SUMS.sig").write_bytes(signature)
    with pytest.raises(SecurityError, match=r"The seal of .* does not fit"):
        verify(folder)


def test_another_persons_seal_is_not_theirs(folder: Path, key: Path, tmp_path: Path) -> None:
    seal(folder, new_key(tmp_path, "mallory"))
    with pytest.raises(SecurityError, match="does not fit"):
        verify(folder, key.with_suffix(".pub"))


def test_a_seal_that_was_asked_for_must_be_there(folder: Path, key: Path) -> None:
    with pytest.raises(SecurityError, match="is not sealed"):
        verify(folder, key.with_suffix(".pub"))


def test_what_was_changed_is_not_sealed(folder: Path, key: Path) -> None:
    (folder / "VERIFY.txt").write_text("trust me")
    with pytest.raises(SecurityError, match=r"VERIFY\.txt is not"):
        seal(folder, key)
    assert not (folder / "SHA256SUMS.sig").exists()


def test_a_seal_is_not_replaced(folder: Path, key: Path) -> None:
    seal(folder, key)
    before = (folder / "SHA256SUMS.sig").read_bytes()
    with pytest.raises(UsageError, match="sealed already"):
        seal(folder, key)
    assert (folder / "SHA256SUMS.sig").read_bytes() == before


def test_without_a_usable_key_there_is_one_message_and_no_seal(folder: Path, key: Path) -> None:
    with pytest.raises(UsageError, match="There is no key"):
        seal(folder, folder.parent / "absent")
    (folder.parent / "no-key").write_text("x")
    with pytest.raises(LocalError, match="made no seal"):
        seal(folder, folder.parent / "no-key")
    seal(folder, key)
    with pytest.raises(UsageError, match="no public SSH key"):
        verify(folder, folder.parent / "no-key")


def test_without_ssh_keygen_the_package_is_named(
    folder: Path, key: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(LocalError, match="no ssh-keygen") as caught:
        seal(folder, key)
    assert "openssh-client" in caught.value.advice


def test_the_remark_on_a_seal_says_what_was_seen_of_it(
    folder: Path, key: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sums = (folder / "SHA256SUMS").read_bytes()
    assert seal_remark(None) == ""
    assert seal_remark(Manifest(sums)).startswith("Not sealed")
    fingerprint = seal(folder, key)
    signature = (folder / "SHA256SUMS.sig").read_bytes()
    assert seal_remark(Manifest(sums, signature)).startswith(f"Sealed with the key {fingerprint}.")
    assert "DOES NOT FIT" in seal_remark(Manifest(sums + b" ", signature))
    monkeypatch.setenv("PATH", "")
    assert "was not checked here" in seal_remark(Manifest(sums, signature))


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "Not sealed: whoever made it could have made it again."),
        (1, "Sealed by sign-in; that was not checked here: entra-oauth audit verify does."),
        (2, "Sealed by sign-in 2 times; that was not checked here: entra-oauth audit verify does."),
    ],
)
def test_the_remark_counts_the_seals_by_sign_in(count: int, said: str) -> None:
    assert seal_remark(Manifest(b"", None, count)) == said


@pytest.mark.parametrize(("count", "more"), [(0, ""), (1, " Sealed by sign-in;")])
def test_both_kinds_of_seal_are_told(
    count: int, more: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    said = seal_remark(Manifest(b"", b"a seal", count))
    first = "Sealed. The seal was not checked here, for there is no ssh-keygen that answers."
    assert said.startswith(f"{first}{more}")
    assert bool(more) or said == first


def test_it_is_told_how_many_files_were_checked(folder: Path, key: Path) -> None:
    before = verify(folder)
    assert (before.files, before.key, before.whose) == (3, None, False)
    seal(folder, key)
    assert verify(folder).files == 4


@pytest.mark.parametrize(
    "line",
    [
        "{kind} {public}",
        "{kind} {public} them@example",
        'no-pty,command="x" {kind} {public} them@example',
        "# a comment\n\n{kind} {public}",
        "ssh-rsa of-no-use\n{kind} {public}",
    ],
)
def test_a_public_key_is_found_in_its_file(folder: Path, key: Path, line: str) -> None:
    seal(folder, key)
    kind, public, *_ = key.with_suffix(".pub").read_text().split()
    named = folder.parent / "named"
    named.write_text(line.format(kind=kind, public=public))
    assert verify(folder, named).whose


@pytest.mark.parametrize("text", ["", "AAAA ssh-ed25519", "ssh-ed25519 BBBB", "other AAAA", "\xff"])
def test_what_is_no_public_key_is_refused(folder: Path, key: Path, text: str) -> None:
    seal(folder, key)
    named = folder.parent / "named"
    named.write_bytes(text.encode("latin-1"))
    with pytest.raises(UsageError, match="holds no public SSH key"):
        verify(folder, named)


def stand_in(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """A program of the name `ssh-keygen` that does this, and no other is found."""
    place = folder.parent / "bin"
    place.mkdir(exist_ok=True)
    program = place / "ssh-keygen"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(place))


@needs.posix
@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo no; echo the last line. >&2; exit 1", "made no seal: the last line."),
        ("echo only this; exit 1", "made no seal: only this."),
        ("exit 1", "made no seal: without a word."),
        ("echo '-----BEGIN SSH SIGNATURE-----'; exit 3", "made no seal: -----BEGIN SSH"),
        ("echo something else", "made no seal: something else."),
    ],
)
def test_what_ssh_keygen_says_is_told(
    folder: Path, key: Path, monkeypatch: pytest.MonkeyPatch, script: str, said: str
) -> None:
    stand_in(folder, monkeypatch, script)
    with pytest.raises(LocalError) as caught:
        seal(folder, key)
    assert said in caught.value.what
    assert ".." not in caught.value.what
    assert not (folder / "SHA256SUMS.sig").exists()


@needs.posix
def test_a_seal_of_which_no_key_is_told_is_one_all_the_same(
    folder: Path, key: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seal(folder, key)
    stand_in(folder, monkeypatch, "echo Good signature with a key SHA256:abc.")
    assert verify(folder).key == "SHA256:abc."
    stand_in(folder, monkeypatch, r"printf 'Good SHA256:a\033[31m'")
    assert "\x1b" not in (verify(folder).key or "\x1b")
    stand_in(folder, monkeypatch, "echo Good")
    assert (verify(folder).key, verify(folder).sealed) == (None, True)
    (folder / "SHA256SUMS.sig").unlink()
    stand_in(folder, monkeypatch, "echo '-----BEGIN SSH SIGNATURE-----'")
    assert seal(folder, key) == "an unknown key"


@needs.posix
def test_an_ssh_keygen_that_does_not_end_is_ended_and_told(
    folder: Path, key: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(folder, monkeypatch, "exec /bin/sleep 60")
    monkeypatch.setattr("entra_oauth.recording.seal._TIMEOUT_S", 0.2)
    with pytest.raises(LocalError, match="did not come to its end: TimeoutExpired"):
        seal(folder, key)
    assert not (folder / "SHA256SUMS.sig").exists()


@pytest.mark.parametrize(
    ("out", "err", "said"),
    [
        (b"", b"", "without a word"),
        (b"out\n", b"", "out"),
        (b"out", b"first\n \x1b[1mlast. \n\n", "<ESC>[1mlast"),
        (b"", b"one\n  two.\n", "two"),
        (b"", b"x" * 200, "x" * 200),
        (b"", b"x" * 201, "x" * 200 + "\u2026"),
    ],
)
def test_of_what_ssh_keygen_says_the_last_line_is_told(out: bytes, err: bytes, said: str) -> None:
    assert _said(subprocess.CompletedProcess([], 1, out, err)) == said
