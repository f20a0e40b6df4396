"""From what passed to files: verdicts first, then redaction, then the search, then the disk."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import replace
from pathlib import Path

import pytest

from entra_oauth._version import __version__
from entra_oauth.errors import AuthorityError
from entra_oauth.flows.authorization_code import SignIn, sign_in
from entra_oauth.protocol.authority import Authority
from entra_oauth.protocol.endpoints.authorize import Procedure
from entra_oauth.protocol.messages import FORM, HttpRequest, HttpResponse, Wire
from entra_oauth.recording import Exchange, Recorder, Recording
from entra_oauth.recording.save import evidence_of, handed_on, live_in, save
from entra_oauth.recording.step import Evidence, LedgerEntry, Level, Seen, steps_of
from entra_oauth.recording.store import load
from kit import recordings
from kit.audit.exchanges import step
from kit.audit.judged import authorize, redirect, token
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
    assert evidence.facts["a"] == [1]
    assert evidence.facts["client"] == {"program_calls_itself": [f"entra-oauth/{__version__}"]}
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


def test_with_one_key_the_tags_are_the_same_each_time() -> None:
    made = [
        evidence_of(recordings.recording(), level=Level.SECRETS, created_at=1.0, key=key)
        for key in (b"k" * 32, b"k" * 32, b"l" * 32)
    ]
    assert made[0] == made[1]
    assert made[0].ledger != made[2].ledger


def test_the_key_of_the_tags_is_another_each_time() -> None:
    one, other = evidence_of_plain(), evidence_of_plain()
    assert one.steps[1].url != other.steps[1].url
    assert len(one.steps[1].url) == len(other.steps[1].url)


def test_what_the_redaction_overlooks_the_search_finds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a redaction that does nothing, it takes the secrets out."""
    monkeypatch.setattr(
        "entra_oauth.recording.redaction.redact.Redactor.step", lambda self, step: (step, ())
    )
    evidence = save(recorded(), tmp_path / "rec", level=Level.SECRETS, created_at=1.0)
    assert found_in_files(tmp_path, CANARIES) == []
    assert load(tmp_path / "rec") == evidence
    sent = evidence.steps[-1].http_request.body
    assert b"&code=~~~" in sent
    assert b"grant_type=authorization_code" in sent


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


# ---- the ledger -------------------------------------------------------------------------


def of_a_body(body: str) -> dict[str, LedgerEntry]:
    label = (("Content-Type", FORM),)
    asked = step("token", "POST", "https://a.example/t", headers=label, body=body.encode())
    made = evidence_of(Recording((asked, asked)), level=Level.SECRETS, created_at=1.0)
    return {entry.kind: entry for entry in made.ledger}


@pytest.mark.parametrize(
    ("name", "kind", "value", "length", "is_known"),
    [
        ("refresh_token", "rt", "r" * 32, 32, True),
        ("refresh_token", "rt", "r" * 31, 31, False),
        ("access_token", "at", "r" * 32, 32, True),
        ("id_token", "idt", "r" * 32, 32, True),
        ("assertion", "asrt", "r" * 32, 32, True),
        ("code", "code", "c" * 40, 40, False),
        ("state", "state", "s" * 16, 16, False),
        ("state", "state", "s" * 15, None, False),
        ("password", "pw", "p" * 40, None, False),
    ],
)
def test_the_ledger_tells_a_length_where_the_recording_does_and_a_hash_of_tokens_alone(
    name: str, kind: str, value: str, length: int | None, is_known: bool
) -> None:
    (entry,) = of_a_body(f"{name}={value}").values()
    assert (entry.kind, entry.length, entry.steps) == (kind, length, (1, 2))
    assert bool(entry.tag) is (length is not None)
    expected = hashlib.sha256(value.encode()).hexdigest() if is_known else None
    assert entry.sha256 == expected


# ---- what was not seen ------------------------------------------------------------------

BROWSER = "Between the authorize URL and the redirect the browser and the authority talk alone"
PASTED = "The redirect was pasted: of it only the address is known."
REBUILT = (
    "Some messages were put together from their parts and are not the bytes that were sent; "
    "beside each of them it says so."
)
NO_CERTIFICATE = "Of some connections the certificate is not here."
NO_CONNECTION = "Of some connections the certificate is not known: none came to stand."
ONE_CERTIFICATE = "Of the authority's certificates only its own is here, not those above it."


