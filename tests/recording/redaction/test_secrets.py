"""The last search before a file is written: it knows the secrets, and finds each spelling."""

from __future__ import annotations

import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entra_oauth.errors import SecurityError
from entra_oauth.protocol.messages import FORM, HttpRequest, HttpResponse
from entra_oauth.recording import Exchange, FrontEvent, Occurred, Recording
from entra_oauth.recording.redaction.leak_search import leaks, needles
from entra_oauth.recording.redaction.secrets import live_secrets, refuse_leaks
from kit.canaries import jwt
from kit.sweep import ENCODINGS

SECRET = 'S3cret/+="<&> ~value-1234567890-and-so-on-for-long'
SIGNED = jwt({"alg": "RS256"}, {"aud": "x"}, "c2lnbmF0dXJlLXNpZ25hdHVyZS1zaWduYXR1cmU")


@pytest.mark.parametrize("name", ENCODINGS)
@pytest.mark.parametrize("before", ["", "x", "xy"])
def test_each_spelling_of_a_secret_is_found(name: str, before: str) -> None:
    assert leaks(before.encode() + ENCODINGS[name](SECRET) + b"!", [SECRET])


PRINTABLE = st.characters(codec="utf-8", exclude_categories=["C", "Z"])


@given(st.text(PRINTABLE, min_size=16, max_size=60), st.sampled_from(sorted(ENCODINGS)))
def test_any_secret_is_found_in_any_spelling(secret: str, name: str) -> None:
    assert leaks(b"== " + ENCODINGS[name](secret) + b" ==", [secret])


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_it_is_found_where_lines_end_within_it(line_end: str) -> None:
    broken = line_end.join(SECRET[at : at + 5] for at in range(0, len(SECRET), 5))
    assert leaks(f"x {broken}".encode(), [SECRET])


def test_a_plus_stays_a_plus_where_the_rest_is_percent_encoded() -> None:
    assert leaks(b"x=%41b3+Cd5/Ef7Gh9Ij&", ["Ab3+Cd5/Ef7Gh9Ij"])
    assert leaks(b"x=%41b3+Cd5/Ef7Gh9Ij&", ["Ab3 Cd5/Ef7Gh9Ij"])


def test_it_is_found_in_gzip_within_gzip() -> None:
    assert leaks(b"x" + gzip.compress(b"y" + gzip.compress(SECRET.encode())), [SECRET])


def test_the_beginning_and_the_end_of_a_long_secret_are_found() -> None:
    opaque = "0.AX" + "Qw3-" * 20
    assert leaks(opaque[:30].encode(), [opaque])
    assert leaks(opaque[-30:].encode(), [opaque])


def test_of_a_jwt_the_signature_counts() -> None:
    head, body, signature = SIGNED.split(".")
    assert leaks(signature.encode(), [SIGNED])
    assert not leaks(f"{head}.{body}.sig~0123456789".encode(), [SIGNED])


def test_what_is_short_is_not_searched_for() -> None:
    assert needles("12345") == frozenset()
    assert not leaks(b"12345", ["12345"])


def test_the_refusal_names_the_file_and_not_the_secret() -> None:
    with pytest.raises(SecurityError, match=r"2\.bin would still have held") as caught:
        refuse_leaks({"1.bin": b"fine", "2.bin": SECRET.encode()}, [SECRET])
    assert SECRET not in str(caught.value)


def test_every_secret_of_a_recording_is_known() -> None:
    def exchange(request: HttpRequest, response: HttpResponse | None) -> Exchange:
        return Exchange(request=request, response=response, started_at=0.0, ended_at=0.0)

    recording = Recording(
        (
            exchange(
                HttpRequest(
                    method="GET", url="https://a/authorize?state=st%2Bate&nonce=n#code=frag"
                ),
                HttpResponse(
                    status=302,
                    headers=(
                        ("Location", "http://localhost/?code=located&x=y"),
                        ("Set-Cookie", "fpc=cooked; path=/"),
                    ),
                ),
            ),
            exchange(
                HttpRequest(
                    method="POST",
                    url="https://a/token",
                    headers=(
                        ("Content-Type", FORM),
                        ("Authorization", "Basic dXNlcjpwYXNz"),
                        ("Cookie", "a=one; b=two"),
                    ),
                    body=b"code_verifier=ver&password=p%20w&client_secret=s&username=alice"
                    b"&assertion=as&client_assertion=ca&device_code=dc&refresh_token=rt0",
                ),
                HttpResponse(
                    status=200,
                    body=json.dumps(
                        {"access_token": "at", "inner": [{"id_token": "idt"}], "scope": "x"}
                    ).encode(),
                ),
            ),
        )
    )
    assert set(live_secrets(recording)) == {
        *("st+ate", "n", "frag", "located", "cooked", "ver", "p w", "s", "as", "ca", "dc", "rt0"),
        *("dXNlcjpwYXNz", "one", "two", "at", "idt"),
    }


def test_the_password_of_a_sign_in_page_is_one() -> None:
    request = HttpRequest(
        method="POST",
        url="https://login.example/login",
        headers=(("Content-Type", FORM),),
        body=b"login=ada&passwd=CanaryPassword-1234",
    )
    exchange = Exchange(
        event=FrontEvent(Occurred.PAGE), request=request, response=None, started_at=0, ended_at=0
    )
    assert live_secrets(Recording((exchange,)))["CanaryPassword-1234"] == "pw"


