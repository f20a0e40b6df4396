"""The route of a plain `login`: a reader meets it in few files."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from entra_oauth.practice import PracticeTenant, serve
from kit.command_line import CLIENT

MOST = 45
"""Files of the package in which a function is entered."""
MOST_OF_CLI = 14
"""Those of the command line, with the errors and the package's own file."""

# Module bodies do not count: they declare. What runs in them, such as a comprehension, does.
WATCHED = """
import atexit, os, sys, threading
from pathlib import Path

entered = set()


def see(frame, event, argument):
    if event == "call" and frame.f_code.co_flags & 1:  # CO_OPTIMIZED: the body of a function
        entered.add(frame.f_code.co_filename)


def tell():
    top = f"{Path(sys.modules['entra_oauth'].__file__).parent}{os.sep}"
    names = sorted(name.removeprefix(top) for name in list(entered) if name.startswith(top))
    Path(os.environ["ENTERED"]).write_text("\\n".join(names), encoding="utf-8")


atexit.register(tell)
sys.setprofile(see)
threading.setprofile(see)
from entra_oauth.cli import program

program()
"""


def _entered(tmp_path: Path) -> list[str]:
    """The files in which a plain sign-in enters a function, by the package's own names."""
    found = tmp_path / "entered"
    environ = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
    environ |= {"HOME": str(tmp_path), "ENTERED": str(found)}
    browser = f"{sys.executable} -P -m entra_oauth.practice.run.browser_command --user alice %s"
    with serve(PracticeTenant(), tls=False) as tenant:
        command = [sys.executable, "-P", "-c", WATCHED, "login", "--client-id", CLIENT]
        command += ["--authority-host", tenant.base_url, "--cache", "file", "--browser", browser]
        command += ["--tenant", tenant.authority_url().rpartition("/")[2]]
        ran = subprocess.run(
            command, env=environ, capture_output=True, text=True, timeout=60, check=False
        )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith("Signed in as alice@")
    names = found.read_text(encoding="utf-8").split("\n")
    # It makes the classes of values, as the standard library's dataclasses would: no step of it.
    return [name.replace(os.sep, "/") for name in names if name != "light.py"]


def test_a_plain_login_is_read_in_few_files(tmp_path: Path) -> None:
    entered = _entered(tmp_path)
    assert {"cli/get_tokens/login.py", "flows/authorization_code.py"} <= set(entered)
    assert len(entered) <= MOST, entered
    ours = [name for name in entered if name.startswith("cli/") or "/" not in name]
    assert len(ours) <= MOST_OF_CLI, ours
