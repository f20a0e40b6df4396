"""A process that is killed while the workspace exchanges its token: the next one goes on."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from entra_oauth.practice.directory.workloads import DATABRICKS_ACCOUNT
from entra_oauth.practice.server.hosts import serve
from entra_oauth.practice.tenant import PracticeTenant
from entra_oauth.protocol.messages import HttpRequest, HttpResponse
from kit import needs
from kit.command_line import Running
from kit.nightly import Nightly, exchanging_tenant, is_own
from kit.practice import DAEMON, SECRET

PATIENCE_S = 60.0


class Held(PracticeTenant):
    """A tenant whose first exchange is answered when the test lets it."""

    def __init__(self) -> None:
        super().__init__(directory=exchanging_tenant().directory)
        self.arrived, self.let_go = threading.Event(), threading.Event()
        self.exchanges = 0

    def handle(self, request: HttpRequest) -> HttpResponse:
        if request.path == "/oidc/v1/token":
            self.exchanges += 1
            if self.exchanges == 1:
                self.arrived.set()
                assert self.let_go.wait(PATIENCE_S)
        return super().handle(request)


def _options(kind: str, tenant: Held, base: str, folder: Path) -> tuple[str, ...]:
    place = ("--exchange", "databricks", "--exchange-client-id", DAEMON, "--workspace-url", base)
    if kind == "entra":
        return (*Nightly(tenant, base).ids, "--flow", "client-credentials", *place)
    file = folder / "token"
    file.write_text(tenant.issuer_token("github", audience=DATABRICKS_ACCOUNT, life_s=3600))
    source = ("--subject-token", "federated", "--federated-token-file", str(file))
    return (*place, *source, "--authority-host", base)


@needs.posix
@pytest.mark.parametrize("kind", ["entra", "federated"])
def test_who_waits_for_one_that_is_killed_exchanges_itself(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_CLIENT_SECRET", SECRET)
    tenant = Held()
    with serve(tenant, tls=False) as hosted:
        options = _options(kind, tenant, hosted.base_url, tmp_path)
        command = [sys.executable, "-P", "-m", "entra_oauth", "token", *options]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as first:
            try:
                assert tenant.arrived.wait(PATIENCE_S)
                with Running("token", *options) as second:
                    second.wait_for("Waiting for another entra-oauth process")
                    first.kill()
                    ended = second.finish()
            finally:
                tenant.let_go.set()
                first.kill()
        assert ended.code == 0, ended.err
        assert is_own(ended.out, Nightly(tenant, hosted.base_url))
    assert tenant.exchanges == 2
