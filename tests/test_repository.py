"""What may not be in a file that git keeps: places of one machine, registries, secrets."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from kit import needs

ROOT = Path(__file__).parents[1]

pytestmark = needs.git


@cache
def _kept() -> dict[str, bytes]:
    listed = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-z"], capture_output=True, check=False
    )
    names = [name for name in listed.stdout.decode().split("\0") if name]
    if listed.returncode != 0 or "pyproject.toml" not in names:
        pytest.skip("not a git checkout of the project")
    return {name: (ROOT / name).read_bytes() for name in names if (ROOT / name).is_file()}


# Written so that this file does not hold what it looks for.
MACHINE_PATHS = re.compile(
    rb"(?<![\w.~$}%-])(?:/(?:tm[p]|root|work)/|/(?:home|Users)/[\w.-]|[A-Z]:\\+Users\\+\w)"
)
REGISTRIES = re.compile(
    rb"(?:pypi[.]org|pythonhosted[.]org|registry[.]npmjs|npmjs[.]com|registry[.]yarnpkg"
    rb"|deb[.]debian[.]org|crates[.]io|proxy[.]golang)"
)
KEYS = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----")
SECRETS = re.compile(
    rb"\beyJ[\w-]{8,}[.][\w-]{8,}[.][\w-]{8,}"  # a signed token
    rb"|\b[\w~.-]{3}8Q~[\w~.-]{30,}"  # a client secret of Entra's
    rb"|\bdapi[0-9a-f]{32}\b"  # a Databricks token
    rb"|\b[01][.]A[\w-]{150,}"  # a refresh token or code of Entra's
)
LOCK_FILES = re.compile(r"(?:^|/)(?:[\w.-]*[.-]lock(?:file)?(?:[.]json)?|npm-shrinkwrap[.]json)$")
PACKED = re.compile(r"[.](?:whl|egg|zip|tar|t?gz|bz2|xz|7z|jar|py[co]|so|dll|exe|dylib)$", re.I)


def _found(pattern: re.Pattern[bytes], files: dict[str, bytes]) -> Iterator[str]:
    for name, content in files.items():
        for number, line in enumerate(content.splitlines(), start=1):
            if pattern.search(line):
                yield f"{name}:{number}"


def test_no_place_of_a_machine_is_kept() -> None:
    assert list(_found(MACHINE_PATHS, _kept())) == []


def test_no_address_of_a_registry_is_kept() -> None:
    assert list(_found(REGISTRIES, _kept())) == []


CONTRACT = b'\nformat = "entra-oauth lock"\n'
"""Stands in a contract for the wire, which says to whom a client speaks."""


def test_no_lock_file_with_an_address_is_kept() -> None:
    locks = {
        name: content
        for name, content in _kept().items()
        if LOCK_FILES.search(name) and CONTRACT not in content
    }
    assert list(_found(re.compile(rb"https?://"), locks)) == []


def test_no_private_key_is_kept() -> None:
    assert list(_found(KEYS, _kept())) == []


def test_no_secret_is_kept_outside_the_tests() -> None:
    files = {name: text for name, text in _kept().items() if not name.startswith("tests/")}
    assert list(_found(SECRETS, files)) == []


def test_no_package_of_anybody_and_nothing_compiled_is_kept() -> None:
    assert [name for name in _kept() if PACKED.search(name)] == []


def test_no_file_is_larger_than_what_people_read() -> None:
    assert {n: len(c) for n, c in _kept().items() if len(c) > 1_000_000} == {}


SEEN = [
    (MACHINE_PATHS, b"open('/tm" + b"p/x')"),
    (MACHINE_PATHS, b"cd /wo" + b"rk/main"),
    (MACHINE_PATHS, b"/ho" + b"me/ada/.config"),
    (MACHINE_PATHS, b"C:\\Us" + b"ers\\ada"),
    (REGISTRIES, b"https://pypi" + b".org/simple"),
    (KEYS, b"-----BEGIN RSA " + b"PRIVATE KEY-----"),
    (KEYS, b"-----BEGIN " + b"PRIVATE KEY-----"),
    (SECRETS, b'"eyJ0eXAiOiJKV1Qi' + b'.eyJhdWQiOiJh.c2lnbmF0dXJl"'),
    (SECRETS, b"abc8Q~" + b"x" * 34),
    (SECRETS, b"token=dapi" + b"0" * 32),
    (SECRETS, b"code=0.A" + b"x" * 200),
]


@pytest.mark.parametrize(("pattern", "line"), SEEN)
def test_what_may_not_be_kept_would_be_seen(pattern: re.Pattern[bytes], line: bytes) -> None:
    assert list(_found(pattern, {"f": b"first\n" + line})) == ["f:2"]


UNSEEN = [
    (MACHINE_PATHS, b"https://example.com/work/items"),
    (MACHINE_PATHS, b"the home/office, tmp_path / 'x', $HOME/x"),
    (SECRETS, b"eyJ0eXAi\xe2\x80\xa6 (cut)"),
    (KEYS, b"-----BEGIN PUBLIC KEY-----"),
]


@pytest.mark.parametrize(("pattern", "line"), UNSEEN)
def test_what_may_be_kept_is_left_alone(pattern: re.Pattern[bytes], line: bytes) -> None:
    assert list(_found(pattern, {"f": line})) == []


def test_captured_bytes_are_changed_by_no_checkout() -> None:
    """With `text=auto`, git would take a captured request for text and drop its CR."""
    captured = [
        name for name in _kept() if name.endswith(".bin") or name.startswith("tests/golden/")
    ]
    asked = subprocess.run(
        ["git", "-C", str(ROOT), "check-attr", "text", "--", *captured],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert len(asked.splitlines()) == len(captured) > 5
    assert [line for line in asked.splitlines() if not line.endswith(": text: unset")] == []


@pytest.mark.parametrize("name", ["uv.lock", "poetry.lock", "package-lock.json", "a/yarn.lock"])
def test_a_lock_file_is_known_by_its_name(name: str) -> None:
    assert LOCK_FILES.search(name)
