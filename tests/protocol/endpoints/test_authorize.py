from __future__ import annotations

import copy
import dataclasses
import pickle
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, quote_plus, urlsplit

import pytest
from authlib.common.urls import add_params_to_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from hypothesis import given
from hypothesis import strategies as st

from entra_oauth.errors import (
    AuthorityError,
    CallbackRefused,
    EntraOAuthError,
    StateMismatch,
    UsageError,
)
from entra_oauth.protocol.authority import Authority
from entra_oauth.protocol.endpoints.authorization_response import AuthorizationResponse
from entra_oauth.protocol.endpoints.authorize import AuthorizationRequest, Hints, Procedure
from entra_oauth.protocol.messages import FORM, Fields, HttpRequest, encode_form, parse_form
from entra_oauth.protocol.scopes import DATABRICKS, OPENID
from kit import canaries
from kit.canaries import CLIENT_ID, CODE, NONCE, STATE, TENANT, VERIFIER

GOLDEN = Path(__file__).parents[2] / "golden"
PUBLIC = Authority.of(TENANT)

authlib_s256: Callable[[str], str] = create_s256_code_challenge

VALUES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1)
HINTS = st.builds(
    Hints,
    prompt=st.sampled_from(["login", "none", "consent", "select_account", None]),
    login_hint=st.none() | VALUES,
    domain_hint=st.none() | VALUES,
)


def article(
    *,
    state: str | None = None,
    client_id: str = CLIENT_ID,
    redirect_uri: str = "http://localhost",
    scopes: tuple[str, ...] = ("databricks",),
    response_mode: str = "query",
    hints: Hints = Hints(),  # noqa: B008 - a frozen value
) -> AuthorizationRequest:
    return AuthorizationRequest.article(
        authority=PUBLIC,
        client_id=client_id,
        redirect_uri=redirect_uri,
        scopes=scopes,
        state=state,
        response_mode=response_mode,
        hints=hints,
    )


def hardened(
    *,
    client_id: str = CLIENT_ID,
    redirect_uri: str = "http://localhost:8400",
    scopes: tuple[str, ...] = ("databricks",),
    hints: Hints = Hints(),  # noqa: B008 - a frozen value
) -> AuthorizationRequest:
    return AuthorizationRequest.hardened(
        authority=PUBLIC, client_id=client_id, redirect_uri=redirect_uri, scopes=scopes, hints=hints
    )


# The request


def test_the_article_s_url_is_built_byte_for_byte() -> None:
    golden = (GOLDEN / "article_authorize_url.txt").read_bytes()
    assert len(golden) == 280
    assert article(state="12345").url.encode() == golden


@given(client_id=VALUES.filter(str.strip), state=VALUES, hints=HINTS)
def test_every_article_url_is_what_authlib_makes_of_the_same_pairs(
    client_id: str, state: str, hints: Hints
) -> None:
    request = article(client_id=client_id, state=state, hints=hints)
    pairs = [
        ("client_id", client_id),
        ("response_type", "code"),
        ("redirect_uri", "http://localhost"),
        ("response_mode", "query"),
        ("scope", DATABRICKS),
        ("state", state),
        *hints.fields,
    ]
    assert request.url == add_params_to_uri(PUBLIC.authorization_endpoint, pairs)


@given(client_id=VALUES.filter(str.strip), hints=HINTS)
def test_every_hardened_url_is_the_article_s_with_pkce_and_a_nonce_behind(
    client_id: str, hints: Hints
) -> None:
    request = hardened(client_id=client_id, hints=hints)
    assert request.pkce is not None
    assert request.nonce is not None
    pairs = [
        ("client_id", client_id),
        ("response_type", "code"),
        ("redirect_uri", "http://localhost:8400"),
        ("response_mode", "form_post"),
        ("scope", f"{DATABRICKS} openid profile offline_access"),
        ("state", request.state),
        ("code_challenge", authlib_s256(request.pkce.verifier)),
        ("code_challenge_method", "S256"),
        ("nonce", request.nonce),
        *hints.fields,
    ]
    assert request.url == add_params_to_uri(PUBLIC.authorization_endpoint, pairs)
    article_names = [name for name, _ in article(client_id=client_id).parameters]
    assert [name for name, _ in request.parameters][: len(article_names)] == article_names


