"""The endpoint of a managed identity, as programs and as strangers meet it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote, urlsplit

import pytest

from entra_oauth.adapters.identity_service import IdentityService, check_address, is_in_the_clear
from entra_oauth.cache.account import APP_ONLY, CachedToken
from entra_oauth.cache.token_source import Found
from entra_oauth.channels.loopback.ports import SPARE
from entra_oauth.errors import DestinationRefused, SignInRequired, UsageError
from kit import canaries, needs
from kit.servers import raw_peer
from kit.servers.raw_peer import Reply

VAULT = "https://vault.azure.net"
STORAGE = "https://storage.azure.com/"
CLIENT = "da3e0000-0000-4000-8000-000000000005"
TOKEN = canaries.ACCESS_TOKEN
GOOD = f"api-version=2019-08-01&resource={VAULT}"
LATER = 4_000_000_000


def _found(audience: str, account: str = APP_ONLY) -> Found:
    token = CachedToken(text=TOKEN, expires_on=LATER, arrived_at=0, arrived_on_clock=0)
    return Found(token=token, account=account, scopes=f"{audience}/.default", source="cache")


class Served:
    """A service that gives one token, and what it said."""

    def __init__(self, service: IdentityService, said: list[str], asked: list[str]) -> None:
        self.service, self.said, self.asked = service, said, asked
        self.secret = service.environment["IDENTITY_HEADER"]
        address = urlsplit(service.environment["IDENTITY_ENDPOINT"])
        self.place, self.path = address.netloc, address.path
        self.port = address.port or 0

    def send(self, *headers: str, start: str = f"GET /msi/token?{GOOD} HTTP/1.1") -> Reply:
        """A request with these headers, and with nothing else."""
        message = "\r\n".join((start, *headers, "", "")).encode("latin-1")
        return raw_peer.split(raw_peer.exchange(self.port, message))

    def counted(self, refusals: int) -> bool:
        """Wait for so many: what could not be read is counted once it has been answered."""
        until = time.monotonic() + 20
        while self.service.counts[1] < refusals and time.monotonic() < until:
            time.sleep(0.002)
        return self.service.counts == (0, refusals)

    def ask(self, query: str = GOOD, *more: str, method: str = "GET") -> Reply:
        """The same as a program that was told the address and the secret."""
        start = f"{method} {self.path}?{query} HTTP/1.1"
        return self.send(
            f"Host: {self.place}", f"X-IDENTITY-HEADER: {self.secret}", *more, start=start
        )


@pytest.fixture
def served() -> Iterator[Served]:
    said: list[str] = []
    asked: list[str] = []

    def get(audience: str) -> Found:
        asked.append(audience)
        return _found(audience)

    service = IdentityService(get, client_id=CLIENT, audiences=(VAULT, STORAGE), say=said.append)
    with service:
        yield Served(service, said, asked)
    everything = "\n".join(said)
    assert TOKEN not in everything
    assert service.environment["IDENTITY_HEADER"] not in everything


def test_an_answer_has_what_app_service_has_and_nothing_else(served: Served) -> None:
    reply = served.ask()
    assert reply.status == 200
    assert reply.header("Cache-Control") == "no-store"
    assert json.loads(reply.body) == {
        "access_token": TOKEN,
        "expires_on": str(LATER),
        "resource": VAULT,
        "token_type": "Bearer",
        "client_id": CLIENT,
    }
    assert served.said == [f"Token 1 was given: {VAULT}."]


@pytest.mark.parametrize(
    "query",
    [
        f"resource={VAULT}&api-version=2019-08-01",
        f"api-version=2019-08-01&resource={quote(VAULT, safe='')}",
        f"{GOOD}&client_id={CLIENT}",
        f"{GOOD}&client_id={CLIENT.upper()}",
        f"api-version=2019-08-01&resource={STORAGE}",
    ],
)
def test_what_the_libraries_ask_is_answered(served: Served, query: str) -> None:
    assert served.ask(query, "Metadata: true", "x-ms-client-request-id: 1").status == 200


def test_each_service_has_a_secret_of_its_own_of_256_bits() -> None:
    made = [
        IdentityService(_found, client_id=CLIENT, audiences=(VAULT,), say=print) for _ in range(2)
    ]
    for each in made:
        each.__exit__()
    secrets = {each.environment["IDENTITY_HEADER"] for each in made}
    assert [len(secret) for secret in secrets] == [43, 43]  # 32 bytes in base64url


# ---- the hostile ---------------------------------------------------------------------------

PAGE = (
    "Origin: https://evil.example",
    "Origin: null",
    "Referer: https://evil.example/",
    "Sec-Fetch-Mode: no-cors",
    "sec-purpose: prefetch",
)
GUEST = (
    "X-Forwarded-For: 10.0.0.9",
    "x-forwarded-host: evil.example",
    "X-Forwarded-Proto: https",
    "Forwarded: for=10.0.0.9",
)


@pytest.mark.parametrize("header", [*PAGE, *GUEST])
def test_a_page_or_a_proxys_guest_gets_nothing_even_with_the_secret(
    served: Served, header: str
) -> None:
    reply = served.ask(GOOD, header)
    assert (reply.status, served.asked) == (403, [])
    assert b"access_token" not in reply.body


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 400),
        ("api-version=2019-08-01", 400),
        ("api-version=2019-08-01&resource=", 400),
        (f"resource={VAULT}", 400),
        (f"api-version=2017-09-01&resource={VAULT}", 400),
        (f"api-version=2019-08-01&resource={VAULT}/", 400),
        (f"api-version=2019-08-01&resource={VAULT.upper()}", 400),
        (f"api-version=2019-08-01&resource={VAULT}.evil.example", 400),
        ("api-version=2019-08-01&resource=https://graph.microsoft.com", 400),
        (f"api-version=2019-08-01&resource={VAULT}%0d%0aX:%201", 400),
        (f"{GOOD}&resource={VAULT}", 400),
        (f"{GOOD}&resource=https://graph.microsoft.com", 400),
        (f"{GOOD}&api-version=2019-08-01", 400),
        (f"{GOOD}&client_id=5eb00000-0000-4000-8000-000000000002", 400),
        (f"{GOOD}&client_id=", 400),
        (f"{GOOD}&object_id={CLIENT}", 400),
        (f"{GOOD}&principal_id={CLIENT}", 400),
        (f"{GOOD}&mi_res_id=/subscriptions/x", 400),
        (f"{GOOD}&claims=%7B%7D", 400),
    ],
)
def test_what_is_not_on_the_list_or_says_two_things_gets_nothing(
    served: Served, query: str, status: int
) -> None:
    reply = served.ask(query)
    assert (reply.status, served.asked) == (status, [])
    failure = json.loads(reply.body)
    assert failure.keys() == {"statusCode", "message"}
    assert failure["statusCode"] == status
    if "_id=" in query.replace("client_id=", ""):
        assert "client_id only" in failure["message"]


@pytest.mark.parametrize(
    ("method", "status"),
    [("POST", 405), ("OPTIONS", 405), ("HEAD", 405), ("PUT", 405), ("get", 405)],
)
def test_only_get_is_answered(served: Served, method: str, status: int) -> None:
    assert (served.ask(method=method).status, served.asked) == (status, [])


@pytest.mark.parametrize(
    "host",
    ["evil.example", "localhost:{port}", "127.0.0.1", "127.0.0.1:1", "127.0.0.1.:{port}", "[::1]"],
)
def test_a_name_that_was_made_to_lead_here_gets_nothing(served: Served, host: str) -> None:
    """A page of another name whose address has been changed to ours (DNS rebinding)."""
    named = f"Host: {host.format(port=served.port)}"
    reply = served.send(named, f"X-IDENTITY-HEADER: {served.secret}")
    assert reply.status == 403
    assert served.send(named).status == 401
    assert served.asked == []


@pytest.mark.parametrize(
    "headers",
    [
        (),
        ("X-IDENTITY-HEADER:",),
        ("X-IDENTITY-HEADER: wrong",),
        ("X-IDENTITY-HEADER: {secret}x",),
        ("X-IDENTITY-HEADER: {half}",),
        ("X-IDENTITY-HEADER: \xe4\xff",),
        ("secret: {secret}",),
        ("Authorization: Bearer {secret}",),
        ("X-IDENTITY-HEADER: wrong", "X-IDENTITY-HEADER: {secret}"),
    ],
)
@pytest.mark.parametrize(
    "start",
    [
        f"GET /msi/token?{GOOD} HTTP/1.1",
        "GET / HTTP/1.1",
        "POST /msi/token HTTP/1.1",
        "OPTIONS /msi/token HTTP/1.1",
    ],
)
def test_without_the_secret_nobody_learns_anything(
    served: Served, headers: tuple[str, ...], start: str
) -> None:
    """The answer is one and the same, whatever else is right or wrong."""
    half = served.secret[: len(served.secret) // 2]
    said = [header.format(secret=served.secret, half=half) for header in headers]
    for host in (served.place, "evil.example"):
        reply = served.send(f"Host: {host}", *said, start=start)
        assert (reply.status, reply.body, served.asked) == (401, b"", [])
        assert [name for name, _ in reply.headers] == [
            *("Content-Type", "Cache-Control", "Content-Length", "Connection")
        ]


def test_the_secret_twice_or_another_path_gets_nothing(served: Served) -> None:
    assert served.ask(GOOD, f"X-IDENTITY-HEADER: {served.secret}").status == 400
    assert served.ask(GOOD, "Host: evil.example").status == 400
    right = (f"Host: {served.place}", f"X-IDENTITY-HEADER: {served.secret}")
    for path in ("/", "/MSI/token", "/msi/token/", "/msi/%74oken"):
        assert served.send(*right, start=f"GET {path}?{GOOD} HTTP/1.1").status == 400
    assert served.asked == []


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ((f"X-Long: {'x' * 70_000}",), 431),
        (tuple(f"X-{number}: x" for number in range(200)), 431),
        (("Content-Length: 1",), 413),
        (("Content-Length: 99999999999",), 413),
        (("Transfer-Encoding: chunked",), 411),
    ],
)
def test_requests_that_are_too_large_get_nothing(
    served: Served, more: tuple[str, ...], status: int
) -> None:
    assert (served.ask(GOOD, *more).status, served.asked) == (status, [])
    assert served.counted(1)
    assert served.said == [f"Refused, 1 so far: it was no request that is read here ({status})"]


def test_a_query_that_is_too_long_gets_nothing(served: Served) -> None:
    assert served.ask(f"{GOOD}&x={'y' * 70_000}").status == 431
    assert served.ask(f"{GOOD}&{'&'.join(f'x{n}=1' for n in range(3000))}").status == 400


def test_slow_and_silent_callers_hold_up_nobody(served: Served) -> None:
    """More of them than there are places: a program is answered at once all the same."""
    with raw_peer.silent_peers(served.port, 80):
        slow = raw_peer.connect(served.port)
        slow.sendall(f"GET /msi/token?{GOOD} HTTP/1.1\r\nHost: {served.place}\r\n".encode())
        began = time.monotonic()
        assert served.ask().status == 200
        assert time.monotonic() - began < 4  # a silent caller alone is waited for 5 s
        slow.close()
        # Those for whom there is no place are let go before their time is over.
        while _threads(served) > 64 + SPARE:
            assert time.monotonic() - began < 4
            time.sleep(0.002)


def _threads(served: Served) -> int:
    names = [thread.name for thread in threading.enumerate()]
    return names.count(f"loopback-{served.port}-connection")


# ---- what the token is, and what is said ---------------------------------------------------


def test_why_there_is_no_token_is_told_to_the_program_and_to_the_person() -> None:
    said: list[str] = []

    def get(audience: str) -> Found:
        raise SignInRequired("Nobody has signed in.", advice="Sign in.")

    with IdentityService(get, client_id=CLIENT, audiences=(VAULT,), say=said.append) as service:
        reply = Served(service, said, []).ask()
    assert (reply.status, json.loads(reply.body)["message"]) == (403, "Nobody has signed in.")
    assert said == ["Refused, 1 so far: Nobody has signed in. Sign in."]


@pytest.mark.parametrize(("delegates", "status"), [(False, 403), (True, 200)])
def test_a_persons_token_is_given_only_where_that_is_meant(delegates: bool, status: int) -> None:
    service = IdentityService(
        lambda audience: _found(audience, "alice@contoso.example"),
        client_id=CLIENT,
        audiences=(VAULT,),
        say=lambda line: None,
        delegates=delegates,
    )
    with service:
        assert Served(service, [], []).ask().status == status


def test_a_token_that_says_it_is_for_another_api_is_not_given() -> None:
    databricks = "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d"
    other = canaries.jwt({"alg": "none"}, {"aud": "https://graph.microsoft.com"})

    def get(audience: str) -> Found:
        token = CachedToken(text=other, expires_on=LATER, arrived_at=0, arrived_on_clock=0)
        return Found(token=token, account=APP_ONLY, scopes="", source="cache")

    service = IdentityService(get, client_id=CLIENT, audiences=(databricks,), say=lambda line: None)
    with service:
        reply = Served(service, [], []).ask(f"api-version=2019-08-01&resource={databricks}")
    assert reply.status == 403
    assert other.encode() not in reply.body


def test_many_refusals_are_counted_and_do_not_fill_a_log(served: Served) -> None:
    for _ in range(70):
        served.send(f"Host: {served.place}")
    assert served.service.counts == (0, 70)
    told = [line.split()[1] for line in served.said]
    assert told == [*map(str, range(1, 11)), "16", "32", "64"]


def test_programs_that_ask_together_wait_beside_each_other() -> None:
    inside = threading.Barrier(5, timeout=20)

    def get(audience: str) -> Found:
        inside.wait()
        return _found(audience)

    service = IdentityService(get, client_id=CLIENT, audiences=(VAULT,), say=lambda line: None)
    with service, ThreadPoolExecutor(5) as threads:
        ask = Served(service, [], []).ask
        assert [reply.status for reply in threads.map(lambda _: ask(), range(5))] == [200] * 5
    assert service.counts == (5, 0)


# ---- the address ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "delegates", "error"),
    [
        ("0.0.0.0", False, UsageError),
        ("::", False, UsageError),
        ("[::]", False, UsageError),
        ("0:0::0", False, UsageError),
        ("::ffff:0.0.0.0", False, UsageError),
        ("::ffff:127.0.0.1", False, UsageError),
        ("255.255.255.255", False, UsageError),
        ("224.0.0.1", False, UsageError),
        ("ff02::1", False, UsageError),
        ("localhost", False, UsageError),
        ("0", False, UsageError),
        ("127.1", False, UsageError),
        ("10.0.0.0/8", False, UsageError),
        ("", False, UsageError),
        ("*", False, UsageError),
        ("10.7.0.1", True, DestinationRefused),
        ("fd00::1", True, DestinationRefused),
    ],
)
def test_tokens_are_served_on_one_address(
    address: str, delegates: bool, error: type[Exception]
) -> None:
    with pytest.raises(error):
        check_address(address, delegates=delegates)
    with pytest.raises(error):
        IdentityService(
            _found,
            client_id=CLIENT,
            audiences=(VAULT,),
            say=print,
            address=address,
            delegates=delegates,
        )


@pytest.mark.parametrize(
    ("address", "clear"),
    [("127.0.0.1", False), ("127.0.0.9", False), ("::1", False), ("[::1]", False)]
    + [("10.7.0.1", True), ("fd00::1", True)],
)
def test_what_leaves_this_machine_passes_in_the_clear(address: str, clear: bool) -> None:
    check_address(address)
    assert is_in_the_clear(address) is clear


@needs.ipv6
def test_an_address_of_version_6_is_named_in_brackets() -> None:
    service = IdentityService(
        _found, client_id=CLIENT, audiences=(VAULT,), say=lambda line: None, address="::1"
    )
    with service:
        address = urlsplit(service.environment["IDENTITY_ENDPOINT"])
        assert address.hostname == "::1"
        request = (
            f"GET /msi/token?{GOOD} HTTP/1.1\r\nHost: {address.netloc}\r\n"
            f"X-IDENTITY-HEADER: {service.environment['IDENTITY_HEADER']}\r\n\r\n"
        )
        answer = raw_peer.exchange(address.port or 0, request.encode(), "::1")
    assert raw_peer.split(answer).status == 200
