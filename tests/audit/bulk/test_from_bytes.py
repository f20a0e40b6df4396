"""Recordings as bytes: judged, cleaned and imported without a disk and without a clock."""

from __future__ import annotations

import json
import pickle
from datetime import date
from pathlib import Path

import pytest

from entra_oauth import audit
from entra_oauth.audit import (
    case_of_evidence,
    findings_of,
    import_bytes,
    lint,
    lint_bytes,
    policy_of,
    redact_bytes,
    rows_of,
)
from entra_oauth.audit.bulk import from_bytes
from entra_oauth.errors import UsageError
from entra_oauth.recording.findings import Severity
from entra_oauth.recording.store import load, read_files
from kit.audit.corpus import HOSTILE, make_corpus, secrets_of
from kit.recordings import PLANTED, written

TODAY = date(2026, 1, 1)
ADDRESS = b"https://login.microsoftonline.com/common/oauth2/v2.0/authorize?client_id=a"
NAMES = ("file", "outcome", "rule", "severity", "step", "text", "source")


def test_what_takes_bytes_is_imported_when_it_is_named_and_nothing_else_is_there() -> None:
    assert all(hasattr(audit, name) for name in audit.__all__)
    assert audit.lint_bytes is lint_bytes
    with pytest.raises(AttributeError, match="'load_files'"):
        _ = audit.load_files  # type: ignore[attr-defined]
    with pytest.raises(AttributeError, match="'error_row'"):
        _ = audit.error_row  # type: ignore[attr-defined]


def _corpus(tmp_path: Path) -> list[tuple[str, bytes]]:
    folder = make_corpus(tmp_path / "all", 14)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return [(path.name, path.read_bytes()) for path in files]


def test_a_folders_files_have_the_findings_of_the_folder(tmp_path: Path) -> None:
    folder = written(tmp_path / "rec")
    expected = findings_of(lint(case_of_evidence(load(folder)), today=TODAY))
    found = lint_bytes(read_files(folder), today=TODAY)
    assert found == tuple(e for e in expected if e.severity is not Severity.UNDECIDABLE)
    assert found


def test_every_row_has_the_same_members_and_can_travel(tmp_path: Path) -> None:
    for name, data in _corpus(tmp_path):
        rows = rows_of(name, data, today=TODAY)
        assert rows
        for row in rows:
            assert tuple(row.as_record()) == NAMES
            assert pickle.loads(pickle.dumps(row)) == row
            assert json.loads(json.dumps(row.as_record())) == row.as_record()


def test_what_is_hostile_is_a_row_with_its_error_and_nothing_is_raised(tmp_path: Path) -> None:
    outcomes = {
        name: {row.outcome for row in rows_of(name, data, today=TODAY)}
        for name, data in _corpus(tmp_path)
    }
    broken = {name for name, seen in outcomes.items() if "error" in seen}
    assert broken == set(HOSTILE)
    assert all(seen == {"error"} for name, seen in outcomes.items() if name in broken)


def test_no_row_holds_a_secret_of_its_file(tmp_path: Path) -> None:
    for name, data in _corpus(tmp_path):
        said = json.dumps([row.as_record() for row in rows_of(name, data, today=TODAY)])
        for secret in (*PLANTED, *(each for n in range(14) for each in secrets_of(n))):
            assert secret not in said
            assert secret[:20] not in said
        assert "\x1b" not in said


def test_a_fault_of_ours_is_a_row_that_quotes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object, **named: object) -> None:
        raise KeyError(PLANTED[0])

    monkeypatch.setattr(from_bytes, "lint", fail)
    (row,) = rows_of("a", ADDRESS, today=TODAY)
    assert (row.outcome, row.text) == ("error", "It could not be judged (KeyError).")


def test_a_name_that_could_move_a_terminal_is_shown(tmp_path: Path) -> None:
    for data in (b"", ADDRESS):
        for row in rows_of("a\x1b[2J\udcff\n", data, today=TODAY):
            assert row.file.isprintable()


def test_a_policy_counts_and_its_waivers_hold_up_to_their_day() -> None:
    all_rules = {each.id for each in lint_bytes(ADDRESS, today=TODAY)}
    rule = sorted(all_rules)[0]
    waived = f'[[waivers]]\nrule = "{rule}"\nreason = "a lesson"\nuntil = 2026-01-01\n'
    for text, day, expected in (
        (f'[levels]\n{rule} = "off"\n', TODAY, all_rules - {rule}),
        (waived, TODAY, all_rules - {rule}),
        (waived, date(2026, 1, 2), all_rules),
    ):
        found = lint_bytes(ADDRESS, policy_of(text), today=day)
        assert {each.id for each in found} == expected


def test_a_recording_that_was_changed_is_a_row_with_its_error(tmp_path: Path) -> None:
    files = dict(read_files(written(tmp_path / "rec")))
    files[sorted(files)[0]] += b"x"
    (row,) = rows_of("rec", files, today=TODAY)
    assert row.outcome == "error"


def test_what_needs_more_memory_than_is_allowed_is_refused() -> None:
    large = b'{"log":' + b" " * 2**20
    for act in (
        lambda: lint_bytes(large, today=TODAY, max_mib=1),
        lambda: lint_bytes(ADDRESS + b"&x=" + b"x" * 2**20, today=TODAY, max_mib=1),
        lambda: redact_bytes(large, max_mib=1),
        lambda: import_bytes(large, created_at=0.0, max_mib=1),
    ):
        with pytest.raises(UsageError, match="MiB"):
            act()


@pytest.mark.parametrize("level", ["secrets", "pii"])
def test_redacting_and_importing_take_the_secrets_out(level: str, tmp_path: Path) -> None:
    _, data = next(each for each in _corpus(tmp_path) if each[0] == "000000")
    own = secrets_of(0)
    assert any(secret.encode() in data for secret in own)
    clean = redact_bytes(data, level=level)
    files = import_bytes(data, created_at=0.0, level=level)
    for secret in (*own, *PLANTED):
        assert secret.encode() not in clean
        assert all(secret.encode() not in each for each in files.values())
    assert lint_bytes(clean, today=TODAY)
    assert lint_bytes(files, today=TODAY)
