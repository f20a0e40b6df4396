"""doctor on managed identities: what this machine could use, how that is known, and one knock."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from entra_oauth.cli.doctor.identities import identity_sources
from entra_oauth.flows.managed_identity import arc
from entra_oauth.practice.server.hosts import serve
from entra_oauth.practice.tenant import PracticeTenant
from kit.command_line import Ran, call
from kit.servers.raw_server import RawServer, Script, answer, answering, silent

HOST = "AZURE_POD_IDENTITY_AUTHORITY_HOST"
APP = {"IDENTITY_ENDPOINT": "http://127.0.0.1:1/", "IDENTITY_HEADER": "CanaryHeader"}

pytestmark = pytest.mark.usefixtures("no_terminal")


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({}, "No variable and no folder tells of one."),
        (APP, "could be app-service (IDENTITY_ENDPOINT and IDENTITY_HEADER are set)."),
        (APP | {"MSI_ENDPOINT": "x", "MSI_SECRET": "x"}, "could be app-service ("),
        (
            {"IDENTITY_ENDPOINT": "x", "IMDS_ENDPOINT": "x"},
            "could be arc (IDENTITY_ENDPOINT and IMDS_ENDPOINT are set).",
        ),
        ({HOST: "x"}, f"could be imds ({HOST} is set)."),
        (APP | {"IDENTITY_SERVER_THUMBPRINT": "x"}, "are Service Fabric's, not asked here."),
        ({"MSI_ENDPOINT": "x", "MSI_SECRET": "x"}, "Azure Machine Learning or Cloud Shell's"),
    ],
)
def test_variables_tell_of_a_source_and_nothing_is_asked(
    environ: Mapping[str, str], said: str
) -> None:
    check = identity_sources(environ, "darwin")
    assert said in check.found
    assert "Canary" not in check.found + check.advice


def test_the_folder_of_the_agent_tells_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def folder(environ: Mapping[str, str], platform: str) -> str:
        return str(tmp_path)

    monkeypatch.setattr(arc, "agent_folder", folder)
    assert f"arc ({tmp_path} is there)" in identity_sources({}).found


def _doctor(*more: str) -> Ran:
    return call("doctor", "--authority-host", "http://localhost:9", "--json", *more)


def _told(ran: Ran, name: str) -> dict[str, str]:
    (check,) = (each for each in json.loads(ran.out)["checks"] if each["name"] == name)
    return {str(key): str(value) for key, value in check.items()}


def test_the_metadata_service_is_knocked_at_only_where_that_was_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tenant = PracticeTenant()
    with serve(tenant, tls=False) as hosted:
        monkeypatch.setenv(HOST, hosted.base_url)
        _doctor()
        assert len(tenant.log) == 0
        ran = _doctor("--imds")
    assert _told(ran, "metadata service")["state"] == "ok"
    assert len(tenant.log) == 1
    request, response = tenant.log[0]
    assert request.header("Metadata") is None
    assert "resource" not in request.query
    assert response.status == 400


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (answering(answer(b"<html>", status="403 Forbidden")), "HTTP 403"),
        (answering(answer(b"{}")), "HTTP 200"),
        (silent, "did not answer within 1 seconds"),
    ],
)
def test_what_is_no_metadata_service_is_told_in_time(
    script: Script, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with RawServer(script) as server:
        monkeypatch.setenv(HOST, server.url)
        check = _told(_doctor("--imds", "--http-timeout", "1"), "metadata service")
    assert (check["state"], said in check["found"]) == ("note", True)


def test_where_none_is_there_it_is_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    with RawServer(silent) as server:
        monkeypatch.setenv(HOST, server.url)
    check = _told(_doctor("--imds"), "metadata service")
    assert check["state"] == "note"
    assert "no virtual machine of Azure's" in check["found"]
