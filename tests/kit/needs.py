"""What a test needs beyond Python and the group `test`, as marks that skip it.

    @needs.chromium
    @needs.python("msal")
    def test_… -> None: ...

Each reason names the package to install. Where everything is meant to be
installed (`ENTRA_OAUTH_NO_SKIP=1`, set by `.ci/run`), such a skip is a failure:
see `conftest.py`. A skip for the platform's sake (`windows`, `posix`, `ipv6`)
never is.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import sys
from pathlib import Path

import pytest

__all__ = [
    "CHROMIUM",
    "CURL",
    "FOREIGN_PYTHON",
    "MSGRAPH",
    "NODE",
    "NODE_MODULES",
    "NO_SKIP",
    "PACKAGE_MISSING",
    "SPARK",
    "azure_cli",
    "chromium",
    "curl",
    "git",
    "ipv6",
    "is_large",
    "mitmproxy",
    "msgraph",
    "node_package",
    "own_python",
    "posix",
    "program",
    "python",
    "spark",
    "windows",
]

PACKAGE_MISSING = "needs the package"
"""How the reason of every skip begins that an installation would cure."""

# Read once, at import: the environment of each test is emptied of these.
NO_SKIP = os.environ.get("ENTRA_OAUTH_NO_SKIP", "") not in ("", "0")
NODE_MODULES = (
    Path(os.environ["ENTRA_OAUTH_NODE_MODULES"])
    if os.environ.get("ENTRA_OAUTH_NODE_MODULES")
    else None
)
"""Where npm's packages for the tests are, outside the tree; None if nobody said."""

MSGRAPH = os.environ.get("ENTRA_OAUTH_MSGRAPH_PYTHON") or None
"""The Python of an environment with msgraph-sdk and azure-identity; None if nobody said."""
SPARK = os.environ.get("ENTRA_OAUTH_SPARK_PYTHON") or None
"""The Python of an environment with pyspark, pandas, pyarrow and what the package needs."""
FOREIGN_PYTHON = os.environ.get("ENTRA_OAUTH_FOREIGN_PYTHON", "")
"""A Python with other people's web libraries, which have wishes of their own as to versions."""

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))),
    None,
)
CURL = shutil.which("curl")
NODE = shutil.which("node")


def _package(present: object, name: str, how: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(not present, reason=f"{PACKAGE_MISSING} {name}: {how}")


def program(name: str, *, debian: str | None = None) -> pytest.MarkDecorator:
    """A program on PATH; `debian` is its package, if that is called otherwise."""
    package = debian or name
    return _package(shutil.which(name), package, f"apt install {package}")


def python(module: str, *, pypi: str | None = None, group: str = "") -> pytest.MarkDecorator:
    """A Python module; `pypi` is its package, if that is called otherwise."""
    package = pypi or module
    how = f"pip install --group {group}" if group else f"pip install {package}"
    return _package(_is_there(module), package, how)


def own_python(name: str) -> pytest.MarkDecorator:
    """A package in the environment whose Python `ENTRA_OAUTH_FOREIGN_PYTHON` names."""
    how = f"pip install {name} elsewhere, ENTRA_OAUTH_FOREIGN_PYTHON=ELSEWHERE/bin/python"
    return _package(FOREIGN_PYTHON, name, how)


def _is_there(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # a package that it is in is missing
        return False


def node_package(name: str) -> pytest.MarkDecorator:
    """A package of npm's, in the folder that `ENTRA_OAUTH_NODE_MODULES` names."""
    present = NODE and NODE_MODULES and (NODE_MODULES / name / "package.json").is_file()
    how = f"npm install --prefix FOLDER {name}, ENTRA_OAUTH_NODE_MODULES=FOLDER/node_modules"
    return _package(present, name, how)


def _has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


chromium = _package(CHROMIUM, "chromium", "apt install chromium")
curl = _package(CURL, "curl", "apt install curl")
git = program("git")
azure_cli = _package(shutil.which("az"), "azure-cli", "pipx install azure-cli")
msgraph = _package(
    MSGRAPH,
    "msgraph-sdk",
    "python -m venv DIR, DIR/bin/pip install msgraph-sdk azure-identity, "
    "ENTRA_OAUTH_MSGRAPH_PYTHON=DIR/bin/python",
)
spark = _package(
    SPARK and shutil.which("java"),
    "pyspark",
    "apt install openjdk-17-jre-headless; python -m venv DIR, DIR/bin/pip install pyspark pandas "
    "pyarrow entra-oauth, ENTRA_OAUTH_SPARK_PYTHON=DIR/bin/python",
)
mitmproxy = _package(shutil.which("mitmdump"), "mitmproxy", "pipx install mitmproxy")


def is_large(mark: pytest.Mark) -> bool:
    """Say of a mark of these whether it asks for a large foreign program."""
    reason = str(mark.kwargs.get("reason", ""))
    asked = reason.removeprefix(f"{PACKAGE_MISSING} ").partition(":")
    return reason.startswith(PACKAGE_MISSING) and (
        asked[0] in ("azure-cli", "chromium", "mitmproxy", "msgraph-sdk", "pyspark")
        or asked[2].startswith(" npm ")
        or "ENTRA_OAUTH_FOREIGN_PYTHON" in asked[2]
    )


windows = pytest.mark.skipif(sys.platform != "win32", reason="only on Windows")
posix = pytest.mark.skipif(sys.platform == "win32", reason="not on Windows")
ipv6 = pytest.mark.skipif(not _has_ipv6(), reason="this machine has no ::1")
