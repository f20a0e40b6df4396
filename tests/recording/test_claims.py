"""Claims of the recorder: true of what passed, also where something is wrong."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from joserfc import jwt as jose_jwt
from joserfc.jwk import RSAKey

from entra_oauth.protocol.endpoints.authorization_response import AuthorizationResponse
from entra_oauth.protocol.endpoints.authorize import AuthorizationRequest
from entra_oauth.protocol.endpoints.token import TokenRequest
from entra_oauth.protocol.messages import FORM, HttpRequest, HttpResponse, Wire
from entra_oauth.recording import Exchange, FrontEvent, Occurred, Recording
from entra_oauth.recording.claims import claims_of, curls_request, entropy_bits
from entra_oauth.recording.step import steps_of
from kit.canaries import CLIENT_ID, CODE, STATE, TENANT, VERIFIER, article_request, hardened_request
from kit.played_channels import answer_to

ORIGIN = "https://login.microsoftonline.com"
KEY = RSAKey.generate_key(2048, {"kid": "key-1", "use": "sig", "alg": "RS256"}, private=True)


def front(kind: Occurred, request: HttpRequest, status: int | None, at: float) -> Exchange:
    response = None if status is None else HttpResponse(status=status)
    event = FrontEvent(kind)
    return Exchange(event=event, request=request, response=response, started_at=at, ended_at=at)


def back(request: HttpRequest, body: bytes, at: float, *, note: str = "token") -> Exchange:
    path = request.url.removeprefix(ORIGIN)
    head = f"{request.method} {path} HTTP/1.1\r\nHost: login.microsoftonline.com\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in request.headers)
    sent = f"{head}Content-Length: {len(request.body)}\r\n\r\n".encode() + request.body
    received = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" + body
    wire = Wire(sent=sent, received=received)
    return Exchange(
        purpose=note,
        request=request,
        response=HttpResponse(status=200, body=body, wire=wire),
        started_at=at,
        ended_at=at,
        wire=wire,
    )


def signed(nonce: str | None, key: RSAKey = KEY) -> str:
    claims = {"aud": CLIENT_ID, "exp": int(time.time()) + 60, "nonce": nonce}
    return jose_jwt.encode({"alg": "RS256", "kid": "key-1"}, claims, key)


def sign_in(
    asked: AuthorizationRequest, *, token: str | None = None, keys: bool = False
) -> list[Exchange]:
    callback = answer_to(asked.url, ("code", CODE))
    callback = replace(callback, raw=_raw(callback))
    request = TokenRequest.redeem(AuthorizationResponse.read(callback, answering=asked))
    answer = {"token_type": "Bearer", "access_token": "x" * 40, "id_token": token}
    found = [
        front(Occurred.ASKED, HttpRequest(method="GET", url=asked.url), None, 1.0),
        front(Occurred.ACCEPTED, callback, 303, 2.0),
        back(request.to_http(), json.dumps(answer).encode(), 3.0),
    ]
    if keys:
        public = json.dumps({"keys": [KEY.as_dict(private=False)]}).encode()
        get = HttpRequest(method="GET", url=f"{ORIGIN}/common/discovery/v2.0/keys")
        found.append(back(get, public, 1.5, note="keys"))
    return found


def _raw(request: HttpRequest) -> bytes:
    lines = [f"{request.method} {request.path}?{request.query} HTTP/1.1", "Host: localhost"]
    lines += [f"{name}: {value}" for name, value in request.headers]
    return "\r\n".join([*lines, "", ""]).encode() + request.body


def verdicts(exchanges: list[Exchange]) -> dict[str, str]:
    claims = claims_of(steps_of(Recording(tuple(exchanges))))
    assert all(claim.detail.endswith(".") for claim in claims)
    return {claim.name: claim.verdict for claim in claims}


def test_a_hardened_sign_in() -> None:
    asked = hardened_request()
    token = signed(asked.nonce)
    assert verdicts(sign_in(asked, token=token, keys=True)) == {
        "state-entropy": f"{entropy_bits(STATE)} bits",
        "nonce-entropy": f"{entropy_bits(asked.nonce or '')} bits",
        "verifier-entropy": f"{entropy_bits(VERIFIER)} bits",
        "state-equal": "yes",
        "code-equal": "yes",
        "redirect-uri-equal": "yes",
        "pkce-matches": "yes",
        "code-spent-once": "yes",
        "nonce-equal": "yes",
        "id-token-signature": "yes",
        "request-equals-curl": "no",
    }


def test_the_articles_sign_in() -> None:
    found = verdicts(sign_in(article_request(state="12345")))
    assert found == {
        "state-entropy": "16 bits",
        "state-equal": "yes",
        "code-equal": "yes",
        "redirect-uri-equal": "yes",
        "code-spent-once": "yes",
        "request-equals-curl": "yes",
    }


def _change(name: str, old: str, new: str) -> Callable[[list[Exchange]], list[Exchange]]:
    """Replace a text in the request of the exchange of that note."""

    def change(exchanges: list[Exchange]) -> list[Exchange]:
        return [_changed(e, old, new) if e.note == name else e for e in exchanges]

    return change


def _changed(exchange: Exchange, old: str, new: str) -> Exchange:
    request = exchange.request
    assert old in request.url or old.encode() in request.body
    request = replace(
        request,
        url=request.url.replace(old, new),
        body=request.body.replace(old.encode(), new.encode()),
        raw=request.raw.replace(old.encode(), new.encode()),
    )
    wire = exchange.wire
    if wire is not None:
        wire = replace(wire, sent=wire.sent.replace(old.encode(), new.encode()))
    return replace(exchange, request=request, wire=wire)


WRONG: list[tuple[Callable[[list[Exchange]], list[Exchange]], str, str]] = [
    (_change("accepted", "CanaryState", "OtherState1"), "state-equal", "no"),
    (_change("token", "CanaryCode", "OtherCode1"), "code-equal", "no"),
    (_change("token", "CanaryVerifier", "OtherVerifier1"), "pkce-matches", "no"),
    (_change("token", "localhost%3A8400", "localhost%3A9999"), "redirect-uri-equal", "no"),
    (_change("authorize", "code_challenge=", "code_challenge=x"), "pkce-matches", "no"),
    (_change("authorize", "nonce=Canary", "nonce=Other1"), "nonce-equal", "no"),
    (lambda found: [*found, found[2]], "code-spent-once", "no"),
]


DETAILS = {
    "state-equal": ("The state that came back is the one that was sent.", "The state is not the"),
    "code-equal": ("The code that was sent is the one that came.", "It is another code."),
    "pkce-matches": ("The verifier fits the challenge (S256).", "The verifier does not fit"),
    "redirect-uri-equal": ("The redirect URI is the same in both", "The redirect URIs differ."),
    "nonce-equal": ("The ID token holds the nonce that was sent.", "Its nonce is not the one sent"),
    "code-spent-once": ("The code was sent to the token endpoint once.", "The code was sent more"),
}


@pytest.mark.parametrize(("change", "name"), [(change, name) for change, name, _ in WRONG])
def test_the_words_of_a_claim_are_those_of_its_verdict(
    change: Callable[[list[Exchange]], list[Exchange]], name: str
) -> None:
    asked = hardened_request()
    right = sign_in(asked, token=signed(asked.nonce), keys=True)
    for exchanges, number in ((right, 0), (change(list(right)), 1)):
        claims = claims_of(steps_of(Recording(tuple(exchanges))))
        (detail,) = {claim.detail for claim in claims if claim.name == name}
        assert detail.startswith(DETAILS[name][number])


@pytest.mark.parametrize(("change", "name", "verdict"), WRONG)
def test_what_is_wrong_is_claimed_to_be(
    change: Callable[[list[Exchange]], list[Exchange]], name: str, verdict: str
) -> None:
    asked = hardened_request()
    found = change(sign_in(asked, token=signed(asked.nonce), keys=True))
    assert verdicts(found)[name] == verdict


def _second(exchanges: list[Exchange]) -> list[Exchange]:
    """The same sign-in with other secrets, each message a moment after the other's."""
    swapped = []
    for each in exchanges:
        found = each
        for name in ("CanaryState", "CanaryCode", "CanaryNonce"):
            if name in found.request.url or name.encode() in found.request.body:
                found = _changed(found, name, f"Other{name}")
        swapped.append(replace(found, started_at=each.started_at + 0.5))
    return swapped


