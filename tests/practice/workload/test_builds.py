"""Build servers and clusters: their tokens, and what others check these by."""

from __future__ import annotations

import json
import stat
from base64 import urlsafe_b64decode
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from entra_oauth.errors import UsageError
from entra_oauth.practice.directory.defaults import DEFAULT
from entra_oauth.practice.directory.workloads import IssuerKind
from entra_oauth.practice.signing.jws import believed
from entra_oauth.practice.signing.key_ring import key_for
from entra_oauth.practice.tenant import PracticeTenant
from entra_oauth.practice.workload.variables import Workload, workload_variables
from entra_oauth.protocol.messages import HttpRequest, HttpResponse
from kit.practice import DAEMON, NOON, Kit, body_of

HERE = "https://localhost:8443"
EXCHANGE = "api://AzureADTokenExchange"


def _variables(kit: Kit, workload: Workload, folder: str = "") -> dict[str, str]:
    return workload_variables(
        kit.tenant._context, workload, base_url=HERE, authority_url="https://login", folder=folder
    )


def _claims(token: str) -> dict[str, Any]:
    body = token.split(".")[1]
    found = json.loads(urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    assert isinstance(found, dict)
    assert believed(token, key_for(None).key()) == found
    return found


def _as_github(kit: Kit, more: str = "", proof: str | None = None) -> HttpResponse:
    job = _variables(kit, Workload.GITHUB)
    proof = proof or f"Bearer {job['ACTIONS_ID_TOKEN_REQUEST_TOKEN']}"
    return kit.get(job["ACTIONS_ID_TOKEN_REQUEST_URL"] + more, ("Authorization", proof))


def test_a_job_of_github_gets_a_token_for_whom_it_names() -> None:
    kit = Kit()
    claims = _claims(body_of(_as_github(kit, "&audience=api://x"))["value"])
    assert (claims["aud"], claims["exp"] - claims["iat"]) == ("api://x", 300)
    assert claims["sub"] == "repo:contoso-practice/lessons:ref:refs/heads/main"
    assert claims["repository"] == "contoso-practice/lessons"
    unnamed = _claims(body_of(_as_github(kit))["value"])
    assert unnamed["aud"] == "https://github.com/contoso-practice"


def _as_pipeline(
    kit: Kit, more: str = "?api-version=7.1", proof: str | None = None, method: str = "POST"
) -> HttpResponse:
    job = _variables(kit, Workload.AZURE_DEVOPS)
    proof = proof or f"Bearer {job['SYSTEM_ACCESSTOKEN']}"
    request = HttpRequest(
        method=method,
        url=job["SYSTEM_OIDCREQUESTURI"] + more,
        headers=(("Authorization", proof), ("Content-Type", "application/json")),
    )
    return kit.tenant.handle(request)


def test_a_job_of_azure_pipelines_gets_a_token_for_entra_alone() -> None:
    body = body_of(_as_pipeline(Kit(), "?api-version=7.1&serviceConnectionId=x&audience=y"))
    claims = _claims(body["oidcToken"])
    assert (claims["aud"], claims["exp"] - claims["iat"]) == (EXCHANGE, 600)
    assert claims["sub"] == "sc://contoso-practice/lessons/practice-connection"


@pytest.mark.parametrize("ask", [_as_github, _as_pipeline])
@pytest.mark.parametrize("proof", ["Bearer x", "Bearer ", "Basic x", "é"])
def test_a_job_with_another_proof_gets_nothing(ask: Any, proof: str) -> None:
    answer = ask(Kit(), proof=proof)
    assert (answer.status, set(body_of(answer))) == (401, {"message"})


@pytest.mark.parametrize(
    ("ask", "workload"), [(_as_github, Workload.GITHUB), (_as_pipeline, Workload.AZURE_DEVOPS)]
)
def test_the_right_secret_in_another_scheme_is_none(ask: Any, workload: Workload) -> None:
    kit = Kit()
    assert ask(kit, proof=f"bearer {kit.tenant._context.secrets.of(workload)}").status == 200
    assert ask(kit, proof=f"Basic {kit.tenant._context.secrets.of(workload)}").status == 401


def test_other_mistakes_of_a_job_are_refused() -> None:
    kit = Kit()
    assert _as_pipeline(kit, "").status == 400
    assert _as_pipeline(kit, method="GET").status == 405
    assert _as_github(kit, "&audience=a&audience=b").status == 400


@pytest.mark.parametrize("kind", list(IssuerKind))
def test_an_issuer_that_is_not_in_the_directory_is_named(kind: IssuerKind, tmp_path: Path) -> None:
    issuers = tuple(issuer for issuer in DEFAULT.issuers if issuer.kind is not kind)
    kit = Kit(PracticeTenant(directory=replace(DEFAULT, issuers=issuers), clock=lambda: NOON))
    with pytest.raises(UsageError, match=f"no issuer of the kind {kind}"):
        _variables(kit, Workload(kind.value), str(tmp_path))
    with pytest.raises(UsageError, match="no issuer of the kind"):
        kit.tenant.issuer_token(kind)


def test_a_kind_of_issuer_that_there_cannot_be_is_told_with_those_that_can() -> None:
    with pytest.raises(UsageError, match="Name one of github, azure-devops, kubernetes") as wrong:
        Kit().tenant.issuer_token("gitlab")
    assert "[[issuers]]" not in str(wrong.value)


@pytest.mark.parametrize(
    ("ask", "kind"), [(_as_github, IssuerKind.GITHUB), (_as_pipeline, IssuerKind.AZURE_DEVOPS)]
)
def test_a_job_at_an_issuer_that_is_not_there_gets_nothing(ask: Any, kind: IssuerKind) -> None:
    kit = Kit(PracticeTenant(directory=replace(DEFAULT, issuers=()), clock=lambda: NOON))
    full = Kit()
    assert ask(full).status == 200
    asked, _ = full.tenant.log[-1]
    kit.tenant._context.secrets._made[kind] = full.tenant._context.secrets.of(kind)
    assert kit.tenant.handle(asked).status == 404


def test_a_pod_finds_its_token_in_a_file_of_its_own(tmp_path: Path) -> None:
    kit = Kit()
    pod = _variables(kit, Workload.KUBERNETES, str(tmp_path))
    file = Path(pod["AZURE_FEDERATED_TOKEN_FILE"])
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    claims = _claims(file.read_text(encoding="ascii"))
    assert claims["aud"] == [EXCHANGE]
    assert claims["kubernetes.io"]["namespace"] == "lessons"
    assert claims["exp"] - claims["iat"] == 86_400
    assert (pod["AZURE_CLIENT_ID"], pod["AZURE_AUTHORITY_HOST"]) == (DAEMON, "https://login/")
    form: dict[str, str | None] = {
        "grant_type": "client_credentials",
        "client_id": pod["AZURE_CLIENT_ID"],
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": file.read_text(encoding="ascii"),
        "scope": "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d/.default",
    }
    assert kit.ask(form).status == 200


@pytest.mark.parametrize("kind", list(IssuerKind))
def test_each_issuer_publishes_the_keys_of_its_tokens_under_its_own_name(kind: IssuerKind) -> None:
    kit = Kit()
    issuer = next(each for each in DEFAULT.issuers if each.kind is kind)
    base = issuer.url.removesuffix("/")
    found = body_of(kit.get(f"{base}/.well-known/openid-configuration"))
    assert found["issuer"] == issuer.url
    assert found["jwks_uri"].startswith(base)
    keys = body_of(kit.get(found["jwks_uri"]))["keys"]
    assert [key["kid"] for key in keys] == [key_for(None).key().kid]
    assert kit.get(f"{base}/other").status == 404
    assert kit.get(f"{base}/").status == 404


def test_without_a_folder_of_its_own_no_token_is_written_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="no folder"):
        _variables(Kit(), Workload.KUBERNETES, "")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("workload", [each for each in Workload if each is not Workload.ARC])
def test_a_tenant_that_is_served_gives_the_variables(workload: Workload) -> None:
    with PracticeTenant() as tenant:
        found = tenant.workload_env(workload)
        assert all(found.values())
        with pytest.raises(UsageError, match="No program runs at nowhere"):
            tenant.workload_env("nowhere")
    if file := found.get("AZURE_FEDERATED_TOKEN_FILE"):
        assert not Path(file).exists()
