"""The instructions that small commands take, as ratios to an empty Python: seconds without noise.

    python benchmarks/instructions.py

Counted by valgrind's callgrind with one seed for all hashes, which repeats nearly to the last
instruction on a machine however busy. So a slowdown of 5 % is seen where seconds would hide it.
Each command is run once before, uncounted, so that Python's compiled files are written.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from entra_oauth.cache.account import Account, App, CachedToken
from entra_oauth.cache.file_store import FileStore
from entra_oauth.practice.directory.model import ARTICLE_CLIENT_ID, ARTICLE_TENANT_ID, DATABRICKS

_SCRIPT = "import sys\nfrom entra_oauth.cli import program\nsys.exit(program())\n"
_AUTHORITY = "https://login.microsoftonline.com"


def main() -> None:
    if shutil.which("valgrind") is None:
        sys.exit("valgrind is not installed here, so no instructions are counted.")
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        script = home / "entra-oauth"
        script.write_text(_SCRIPT, encoding="utf-8")
        app = ["--tenant", ARTICLE_TENANT_ID, "--client-id", ARTICLE_CLIENT_ID]
        _store_a_token(home)
        empty = _counted(home, "-c", "pass")
        print("| what | million instructions | of `python -c pass` |")
        print("|---|---|---|")
        print(f"| `python -c pass` | {empty / 1e6:.1f} | 1 |")
        for what, arguments in {
            "`token` from the store": ["token", *app],
            "`--version`": ["--version"],
            "`--help`": ["--help"],
            "`login --help`": ["login", "--help"],
        }.items():
            count = _counted(home, str(script), *arguments)
            print(f"| {what} | {count / 1e6:.1f} | {count / empty:.2f} |", flush=True)


def _store_a_token(home: Path) -> None:
    store = FileStore(str(home / ".local/state/entra-oauth/tokens"))
    now = int(time.time())
    token = CachedToken(
        text="x" * 2000,
        expires_on=now + 86_400,
        arrived_at=now,
        arrived_on_clock=int(time.monotonic()),  # 0 is when the machine was started
    )
    app = App(_AUTHORITY, ARTICLE_TENANT_ID, ARTICLE_CLIENT_ID)
    who = Account(name="alice@contoso-practice.example", refresh_token="1.x" * 300)
    store.save(app, who, f"{DATABRICKS}/.default", token, signed_in=True)


def _counted(home: Path, *arguments: str) -> int:
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    environ = kept | {"HOME": str(home), "PYTHONHASHSEED": "0"}
    environ |= {"PYTHONPYCACHEPREFIX": str(home / "pyc")}
    command = [sys.executable, *arguments]
    ran = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise SystemExit(f"{' '.join(arguments)} failed:\n{ran.stderr}")
    counting = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={os.devnull}", *command]
    ran = subprocess.run(counting, env=environ, capture_output=True, text=True, check=True)
    (count,) = re.findall(r"Collected : (\d+)", ran.stderr)
    return int(count)


if __name__ == "__main__":
    main()
