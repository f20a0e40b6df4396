"""Claims of single values: what is equal, what fits, and what was taken out and is open."""

from __future__ import annotations

from typing import Any

import pytest

from entra_oauth.protocol.messages import HttpRequest, HttpResponse
from entra_oauth.recording import Exchange, FrontEvent, Occurred, Recording
from entra_oauth.recording.claims import claims_of, curls_request, s256
from entra_oauth.recording.step import steps_of
from kit.audit import judged
from kit.audit.exchanges import step

DIGEST = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
FITTING = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
"""The example of RFC 7636, appendix B."""
CODE_GRANT = "authorization_code"


def of(*exchanges: Exchange) -> dict[str, tuple[str, tuple[int, ...]]]:
    """The verdict and the steps of each claim, by its name."""
    claims = claims_of(steps_of(Recording(exchanges)))
    return {claim.name: (claim.verdict, claim.steps) for claim in claims}


@pytest.mark.parametrize(
    ("asked", "sent", "verdict"),
    [
        ({"code_challenge": DIGEST, "code_challenge_method": "S256"}, FITTING, "yes"),
        ({"code_challenge": DIGEST, "code_challenge_method": "plain"}, FITTING, "no"),
        ({"code_challenge": DIGEST}, FITTING, "no"),
        ({"code_challenge": FITTING}, FITTING, "yes"),
        ({"code_challenge": FITTING, "code_challenge_method": "plain"}, FITTING, "yes"),
        ({"code_challenge": DIGEST, "code_challenge_method": "S256"}, None, "no"),
        ({}, FITTING, "no"),
        ({}, None, None),
    ],
)
def test_a_verifier_fits_by_its_method(
    asked: dict[str, str], sent: str | None, verdict: str | None
) -> None:
    fields: dict[str, Any] = {"client_id": "x"} | asked
    more: dict[str, Any] = {} if sent is None else {"code_verifier": sent}
    found = of(judged.authorize(**fields), judged.token(grant_type=CODE_GRANT, code="c", **more))
    assert found.get("pkce-matches") == (None if verdict is None else (verdict, (1, 2)))


@pytest.mark.parametrize(
    ("one", "other", "verdict"),
    [("s", "s", "yes"), ("s", "t", "no"), ("", "", "no"), ("s", "", "no"), ("\u00e4", "?", "no")],
)
def test_what_is_absent_on_both_sides_is_not_equal(one: str, other: str, verdict: str) -> None:
    asked = judged.authorize(client_id="x", state=one, redirect_uri=one)
    came = judged.redirect(code=one, state=other)
    sent = judged.token(grant_type=CODE_GRANT, code=other, redirect_uri=other)
    found = of(asked, came, sent)
    assert found["state-equal"] == (verdict, (1, 2))
    assert found["code-equal"] == (verdict, (2, 3))
    assert found["redirect-uri-equal"] == (verdict, (1, 3))


TAG, OTHER_TAG = "state~0123456789~~~", "state~abcdef0123~~~"


@pytest.mark.parametrize(
    ("one", "other", "verdict"),
    [
        (TAG, TAG, "yes"),
        (TAG, f"{TAG}~~", "yes"),
        (TAG, OTHER_TAG, "no"),
        (TAG, "s", "not checked"),
        ("~state~", "~state~", "not checked"),
    ],
)
def test_of_what_was_taken_out_its_tag_tells(one: str, other: str, verdict: str) -> None:
    found = of(judged.authorize(client_id="x", state=one), judged.redirect(code="c", state=other))
    assert found["state-equal"] == (verdict, (1, 2))


MASKED = "code_verifier~0123456789~~~~~~~~~~~~~~~~~~~~~~~~~~"


@pytest.mark.parametrize(("method", "is_measured"), [("S256", True), ("plain", False)])
def test_a_verifier_that_looks_hidden_is_real_if_its_hash_was_sent(
    method: str, is_measured: bool
) -> None:
    asked = judged.authorize(
        client_id="x", code_challenge=s256(MASKED), code_challenge_method=method
    )
    found = of(asked, judged.token(grant_type=CODE_GRANT, code="c", code_verifier=MASKED))
    assert (found["verifier-entropy"][0] != "not checked") is is_measured
    assert found["pkce-matches"][0] == ("yes" if is_measured else "not checked")


