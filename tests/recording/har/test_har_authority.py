"""A file of another program that was recorded for practice says so in all that is made of it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from entra_oauth.recording.har.har_authority import file_remark
from entra_oauth.recording.har.har_redact import redact_har
from entra_oauth.recording.har.har_select import import_foreign
from entra_oauth.recording.step import Level
from entra_oauth.recording.story import evidence_remark
from kit.command_line import call
from kit.foreign.files import MESSAGES, Messages, brought, burp, burp_item, curl_trace, flows, saz

PRACTICE = "PRACTICE: recorded at entra-oauth's practice tenant, not at Microsoft Entra ID."
MACHINE = "PRACTICE: recorded at an authority on this machine, not at Microsoft Entra ID."
OTHER = "NOT ENTRA: the authority was id.example, and not Microsoft Entra ID."
ENTRA = "login.microsoftonline.com"


def entry(host: str = ENTRA, server: str = "", path: str = "token") -> dict[str, Any]:
    headers = [{"name": "X-Ms-Ests-Server", "value": server}] if server else []
    return {
        "startedDateTime": "2026-11-25T09:00:00.000Z",
        "request": {"method": "POST", "url": f"https://{host}/t/oauth2/v2.0/{path}"},
        "response": {"status": 200, "headers": headers},
    }


def har(*entries: dict[str, Any], comment: str = "") -> dict[str, Any]:
    return {"log": {"version": "1.2", "entries": list(entries), "comment": comment}}


MARKED = "2.1.0.0 - PRACTICE"
FILES = [
    (har(entry()), ""),
    (har(entry(server="2.1.1 - EUS")), ""),
    (har(entry(server=MARKED)), PRACTICE),
    (har(entry(), entry("a.example", MARKED, "page")), PRACTICE),
    (har(entry("localhost:8443")), MACHINE),
    (har(entry("id.example")), OTHER),
    (har(entry(), comment=f"{PRACTICE} The rest was not seen."), PRACTICE),
    (har(entry(), comment=f"{OTHER}"), OTHER),
    (har(entry(), comment=f"It was not {PRACTICE}"), ""),
    (har(entry(), comment="PRACTICE: \u202enot Microsoft Entra ID."), ""),
    (har(entry(), comment=OTHER.replace("id.example", "id.example, b.example:8")), ""),
    (har(entry(), comment=OTHER.replace("id.example", "Canary_Secret.1234567890")), ""),
]


@pytest.mark.parametrize(("made", "remark"), FILES)
@pytest.mark.parametrize("level", [Level.SECRETS, Level.PII])
def test_a_clean_har_says_that_it_is_not_entras(
    made: dict[str, Any], remark: str, level: Level
) -> None:
    data, report = redact_har(made, level)
    assert report.authority == remark
    assert json.loads(data)["log"].get("comment", "") == remark
    again, _ = redact_har(json.loads(data), level)
    assert again == data


@pytest.mark.parametrize(("made", "remark"), FILES)
def test_what_is_imported_and_judged_says_it_too(
    made: dict[str, Any], remark: str, tmp_path: Path
) -> None:
    file = brought(json.dumps(made).encode())
    assert file_remark(file) == remark
    done = import_foreign(file, level=Level.SECRETS, created_at=1.0, facts={})
    assert evidence_remark(done.evidence) == remark
    (tmp_path / "x.har").write_text(json.dumps(made), encoding="utf-8")
    judged = call("audit", "lint", str(tmp_path / "x.har"), "--json", "--fail-on", "error")
    assert json.loads(judged.out)["authority"] == (remark or None)


def marked(messages: Messages) -> Messages:
    """The same, with the practice tenant's name in the answers of the authority."""
    name = b"x-ms-ests-server: " + MARKED.encode()
    return tuple(
        (origin, sent, received.replace(b"\r\n", b"\r\n" + name + b"\r\n", 1))
        if ENTRA in origin
        else (origin, sent, received)
        for origin, sent, received in messages
    )


FORMS: list[Callable[[Messages], bytes]] = [
    saz,
    flows,
    curl_trace,
    lambda messages: burp(*(burp_item(*each) for each in messages)),
]


@pytest.mark.parametrize("form", FORMS)
def test_every_kind_of_file_is_known_for_practice_by_its_answers(
    form: Callable[[Messages], bytes],
) -> None:
    assert file_remark(brought(form(marked(MESSAGES)))) == PRACTICE
    assert file_remark(brought(form(MESSAGES))) == ""


# ---- at the command line ---------------------------------------------------------------


def written(path: Path, made: dict[str, Any]) -> str:
    path.write_text(json.dumps(made), encoding="utf-8")
    return str(path)


def test_redact_tells_it_first(tmp_path: Path) -> None:
    name = written(tmp_path / "x.har", har(entry(server=MARKED)))
    ran = call("audit", "redact", name, "-o", str(tmp_path / "clean.har"))
    assert ran.out.startswith(PRACTICE)
    shown = json.loads(call("audit", "redact", name, "--json").out)
    assert shown["authority"] == PRACTICE
    real = written(tmp_path / "y.har", har(entry()))
    assert json.loads(call("audit", "redact", real, "--json").out)["authority"] is None
    assert "PRACTICE" not in call("audit", "redact", real).both


SIDES = [
    (("p.har#1", "p.har#1"), [PRACTICE]),
    (("p.har#1", "real.har#1"), [f"A: {PRACTICE}"]),
    (("real.har#1", "p.har#1"), [f"B: {PRACTICE}"]),
    (("p.har#1", "other.har#1"), [f"A: {PRACTICE}", f"B: {OTHER}"]),
    (("real.har#1", "real.har#1"), []),
]


@pytest.mark.parametrize(("names", "remarks"), SIDES)
def test_a_comparison_says_in_every_form_which_side_is_practice(
    names: tuple[str, str], remarks: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    written(tmp_path / "p.har", har(entry(server=MARKED)))
    written(tmp_path / "other.har", har(entry("id.example")))
    written(tmp_path / "real.har", har(entry()))
    lines = call("audit", "diff", *names).out.splitlines()
    assert lines[: len(remarks)] == remarks
    assert not re.search("PRACTICE|NOT ENTRA", "".join(lines[len(remarks) :]))
    sides = json.loads(call("audit", "diff", *names, "--json").out)["authority"]
    assert [said for said in sides.values() if said] == [
        re.sub(r"\A[AB]: ", "", remark) for remark in remarks
    ] * (2 if names[0] == names[1] else 1)
    page = call("audit", "diff", *names, "-o", "html").out.replace("&#x27;", "'")
    body = page.partition("</style>")[2]
    assert [said for said in remarks if f"<strong>{said}</strong>" in body] == remarks
    assert body.count('class="banner"') == len(remarks)
