"""The signature: which key, which algorithm, and what a token may not bring along."""

from __future__ import annotations

import base64
import hmac
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc import jws
from joserfc.errors import JoseError

from entra_oauth.errors import IdTokenRefused, UnexpectedAnswer
from entra_oauth.protocol.authority import Authority
from entra_oauth.protocol.endpoints import signing_keys
from entra_oauth.protocol.endpoints.signing_keys import KeysRequest, SigningKeys, check_signature
from entra_oauth.protocol.messages import HttpResponse
from kit import canaries
from kit.canaries import TENANT
from kit.grants import NOW, id_token, json_reply
from kit.servers import id_token_key

REQUEST = KeysRequest(Authority.of(TENANT))


def keys(document: dict[str, Any] | None = None) -> SigningKeys:
    reply = json_reply(id_token_key.jwks() if document is None else document)
    return SigningKeys.read(reply, answering=REQUEST, received_at=NOW)


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def with_header(header: dict[str, Any]) -> str:
    """The claims of a good token under another header, with the good signature."""
    _, claims, signature = id_token().split(".")
    return f"{part(header)}.{claims}.{signature}"


def hs256_with_the_public_key() -> str:
    """A token that passes where the verifier lets it choose: HMAC keyed with public bytes."""
    signed = f"{part({'alg': 'HS256', 'kid': id_token_key.KID})}.{id_token().split('.')[1]}"
    mac = hmac.digest(id_token_key.key().as_pem(private=False), signed.encode(), "sha256")
    return f"{signed}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def with_claims(claims: dict[str, Any]) -> str:
    """Other claims under the good header and the good signature."""
    header, _, signature = id_token().split(".")
    return f"{header}.{part(claims)}.{signature}"


def test_the_right_key_is_found_by_its_name() -> None:
    published = keys(id_token_key.jwks("other", id_token_key.KID))
    check_signature(id_token(), published)
    check_signature(id_token(by="other"), published)
    assert published.knows(id_token())
    assert not keys().knows(id_token(by="other"))


def test_the_issuer_of_a_key_may_be_a_template_or_left_out() -> None:
    for issuer in (
        "https://login.microsoftonline.com/{tenantid}/v2.0",
        f"https://login.microsoftonline.com/{TENANT}/v2.0",
        None,
        7,
    ):
        check_signature(id_token(), keys(id_token_key.jwks(issuer=issuer)))


BAD = {
    "alg none": with_header({"alg": "none", "kid": id_token_key.KID}).rpartition(".")[0] + ".",
    "alg none, signature kept": with_header({"alg": "none", "kid": id_token_key.KID}),
    "alg HS256": hs256_with_the_public_key(),
    "alg RS512": with_header({"alg": "RS512", "kid": id_token_key.KID}),
    "alg PS256": with_header({"alg": "PS256", "kid": id_token_key.KID}),
    "alg in lower case": with_header({"alg": "rs256", "kid": id_token_key.KID}),
    "no alg": with_header({"kid": id_token_key.KID}),
    "no kid": with_header({"alg": "RS256"}),
    "a kid that is a number": with_header({"alg": "RS256", "kid": 5}),
    "a kid in upper case": with_header({"alg": "RS256", "kid": id_token_key.KID.upper()}),
    "a kid that is a path": with_header({"alg": "RS256", "kid": "../k"}),
    "an unknown kid": id_token(by="other"),
    "crit": with_header({"alg": "RS256", "kid": id_token_key.KID, "crit": ["b64"], "b64": False}),
    "a key of its own": id_token(
        by="other", header={"kid": "x", "jwk": id_token_key.jwks("other")["keys"][0]}
    ),
    "a key of its own under a known name": id_token(
        by="other", header={"kid": id_token_key.KID, "jwk": id_token_key.jwks("other")["keys"][0]}
    ),
    "other claims": with_claims({"tid": TENANT}),
    "an empty signature": id_token().rpartition(".")[0] + ".",
    "no JWT": "a.b",
    "white space": id_token().replace(".", ". "),
}


@pytest.mark.parametrize("name", BAD)
def test_a_token_that_the_authority_did_not_sign_is_refused(name: str) -> None:
    with canaries.refused(IdTokenRefused) as caught:
        check_signature(BAD[name], keys())
    assert canaries.found_in(caught.value, [BAD[name]]) == []


