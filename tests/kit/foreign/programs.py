"""Clients that others wrote, as processes, led to a practice tenant as `practice run` does.

Their scripts are in `clients/`. Each prints one JSON object with what it got, or ends
with an error of its own making.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from entra_oauth.practice import Directory, PracticeTenant, serve
from entra_oauth.practice.directory.defaults import DEFAULT
from entra_oauth.practice.run.program import browser_for, environment
from entra_oauth.practice.server.hosts import Hosted
from kit import needs

__all__ = ["AUTHORITY", "DAEMON", "ISSUER", "SECRET", "WEB", "WORKSPACE", "Cloud", "Ended", "cloud"]

CLIENTS = Path(__file__).parents[2] / "against" / "clients"
AUTHORITY = "https://login.microsoftonline.com"
ISSUER = f"{AUTHORITY}/a1bc2d34-5e67-8f89-01ab-c2345d6c78de/v2.0"
WEB = "5eb00000-0000-4000-8000-000000000002"
DAEMON = "da3e0000-0000-4000-8000-000000000005"
SECRET = "practice-secret"
WORKSPACE = "https://adb-1234567890123456.7.azuredatabricks.net"

_PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True)
class Ended:
    """How a client ended."""

    code: int
    out: str
    err: str

    def answer(self) -> dict[str, Any]:
        """What it got. Fails if it did not get anything."""
        assert self.code == 0, self.err or self.out
        content = json.loads(self.out.strip().splitlines()[-1])
        assert isinstance(content, dict)
        return content


@dataclass(frozen=True, slots=True, kw_only=True)
class Cloud:
    """A tenant that plays the real hosts, and is served under its own address as well."""

    tenant: PracticeTenant
    hosted: Hosted
    environ: dict[str, str]

    @property
    def base_url(self) -> str:
        """The tenant's own address."""
        return self.hosted.base_url

    def at(self, workload: str) -> dict[str, str]:
        """The variables of a program that runs at that place."""
        return self.tenant.variables_of(workload, self.hosted, authority_url=AUTHORITY)

    def python(
        self, script: str, *arguments: str, stdin: str = "", more: Mapping[str, str] | None = None
    ) -> Ended:
        """Run one of the Python scripts, with `more` in its environment."""
        command = [sys.executable, str(CLIENTS / script), *arguments]
        return self._run(command, stdin, {**self.environ, **(more or {})})

    def foreign_python(self, script: str, *arguments: str) -> Ended:
        """Run one with the Python that has other people's web libraries."""
        assert needs.FOREIGN_PYTHON
        return self._run([needs.FOREIGN_PYTHON, str(CLIENTS / "sites" / script), *arguments], "")

    def node(self, script: str, *arguments: str) -> Ended:
        """Run one of the scripts for Node, which is told where its packages are."""
        assert needs.NODE
        assert needs.NODE_MODULES
        modules = str(needs.NODE_MODULES)
        command = [needs.NODE, str(CLIENTS / script), modules, *arguments]
        # Given the tenant's own address: a Node that does obey proxies must not ask one for it.
        direct = {n: v for n, v in self.environ.items() if "PROXY" not in n.upper()}
        return self._run(command, "", direct)

    def _run(
        self, command: list[str], stdin: str, environ: Mapping[str, str] | None = None
    ) -> Ended:
        done = subprocess.run(
            command,
            env=self.environ if environ is None else environ,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=_PATIENCE_S,
            check=False,
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    def asked(self, ending: str) -> int:
        """How often an address was asked for."""
        return sum(1 for request, _ in self.tenant.log if request.path.endswith(ending))


@contextmanager
def cloud(directory: Directory | None = None) -> Iterator[Cloud]:
    """A fresh one, in which an administrator has consented to everything."""
    tenant = PracticeTenant(directory=directory or DEFAULT.with_admin_consent())
    with serve(tenant, proxy_port=0) as hosted, browser_for(tenant.person("alice")) as browser:
        assert hosted.proxy
        environ = environment(
            os.environ,
            proxy_url=hosted.proxy.url,
            ca_file=hosted.ca_file,
            base_url=hosted.base_url,
            browser=browser,
        )
        yield Cloud(tenant=tenant, hosted=hosted, environ=environ)
        assert hosted.proxy.refused == ()
