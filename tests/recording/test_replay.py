"""A recorded request made ready to be sent again."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qs

import pytest

from entra_oauth.errors import UsageError
from entra_oauth.protocol.endpoints.authorize import s256
from entra_oauth.protocol.messages import FORM
from entra_oauth.recording import Exchange, Recording, replay
from entra_oauth.recording.replay import (
    FreshSignIn,
    fresh_sign_in,
    missing_values,
    replay_request,
    values_from_redirect,
)
from entra_oauth.recording.step import Evidence, Level, Seen, Step, steps_of
from kit import recordings as kit
from kit.audit.exchanges import step
from kit.audit.judged import AT, authorize, token
from kit.canaries import TENANT, assert_clean

LABEL = (("Content-Type", FORM),)
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
    assert not any(value in repr(sign_in) for value in sign_in.values.values())


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


def made(sent: Exchange) -> Step:
    (step,) = steps_of(Recording((sent,)))
    return step


@pytest.mark.parametrize("seen", [Seen.ADDRESS, Seen.NOTHING])
def test_what_was_not_seen_is_not_sent(seen: Seen) -> None:
    step = made(token(code="c"))
    assert replay_request(step, to=TO, values={}).request.method == "POST"
    unseen = replace(step, request=replace(step.request, seen=seen))
    with pytest.raises(UsageError, match="Step 1 was not sent by the program"):
        replay_request(unseen, to=TO, values={})


@pytest.mark.parametrize(
    ("query", "filled", "names"),
    [
        ("a=1&code=2", "a=1&code=n%2Fw", ("code",)),
        ("code=1&code=2", "code=n%2Fw&code=n%2Fw", ("code",)),
        ("c%6Fde=1", "c%6Fde=n%2Fw", ("code",)),
        ("code", "code", ()),
        ("Code=1", "Code=1", ()),
        ("a=%2f+&&b", "a=%2f+&&b", ()),
        ("", "", ()),
    ],
)
def test_each_byte_beside_the_values_stays(query: str, filled: str, names: tuple[str, ...]) -> None:
    address = made(step("token", "GET", f"https://a.example/token?{query}"))
    ready = replay_request(address, to=None, values={"code": "n/w"})
    assert ready.request.url == f"https://a.example/token?{filled}"
    assert ready.filled == names
    elsewhere = replay_request(address, to="http://localhost:9", values={"code": "n/w"})
    assert elsewhere.request.url == f"http://localhost:9/token?{filled}"
    form = made(step("token", "POST", "https://a.example/", headers=LABEL, body=query.encode()))
    ready = replay_request(form, to=None, values={"code": "n/w"})
    assert ready.request.body == filled.encode()
    other = made(step("token", "POST", "https://a.example/", body=query.encode()))
    assert replay_request(other, to=None, values={"code": "n"}).request.body == query.encode()


def test_headers_that_the_channel_adds_are_not_given_twice() -> None:
    given = (
        *(("HOST", "a"), ("Content-Length", "0"), ("Transfer-encoding", "x")),
        *(("Content-Encoding", "x"), ("X-Kept", "y"), ("X-Secret", "~val~")),
    )
    asked = made(step("token", "GET", "https://a.example/", headers=given))
    assert missing_values(asked) == ("X-Secret",)
    ready = replay_request(asked, to=None, values={"X-Secret": "s", "X-Kept": "z"})
    assert ready.request.headers == (("X-Kept", "y"), ("X-Secret", "s"))
    assert ready.filled == ("X-Secret",)


def test_a_code_without_an_authorize_request_needs_one_by_hand() -> None:
    asked = authorize(client_id="x", redirect_uri="http://localhost", response_mode="form_post")
    redeem = token(grant_type="authorization_code", code="c")
    later = authorize(at=AT + 50, client_id="later")

    def fresh(*exchanges: Exchange, number: int) -> FreshSignIn | None:
        steps = steps_of(Recording(exchanges))
        evidence = Evidence(steps=steps, created_at=0.0, level=Level.NONE)
        return fresh_sign_in(steps[number], evidence, to=TO)

    assert fresh(redeem, later, number=0) is None
    assert fresh(asked, token(grant_type="password"), number=1) is None
    found = fresh(asked, redeem, later, number=1)
    assert found is not None
    assert found.redirect_uri == "http://localhost"
    assert "client_id=x&" in found.url
    assert "response_mode=query" in found.url
    assert set(found.values) == {"state"}, "it sent no verifier"
    bare = fresh(authorize(client_id="x"), redeem, number=1)
    assert bare is not None
    assert bare.redirect_uri == ""
    assert len(found.values["state"]) == 43


def test_the_values_are_those_of_the_sign_in_and_its_code() -> None:
    sign_in = FreshSignIn(url="", redirect_uri="", values={"state": "s", "code_verifier": "v"})
    found = values_from_redirect(sign_in, "http://h/?code=c&state=s#x")
    assert found == {"state": "s", "code_verifier": "v", "code": "c"}
    with pytest.raises(UsageError, match="for this request: no code"):
        values_from_redirect(sign_in, "http://h/?state=s")
    with pytest.raises(UsageError, match="for this request: access_denied"):
        values_from_redirect(sign_in, "http://h/?state=s&error=access_denied")


@pytest.mark.parametrize(
    ("name", "value", "filled"),
    [
        ("authorization", "~ck~", "Bearer new"),
        ("authorization", "Bearer old", "Bearer old"),
        ("x-other", "~ck~", "~ck~"),
    ],
)
def test_only_a_header_that_was_taken_out_and_is_given_is_filled(
    name: str, value: str, filled: str
) -> None:
    used: list[str] = []
    assert replay._header(name, value, {"authorization": "Bearer new"}, used) == filled
    assert used == (["authorization"] if filled == "Bearer new" else [])


def test_a_request_is_not_its_own_authorization() -> None:
    sent = replace(HARDENED.steps[2], name="authorize")
    assert fresh_sign_in(sent, replace(HARDENED, steps=(sent,)), to=TO) is None


@pytest.mark.parametrize(("length", "shown"), [(60, "."), (61, "\u2026.")])
def test_of_a_long_error_so_much_is_told(length: int, shown: str) -> None:
    sign_in = FreshSignIn(url=TO, redirect_uri="", values={"state": "s"})
    with pytest.raises(UsageError) as caught:
        values_from_redirect(sign_in, f"http://localhost/?state=s&error={'e' * length}#code=c")
    assert f": {'e' * 60}{shown} Its app" in str(caught.value)


@pytest.mark.parametrize("kind", [FORM, FORM.upper()])
def test_a_form_is_filled_in_whatever_the_case_of_its_type(kind: str) -> None:
    sent = made(token(code="~code~", scope="a"))
    data = sent.request.data.replace(FORM.encode(), kind.encode())
    sent = replace(sent, request=replace(sent.request, data=data))
    assert missing_values(sent) == ("code",)
    assert replay_request(sent, to=TO, values={"code": "c"}).request.body == b"code=c&scope=a"


@pytest.mark.parametrize(("length", "shown"), [(40, "."), (41, "\u2026.")])
def test_of_a_long_name_that_is_missing_so_much_is_told(length: int, shown: str) -> None:
    sent = made(token(**{"n" * length: "~val~"}))  # type: ignore[arg-type]
    with pytest.raises(UsageError) as caught:
        replay_request(sent, to=TO, values={})
    assert f"{'n' * 40}{shown}" in str(caught.value)
