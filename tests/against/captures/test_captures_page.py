"""The commands of docs/captures.md run, from the first packet to the last file."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from entra_oauth.practice import PracticeTenant, serve
from entra_oauth.practice.directory.model import ARTICLE_CLIENT_ID, ARTICLE_TENANT_ID
from kit import needs
from kit.command_line import call
from kit.foreign.capturing import captured
from kit.project import pages

pytestmark = [
    pytest.mark.against,
    needs.posix,
    needs.curl,
    needs.program("tshark"),
    needs.program("dumpcap", debian="tshark"),
    pytest.mark.skipif(
        not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may capture"
    ),
]

CAPTURE, ASK, IMPORT, LINT, REMOVE = pages.commands(pages.page("docs/captures.md"))
HOST = "https://login.microsoftonline.com"


def _shell(command: str) -> None:
    done = subprocess.run(command, shell=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_commands_of_the_page_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with serve(PracticeTenant(), tls=True) as hosted:
        port = urlsplit(hosted.base_url).port or 0
        file = Path(shlex.split(CAPTURE)[-1])
        assert f'dumpcap -q -i any -f "tcp port 443" -w {file}' == CAPTURE
        with captured(file, port):
            asked = ASK.replace(HOST, hosted.base_url).replace("TENANT", ARTICLE_TENANT_ID)
            asked = asked.replace("CLIENT", ARTICLE_CLIENT_ID)
            _shell(asked.replace("curl ", f"curl --cacert {shlex.quote(hosted.ca_file)} "))
    ran = call(*shlex.split(IMPORT)[1:])
    assert ran.code == 0, ran.err
    assert "  token      POST " in ran.out
    assert ran.err.endswith(
        "Next: delete capture.pcapng and keys.log. Whoever has them can read all that passed, "
        "codes and tokens too.\n"
    )
    assert call(*shlex.split(LINT)[1:]).code == 0
    _shell(REMOVE)
    assert [path.name for path in tmp_path.iterdir()] == ["rec"]
