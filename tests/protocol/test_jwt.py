from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entra_oauth.errors import IdTokenRefused, UsageError
from entra_oauth.protocol.authority import Authority
from entra_oauth.protocol.id_token import CLOCK_SKEW_S, NOTHING_BESIDE, Beside, IdToken
from entra_oauth.protocol.jwt import MAX_JWT_BYTES, decode
from kit import canaries
from kit.canaries import CLIENT_ID, NONCE, TENANT, jwt

NOW = 1_760_000_000.0
HEADER = {"typ": "JWT", "alg": "RS256", "kid": "k1"}
CLAIMS: dict[str, Any] = {
    "aud": CLIENT_ID,
    "iss": f"https://login.microsoftonline.com/{TENANT}/v2.0",
    "iat": NOW - 300,
    "nbf": NOW - 300,
    "exp": NOW + 3600,
    "name": "Ann Example",
    "nonce": NONCE,
    "oid": "00000000-0000-0000-0000-000000000001",
    "preferred_username": "ann@contoso.com",
    "sub": "A" * 43,
    "tid": TENANT,
    "ver": "2.0",
}


def read(
    token: str,
    *,
    authority: Authority | None = None,
    client_id: str = CLIENT_ID,
    nonce: str | None = NONCE,
    now: float = NOW,
) -> IdToken:
    return IdToken.read(
        token,
        authority=authority or Authority.of(TENANT),
        client_id=client_id,
        nonce=nonce,
        now=now,
    )


def but(**changes: object) -> dict[str, Any]:
    """The good claims with some changed; None takes one away."""
    return {name: value for name, value in {**CLAIMS, **changes}.items() if value is not None}


# Looking into a JWT


def test_a_jwt_is_taken_apart_and_white_space_around_it_does_not_matter() -> None:
    for token in (jwt(HEADER, CLAIMS), f"\n {jwt(HEADER, CLAIMS)}\r\n", jwt(HEADER, CLAIMS, "")):
        decoded = decode(token)
        assert (decoded.header, decoded.claims) == (HEADER, CLAIMS)


@given(
    st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), st.integers(), max_size=5)
)
def test_every_jwt_is_decoded_to_what_went_into_it(claims: dict[str, int]) -> None:
    assert decode(jwt(HEADER, claims)).claims == claims


def part(value: object) -> str:
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


GOOD = part({"secret": canaries.ACCESS_TOKEN})
ALPHABET = st.text("AZaz09-_+/=.{} \n\u0660\ud800eyJ", max_size=40)


def test_a_token_has_64_kib_at_most() -> None:
    start = f"{part({'alg': 'RS256'})}.{GOOD}."
    longest = start + "A" * (65_536 - len(start))
    with canaries.refused(UsageError) as caught:
        decode(f"{longest}A")
    assert "longer than 64 KiB" in caught.value.what
    # Base64url has no length that is one more than a multiple of four.
    fits = longest[:-1] if len(longest.rpartition(".")[2]) % 4 == 1 else longest
    assert decode(fits).header == {"alg": "RS256"}


@given(
    st.text()
    | ALPHABET
    | st.builds("{}.{}.{}".format, ALPHABET, ALPHABET, ALPHABET)
    | st.builds(
        lambda a, b, c: f"{part(a)}.{part(b)}.{part(c)}", st.binary(), st.binary(), st.binary()
    )
)
def test_whatever_is_given_is_decoded_or_a_usage_error(token: str) -> None:
    try:
        decoded = decode(token)
    except UsageError:
        return
    header, claims, _ = token.strip().split(".")
    assert decoded.header == json.loads(base64.urlsafe_b64decode(header + "=="))
    assert decoded.claims == json.loads(base64.urlsafe_b64decode(claims + "=="))


