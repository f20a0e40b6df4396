"""live_check against the practice tenant: all is looked at, and nothing secret is written."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from entra_oauth.practice import PracticeTenant, serve
from entra_oauth.practice.directory.defaults import DEFAULT
from entra_oauth.protocol.messages import parse_form
from kit import canaries, practice
from observed import World, word

SCRIPT = Path(__file__).parents[2] / "scripts" / "live_check.py"
BROWSER = """\
import sys
from entra_oauth.practice import PracticeBrowser, http_send
PracticeBrowser(http_send, sys.argv[1], "practice").open(sys.argv[2])
"""


@pytest.fixture
def tenant() -> PracticeTenant:
    return PracticeTenant(directory=DEFAULT.with_admin_consent())


@pytest.fixture
def ran(
    tenant: PracticeTenant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[subprocess.CompletedProcess[str], str]:
    """One run with everything, and its report."""
    script = tmp_path / "browser.py"
    script.write_text(BROWSER, encoding="utf-8")
    monkeypatch.setenv("BROWSER", f"{sys.executable} {script} {practice.ALICE} %s")
    out = tmp_path / "report.md"
    with serve(tenant, tls=False) as hosted:
        monkeypatch.setenv("ENTRA_OAUTH_AUTHORITY_HOST", hosted.base_url)
        options = ["--workspace-url", hosted.base_url, "--out", str(out)]
        done = subprocess.run(
            [sys.executable, str(SCRIPT), canaries.CLIENT_ID, canaries.TENANT, *options],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
    assert out.exists(), done.stderr
    return done, out.read_text(encoding="utf-8")


def test_the_practice_tenant_does_what_is_documented(
    ran: tuple[subprocess.CompletedProcess[str], str],
) -> None:
    done, report = ran
    checks = re.findall(r"^## (\w+)$", report, re.MULTILINE)
    assert checks == [
        *("description", "wrong_code", "wrong_refresh_token", "device_code"),
        *("login", "refresh", "mirror", "workspace"),
    ]
    differing = [line for line in report.splitlines() if line.endswith("| DIFFERS |")]
    # The practice host says no time; Entra does.
    assert [line for line in differing if "a Date header" not in line] == []
    assert done.returncode == (9 if differing else 0)
    assert "ended with" not in report
    assert "Traceback" not in done.stderr


def test_the_report_holds_no_secret_no_id_and_no_name(
    tenant: PracticeTenant, ran: tuple[subprocess.CompletedProcess[str], str]
) -> None:
    done, report = ran
    secrets = {canaries.TENANT, canaries.CLIENT_ID, practice.ALICE, practice.PASSWORD}
    for request, response in tenant.log:
        for text in (request.query, request.body.decode("latin-1")):
            secrets.update(value for _, value in parse_form(text))
        secrets.add((request.header("Authorization") or "").removeprefix("Bearer "))
        if response.body.startswith(b"{"):
            members = json.loads(response.body)
            secrets.update(str(v) for n, v in members.items() if n.endswith(("token", "code")))
    long = {secret for secret in secrets if len(secret) >= 16} - {practice.SCOPE}
    assert len(long) > 20
    assert [secret for secret in long if secret in report + done.stdout] == []
    assert not re.search(r"eyJ|[0-9a-f]{8}-[0-9a-f]{4}-|@|localhost", report)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("invalid_grant", "invalid_grant"),
        (400, "400"),
        (None, "none"),
        ("a|b", "(not shown)"),
        ("ada@example.test", "(not shown)"),
        ("<script>", "(not shown)"),
        ("ä", "(not shown)"),
        ("a\nb", "(not shown)"),
        (canaries.REFRESH_TOKEN, "(not shown)"),
    ],
)
def test_only_words_of_a_protocol_are_shown(value: object, shown: str) -> None:
    assert word(value) == shown


def test_what_is_noted_is_shown_word_by_word() -> None:
    from entra_oauth import Authority, Channels, Recorder

    world = World(Authority.of("x"), "y", Channels(front=None, back=None), Recorder())  # type: ignore[arg-type]
    world.note("what", f"aud, exp {canaries.ACCESS_TOKEN} |")
    assert world.seen[0].found == "aud, exp (not shown) (not shown)"
    assert world.seen[0].verdict == "noted"
