"""An app that signed in with a secret on a practice tenant, and the hour that passes."""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from entra_oauth.cache.account import APP_ONLY, App
from entra_oauth.cache.file_store import FileStore
from entra_oauth.practice.directory.defaults import DEFAULT
from entra_oauth.practice.directory.model import ARTICLE_TENANT_ID
from entra_oauth.practice.directory.workloads import FederationPolicy
from entra_oauth.practice.tenant import PracticeTenant
from entra_oauth.practice.workload.variables import Workload, workload_variables
from entra_oauth.protocol.authority import Authority
from entra_oauth.protocol.jwt import decode
from kit.command_line import call
from kit.practice import DAEMON, SCOPE

__all__ = ["Nightly", "exchanging_tenant", "is_own", "of_the_app", "ready_source", "save_profile"]

HOUR_S = 3600


@dataclass
class Nightly:
    """An app of the practice tenant, and where its tokens are kept."""

    tenant: PracticeTenant
    base: str

    @property
    def app(self) -> App:
        return App(self.base, ARTICLE_TENANT_ID, DAEMON)

    @property
    def authority(self) -> Authority:
        return Authority(self.base, ARTICLE_TENANT_ID)

    @property
    def ids(self) -> tuple[str, ...]:
        return ("--authority-host", self.base, "--tenant", ARTICLE_TENANT_ID, "--client-id", DAEMON)

    def sign_in(self, *more: str) -> None:
        ran = call("login", *self.ids, "--flow", "client-credentials", "--cache", "file", *more)
        assert ran.code == 0, ran.err

    def kept(self, account: str = APP_ONLY) -> str:
        found = FileStore.standard(os.environ).access_token(self.app, account, SCOPE)
        assert found is not None
        return found.text

    def let_an_hour_pass(self) -> None:
        """At the tenant, and for what is kept: its token is over on both sides."""
        self.tenant.advance(HOUR_S + 60)
        store = FileStore.standard(os.environ)
        for app, account in store.accounts():
            token = store.access_token(app, account.name, SCOPE)
            assert token is not None
            old = replace(
                token, expires_on=int(time.time()) - 5, arrived_at=token.arrived_at - HOUR_S
            )
            store.save(app, account, SCOPE, old, signed_in=False)

    @property
    def asked(self) -> list[str]:
        """The forms that came to the token endpoint."""
        return [request.body.decode() for request, _ in self.tenant.log if "/token" in request.url]


def save_profile(**values: str) -> None:
    said = [f"{name}={value}" for name, value in values.items()]
    assert call("profile", "set", "nightly", *said).code == 0


def of_the_app(text: str) -> bool:
    return bool(decode(text.strip()).claims["appid"] == DAEMON)


def exchanging_tenant() -> PracticeTenant:
    """One whose Databricks account takes the app's token of Entra's for its service principal."""
    policy = FederationPolicy(
        issuer=f"https://sts.windows.net/{ARTICLE_TENANT_ID}/",
        audiences=("2ff814a6-3304-4ab8-85cb-cd0e6f879c1d",),
        subject_claim="appid",
        subject=DAEMON,
        client_id=DAEMON,
    )
    book = DEFAULT.with_admin_consent()
    book = replace(book, federation_policies=(*book.federation_policies, policy))
    return PracticeTenant(directory=book)


def is_own(text: str, nightly: Nightly) -> bool:
    """True of a token that the practice workspace made for the app."""
    claims = decode(text.strip()).claims
    return (claims["iss"], claims["sub"]) == (f"{nightly.base}/oidc", DAEMON)


def ready_source(
    source: str,
    nightly: Nightly,
    folder: Path,
    patch: pytest.MonkeyPatch,
    *,
    token: str | None = None,
) -> tuple[str, ...]:
    """The options that name a source of federated tokens, which is there from now on.

    `token` is what it gives, unless it is a build server; else one that the app is trusted by.
    """
    token = token or nightly.tenant.federated_token(DAEMON, life_s=86_400)
    for workload in (Workload.GITHUB, Workload.AZURE_DEVOPS):
        found = workload_variables(
            nightly.tenant._context,
            workload,
            base_url=nightly.base,
            authority_url=nightly.base,
            folder="",
        )
        if workload.value == source:
            for name, value in found.items():
                patch.setenv(name, value)
    if source == "file":
        (folder / "token").write_text(token)
        return ("--federated-token-source", source, "--federated-token-file", str(folder / "token"))
    if source == "env":
        patch.setenv("CI_JOB_TOKEN", token)
        return ("--federated-token-source", source, "--federated-token-env", "CI_JOB_TOKEN")
    if source == "command":
        (folder / "token").write_text(token)
        words = [sys.executable, "-I", "-c", f"print(open({str(folder / 'token')!r}).read())"]
        return ("--federated-token-source", source, "--federated-token-command", json.dumps(words))
    return ("--federated-token-source", source)