@given(client_id=VALUES.filter(str.strip), hints=HINTS)
def test_a_url_is_one_line_of_visible_ascii_with_each_parameter_once(
    client_id: str, hints: Hints
) -> None:
    for request in (article(client_id=client_id, hints=hints), hardened(hints=hints)):
        assert re.fullmatch(r"https://[\x21-\x7e]+", request.url)
        parts = urlsplit(request.url)
        fields = parse_form(parts.query)
        assert fields == request.parameters
        assert len({name for name, _ in fields}) == len(fields)
        assert parts.fragment == ""


def test_only_a_code_is_ever_asked_for() -> None:
    for request in (article(), hardened()):
        assert dict(request.parameters)["response_type"] == "code"


def test_every_attempt_has_fresh_secrets_of_256_bits() -> None:
    # 43 characters of base64url are 256 random bits and nothing else
    requests = [hardened() for _ in range(100)]
    secrets = [
        secret
        for request in requests
        for secret in (request.state, request.nonce, request.pkce and request.pkce.verifier)
        if secret
    ]
    assert len(set(secrets)) == 300
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}", secret) for secret in secrets)
    states = {article().state for _ in range(100)}
    assert len(states) == 100
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}", state) for state in states)


def test_the_verifier_never_appears_in_the_url_nor_in_any_parameter() -> None:
    for _ in range(50):
        request = hardened()
        assert request.pkce is not None
        assert canaries.found_in([request.url, request.parameters], [request.pkce.verifier]) == []
    names = {name for name, _ in hardened().parameters}
    assert not names & {"code_verifier", "client_secret", "password", "username", "access_token"}


def test_the_article_asks_for_no_more_than_the_person_and_hardened_adds_what_it_declares() -> None:
    assert article().scopes == (DATABRICKS,)
    assert article(scopes=("User.Read", "User.Read")).scopes == ("User.Read",)
    assert hardened().scopes == (DATABRICKS, *OPENID)
    assert hardened(scopes=("openid", "databricks")).scopes == (
        "openid",
        DATABRICKS,
        "profile",
        "offline_access",
    )


def test_form_post_is_the_rule_and_query_the_article_s_way() -> None:
    assert hardened().response_mode == "form_post"
    assert article().response_mode == "query"


def test_hints_that_are_not_set_are_not_sent() -> None:
    assert Hints().fields == ()
    assert Hints(login_hint="", domain_hint="").fields == ()
    hints = Hints(prompt="login", login_hint="ann@contoso.com", domain_hint="contoso.com")
    assert [name for name, _ in hints.fields] == ["prompt", "login_hint", "domain_hint"]


@pytest.mark.parametrize("prompt", ["", "Login", "create", "none login", "\n"])
def test_a_prompt_that_entra_does_not_know_is_refused(prompt: str) -> None:
    with canaries.refused(UsageError):
        Hints(prompt=prompt)


@pytest.mark.parametrize(
    "uri",
    [
        "http://localhost",
        "http://localhost/",
        "http://localhost:8400/path?x=y",
        "http://127.0.0.1:8400",
        "http://[::1]:8400/",
        "HTTP://LOCALHOST",
        "https://app.example/back",
    ],
)
def test_a_redirect_uri_is_sent_as_it_was_given(uri: str) -> None:
    request = article(redirect_uri=uri)
    assert dict(parse_form(urlsplit(request.url).query))["redirect_uri"] == uri


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "localhost",
        "/back",
        "//localhost/back",
        "http:localhost",
        "http://",
        "http:///back",
        "http://:8400",
        "http://localhost#",
        "http://localhost/#x",
        "http://localhost:port",
        "http://localhost:99999",
        "http://[::1",
        " http://localhost",
        "http://localhost ",
        "http://localhost/a b",
        "http://localhost/ä",
        "http://localhost.evil.com",
        "http://app.example/back",
        "http://localhost@app.example",
        "http://0.0.0.0",
        "urn:ietf:wg:oauth:2.0:oob",
        "msal12345://auth",
        "javascript:alert(1)",
        "file:///etc/x",
        "http://localhost/\r\nX: y",
        "http://local\thost",
        "http://localhost/\x1b[2J",
        "http://localhost/\ud800",
    ],
)
def test_a_redirect_uri_that_is_not_absolute_and_safe_is_refused(uri: str) -> None:
    with canaries.refused(UsageError):
        article(redirect_uri=uri)
    with canaries.refused(UsageError):
        hardened(redirect_uri=uri)


