"""A recorded request made ready to be sent again."""

from __future__ import annotations

from urllib.parse import parse_qs

import pytest

from entra_oauth.errors import UsageError
from entra_oauth.protocol.endpoints.authorize import s256
from entra_oauth.recording.replay import (
    fresh_sign_in,
    missing_values,
    replay_request,
    values_from_redirect,
)
from kit import recordings as kit
from kit.canaries import TENANT, assert_clean

TO = "http://localhost:9"
ARTICLE, HARDENED = kit.evidence(), kit.evidence(kit.recording(hardened=True))


def test_what_was_taken_out_is_asked_for_by_name() -> None:
    assert missing_values(ARTICLE.steps[2]) == ("code", "state")
    assert missing_values(HARDENED.steps[2]) == ("code", "code_verifier")
    assert missing_values(ARTICLE.steps[3]) == ("Authorization",)
    with pytest.raises(UsageError, match=r"code, state\."):
        replay_request(ARTICLE.steps[2], to=TO, values={})


def test_only_the_values_that_are_given_change() -> None:
    ready = replay_request(
        ARTICLE.steps[2], to=TO, values={"code": "a/b", "state": "s", "other": "x"}
    )
    before = kit.token_bytes().partition(b"\r\n\r\n")[2].decode().split("&")
    after = ready.request.body.decode().split("&")
    assert after == [*before[:2], "code=a%2Fb", *before[3:5], "state=s"]
    assert ready.request.url == f"{TO}{kit.PATH}"
    assert ready.filled == ("code", "state")
    names = [name for name, _ in ready.request.headers]
    assert names == ["User-Agent", "Accept", "Content-Type"]


def test_a_header_is_filled_in_too() -> None:
    ready = replay_request(ARTICLE.steps[3], to=None, values={"Authorization": "Bearer x"})
    assert ready.request.headers == (("Authorization", "Bearer x"),)
    assert ready.request.url == "https://adb.example/api/2.0/clusters/list"


@pytest.mark.parametrize("index", [0, 1])
def test_what_the_browser_sent_is_not_sent_again(index: int) -> None:
    with pytest.raises(UsageError, match="was not sent by the program"):
        replay_request(ARTICLE.steps[index], to=TO, values={})


def test_a_fresh_sign_in_asks_the_same_with_new_secrets() -> None:
    sign_in = fresh_sign_in(HARDENED.steps[2], HARDENED, to=TO)
    assert sign_in is not None
    fields = {name: values[0] for name, values in parse_qs(sign_in.url.partition("?")[2]).items()}
    assert sign_in.url.startswith(f"{TO}/{TENANT}/oauth2/v2.0/authorize?")
    assert fields["state"] == sign_in.values["state"]
    assert fields["code_challenge"] == s256(sign_in.values["code_verifier"])
    assert fields["redirect_uri"] == sign_in.redirect_uri == "http://localhost:8400"
    assert fields["scope"] == kit.SCOPE
    assert "~" not in sign_in.url
    assert_clean(repr(sign_in))


def test_a_request_without_a_code_needs_no_sign_in() -> None:
    assert fresh_sign_in(ARTICLE.steps[3], ARTICLE, to=TO) is None


def test_only_the_answer_to_the_fresh_sign_in_gives_its_code() -> None:
    sign_in = fresh_sign_in(ARTICLE.steps[2], ARTICLE, to=TO)
    assert sign_in is not None
    state = sign_in.values["state"]
    assert (
        values_from_redirect(sign_in, f"http://localhost:8400/?code=c&state={state}")["code"] == "c"
    )
    for wrong in ("", "http://h/?code=c&state=x", f"http://h/?error=access_denied&state={state}"):
        with pytest.raises(UsageError, match="gave no code"):
            values_from_redirect(sign_in, wrong)
