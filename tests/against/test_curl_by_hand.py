"""The article's two steps done by hand: what `mirror --print` says, with the real curl."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from entra_oauth.practice import PracticeTenant, serve
from entra_oauth.practice.directory.model import ARTICLE_CLIENT_ID, DATABRICKS
from entra_oauth.protocol.messages import parse_form, split_form
from kit import needs
from kit.foreign.command import at
from kit.foreign.final_address import final_address
from kit.foreign.person import ALICE, state_of

pytestmark = [pytest.mark.against, needs.curl, needs.posix]

PLACE = "<authorization-code>"


@pytest.mark.parametrize("tls", [True, False], ids=["https", "http"])
def test_what_mirror_prints_leads_to_a_token_with_the_real_curl(
    tls: bool, tenant: PracticeTenant, tmp_path: Path
) -> None:
    with serve(tenant, tls=tls) as hosted:
        url, command = _printed(at(hosted.base_url), tmp_path)
        address = final_address(url, "http://localhost", user=ALICE, ca_file=hosted.ca_file or None)
        answer = dict(split_form(address.partition("?")[2].partition("#")[0]))
        assert answer["state"] == state_of(url)
        assert command.count(PLACE) == 1
        done = subprocess.run(
            ["sh", "-c", command.replace(PLACE, answer["code"])],
            env={"PATH": os.environ["PATH"], "CURL_CA_BUNDLE": hosted.ca_file},
            cwd=tmp_path,
            capture_output=True,
            timeout=30,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    token = json.loads(done.stdout)
    assert (token["token_type"], set(token) & {"refresh_token", "id_token"}) == ("Bearer", set())
    assert token["access_token"].count(".") == 2

    (asked,) = (request for request, _ in tenant.log if request.path.endswith("/token"))
    assert (asked.header("User-Agent") or "").startswith("curl/")
    assert parse_form(asked.body.decode()) == (
        ("client_id", ARTICLE_CLIENT_ID),
        ("scope", f"{DATABRICKS}/.default"),
        ("code", dict(parse_form(address.partition("?")[2]))["code"]),
        ("redirect_uri", "http://localhost"),
        ("grant_type", "authorization_code"),
        ("state", state_of(url)),
    )


def _printed(arguments: list[str], folder: Path) -> tuple[str, str]:
    """The address and the curl command, as a person copies them."""
    printed = subprocess.run(
        [sys.executable, "-Werror", "-m", "entra_oauth", "mirror", "--print", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert printed.returncode == 0, printed.stderr
    url, _, command = printed.stdout.partition("\n")
    assert command.startswith("curl ")
    return url, command