@pytest.mark.parametrize(
    "make",
    [
        lambda: article(client_id=""),
        lambda: article(client_id="  "),
        lambda: article(client_id="a\nb"),
        lambda: article(state=""),
        lambda: article(state=STATE + "\n"),
        lambda: article(state=STATE + "\x00"),
        lambda: article(state=STATE + "\ud800"),
        lambda: article(scopes=()),
        lambda: article(scopes=("databricks", "graph")),
        lambda: article(response_mode="fragment"),
        lambda: article(response_mode=""),
        lambda: article(hints=Hints(login_hint="a\x1b[2J")),
        lambda: article(hints=Hints(domain_hint="a\r\nb")),
        lambda: dataclasses.replace(canaries.hardened_request(), pkce=None),
        lambda: dataclasses.replace(canaries.hardened_request(), nonce=None),
        lambda: dataclasses.replace(canaries.hardened_request(), state=""),
        lambda: dataclasses.replace(canaries.hardened_request(), nonce=NONCE + "\n"),
    ],
)
def test_a_request_that_must_not_be_sent_is_never_made(
    make: Callable[[], AuthorizationRequest],
) -> None:
    # hardened without PKCE does not exist
    with canaries.refused(UsageError):
        make()


def test_no_repr_of_a_request_or_a_response_shows_a_secret() -> None:
    for request in (canaries.article_request(), canaries.hardened_request()):
        canaries.assert_clean(request)
        canaries.assert_clean(read(request, (("code", CODE), ("state", STATE))))


# The answer


def callback(fields: Fields | str, response_mode: str) -> HttpRequest:
    """The message that brings these fields in the way that was asked for."""
    text = fields if isinstance(fields, str) else encode_form(fields)
    if response_mode == "query":
        return HttpRequest(method="GET", url=f"http://localhost/?{text}")
    return HttpRequest(
        method="POST",
        url="http://localhost/",
        headers=(("Content-Type", FORM), ("Origin", "null")),
        body=text.encode("utf-8", "surrogatepass"),
    )


def read(request: AuthorizationRequest, fields: Fields | str) -> AuthorizationResponse:
    message = callback(fields, request.response_mode)
    return AuthorizationResponse.read(message, answering=request)


MODES = pytest.mark.parametrize("mode", ["query", "form_post"])


def test_the_article_s_redirect_is_read() -> None:
    url = (GOLDEN / "article_redirect_url.txt").read_text()
    request = article(state="12345")
    response = AuthorizationResponse.read(HttpRequest(method="GET", url=url), answering=request)
    assert response.code == response.raw_code == "0.ASkAIj...RxgFhSAA"
    assert response.session_state == "c44574d5-38ba-4f93-b2a3-a830db8e8cdf"
    assert response.request is request


@MODES
@pytest.mark.parametrize("code", [CODE, "0." + "Ask-Ij_.k" * 600, "a", "!#$%&'()*+,-./:;<=>?@~"])
def test_a_code_of_any_length_and_alphabet_comes_through(code: str, mode: str) -> None:
    response = read(
        canaries.article_request(response_mode=mode), (("code", code), ("state", STATE))
    )
    assert response.code == code
    assert response.session_state is None


@MODES
@pytest.mark.parametrize("raw", ["0.a%2Fb", "0.a%2fb", "0.a/b", "0%2Ea%2fb", "0.a=b%zz%", "%41'\""])
def test_the_raw_code_is_verbatim(raw: str, mode: str) -> None:
    request = canaries.article_request(response_mode=mode)
    assert read(request, f"state={quote(STATE)}&code={raw}").raw_code == raw


@MODES
@pytest.mark.parametrize(
    "fields",
    [
        f"code={CODE}&state={STATE}",
        f"state={STATE}&code={CODE}",
        f"code={CODE}&state={''.join(f'%{ord(c):02x}' for c in STATE)}",
        f"%63ode={CODE}&st%61te={STATE.replace('~', '%7E')}",
        f"&&code={CODE}&state={STATE}&",
        f"code={CODE}&state={STATE}&error=",
        f"code={CODE}&state={STATE}&session_state=x&client_info=y&client_info=y&unknown=z",
    ],
)
def test_every_spelling_of_the_right_answer_is_accepted(fields: str, mode: str) -> None:
    response = read(canaries.hardened_request(response_mode=mode), fields)
    assert (response.code, response.raw_code) == (CODE, CODE)