def unseen(*exchanges: Exchange, at_authority: bool = False) -> list[str]:
    recording = Recording(exchanges, at_authority)
    return list(evidence_of(recording, level=Level.NONE, created_at=1.0).not_seen)


def wired(count: int, url: str = "https://a.example/t") -> Exchange:
    wire = Wire(sent=b"GET / HTTP/1.1\r\n\r\n", certificates=(b"der",) * count)
    return replace(step("token", "GET", url), wire=wire)


def test_it_is_said_what_was_not_seen() -> None:
    asked = authorize(client_id="x")
    (line,) = unseen(asked)
    assert line.startswith(BROWSER)
    assert unseen(redirect(code="c")) == [PASTED]
    seen = redirect(code="c")
    raw = b"GET /?code=c HTTP/1.1\r\n\r\n"
    assert unseen(replace(seen, request=replace(seen.request, raw=raw))) == []
    assert unseen(token(url="http://localhost/token")) == [REBUILT]
    assert unseen(token()) == [REBUILT, NO_CONNECTION]
    assert unseen(wired(0)) == [NO_CONNECTION]
    wire = Wire(sent=b"GET / HTTP/1.1\r\n\r\n", received=b"HTTP/1.1 200 OK\r\n\r\n")
    answered = replace(wired(0), wire=wire, response=HttpResponse(status=200))
    assert unseen(answered) == [NO_CERTIFICATE]
    assert unseen(answered, wired(0)) == [NO_CERTIFICATE]
    assert unseen(wired(1)) == [ONE_CERTIFICATE]
    assert unseen(wired(2)) == []
    assert unseen(wired(0, "http://localhost/t"), wired(1)) == [ONE_CERTIFICATE]
    assert unseen(wired(0), wired(1)) == [NO_CONNECTION]


def test_a_page_of_the_authority_that_is_here_is_not_said_to_be_missing() -> None:
    asked = authorize(client_id="x")
    page = step("page", "POST", asked.request.url.partition("?")[0].replace("authorize", "login"))
    assert not any(line.startswith(BROWSER) for line in unseen(asked, page))
    elsewhere = step("page", "GET", "https://app.example/")
    assert any(line.startswith(BROWSER) for line in unseen(asked, elsewhere))


def test_at_the_authoritys_side_other_things_are_not_seen() -> None:
    came_back = "How the answer came back to the program was not seen."
    address = "Of some requests only the address is known: they got no answer."
    first = unseen(wired(1), at_authority=True)
    assert len(first) == 1
    assert first[0].startswith("This was seen at the authority's side")
    asked = authorize(client_id="x")
    assert unseen(asked, at_authority=True)[1:] == [came_back, address]
    assert unseen(asked, redirect(code="c"), at_authority=True)[1:] == [address]


# ---- handing on -------------------------------------------------------------------------


def test_what_is_handed_on_holds_no_secret_and_what_was_redacted_stays() -> None:
    whole = evidence_of(recorded(), level=Level.NONE, created_at=1.0)
    assert {CODE, ACCESS_TOKEN, REFRESH_TOKEN} <= set(live_in(whole))
    clean = handed_on(whole)
    assert clean.level is Level.SECRETS
    shown = b"".join(half.data for each in clean.steps for half in (each.request, each.response))
    assert found_in_bytes(shown, CANARIES) == []
    assert [s.url for s in clean.steps] != [s.url for s in whole.steps]
    assert handed_on(clean) is clean
    assert live_in(clean) == {}
    people = replace(whole, level=Level.PII)
    assert handed_on(people) is people


def test_the_claims_are_made_before_the_secrets_go() -> None:
    made = evidence_of_plain()
    assert {claim.name: claim.verdict for claim in made.claims}["state-equal"] == "yes"
    assert set(made.facts) == {"client"}


def test_only_a_request_of_the_program_has_further_tries() -> None:
    steps = steps_of(recorded())
    assert {step.channel for step in steps} == {"front", "back"}
    assert {step.attempt for step in steps} == {1}


@pytest.mark.parametrize(
    ("note", "name"),
    [
        ("Token", "token"),
        ("Keys & Co. of ENTRA", "keys-co-of-entra"),
        ("…", "request"),
        ("n" * 40, "n" * 32),
    ],
)
def test_a_step_is_called_by_its_note_in_small_letters(note: str, name: str) -> None:
    told = replace(token(), event=None, purpose=note)
    (one,) = steps_of(Recording((told,)))
    assert one.name == name