def genuine(header: dict[str, Any]) -> str:
    """A token under this header that the authority's key has really signed."""
    whole = {"alg": "RS256", "kid": id_token_key.KID, **header}
    signed = f"{part(whole)}.{id_token().split('.')[1]}"
    private: Any = id_token_key.key().private_key
    signature = private.sign(signed.encode(), PKCS1v15(), SHA256())
    return f"{signed}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def joserfc_takes(token: str) -> bool:
    try:
        registry = jws.JWSRegistry(algorithms=["RS256"], strict_check_header=False)
        jws.deserialize_compact(token, id_token_key.key(), registry=registry)
    except (JoseError, ValueError, TypeError):
        return False
    return True


@pytest.mark.parametrize(
    ("header", "good"),
    [
        ({}, True),
        ({"typ": "JWT", "cty": "x", "x5t": "x", "x5t#S256": "x", "x5c": [], "b64": True}, True),
        ({"jku": "https://a.example", "x5u": "http://a.example", "nonce": 5}, True),
        *(({name: 5}, False) for name in ("typ", "cty", "x5t", "x5t#S256", "jku", "x5u", "jwk")),
        *(({name: None}, False) for name in ("typ", "x5c", "b64")),
        ({"x5c": "x"}, False),
        ({"x5c": [5]}, False),
        ({"jku": "ftp://a.example"}, False),
        ({"jwk": []}, False),
        ({"b64": False}, False),
    ],
)
def test_a_genuine_signature_under_a_malformed_header_is_refused_as_by_joserfc(
    header: dict[str, Any], good: bool
) -> None:
    token = genuine(header)
    assert joserfc_takes(token) is good
    if good:
        check_signature(token, keys())
    else:
        with canaries.refused(IdTokenRefused):
            check_signature(token, keys())


@pytest.mark.parametrize(
    "header",
    [{"alg": "PS256"}, {"alg": "none"}, {"alg": None}, {"crit": []}, {"kid": 5}, {"kid": None}],
)
def test_a_genuine_signature_under_another_agreement_is_refused(header: dict[str, Any]) -> None:
    with canaries.refused(IdTokenRefused) as caught:
        check_signature(genuine(header), keys())
    assert "not signed in the way that was agreed" in caught.value.what


def test_as_many_as_a_hundred_keys_may_be_published() -> None:
    others = [f"k{number}" for number in range(99)]
    document = id_token_key.jwks(id_token_key.KID)
    document["keys"] += [document["keys"][0] | {"kid": name} for name in others]
    check_signature(id_token(), keys(document))


def test_getting_ready_tries_a_check_that_cannot_succeed(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[object] = []
    genuine_check = signing_keys._is_signed

    def watched(signed: bytes, signature: bytes, key: dict[str, Any]) -> bool:
        tried.append(genuine_check(signed, signature, key))
        return True

    monkeypatch.setattr(signing_keys, "_is_signed", watched)
    signing_keys.make_ready(keys())
    assert tried == [False]


@pytest.mark.parametrize("changed", ["{} ", " {}", "{}\n", "{}A", "{}=", "{}    "])
def test_a_signature_is_of_the_token_as_it_stands(changed: str) -> None:
    with canaries.refused(IdTokenRefused):
        check_signature(changed.format(id_token()), keys())


def test_a_token_that_brings_its_key_along_is_judged_by_the_published_one() -> None:
    published = keys(id_token_key.jwks(id_token_key.KID, "other"))
    token = id_token(header={"jwk": id_token_key.jwks("other")["keys"][0], "x5c": ["x"]})
    check_signature(token, published)


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"keys": None},
        {"keys": {}},
        {"keys": []},
        {"keys": ["x", 5, None]},
        id_token_key.jwks(kty="oct"),
        id_token_key.jwks(use="enc"),
        id_token_key.jwks(alg="none"),
        id_token_key.jwks(kid=5),
        id_token_key.jwks(n=None),
        id_token_key.jwks(e=65537),
        {"keys": id_token_key.jwks()["keys"] * 101},
    ],
)
def test_a_document_without_a_usable_key_is_refused(document: dict[str, Any]) -> None:
    with canaries.refused(UnexpectedAnswer) as caught:
        keys(document)
    assert "no set of keys" in caught.value.what