@pytest.mark.parametrize("state", ["12345", "ä", "a b+c", "%41", "&=#?", "日本語", "\ufffd"])
@MODES
def test_a_state_of_any_text_is_recognised(state: str, mode: str) -> None:
    request = canaries.article_request(response_mode=mode, state=state)
    assert read(request, (("state", state), ("code", CODE))).code == CODE


RIGHT = f"state={STATE}"
TWICE_ENCODED = quote("".join(f"%{ord(c):02x}" for c in STATE))

REFUSALS: list[tuple[str, type[EntraOAuthError]]] = [
    # the state is looked at first
    ("", StateMismatch),
    ("=", StateMismatch),
    (f"code={CODE}", StateMismatch),
    (f"code={CODE}&state", StateMismatch),
    (f"code={CODE}&state=", StateMismatch),
    (f"code={CODE}&state=+", StateMismatch),
    (f"code={CODE}&state=x", StateMismatch),
    (f"code={CODE}&state={STATE[:-1]}", StateMismatch),
    (f"code={CODE}&state={STATE}x", StateMismatch),
    (f"code={CODE}&state={STATE}%20", StateMismatch),
    (f"code={CODE}&state={STATE}%00", StateMismatch),
    (f"code={CODE}&state=+{STATE}", StateMismatch),
    (f"code={CODE}&state={STATE.lower()}", StateMismatch),
    (f"code={CODE}&state={STATE.upper()}", StateMismatch),
    (f"code={CODE}&state=%22{STATE}%22", StateMismatch),
    (f"code={CODE}&state={TWICE_ENCODED}", StateMismatch),
    (f"code={CODE}&state=%C3%A4", StateMismatch),
    (f"code={CODE}&state=%ff", StateMismatch),
    (f"code={CODE}&state=ä", StateMismatch),
    (f"code={CODE}&state={NONCE}", StateMismatch),
    (f"code={CODE}&State={STATE}", StateMismatch),
    (f"code={CODE}&state%20={STATE}", StateMismatch),
    (f"code={CODE}&state[]={STATE}", StateMismatch),
    (f"code={CODE};state={STATE}", StateMismatch),
    (f"code={CODE}&{RIGHT}&{RIGHT}", StateMismatch),
    (f"code={CODE}&{RIGHT}&state=x", StateMismatch),
    (f"code={CODE}&state=x&{RIGHT}", StateMismatch),
    (f"code={CODE}&{RIGHT}&state=", StateMismatch),
    (f"code={CODE}&{RIGHT}&st%61te={STATE}", StateMismatch),
    # and until it is ours, nothing else counts
    ("error=access_denied", StateMismatch),
    ("error=access_denied&state=", StateMismatch),
    ("error=access_denied&state=x", StateMismatch),
    (f"error=access_denied&{RIGHT}&{RIGHT}", StateMismatch),
    (f"code={CODE}&code={CODE}", StateMismatch),
    ("access_token=x&state=x", StateMismatch),
    # a genuine refusal
    (f"error=access_denied&{RIGHT}", AuthorityError),
    (f"{RIGHT}&error=access_denied&code=", AuthorityError),
    # repeated parameters
    (f"code={CODE}&code={CODE}&{RIGHT}", CallbackRefused),
    (f"code={CODE}&code=evil&{RIGHT}", CallbackRefused),
    (f"code=&code={CODE}&{RIGHT}", CallbackRefused),
    (f"code={CODE}&c%6fde={CODE}&{RIGHT}", CallbackRefused),
    (f"error=a&error=b&{RIGHT}", CallbackRefused),
    (f"error=a&error_description=b&error_description=c&{RIGHT}", CallbackRefused),
    (f"error=a&error_subcode=b&error_subcode=cancel&{RIGHT}", CallbackRefused),
    (f"error=a&error_uri=b&error_uri=c&{RIGHT}", CallbackRefused),
    (f"code={CODE}&session_state=a&session_state=b&{RIGHT}", CallbackRefused),
    (f"code={CODE}&iss=a&iss=b&{RIGHT}", CallbackRefused),
    # a code or an error, and nothing that was not asked for
    (f"code={CODE}&error=access_denied&{RIGHT}", CallbackRefused),
    (RIGHT, CallbackRefused),
    (f"code=&{RIGHT}", CallbackRefused),
    (f"error=&{RIGHT}", CallbackRefused),
    (f"code=&error=&{RIGHT}", CallbackRefused),
    (f"Code={CODE}&{RIGHT}", CallbackRefused),
    (f"error_description=x&{RIGHT}", CallbackRefused),
    (f"code={CODE}&access_token={canaries.ACCESS_TOKEN}&{RIGHT}", CallbackRefused),
    (f"code={CODE}&id_token={canaries.ACCESS_TOKEN}&{RIGHT}", CallbackRefused),
    (f"code={CODE}&refresh_token={canaries.REFRESH_TOKEN}&{RIGHT}", CallbackRefused),
    (f"access_token={canaries.ACCESS_TOKEN}&token_type=Bearer&{RIGHT}", CallbackRefused),
    (f"error=a&id_token=&{RIGHT}", CallbackRefused),
    # a code that could break the next request in two
    (f"code={CODE}%0d%0aX&{RIGHT}", CallbackRefused),
    (f"code={CODE}%0a&{RIGHT}", CallbackRefused),
    (f"code=%00{CODE}&{RIGHT}", CallbackRefused),
    (f"code={CODE}%1b[2J&{RIGHT}", CallbackRefused),
    (f"code={CODE}%7f&{RIGHT}", CallbackRefused),
    (f"code={CODE}+&{RIGHT}", CallbackRefused),
    (f"code={CODE}%20x&{RIGHT}", CallbackRefused),
    (f"code=+&{RIGHT}", CallbackRefused),
    (f"code={CODE}%C3%A4&{RIGHT}", CallbackRefused),
    (f"code={CODE}%ff&{RIGHT}", CallbackRefused),
    (f"code={CODE}%E2%80%AE&{RIGHT}", CallbackRefused),
    (f"code={CODE}ä&{RIGHT}", CallbackRefused),
    (f"code={CODE}\u0085&{RIGHT}", CallbackRefused),
    (f"code={CODE}\ud800&{RIGHT}", CallbackRefused),
    # another issuer
    (f"code={CODE}&{RIGHT}&iss=https://evil.example/{TENANT}/v2.0", CallbackRefused),
    (f"error=access_denied&{RIGHT}&iss=https://evil.example/{TENANT}/v2.0", CallbackRefused),
]


