"""audit lint as people use it, and the findings that other verbs show."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from entra_oauth.protocol.endpoints.authorize import Procedure
from entra_oauth.recording.save import save
from entra_oauth.recording.step import Level
from kit.audit.exchanges import article, practised
from kit.command_line import CLIENT, TENANT, call, error_of

IDS = ("--tenant", TENANT, "--client-id", CLIENT)
URL = (Path(__file__).parents[2] / "golden" / "article_authorize_url.txt").read_text().strip()


@pytest.fixture
def rec(tmp_path: Path) -> str:
    save(article(), tmp_path / "rec", level=Level.SECRETS, created_at=1.0)
    return str(tmp_path / "rec")


@pytest.fixture
def good(tmp_path: Path) -> str:
    recording = practised(Procedure.HARDENED)
    save(recording, tmp_path / "good", level=Level.SECRETS, created_at=1.0)
    return str(tmp_path / "good")


def test_a_recording_is_judged_and_the_worst_comes_first(rec: str) -> None:
    ran = call("audit", "lint", rec)
    assert (ran.code, ran.err) == (9, "")
    lines = ran.out.splitlines()
    assert lines[0].startswith("Judged: 3 steps (1 authorize, 2 redirect, 3 token); 1 flow.")
    assert lines.index("Errors") < lines.index("Warnings") < lines.index("How to mend it")
    at = lines.index("  AR04  step 1  query code_challenge")
    assert lines[at + 1].startswith("    Rule: The authorize request carries a PKCE challenge.")
    assert lines[at + 2].startswith("    Found: There is no code_challenge")
    assert "What was judged, and what was not" in lines


@pytest.mark.parametrize(
    ("level", "bad", "good_code"), [("error", 9, 0), ("warning", 9, 0), ("note", 9, 9)]
)
def test_the_exit_code_is_as_bad_as_was_asked(
    level: str, bad: int, good_code: int, rec: str, good: str
) -> None:
    assert call("audit", "lint", rec, "--fail-on", level).code == bad
    assert call("audit", "lint", good, "--fail-on", level).code == good_code


def test_a_policy_waives_and_changes_levels(rec: str, tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    waiver = '[[waivers]]\nrule = "{}"\nreason = "the course"\nuntil = 2099-12-31\n'
    policy.write_text(waiver.format("AR04") + waiver.format("AR08"), encoding="utf-8")
    ran = call("audit", "lint", rec, "--policy", str(policy))
    assert ran.code == 0
    assert "AR04  until 2099-12-31: the course" in ran.out
    assert call("audit", "lint", rec, "--policy", str(policy), "--fail-on", "warning").code == 9


@pytest.mark.parametrize(
    ("content", "code"), [(b"[alow]\n", 2), (b"\xff\xfe", 2), (None, 8)], ids=["key", "bytes", "no"]
)
def test_a_policy_that_cannot_be_used_is_refused(
    content: bytes | None, code: int, rec: str, tmp_path: Path
) -> None:
    policy = tmp_path / "policy.toml"
    if content is not None:
        policy.write_bytes(content)
    ran = call("audit", "lint", rec, "--policy", str(policy))
    assert (ran.code, ran.out) == (code, "")
    assert error_of(ran)[1]


def test_json_holds_every_verdict(rec: str) -> None:
    ran = call("audit", "lint", rec, "--json")
    read = json.loads(ran.out)
    assert (ran.code, read["schema"]) == (9, "entra-oauth/lint/1")
    assert read["findings"][0]["rule"] == "AR04"
    assert {v["outcome"] for v in read["verdicts"]} == {
        "pass",
        "fail",
        "not applicable",
        "undecidable",
    }
    assert all(v["text"] for v in read["verdicts"] if v["outcome"] != "pass")


def test_sarif_is_written_to_standard_output(rec: str) -> None:
    ran = call("audit", "lint", rec, "-o", "sarif")
    assert (ran.code, json.loads(ran.out)["version"]) == (9, "2.1.0")


def test_an_address_is_judged_and_not_repeated() -> None:
    ran = call("audit", "lint", f"{URL}&code_verifier=very-secret-verifier")
    assert ran.code == 9
    assert "AR20" in ran.out
    assert "very-secret" not in ran.both
    assert "very-secret" not in call("audit", "lint", f"{URL}very-secret", "-o", "sarif").both


@pytest.mark.parametrize("word", [(), ("nowhere.har",), ("https://www.example.com/",)])
def test_what_cannot_be_judged_is_refused(word: tuple[str, ...]) -> None:
    ran = call("audit", "lint", *word)
    assert ran.code in (2, 8)
    assert ran.out == ""
    assert error_of(ran)[1]


# ---- the other verbs -----------------------------------------------------------------------


def test_a_rule_is_explained() -> None:
    ran = call("explain", "ar04")
    assert (ran.code, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert lines[0] == "AR04: a rule of the linter"
    assert "  Source: RFC 9700 §2.1.1" in lines
    read = json.loads(call("explain", "AR04", "--json").out)
    assert (read["schema"], read["id"], read["level"]) == ("entra-oauth/rule/1", "AR04", "error")


@pytest.mark.parametrize(("word", "said"), [("AR99", "no rule AR99"), ("TR25", "not judged")])
def test_a_rule_that_there_is_not_is_refused(word: str, said: str) -> None:
    ran = call("explain", word)
    assert ran.code == 2
    assert said in error_of(ran)[0]


def test_mirror_print_shows_the_findings_aside() -> None:
    ran = call("mirror", "--print", "--state", "12345", *IDS)
    assert ran.code == 0
    for rule in ("error: AR04", "error: AR08", "warning: AR18", "note: TR18"):
        assert rule in ran.err
    assert "AR04" not in ran.out
    assert "AR04" not in call("mirror", "--print", "--quiet", *IDS).both


def test_authorize_url_shows_the_findings_aside() -> None:
    ran = call("authorize-url", *IDS, "--procedure", "article")
    assert "error: AR04" in ran.err
    assert ran.out.count("\n") == 1
    assert ran.err.endswith("Next: entra-oauth exchange\n")


def test_a_dry_run_prints_the_address_and_sends_nothing() -> None:
    ran = call("login", "--dry-run", *IDS)
    assert ran.code == 0
    assert ran.out.startswith(f"https://login.microsoftonline.com/{TENANT}/oauth2/v2.0/authorize?")
    assert "code_challenge_method=S256" in ran.out
    assert "Nothing was sent." in ran.err
    assert "error:" not in ran.err
    assert "warning:" not in ran.err
    read = json.loads(call("login", "--dry-run", "--json", *IDS).out)
    assert read["schema"] == "entra-oauth/dry-run/1"


@pytest.mark.parametrize(
    "more", [("--flow", "device-code"), ("--record", "rec")], ids=["device", "record"]
)
def test_a_dry_run_of_what_has_no_address_is_refused(
    more: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # where a clone is tried out, there may well be a folder rec
    ran = call("login", "--dry-run", *more, *IDS)
    assert (ran.code, ran.out) == (2, "")


def test_the_report_holds_the_findings(rec: str, tmp_path: Path) -> None:
    ran = call("audit", "export", rec, "-o", str(tmp_path / "report.html"))
    assert ran.code == 0
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "AR04" in page
    assert "RFC 9700 §2.1.1" in page


def test_the_demo_ends_with_what_the_linter_says() -> None:
    out = call("demo", "--procedure", "article").out
    said = out.partition("What the linter says of it: ")[2]
    for rule in ("error: AR04", "warning: AR18", "note: TR18"):
        assert rule in said
