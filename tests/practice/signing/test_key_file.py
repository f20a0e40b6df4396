"""The signing key is made once for each user, and nobody else can read it."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from entra_oauth.practice.signing import key_file
from entra_oauth.practice.signing.key_ring import KeyRing, make_key
from kit import needs


def _key_file() -> Path:
    return key_file._path()


def test_the_next_tenant_has_the_same_key() -> None:
    first, second = KeyRing(None).key(), KeyRing(None).key()
    assert (first.kid, first.public, first.certificate) == (
        second.kid,
        second.public,
        second.certificate,
    )
    assert second.verifies(first.sign(b"message"), b"message")


@needs.posix
def test_only_its_owner_can_read_the_file() -> None:
    KeyRing(None).key()
    assert stat.S_IMODE(_key_file().stat().st_mode) == 0o600
    assert stat.S_IMODE(_key_file().parent.stat().st_mode) == 0o700
    assert list(_key_file().parent.iterdir()) == [_key_file()]


@needs.posix
def test_a_file_that_others_can_read_is_not_believed() -> None:
    first = KeyRing(None).key()
    _key_file().chmod(0o644)
    assert key_file.load_key() is None
    assert KeyRing(None).key().kid != first.kid
    assert stat.S_IMODE(_key_file().stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "spoil", [b"", b"\xff\x00", b"-----BEGIN X-----\nAAAA\n-----END X-----\n" * 2]
)
def test_a_spoilt_file_is_replaced(spoil: bytes) -> None:
    KeyRing(None).key()
    _key_file().write_bytes(spoil)
    again = KeyRing(None).key()
    assert again.verifies(again.sign(b"x"), b"x")
    assert KeyRing(None).key().kid == again.kid


def test_without_a_folder_to_write_in_there_is_a_key_all_the_same(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    wall = tmp_path / "wall"
    wall.write_text("")
    monkeypatch.setattr(key_file, "_path", lambda: wall / "below" / "key.pem")
    ring = KeyRing(None)
    assert ring.key().verifies(ring.key().sign(b"x"), b"x")


def test_a_key_from_a_seed_is_not_saved() -> None:
    KeyRing(1).key()
    assert not _key_file().exists()


def test_tenants_that_start_at_once_end_with_the_key_that_is_saved() -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: KeyRing(None).key(), range(4)))
    assert KeyRing(None).key().kid == KeyRing(None).key().kid


def test_a_key_that_was_made_is_like_one_that_was_read() -> None:
    made = make_key(None)
    assert made.kid.startswith("practice-")
    assert os.path.basename(_key_file()) == "practice-key.pem"


ENDS_AT_ONCE = """
from threading import Event
from entra_oauth.practice.signing import key_ring

begun = Event()

def make(seed):
    begun.set()
    Event().wait(0.3)
    print("made", flush=True)

key_ring.make_key = make
key_ring.KeyRing(7).warm()
begun.wait(20)
"""


def test_a_program_that_ends_lets_the_key_be_made() -> None:
    """Python stops a daemon inside cryptography's foreign code, and the process is aborted."""
    ran = subprocess.run(
        [sys.executable, "-P", "-c", ENDS_AT_ONCE],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ran.returncode, ran.stdout) == (0, "made\n"), ran.stderr
