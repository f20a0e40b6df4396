"""Proof of an app; the assertions are verified by PyJWT, which did not make them."""

from __future__ import annotations

import base64
import hashlib
from typing import Any
from urllib.parse import unquote_plus

import pytest
from cryptography.hazmat.primitives import serialization

from entra_oauth.errors import UsageError
from entra_oauth.protocol.certificate_file import certificate_content
from entra_oauth.protocol.endpoints.client_auth import (
    ASSERTION_LIFE_S,
    ASSERTION_TYPE,
    Certificate,
    ClientSecret,
    FederatedAssertion,
)
from kit import canaries
from kit.canaries import CLIENT_ID
from kit.grants import ASSERTION, SECRET
from kit.servers.app_certificates import (
    LOCKED,
    NOW,
    PASSPHRASE,
    PEM,
    certificate,
    key,
    key_pem,
    pem,
    pfx,
)

jwt = pytest.importorskip("jwt", reason="could not import jwt: pip install pyjwt")

ENDPOINT = "https://login.microsoftonline.com/t/oauth2/v2.0/token"
URL = bytes.maketrans(b"+/", b"-_")
ESCAPED = (pem() + key_pem()).replace(b"\n", b"\\n")
DER = serialization.Encoding.DER
GOOD: dict[str, tuple[bytes, dict[str, Any]]] = {
    "PEM, key first": (key_pem() + pem(), {}),
    "PEM, certificate first": (pem() + key_pem(), {}),
    "PEM with words around": (b"Bag Attributes\n x: y\n" + pem() + b"\n# key\n" + key_pem(), {}),
    "PEM, key in the older form": (
        key_pem(form=serialization.PrivateFormat.TraditionalOpenSSL) + pem(),
        {},
    ),
    "PEM, a chain": (pem("other") + key_pem() + pem(), {}),
    "PEM, a chain of other kinds": (pem("elliptic") + pem("edwards") + key_pem() + pem(), {}),
    "PEM in two files": (pem(), {"key": key_pem()}),
    "PEM, encrypted": (pem() + key_pem(lock=LOCKED), {"passphrase": PASSPHRASE}),
    "PEM, a passphrase that is not needed": (pem() + key_pem(), {"passphrase": PASSPHRASE}),
    "PFX": (pfx(), {}),
    "PFX, without a chain": (pfx(with_others=False), {}),
    "PFX, encrypted": (pfx(lock=LOCKED), {"passphrase": PASSPHRASE}),
    "PFX in base64, as Key Vault has it": (base64.b64encode(pfx()), {}),
    "PFX in base64, in quotes": (b' "' + base64.b64encode(pfx()) + b'"\n', {}),
    "PFX in base64, its padding left out": (base64.b64encode(pfx()).rstrip(b"="), {}),
    "PFX in base64url, wrapped": (base64.encodebytes(pfx()).translate(URL), {}),
    "PEM in base64": (base64.b64encode(pem() + key_pem()), {}),
    "PEM, its line breaks written as in a variable": (ESCAPED, {}),
    "PEM in quotes, with both kinds of breaks": (b'"' + ESCAPED + b'"\n', {}),
    "PEM with a byte order mark": (b"\xef\xbb\xbf" + pem() + key_pem(), {}),
    "PEM in UTF-16": ((pem() + key_pem()).decode().encode("utf-16"), {}),
    "the key's file in UTF-16": (pem(), {"key": key_pem().decode().encode("utf-16")}),
}


def assertion(proof_fields: tuple[tuple[str, str], ...]) -> str:
    form = dict(proof_fields)
    assert list(form) == ["client_assertion_type", "client_assertion"]
    assert form["client_assertion_type"] == ASSERTION_TYPE
    return form["client_assertion"]


@pytest.mark.parametrize("name", GOOD)
def test_a_certificate_signs_what_another_library_verifies(name: str) -> None:
    content, more = GOOD[name]
    proof = Certificate.load(content, **more).prove(CLIENT_ID, ENDPOINT, now=NOW)
    token = assertion(proof.fields)
    claims = jwt.decode(
        token,
        key().public_key(),
        algorithms=["PS256"],
        audience=ENDPOINT,
        options={"verify_exp": False, "verify_nbf": False, "verify_iat": False},
    )
    assert (claims["iss"], claims["sub"], claims["aud"]) == (CLIENT_ID, CLIENT_ID, ENDPOINT)
    assert claims["iat"] == claims["nbf"] == int(NOW)
    assert claims["exp"] == int(NOW) + ASSERTION_LIFE_S
    assert len(claims["jti"]) == 36
    assert proof.headers == ()