@pytest.mark.parametrize(
    ("token", "word"),
    [
        ("", "three parts; this has 1"),
        (GOOD, "three parts; this has 1"),
        (f"{GOOD}.{GOOD}", "three parts; this has 2"),
        (f"{GOOD}.{GOOD}.{GOOD}.{GOOD}", "three parts; this has 4"),
        (f"{GOOD}.{GOOD}.{GOOD}.{GOOD}.{GOOD}", "encrypted"),
        ("." * 10, "three parts; this has 11"),
        (f"{GOOD}.{GOOD}.{'A' * MAX_JWT_BYTES}", "longer than 64 KiB"),
        (f"{GOOD}.{GOOD}.A", "signature is not base64url"),
        (f"{GOOD}.{GOOD}.AB==", "signature is not base64url"),
        (f"{GOOD}.{GOOD}.A+/B", "signature is not base64url"),
        (f"{GOOD}.{GOOD}.AA AA", "signature is not base64url"),
        (f"{GOOD}.{GOOD}.AAAÄ", "signature is not base64url"),
        (f"{GOOD}.{GOOD}.AAA\ud800", "signature is not base64url"),
        # The last character carries bits that say nothing: 32 tokens would read alike.
        (f"{GOOD}.{GOOD}.AB", "signature is not base64url"),
        (f"Bearer {GOOD}.{GOOD}.", "header is not base64url"),
        (f"{GOOD}=.{GOOD}.", "header is not base64url"),
        (f"{GOOD}. {GOOD}.", "body is not base64url"),
        (f"{GOOD}..", "body is not JSON"),
        (f".{GOOD}.", "header is not JSON"),
        (f"{part([canaries.ACCESS_TOKEN])}.{GOOD}.", "header is not JSON: it is not an object"),
        (f"{GOOD}.{part(canaries.ACCESS_TOKEN)}.", "body is not JSON: it is not an object"),
        (f"{GOOD}.{part(b'{}x')}.", "body is not JSON"),
        (f"{GOOD}.{part(bytes([123, 34, 255, 34, 125]))}.", "body is not JSON: it is not UTF-8"),
        (f"{GOOD}.{part(b'{' + b'[' * 9000)}.", "body is not JSON"),
        (f"{GOOD}.{part(b'{' + canaries.CODE.encode() + b'}')}.", "body is not JSON"),
    ],
)
def test_what_is_no_jwt_is_refused_without_a_word_of_it(token: str, word: str) -> None:
    with canaries.refused(UsageError) as caught:
        decode(token)
    assert word in caught.value.what


def test_the_repr_of_a_decoded_token_does_not_show_its_claims() -> None:
    canaries.assert_clean(decode(jwt(HEADER, CLAIMS)))


# Checking an ID token


def test_an_id_token_says_who_signed_in() -> None:
    identity = read(jwt(HEADER, CLAIMS))
    assert identity.tenant_id == TENANT
    assert identity.object_id == CLAIMS["oid"]
    assert identity.subject == CLAIMS["sub"]
    assert identity.username == "ann@contoso.com"
    assert identity.name == "Ann Example"
    assert identity.expires_at == NOW + 3600
    assert identity.claims == CLAIMS
    canaries.assert_clean(identity)


def test_what_is_for_display_only_may_be_missing_or_of_another_kind() -> None:
    claims = but(oid=1, preferred_username="", name=None)
    identity = read(jwt(HEADER, claims))
    assert (identity.object_id, identity.username, identity.name) == (None, None, None)


def test_control_characters_in_a_name_are_shown_by_name() -> None:
    nasty = "Ann\x1b[2J\u202e\r\n\u009b"
    identity = read(jwt(HEADER, but(name=nasty, preferred_username=nasty, oid=nasty)))
    for text in (identity.name, identity.username, identity.object_id):
        assert text == "Ann<ESC>[2J<U+202E><CR><LF><U+009B>"


