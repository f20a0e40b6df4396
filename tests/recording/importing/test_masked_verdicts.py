"""What somebody else took out is judged alike, however a file is read, and claimed alike."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from entra_oauth.audit import lint
from entra_oauth.audit.case import Case, case_of_evidence
from entra_oauth.audit.inputs import file_case
from entra_oauth.audit.verdict import VerdictKind
from entra_oauth.recording import Recording
from entra_oauth.recording.claims import claims_of, s256
from entra_oauth.recording.har.har_select import import_foreign, numbered_as_in_file
from entra_oauth.recording.importing.entries import GivenFile
from entra_oauth.recording.importing.readers import read_given
from entra_oauth.recording.step import Level, steps_of
from kit.audit.judged import CLIENT, authorize, redirect, token
from kit.audit.producers import PRODUCERS

HAR = next(iter(PRODUCERS))
CODE = "0.AScode-" + "Cc1_" * 8
STATE = "st-" + "Ss2_" * 8
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
URI = "http://localhost"
CHALLENGE = s256(VERIFIER)
MASKS = ["x" * 43, "x" * 64, "REDACTED", "xxxx", "<verifier>", "[removed]", "0.AS...xyz", "*" * 50]


def made(
    *, verifier: str = VERIFIER, challenge: str = CHALLENGE, state: str = STATE, code: str = CODE
) -> Recording:
    asked = authorize(
        client_id=CLIENT,
        response_type="code",
        redirect_uri=URI,
        state=state,
        code_challenge=challenge,
        code_challenge_method="S256",
    )
    came = redirect(code=code, state=state)
    sent = token(
        {"token_type": "Bearer", "access_token": "a" * 20, "expires_in": 1},
        client_id=CLIENT,
        grant_type="authorization_code",
        code=code,
        redirect_uri=URI,
        code_verifier=verifier,
    )
    return Recording((asked, came, sent))


def cases(recording: Recording) -> tuple[Case, Case]:
    """A HAR as it is, and the recording that an import makes of it."""
    data = PRODUCERS[HAR](recording)
    file = read_given(GivenFile(data=data))
    done = import_foreign(file, level=Level.SECRETS, created_at=1.0, facts={})
    return file_case(GivenFile(data=data)), case_of_evidence(numbered_as_in_file(done))


def verdicts(case: Case) -> dict[tuple[str, int | None], VerdictKind]:
    return {
        (judged.rule.id, judged.verdict.step): judged.verdict.kind
        for judged in lint(case, today=date(2025, 11, 25)).judged
        if not judged.rule.id.startswith("HR")
    }


def alike(recording: Recording, *rules: str) -> dict[str, VerdictKind]:
    """The verdicts of these rules, which are the same both ways; and so are the claims."""
    direct, imported = cases(recording)
    assert {(c.name, c.verdict) for c in direct.evidence.claims} == {
        (c.name, c.verdict) for c in imported.evidence.claims
    }
    ways = [
        {r: v for (r, _), v in verdicts(case).items() if r in rules} for case in cases(recording)
    ]
    assert ways[0] == ways[1]
    assert {*ways[0]} == {*rules}
    return ways[0]


@pytest.mark.parametrize("mask", MASKS)
def test_a_verifier_that_may_be_a_mask_is_undecidable_both_ways(mask: str) -> None:
    found = alike(made(verifier=mask), "TR08", "TR09")
    assert {*found.values()} == {VerdictKind.UNDECIDABLE}
    claims = {claim.name: claim.verdict for claim in claims_of(steps_of(made(verifier=mask)))}
    assert claims["pkce-matches"] == "not checked"
    assert claims["verifier-entropy"] == "not checked"


@pytest.mark.parametrize("mask", [mask for mask in MASKS if len(mask) >= 43])
def test_a_verifier_whose_hash_was_sent_is_no_mask(mask: str) -> None:
    found = alike(made(verifier=mask, challenge=s256(mask)), "TR08", "TR09")
    assert found == {"TR08": VerdictKind.PASS, "TR09": VerdictKind.FAIL}


def test_a_verifier_that_is_there_is_held_against_its_challenge_both_ways() -> None:
    assert alike(made(), "TR08")["TR08"] is VerdictKind.PASS
    other = alike(made(verifier=VERIFIER[::-1]), "TR08")
    assert other["TR08"] is VerdictKind.FAIL


def test_a_challenge_that_may_be_a_mask_is_undecidable_both_ways() -> None:
    assert alike(made(challenge="x" * 43), "TR08")["TR08"] is VerdictKind.UNDECIDABLE


@pytest.mark.parametrize("mask", MASKS)
def test_two_masks_are_not_two_equal_values(mask: str) -> None:
    for recording in (made(state=mask), made(code=mask), made(state=mask, code=mask)):
        direct, imported = map(verdicts, cases(recording))
        sure = {VerdictKind.PASS, VerdictKind.FAIL}
        turned = {
            place
            for place, kind in imported.items()
            if kind in sure and direct.get(place, kind) is not kind
        }
        assert turned == set()
    claims = {claim.name: claim.verdict for claim in claims_of(steps_of(made(state=mask)))}
    assert claims["state-equal"] == "not checked"


VALUES = st.sampled_from([*MASKS, VERIFIER, "weak-" + "y" * 40])


@settings(max_examples=40, deadline=None)
@given(VALUES, VALUES, st.booleans())
def test_no_verdict_on_pkce_hangs_on_how_the_file_is_read(
    verifier: str, other: str, fits: bool
) -> None:
    alike(made(verifier=verifier, challenge=s256(verifier if fits else other)), "TR08")


def test_where_masks_leave_open_which_sign_in_it_was_nothing_is_claimed_of_two_steps() -> None:
    one, other = made(state="REDACTED"), made(state="REDACTED", challenge=s256("y" * 43))
    asked = (one.exchanges[0], other.exchanges[0])
    mixed = Recording((*asked, *one.exchanges[1:]))
    claims = claims_of(steps_of(mixed))
    assert {each.verdict for each in claims if each.name == "pkce-matches"} == {"not checked"}
    alike(mixed, "TR08")
