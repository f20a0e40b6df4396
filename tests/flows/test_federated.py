"""The sources of a federated assertion."""

from __future__ import annotations

from pathlib import Path

import pytest

from entra_oauth.errors import ConnectFailed, LocalError, UnexpectedAnswer, UsageError
from entra_oauth.flows import client_credentials
from entra_oauth.flows.federated import GITHUB_VARIABLES, FederatedFile, from_github
from entra_oauth.protocol.messages import HttpResponse
from kit import canaries
from kit.canaries import CLIENT_ID
from kit.grants import ASSERTION, NOW, World, app, fields, json_reply, tokens

URL, TOKEN = GITHUB_VARIABLES
BEARER = "CanaryGitHub~" + "Gh2." * 8
JOB = {URL: "https://pipelines.example/x?api-version=2.0", TOKEN: BEARER}


def test_a_file_is_read_for_each_request(tmp_path: Path) -> None:
    file = tmp_path / "token"
    credential = FederatedFile(str(file))
    for text in (ASSERTION, f"{ASSERTION}x\n", f"\n {ASSERTION}y \r\n"):
        file.write_text(text)
        world = World([tokens(refresh_token=None)])
        client_credentials.get_token(app(), credential, world.channels)
        form = fields(world.requests[0])
        assert form["client_assertion"] == text.strip()
        assert form["client_assertion_type"].endswith(":jwt-bearer")
        assert "client_secret" not in form


JWT = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.c2ln"


@pytest.mark.parametrize(
    "content",
    [
        f"\ufeff{JWT}".encode(),
        JWT.encode("utf-16"),
        f"{JWT}\r\n".encode("utf-16-le"),
        JWT.encode("utf-16-be"),
        f'"{JWT}"\n'.encode(),
        f"Bearer {JWT}".encode(),
        f'{{"count": 1, "value": "{JWT}"}}'.encode(),
        f'{{"oidcToken": "{JWT}"}}'.encode(),
    ],
)
def test_a_token_is_read_from_a_file_as_people_have_it(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "token"
    file.write_bytes(content)
    proof = FederatedFile(str(file)).prove(CLIENT_ID, "a", now=NOW)
    assert dict(proof.fields)["client_assertion"] == JWT


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"\n \n", "empty"),
        (b"\xff\xfe\x00", "neither UTF-8 nor UTF-16"),
        (f'{{"a": "{JWT}", "b": "{JWT}"}}'.encode(), "several tokens"),
        (b'{"count": 1}', "holds no federated token"),
        (f'{{"value": "{JWT}'.encode(), "breaks off"),
    ],
)
def test_a_file_that_holds_something_else_is_named(
    tmp_path: Path, content: bytes, said: str
) -> None:
    file = tmp_path / "token"
    file.write_bytes(content)
    with canaries.refused(UsageError) as caught:
        FederatedFile(str(file)).prove(CLIENT_ID, "a", now=NOW)
    assert said in str(caught.value)
    assert JWT not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"a.b", b"a b.c.d", b"\xff\xfe", b"a.b.c\nd.e.f"])
def test_a_file_without_a_token_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "token"
    file.write_bytes(content)
    with canaries.refused(UsageError):
        FederatedFile(str(file)).prove(CLIENT_ID, "a", now=NOW)


def test_a_file_that_is_not_there_is_a_local_error(tmp_path: Path) -> None:
    for path in (tmp_path / "none", tmp_path):
        with canaries.refused(LocalError) as caught:
            FederatedFile(str(path)).prove(CLIENT_ID, "a", now=NOW)
        assert str(path) not in str(caught.value)


def test_github_is_asked_for_a_token_that_entra_may_read() -> None:
    world = World([json_reply({"value": ASSERTION, "count": 1})])
    assert from_github(JOB, world.channels).token == ASSERTION
    (request,) = world.requests
    assert request.url == f"{JOB[URL]}&audience=api%3A%2F%2FAzureADTokenExchange"
    assert request.header("Authorization") == f"Bearer {BEARER}"
    plain = World([json_reply({"value": ASSERTION})])
    from_github({**JOB, URL: "https://pipelines.example/x"}, plain.channels)
    assert plain.requests[0].url.endswith("/x?audience=api%3A%2F%2FAzureADTokenExchange")


@pytest.mark.parametrize(
    "fault",
    [
        HttpResponse(status=500),
        HttpResponse(status=503),
        ConnectFailed("It could not be reached.", advice="Check it."),
    ],
)
def test_github_is_asked_again_where_the_fault_may_pass(
    fault: HttpResponse | ConnectFailed,
) -> None:
    world = World([fault, json_reply({"value": ASSERTION})])
    assert from_github(JOB, world.channels).token == ASSERTION
    assert len(world.requests) == 2


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {URL: JOB[URL]},
        {TOKEN: BEARER},
        {**JOB, URL: ""},
        {**JOB, URL: "http://pipelines.example/x"},
        {**JOB, URL: "ftp://pipelines.example/x"},
        {**JOB, URL: "https://[x"},
        {**JOB, URL: "https://x.example/\r\nX: y"},
        {**JOB, TOKEN: "a\r\nX: y"},
    ],
)
def test_outside_a_job_that_may_ask_nothing_is_sent(environ: dict[str, str]) -> None:
    world = World([json_reply({"value": ASSERTION})])
    with canaries.refused(UsageError) as caught:
        from_github(environ, world.channels)
    assert canaries.found_in(caught.value, [BEARER]) == []
    assert world.requests == []


@pytest.mark.parametrize(
    "answer",
    [
        HttpResponse(status=403, body=b"{}"),
        HttpResponse(status=302, headers=(("Location", "https://evil.test/"),)),
        HttpResponse(status=200, body=b"<html>"),
        json_reply({}),
        json_reply({"value": 5}),
        json_reply({"value": ASSERTION}, status=500),
    ],
)
def test_an_answer_without_a_token_is_none(answer: HttpResponse) -> None:
    with canaries.refused(UnexpectedAnswer) as caught:
        from_github(JOB, World([answer]).channels)
    assert canaries.found_in(caught.value, [BEARER, ASSERTION]) == []