@pytest.mark.parametrize(
    ("host", "issuer"),
    [
        ("login.microsoftonline.com", "login.microsoftonline.com"),
        ("login.windows.net", "login.microsoftonline.com"),
        ("login.microsoftonline.us", "login.microsoftonline.us"),
        ("login.usgovcloudapi.net", "login.microsoftonline.us"),
        ("login.partner.microsoftonline.cn", "login.partner.microsoftonline.cn"),
        ("login.chinacloudapi.cn", "login.partner.microsoftonline.cn"),
        ("localhost:8400", "localhost:8400"),
    ],
)
def test_the_issuer_is_that_of_the_cloud_and_of_no_other(host: str, issuer: str) -> None:
    # in China the login host and the issuer differ
    authority = Authority(f"https://{host}", TENANT)
    token = jwt(HEADER, but(iss=f"https://{issuer}/{TENANT}/v2.0"))
    assert read(token, authority=authority).tenant_id == TENANT
    for other in ("sts.windows.net", "login.chinacloudapi.cn", "evil.example"):
        with canaries.refused(IdTokenRefused):
            read(jwt(HEADER, but(iss=f"https://{other}/{TENANT}/v2.0")), authority=authority)


UPPER = TENANT.upper()


@pytest.mark.parametrize(
    ("tenant", "tid", "issuer_tenant", "accepted"),
    [
        (TENANT, TENANT, TENANT, True),
        (UPPER, TENANT, TENANT, True),
        (TENANT, UPPER, UPPER, True),
        (TENANT, UPPER, TENANT, False),
        (TENANT, TENANT, UPPER, False),
        ("common", TENANT, TENANT, True),
        ("organizations", TENANT, TENANT, True),
        ("consumers", TENANT, TENANT, False),
        ("contoso.com", TENANT, TENANT, True),
        ("common", TENANT, "common", False),
        ("common", "common", "common", False),
        ("common", "{tenantid}", "{tenantid}", False),
    ],
)
def test_tid_and_issuer_name_one_tenant_in_one_spelling(
    tenant: str, tid: str, issuer_tenant: str, accepted: bool
) -> None:
    iss = f"https://login.microsoftonline.com/{issuer_tenant}/v2.0"
    token = jwt(HEADER, but(tid=tid, iss=iss))
    authority = Authority.of(tenant)
    if accepted:
        assert read(token, authority=authority).tenant_id == tid
    else:
        with canaries.refused(IdTokenRefused):
            read(token, authority=authority)


OTHER_TENANT = "b2cd3e45-5e67-8f89-01ab-c2345d6c78de"
LOGIN = "https://login.microsoftonline.com"

WRONG_HEADERS: list[tuple[dict[str, Any], str]] = [
    ({}, "RS256"),
    ({"alg": "none"}, "RS256"),
    ({"alg": "None"}, "RS256"),
    ({"alg": ""}, "RS256"),
    ({"alg": None}, "RS256"),
    ({"alg": ["RS256"]}, "RS256"),
    ({"alg": "rs256"}, "RS256"),
    ({"alg": "RS256 "}, "RS256"),
    ({"alg": "HS256"}, "RS256"),
    ({"alg": "RS512"}, "RS256"),
    ({"alg": "PS256"}, "RS256"),
    ({"alg": "ES256"}, "RS256"),
    ({"alg": "RS256", "crit": ["exp"]}, "crit"),
    ({"alg": "RS256", "crit": []}, "crit"),
    ({"alg": "RS256", "crit": None}, "crit"),
    ({"alg": "RS256", "crit": ["b64"], "b64": False}, "crit"),
]


@pytest.mark.parametrize(("header", "word"), WRONG_HEADERS)
def test_the_algorithm_is_rs256_and_nothing_is_demanded(header: dict[str, Any], word: str) -> None:
    with canaries.refused(IdTokenRefused) as caught:
        read(jwt(header, CLAIMS))
    assert word in caught.value.what


NO_TIMES: list[Any] = ["1760000000", True, [], {}, float("1e400"), -1, 10**13, 10**30]
# Too large for a float, and few enough digits to be read.
NO_TIMES += [10**399, -(10**398)]