@pytest.mark.parametrize(
    ("algorithm", "member", "hash_"),
    [("PS256", "x5t#S256", hashlib.sha256), ("RS256", "x5t", hashlib.sha1)],
)
def test_the_header_says_which_certificate_it_is(algorithm: str, member: str, hash_: Any) -> None:
    made = certificate()
    content = made.public_bytes(PEM) + key_pem()
    loaded = Certificate.load(content, algorithm=algorithm)
    token = assertion(loaded.prove(CLIENT_ID, ENDPOINT, now=NOW).fields)
    der = made.public_bytes(serialization.Encoding.DER)
    thumbprint = base64.urlsafe_b64encode(hash_(der).digest()).rstrip(b"=").decode()
    assert jwt.get_unverified_header(token) == {"alg": algorithm, "typ": "JWT", member: thumbprint}
    assert jwt.decode(
        token, key().public_key(), algorithms=[algorithm], options={"verify_exp": False},
        audience=ENDPOINT,
    )  # fmt: skip
    for wrong in {"PS256", "RS256"} - {algorithm}:
        with pytest.raises(jwt.InvalidAlgorithmError):
            jwt.decode(token, key().public_key(), algorithms=[wrong], audience=ENDPOINT)


def test_no_two_assertions_are_alike() -> None:
    loaded = Certificate.load(pfx())
    tokens = {assertion(loaded.prove(CLIENT_ID, ENDPOINT, now=NOW).fields) for _ in range(3)}
    ids = {jwt.decode(t, options={"verify_signature": False})["jti"] for t in tokens}
    assert len(ids) == 3


WORDS = b"PRIVATE KEY-----"
BROKEN_KEY = b"-----BEGIN " + WORDS + b"\nAAAA\n-----END " + WORDS + b"\n"

