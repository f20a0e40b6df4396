"""The cover sheet: what it says, whence it has that, and what it never says."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from entra_oauth.recording.cover.cover_sheet import cover_rows
from entra_oauth.recording.facts import facts_of
from entra_oauth.recording.report.report_page import as_html
from entra_oauth.recording.report.report_text import as_markdown
from entra_oauth.recording.step import Evidence, Level
from entra_oauth.recording.store import load
from kit import canaries
from kit import recordings as kit

SECRET = "Tr0ub4dor-and-3"
COMMAND = ("python", "get_tokens.py", "--client-id", canaries.CLIENT_ID, "--password", SECRET)
SETTINGS = (
    {"name": "--flow", "value": "device-code", "from": "the profile"},
    {"name": "--cloud", "value": "public", "from": "the default"},
    {"name": "--cae", "value": "", "from": "the profile"},
    {"name": "--http-timeout", "value": "30", "from": "the default"},
)


def _evidence(level: Level = Level.SECRETS, *, watched: bool = True) -> Evidence:
    facts = facts_of(
        {"HTTPS_PROXY": "http://proxy.example"},
        verb="practice run" if watched else "login",
        settings=SETTINGS,
        watched=COMMAND if watched else (),
        names_people=level is not Level.PII,
        names_machine=True,
    )
    return replace(kit.evidence(level=level), facts={**kit.evidence(level=level).facts, **facts})


def test_it_says_when_with_what_and_which_settings_counted() -> None:
    rows = dict(cover_rows(_evidence(watched=False)))
    assert rows["Recorded"].endswith(" UTC")
    assert rows["With"].startswith("entra-oauth ")
    assert rows["With"].endswith(" login")
    assert rows["Program calls itself"] == "entra-oauth/0 (its own word)"
    assert rows["Settings given"] == "from the profile: --flow device-code, --cae"
    assert rows["Settings by default"] == "--cloud public, --http-timeout 30"
    assert "variables HTTPS_PROXY" in rows["Settings found"]
    assert rows["Seen by"] == "The program itself, at its own sockets."
    assert "4 values" not in rows["Authority"]
    assert "login.microsoftonline.com" in rows["Authority"]
    assert "Program watched" not in rows


def test_of_a_foreign_client_it_says_the_command_without_its_values() -> None:
    rows = dict(cover_rows(_evidence()))
    assert rows["Program watched"] == (
        "python get_tokens.py --client-id (36 characters) --password (15 characters). "
        "Of what may be a secret only the length is here"
    )
    assert rows["Seen by"].startswith("The practice tenant")


def test_machine_and_user_are_named_where_told_and_never_at_the_level_of_people() -> None:
    told = _evidence().facts["recorded_on"]
    assert set(told) == {"machine", "user"}
    assert dict(cover_rows(_evidence()))["Machine and user"] == f"{told['machine']}, {told['user']}"
    people = _evidence(Level.PII)
    assert "recorded_on" not in people.facts
    assert "Machine and user" not in dict(cover_rows(people))
    assert people.facts["watched_command"][1] == "(13 characters)"
    assert "recorded_on" not in facts_of({}, verb="login")


def test_it_counts_what_is_as_it_was_on_the_wire_and_says_where_a_length_is_hidden() -> None:
    rows = dict(cover_rows(_evidence()))
    assert "as they were on the wire but for what was taken out" in rows["Bytes"]
    assert "known by their address only" in rows["Bytes"]
    short = kit.evidence(kit.recording(answer=b"HTTP/1.1 200 OK\r\nSet-Cookie: a=short\r\n\r\n"))
    assert "the length of a secret is hidden too" in dict(cover_rows(short))["Bytes"]
    assert "1 of them with their length hidden" in dict(cover_rows(short))["Contents"]
    whole = dict(cover_rows(kit.evidence(level=Level.NONE)))
    assert "taken out" not in whole["Bytes"]
    assert "NOTHING was taken out" in whole["Contents"]


def test_list_of_hashes_and_seal_are_those_of_the_files(tmp_path: Path) -> None:
    folder = kit.written(tmp_path / "rec")
    rows = dict(cover_rows(load(folder)))
    digest = hashlib.sha256((folder / "SHA256SUMS").read_bytes()).hexdigest()
    assert rows["List of hashes"].endswith(digest)
    assert rows["Seal"] == "Not sealed."
    (folder / "SHA256SUMS.sig").write_bytes(b"anything")
    assert dict(cover_rows(load(folder)))["Seal"] == "Nobody looked at it."
    assert dict(cover_rows(load(folder), seal="By Ada."))["Seal"] == "By Ada."
    assert {"List of hashes", "Seal"}.isdisjoint(dict(cover_rows(kit.evidence())))


def test_an_import_is_not_said_to_have_been_seen_by_the_program() -> None:
    facts = {**_evidence().facts, "imported": {"creator": "Firefox 99", "har": "1.2"}}
    rows = dict(cover_rows(replace(kit.evidence(), facts=facts)))
    assert rows["Seen by"] == "Not by this program: it was made from a file of Firefox 99."
    assert "Settings found" not in rows
    assert rows["Recorded"].startswith("Imported ")


FORMS: list[Callable[[Evidence], str]] = [as_html, as_markdown]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("level", list(Level))
def test_the_sheet_is_in_the_reports_and_holds_no_word_of_the_command(
    form: Callable[[Evidence], str], level: Level
) -> None:
    evidence = _evidence(level)
    text = form(evidence)
    assert "Cover sheet" in text
    assert "Program watched" in text
    assert SECRET not in text
    assert SECRET not in json.dumps(evidence.facts)


BAD = [
    {"program": [], "client": "x", "settings": 3, "watched_command": {}, "imported": 7},
    {"program": {"name": 5}, "client": {"library": "x"}, "settings": ["x", {"name": []}]},
    {"watched_command": [1, None], "recorded_on": {"machine": 1}, "variables": [1]},
    {"certificates": "x", "variables": "abc", "watched_program": 5},
]


@pytest.mark.parametrize("facts", BAD)
def test_facts_of_a_stranger_are_any_values(facts: dict[str, object]) -> None:
    evidence = replace(kit.evidence(), facts=facts, created_at=1e300)
    assert dict(cover_rows(evidence))["Recorded"].startswith("9999-12-31 23:59:59 UTC")