WRONG_CLAIMS: list[tuple[dict[str, Any], str]] = [
    ({}, "tid"),
    (but(tid=None), "tid"),
    (but(tid=""), "tid"),
    (but(tid=1), "tid"),
    (but(tid=[TENANT]), "tid"),
    (but(tid=OTHER_TENANT), "tid"),
    (but(tid=OTHER_TENANT, iss=f"{LOGIN}/{OTHER_TENANT}/v2.0"), "tid"),
    (but(tid=f"{TENANT}/v2.0?"), "tid"),
    (but(iss=None), "issuer"),
    (but(iss=""), "issuer"),
    (but(iss=[CLAIMS["iss"]]), "issuer"),
    (but(iss=f"{CLAIMS['iss']}/"), "issuer"),
    (but(iss=CLAIMS["iss"].upper()), "issuer"),
    (but(iss=f"{LOGIN}:443/{TENANT}/v2.0"), "issuer"),
    (but(iss=f"{LOGIN}/{TENANT}/v1.0"), "issuer"),
    (but(iss=f"https://sts.windows.net/{TENANT}/"), "issuer"),
    (but(iss=f"http://login.microsoftonline.com/{TENANT}/v2.0"), "issuer"),
    (but(iss=f"{LOGIN}/{OTHER_TENANT}/v2.0"), "issuer"),
    (but(aud=None), "aud"),
    (but(aud=""), "aud"),
    (but(aud=[]), "aud"),
    (but(aud=[[CLIENT_ID]]), "aud"),
    (but(aud={CLIENT_ID: 1}), "aud"),
    (but(aud=f"{{{CLIENT_ID}}}"), "aud"),
    (but(aud=f"{CLIENT_ID} "), "aud"),
    (but(aud="another"), "aud"),
    (but(aud=["another", "third"], azp=CLIENT_ID), "aud"),
    (but(aud=[CLIENT_ID, "another"]), "azp"),
    (but(aud=[CLIENT_ID, "another"], azp="another"), "azp"),
    (but(aud=[CLIENT_ID, CLIENT_ID]), "azp"),
    (but(azp="another"), "azp"),
    (but(azp=[CLIENT_ID]), "azp"),
    (but(nonce=None), "nonce"),
    (but(nonce=""), "nonce"),
    (but(nonce=1), "nonce"),
    (but(nonce=[NONCE]), "nonce"),
    (but(nonce=NONCE + "x"), "nonce"),
    (but(nonce=NONCE.lower()), "nonce"),
    (but(nonce="ä"), "nonce"),
    (but(nonce="\ud800"), "nonce"),
    (but(sub=None), "sub"),
    (but(sub=""), "sub"),
    (but(sub=1), "sub"),
    (but(sub="a" * 256), "sub"),
    (but(sub="ä"), "sub"),
    (but(sub="a\x1b[2J"), "sub"),
    (but(sub="a\n"), "sub"),
    *((but(**{name: value}), name) for name in ("exp", "iat", "nbf") for value in NO_TIMES),
    (but(exp=None), "exp"),
    (but(iat=None), "iat"),
    ({**CLAIMS, "nbf": None}, "nbf"),
]


def wrong(claims: dict[str, Any]) -> str:
    # 1e400 is JSON, and infinite to Python; `dumps` would write what is no JSON.
    body = json.dumps(claims).replace("Infinity", "1e400").encode()
    return f"{part(HEADER)}.{part(body)}.c2ln"


@pytest.mark.parametrize(("claims", "word"), WRONG_CLAIMS)
def test_an_id_token_that_does_not_say_what_it_must_is_refused(
    claims: dict[str, Any], word: str
) -> None:
    with canaries.refused(IdTokenRefused) as caught:
        read(wrong(claims))
    assert word in caught.value.what


@pytest.mark.parametrize(
    "claims",
    [
        but(aud=[CLIENT_ID]),
        but(azp=CLIENT_ID),
        but(aud=[CLIENT_ID, "another"], azp=CLIENT_ID),
        but(nbf=None),
        but(sub="a" * 255),
        but(sub="a"),
        but(exp=NOW + 0.5, iat=NOW - 0.5, nbf=NOW),
    ],
)
def test_an_id_token_that_says_it_otherwise_is_accepted(claims: dict[str, Any]) -> None:
    assert read(jwt(HEADER, claims)).tenant_id == TENANT


def test_without_a_nonce_in_the_request_none_is_looked_for() -> None:
    for claims in (CLAIMS, but(nonce=None), but(nonce=1)):
        assert read(jwt(HEADER, claims), nonce=None).subject == CLAIMS["sub"]