BAD: dict[str, tuple[bytes, dict[str, Any], str]] = {
    "nothing": (b"", {}, "is empty"),
    "blanks": (b" \n", {"passphrase": "x"}, "is empty"),
    "rubbish": (b"\x00\x01 rubbish", {}, "neither PEM nor a PFX nor base64 of one"),
    "rubbish that is no text": (b"\xff\x01 rubbish", {}, "neither PEM nor a PFX nor base64 of"),
    "text": (b"hello\n", {"passphrase": "x"}, "neither PEM nor a PFX nor base64 of one"),
    "letters that are no base64": (b"A" * 65, {}, "neither PEM nor a PFX nor base64 of one"),
    "base64 of something else": (b"A" * 64, {}, "neither PEM nor a PFX nor base64 of one"),
    "a PFX cut short": (pfx()[:200], {}, "a PFX that opens without a passphrase"),
    "a certificate in DER": (certificate().public_bytes(DER), {}, "in DER, without its private"),
    "the same in base64": (
        base64.b64encode(certificate().public_bytes(DER)),
        {},
        "in DER, without its private",
    ),
    "a key in DER": (
        key().private_bytes(DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
        {},
        "in DER, without its certificate",
    ),
    "PEM without a certificate": (key_pem(), {}, "no certificate"),
    "PEM without a key": (pem(), {}, "no private key"),
    "PEM, a certificate cut short": (pem()[:200] + b"\n" + key_pem(), {}, "no certificate"),
    "PEM, a broken key": (pem() + BROKEN_KEY, {}, "cannot be read"),
    "another key": (pem() + key_pem("other"), {}, "does not belong"),
    "another key in a second file": (pem(), {"key": key_pem("other")}, "does not belong"),
    "a short key": (pem("short") + key_pem("short"), {}, "2048 bits"),
    "an elliptic key": (pem("elliptic") + key_pem("elliptic"), {}, "2048 bits"),
    "a key of another kind": (pem("edwards") + key_pem("edwards"), {}, "2048 bits"),
    "a certificate of another kind": (pem("edwards") + key_pem(), {}, "does not belong"),
    "an encrypted key and no passphrase": (pem() + key_pem(lock=LOCKED), {}, "no passphrase"),
    "an encrypted key and another passphrase": (
        pem() + key_pem(lock=LOCKED),
        {"passphrase": "wrong"},
        "cannot be opened",
    ),
    "an encrypted PFX and no passphrase": (pfx(lock=LOCKED), {}, "without a passphrase"),
    "an encrypted PFX and another passphrase": (
        pfx(lock=LOCKED),
        {"passphrase": "wrong"},
        "this passphrase",
    ),
    "a PFX without a key": (pfx(with_key=False, with_certificate=False), {}, "no private key"),
    "a PFX without a certificate": (
        pfx(with_certificate=False, with_others=False),
        {},
        "holds no certificate",
    ),
    "an algorithm of its own": (pem() + key_pem(), {"algorithm": "none"}, "PS256 or RS256"),
    "a secret for a key": (pem() + key_pem(), {"algorithm": "HS256"}, "PS256 or RS256"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_certificate_that_cannot_be_used_is_refused_without_a_word_of_it(name: str) -> None:
    content, more, word = BAD[name]
    with canaries.refused(UsageError) as caught:
        Certificate.load(content, **more)
    assert word in caught.value.what
    secrets = [PASSPHRASE, *(line.decode() for line in key_pem().splitlines()[1:3])]
    assert canaries.found_in(caught.value, secrets) == []


@pytest.mark.parametrize(
    ("starts", "ends", "word"),
    [(-9, -1, "expired on 2025-10-08"), (1, 30, "not valid before 2025-10-10")],
)
def test_a_certificate_is_used_within_its_dates_only(starts: float, ends: float, word: str) -> None:
    loaded = Certificate.load(pem(starts=starts, ends=ends) + key_pem())
    with canaries.refused(UsageError) as caught:
        loaded.prove(CLIENT_ID, ENDPOINT, now=NOW)
    assert word in caught.value.what


def test_a_certificate_is_good_from_its_first_second_and_not_in_its_last() -> None:
    first = Certificate.load(pem(starts=0, ends=1) + key_pem())
    assert first.prove(CLIENT_ID, ENDPOINT, now=NOW).fields
    assert first.prove(CLIENT_ID, ENDPOINT, now=NOW + 86_399).fields
    for now in (NOW - 1, NOW + 86_400):
        with canaries.refused(UsageError):
            first.prove(CLIENT_ID, ENDPOINT, now=now)


def test_whether_a_passphrase_is_needed_can_be_told() -> None:
    assert Certificate.is_locked(pem() + key_pem(lock=LOCKED))
    assert Certificate.is_locked(pfx(lock=LOCKED))
    assert not Certificate.is_locked(pem() + key_pem())
    assert not Certificate.is_locked(pfx())
    assert Certificate.is_locked(base64.b64encode(pfx(lock=LOCKED)))
    assert not Certificate.is_locked(base64.b64encode(pfx()))
    with pytest.raises(UsageError):
        Certificate.is_locked(certificate().public_bytes(DER))
    assert not Certificate.is_locked(b"rubbish")


# Secrets and federated tokens


@pytest.mark.parametrize("secret", [SECRET, "a+b/c=", "a b&c%d", "ä:ö", "~._-", ":" * 5])
def test_basic_is_form_encoded_first(secret: str) -> None:
    # RFC 6749 §2.3.1
    proof = ClientSecret(secret, basic=True).prove("client:id", ENDPOINT, now=NOW)
    assert proof.fields == ()
    ((name, value),) = proof.headers
    assert name == "Authorization"
    scheme, _, encoded = value.partition(" ")
    user, colon, word = base64.b64decode(encoded, validate=True).decode("ascii").partition(":")
    assert (scheme, colon) == ("Basic", ":")
    assert (unquote_plus(user), unquote_plus(word)) == ("client:id", secret)


def test_a_secret_goes_into_the_form_unless_basic_is_asked_for() -> None:
    proof = ClientSecret(SECRET).prove(CLIENT_ID, ENDPOINT, now=NOW)
    assert (proof.fields, proof.headers) == ((("client_secret", SECRET),), ())


@pytest.mark.parametrize("secret", ["", " ", "a\n", "a\x00", "\x1b"])
def test_a_secret_that_cannot_be_one_is_refused(secret: str) -> None:
    with canaries.refused(UsageError):
        ClientSecret(secret)


@pytest.mark.parametrize("token", ["", "a.b", "a.b.c.d", "a b.c.d", "a.b.c\n", "ä.b.c", "a..c"])
def test_a_federated_token_that_cannot_be_one_is_refused(token: str) -> None:
    with canaries.refused(UsageError):
        FederatedAssertion(token)


def test_a_federated_token_goes_as_it_is() -> None:
    proof = FederatedAssertion(ASSERTION).prove(CLIENT_ID, ENDPOINT, now=NOW)
    assert assertion(proof.fields) == ASSERTION


def test_no_repr_shows_a_secret() -> None:
    loaded = Certificate.load(pem() + key_pem())
    credentials = (
        ClientSecret(SECRET),
        ClientSecret(SECRET, basic=True),
        FederatedAssertion(ASSERTION),
        loaded,
    )
    proofs = [each.prove(CLIENT_ID, ENDPOINT, now=NOW) for each in credentials]
    for shown in (*credentials, *proofs):
        assert canaries.found_in(shown, [SECRET, ASSERTION]) == []
    assert "RSAPrivateKey" not in repr(loaded)


@pytest.mark.parametrize("length", range(48, 60))
def test_base64_of_any_length_is_read_with_or_without_its_padding(length: int) -> None:
    der = b"\x30" + bytes(range(0xA0, 0xA0 + length))
    for encoded in (base64.b64encode(der), base64.urlsafe_b64encode(der)):
        assert certificate_content(encoded) == der
        assert certificate_content(encoded.rstrip(b"=")) == der


@pytest.mark.parametrize(("length", "read"), [(62, False), (63, False), (64, True)])
def test_what_is_too_short_for_a_certificate_is_no_base64(length: int, read: bool) -> None:
    text = base64.b64encode(b"\x30" + bytes(60))[:length]
    assert (certificate_content(text) != text) is read


@pytest.mark.parametrize(("ends", "good"), [(NOW - 299, True), (NOW - 300, False)])
def test_a_federated_token_that_is_over_proves_nothing(ends: float, good: bool) -> None:
    credential = FederatedAssertion(canaries.jwt({"alg": "none"}, {"exp": ends}))
    if good:
        assert credential.prove(CLIENT_ID, ENDPOINT, now=NOW).fields
        return
    with canaries.refused(UsageError):
        credential.prove(CLIENT_ID, ENDPOINT, now=NOW)