def secrets_of(
    *headers: tuple[str, str], body: bytes = b"", url: str = "https://a.example/"
) -> dict[str, str]:
    request = HttpRequest(method="POST", url=url, headers=headers, body=body)
    exchange = Exchange(request=request, response=None, started_at=0.0, ended_at=0.0)
    return live_secrets(Recording((exchange,)))


@pytest.mark.parametrize("body", [b'{"code": "c"}', b' \r\n\t[{"code": "c"}]', b'{"CODE": ["c"]}'])
def test_json_is_known_by_its_beginning(body: bytes) -> None:
    assert secrets_of(body=body) == {"c": "code"}
    assert secrets_of(("Content-Type", "text/plain"), body=body) == {"c": "code"}


@pytest.mark.parametrize("body", [b"", b"code=c", b'{"code": "c"', b'"code"', b"[" * 100_000])
def test_what_is_no_json_and_no_form_holds_nothing_that_is_named(body: bytes) -> None:
    assert secrets_of(body=body) == {}


def test_a_form_is_known_by_its_label_in_any_case() -> None:
    for name, value in (("Content-Type", FORM), ("CONTENT-type", f"{FORM.upper()}; charset=x")):
        assert secrets_of((name, value), body=b"code=c&scope=s&state=") == {"c": "code"}


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("Authorization", "Bearer  a ", {"a": "auth"}),
        ("PROXY-authorization", "Basic b", {"b": "auth"}),
        ("Authorization", "alone", {}),
        ("Authorization", "Bearer ~at~", {}),
        ("X-IDENTITY-HEADER", "\ta \t", {"a": "auth"}),
        ("Secret", " a", {"a": "auth"}),
        ("COOKIE", "a=one; Path=two", {"one": "ck", "two": "ck"}),
        ("Set-Cookie", "a=one; Path=two", {"one": "ck"}),
        ("set-cookie", "a=one; Path=/, b=two; Secure", {"one": "ck", "two": "ck"}),
        ("Set-Cookie", "a=one\nb=two", {"one": "ck", "two": "ck"}),
        ("Set-Cookie", "a=one; Expires=Fri, 01 Jan 2027 00:00:00 GMT", {"one": "ck"}),
        ("Cookie", "a=b=c", {"b=c": "ck"}),
        ("Cookie", "a = one ; b= two\t", {"one": "ck", "two": "ck"}),
        ("Set-Cookie", "a= one ; Path=/", {"one": "ck"}),
        ("Cookie", "a=ck~0123456789~~~", {}),
        ("LOCATION", "/p?CODE=c&scope=s#state=t", {"c": "code", "t": "state"}),
        ("Location", "/p#code=c", {"c": "code"}),
        ("Referer", "/p?code=c", {"c": "code"}),
        ("X-Other", "/p?code=c", {}),
    ],
)
def test_the_secrets_of_a_header_are_known(name: str, value: str, found: dict[str, str]) -> None:
    assert secrets_of((name, value)) == found


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("https://a.example/?code=c&scope=s", {"c": "code"}),
        ("https://a.example/#code=c&scope=s", {"c": "code"}),
        ("https://a.example/?state=s#code=c?nonce=n", {"s": "state", "c?nonce=n": "code"}),
        ("https://a.example/code=c", {}),
        ("https://a.example/?state=access_token", {}),
        ("https://a.example/?state=client_info", {"client_info": "state"}),
    ],
)
def test_the_secrets_of_an_address_are_known(url: str, found: dict[str, str]) -> None:
    assert secrets_of(url=url) == found


KINDS = {
    **{"access_token": "at", "actor_token": "at", "assertion": "asrt", "client_assertion": "asrt"},
    **{"client_info": "info", "client_secret": "sec", "code": "code", "code_verifier": "pkce"},
    **{"device_code": "dev", "id_token": "idt", "id_token_hint": "idt", "nonce": "nonce"},
    **{"passwd": "pw", "password": "pw", "refresh_token": "rt", "SAMLResponse": "saml"},
    **{"session_state": "sess", "state": "state", "subject_token": "at", "user_code": "user"},
}


@pytest.mark.parametrize("name", KINDS)
def test_each_name_of_a_secret_is_known(name: str) -> None:
    assert secrets_of(url=f"https://a.example/?{name}=v") == {"v": KINDS[name]}


def test_of_two_names_of_one_value_the_first_counts() -> None:
    assert secrets_of(url="https://a.example/?state=v&code=v") == {"v": "state"}


@pytest.mark.parametrize("name", ["X-IDENTITY-HEADER", "secret", "Secret"])
def test_the_secret_beside_a_managed_identity_is_known(name: str) -> None:
    request = HttpRequest(method="GET", url="http://127.0.0.1/", headers=((name, SECRET),))
    exchange = Exchange(event=None, request=request, response=None, started_at=0.0, ended_at=0.0)
    assert live_secrets(Recording((exchange,))) == {SECRET: "auth"}