def test_ids_are_read_without_case() -> None:
    capitals = jwt(HEADER, but(aud=CLIENT_ID.upper(), azp=CLIENT_ID.upper()))
    assert read(capitals).claims["aud"] == CLIENT_ID.upper()
    other = read(jwt(HEADER, but(azp=CLIENT_ID)), client_id=CLIENT_ID.upper())
    assert other.subject == CLAIMS["sub"]
    assert read(jwt(HEADER, CLAIMS), authority=Authority.of(TENANT.upper())).tenant_id == TENANT


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": str(CLAIMS["iss"]).replace(TENANT, TENANT.upper())},
        {"nonce": NONCE.swapcase()},
        {"aud": CLIENT_ID.replace("-", "")},
    ],
)
def test_what_is_no_id_is_read_byte_for_byte(changes: dict[str, Any]) -> None:
    with canaries.refused(IdTokenRefused):
        read(jwt(HEADER, but(**changes)))


def test_the_name_of_an_app_that_is_no_guid_is_read_byte_for_byte() -> None:
    named = jwt(HEADER, but(aud="https://app.example/a"))
    assert read(named, client_id="https://app.example/a").claims["aud"] == "https://app.example/a"
    with canaries.refused(IdTokenRefused):
        read(named, client_id="https://app.example/A")


def test_a_token_for_another_application_is_refused_to_this_one() -> None:
    with canaries.refused(IdTokenRefused):
        read(jwt(HEADER, CLAIMS), client_id="another")


@pytest.mark.parametrize(
    ("exp", "iat", "nbf", "accepted"),
    [
        # RFC 7519 §4.1.4: on or after `exp` it must not be accepted, give or take the skew
        (-CLOCK_SKEW_S + 1, -3600, -3600, True),
        (-CLOCK_SKEW_S, -3600, -3600, False),
        (-CLOCK_SKEW_S - 1, -3600, -3600, False),
        # §4.1.5: before `nbf` it must not be accepted
        (3600, CLOCK_SKEW_S, CLOCK_SKEW_S, True),
        (3600, CLOCK_SKEW_S + 1, -300, False),
        (3600, -300, CLOCK_SKEW_S + 1, False),
        (3600, CLOCK_SKEW_S + 1, None, False),
        (3600, CLOCK_SKEW_S, None, True),
    ],
)
def test_clocks_may_differ_by_five_minutes_and_no_more(
    exp: float, iat: float, nbf: float | None, accepted: bool
) -> None:
    claims = but(exp=NOW + exp, iat=NOW + iat, nbf=None if nbf is None else NOW + nbf)
    if accepted:
        assert read(jwt(HEADER, claims)).expires_at == NOW + exp
        return
    with canaries.refused(IdTokenRefused) as caught:
        read(jwt(HEADER, claims))
    assert "clock" in caught.value.what
    assert caught.value.advice == "Check this machine's date and time."


@pytest.mark.parametrize(
    ("claims", "accepted"),
    [
        ({"iat": 0, "nbf": 0}, True),
        ({"exp": 10**12 - 1}, True),
        ({"exp": 10**12}, False),
        ({"iat": -1}, False),
    ],
)
def test_a_time_is_of_1970_or_later_and_has_twelve_digits_at_most(
    claims: dict[str, object], accepted: bool
) -> None:
    token = jwt(HEADER, but(**claims))
    if accepted:
        assert read(token).tenant_id == TENANT
        return
    with canaries.refused(IdTokenRefused):
        read(token)


@pytest.mark.parametrize("token", ["", "x", f"{GOOD}.{GOOD}.{GOOD}.{GOOD}.{GOOD}", f"{GOOD}.!."])
def test_an_id_token_that_is_no_jwt_is_refused_as_one(token: str) -> None:
    with canaries.refused(IdTokenRefused):
        read(token)


def test_an_id_token_longer_than_64_kib_is_refused() -> None:
    with canaries.refused(IdTokenRefused):
        read(jwt(HEADER, but(name="x" * MAX_JWT_BYTES)))