@pytest.mark.parametrize(
    "changes",
    [
        {"n": "!!"},
        {"n": "AAAAA"},
        {"n": "é"},
        {"e": "AAAAA"},
        {"n": ""},
        {"e": "AA"},
        {"n": "AQAB"},
    ],
)
def test_a_key_that_is_none_verifies_nothing(changes: dict[str, Any]) -> None:
    with canaries.refused(IdTokenRefused):
        check_signature(id_token(), keys(id_token_key.jwks(**changes)))


@pytest.mark.parametrize(
    "reply",
    [
        HttpResponse(status=200, headers=(("Content-Type", "text/html"),), body=b"<html>"),
        HttpResponse(status=302, headers=(("Location", "https://evil.test/keys"),)),
        json_reply(id_token_key.jwks(), status=500),
    ],
)
def test_only_a_whole_answer_counts(reply: HttpResponse) -> None:
    with canaries.refused(UnexpectedAnswer):
        SigningKeys.read(reply, answering=REQUEST, received_at=NOW)


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "application/jwk-set+json"])
def test_keys_may_come_under_the_name_of_their_own_media_type(kind: str) -> None:
    # RFC 7517 §8.5.2; npm's oidc-provider sends it.
    body = json.dumps(id_token_key.jwks()).encode()
    reply = HttpResponse(status=200, headers=(("Content-Type", kind),), body=body)
    assert SigningKeys.read(reply, answering=REQUEST, received_at=NOW).keys


@pytest.mark.parametrize(("bits", "good"), [(1024, False), (2047, False), (2048, True)])
def test_a_key_that_is_too_short_signs_nothing(bits: int, good: bool) -> None:
    private = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    numbers = private.public_key().public_numbers()
    n = numbers.n.to_bytes((bits + 7) // 8)
    public = {"kty": "RSA", "kid": "short", "n": number(n), "e": "AQAB"}
    signed = id_token(header={"kid": "short"}).rpartition(".")[0]
    signature = number(private.sign(signed.encode(), padding.PKCS1v15(), SHA256()))
    found = keys({"keys": [public]})
    if good:
        check_signature(f"{signed}.{signature}", found)
        return
    with canaries.refused(IdTokenRefused) as caught:
        check_signature(f"{signed}.{signature}", found)
    assert "fewer than 2048 bits" in caught.value.what


def number(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


@pytest.mark.parametrize("length", range(13))
def test_octets_of_any_number_are_read_without_padding(length: int) -> None:
    octets = bytes(range(0xF0, 0xF0 + length))
    assert signing_keys._octets(number(octets)) == octets


@pytest.mark.parametrize("token", ["e30.e30.é", "é.e30.AAAA", "e30.e30.AAAAA", "e30", ""])
def test_what_cannot_be_read_is_not_signed(token: str) -> None:
    assert not signing_keys._verifies(token, keys().keys[0])


@pytest.mark.parametrize(
    "issuer",
    [
        "https://login.microsoftonline.us/{tenantid}/v2.0",
        "https://login.microsoftonline.com/b2cd3e45-5e67-8f89-01ab-c2345d6c78de/v2.0",
        "https://login.microsoftonline.com/{TENANTID}/v2.0",
        "",
    ],
)
def test_a_key_of_another_issuer_signs_nothing_here(issuer: str) -> None:
    with canaries.refused(IdTokenRefused) as caught:
        check_signature(id_token(), keys(id_token_key.jwks(issuer=issuer)))
    assert "keeps for another issuer" in caught.value.what


def test_a_key_is_known_by_its_name_alone_and_only_where_it_is_one() -> None:
    for kid in (5, None, "", ["a"]):
        assert not keys().knows(with_header({"alg": "RS256", "kid": kid}))
    assert not keys().knows(with_header({"alg": "RS256"}))
    twice = {"keys": id_token_key.jwks()["keys"] * 2}
    assert not keys(twice).knows(id_token())


def test_keys_are_asked_for_at_the_address_of_the_authority() -> None:
    request = REQUEST.to_http()
    assert request.method == "GET"
    assert request.url == f"https://login.microsoftonline.com/{TENANT}/discovery/v2.0/keys"
    assert request.header("Accept") == "application/json"