@MODES
@pytest.mark.parametrize(("fields", "kind"), REFUSALS)
def test_what_is_not_the_answer_is_refused(
    fields: str, kind: type[EntraOAuthError], mode: str
) -> None:
    for request in (
        canaries.article_request(response_mode=mode),
        canaries.hardened_request(response_mode=mode),
    ):
        with canaries.refused(kind):
            read(request, fields)


@given(
    st.lists(
        st.sampled_from(["code", "state", "error", "iss", "id_token", "error_description"])
        | st.text(max_size=3),
        max_size=6,
    ),
    st.lists(
        st.sampled_from([STATE, CODE, "", "%ff", "+", "https://[", f"https://x/{TENANT}/v2.0"])
        | st.text(max_size=5),
        min_size=6,
        max_size=6,
    ),
    st.sampled_from(["query", "form_post"]),
)
def test_whatever_arrives_is_accepted_or_refused_and_never_without_the_state(
    names: list[str], values: list[str], mode: str
) -> None:
    request = canaries.hardened_request(response_mode=mode)
    text = "&".join(f"{name}={value}" for name, value in zip(names, values, strict=False))
    try:
        response = read(request, text)
    except (CallbackRefused, AuthorityError) as error:
        canaries.assert_clean(error)
        if isinstance(error, StateMismatch):
            return
    else:
        assert re.fullmatch(r"[\x21-\x7e]+", response.code)
        assert re.fullmatch(r"[\x21-\x7e]+", response.raw_code)
    if mode == "query":
        text = text.partition("#")[0]
    assert [v for n, v in parse_form(text) if n == "state"] == [STATE]