@given(
    st.dictionaries(
        st.sampled_from(["alg", "crit", "kid", "typ"]), st.text() | st.none() | st.integers()
    ),
    st.dictionaries(
        st.sampled_from(sorted(CLAIMS)),
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    ),
)
def test_whatever_it_says_it_is_accepted_or_refused(
    header: dict[str, object], claims: dict[str, object]
) -> None:
    token = wrong({**CLAIMS, **claims}).partition(".")[2]
    try:
        identity = read(f"{part({**HEADER, **header})}.{token}")
    except IdTokenRefused as error:
        canaries.assert_clean(error)
        return
    assert identity.claims["aud"] == CLIENT_ID
    assert identity.claims["nonce"] == NONCE


# What came beside it


def half_hash(value: str) -> str:
    half = hashlib.sha256(value.encode()).digest()[:16]
    return base64.urlsafe_b64encode(half).rstrip(b"=").decode()


BESIDE = Beside(access_token=canaries.ACCESS_TOKEN, code=canaries.CODE)


def read_beside(beside: Beside = BESIDE, *, now: float = NOW, **changes: object) -> IdToken:
    return IdToken.read(
        jwt(HEADER, but(**changes)),
        authority=Authority.of(TENANT),
        client_id=CLIENT_ID,
        nonce=NONCE,
        now=now,
        beside=beside,
    )


def test_the_hashes_tie_it_to_the_token_and_the_code_that_came_with_it() -> None:
    # the first pair is OpenID Connect Core's own (appendix A.4)
    assert half_hash("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y") == "77QmUPtjPfzWtF2AnpK9RQ"
    at_hash, c_hash = half_hash(canaries.ACCESS_TOKEN), half_hash(canaries.CODE)
    assert read_beside(at_hash=at_hash, c_hash=c_hash).tenant_id == TENANT
    assert read_beside(NOTHING_BESIDE, at_hash="x", c_hash="x").tenant_id == TENANT


@pytest.mark.parametrize("name", ["at_hash", "c_hash"])
@pytest.mark.parametrize("value", ["", "x", 5, None, [], half_hash("another"), "\ud800"])
def test_a_hash_of_something_else_is_refused(name: str, value: object) -> None:
    claims = {**CLAIMS, name: value}
    with canaries.refused(IdTokenRefused) as caught:
        IdToken.read(
            jwt(HEADER, claims),
            authority=Authority.of(TENANT),
            client_id=CLIENT_ID,
            nonce=NONCE,
            now=NOW,
            beside=BESIDE,
        )
    assert name in caught.value.what


@pytest.mark.parametrize(
    ("clock", "authority_time", "said"),
    [
        (NOW + 7200, NOW, "That clock is 7200 seconds ahead of the authority's"),
        (NOW - 7200, NOW, "That clock is 7200 seconds behind the authority's"),
        (NOW + 7200, NOW + 7200, None),
        (NOW + 7200, NOW + 7000, None),
        (NOW + 7200, NOW + 6900, None),
        (NOW + 7200, NOW + 6899, "That clock is 301 seconds ahead of the authority's"),
        (NOW + 7200, None, None),
    ],
)
def test_a_wrong_clock_is_named_where_it_is_the_cause(
    clock: float, authority_time: float | None, said: str | None
) -> None:
    with canaries.refused(IdTokenRefused) as caught:
        read_beside(Beside(authority_time=authority_time), now=clock)
    assert "By this machine's clock" in caught.value.what
    assert ("which is the cause" in caught.value.what) is (said is not None)
    assert (said or "") in caught.value.what
    assert "date and time" in caught.value.advice


def test_a_nested_token_is_named_and_its_inner_one_is_not_shown() -> None:
    def part(content: bytes) -> str:
        return base64.urlsafe_b64encode(content).rstrip(b"=").decode()

    inner = jwt({"alg": "none"}, {"sub": "x"})
    for word in ("JWT", "jwt"):
        nested = (
            f"{part(json.dumps({'alg': 'none', 'cty': word}).encode())}.{part(inner.encode())}."
        )
        with canaries.refused(UsageError) as caught:
            decode(nested)
        assert "nested (cty is JWT)" in caught.value.what
        assert inner not in str(caught.value)
