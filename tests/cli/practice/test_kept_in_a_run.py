"""What a program keeps that `practice run` starts: it is kept for the run alone."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from entra_oauth.cache.vault import Keyring
from entra_oauth.cli.sign_in import plan
from entra_oauth.practice.browser.control_client import CONTROL_VARIABLE
from entra_oauth.practice.directory.model import ARTICLE_CLIENT_ID, ARTICLE_TENANT_ID
from kit import needs
from kit.command_line import call, error_of

OURS = f"{sys.executable} -P -m entra_oauth"
ASKED = f"--tenant {ARTICLE_TENANT_ID} --client-id {ARTICLE_CLIENT_ID}"
MINE = ("tenant=contoso.example", "client_id=11111111-2222-4333-8444-555555555555")


@pytest.fixture
def configuration() -> Path:
    """The person's own, with a default profile of a real tenant."""
    assert call("profile", "set", "mine", *MINE).code == 0
    (file,) = Path(os.environ["HOME"]).rglob("config.toml")
    return file


def in_a_run(out: Path, *lines: str) -> str:
    """Run these lines of a shell in one practice run; what they print, which is in `out` then."""
    ran = call("practice", "run", "--", "sh", "-c", f"{{ {' && '.join(lines)}; }} > {out}")
    assert ran.code == 0, ran.err
    return out.read_text(encoding="utf-8")


@needs.posix
@pytest.mark.parametrize(
    ("lines", "profiles"),
    [
        ([], "  mine\n"),
        (
            [f"{OURS} login {ASKED} -q -o none --save-profile prac", f"{OURS} token -o none"],
            "  mine\n* prac\n",
        ),
        ([f"{OURS} profile set more tenant=organizations"], "  mine\n  more\n"),
        ([f"{OURS} profile set mine tenant=organizations"], "* mine\n"),
        ([f"{OURS} profile use mine"], "* mine\n"),
        ([f"{OURS} profile delete mine"], ""),
    ],
)
def test_a_run_has_profiles_of_its_own_and_leaves_the_persons_as_they_are(
    lines: list[str], profiles: str, configuration: Path, tmp_path: Path
) -> None:
    before = configuration.read_bytes()
    assert in_a_run(tmp_path / "out", *lines, f"{OURS} profile list") == profiles
    assert configuration.read_bytes() == before
    assert call("profile", "list").out == "* mine\n"


@needs.posix
@pytest.mark.parametrize("text", ["not TOML", '"default_profile" = "mine"\n', None])
def test_a_run_begins_without_profiles_where_these_cannot_be_had(
    text: str | None, configuration: Path, tmp_path: Path
) -> None:
    configuration.unlink()
    if text is not None:
        configuration.write_text(text, encoding="utf-8")
    lines = (f"{OURS} login {ASKED} -q -o none --save-profile prac", f"{OURS} profile list")
    assert in_a_run(tmp_path / "out", *lines) == "* prac\n"
    assert configuration.is_file() == (text is not None)


@needs.posix
@pytest.mark.parametrize("variable", [None, "ENTRA_OAUTH_PROFILE", "ENTRA_OAUTH_CONFIG"])
def test_a_persons_default_profile_names_no_tenant_in_a_run(
    variable: str | None, configuration: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = {"ENTRA_OAUTH_PROFILE": "mine", "ENTRA_OAUTH_CONFIG": str(configuration)}
    if variable is not None:
        monkeypatch.setenv(variable, values[variable])
    shown = in_a_run(
        tmp_path / "out", f"{OURS} status --json", f"{OURS} login {ASKED} --dry-run -q"
    )
    assert "contoso.example" not in shown
    assert ARTICLE_TENANT_ID in shown


@needs.posix
def test_a_sign_in_that_is_begun_in_a_run_does_not_wait_for_its_answer_afterwards(
    tmp_path: Path,
) -> None:
    assert "/authorize?" in in_a_run(tmp_path / "out", f"{OURS} authorize-url {ASKED}")
    left = [p.name for p in Path(os.environ["HOME"]).rglob("*") if p.parent.name == "pending"]
    assert left == []


def test_a_run_keeps_nothing_in_the_password_store_of_the_whole_system(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def open_store(say: object) -> None:
        pytest.fail("the password store was opened")

    monkeypatch.setenv(CONTROL_VARIABLE, "http://127.0.0.1:1/#x")
    monkeypatch.setattr(Keyring, "working", open_store)
    monkeypatch.setattr(plan, "can_be_expected", lambda environ, platform: True)
    ran = call("login", *ASKED.split(), "--cache", "keyring")
    assert (ran.code, error_of(ran)[0]) == (
        2,
        "A practice run keeps nothing in the system's password store.",
    )
