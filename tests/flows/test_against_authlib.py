"""The whole sign-in against authlib's own server, through the real listener and `requests`."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from pytest_httpserver import HTTPServer

from entra_oauth.channels.base import Channels
from entra_oauth.channels.listener.listener import Listener
from entra_oauth.errors import AuthorityError
from entra_oauth.flows.authorization_code import SignIn, redeem, sign_in
from entra_oauth.protocol.endpoints.authorization_response import AuthorizationResponse
from entra_oauth.protocol.endpoints.authorize import AuthorizationRequest, Pkce, Procedure
from entra_oauth.protocol.endpoints.token import TokenResponse
from entra_oauth.protocol.messages import HttpRequest
from entra_oauth.recording import Recorder
from kit.back_channels import a_back
from kit.canaries import ACCESS_TOKEN, CLIENT_ID, REFRESH_TOKEN, assert_clean
from kit.servers.authlib_authority import USER, AuthlibAuthority

pytestmark = pytest.mark.against


@pytest.fixture
def httpserver() -> Iterator[HTTPServer]:
    """One thread for each connection: the one that was warmed up says nothing for a while."""
    with HTTPServer(threaded=True) as server:
        yield server
        server.check()


class Browser:
    """Follows redirects by GET, in a thread of its own, and keeps the last page."""

    def __init__(self) -> None:
        self.pages: list[tuple[int, str]] = []
        self._thread: threading.Thread | None = None

    def launch(self, url: str) -> bool:
        self._thread = threading.Thread(target=self._follow, args=(url,))
        self._thread.start()
        return True

    def page(self) -> tuple[int, str]:
        assert self._thread is not None
        self._thread.join(20)
        return self.pages[-1]

    def _follow(self, url: str) -> None:
        for _ in range(5):
            status, text, location = get(url)
            self.pages.append((status, text))
            if location is None:
                return
            parts = urlsplit(url)
            url = location if "://" in location else f"{parts.scheme}://{parts.netloc}{location}"


def get(url: str) -> tuple[int, str, str | None]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=20)
    try:
        connection.request("GET", f"{parts.path or '/'}?{parts.query}".removesuffix("?"))
        response = connection.getresponse()
        return response.status, response.read().decode(), response.getheader("Location")
    finally:
        connection.close()


def plan(server: AuthlibAuthority, procedure: Procedure) -> SignIn:
    return SignIn(
        procedure=procedure,
        authority=server.authority,
        client_id=CLIENT_ID,
        scopes=("databricks",),
        timeout_s=20.0,
        http_timeout_s=20.0,
    )


def run(the_plan: SignIn, browser: Browser, recorder: Recorder) -> TokenResponse:
    front = Listener(launch=browser.launch, say=lambda line: None, response_mode="query")
    with a_back() as back:
        return sign_in(the_plan, recorder.wrap(Channels(front=front, back=back)))


def test_a_hardened_sign_in_passes_its_checks(httpserver: HTTPServer) -> None:
    server, browser, recorder = AuthlibAuthority(httpserver), Browser(), Recorder()
    tokens = run(plan(server, Procedure.HARDENED), browser, recorder)
    assert (tokens.access_token, tokens.refresh_token) == (ACCESS_TOKEN, REFRESH_TOKEN)
    assert tokens.identity is not None
    assert (tokens.identity.username, tokens.identity.object_id) == (USER, "object")
    status, page = browser.page()
    assert status == 200
    assert f"Signed in as {USER}" in page
    assert server.codes == {}
    exchanges = recorder.recording.exchanges
    assert [e.note for e in exchanges if e.channel == "back"] == ["token"]
    assert "code_challenge_method=S256" in exchanges[0].request.url


def test_the_articles_sign_in_passes_where_pkce_is_not_demanded(httpserver: HTTPServer) -> None:
    server, browser = AuthlibAuthority(httpserver, pkce_required=False), Browser()
    the_plan = replace(plan(server, Procedure.ARTICLE), state="12345")
    tokens = run(the_plan, browser, Recorder())
    assert (tokens.access_token, tokens.identity) == (ACCESS_TOKEN, None)
    assert "Signed in" in browser.page()[1]
    logged = [request for request, _ in httpserver.log if request.path.endswith("/token")]
    assert [list(request.form) for request in logged] == [
        ["client_id", "scope", "code", "redirect_uri", "grant_type", "state"]
    ]


def test_the_articles_sign_in_is_refused_where_pkce_is_demanded(httpserver: HTTPServer) -> None:
    server, browser = AuthlibAuthority(httpserver), Browser()
    with pytest.raises(AuthorityError) as caught:
        run(plan(server, Procedure.ARTICLE), browser, Recorder())
    assert (caught.value.stage, caught.value.error) == ("token", "invalid_request")
    assert "code_verifier" in caught.value.description
    assert "Not signed in" in browser.page()[1]
    assert_clean(caught.value)


def test_a_person_who_declines_ends_the_sign_in(httpserver: HTTPServer) -> None:
    server, browser = AuthlibAuthority(httpserver, consents=False), Browser()
    with pytest.raises(AuthorityError) as caught:
        run(plan(server, Procedure.HARDENED), browser, Recorder())
    assert (caught.value.stage, caught.value.error) == ("authorize", "access_denied")
    assert "Not signed in" in browser.page()[1]
    assert not [request for request, _ in httpserver.log if request.path.endswith("/token")]


def answered(server: AuthlibAuthority) -> tuple[AuthorizationRequest, HttpRequest]:
    """A hardened request, and the redirect that the server answered it with."""
    request = plan(server, Procedure.HARDENED).request(
        redirect_uri="http://localhost:8400", response_mode="query"
    )
    status, _, location = get(request.url)
    assert status == 302
    assert location is not None
    return request, HttpRequest(method="GET", url=location)


def test_a_code_is_good_for_one_redemption_only(httpserver: HTTPServer) -> None:
    request, callback = answered(AuthlibAuthority(httpserver))
    response = AuthorizationResponse.read(callback, answering=request)
    with a_back() as back:
        channels = Channels(front=Listener(launch=bool, say=print), back=back)
        assert redeem(response, channels, timeout_s=20).access_token == ACCESS_TOKEN
        with pytest.raises(AuthorityError) as caught:
            redeem(response, channels, timeout_s=20)
    assert (caught.value.stage, caught.value.error) == ("token", "invalid_grant")
    assert_clean(caught.value)


def test_another_verifier_does_not_redeem_the_code(httpserver: HTTPServer) -> None:
    """Authlib's CodeChallenge computes S256 itself: ours is the same function."""
    request, callback = answered(AuthlibAuthority(httpserver))
    theirs = AuthorizationResponse.read(callback, answering=replace(request, pkce=Pkce.fresh()))
    ours = AuthorizationResponse.read(callback, answering=request)
    with a_back() as back:
        channels = Channels(front=Listener(launch=bool, say=print), back=back)
        with pytest.raises(AuthorityError) as caught:
            redeem(theirs, channels, timeout_s=20)
        assert caught.value.error == "invalid_grant"
        assert redeem(ours, channels, timeout_s=20).access_token == ACCESS_TOKEN
