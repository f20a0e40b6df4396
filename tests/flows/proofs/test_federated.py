"""The sources of a federated assertion."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from pathlib import Path
from urllib.parse import quote_plus

import pytest

from entra_oauth.errors import (
    AuthorityError,
    ConnectFailed,
    LocalError,
    ProofMissing,
    UnexpectedAnswer,
    UsageError,
)
from entra_oauth.flows import client_credentials
from entra_oauth.flows.proofs.build_job import GitHubJob, PipelineJob
from entra_oauth.flows.proofs.federated_file import FederatedFile
from entra_oauth.flows.proofs.federated_variable import FederatedVariable
from entra_oauth.protocol.endpoints.client_auth import FederatedAssertion
from entra_oauth.protocol.endpoints.job_token import GITHUB_VARIABLES, PIPELINE_VARIABLES
from entra_oauth.protocol.messages import HttpResponse
from kit import canaries
from kit.canaries import CLIENT_ID
from kit.grants import ASSERTION, NOW, World, app, fields, json_reply, refusal, tokens

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


ENTRA = "https://login.microsoftonline.com/t/oauth2/v2.0/token"


def _github(environ: dict[str, str], world: World, endpoint: str = ENTRA) -> str:
    job = GitHubJob(environ=environ, channels=world.channels)
    return dict(job.prove(CLIENT_ID, endpoint, now=NOW).fields)["client_assertion"]


@pytest.mark.parametrize(
    ("host", "audience"),
    [
        ("login.microsoftonline.us", "api://AzureADTokenExchangeUSGov"),
        ("login.partner.microsoftonline.cn", "api://AzureADTokenExchangeChina"),
        ("login.sovcloud-identity.fr", "api://AzureADTokenExchange"),
        ("localhost:8443", "api://AzureADTokenExchange"),
    ],
)
def test_github_is_asked_for_the_audience_of_the_cloud(host: str, audience: str) -> None:
    world = World([json_reply({"value": ASSERTION})])
    _github(JOB, world, f"https://{host}/t/oauth2/v2.0/token")
    assert world.requests[0].url.endswith(f"&audience={quote_plus(audience)}")


def test_github_is_asked_for_a_token_that_entra_may_read() -> None:
    world = World([json_reply({"value": ASSERTION, "count": 1})])
    assert _github(JOB, world) == ASSERTION
    (request,) = world.requests
    assert request.url == f"{JOB[URL]}&audience=api%3A%2F%2FAzureADTokenExchange"
    assert request.header("Authorization") == f"Bearer {BEARER}"
    plain = World([json_reply({"value": ASSERTION})])
    _github({**JOB, URL: "https://pipelines.example/x"}, plain)
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
    assert _github(JOB, world) == ASSERTION
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
        {**JOB, URL: "http:///x"},
        {**JOB, URL: "/x"},
        {**JOB, URL: "https://[x"},
        {**JOB, URL: "https://x.example/\r\nX: y"},
        {**JOB, TOKEN: "a\r\nX: y"},
    ],
)
def test_outside_a_job_that_may_ask_nothing_is_sent(environ: dict[str, str]) -> None:
    world = World([json_reply({"value": ASSERTION})])
    with pytest.raises(UsageError) as caught:
        _github(environ, world)
    assert isinstance(caught.value, ProofMissing) is not bool(
        environ.get(URL) and environ.get(TOKEN)
    )
    assert canaries.found_in(caught.value, [BEARER]) == []
    assert world.requests == []


def test_a_service_on_this_machine_may_be_asked_without_tls() -> None:
    world = World([json_reply({"value": ASSERTION})])
    assert _github({**JOB, URL: "http://localhost:8080/x"}, world) == ASSERTION


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
        _github(JOB, World([answer]))
    assert canaries.found_in(caught.value, [BEARER, ASSERTION]) == []


# ---- Azure DevOps ---------------------------------------------------------------------------

URI, ACCESS = PIPELINE_VARIABLES
PIPELINE = {URI: "https://dev.azure.example/o/p/oidctoken", ACCESS: BEARER}


def _pipeline(environ: dict[str, str], world: World, connection: str | None = None) -> str:
    job = PipelineJob(environ=environ, channels=world.channels, connection=connection)
    return dict(job.prove(CLIENT_ID, ENTRA, now=NOW).fields)["client_assertion"]


def test_azure_devops_is_asked_as_its_own_client_does() -> None:
    world = World([json_reply({"oidcToken": ASSERTION})] * 2)
    assert _pipeline(PIPELINE, world, "c1d2") == ASSERTION
    assert _pipeline(PIPELINE, world) == ASSERTION
    named, plain = world.requests
    assert (named.method, named.body) == ("POST", b"")
    assert named.url == f"{PIPELINE[URI]}?api-version=7.1&serviceConnectionId=c1d2"
    assert plain.url == f"{PIPELINE[URI]}?api-version=7.1"
    assert named.header("Authorization") == f"Bearer {BEARER}"
    assert named.header("Content-Type") == "application/json"
    assert named.header("X-TFS-FedAuthRedirect") == "Suppress"


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {URI: PIPELINE[URI]},
        {ACCESS: BEARER},
        {**PIPELINE, URI: "http://dev.azure.example/x"},
        {**PIPELINE, ACCESS: "a\r\nX: y"},
    ],
)
def test_outside_a_step_that_may_ask_azure_devops_nothing_is_sent(environ: dict[str, str]) -> None:
    world = World([json_reply({"oidcToken": ASSERTION})])
    with pytest.raises(UsageError) as caught:
        _pipeline(environ, world)
    assert isinstance(caught.value, ProofMissing) is (len(environ) < 2)
    assert canaries.found_in(caught.value, [BEARER]) == []
    assert world.requests == []


@pytest.mark.parametrize(
    "answer",
    [
        HttpResponse(status=401, body=b"{}"),
        HttpResponse(status=302, headers=(("Location", "https://evil.test/"),)),
        HttpResponse(status=203, body=b"<html>Sign in"),
        json_reply({"value": ASSERTION}),
    ],
)
def test_an_answer_of_azure_devops_without_a_token_is_none(answer: HttpResponse) -> None:
    with canaries.refused(UnexpectedAnswer) as caught:
        _pipeline(PIPELINE, World([answer]))
    assert canaries.found_in(caught.value, [BEARER, ASSERTION]) == []


# ---- a variable, and what any source may hold -------------------------------------------------


def test_a_variable_is_read_as_a_file_is() -> None:
    for text in (JWT, f" {JWT}\n", f'"{JWT}"'):
        proof = FederatedVariable("CI_TOKEN", {"CI_TOKEN": text}).prove(CLIENT_ID, "a", now=NOW)
        assert dict(proof.fields)["client_assertion"] == JWT


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({}, "no variable CI_TOKEN"),
        ({"CI_TOKEN": ""}, "is empty"),
        ({"CI_TOKEN": "a.b"}, "no JWT"),
        ({"CI_TOKEN": "x" * 70_000}, "larger than 64 KiB"),
    ],
)
def test_a_variable_without_a_token_is_refused(environ: dict[str, str], said: str) -> None:
    with canaries.refused(UsageError if environ else ProofMissing) as caught:
        FederatedVariable("CI_TOKEN", environ).prove(CLIENT_ID, "a", now=NOW)
    assert said in str(caught.value)


def test_a_file_larger_than_a_token_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_bytes(JWT.encode() + b"\n" * 65_536)
    with canaries.refused(UsageError) as caught:
        FederatedFile(str(file)).prove(CLIENT_ID, "a", now=NOW)
    assert "larger than 64 KiB" in str(caught.value)


def _ending(seconds: float | None) -> str:
    claims = {} if seconds is None else {"exp": NOW + seconds}
    body = urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"eyJhbGciOiJub25lIn0.{body}.c2ln"


@pytest.mark.parametrize("seconds", [None, 60, 0, -299])
def test_a_token_that_may_still_be_good_is_sent(seconds: float | None) -> None:
    token = _ending(seconds)
    assert FederatedAssertion(token).prove(CLIENT_ID, "a", now=NOW).fields[1][1] == token


def test_a_token_that_is_over_by_more_than_a_clock_may_be_wrong_is_not_sent() -> None:
    world = World([tokens()])
    with canaries.refused(UsageError) as caught:
        client_credentials.get_token(app(), FederatedAssertion(_ending(-900)), world.channels)
    assert "expired 15 minutes ago" in str(caught.value)
    assert world.requests == []


# ---- Entra does not match it --------------------------------------------------------------------


def _about(**claims: object) -> str:
    body = urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"eyJhbGciOiJub25lIn0.{body}.c2ln"


MISMATCHES = (
    *(70021, 70025, 700211, 700212, 700213, 700222, 700223, 700229, 700238),
    *(7002137, 7002138),
)


@pytest.mark.parametrize("number", MISMATCHES)
def test_the_error_names_what_was_presented_where_entra_does_not_match_it(number: int) -> None:
    token = _about(iss="https://i.example", sub="repo:Org/Repo:ref", aud=["a", "b"], secret="S3cr")
    answer = refusal("invalid_client", number)
    with canaries.refused(AuthorityError) as caught:
        client_credentials.get_token(app(), FederatedAssertion(token), World([answer]).channels)
    said = str(caught.value)
    assert "subject “repo:Org/Repo:ref”" in said
    assert "issuer “https://i.example”, " in said
    assert "audience “a” and “b”; case counts." in said
    assert canaries.found_in(caught.value, [token, "S3cr"]) == []


def test_another_error_names_nothing_of_the_token() -> None:
    answer = refusal("invalid_client", 700016)
    with canaries.refused(AuthorityError) as caught:
        token = _about(sub="repo:Org")
        client_credentials.get_token(app(), FederatedAssertion(token), World([answer]).channels)
    assert "repo:Org" not in str(caught.value)
