"""Each rule about the form of a token request at its limits, and with what is hidden or absent."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from entra_oauth.audit.case import Case
from entra_oauth.errors import plain
from entra_oauth.protocol.messages import FORM, HttpResponse
from entra_oauth.recording import Exchange
from entra_oauth.recording.record import Recording
from entra_oauth.recording.step import steps_of
from kit.audit.exchanges import LOGIN, json_answer, step
from kit.audit.judged import AT, ENDPOINTS, authorize, call, case, redirect, said, token, words

URL = f"{ENDPOINTS}/token"


def sent(
    body: bytes = b"grant_type=password",
    *,
    method: str = "POST",
    url: str = URL,
    content_type: str | None = FORM,
    **headers: str,
) -> Exchange:
    given = [(name.replace("_", "-"), value) for name, value in headers.items()]
    kinds = [("Content-Type", content_type)] if content_type is not None else []
    return step("token", method, url, headers=(*kinds, *given), body=body, at=AT)


def one(rule: str, exchange: Exchange) -> str:
    (word,) = words(rule, case(exchange))
    return word


@pytest.mark.parametrize(
    ("method", "url", "word"),
    [
        ("POST", URL, "pass"),
        ("POST", URL.replace("https", "HTTPS"), "pass"),
        ("GET", URL, "error"),
        ("post", URL, "error"),
        ("POST", URL.replace("https", "http"), "error"),
        ("POST", "http://localhost:8400/t/oauth2/v2.0/token", "note"),
        ("POST", "http://127.0.0.1:8400/t/oauth2/v2.0/token", "note"),
        ("GET", "http://localhost:8400/t/oauth2/v2.0/token", "error"),
    ],
)
def test_a_token_request_is_a_post_over_https(method: str, url: str, word: str) -> None:
    assert one("TR01", sent(method=method, url=url)) == word


def test_raw_bytes_do_not_say_how_they_went() -> None:
    raw = replace(case(sent()), scheme_known=False)
    assert words("TR01", raw) == ["undecidable"]
    assert words("TR01", replace(case(sent(method="GET")), scheme_known=False)) == ["error"]


@pytest.mark.parametrize(
    ("content_type", "body", "word"),
    [
        (FORM, b"a=b", "pass"),
        (FORM.upper(), b"a=b", "pass"),
        (f"{FORM}; charset=UTF-8", b"a=b", "pass"),
        (f'{FORM}; charset="utf-8"', b"a=b", "pass"),
        (f"{FORM};charset=utf8", b"a=b", "pass"),
        (f"{FORM}; charset=iso-8859-1", b"a=b", "error"),
        (f"{FORM}; charset=utf-16", b"a=b", "error"),
        ("application/json", b"{}", "error"),
        ("text/plain", b"a=b", "error"),
        (None, b"a=b", "error"),
        (FORM, b"a=%FF", "error"),
        (FORM, b"a=%C3%A4", "pass"),
    ],
)
def test_the_body_is_a_form_in_utf_8(content_type: str | None, body: bytes, word: str) -> None:
    assert one("TR02", sent(body, content_type=content_type)) == word


def test_the_sentence_tells_of_a_content_type_that_is_missing() -> None:
    assert said("TR02", case(sent(content_type=None))) == ["The content type is missing."]
    other = sent(content_type="text/plain; charset=utf-8")
    assert said("TR02", case(other)) == ["The content type is text/plain."]
    for length, told in ((40, "t" * 40), (41, plain("t" * 41, limit=40))):
        long = case(sent(content_type="t" * length))
        assert said("TR02", long) == [f"The content type is {told}."]
    for length, told in ((20, "c" * 20), (21, plain("c" * 21, limit=20))):
        long = case(sent(content_type=f"{FORM}; charset={'c' * length}"))
        assert said("TR02", long) == [f"The charset is {told}."]


SECRETS = [
    "code",
    "client_secret",
    "password",
    "refresh_token",
    "code_verifier",
    "device_code",
    "assertion",
    "client_assertion",
    "access_token",
]


@pytest.mark.parametrize("name", SECRETS)
def test_no_secret_stands_in_the_address(name: str) -> None:
    assert one("TR03", sent(url=f"{URL}?{name}=x")) == "error"
    assert one("TR03", sent(url=f"{URL}?{name}=")) == "pass"
    assert one("TR03", sent(f"{name}=x".encode(), url=f"{URL}?p=x")) == "pass"


@pytest.mark.parametrize(
    ("body", "word"),
    [(b"a=1&b=1", "pass"), (b"a=1&b=2&b=3", "error"), (b"a=1&a=1", "error"), (b"", "undecidable")],
)
def test_each_field_stands_once(body: bytes, word: str) -> None:
    assert one("TR04", sent(body)) == word
    assert one("TR04", sent(b"a=1", url=f"{URL}?a=2")) == "pass", "that is the address"


def test_how_often_a_field_stands_is_told() -> None:
    assert said("TR04", case(sent(b"b=1&aa=1&aa=2&aa=3"))) == ["aa stands 3 times."]


GRANTS = [
    "authorization_code",
    "refresh_token",
    "password",
    "client_credentials",
    "device_code",
    *(
        f"urn:ietf:params:oauth:grant-type:{name}"
        for name in (
            "device_code",
            "jwt-bearer",
            "saml1_1-bearer",
            "saml2-bearer",
            "token-exchange",
        )
    ),
]


@pytest.mark.parametrize("grant", GRANTS)
def test_each_known_grant_passes_and_only_the_password_is_refused(grant: str) -> None:
    asked = token(grant_type=grant)
    assert one("TR17", asked) == "pass"
    assert one("TR16", asked) == ("error" if grant == "password" else "pass")


@pytest.mark.parametrize(
    "grant", ["", "Password", "xpassword", "passwords", "implicit", "urn:x:device_code"]
)
def test_an_unknown_grant_is_none(grant: str) -> None:
    assert one("TR17", token(grant_type=grant, a="b")) == "error"
    assert one("TR17", token(a="b")) == "error"
    assert one("TR16", token(a="b")) == "pass"


def test_a_token_of_the_app_is_not_asked_for_after_a_persons_sign_in() -> None:
    begun = [authorize(client_id="x", state="s"), redirect(state="s", error="access_denied")]
    assert words("TR17", case(*begun, token(grant_type="client_credentials"))) == ["error"]
    assert words("TR17", case(*begun, token(grant_type="authorization_code"))) == ["pass"]
    assert words("TR17", case(begun[0], token(grant_type="client_credentials"))) == ["pass"]


def test_state_and_origin_are_not_for_the_token_endpoint() -> None:
    assert one("TR18", token(grant_type="password")) == "pass"
    assert one("TR18", token(state="x")) == "note"
    assert one("TR18", sent(b"state=")) == "note"
    assert one("TR19", sent()) == "pass"
    assert one("TR19", sent(Origin="")) == "note"
    assert one("TR19", sent(origin="http://localhost")) == "note"


OTHER = "https://login.microsoft.com/t/oauth2/v2.0/authorize"


@pytest.mark.parametrize(
    ("asked", "url", "word"),
    [
        (f"{ENDPOINTS}/authorize", URL, "pass"),
        (f"{ENDPOINTS}/authorize", "https://evil.example/oauth2/v2.0/token", "error"),
        (f"{ENDPOINTS}/authorize", "https://login.microsoftonline.us/t/oauth2/v2.0/token", "error"),
        ("https://a.example/oauth2/authorize", "https://a.example/oauth2/token", "pass"),
        ("https://a.example/oauth2/authorize", "https://b.example/oauth2/token", "error"),
        ("https://login.windows.net/t/oauth2/v2.0/authorize", URL, "pass"),
    ],
)
def test_the_token_request_goes_where_the_browser_was_sent(asked: str, url: str, word: str) -> None:
    sign_in = [authorize(url=asked, client_id="x"), token(url=url, grant_type="authorization_code")]
    assert words("TR21", case(*sign_in)) == [word]


def test_a_token_endpoint_that_the_metadata_names_is_the_authoritys() -> None:
    url = "https://token.example/oauth2/v2.0/token"

    def told(**members: Any) -> Exchange:
        at = "https://meta.example/.well-known/openid-configuration"
        return step("metadata", "GET", at, response=json_answer(members), at=AT - 30)

    sign_in = [authorize(client_id="x"), token(url=url, grant_type="authorization_code")]
    assert words("TR21", case(told(token_endpoint=url), *sign_in)) == ["pass"]
    elsewhere = "https://third.example/token"
    assert words("TR21", case(told(token_endpoint=elsewhere), *sign_in)) == ["error"]
    assert said("TR21", case(*sign_in)) == ["It goes to token.example."]
    assert words("TR21", case(told(issuer="https://token.example"), *sign_in)) == ["error"]
    nowhere = [sign_in[0], token(url="https:///oauth2/v2.0/token", grant_type="authorization_code")]
    assert words("TR21", case(told(issuer="https://token.example"), *nowhere)) == ["error"]


def test_without_an_authorize_request_only_a_code_should_have_one() -> None:
    assert one("TR21", token(grant_type="authorization_code")) == "undecidable"
    assert one("TR21", token(grant_type="password")) == "not applicable"
    planned = case(token(grant_type="password"), planned=True)
    assert words("TR21", planned) == ["undecidable"]


def led(status: int, location: str | None = None) -> Exchange:
    headers = (("Location", location),) if location is not None else ()
    return token(response=HttpResponse(status=status, headers=headers), grant_type="password")


ELSEWHERE = "https://other.example/oauth2/v2.0/token"


@pytest.mark.parametrize(
    ("status", "location", "url", "found"),
    [
        (299, ELSEWHERE, ELSEWHERE, ["pass"]),
        (300, ELSEWHERE, ELSEWHERE, ["error", "not applicable"]),
        (307, ELSEWHERE, ELSEWHERE, ["error", "not applicable"]),
        (307, f"{ELSEWHERE}?a=b", f"{ELSEWHERE}?c=d", ["error", "not applicable"]),
        (399, ELSEWHERE, ELSEWHERE, ["error", "not applicable"]),
        (400, ELSEWHERE, ELSEWHERE, ["pass"]),
        (307, ELSEWHERE, f"{ELSEWHERE}s", ["pass", "not applicable"]),
        (307, "/other", f"{LOGIN}/other", ["error", "not applicable"]),
        (307, "https://[", ELSEWHERE, ["pass", "not applicable"]),
        (307, None, ELSEWHERE, ["pass", "not applicable"]),
        (307, "", ELSEWHERE, ["pass", "not applicable"]),
    ],
)
def test_a_redirect_of_the_token_endpoint_is_not_followed(
    status: int, location: str | None, url: str, found: list[str]
) -> None:
    later = token(url=url, at=AT + 1, grant_type="password")
    assert words("TR23", case(led(status, location), later)) == found


def test_what_went_there_before_did_not_follow_the_redirect() -> None:
    before = token(url=ELSEWHERE, at=AT - 1, grant_type="password")
    assert words("TR23", case(before, led(307, ELSEWHERE))) == ["pass", "not applicable"]
    assert words("TR23", case(authorize(client_id="x"))) == ["not applicable"]
    assert words("TR23", case(token(grant_type="password"))) == ["pass"]
    of_an_api = replace(led(307, ELSEWHERE), request=call("Bearer x").request, purpose="api")
    assert words("TR23", case(token(grant_type="password"), of_an_api)) == ["pass"]


def test_the_sentence_names_both_steps() -> None:
    later = token(url=ELSEWHERE, at=AT + 1, grant_type="password")
    one, _ = said("TR23", case(led(307, ELSEWHERE), later))
    assert one == "Step 2 goes where the answer of step 1 leads."


def over(version: str | None, *, keys: object = False) -> Case:
    (first,) = steps_of(Recording((sent(),)))
    linked = replace(first, link=replace(first.link, tls_version=version))
    made = case(sent())
    evidence = replace(made.evidence, steps=(linked,), facts={"tls_keys_written": keys})
    return replace(made, evidence=evidence)


@pytest.mark.parametrize(
    ("version", "word"),
    [
        ("TLSv1.3", "pass"),
        ("TLS 1.2", "pass"),
        ("TLSv1.1", "warning"),
        ("TLSv1", "warning"),
        ("TLS 1.0", "warning"),
        ("SSLv3", "warning"),
        ("sslv3", "warning"),
        ("TLSv2", "pass"),
        ("?", "pass"),
        (None, "undecidable"),
    ],
)
def test_tls_is_1_2_or_later(version: str | None, word: str) -> None:
    assert words("TR24", over(version)) == [word]


def test_the_keys_of_tls_were_written_nowhere() -> None:
    assert words("TR24", over("TLSv1.3", keys=True)) == ["warning"]
    assert words("TR24", over("TLSv1.3", keys="no")) == ["pass"]
    assert words("TR24", over(None, keys=True)) == ["undecidable"]
    assert one("TR24", sent(url="http://localhost/t/oauth2/v2.0/token")) == "not applicable"
    assert one("TR24", sent(url="HTTPS://login.example/t/oauth2/v2.0/token")) == "undecidable"


@pytest.mark.parametrize(
    ("header", "word"),
    [
        ("x_client_sku", "note"),
        ("X_Client_OS", "note"),
        ("x_anchormailbox", "note"),
        ("x_ms_lib_capability", "note"),
        ("xx_client_sku", "pass"),
        ("x_request_id", "pass"),
    ],
)
def test_no_header_or_field_tells_of_machine_library_or_person(header: str, word: str) -> None:
    given: dict[str, Any] = {header: "v"}
    assert one("TR26", sent(**given)) == word
    assert one("TR26", sent(f"{header.replace('_', '-')}=v".encode())) == word


def test_six_of_them_are_named_each_once_in_small_letters() -> None:
    names = [f"X-client-{letter}=v" for letter in "abcdefg"]
    (text,) = said("TR26", case(sent("&".join(names).encode())))
    assert text == f"It tells: {', '.join(f'x-client-{letter}' for letter in 'abcdef')}."
    (text,) = said("TR26", case(sent(b"x-client-a=1&X-CLIENT-A=2")))
    assert text == "It tells: x-client-a."
    for length, told in ((40, "b" * 40), (41, plain("b" * 41, limit=40))):
        (text,) = said("TR26", case(sent(f"{'x-client-'.ljust(length, 'b')}=v".encode())))
        assert text == f"It tells: x-client-{told[9:]}."
