"""Exports of the sign-in log in every form, and what is no export."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from entra_oauth.audit.timeline import exported_log
from entra_oauth.audit.timeline.exported_log import Export, json_rows, read_export
from entra_oauth.audit.timeline.sign_in_rows import request_id_of, row_of_json, time_of
from entra_oauth.errors import LocalError, UsageError

ROW = {
    "id": "C5065B15-0000-4000-8000-292EB94A0500",
    "createdDateTime": "2026-01-01T12:00:00.1234567Z",
    "correlationId": "c",
    "appId": "APP",
    "userId": "u",
    "userPrincipalName": "a@b.example",
    "ipAddress": "192.0.2.1",
    "isInteractive": False,
    "status": {"errorCode": 0},
    "sessionId": "S",
    "uniqueTokenIdentifier": "aBc",
}
CSV = (
    "\ufeffDate (UTC),Request ID,User agent,Correlation ID,User ID,Username,Incoming token type,"
    "Unique token identifier,Application ID ,Resource,IP address,Sign-in error code,Session ID,"
    "Incoming token type\r\n"
    '2026-01-01T12:00:00Z,REQ,"a ""b"", c",c,u,a@b.example,none,aBc,APP,Graph,192.0.2.1,0,S,x\r\n'
)


def read(tmp_path: Path, data: bytes) -> Export:
    file = tmp_path / "export"
    file.write_bytes(data)
    return read_export(file, lambda row: True)


def graph(*rows: object) -> bytes:
    return json.dumps({"@odata.context": "x", "value": rows, "@odata.nextLink": "y"}).encode()


FORMS = {
    "Graph": graph(ROW),
    "Graph with blanks": json.dumps({"value": [ROW]}, indent=4).encode(),
    "portal": json.dumps([ROW]).encode(),
    "with a mark": b"\xef\xbb\xbf" + graph(ROW),
    "UTF-16": json.dumps([ROW]).encode("utf-16"),
    "CSV": CSV.encode(),
    "CSV in UTF-16": CSV.lstrip("\ufeff").encode("utf-16"),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_row(form: str, tmp_path: Path) -> None:
    export = read(tmp_path, FORMS[form])
    (row,) = export.rows
    assert int(row.at) == 1_767_268_800
    assert (row.app_id, row.session_id, row.uti, row.ip) == ("app", "s", "aBc", "192.0.2.1")
    assert (row.error, row.user_id, row.correlation_id) == (0, "u", "c")
    assert export.count == 1
    assert export.newest == row.at
    assert export.has_redemptions is (not form.startswith("CSV"))


def test_log_analytics_names_and_texts_are_understood() -> None:
    row = row_of_json(
        {
            "CreatedDateTime": "2026-01-01 12:00:00",
            "Id": "X",
            "ResultType": "50126",
            "AppId": "A",
            "IPAddress": "192.0.2.9",
        }
    )
    assert row is not None
    assert (row.id, row.error, row.app_id, row.ip) == ("x", 50126, "a", "192.0.2.9")
    assert row.interactive is None


def test_a_row_that_stands_twice_counts_once(tmp_path: Path) -> None:
    assert len(read(tmp_path, graph(ROW, ROW)).rows) == 1


def test_rows_that_are_no_rows_are_counted_and_left_out(tmp_path: Path) -> None:
    broken: list[object] = [1, None, "x", [], {}, {**ROW, "createdDateTime": "1/2/2026 12:00"}]
    export = read(tmp_path, graph(ROW, *broken))
    assert (export.count, export.unreadable) == (1, 6)


@pytest.mark.parametrize("piece", [1, 2, 7, 50])
def test_json_is_read_wherever_its_pieces_end(piece: int) -> None:
    text = json.dumps({"a": [1, {"b": "]}"}], "value": [ROW, 12345, "té\\", []], "c": 1})
    pieces = (text[at : at + piece] for at in range(0, len(text), piece))
    assert list(json_rows(pieces)) == [ROW, 12345, "té\\", []]


REFUSED = [
    (b"", "neither JSON, nor CSV"),
    (b"   ", "neither JSON, nor CSV"),
    (b"\x00\x01\x02", "neither JSON, nor CSV"),
    (b"\xff\xff\xff", "neither UTF-8"),
    (b"{", "broken, or cut off"),
    (b"{}", "no member `value`"),
    (b'{"value": 1}', "no list of rows"),
    (b'{"value": {}}', "no list of rows"),
    (b'{"log": {"entries": []}}', "no member `value`"),
    (graph(ROW)[:-40], "broken, or cut off"),
    (graph(ROW)[:150], "broken, or cut off"),
    (b"[1 2]", "broken, or cut off"),
    (b"[" * 100_000, "broken, or cut off"),
    (graph({"id": "x"}), "none of its rows has a time"),
    (b"Date,Who\r\n1,2\r\n", "neither JSON, nor CSV"),
    (b"Date (UTC),Request ID\r\n1/2/2026,x\r\n", "none of its rows has a time"),
]


@pytest.mark.parametrize(("data", "why"), REFUSED)
def test_what_is_no_log_is_refused_with_the_reason(data: bytes, why: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=re.escape(why)) as caught:
        read(tmp_path, data)
    assert caught.value.advice


LIMITS = [
    ("MAX_BYTES", 200, graph(ROW, ROW), "is larger than"),
    ("MAX_ROWS", 3, graph(*[{**ROW, "id": str(n)} for n in range(4)]), "more than 3 rows"),
    ("MAX_KEPT", 3, graph(*[{**ROW, "id": str(n)} for n in range(4)]), "of that person"),
    ("_LONGEST_ROW", 1_000, graph({**ROW, "more": "x" * 5_000_000}), "broken, or cut off"),
    ("_LONGEST_ROW", 1_000, CSV.encode() + b"y" * 5_000, "a row is too long"),
]


@pytest.mark.parametrize(("name", "limit", "data", "why"), LIMITS)
def test_a_log_without_end_is_refused(
    name: str, limit: int, data: bytes, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exported_log, name, limit)
    with pytest.raises(UsageError, match=why):
        read(tmp_path, data)


def test_rows_of_others_take_no_memory(tmp_path: Path) -> None:
    file = tmp_path / "export.json"
    file.write_bytes(graph(*[{**ROW, "id": str(n), "userId": str(n)} for n in range(9_000)]))
    export = read_export(file, lambda row: row.user_id == "7")
    assert (export.count, len(export.rows)) == (9_000, 1)


def test_a_file_that_is_not_there_is_a_local_error(tmp_path: Path) -> None:
    with pytest.raises(LocalError):
        read_export(tmp_path / "nowhere", lambda row: True)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-01-01T12:00:00Z", 1_767_268_800.0),
        ("2026-01-01 12:00:00", 1_767_268_800.0),
        ("2026-01-01T12:00:00+00:00", 1_767_268_800.0),
        ("2026-01-01T12:00:00+01:00", None),
        ("01/02/2026 12:00:00", None),
        ("2026-13-01T12:00:00Z", None),
        ("2026-01-01", None),
        ("", None),
    ],
)
def test_only_a_time_that_is_certain_is_one(text: str, at: float | None) -> None:
    assert time_of(text) == at


def test_a_uti_is_the_id_of_its_request() -> None:
    # The sixteen octets of the id in .NET's order.
    assert request_id_of("AAECAwQFBgcICQoLDA0ODw") == "03020100-0504-0706-0809-0a0b0c0d0e0f"
    assert request_id_of("short") == ""
