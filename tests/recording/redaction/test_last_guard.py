"""The last search: what it finds is taken out, and only what still stands is refused."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from entra_oauth.errors import SecurityError
from entra_oauth.protocol.messages import FORM, HttpRequest, HttpResponse, Wire
from entra_oauth.recording import Exchange, Recording
from entra_oauth.recording.har import har_redact
from entra_oauth.recording.har.har_redact import redact_har
from entra_oauth.recording.redaction.last_guard import (
    all_but_the_rest,
    clean_members,
    without_leaks,
    without_places,
)
from entra_oauth.recording.redaction.leak_search import LeakSearch
from entra_oauth.recording.save import evidence_of, finished_files, save
from entra_oauth.recording.step import Claim, Evidence, Half, Level, Seen, Step
from entra_oauth.recording.store import load
from kit.sweep import ENCODINGS, found_in_bytes, found_in_files

# Words, so that nothing looks like a secret; and in a path they are percent-encoded.
PHRASE = "correct horse battery staple of mine"
IN_A_PATH = PHRASE.replace(" ", "%20")
SEARCH = LeakSearch([PHRASE])


def har(**more: Any) -> dict[str, Any]:
    request = {
        "method": "POST",
        "url": f"https://a.example/of/{IN_A_PATH}?x=1",
        "postData": {"mimeType": FORM, "text": f"state={PHRASE.replace(' ', '+')}"},
    }
    return {"log": {"version": "1.2", "entries": [{"request": request, "response": more}]}}


def test_what_the_last_search_finds_is_taken_out_of_a_har_file() -> None:
    data, report = redact_har(har(), Level.SECRETS)
    assert found_in_bytes(data, [PHRASE]) == []
    url = json.loads(data)["log"]["entries"][0]["request"]["url"]
    assert url == f"https://a.example/of/{'~' * len(IN_A_PATH)}?x=1"
    assert report.removed["last"] == 1


def test_a_file_in_which_it_finds_nothing_says_nothing_of_it() -> None:
    clean = har()
    clean["log"]["entries"][0]["request"]["url"] = "https://a.example/"
    _, report = redact_har(clean, Level.SECRETS)
    assert "last" not in report.removed


def test_what_still_stands_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(har_redact, "clean_members", lambda value, _search: value)
    with pytest.raises(SecurityError, match="still have held a secret") as caught:
        redact_har(har(), Level.SECRETS)
    assert PHRASE not in str(caught.value)


@pytest.mark.parametrize("name", sorted(set(ENCODINGS) - {"gzip"}))
def test_each_spelling_is_taken_out(name: str) -> None:
    data = b"before " + ENCODINGS[name](PHRASE) + b" after"
    clean = without_places(data, SEARCH)
    assert found_in_bytes(clean, [PHRASE]) == []
    assert clean == b"" or len(clean) == len(data)
    assert clean == b"" or clean.startswith(b"before ~")


def test_what_is_packed_goes_whole() -> None:
    assert without_places(b"x" + ENCODINGS["gzip"](PHRASE), SEARCH) == b""


def test_what_was_json_is_json_or_is_gone() -> None:
    across = LeakSearch(['horse", "b": "staple'])
    assert without_places(b'{"a": "horse", "b": "staple"}', across) == b""
    listed = LeakSearch(['battery horse", "staple'])
    assert without_places(b'["battery horse", "staple"]', listed) == b""
    inside = json.dumps({"a": f"said {PHRASE}", "b": 1}).encode()
    assert json.loads(without_places(inside, SEARCH)) == {"a": "said " + "~" * len(PHRASE), "b": 1}


def test_a_clean_text_stays_as_it_is() -> None:
    assert without_places(b"nothing here", SEARCH) == b"nothing here"
    assert without_places(b"", SEARCH) == b""


def test_members_of_a_har_file_keep_their_shape() -> None:
    hidden = base64.b64encode(f"in it: {PHRASE}".encode()).decode()
    packed = base64.b64encode(ENCODINGS["gzip"](PHRASE)).decode()
    clean = clean_members(
        {
            "url": "https://a.example/" + quote(ENCODINGS["HTML, numbers"](PHRASE)),
            "text": f"so {PHRASE} is",
            "content": [{"encoding": "base64", "text": each} for each in (hidden, packed, "eA==")],
            "status": 200,
        },
        SEARCH,
    )
    assert clean["url"] == "https://a.example/~last~"
    assert clean["text"] == f"so {'~' * len(PHRASE)} is"
    assert [base64.b64decode(each["text"]) for each in clean["content"]] == [
        b"~last~",
        b"~last~",
        b"x",
    ]
    assert clean["status"] == 200


# ---- recordings ------------------------------------------------------------------------


def recording(path: str, body: bytes = b"") -> Recording:
    def passed(url: str, sent: bytes, received: bytes) -> Exchange:
        request = HttpRequest(method="POST", url=url, headers=(("Content-Type", FORM),), body=sent)
        answer = HttpResponse(status=400, headers=(("Content-Type", "image/png"),), body=received)
        return Exchange(request=request, response=answer, started_at=1.0, ended_at=2.0)

    form = f"password={PHRASE.replace(' ', '+')}".encode()
    return Recording(
        (
            passed("https://a.example/token", form, b""),
            passed(f"https://a.example/{path}", b"x=1", body),
        )
    )


def test_of_a_failed_exchange_of_our_own_evidence_is_written(tmp_path: Path) -> None:
    evidence = save(recording(IN_A_PATH), tmp_path / "r", level=Level.SECRETS, created_at=1.0)
    assert found_in_files(tmp_path, [PHRASE]) == []
    assert load(tmp_path / "r") == evidence
    assert [step.url for step in evidence.steps] == [
        "https://a.example/token",
        f"https://a.example/{'~' * len(IN_A_PATH)}",
    ]
    assert evidence.steps[1].response.data.startswith(b"HTTP/1.1 400")


def test_at_worst_evidence_of_our_own_is_written_without_its_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from entra_oauth.recording import save as saving

    monkeypatch.setattr(saving, "without_leaks", lambda evidence, _search: evidence)
    evidence = save(recording(IN_A_PATH), tmp_path / "r", level=Level.SECRETS, created_at=1.0)
    assert found_in_files(tmp_path, [PHRASE]) == []
    assert [step.request.data for step in evidence.steps] == [b"~last~", b"~last~"]
    assert [step.url for step in evidence.steps] == ["https://a.example/~last~"] * 2
    assert "All bytes were taken out" in evidence.not_seen[0]
    what = recording(IN_A_PATH)
    with pytest.raises(SecurityError, match="was not written"):
        finished_files(evidence_of(what, level=Level.SECRETS, created_at=1.0), what)


def test_what_was_not_seen_stays_so_where_all_bytes_go() -> None:
    what = recording("x")
    evidence = evidence_of(what, level=Level.SECRETS, created_at=1.0, facts={"a": "b"})
    gone = all_but_the_rest(evidence)
    assert [step.link.tunnel_sent for step in gone.steps] == [b"", b""]
    assert gone.facts == {}
    assert [step.request.original_size for step in gone.steps] == [None, None]
    assert all_but_the_rest(_evidence("said")).steps[0].response == Half()


def test_facts_and_notes_are_searched_too() -> None:
    what = recording("x")
    evidence = evidence_of(
        what, level=Level.SECRETS, created_at=1.0, facts={"a": [f"the {PHRASE}"], "n": 1}
    )
    files = finished_files(evidence, what)
    assert found_in_bytes(b"".join(files.values()), [PHRASE]) == []
    assert json.loads(files["recording.json"])["facts"] == {
        "a": ["the " + "~" * len(PHRASE)],
        "n": 1,
    }


def _evidence(said: str) -> Evidence:
    data = said.encode()
    step = Step(
        number=1,
        name="token",
        channel="back",
        note=said,
        method=said,
        url=f"https://a.example/{said}",
        request=Half(data=data, seen=Seen.WIRE, original_size=len(data)),
        response=Half(),
        started_at=1.0,
        ended_at=2.0,
        link=Wire(tunnel_sent=data, tunnel_received=data, peer="192.0.2.1:1"),
    )
    claim = Claim(name="state-equal", verdict="yes", detail=said)
    facts = {"a": [said, {"b": said}, ("c", 1, None)], "d": ""}
    made = Evidence(steps=(step,), created_at=1.0, level=Level.SECRETS, facts=facts)
    return replace(made, claims=(claim,), not_seen=(said,))


@pytest.mark.parametrize("clean", ["", "nothing here"])
def test_of_a_clean_recording_nothing_changes(clean: str) -> None:
    before = _evidence(clean)
    after = without_leaks(before, SEARCH)
    assert replace(after, facts={}) == replace(before, facts={})
    assert after.facts == {"a": [clean, {"b": clean}, ["c", 1, None]], "d": ""}


def test_in_each_place_of_a_recording_only_the_secret_goes() -> None:
    gone = "~" * len(PHRASE)
    assert without_leaks(_evidence(f"so {PHRASE} is"), SEARCH) == without_leaks(
        _evidence(f"so {gone} is"), SEARCH
    )


def test_what_cannot_be_taken_out_by_its_place_goes_whole() -> None:
    before = _evidence(PHRASE.replace("horse ", "ho\nrse "))
    (step,) = before.steps
    half = replace(step.request, data=ENCODINGS["gzip"](PHRASE), changes=("chunks",))
    after = without_leaks(replace(before, steps=(replace(step, request=half),)), SEARCH)
    (step,) = after.steps
    assert (step.request.data, step.request.original_size) == (b"~last~", None)
    assert step.request.changes == ("chunks", "not-understood")
    assert (step.request.seen, step.response) == (Seen.WIRE, Half())
    assert (step.note, step.method, step.url) == ("~last~", "~last~", "https://a.example/~last~")
    assert (step.link.tunnel_sent, step.link.tunnel_received) == (b"", b"")
    assert (after.claims[0].detail, after.not_seen) == ("~last~", ("~last~",))
    assert after.facts["a"][:2] == ["~last~", {"b": "~last~"}]
