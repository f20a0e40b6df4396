"""`python -m entra_oauth` says in one line what it needs."""

from __future__ import annotations

import subprocess
import sys

import pytest

START = "import runpy, sys\n{before}\nrunpy.run_module('entra_oauth', run_name='__main__')"
OLD = "sys.version_info = ({}, 'final', 0)"
MISSING = """
class Nothing:
    def find_spec(self, name, path=None, target=None):
        if name.partition('.')[0] == 'platformdirs':
            raise ModuleNotFoundError("No module named 'platformdirs'", name='platformdirs')
sys.meta_path.insert(0, Nothing())
sys.argv = ['entra-oauth', 'exchange']
"""


def _run(before: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-c", START.format(before=before)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(("version", "shown"), [("3, 8, 10", "3.8"), ("3, 10, 1", "3.10")])
def test_a_python_that_is_too_old_is_named(version: str, shown: str) -> None:
    ran = _run(OLD.format(version))
    assert ran.returncode == 1
    assert ran.stderr == f"entra-oauth needs Python 3.11 or later, and this is Python {shown}.\n"


def test_on_windows_its_launcher_is_named() -> None:
    ran = _run(f"{OLD.format('3, 10, 1')}; sys.platform = 'win32'")
    assert ran.stderr.endswith("this is Python 3.10. Run: py -3.11 -m entra_oauth\n")


def test_a_dependency_that_is_missing_is_named() -> None:
    ran = _run(MISSING)
    assert (ran.returncode, ran.stdout) == (8, "")
    assert ran.stderr.startswith("error: The package platformdirs is missing")
    assert len(ran.stderr.splitlines()) == 2
