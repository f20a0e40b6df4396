"""A recorded request made ready to be sent again."""

from __future__ import annotations

from urllib.parse import parse_qs

import pytest

from entra_oauth.errors import UsageError
from entra_oauth.protocol.pkce import s256
from entra_oauth.recording.replay import again, came_back, fresh_sign_in, wanting
from kit import recordings as kit
from kit.canaries import TENANT, assert_clean

TO = "http://localhost:9"
ARTICLE, HARDENED = kit.evidence(), kit.evidence(kit.recording(hardened=True))


def test_what_was_taken_out_is_asked_for_by_name() -> None:
    assert wanting(ARTICLE.steps[2]) == ("code", "state")
    assert wanting(HARDENED.steps[2]) == ("code", "code_verifier")
    assert wanting(ARTICLE.steps[3]) == ("Authorization",)
    with pytest.raises(UsageError, match=r"code, state\."):
        again(ARTICLE.steps[2], to=TO, values={})


def test_only_the_values_that_are_given_change() -> None:
    ready = again(ARTICLE.steps[2], to=TO, values={"code": "a/b", "state": "s", "other": "x"})
    before = kit.token_bytes().partition(b"\r\n\r\n")[2].decode().split("&")
    after = ready.request.body.decode().split("&")
    assert after == [*before[:2], "code=a%2Fb", *before[3:5], "state=s"]
    assert ready.request.url == f"{TO}{kit.PATH}"
    assert ready.filled == ("code", "state")
    names = [name for name, _ in ready.request.headers]
    assert names == ["User-Agent", "Accept", "Content-Type"]


def test_a_header_is_filled_in_too() -> None:
    ready = again(ARTICLE.steps[3], to=None, values={"Authorization": "Bearer x"})
    assert ready.request.headers == (("Authorization", "Bearer x"),)
    assert ready.request.url == "https://adb.example/api/2.0/clusters/list"


@pytest.mark.parametrize("index", [0, 1])
def test_what_the_browser_sent_is_not_sent_again(index: int) -> None:
    with pytest.raises(UsageError, match="was not sent by the program"):
        again(ARTICLE.steps[index], to=TO, values={})


def test_a_fresh_sign_in_asks_the_same_with_new_secrets() -> None:
    attempt = fresh_sign_in(HARDENED.steps[2], HARDENED, to=TO)
    assert attempt is not None
    fields = {name: values[0] for name, values in parse_qs(attempt.url.partition("?")[2]).items()}
    assert attempt.url.startswith(f"{TO}/{TENANT}/oauth2/v2.0/authorize?")
    assert fields["state"] == attempt.values["state"]
    assert fields["code_challenge"] == s256(attempt.values["code_verifier"])
    assert fields["redirect_uri"] == attempt.redirect_uri == "http://localhost:8400"
    assert fields["scope"] == kit.SCOPE
    assert "~" not in attempt.url
    assert_clean(repr(attempt))


def test_a_request_without_a_code_needs_no_sign_in() -> None:
    assert fresh_sign_in(ARTICLE.steps[3], ARTICLE, to=TO) is None


def test_only_the_answer_to_the_fresh_sign_in_gives_its_code() -> None:
    attempt = fresh_sign_in(ARTICLE.steps[2], ARTICLE, to=TO)
    assert attempt is not None
    state = attempt.values["state"]
    assert came_back(attempt, f"http://localhost:8400/?code=c&state={state}")["code"] == "c"
    for wrong in ("", "http://h/?code=c&state=x", f"http://h/?error=access_denied&state={state}"):
        with pytest.raises(UsageError, match="gave no code"):
            came_back(attempt, wrong)
