"""A failed request told as one of our errors: by its cause, and by whether anything was sent."""

from __future__ import annotations

import http.client
import socket
import ssl
from types import SimpleNamespace
from typing import Any

import pytest
import requests
from urllib3 import exceptions as libs

from entra_oauth.channels.https.environment_proxy import EnvironmentProxy
from entra_oauth.channels.https.failures import abandoned, host_of, too_late, translate
from entra_oauth.channels.https.job import Job
from entra_oauth.errors import (
    ConnectFailed,
    DeadlineExceeded,
    EntraOAuthError,
    ExchangeBroken,
    TlsFailed,
    TransportError,
    UnexpectedAnswer,
    plain,
)

URL = "https://user:word@a.example:8443/token"
HOST = "a.example:8443"
UNSENT = "Nothing was sent."
POOL: Any = SimpleNamespace()


def within(inner: Exception, outer: Exception) -> Exception:
    outer.__cause__ = inner
    return outer


def told(error: Exception, *, sent: bool, proxy: str = "") -> EntraOAuthError:
    job = Job(None, URL, 2.5)
    if proxy:
        scheme, _, place = proxy.partition("://")
        job.proxy = EnvironmentProxy(scheme=scheme, place=place, source="ALL_PROXY")
    return translate(error, job, sent=sent)


TLS = ssl.SSLError(1, "certificate verify failed")
REFUSED = ConnectionRefusedError(111, "Connection refused")


@pytest.mark.parametrize(
    ("error", "kind", "what"),
    [
        (TimeoutError("x"), DeadlineExceeded, f"{HOST} did not answer within 2.5 seconds."),
        (
            requests.ConnectTimeout(libs.ConnectTimeoutError("x")),
            DeadlineExceeded,
            f"{HOST} did not answer within 2.5 seconds.",
        ),
        (
            requests.ConnectionError(within(REFUSED, libs.NewConnectionError(POOL, "x"))),
            ConnectFailed,
            f"No connection to {HOST}: Connection refused.",
        ),
        (
            requests.exceptions.SSLError(within(TLS, libs.SSLError("x"))),
            TlsFailed,
            f"The TLS connection to {HOST} failed: {TLS}.",
        ),
        (
            socket.gaierror(-2, "Name or service not known"),
            ConnectFailed,
            f"No connection to {HOST}: Name or service not known.",
        ),
        (
            OSError(5, "x" * 201),
            ConnectFailed,
            f"No connection to {HOST}: {plain('x' * 201, limit=200)}.",
        ),
        (OSError("no number"), ConnectFailed, f"No connection to {HOST}: no number."),
        (OSError(), ConnectFailed, f"No connection to {HOST}: OSError."),
        (ValueError("quotes a URL"), ConnectFailed, f"No connection to {HOST}: ValueError."),
        (
            requests.ConnectionError("quotes a URL"),
            ConnectFailed,
            f"No connection to {HOST}: ConnectionError.",
        ),
    ],
)
def test_what_fails_before_anything_is_sent_says_so(
    error: Exception, kind: type[EntraOAuthError], what: str
) -> None:
    found = told(error, sent=False)
    assert type(found) is kind
    assert found.what == what
    assert (UNSENT in str(found)) is (kind is not TlsFailed)
    assert "word" not in str(found)


