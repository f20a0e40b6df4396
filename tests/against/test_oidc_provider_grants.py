"""The grants without a redirect at npm's oidc-provider, an OpenID-certified authority.

It never says `slow_down`; authlib's server does that in `tests/flows`. It does not look at
the thumbprint of a certificate either: a key there is registered as a JSON Web Key.
"""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from html import unescape
from http.cookiejar import CookieJar
from typing import Any, cast
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, ProxyHandler, build_opener

import pytest
from joserfc.jwk import RSAKey

from entra_oauth.channels.base import (
    BackChannel,
    Channels,
    RedirectReceiver,
    Witness,
    look_away,
    now,
)
from entra_oauth.channels.https.back_channel import RequestsBack
from entra_oauth.errors import AuthorityError, TimedOut
from entra_oauth.flows import client_credentials, device_code
from entra_oauth.flows.authorization_code import redeem
from entra_oauth.flows.refresh_token import refresh
from entra_oauth.protocol.authority import Authority
from entra_oauth.protocol.endpoints.access_request import AccessRequest
from entra_oauth.protocol.endpoints.authorization_response import AuthorizationResponse
from entra_oauth.protocol.endpoints.authorize import AuthorizationRequest, Hints
from entra_oauth.protocol.endpoints.client_auth import Certificate, ClientSecret, Credential
from entra_oauth.protocol.endpoints.token import TokenResponse
from entra_oauth.protocol.glossary.aadsts import is_dead
from entra_oauth.protocol.messages import HttpRequest, HttpResponse, Wire
from kit import canaries, needs
from kit.foreign.certified import CLIENT, SCOPE, TENANT, WHO, serving
from kit.foreign.final_address import final_address
from kit.servers.app_certificates import key_pem, pem

pytestmark = [pytest.mark.against, needs.node_package("oidc-provider")]

REDIRECT_URI = "http://localhost:49152"

STEADY = "5a1d6c1e-0000-4000-8000-000000000001"
SHORT_LIVED = "5a1d6c1e-0000-4000-8000-000000000002"
IN_THE_FORM = "5a1d6c1e-0000-4000-8000-000000000003"
IN_A_HEADER = "5a1d6c1e-0000-4000-8000-000000000004"
WITH_A_KEY = "5a1d6c1e-0000-4000-8000-000000000005"

SECRET = "Canary&Secret=+%/~" + "Ws6!" * 6

_GRANTS = ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"]


def _public(client_id: str, **more: Any) -> dict[str, Any]:
    return {
        "client_id": client_id,
        "application_type": "native",
        "token_endpoint_auth_method": "none",
        "grant_types": _GRANTS,
        "response_types": ["code"],
        "redirect_uris": ["http://localhost"],
        **more,
    }


def _app(client_id: str, method: str, **more: Any) -> dict[str, Any]:
    return {
        "client_id": client_id,
        "token_endpoint_auth_method": method,
        "grant_types": ["client_credentials"],
        "response_types": [],
        "redirect_uris": [],
        **more,
    }


def _registered() -> list[dict[str, Any]]:
    public = RSAKey.import_key(key_pem()).as_dict(private=False, use="sig")
    return [
        _public(STEADY, rotates=False),
        _public(SHORT_LIVED, lives_s=1),
        _app(IN_THE_FORM, "client_secret_post", client_secret=SECRET),
        _app(IN_A_HEADER, "client_secret_basic", client_secret=SECRET),
        _app(WITH_A_KEY, "private_key_jwt", jwks={"keys": [public]}),
    ]


@pytest.fixture(scope="module")
def authority() -> Iterator[Authority]:
    with serving(_registered()) as base:
        yield Authority(base, TENANT)


class _NoFront:
    def open(self, witness: Witness | None = None) -> RedirectReceiver:
        raise AssertionError("this flow sends nobody to a browser")


@dataclass
class Counting:
    """A back channel that counts what it sends."""

    back: BackChannel
    sent: list[HttpRequest] = field(default_factory=list)

    def warm(self, url: str) -> None:
        self.back.warm(url)

    def send(
        self, request: HttpRequest, *, timeout_s: float, saw: Callable[[Wire], None] = look_away
    ) -> HttpResponse:
        self.sent.append(request)
        return self.back.send(request, timeout_s=timeout_s)


@dataclass
class Line:
    """Our real channels, except that waiting takes no time: `slept` keeps it, `nap` fills it."""

    channels: Channels
    counting: Counting
    slept: list[float]
    said: list[str]
    nap: Callable[[int], None] = lambda count: None


@pytest.fixture
def line() -> Iterator[Line]:
    with RequestsBack() as back, RequestsBack() as aside:
        slept: list[float] = []
        said: list[str] = []

        def sleep(seconds: float) -> None:
            slept.append(seconds)
            made.nap(len(slept))

        counting = Counting(back)
        channels = Channels(
            front=_NoFront(),
            back=counting,
            aside=aside,
            say=said.append,
            monotonic=lambda: sum(slept),
            sleep=sleep,
        )
        made = Line(channels, counting, slept, said)
        yield made


