"""The places of the files, the content of one, and what is not believed."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import platformdirs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from entra_oauth.cache import paths
from entra_oauth.cache.lock import Lock
from kit import canaries
from kit.stores import APP, SCOPE, USER

KEY = APP.key(USER, SCOPE)
TIMES = (1_767_272_400, 1_767_268_800, 5_000)
TEXT = paths.write_token(KEY, TIMES, canaries.ACCESS_TOKEN, SCOPE)


def test_a_file_is_read_as_it_was_written() -> None:
    assert paths.read_token(TEXT, KEY) == (*TIMES, canaries.ACCESS_TOKEN, SCOPE)


@pytest.mark.parametrize("at", range(len(KEY)))
def test_a_file_under_a_wrong_name_is_not_believed(at: int) -> None:
    other = tuple(part + "x" if n == at else part for n, part in enumerate(KEY))
    assert paths.read_token(TEXT, other) is None


@given(st.integers(0, len(TEXT) - 1))
def test_a_file_that_was_cut_is_not_believed(length: int) -> None:
    assert paths.read_token(TEXT[:length], KEY) is None


def test_a_line_file_that_was_cut_is_not_believed() -> None:
    text = paths.write_line("ada@example.test")
    assert paths.read_line(text) == ["ada@example.test"]
    for length in range(len(text)):
        assert paths.read_line(text[:length]) is None
    assert paths.read_line(text + "\n") is None


@given(st.text())
def test_no_other_text_is_a_token(text: str) -> None:
    assert paths.read_token(text, KEY) is None
    assert paths.read_line(text) is None


@pytest.mark.parametrize(
    "text",
    [
        TEXT.replace("token 1\n", "token 2\n"),
        TEXT.removesuffix("end\n") + "END\n",
        TEXT.removesuffix("\n") + " ",
        TEXT.replace("1767272400", "-1"),
        TEXT.replace("1767272400", "١٢"),
        TEXT.replace("1767272400", "9" * 40),
        TEXT.replace(canaries.ACCESS_TOKEN, ""),
        TEXT.replace(canaries.ACCESS_TOKEN, "a\rb"),
        TEXT.replace(canaries.ACCESS_TOKEN, "ä"),
        TEXT + "\n",
        TEXT.replace("1767272400", "a line more\n1767272400", 1),
    ],
)
def test_a_strange_file_is_not_believed(text: str) -> None:
    assert paths.read_token(text, KEY) is None


def test_a_later_version_is_known_as_such() -> None:
    assert paths.is_newer(TEXT.replace("token 1\n", "token 2\n"))
    assert not paths.is_newer(TEXT)
    assert not paths.is_newer("")


def test_a_file_is_where_the_version_before_looks_for_it() -> None:
    assert paths.line_file("/f", "a", "b") == os.path.join("/f", "facdde7abf1eac5b301273ab2e282f79")


@given(st.lists(st.text(), max_size=4), st.lists(st.text(), max_size=4))
def test_other_names_are_other_files(one: list[str], other: list[str]) -> None:
    assert (paths.line_file("/", *one) == paths.line_file("/", *other)) is (one == other)


def test_upper_and_lower_case_mean_the_same_tenant_client_and_account() -> None:
    folder = paths.app_folder("/t", "https://h", "A", "B")
    assert folder == paths.app_folder("/t", "https://h", "a", "b")
    assert paths.account_folder(folder, "Ada@X") == paths.account_folder(folder, "ada@x")


def test_the_folders_are_those_of_platformdirs() -> None:
    state = platformdirs.user_state_dir("entra-oauth", appauthor=False)
    config = platformdirs.user_config_dir("entra-oauth", appauthor=False)
    assert paths.tokens_folder(os.environ) == os.path.join(state, "tokens")
    assert paths.config_file(os.environ) == os.path.join(config, "config.toml")


@pytest.mark.parametrize(
    ("environ", "platform", "folder"),
    [
        ({"ENTRA_OAUTH_CACHE_DIR": "/a b"}, "linux", "/a b"),
        ({"ENTRA_OAUTH_CACHE_DIR": "relative"}, "linux", None),
        ({"ENTRA_OAUTH_CACHE_DIR": "~/x"}, "linux", None),
        ({"XDG_STATE_HOME": "/state"}, "linux", "/state/entra-oauth/tokens"),
        ({"XDG_STATE_HOME": "relative"}, "linux", "/h/.local/state/entra-oauth/tokens"),
        ({}, "linux", "/h/.local/state/entra-oauth/tokens"),
        ({}, "darwin", "/h/Library/Application Support/entra-oauth/tokens"),
        ({"LOCALAPPDATA": "/local"}, "win32", "/local/entra-oauth/tokens"),
        ({}, "win32", "/h/AppData/Local/entra-oauth/tokens"),
    ],
)
@pytest.mark.skipif(os.name != "posix", reason="paths of POSIX")
def test_the_folder_of_the_tokens(
    environ: dict[str, str], platform: str, folder: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/h")
    assert paths.tokens_folder(environ, platform) == folder


@pytest.mark.skipif(os.name != "posix", reason="paths of POSIX")
def test_the_folder_of_the_tokens_is_named_by_its_variable_alone() -> None:
    assert paths.named_tokens_folder({"ENTRA_OAUTH_CACHE_DIR": "/a b"}) == "/a b"
    assert paths.named_tokens_folder({"ENTRA_OAUTH_CACHE_DIR": "relative"}) is None
    for environ in ({}, {"ENTRA_OAUTH_CACHE_DIR": ""}, {"XDG_STATE_HOME": "/state"}):
        assert paths.named_tokens_folder(environ) is None


@pytest.mark.parametrize(
    ("environ", "platform", "file"),
    [
        ({"ENTRA_OAUTH_CONFIG": "/a b"}, "linux", "/a b"),
        ({"ENTRA_OAUTH_CONFIG": "relative"}, "linux", None),
        ({"XDG_CONFIG_HOME": "/config"}, "linux", "/config/entra-oauth/config.toml"),
        ({"XDG_CONFIG_HOME": "relative"}, "linux", "/h/.config/entra-oauth/config.toml"),
        ({"XDG_STATE_HOME": "/state"}, "linux", "/h/.config/entra-oauth/config.toml"),
        ({}, "darwin", "/h/Library/Application Support/entra-oauth/config.toml"),
        ({"LOCALAPPDATA": "/local"}, "win32", "/local/entra-oauth/config.toml"),
    ],
)
@pytest.mark.skipif(os.name != "posix", reason="paths of POSIX")
def test_the_file_of_the_profiles(
    environ: dict[str, str], platform: str, file: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/h")
    assert paths.config_file(environ, platform) == file


@pytest.mark.skipif(os.name != "posix", reason="POSIX asks the user database")
def test_without_home_there_is_a_folder_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOME")
    folder = paths.tokens_folder({}, "linux")
    assert folder is None or os.path.isabs(folder)


def test_it_imports_next_to_nothing() -> None:
    """The fast path's whole budget: what else Python has loaded by itself is not counted."""
    code = (
        "import sys; before = set(sys.modules); import entra_oauth.cli.fast_token; print(*sorted("
    )
    code += "name for name in set(sys.modules) - before if not name.startswith('entra_oauth')))"
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path("/")
    )
    loaded = set(ran.stdout.split())
    assert loaded <= {"__future__", "_sha2", "_sha256", "fcntl"}, loaded