@pytest.mark.parametrize(
    ("verify_code", "cure"),
    [
        (62, "is for another host"),
        (64, "is for another host"),
        (9, "date and the time"),
        (10, "date and the time"),
        (18, "--ca-bundle"),
        (20, "--ca-bundle"),
        (None, "--ca-bundle"),
    ],
)
def test_what_is_wrong_with_a_certificate_has_its_own_cure(
    verify_code: int | None, cure: str
) -> None:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    if verify_code is not None:
        error.verify_code = verify_code
    found = told(requests.exceptions.SSLError(within(error, libs.SSLError("x"))), sent=False)
    assert cure in found.advice
    assert found.advice.endswith("Verification cannot be switched off.")
    assert ("--ca-bundle" in found.advice) is (cure == "--ca-bundle")


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({}, "the host name and HTTPS_PROXY."),
        ({"HTTPS_PROXY": "http://p"}, "the host name and HTTPS_PROXY."),
        ({"HTTPS_PROXY": "http://p", "NO_PROXY": "b.example"}, "the host name and HTTPS_PROXY."),
        ({"HTTPS_PROXY": "http://p", "NO_PROXY": "x a.example"}, "NO_PROXY lets it go past HTTPS_"),
        ({"all_proxy": "http://p", "no_proxy": "*"}, "no_proxy lets it go past all_proxy."),
        ({"NO_PROXY": "*"}, "the host name and HTTPS_PROXY."),
    ],
)
def test_without_a_proxy_the_variable_that_counted_is_named(
    environ: dict[str, str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    found = told(REFUSED, sent=False)
    assert said in found.advice
    assert found.advice.endswith(UNSENT)


@pytest.mark.parametrize(
    "error", [REFUSED, TLS, libs.ProxyError("x", REFUSED), libs.ProxyError("x", TLS)]
)
def test_with_a_proxy_the_proxy_is_named_unless_the_authoritys_tls_fails(error: Exception) -> None:
    found = told(error, sent=False, proxy="http://proxy.example")
    if error is TLS:
        assert type(found) is TlsFailed
        return
    assert type(found) is ConnectFailed
    assert found.what.startswith(
        f"The proxy on the way to {HOST} cannot be used: http://proxy.example: "
    )
    assert found.advice.startswith("Check ALL_PROXY, ")
    assert type(told(libs.ProxyError("x", TLS), sent=False)) is ConnectFailed


@pytest.mark.parametrize(
    ("error", "kind", "name"),
    [
        (http.client.BadStatusLine("x"), UnexpectedAnswer, "BadStatusLine"),
        (http.client.LineTooLong("x"), UnexpectedAnswer, "LineTooLong"),
        (libs.DecodeError("x"), UnexpectedAnswer, "cannot be opened"),
        (libs.InvalidHeader("x"), UnexpectedAnswer, "InvalidHeader"),
        (http.client.RemoteDisconnected("x"), ExchangeBroken, "RemoteDisconnected"),
        (http.client.IncompleteRead(b"x"), ExchangeBroken, "IncompleteRead"),
        (ConnectionResetError(104, "reset"), ExchangeBroken, "ConnectionResetError"),
        (TLS, ExchangeBroken, "SSLError"),
        (libs.ProxyError("x", REFUSED), ExchangeBroken, "ConnectionRefusedError"),
    ],
)
def test_what_fails_after_something_was_sent_says_so(
    error: Exception, kind: type[EntraOAuthError], name: str
) -> None:
    found = told(error, sent=True)
    assert isinstance(found, TransportError)
    assert type(found) is kind
    assert found.what.endswith(f" {name}.")
    assert HOST in found.what
    assert found.was_sent
    assert UNSENT not in found.advice
    late = told(within(TimeoutError(), requests.ReadTimeout()), sent=True)
    assert type(late) is DeadlineExceeded
    assert late.was_sent


def test_a_cause_that_goes_round_in_a_circle_ends() -> None:
    one, other = OSError("one"), OSError("other")
    one.__cause__, other.__cause__ = other, one
    assert told(one, sent=False).what == f"No connection to {HOST}: other."


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://a.example/x", "a.example"),
        (URL, HOST),
        ("https://u@v@a.example/", "a.example"),
        ("https:///x", "nowhere"),
        ("https://[::1/", "an address that is none"),
    ],
)
def test_a_host_is_named_without_its_user(url: str, host: str) -> None:
    assert host_of(url) == host


def test_what_was_given_up_says_whether_it_was_sent() -> None:
    for sent, end in ((True, "Run this again."), (False, UNSENT)):
        assert str(abandoned(URL, sent=sent)) == f"The request to {HOST} was abandoned. {end}"
        assert abandoned(URL, sent=sent).was_sent is too_late(URL, 1, sent=sent).was_sent is sent
        assert str(too_late(URL, 30.0, sent=sent)).startswith(
            f"{HOST} did not answer within 30 seconds. Check the network"
        )
        assert str(too_late(URL, 30.0, sent=sent)).endswith(UNSENT) is not sent


def _no_tls(reason: str) -> Exception:
    error = ssl.SSLError(1, "words of the library")
    error.reason = reason
    return requests.exceptions.ProxyError(within(error, libs.ProxyError("x", error)))


@pytest.mark.parametrize(
    ("proxy", "reason", "speaks_no_tls"),
    [
        ("https://proxy.example:3128", "WRONG_VERSION_NUMBER", True),
        ("https://proxy.example:3128", "HTTP_REQUEST", True),
        ("https://proxy.example:3128", "RECORD_LAYER_FAILURE", True),
        ("https://proxy.example:3128", "CERTIFICATE_VERIFY_FAILED", False),
        ("http://proxy.example:3128", "WRONG_VERSION_NUMBER", False),
    ],
)
def test_a_plain_proxy_behind_https_is_told_from_one_that_fails(
    proxy: str, reason: str, speaks_no_tls: bool
) -> None:
    error = told(_no_tls(reason), sent=False, proxy=proxy)
    assert ("speaks no TLS" in error.what) is speaks_no_tls
    assert ("Write http://" in error.advice) is speaks_no_tls