def person(authority: Authority, client_id: str) -> AccessRequest:
    return AccessRequest.for_person(
        authority=authority, client_id=client_id, scopes=("databricks",)
    )


def app(authority: Authority, client_id: str) -> AccessRequest:
    return AccessRequest.for_app(authority=authority, client_id=client_id, scopes=("databricks",))


# ---- refresh tokens --------------------------------------------------------------------


def signed_in(authority: Authority, client_id: str, channels: Channels) -> TokenResponse:
    request = AuthorizationRequest.hardened(
        authority=authority,
        client_id=client_id,
        redirect_uri=REDIRECT_URI,
        response_mode="query",
        scopes=("databricks",),
        hints=Hints(prompt="consent"),  # without it, offline_access is left out there
    )
    url = final_address(request.url, REDIRECT_URI, user="")
    answer = AuthorizationResponse.read(HttpRequest(method="GET", url=url), answering=request)
    return redeem(answer, channels, timeout_s=20)


def test_a_refresh_token_that_is_replaced_works_once(authority: Authority, line: Line) -> None:
    first = signed_in(authority, CLIENT, line.channels)
    access_request = person(authority, CLIENT)
    assert first.refresh_token
    assert first.identity
    second = refresh(access_request, first.refresh_token, line.channels, before=first.identity)
    assert second.refresh_token not in (None, first.refresh_token)
    assert second.access_token != first.access_token
    assert second.identity
    assert second.identity.username == WHO
    with canaries.refused(AuthorityError) as caught:
        refresh(access_request, first.refresh_token, line.channels)
    error = cast(AuthorityError, caught.value)
    assert (error.stage, error.error, error.exit_code) == ("token", "invalid_grant", 3)
    assert canaries.found_in(error, [first.refresh_token]) == []


def test_a_refresh_token_that_is_not_replaced_is_kept(authority: Authority, line: Line) -> None:
    first = signed_in(authority, STEADY, line.channels)
    assert first.refresh_token
    for _ in range(2):
        again = refresh(person(authority, STEADY), first.refresh_token, line.channels)
        assert again.refresh_token == first.refresh_token
        assert again.access_token != first.access_token


def test_a_refresh_token_of_another_app_is_refused_and_stays_good(
    authority: Authority, line: Line
) -> None:
    first = signed_in(authority, STEADY, line.channels)
    assert first.refresh_token
    with canaries.refused(AuthorityError) as caught:
        refresh(person(authority, CLIENT), first.refresh_token, line.channels)
    assert cast(AuthorityError, caught.value).error == "invalid_grant"
    assert not is_dead(cast(AuthorityError, caught.value))
    assert refresh(person(authority, STEADY), first.refresh_token, line.channels).access_token


def test_a_refresh_token_that_has_expired_is_refused(authority: Authority, line: Line) -> None:
    first = signed_in(authority, SHORT_LIVED, line.channels)
    assert first.refresh_token
    time.sleep(2.1)  # it counts whole seconds
    with canaries.refused(AuthorityError) as caught:
        refresh(person(authority, SHORT_LIVED), first.refresh_token, line.channels)
    assert cast(AuthorityError, caught.value).error == "invalid_grant"


# ---- device codes ----------------------------------------------------------------------

_PAGE_AND_CODE = re.compile(r"open (\S+) in a browser and enter the code (\S+)\.")
_XSRF = re.compile(r'name="xsrf" value="([^"]*)"')


@dataclass
class Phone:
    """The browser of a person who types the code of another device."""

    button: str
    last_page: str = ""

    def __call__(self, told: str) -> None:
        found = _PAGE_AND_CODE.search(told)
        assert found, told
        page, code = found[1], found[2]
        opener = build_opener(ProxyHandler({}), HTTPCookieProcessor(CookieJar()))

        def load(form: dict[str, str] | None = None) -> str:
            data = urlencode(form).encode() if form else None
            with opener.open(page, data, timeout=20) as answer:
                return str(answer.read(), "utf-8")

        def token(text: str) -> str:
            (value,) = set(_XSRF.findall(text))
            return unescape(value)

        asked = load({"xsrf": token(load()), "user_code": code})
        self.last_page = load({"xsrf": token(asked), "user_code": code, self.button: "yes"})


@pytest.mark.parametrize("polls_before", [1, 3])
def test_a_device_signs_in_once_its_person_has_typed_the_code(
    polls_before: int, authority: Authority, line: Line
) -> None:
    phone = Phone("confirm")
    line.nap = lambda count: phone(line.said[0]) if count == polls_before else None
    tokens = device_code.sign_in(person(authority, STEADY), line.channels)
    assert "Sign-in Success" in phone.last_page
    assert tokens.identity
    assert tokens.identity.username == WHO
    assert tokens.warnings == ()
    assert tokens.refresh_token
    # RFC 8628 §3.2: five seconds where the authority names no interval.
    assert line.slept == [5.0] * polls_before
    assert len(line.counting.sent) == 1 + polls_before