def test_of_two_sign_ins_at_once_each_message_is_held_against_its_own() -> None:
    asked = hardened_request()
    assert asked.nonce is not None
    assert "CanaryNonce" in asked.nonce
    first = sign_in(asked, token=signed(asked.nonce))
    others = asked.nonce.replace("CanaryNonce", "OtherCanaryNonce")
    second = _second(sign_in(asked, token=signed(others)))
    mixed = sorted([*first, *second], key=lambda each: each.started_at)
    claims = claims_of(steps_of(Recording(tuple(mixed))))
    told = [(claim.name, claim.verdict, claim.steps) for claim in claims]
    for name, steps in {
        "state-equal": [(1, 3), (2, 4)],
        "code-equal": [(3, 5), (4, 6)],
        "redirect-uri-equal": [(1, 5), (2, 6)],
        "pkce-matches": [(1, 5), (2, 6)],
        "nonce-equal": [(1, 5), (2, 6)],
    }.items():
        assert [each for each in told if each[0] == name] == [(name, "yes", at) for at in steps]


def test_the_id_token_of_a_renewal_need_not_have_the_nonce() -> None:
    asked = hardened_request()
    found = sign_in(asked, token=signed(asked.nonce))
    url = found[2].request.url
    body = b"grant_type=refresh_token&refresh_token=1.x"
    renewal = HttpRequest(method="POST", url=url, headers=(("Content-Type", FORM),), body=body)
    answer = json.dumps({"id_token": signed(None)}).encode()
    claims = claims_of(steps_of(Recording((*found, back(renewal, answer, 4.0)))))
    assert [c.steps for c in claims if c.name == "nonce-equal"] == [(1, 3)]
    assert [c.steps for c in claims if c.name == "id-token-signature"] == [(3,), (4,)]


