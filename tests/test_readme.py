"""The README is short, its commands exist, and what it says is sent is what is sent."""

from __future__ import annotations

import re
import tomllib
from urllib.parse import parse_qsl, urlsplit

import pytest

import entra_oauth
from entra_oauth.protocol.authority import Authority
from entra_oauth.protocol.endpoints.authorization_response import AuthorizationResponse
from entra_oauth.protocol.endpoints.authorize import AuthorizationRequest
from entra_oauth.protocol.endpoints.token import TokenRequest
from entra_oauth.protocol.messages import FORM, HttpRequest
from kit.canaries import CLIENT_ID, CODE, TENANT
from kit.project import pages

README = pages.page("README.md")
SENT = {row[0]: row[1:] for row in pages.rows(pages.section(README, "What is sent"))}


def test_the_readme_is_read_in_a_few_minutes() -> None:
    assert len(README.splitlines()) <= 200


@pytest.mark.parametrize("call", pages.calls(README), ids=" ".join)
def test_every_command_of_the_readme_is_one_that_the_program_takes(call: list[str]) -> None:
    pages.accept(call)


def test_the_readme_has_commands_to_check() -> None:
    assert len(pages.calls(README)) >= 20


def test_a_command_that_the_program_does_not_take_would_be_seen() -> None:
    with pytest.raises(entra_oauth.UsageError):
        pages.accept(["login", "--tenent", "t"])


def test_every_name_that_the_readme_imports_is_public() -> None:
    names = re.findall(r"^from entra_oauth import (.*)$", README, re.MULTILINE)
    assert names
    assert {name for line in names for name in line.split(", ")} <= set(entra_oauth.__all__)


def test_the_pythons_that_were_tried_are_those_that_the_package_claims() -> None:
    project = tomllib.loads(pages.page("pyproject.toml"))["project"]
    claims = re.findall(r"Python :: (3\.\d+)", " ".join(project["classifiers"]))
    (line,) = re.findall(r"^Tried on .* with Python (.*)\. Python", README, re.MULTILINE)
    assert re.findall(r"3\.\d+", line) == claims


# ---- what is sent ------------------------------------------------------------------------


def _requests(procedure: str) -> tuple[AuthorizationRequest, HttpRequest]:
    """The authorize request of a procedure, and the token request for its code."""
    make = {"article": AuthorizationRequest.article, "hardened": AuthorizationRequest.hardened}
    request = make[procedure](
        authority=Authority.of(TENANT),
        client_id=CLIENT_ID,
        redirect_uri="http://localhost",
        scopes=("databricks",),
    )
    answer = _delivered(request, f"code={CODE}&state={request.state}")
    response = AuthorizationResponse.read(answer, answering=request)
    return request, TokenRequest.redeem(response).to_http()


def _delivered(request: AuthorizationRequest, fields: str) -> HttpRequest:
    """The redirect as the browser brings it in the response mode that was asked for."""
    if request.response_mode == "query":
        return HttpRequest(method="GET", url=f"{request.redirect_uri}/?{fields}")
    form = (("Content-Type", FORM),)
    return HttpRequest(
        method="POST", url=request.redirect_uri, headers=form, body=fields.encode("ascii")
    )


def _named(row: str, column: int) -> list[str]:
    words = SENT[row][column]
    inherited = _named(row, 0) if words.startswith("the same") else []
    return inherited + re.findall(r"`([^`]+)`", words)


@pytest.mark.parametrize(("column", "procedure"), [(0, "article"), (1, "hardened")])
def test_the_readme_names_what_is_sent_in_its_order(column: int, procedure: str) -> None:
    authorize, token = _requests(procedure)
    address = parse_qsl(urlsplit(authorize.url).query)
    assert [name for name, _ in address] == _named("authorize URL", column)
    assert [name for name, _ in parse_qsl(token.body.decode())] == _named("`POST /token`", column)
    (scope,) = _named("`scope`", column)
    assert dict(address)["scope"].partition("/.default")[2] == scope.partition("/.default")[2]
