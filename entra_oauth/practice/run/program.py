"""The environment of a program that is run against the tenant as it is.

Nothing of the program is changed. A proxy, a certificate and a
browser are named to it, in the variables that most TLS stacks and tools read.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from entra_oauth.child_program import WINDOWS, answer_of
from entra_oauth.practice.run.browser_command import PASSWORD_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from entra_oauth.practice.directory.model import User

__all__ = [
    "URL_VARIABLE",
    "azure_settings",
    "browser_for",
    "environment",
    "own_settings",
    "warning",
]

URL_VARIABLE = "ENTRA_OAUTH_PRACTICE_URL"
"""The variable that holds the tenant's own address, without a slash at its end."""

_SECRET = (
    *("AZURE_", "ARM_", "DATABRICKS_", "IDENTITY_", "MSI_", "ACTIONS_ID_TOKEN_"),
    *("SYSTEM_ACCESSTOKEN", "SYSTEM_OIDCREQUESTURI"),
)
_TRUST = ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
_IN_THE_WAY = (
    *("ALL_PROXY", "NO_PROXY", "SSL_CERT_DIR", "ENTRA_OAUTH_CA_BUNDLE"),
    "ENTRA_OAUTH_PROFILE",  # of a real tenant, like a default profile
)
_NODES = ("node", "nodejs", "npm", "npx", "yarn", "pnpm", "tsx", "ts-node")
_JAVAS = ("java", "mvn", "gradle", "scala", "spark-submit")


def environment(
    base: Mapping[str, str],
    *,
    proxy_url: str,
    ca_file: str,
    base_url: str,
    browser: str,
    password: str = "",
    windows: bool = WINDOWS,
) -> dict[str, str]:
    """`base` without secrets of real clouds, and with the way to the tenant.

    `base_url` is the tenant's own address, for programs that take no proxy. `password` is the
    practice person's, for the browser; elsewhere than on Windows its own script has it.

    Proxy variables are set in both spellings, because curl reads `http_proxy` in lower
    case only. Around the proxy lead no other hosts than this machine.
    """
    harmless = {
        name: value
        for name, value in base.items()
        if not name.upper().startswith(_SECRET) and name.upper() not in _IN_THE_WAY
    }
    proxies = {
        spelling: proxy_url
        for name in ("HTTPS_PROXY", "HTTP_PROXY")
        for spelling in (name, name.lower())
    }
    direct = dict.fromkeys(("NO_PROXY", "no_proxy"), "localhost,127.0.0.1,::1")
    trust = dict.fromkeys(_TRUST, ca_file)
    # Since Node 24 its fetch honours the proxy variables when it is told to.
    named = {"NODE_USE_ENV_PROXY": "1", "BROWSER": browser, URL_VARIABLE: base_url}
    found = {**harmless, **proxies, **direct, **trust, **named}
    return {**found, PASSWORD_VARIABLE: password} if windows and password else found


@contextmanager
def azure_settings() -> Iterator[dict[str, str]]:
    """The variables by which Azure's own programs keep a sign-in for this run alone.

    Their folder is one of this run: the person's own (`~/.azure`) is neither read nor written.
    They report nothing to Microsoft, and on Windows ask the browser and no broker, which
    would go around the proxy.
    """
    # What a program leaves running may still write there when the folder goes.
    with TemporaryDirectory(prefix="practice-azure-", ignore_cleanup_errors=True) as folder:
        yield {
            "AZURE_CONFIG_DIR": folder,
            "AZURE_CORE_COLLECT_TELEMETRY": "false",
            "AZURE_CORE_ENABLE_BROKER_ON_WINDOWS": "false",
        }


@contextmanager
def own_settings(profiles: str) -> Iterator[dict[str, str]]:
    """The variables by which entra-oauth itself keeps sign-ins and profiles for this run alone.

    A sign-in is made at the address of the real authority: kept beside real ones, it would pass
    for one of them when the run is over. `profiles` is the text of the file that the run begins
    with; the person's own is out of its reach.
    """
    with TemporaryDirectory(prefix="practice-own-", ignore_cleanup_errors=True) as folder:
        config = Path(folder) / "config.toml"
        if profiles:
            config.write_text(profiles, encoding="utf-8")
        yield {
            "ENTRA_OAUTH_CACHE_DIR": os.path.join(folder, "tokens"),
            "ENTRA_OAUTH_CACHE": "file",
            "ENTRA_OAUTH_CONFIG": str(config),
        }


@contextmanager
def browser_for(
    user: User, *, reports_visits: bool = False, windows: bool = WINDOWS
) -> Iterator[str]:
    """A command for `BROWSER` that signs that person in and returns at once.

    It returns at once because a program may open the browser first and listen second.
    With `reports_visits` it reports its visits to the program to the tenant's control endpoint.
    """
    words = [
        sys.executable,
        "-P",
        "-m",
        "entra_oauth.practice.run.browser_command",
        "--user",
        user.name,
    ]
    words += ["--tell"] if reports_visits else []
    if windows:
        yield _for_webbrowser(words)
        return
    with TemporaryDirectory(prefix="practice-browser-") as folder:  # 0700
        script = Path(folder) / "browser"
        password = f"{PASSWORD_VARIABLE}={shlex.quote(user.password)}"
        script.write_text(
            f'#!/bin/sh\n{password} {shlex.join(words)} "$1" </dev/null >/dev/null &\n',
            encoding="utf-8",
        )
        script.chmod(0o700)
        yield str(script)


def _for_webbrowser(words: Sequence[str]) -> str:
    """The command as Python's `webbrowser` takes it apart: as a shell would, on Windows too.

    Back slashes are kept by the quotes. There is no script that could hold the password, so
    `environment` hands that on.
    """
    return f"{shlex.join(words)} %s &"


def warning(command: Sequence[str]) -> str | None:
    """A warning for a person whose program's runtime does not look at the variables."""
    name = os.path.basename(command[0]).lower().removesuffix(".exe").removesuffix(".cmd")
    if name in _JAVAS:
        return (
            "Java does not read HTTPS_PROXY: give -Dhttps.proxyHost=127.0.0.1, -Dhttps.proxyPort "
            "and a trust store with the certificate, or it will reach for the real Entra."
        )
    if name in _NODES and (version := _node_version()) is not None and version < 24:
        return (
            f"Node {version} ignores HTTPS_PROXY in fetch: the program may reach for the real "
            "Entra. Use Node 24, or a client that takes a proxy."
        )
    return None


def _node_version() -> int | None:
    """The major version of the Node on the path."""
    try:
        # The one that the program will meet.
        done = answer_of(["node", "--version"], timeout_s=10)
    except (OSError, subprocess.TimeoutExpired):
        return None
    major = done.stdout.decode("utf-8", "replace").strip().removeprefix("v").partition(".")[0]
    return int(major) if major.isascii() and major.isdigit() else None
