"""From what passed to files: verdicts first, then redaction, then the search, then the disk."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import replace
from pathlib import Path

import pytest

from entra_oauth.errors import AuthorityError, SecurityError
from entra_oauth.flows.authorization_code import SignIn, sign_in
from entra_oauth.protocol.authority import Authority
from entra_oauth.protocol.endpoints.authorize import Procedure
from entra_oauth.protocol.messages import HttpRequest, HttpResponse
from entra_oauth.recording import Recorder, Recording
from entra_oauth.recording.save import evidence_of, save
from entra_oauth.recording.step import Evidence, Level, Seen
from entra_oauth.recording.store import load
from kit.canaries import ACCESS_TOKEN, CANARIES, CODE, REFRESH_TOKEN, TENANT, hardened_request
from kit.played_channels import FakeBack, FakeFront, answer_to, channels
from kit.sweep import found_in_bytes, found_in_files

ANSWER = {
    "token_type": "Bearer",
    "expires_in": 3599,
    "access_token": ACCESS_TOKEN,
    "refresh_token": REFRESH_TOKEN,
}
PLAN = SignIn(
    procedure=Procedure.ARTICLE,
    authority=Authority.of(TENANT),
    client_id="12a34b56-789c-0d12-e3fa-b456789c0123",
    scopes=("databricks",),
)


def recorded(*, status: int = 200, **more: object) -> Recording:
    def answer(request: HttpRequest) -> HttpResponse:
        body = json.dumps({**ANSWER, **more} if status == 200 else more).encode()
        headers = (("Content-Type", "application/json"),)
        return HttpResponse(status=status, headers=headers, body=body)

    front = FakeFront(lambda url: [answer_to(url, ("code", CODE))], [], mode="query")
    recorder = Recorder()
    try:
        sign_in(PLAN, recorder.wrap(channels(front, FakeBack(answer), at=1000.0)))
    except AuthorityError:
        assert status != 200
    return recorder.recording


def test_a_saved_recording_is_what_was_returned_and_holds_no_secret(tmp_path: Path) -> None:
    evidence = save(
        recorded(), tmp_path / "rec", level=Level.SECRETS, created_at=5.0, facts={"a": [1]}
    )
    assert load(tmp_path / "rec") == evidence
    assert evidence.facts == {"a": [1]}
    assert found_in_files(tmp_path, CANARIES) == []
    assert {half.seen for step in evidence.steps for half in (step.request, step.response)} == {
        Seen.ADDRESS,
        Seen.NOTHING,
        Seen.REBUILT,
    }
    assert any("put together" in line for line in evidence.not_seen)


def test_the_ledger_tells_a_token_in_hand_and_nothing_else() -> None:
    ledger = {entry.kind: entry for entry in evidence_of_plain().ledger}
    for kind, value in (("at", ACCESS_TOKEN), ("rt", REFRESH_TOKEN)):
        assert ledger[kind].sha256 == hashlib.sha256(value.encode()).hexdigest()
        assert ledger[kind].length == len(value)
    assert ledger["code"].sha256 is None
    assert ledger["code"].steps == (2, 3)
    assert ledger["state"].steps == (1, 2, 3)


def evidence_of_plain() -> Evidence:
    return evidence_of(recorded(), level=Level.SECRETS, created_at=1.0)


def test_the_key_of_the_tags_is_another_each_time() -> None:
    one, other = evidence_of_plain(), evidence_of_plain()
    assert one.steps[1].url != other.steps[1].url
    assert len(one.steps[1].url) == len(other.steps[1].url)


def test_what_the_redaction_overlooks_the_search_finds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a redaction that does nothing, no file comes to be."""
    monkeypatch.setattr(
        "entra_oauth.recording.redaction.redact.Redactor.step", lambda self, step: (step, ())
    )
    with pytest.raises(SecurityError, match="would still have held a secret") as caught:
        save(recorded(), tmp_path / "rec", level=Level.SECRETS, created_at=1.0)
    assert found_in_bytes(str(caught.value), CANARIES) == []
    assert list(tmp_path.iterdir()) == []


ECHOES = [
    {"error": "invalid_grant", "error_description": f"The code {CODE} is spent."},
    {"error": "invalid_grant", "scope": CODE},
    {"error": CODE},
    {"error": "x", "correlation_id": f"x{CODE}x"},
    {"error": "x", CODE: "as a name"},
    {"error": "x", "error_codes": [CODE]},
    {"error": "x", "token_type": {"deep": {"client_id": CODE}}},
]


@pytest.mark.parametrize("echo", ECHOES)
def test_a_secret_that_comes_back_in_a_harmless_place_goes_there_too(
    echo: dict[str, object], tmp_path: Path
) -> None:
    save(recorded(status=400, **echo), tmp_path / "rec", level=Level.SECRETS, created_at=1.0)
    assert found_in_files(tmp_path, CANARIES) == []


def test_people_and_tenants_go_wherever_they_were_named(tmp_path: Path) -> None:
    recording = recorded(note=f"hello ada@contoso.example in {TENANT}")
    request = recording.exchanges[0].request
    named = replace(request, url=f"{request.url}&login_hint=ada%40contoso.example")
    recording = Recording(
        (replace(recording.exchanges[0], request=named), *recording.exchanges[1:])
    )
    save(recording, tmp_path / "rec", level=Level.PII, created_at=1.0)
    assert found_in_files(tmp_path, ["ada@contoso.example", TENANT]) == []


def test_with_nothing_taken_out_every_byte_is_there(tmp_path: Path) -> None:
    evidence = save(recorded(), tmp_path / "rec", level=Level.NONE, created_at=1.0)
    assert ACCESS_TOKEN.encode() in evidence.steps[2].response.data
    assert evidence.ledger == ()


def test_watching_costs_a_sign_in_next_to_nothing() -> None:
    """The bound is generous; the measure is the best of some runs, as machines are busy."""
    asked = hardened_request()
    back = FakeBack(lambda request: HttpResponse(status=200, body=b"{}"))
    plain = channels(FakeFront(lambda url: [], []), back, at=1.0)
    request = HttpRequest(method="POST", url=asked.authority.token_endpoint, body=b"x" * 2000)
    times = []
    for _ in range(5):
        watched = Recorder().wrap(plain).back
        begun = time.perf_counter()
        for _ in range(10):
            watched.send(request, timeout_s=1.0)
        times.append(time.perf_counter() - begun)
    assert min(times) / 10 < 0.005
