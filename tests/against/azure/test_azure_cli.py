"""The Azure CLI, unmodified, under `practice run`: every way to sign in, and what follows it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from entra_oauth.practice.directory.model import ARTICLE_TENANT_ID, DATABRICKS
from kit import needs
from kit.foreign.programs import CLIENTS, DAEMON, SECRET
from kit.practice import ALICE, BOB, CAROL, PASSWORD, claims_of

pytestmark = [pytest.mark.against, needs.posix, needs.azure_cli]

PATIENCE_S = 300
SUBSCRIPTION = "5b5c0000-0000-4000-8000-000000000001"
DOMAIN = "contoso-practice.example"


@dataclass(frozen=True, slots=True)
class Az:
    """How one command ended."""

    code: int
    out: str
    err: str

    @property
    def content(self) -> Any:
        assert self.code == 0, self.err
        return json.loads(self.out)


def _az(home: Path, *commands: Sequence[str], options: Sequence[str] = ()) -> list[Az]:
    """The commands, one after the other, in one run."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "entra_oauth", "practice", "run", *options, "--"),
            *(sys.executable, str(CLIENTS / "use_az.py"), json.dumps(commands)),
        ],
        env={**os.environ, "HOME": str(home), "AZURE_CONFIG_DIR": str(home / "real")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [Az(**each) for each in json.loads(done.stdout)]


def _token(*which: str) -> list[str]:
    return ["account", "get-access-token", *which]


def test_a_sign_in_by_browser_and_everything_after_it(tmp_path: Path) -> None:
    login, listed, arm, databricks, graph, me, rest, subscriptions, signed, out, after = _az(
        tmp_path,
        ["login"],
        ["account", "list"],
        _token("--resource-type", "arm"),
        _token("--resource", DATABRICKS),
        _token("--resource-type", "ms-graph"),
        ["ad", "signed-in-user", "show"],
        ["rest", "--url", "https://graph.microsoft.com/v1.0/organization"],
        ["rest", "--url", "/subscriptions?api-version=2022-12-01"],
        ["rest", "--url", "https://graph.microsoft.com/v1.0/auditLogs/signIns"],
        ["logout"],
        ["account", "show"],
    )
    (subscription,) = login.content
    assert (subscription["id"], subscription["tenantId"]) == (SUBSCRIPTION, ARTICLE_TENANT_ID)
    assert subscription["user"] == {"name": ALICE, "type": "user"}
    assert [each["id"] for each in listed.content] == [SUBSCRIPTION]
    for answer, audience in (
        (arm, "https://management.core.windows.net/"),
        (databricks, DATABRICKS),
        (graph, "https://graph.microsoft.com"),
    ):
        claims = claims_of(answer.content["accessToken"])
        assert (claims["aud"].rstrip("/"), claims["upn"]) == (audience.rstrip("/"), ALICE)
    assert me.content["userPrincipalName"] == ALICE
    assert rest.content["value"][0]["id"] == ARTICLE_TENANT_ID
    assert subscriptions.content["value"][0]["displayName"] == "Practice subscription"
    (event,) = signed.content["value"]
    assert (event["appDisplayName"], event["status"]["errorCode"]) == ("Microsoft Azure CLI", 0)
    assert out.code == 0
    assert (after.code, "az login" in after.err) == (1, True)
    # Neither the folder of the person's home nor the one that a variable named was touched.
    assert list(tmp_path.iterdir()) == []


PASSWORD_LOGIN = ["login", "-u", BOB, "-p", PASSWORD]
SECRET_LOGIN = ["login", "--service-principal", "-u", DAEMON, "-p", SECRET]


@pytest.mark.parametrize(
    ("login", "user"),
    [
        (["login", "--tenant", DOMAIN], ALICE),
        (["login", "--use-device-code"], ALICE),
        (["login", "--use-device-code", "--tenant", ARTICLE_TENANT_ID], ALICE),
        (PASSWORD_LOGIN, BOB),
        ([*PASSWORD_LOGIN, "--tenant", DOMAIN], BOB),
        ([*SECRET_LOGIN, "--tenant", ARTICLE_TENANT_ID], DAEMON),
        ([*SECRET_LOGIN, "--tenant", DOMAIN], DAEMON),
    ],
    ids=lambda value: " ".join(value[:2]) if isinstance(value, list) else "",
)
def test_every_other_way_to_sign_in(login: list[str], user: str, tmp_path: Path) -> None:
    signed_in, token, out = _az(tmp_path, login, _token("--resource", DATABRICKS), ["logout"])
    (subscription,) = signed_in.content
    assert (subscription["id"], subscription["user"]["name"]) == (SUBSCRIPTION, user)
    claims = claims_of(token.content["accessToken"])
    assert (claims["aud"], claims.get("upn", claims["appid"])) == (DATABRICKS, user)
    assert out.code == 0


def test_the_end_of_all_sessions_is_seen_by_it_and_mended_as_it_says(tmp_path: Path) -> None:
    revoke = "https://graph.microsoft.com/v1.0/me/revokeSignInSessions"
    _, before, revoked, after, _, again, mended = _az(
        tmp_path,
        ["login"],
        ["group", "list"],
        ["rest", "--method", "post", "--url", revoke],
        ["group", "list"],
        ["logout"],
        ["login"],
        ["group", "list"],
    )
    assert (before.content, revoked.content["value"]) == ([], True)
    assert (after.code, "AADSTS50173" in after.err) == (1, True)
    assert "--claims-challenge" in after.err
    assert (again.code, mended.content) == (0, [])


def test_a_program_without_a_secret_signs_in_by_its_managed_identity(tmp_path: Path) -> None:
    login, token = _az(
        tmp_path,
        ["login", "--identity"],
        _token("--resource", DATABRICKS),
        options=("--workload", "app-service"),
    )
    (subscription,) = login.content
    assert subscription["user"]["name"] == "systemAssignedIdentity"
    assert claims_of(token.content["accessToken"])["aud"] == DATABRICKS


@needs.program("openssl")
def test_a_service_principal_signs_in_with_a_certificate_of_its_own(tmp_path: Path) -> None:
    key, pem = tmp_path / "key.pem", tmp_path / "both.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=app"),
            *("-keyout", str(key), "-out", str(pem)),
        ],
        check=True,
        capture_output=True,
        timeout=60,
    )
    directory = tmp_path / "directory.toml"
    client_id = "0fab0000-0000-4000-8000-000000000009"
    directory.write_text(
        f'[[apps]]\nclient_id = "{client_id}"\nname = "Own"\n'
        f"certificates = ['''{pem.read_text()}''']\n"
    )
    pem.write_text(key.read_text() + pem.read_text())
    login = ["login", "--service-principal", "-u", client_id, "--certificate", str(pem)]
    home = tmp_path / "home"
    home.mkdir()
    signed_in, token = _az(
        home,
        [*login, "--tenant", ARTICLE_TENANT_ID],
        _token(),
        options=("--directory", str(directory)),
    )
    assert signed_in.content[0]["user"] == {"name": client_id, "type": "servicePrincipal"}
    assert claims_of(token.content["accessToken"])["appidacr"] == "2"