OTHER_WAYS: dict[str, tuple[str, HttpRequest]] = {
    "POST for query": ("query", callback(f"code={CODE}&{RIGHT}", "form_post")),
    "GET for form_post": ("form_post", callback(f"code={CODE}&{RIGHT}", "query")),
    "HEAD": ("query", HttpRequest(method="HEAD", url=f"http://localhost/?code={CODE}&{RIGHT}")),
    "get": ("query", HttpRequest(method="get", url=f"http://localhost/?code={CODE}&{RIGHT}")),
    "OPTIONS": ("form_post", HttpRequest(method="OPTIONS", url="http://localhost/")),
    "a form with a query": (
        "form_post",
        HttpRequest(
            method="POST",
            url=f"http://localhost/?{RIGHT}",
            headers=(("Content-Type", FORM),),
            body=f"code={CODE}&{RIGHT}".encode(),
        ),
    ),
    "a POST with a query instead of a form": (
        "form_post",
        HttpRequest(method="POST", url=f"http://localhost/?code={CODE}&{RIGHT}"),
    ),
    **{
        f"a body of {kind!r}": (
            "form_post",
            HttpRequest(
                method="POST",
                url="http://localhost/",
                headers=(("Content-Type", kind),),
                body=f"code={CODE}&{RIGHT}".encode(),
            ),
        )
        for kind in ("", "text/plain", "multipart/form-data", "application/json", f"x{FORM}")
    },
}


@pytest.mark.parametrize(("mode", "message"), OTHER_WAYS.values(), ids=OTHER_WAYS)
def test_an_answer_in_another_way_than_asked_is_refused(mode: str, message: HttpRequest) -> None:
    request = canaries.hardened_request(response_mode=mode)
    with canaries.refused(CallbackRefused):
        AuthorizationResponse.read(message, answering=request)


@pytest.mark.parametrize("kind", [FORM, FORM.upper(), f"{FORM}; charset=UTF-8", f" {FORM} ;x"])
def test_the_form_s_media_type_may_be_spelled_in_any_case_and_with_parameters(kind: str) -> None:
    message = dataclasses.replace(
        callback(f"code={CODE}&{RIGHT}", "form_post"), headers=(("content-type", kind),)
    )
    response = AuthorizationResponse.read(message, answering=canaries.hardened_request())
    assert response.code == CODE


def test_an_empty_fragment_at_the_end_does_not_belong_to_the_answer() -> None:
    message = HttpRequest(method="GET", url=f"http://localhost/?code={CODE}&{RIGHT}#")
    request = canaries.article_request()
    assert AuthorizationResponse.read(message, answering=request).code == CODE


OTHER_TENANT = "b2cd3e45-5e67-8f89-01ab-c2345d6c78de"
ISSUERS: list[tuple[str, str, str, bool]] = [
    ("login.microsoftonline.com", TENANT, f"login.microsoftonline.com/{TENANT}/v2.0", True),
    ("login.microsoftonline.com", TENANT.upper(), f"login.microsoftonline.com/{TENANT}/v2.0", True),
    ("login.windows.net", TENANT, f"login.microsoftonline.com/{TENANT}/v2.0", True),
    ("login.windows.net", TENANT, f"login.windows.net/{TENANT}/v2.0", False),
    ("login.chinacloudapi.cn", TENANT, f"login.partner.microsoftonline.cn/{TENANT}/v2.0", True),
    ("login.chinacloudapi.cn", TENANT, f"login.chinacloudapi.cn/{TENANT}/v2.0", False),
    ("login.microsoftonline.us", TENANT, f"login.microsoftonline.us/{TENANT}/v2.0", True),
    ("login.microsoftonline.us", TENANT, f"login.microsoftonline.com/{TENANT}/v2.0", False),
    ("login.microsoftonline.com", "common", f"login.microsoftonline.com/{TENANT}/v2.0", True),
    ("login.microsoftonline.com", "contoso.com", f"login.microsoftonline.com/{TENANT}/v2.0", True),
    ("login.microsoftonline.com", "consumers", f"login.microsoftonline.com/{TENANT}/v2.0", False),
    ("login.microsoftonline.com", "common", "login.microsoftonline.com/common/v2.0", False),
    ("login.microsoftonline.com", "common", "login.microsoftonline.com/{tenantid}/v2.0", False),
    ("login.microsoftonline.com", TENANT, f"login.microsoftonline.com/{OTHER_TENANT}/v2.0", False),
    ("login.microsoftonline.com", TENANT, f"login.microsoftonline.com/{TENANT}/v2.0/", False),
    ("login.microsoftonline.com", TENANT, f"login.microsoftonline.com/{TENANT}", False),
    ("login.microsoftonline.com", TENANT, f"LOGIN.microsoftonline.com/{TENANT}/v2.0", False),
    ("login.microsoftonline.com", TENANT, f"login.microsoftonline.com:443/{TENANT}/v2.0", False),
    ("login.microsoftonline.com", TENANT, f"sts.windows.net/{TENANT}/", False),
    ("login.microsoftonline.com", TENANT, f"evil.example/{TENANT}/v2.0", False),
    ("login.microsoftonline.com", TENANT, f"a@login.microsoftonline.com/{TENANT}/v2.0", False),
    ("login.microsoftonline.com", TENANT, f"login.microsoftonline.com/{TENANT}/v2.0?x", False),
    ("login.microsoftonline.com", TENANT, "login.microsoftonline.com", False),
    ("login.microsoftonline.com", TENANT, "", False),
    ("login.microsoftonline.com", TENANT, "[", False),
    ("login.microsoftonline.com", TENANT, "a\u2100b/x", False),
    ("login.microsoftonline.com", TENANT, "\x1b[2J", False),
]


