"""Claims where the request says its parameters elsewhere, or where what they need is not there."""

from __future__ import annotations

import json
from typing import Any

import pytest

from entra_oauth.protocol.endpoints.authorize import s256
from entra_oauth.protocol.messages import FORM, encode_form
from entra_oauth.recording import Exchange, Recording
from entra_oauth.recording.claims import claims_of
from entra_oauth.recording.step import steps_of
from kit.audit import judged
from kit.audit.exchanges import json_answer, step

CODE_GRANT = "authorization_code"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
ASKED = {
    "client_id": "x",
    "state": "s",
    "redirect_uri": "r",
    "code_challenge": s256(VERIFIER),
    "code_challenge_method": "S256",
}
BROUGHT = {"grant_type": CODE_GRANT, "code": "c", "redirect_uri": "r", "code_verifier": VERIFIER}


def of(*exchanges: Exchange) -> dict[str, tuple[str, tuple[int, ...]]]:
    """The verdict and the steps of each claim, by its name."""
    claims = claims_of(steps_of(Recording(exchanges)))
    assert all(claim.detail.endswith(".") for claim in claims)
    return {claim.name: (claim.verdict, claim.steps) for claim in claims}


def pushed(kind: str = FORM, method: str = "POST", uri: object = "urn:x") -> Exchange:
    body = encode_form(tuple(ASKED.items())).encode()
    answer = json_answer({"request_uri": uri}, status=201)
    headers = (("Content-Type", kind),)
    url = f"{judged.ENDPOINTS}/par"
    return step("par", method, url, headers=headers, body=body, response=answer, at=judged.AT - 30)


NAMED = judged.authorize(client_id="x", request_uri="urn:x")
CAME = judged.redirect(code="c", state="s")
SENT = judged.token(**BROUGHT)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", [FORM, FORM.upper(), f"{FORM}; charset=UTF-8"])
def test_what_was_pushed_before_is_what_was_asked(kind: str) -> None:
    found = of(pushed(kind), NAMED, CAME, SENT)
    assert found["state-equal"] == ("yes", (2, 3))
    assert found["redirect-uri-equal"] == ("yes", (2, 4))
    assert found["pkce-matches"] == ("yes", (2, 4))


@pytest.mark.parametrize(
    "before", [None, pushed("text/plain"), pushed(method="GET"), pushed(uri="urn:y"), pushed(uri=5)]
)
def test_where_what_was_pushed_is_not_here_nothing_is_claimed(before: Exchange | None) -> None:
    there = [before] if before is not None else []
    found = of(*there, NAMED, CAME, SENT)
    first = 1 + len(there)
    assert found["state-equal"] == ("not checked", (first, first + 1))
    assert found["redirect-uri-equal"] == ("not checked", (first, first + 2))
    assert found["pkce-matches"] == ("not checked", (first, first + 2))
    assert found["code-equal"] == ("yes", (first + 1, first + 2))
    assert found["verifier-entropy"][0].endswith(" bits")


def test_without_a_verifier_nothing_is_said_of_it() -> None:
    bare = {name: value for name, value in BROUGHT.items() if name != "code_verifier"}
    found = of(NAMED, CAME, judged.token(**bare))  # type: ignore[arg-type]
    assert {"pkce-matches", "verifier-entropy"}.isdisjoint(found)


@pytest.mark.parametrize("kind", [FORM, FORM.upper()])
def test_a_form_is_one_in_any_case(kind: str) -> None:
    body = encode_form(tuple(BROUGHT.items())).encode()
    sent = step(
        "token", "POST", "https://a.example/t", headers=(("Content-Type", kind),), body=body
    )
    assert of(sent)["code-spent-once"] == ("yes", (1,))


MASKED = "code_verifier~0123456789~~~~~~~~~~~~~~~~~~~~~~~~~~"


@pytest.mark.parametrize("asked", [[], [NAMED], [judged.authorize(**ASKED)]])  # type: ignore[arg-type]
def test_of_a_verifier_that_was_taken_out_no_chance_is_claimed(asked: list[Exchange]) -> None:
    sent: dict[str, Any] = {**BROUGHT, "code_verifier": MASKED}
    found = of(*asked, judged.token(**sent))
    assert found["verifier-entropy"] == ("not checked", (len(asked) + 1,))


def test_two_masks_are_not_called_one_code() -> None:
    sent: dict[str, Any] = {**BROUGHT, "code": "~code~"}
    assert "code-spent-once" not in of(judged.token(**sent), judged.token(**sent))


@pytest.mark.parametrize(
    ("asked", "came"), [({"state": "s"}, {"code": "c"}), ({}, {"code": "c", "state": "s"})]
)
def test_a_state_that_is_on_one_side_alone_is_not_equal(
    asked: dict[str, str], came: dict[str, str]
) -> None:
    request = judged.authorize(client_id="x", **asked)  # type: ignore[arg-type]
    assert of(request, judged.redirect(**came))["state-equal"] == ("no", (1, 2))  # type: ignore[arg-type]


ID_TOKEN = judged.jwt({"alg": "none"}, {"nonce": "5"})


@pytest.mark.parametrize(
    ("nonce", "members"),
    [
        ({"nonce": "5"}, {"access_token": "at"}),
        ({"nonce": "5"}, {"id_token": "a.b"}),
        ({}, {"id_token": ID_TOKEN}),
        (None, {"id_token": ID_TOKEN}),
    ],
)
def test_without_a_nonce_or_an_id_token_none_is_compared(
    nonce: dict[str, str] | None, members: dict[str, Any]
) -> None:
    asked = [] if nonce is None else [judged.authorize(client_id="x", **nonce)]  # type: ignore[arg-type]
    assert "nonce-equal" not in of(*asked, judged.token(members, grant_type=CODE_GRANT))


@pytest.mark.parametrize("form", ["{}", " \r\n{}", "[{}]", "{}x"])
def test_an_answer_is_read_if_it_is_an_object_of_json(form: str) -> None:
    answer = json_answer({})
    body = form.replace("{}", json.dumps({"id_token": ID_TOKEN})).encode()
    sent = judged.token(response=type(answer)(status=200, headers=answer.headers, body=body))
    assert ("id-token-signature" in of(sent)) is (form.strip() == "{}")