def test_a_signature_by_another_key_is_no_signature() -> None:
    other = RSAKey.generate_key(2048, {"kid": "key-1"}, private=True)
    asked = hardened_request()
    found = verdicts(sign_in(asked, token=signed(asked.nonce, other), keys=True))
    assert found["id-token-signature"] == "no"


@pytest.mark.parametrize(
    ("is_ours", "said"), [(True, "It was made with"), (False, "It was not made")]
)
def test_whose_key_made_a_signature_is_said(is_ours: bool, said: str) -> None:
    other = RSAKey.generate_key(2048, {"kid": "key-1"}, private=True)
    token = signed("x", KEY if is_ours else other)
    steps = steps_of(Recording(tuple(sign_in(hardened_request(), token=token, keys=True))))
    (claim,) = [each for each in claims_of(steps) if each.name == "id-token-signature"]
    assert claim.detail.startswith(said)


def test_a_key_of_another_name_says_nothing_of_a_signature() -> None:
    token = jose_jwt.encode({"alg": "RS256", "kid": "key-2"}, {"nonce": "x"}, KEY)
    found = verdicts(sign_in(hardened_request(), token=token, keys=True))
    assert found["id-token-signature"] == "not checked"


def test_without_the_keys_nothing_is_claimed_of_a_signature() -> None:
    found = verdicts(sign_in(hardened_request(), token=signed("x")))
    assert found["id-token-signature"] == "not checked"