@pytest.mark.parametrize(("host", "tenant", "issuer", "accepted"), ISSUERS)
def test_an_issuer_counts_when_it_is_sent(
    host: str, tenant: str, issuer: str, accepted: bool
) -> None:
    # RFC 9207 §2.4
    authority = Authority(f"https://{host}", tenant)
    request = canaries.hardened_request(authority=authority)
    fields = (("code", CODE), ("state", STATE), ("iss", f"https://{issuer}"))
    if accepted:
        assert read(request, fields).code == CODE
    else:
        with canaries.refused(CallbackRefused):
            read(request, fields)


def test_an_empty_or_plain_http_issuer_is_another_one() -> None:
    for issuer in ("", TENANT, f"http://login.microsoftonline.com/{TENANT}/v2.0"):
        with canaries.refused(CallbackRefused):
            read(canaries.article_request(), (("code", CODE), ("state", STATE), ("iss", issuer)))


# A genuine refusal


def authority_error(fields: str, mode: str = "query") -> AuthorityError:
    with canaries.refused(AuthorityError) as caught:
        read(canaries.hardened_request(response_mode=mode), fields)
    assert isinstance(caught.value, AuthorityError)
    assert caught.value.stage == "authorize"
    assert caught.value.exit_code == 3
    return caught.value


@MODES
def test_entra_s_error_with_its_trailer_is_taken_apart(mode: str) -> None:
    error = authority_error(
        "error=invalid_request&error_description=AADSTS900144%3a+The+request+body+must+contain"
        "+the+following+parameter%3a+%27response_type%27.%0d%0aTrace+ID%3a+9bee0922-0000-1111"
        "%0d%0aCorrelation+ID%3a+6abae31d-0000-1111%0d%0aTimestamp%3a+2021-07-19+23%3a21%3a09Z"
        "&error_uri=https%3a%2f%2flogin.microsoftonline.com%2ferror%3fcode%3d900144"
        f"&{RIGHT}",
        mode,
    )
    assert error.error == "invalid_request"
    assert error.description == (
        "AADSTS900144: The request body must contain the following parameter: 'response_type'."
    )
    assert error.what == f"The authority refused the sign-in (invalid_request): {error.description}"
    assert error.error_codes == (900144,)
    assert error.trace_id == "9bee0922-0000-1111"
    assert error.correlation_id == "6abae31d-0000-1111"
    assert error.timestamp == "2021-07-19 23:21:09Z"
    assert error.error_uri == "https://login.microsoftonline.com/error?code=900144"
    assert error.suberror is None
    assert error.http_status is None


@MODES
def test_a_sign_in_that_was_cancelled_says_so_without_a_description(mode: str) -> None:
    error = authority_error(f"error=access_denied&error_subcode=cancel&{RIGHT}", mode)
    assert error.what == "The authority refused the sign-in (access_denied): cancel."
    assert error.suberror == "cancel"
    assert "cancelled" in error.advice
    assert error.description == ""
    assert error.error_codes == ()
    assert error.error_uri is None


