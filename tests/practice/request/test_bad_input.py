"""Requests that are too big, half, binary, several at once or for somebody else.

Each gets a clear answer or is cut off, nothing of it is done, and the next client is served.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from entra_oauth.practice.directory.model import ARTICLE_CLIENT_ID, ARTICLE_TENANT_ID
from entra_oauth.practice.routes import _FIXED, _UNDER_TENANT
from entra_oauth.practice.server.hosts import Hosted, serve
from entra_oauth.practice.tenant import PracticeTenant
from entra_oauth.protocol.messages import FORM, HttpRequest
from kit.practice import BASE, SCOPE, Kit, authorize_url, changed
from kit.servers import raw_peer

TOKEN = f"/{ARTICLE_TENANT_ID}/oauth2/v2.0/token"
MARKS = "\"'><script>alert(1)</script><b>&amp;\u202e"


@pytest.fixture
def tenant() -> PracticeTenant:
    return PracticeTenant()


@pytest.fixture
def hosted(tenant: PracticeTenant) -> Iterator[Hosted]:
    with serve(tenant, tls=False) as host:
        yield host
        # Whatever a test did, the next client is served.
        answer = raw_peer.exchange(
            host.port, b"GET /devicelogin HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        )
        assert answer.startswith(b"HTTP/1.1 302 ")


def _post(path: str, body: bytes, *headers: str) -> bytes:
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: localhost",
        f"Content-Type: {FORM}",
        f"Content-Length: {len(body)}",
        "Connection: close",
        *headers,
        "",
        "",
    ]
    return "\r\n".join(lines).encode() + body


@pytest.mark.parametrize(
    ("message", "status"),
    [
        (b"\x00\xff\xfe\x01\r\n\r\n", b"400"),
        (b"GET\r\n\r\n", b"400"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", b"400"),
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", b"4"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 200_000 + b"\r\n\r\n", b"4"),
        (b"GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n", b"421"),
        (b"GET / HTTP/1.1\r\nHost: localhost.evil.example\r\nConnection: close\r\n\r\n", b"421"),
        (b"GET / HTTP/1.1\r\nHost: xazuredatabricks.net\r\nConnection: close\r\n\r\n", b"421"),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n\r\n", b"4"),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n", b"400"),
        (_post(TOKEN, b"\xff\x00" * 500), b"400"),
        (_post(TOKEN, b"a=1&" * 5_000), b"400"),
        (b"BREW / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", b"405"),
        (b"GET /nowhere HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", b"404"),
    ],
)
def test_what_cannot_be_answered_gets_a_clear_refusal(
    hosted: Hosted, message: bytes, status: bytes
) -> None:
    answer = b""
    with suppress(ConnectionError):  # a peer may be cut while it is still talking
        answer = raw_peer.exchange(hosted.port, message)
    cut = not answer and len(message) > 60_000
    assert cut or answer.startswith(b"HTTP/1.1 " + status)


def test_a_request_that_is_never_finished_is_not_acted_upon(
    hosted: Hosted, tenant: PracticeTenant
) -> None:
    before = len(tenant.log)
    whole = _post(TOKEN, b"grant_type=password&client_id=x")
    with raw_peer.connect(hosted.port) as sock:
        sock.sendall(whole[:-5])
        sock.shutdown(socket.SHUT_WR)
        raw_peer.read_all(sock)
    assert len(tenant.log) == before


def test_silent_peers_delay_nobody(hosted: Hosted) -> None:
    with raw_peer.silent_peers(hosted.port, 20):
        answer = raw_peer.exchange(hosted.port, _post(TOKEN, b"grant_type=x"))
    assert b'"error":"unsupported_grant_type"' in answer


def test_requests_that_come_together_are_answered_one_after_the_other(hosted: Hosted) -> None:
    one = b"GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n"
    last = b"GET /devicelogin HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    answer = raw_peer.exchange(hosted.port, one + one + last)
    assert [piece[:3] for piece in answer.split(b"HTTP/1.1 ")[1:]] == [b"404", b"404", b"302"]


@pytest.mark.parametrize(
    "path",
    sorted(
        {path for _, path in _FIXED}
        | {f"/common/{path}" for _, path in _UNDER_TENANT}
        | {"/common/userrealm/x"}
    ),
)
def test_no_endpoint_minds_a_body_or_a_query_that_is_none(path: str) -> None:
    kit = Kit()
    for method in ("GET", "POST", "OPTIONS", "PUT", "HEAD", "\u00e9"):
        for query, body in (("", b""), ("?%ff=%00&=&&a", b"\xff\x00"), (f"?{MARKS}", b"{}")):
            request = HttpRequest(
                method=method,
                url=f"{BASE}{path}{query}",
                headers=(("Content-Type", FORM), ("Authorization", "Basic \u00ff")),
                body=body,
            )
            response = kit.tenant.handle(request)
            assert 200 <= response.status < 500
            assert b"<script>alert" not in response.body


@pytest.mark.parametrize(
    "form",
    [
        {"grant_type": "password", "username": "x", "password": "y"},
        {"grant_type": "client_credentials", "client_secret": "x"},
        {"grant_type": "device_code", "device_code": "x"},
        {"grant_type": "refresh_token", "refresh_token": "x"},
        {
            "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
            "assertion": "x",
            "requested_token_use": "on_behalf_of",
        },
    ],
    ids=lambda form: str(form["grant_type"]),
)
def test_a_repeated_parameter_is_refused_in_every_grant(form: dict[str, str]) -> None:
    whole = {"client_id": ARTICLE_CLIENT_ID, "scope": SCOPE, **form}
    for name in form:
        text = f"{changed({}, whole)}&{name}=again"
        assert b"AADSTS9000411" in Kit().post(f"{BASE}{TOKEN}", text).body


_FIELDS = st.dictionaries(
    st.sampled_from(
        [
            "grant_type",
            "client_id",
            "client_secret",
            "client_assertion",
            "client_assertion_type",
            "scope",
            "resource",
            "username",
            "password",
            "code",
            "device_code",
            "refresh_token",
            "assertion",
            "requested_token_use",
            "claims",
            "redirect_uri",
            "code_verifier",
        ]
    ),
    st.one_of(
        st.text(st.characters(codec="utf-8"), max_size=20),
        st.sampled_from(
            [
                "password",
                "client_credentials",
                "device_code",
                "refresh_token",
                "urn:ietf:params:oauth:grant-type:jwt-bearer",
                "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                "on_behalf_of",
                ARTICLE_CLIENT_ID,
                "da3e0000-0000-4000-8000-000000000005",
                "3dd1e000-0000-4000-8000-000000000006",
                "practice-secret",
                SCOPE,
                "openid",
                "alice@contoso-practice.example",
                "practice",
                "e30.e30.AA",
                '{"access_token":{"xms_cc":{"values":["cp1"]}}}',
            ]
        ),
    ),
    max_size=9,
)


@given(
    form=_FIELDS,
    version=st.sampled_from([1, 2]),
    tenant=st.sampled_from([ARTICLE_TENANT_ID, "common", "organizations", "consumers"]),
)
@settings(max_examples=300)
def test_no_token_request_breaks_the_tenant(
    form: dict[str, str], version: int, tenant: str
) -> None:
    response = Kit().ask(form, version=version, tenant=tenant)
    assert response.status in (200, 400, 401)
    if response.status == 200:
        assert b'"access_token"' in response.body


@given(st.text(st.characters(codec="utf-8"), max_size=40))
def test_no_header_breaks_the_workspace(text: str) -> None:
    kit = Kit()
    for name in (
        "Authorization",
        "X-Databricks-Azure-Workspace-Resource-Id",
        "X-Databricks-Azure-SP-Management-Token",
    ):
        headers = (("Authorization", f"Bearer {text}"), (name, text))
        for path in ("/api/2.0/clusters/list", "/oidc/userinfo"):
            assert kit.get(f"{BASE}{path}", *headers).status in (400, 401, 403)


@pytest.mark.parametrize("name", ["client_id", "scope", "state", "nonce", "login_hint", "claims"])
def test_marks_in_a_parameter_are_shown_as_text(name: str) -> None:
    kit = Kit()
    for url in (
        authorize_url({name: MARKS}),
        f"{BASE}/common/adminconsent?{changed({}, {name: MARKS})}",
        f"{BASE}/{ARTICLE_TENANT_ID}/oauth2/authorize?{changed({}, {name: MARKS})}",
    ):
        body = kit.get(url).body
        assert b"<script>alert" not in body


def test_marks_in_names_of_the_directory_are_shown_as_text() -> None:
    from dataclasses import replace

    from entra_oauth.practice.directory.defaults import DEFAULT

    book = replace(
        DEFAULT,
        users=tuple(replace(user, display_name=MARKS) for user in DEFAULT.users),
        apps=tuple(replace(app, name=MARKS) for app in DEFAULT.apps),
        resources=tuple(replace(resource, name=MARKS) for resource in DEFAULT.resources),
    )
    kit = Kit(PracticeTenant(directory=book), user="carol@contoso-practice.example")
    kit.open()
    kit.open({"prompt": "select_account"})
    kit.open({"scope": "Directory.Read.All"})
    kit.get(f"{BASE}/")
    url = f"{BASE}/common/oauth2/v2.0/devicecode"
    form = changed({}, {"client_id": ARTICLE_CLIENT_ID, "scope": SCOPE})
    shown = kit.post(url, form).body.decode()
    code = shown.partition('"user_code":"')[2][:9]
    kit.as_user("carol@contoso-practice.example", user_code=code).open(f"{BASE}/devicelogin")
    assert len(kit.tenant.log) > 15
    assert not any(b"<script>alert" in answer.body for _, answer in kit.tenant.log)