@pytest.mark.parametrize(("requests", "verdict"), [(1, "yes"), (2, "not checked")])
@pytest.mark.parametrize("name", ["state", "code"])
def test_only_where_several_asked_is_it_open_which_answer_is_whose(
    name: str, requests: int, verdict: str
) -> None:
    state, code = ("~state~", "c") if name == "state" else ("s", "~code~")
    asked = [
        judged.authorize(at=judged.AT - 20 - n, client_id="x", redirect_uri="r", state="s")
        for n in range(requests)
    ]
    sent = judged.token(grant_type=CODE_GRANT, code=code, redirect_uri="r")
    assert (
        of(*asked, judged.redirect(state=state, code=code), sent)["redirect-uri-equal"][0]
        == verdict
    )


def test_a_redirect_that_was_refused_is_compared_and_brings_no_code() -> None:
    asked = judged.authorize(client_id="x", state="s")
    url = "http://localhost/?code=forged&state=t"
    refused = HttpResponse(status=400)
    stranger = step(
        str(FrontEvent(Occurred.REFUSED)), "GET", url, response=refused, at=judged.AT - 15
    )
    sent = judged.token(grant_type=CODE_GRANT, code="forged")
    found = of(asked, stranger, sent)
    assert found["state-equal"] == ("no", (1, 2))
    assert "code-equal" not in found
    with_answer = of(asked, stranger, judged.redirect(code="c", state="s"), sent)
    assert with_answer["code-equal"] == ("no", (3, 4))


def test_what_was_not_asked_for_makes_no_claim() -> None:
    assert of(judged.redirect(code="c", state="s")) == {}
    assert of(judged.token(grant_type="password", code="c")) == {}
    assert set(of(judged.token(grant_type=CODE_GRANT))) == {"request-equals-curl"}
    only = of(judged.authorize(client_id="x", nonce="12345"))
    assert only == {"nonce-entropy": ("16 bits", (1,))}


def test_each_code_is_counted_by_itself() -> None:
    codes = ["a", "b", "a"]
    sent = [
        judged.token(grant_type=CODE_GRANT, code=c, at=judged.AT + n) for n, c in enumerate(codes)
    ]
    claims = [
        (claim.verdict, claim.steps)
        for claim in claims_of(steps_of(Recording(tuple(sent))))
        if claim.name == "code-spent-once"
    ]
    assert claims == [("no", (1, 3)), ("yes", (2,))]


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("https://a.example", "a.example"),
        ("https://a.example:443", "a.example"),
        ("https://a.example:80", "a.example:80"),
        ("http://a.example:80", "a.example"),
        ("http://a.example:443", "a.example:443"),
        ("https://a.example:8443", "a.example:8443"),
    ],
)
def test_curl_leaves_the_usual_port_out_of_the_host(origin: str, host: str) -> None:
    request = HttpRequest(method="POST", url=f"{origin}/t?x", body=b"abc")
    sent = curls_request(request, user_agent="curl/8")
    assert sent.startswith(f"POST /t?x HTTP/1.1\r\nHost: {host}\r\nUser-Agent: curl/8\r\n".encode())
    assert sent.endswith(b"Content-Length: 3\r\n\r\nabc")


def test_bytes_that_were_not_seen_are_not_compared() -> None:
    article = ("client_id", "scope", "code", "redirect_uri", "grant_type", "state")
    fields: dict[str, Any] = dict.fromkeys(article, "x") | {"grant_type": CODE_GRANT}
    assert of(judged.token(**fields))["request-equals-curl"] == ("not checked", (1,))
    reversed_ = dict(reversed(fields.items()))
    assert of(judged.token(**reversed_))["request-equals-curl"] == ("no", (1,))


def test_a_nonce_is_a_text_that_is_equal() -> None:
    def verdict(nonce: object) -> tuple[str, tuple[int, ...]]:
        answer = {"access_token": "at", "id_token": judged.jwt({"alg": "none"}, {"nonce": nonce})}
        asked = judged.authorize(client_id="x", nonce="5")
        return of(asked, judged.token(answer, grant_type=CODE_GRANT))["nonce-equal"]

    assert verdict("5") == ("yes", (1, 2))
    for other in ("6", 5, None, ["5"]):
        assert verdict(other) == ("no", (1, 2))


@pytest.mark.parametrize("id_token", ["a.b", "a.b.c.d", 5, None, ["a.b.c"]])
def test_what_is_no_id_token_makes_no_claim(id_token: object) -> None:
    answer = judged.token({"id_token": id_token}, grant_type="password")
    assert "id-token-signature" not in of(answer)