def test_an_error_without_any_reason_is_still_told() -> None:
    error = authority_error(f"error=server_error&{RIGHT}")
    assert error.what == "The authority refused the sign-in (server_error): No reason was given."
    assert "again" in error.advice


PAGE = "https://login.microsoftonline.com/error?code="


@pytest.mark.parametrize(
    ("uri", "is_shown"),
    [
        ("https://login.microsoftonline.com/error?code=1", True),
        ("https://login.windows.net/error?code=1", True),
        ("https://login.microsoftonline.com", True),
        ("http://login.microsoftonline.com/error", False),
        ("https://login.microsoftonline.com.evil.example/", False),
        ("https://login.microsoftonline.com@evil.example/", False),
        ("https://login.microsoftonline.us/error", False),
        ("javascript:alert(1)", False),
        ("", False),
    ],
)
def test_a_page_about_an_error_is_shown_if_it_is_the_authority_s_own(
    uri: str, is_shown: bool
) -> None:
    error = authority_error(f"error=access_denied&error_uri={quote_plus(uri)}&{RIGHT}")
    assert error.error_uri == (uri if is_shown else None)


def test_control_and_bidi_characters_of_an_error_are_shown_by_name() -> None:
    nasty = "%1b]0;x%07%e2%80%ae%0d%0a%c2%9b%00"
    error = authority_error(
        f"error=a{nasty}&error_description=b{nasty}&error_subcode=c{nasty}&error_uri={PAGE}{nasty}"
        f"&{RIGHT}"
    )
    texts = [error.error, error.description, error.suberror, error.error_uri, str(error)]
    assert all(text and text.isprintable() for text in texts)
    assert error.error == "a<ESC>]0;x<U+0007><U+202E><CR><LF><U+009B><U+0000>"


def test_a_very_long_error_is_cut() -> None:
    long = "x" * 5000
    error = authority_error(
        f"error={long}&error_description={long}&error_subcode={long}&error_uri={PAGE}{long}&{RIGHT}"
    )
    assert len(str(error)) < 2500
    assert len(error.error) == len(error.suberror or "") == 81
    assert len(error.error_uri or "") == 301


def test_an_authority_that_repeats_our_secrets_does_not_get_them_into_the_error() -> None:
    echo = f"{STATE}-{VERIFIER}-{NONCE}"
    error = authority_error(
        f"error={echo}&error_description={echo}&error_subcode={echo}&error_uri={echo}&{RIGHT}"
    )
    assert error.error == "<hidden>-<hidden>-<hidden>"
    with canaries.refused(AuthorityError):
        read(canaries.article_request(), f"error=x&error_description={STATE}&{RIGHT}")


# A response that was not read does not exist

BY_READ_ONLY = r"made by AuthorizationResponse\.read only"


def test_a_response_cannot_be_made_by_hand() -> None:
    with pytest.raises(TypeError, match=BY_READ_ONLY) as caught:
        AuthorizationResponse(request=canaries.article_request(), code=CODE, raw_code=CODE)
    canaries.assert_clean(caught.value)


@pytest.mark.parametrize("made_by", [None, object(), True, "read"])
def test_a_response_cannot_be_made_with_a_mark_of_one_s_own(made_by: object) -> None:
    with pytest.raises(TypeError, match=BY_READ_ONLY):
        AuthorizationResponse(
            request=canaries.article_request(), code=CODE, raw_code=CODE, made_by=made_by
        )


def test_an_accepted_response_cannot_be_turned_into_another_one() -> None:
    response = read(canaries.article_request(), f"code={CODE}&{RIGHT}")
    with pytest.raises(TypeError, match=BY_READ_ONLY):
        dataclasses.replace(response, code="evil", raw_code="evil")
    with pytest.raises(TypeError, match=BY_READ_ONLY):
        dataclasses.replace(response, request=canaries.hardened_request())
    with pytest.raises(dataclasses.FrozenInstanceError):
        response.code = "evil"  # type: ignore[misc]


def test_a_copy_of_an_accepted_response_is_the_same_answer() -> None:
    response = read(canaries.article_request(), f"code={CODE}&{RIGHT}")
    for same in (copy.copy(response), copy.deepcopy(response)):
        assert same == response
    assert pickle.loads(pickle.dumps(response)) == response


def test_procedures_are_called_by_their_names() -> None:
    assert [str(each) for each in Procedure] == ["article", "hardened"]