def test_a_wait_in_vain_counts_for_the_next_one(tmp_path: Path) -> None:
    lock = str(tmp_path / "lock")
    assert paths.wait_left_s(lock, 60.0) == 60.0
    paths.note_wait(lock, 10.0)
    assert (paths.wait_left_s(lock, 60.0), paths.wait_left_s(lock, 5.0)) == (50.0, 0.0)
    assert paths.wait_left_s(str(tmp_path / "other"), 60.0) == 60.0
    with Lock(lock) as held, Lock(lock) as second:
        assert held.take(0)
        before = time.monotonic()
        assert not second.take(10.02)
        assert time.monotonic() - before < 5


@pytest.mark.parametrize(("time", "is_one"), [("9" * 12, True), ("9" * 13, False), ("٣", False)])
def test_a_time_has_twelve_digits_at_most(time: str, is_one: bool) -> None:
    text = TEXT.replace(" ".join(map(str, TIMES)), f"{TIMES[0]} {TIMES[1]} {time}")
    found = paths.read_token(text, KEY)
    assert (found[2] if found else None) == (int(time) if is_one else None)


@pytest.mark.parametrize("times", ["", "1", "1 2", "1 2 3 4", "1 2 ", "1  2", "1 2 x", "1 2 -3"])
def test_a_token_has_three_times(times: str) -> None:
    assert paths.read_token(TEXT.replace(" ".join(map(str, TIMES)), times), KEY) is None
    assert paths.read_token(TEXT.replace(" ".join(map(str, TIMES)), "1 2 3"), KEY) is not None


def test_a_file_that_has_changed_has_another_stamp(tmp_path: Path) -> None:
    path, other = tmp_path / "file", tmp_path / "other"
    path.write_text("x")
    other.write_text("x")
    os.utime(path, ns=(1, 1))
    os.utime(other, ns=(1, 1))
    first = paths.stamp(str(path), path.stat())
    assert paths.stamp(str(path), path.stat()) == first
    assert paths.stamp(str(other), path.stat()) != first
    assert paths.stamp(str(path), other.stat()) != first, "another file of that name"
    path.write_text("xx")
    os.utime(path, ns=(1, 1))
    assert paths.stamp(str(path), path.stat()) != first, "another size"
    path.write_text("x")
    os.utime(path, ns=(2, 2))
    assert paths.stamp(str(path), path.stat()) != first, "another time"
