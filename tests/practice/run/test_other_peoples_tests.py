"""The page on practice shows how tests in another language are started; so they are here."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from kit import needs

PAGE = Path(__file__).parents[3] / "docs" / "practice.md"
RUN = [sys.executable, "-P", "-m", "entra_oauth", "practice", "run", "-q", "--"]


def _shown(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found
    return found[1]


def _run(folder: Path, script: str) -> subprocess.CompletedProcess[str]:
    (folder / "sign-in.test.mjs").write_text(script)
    command = [*RUN, "node", "--test", "sign-in.test.mjs"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.against
@needs.program("node", debian="nodejs")
def test_the_test_for_node_that_is_shown_passes_and_can_fail(tmp_path: Path) -> None:
    script = _shown("js")
    done = _run(tmp_path, script)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^. pass 1$", done.stdout, re.MULTILINE)
    wrong = _run(tmp_path, script.replace("practice-secret", "another"))
    assert wrong.returncode == 1
    assert re.search(r"^. fail 1$", wrong.stdout, re.MULTILINE)


def test_what_leads_to_the_tenant_reaches_the_program_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from entra_oauth.cli import main

    before, here = dict(os.environ), set(tmp_path.iterdir())
    show = tmp_path / "environ"
    program = f"import json, os; open({str(show)!r}, 'w').write(json.dumps(dict(os.environ)))"
    assert main(["practice", "run", "-q", "--", sys.executable, "-P", "-c", program]) == 0
    assert '"HTTPS_PROXY": "http://127.0.0.1:' in show.read_text()
    assert dict(os.environ) == before
    assert set(tmp_path.iterdir()) - here == {show}