def test_a_device_whose_person_declines_is_refused(authority: Authority, line: Line) -> None:
    phone = Phone("abort")
    line.nap = lambda count: phone(line.said[0]) if count == 2 else None
    with canaries.refused(AuthorityError) as caught:
        device_code.sign_in(person(authority, STEADY), line.channels)
    assert "The Sign-in request was interrupted" in phone.last_page
    error = cast(AuthorityError, caught.value)
    assert (error.error, error.exit_code) == ("access_denied", 3)
    assert len(line.counting.sent) == 3


def test_a_device_code_that_has_died_there_ends_the_wait(authority: Authority, line: Line) -> None:
    # Its one second has passed by the first question; our own clock, which would have
    # ended the wait before that, goes back at each look.
    clock = itertools.count(0, -60)
    still = replace(
        line.channels, monotonic=lambda: float(next(clock)), sleep=lambda seconds: time.sleep(2.1)
    )
    with canaries.refused(TimedOut) as caught:
        device_code.sign_in(person(authority, SHORT_LIVED), still)
    assert caught.value.exit_code == 7
    assert len(line.counting.sent) == 2


def test_an_app_that_may_not_use_device_codes_is_refused(authority: Authority, line: Line) -> None:
    with canaries.refused(AuthorityError) as caught:
        device_code.sign_in(person(authority, CLIENT), line.channels)
    error = cast(AuthorityError, caught.value)
    assert (error.stage, error.exit_code) == ("devicecode", 3)
    assert line.slept == []


# ---- an app in its own name ------------------------------------------------------------


@pytest.mark.parametrize(("client_id", "basic"), [(IN_THE_FORM, False), (IN_A_HEADER, True)])
def test_an_app_proves_itself_by_its_secret(
    client_id: str, basic: bool, authority: Authority, line: Line
) -> None:
    access_request = app(authority, client_id)
    tokens = client_credentials.get_token(
        access_request, ClientSecret(SECRET, basic=basic), line.channels
    )
    assert (tokens.token_type, tokens.scope) == ("Bearer", SCOPE)
    assert (tokens.refresh_token, tokens.id_token) == (None, None)
    with canaries.refused(AuthorityError) as caught:
        wrong = ClientSecret(f"{SECRET}x", basic=basic)
        client_credentials.get_token(access_request, wrong, line.channels)
    error = cast(AuthorityError, caught.value)
    assert (error.stage, error.error, error.exit_code) == ("token", "invalid_client", 3)
    assert canaries.found_in(error, [SECRET]) == []
    assert len(line.counting.sent) == 2  # a refusal is not tried again


def _certificate(name: str, algorithm: str) -> Certificate:
    return Certificate.load(pem(name, ends=36500) + key_pem(name), algorithm=algorithm)


@pytest.mark.parametrize("algorithm", ["RS256", "PS256"])
def test_an_app_proves_itself_by_its_certificate(
    algorithm: str, authority: Authority, line: Line
) -> None:
    access_request = app(authority, WITH_A_KEY)
    ours = _certificate("ours", algorithm)
    for _ in range(2):  # each assertion is a new one; a used one would be refused there
        assert client_credentials.get_token(access_request, ours, line.channels).scope == SCOPE
    with canaries.refused(AuthorityError) as caught:
        client_credentials.get_token(
            access_request, _certificate("other", algorithm), line.channels
        )
    assert cast(AuthorityError, caught.value).error == "invalid_client"


@dataclass(frozen=True, slots=True)
class _Distorted:
    """A credential that is asked to prove something else than it should."""

    inner: Credential
    audience: str | None = None
    later_s: float = 0.0

    def prove(self, client_id: str, audience: str, *, now: float) -> Any:
        return self.inner.prove(client_id, self.audience or audience, now=now + self.later_s)


@pytest.mark.parametrize(
    "change", [{"audience": "https://another.example/token"}, {"later_s": -3600.0}]
)
def test_an_assertion_for_another_place_or_time_is_refused(
    change: dict[str, Any], authority: Authority, line: Line
) -> None:
    credential = _Distorted(_certificate("ours", "PS256"), **change)
    with canaries.refused(AuthorityError) as caught:
        client_credentials.get_token(app(authority, WITH_A_KEY), credential, line.channels)
    assert cast(AuthorityError, caught.value).error == "invalid_client"


def test_an_assertion_is_good_for_one_request(authority: Authority, line: Line) -> None:
    endpoint = authority.token_endpoint
    proof = _certificate("ours", "PS256").prove(WITH_A_KEY, endpoint, now=now())

    @dataclass(frozen=True, slots=True)
    class Used:
        def prove(self, client_id: str, audience: str, *, now: float) -> Any:
            return proof

    access_request = app(authority, WITH_A_KEY)
    assert client_credentials.get_token(access_request, Used(), line.channels).access_token
    with canaries.refused(AuthorityError) as caught:
        client_credentials.get_token(access_request, Used(), line.channels)
    assert cast(AuthorityError, caught.value).error == "invalid_client"