def test_a_head_in_another_order_is_not_curls() -> None:
    found = sign_in(article_request())
    wire = found[2].wire
    assert wire is not None
    lines = wire.sent.split(b"\r\n")
    lines[2], lines[3] = lines[3], lines[2]
    found[2] = replace(found[2], wire=replace(wire, sent=b"\r\n".join(lines)))
    assert verdicts(found)["request-equals-curl"] == "body"


GOLDEN = (
    b"POST /a1bc2d34-5e67-8f89-01ab-c2345d6c78de/oauth2/v2.0/token HTTP/1.1\r\n"
    b"Host: login.microsoftonline.com\r\nUser-Agent: curl/7.88.1\r\nAccept: */*\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 203\r\n\r\n"
    b"client_id=12a34b56-789c-0d12-e3fa-b456789c0123&"
    b"scope=2ff814a6-3304-4ab8-85cb-cd0e6f879c1d%2F.default&code=0.ASkAIj...RxgFhSAA&"
    b"redirect_uri=http%3A%2F%2Flocalhost&grant_type=authorization_code&state=12345"
)
"""What curl 7.88.1 sent for the article's own command, taken from a socket."""


def test_the_request_that_is_compared_with_is_the_one_that_curl_sends() -> None:
    request = HttpRequest(
        method="POST",
        url=f"{ORIGIN}/{TENANT}/oauth2/v2.0/token",
        body=GOLDEN.partition(b"\r\n\r\n")[2],
    )
    assert curls_request(request, user_agent="curl/7.88.1") == GOLDEN


@pytest.mark.parametrize(
    ("value", "bits"),
    [
        ("", 0),
        ("aaaaaaaa", 0),
        ("12345", 16),
        ("abab", 4),
        ("deadbeef", 32),
        ("A" * 20 + "b" * 20, 40),
    ],
)
def test_entropy_is_not_overrated(value: str, bits: int) -> None:
    assert entropy_bits(value) == bits


def test_what_has_no_shape_makes_no_claim_and_no_error(tmp_path: Path) -> None:
    odd = HttpRequest(
        method="POST", url="https://[bad", headers=(("Content-Type", "x"),), body=b"{"
    )
    found = [
        front(Occurred.ACCEPTED, odd, 303, 1.0),
        back(HttpRequest(method="POST", url=ORIGIN, body=b"\xff"), b'{"id_token": "a.b.c"', 2.0),
        back(HttpRequest(method="GET", url=ORIGIN), b'{"id_token": "a.b.c", "keys": 3}', 3.0),
    ]
    assert verdicts(found) == {"id-token-signature": "not checked"}


@pytest.mark.parametrize(
    ("value", "bits"),
    [
        ("1234567890", 33),
        ("vwxyzvwxyz", 47),
        ("VWXYZVWXYZ", 47),
        ("vwxyzVWXYZ", 57),
        ("vwxyz12345", 51),
        ("vwxyz-....", 48),
        ("vwxyz-...." * 4, 192),
        ("0123456789abcdef", 64),
        ("abcde-f", 28),
        ("abcdeg", 28),
        ("2345678901" * 8, 265),
        ("vwxyz" * 8, 188),
        ("VWXYZ" * 8, 188),
        (".,;:!" * 8, 40),
        ("wxyz", 8),
        ("wxyza", 23),
        ("aB3-", 8),
    ],
)
def test_entropy_is_that_of_the_characters_that_occur(value: str, bits: int) -> None:
    assert entropy_bits(value) == bits


def test_what_is_no_key_among_the_keys_is_passed_over() -> None:
    found = sign_in(hardened_request(), token=signed("x"), keys=True)
    public = json.dumps({"keys": ["x", None, 5, KEY.as_dict(private=False)]}).encode()
    get = HttpRequest(method="GET", url=f"{ORIGIN}/common/discovery/v2.0/keys")
    assert (
        verdicts([*found[:3], back(get, public, 1.5, note="keys")])["id-token-signature"] == "yes"
    )