def test_what_is_refused_is_told_in_entras_words_and_in_each_apis(tmp_path: Path) -> None:
    mfa, secret, _, wrong_at_graph, wrong_at_azure, no_path, barred = _az(
        tmp_path,
        ["login", "-u", CAROL, "-p", PASSWORD],
        ["login", "--service-principal", "-u", DAEMON, "-p", "wrong", "--tenant", DOMAIN],
        ["login"],
        [
            *("rest", "--url", "https://graph.microsoft.com/v1.0/me"),
            *("--resource", "https://management.azure.com"),
        ],
        [
            *("rest", "--url", "https://management.azure.com/tenants?api-version=2022-12-01"),
            *("--resource", "https://graph.microsoft.com"),
        ],
        ["rest", "--url", "https://graph.microsoft.com/v1.0/shoes"],
        _token("--scope", "https://graph.microsoft.com/User.Read"),
    )
    assert (mfa.code, "AADSTS50076" in mfa.err) == (1, True)
    assert (secret.code, "AADSTS7000215" in secret.err) == (1, True)
    assert '"code":"InvalidAuthenticationToken"' in wrong_at_graph.err.replace(" ", "")
    assert "InvalidAuthenticationTokenAudience" in wrong_at_azure.err
    assert "Resource not found for the segment 'shoes'" in no_path.err
    assert (barred.code, "AADSTS65002" in barred.err) == (1, True)
