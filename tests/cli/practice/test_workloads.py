"""`practice run --workload`: the program gets its place and its secrets, and nobody else does."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from entra_oauth.practice.directory.model import ARTICLE_CLIENT_ID, ARTICLE_TENANT_ID
from kit import needs
from kit.command_line import call

ASK = """\
import json, os, ssl, sys, urllib.request
address, secret, header = (os.environ.get(name, name) for name in sys.argv[2:5])
if address.endswith("oidctoken"):
    address += "?api-version=7.1"
method = "POST" if "oidctoken" in address else "GET"
if header == "Authorization":
    request = urllib.request.Request(address, headers={header: "Bearer " + secret}, method=method)
else:
    address += "?api-version=2019-08-01&resource=https%3A%2F%2Fvault.azure.net"
    request = urllib.request.Request(address, headers={header: secret}, method=method)
trust = ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"])
with urllib.request.urlopen(request, context=trust) as answer:
    body = json.load(answer)
token = next(body[name] for name in ("access_token", "value", "oidcToken") if name in body)
with open(sys.argv[1], "w") as file:
    print(secret, *token.split("."), sep="\\n", file=file)
"""
PLACES = {
    "app-service": ("IDENTITY_ENDPOINT", "IDENTITY_HEADER", "X-IDENTITY-HEADER"),
    "github": ("ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "Authorization"),
    "azure-devops": ("SYSTEM_OIDCREQUESTURI", "SYSTEM_ACCESSTOKEN", "Authorization"),
}


@pytest.mark.parametrize("place", PLACES)
def test_what_a_program_gets_there_is_in_no_recording(place: str, tmp_path: Path) -> None:
    got, rec, before = tmp_path / "got", tmp_path / "rec", dict(os.environ)
    program = (sys.executable, "-P", "-c", ASK, str(got), *PLACES[place])
    options = ("--workload", place, "--record", str(rec))
    ran = call("practice", "run", *options, "--", *program)
    assert ran.code == 0, ran.err
    secret, _, claims, signature = got.read_text(encoding="ascii").split()
    written = b"".join(path.read_bytes() for path in rec.rglob("*") if path.is_file())
    assert b"/msi/token" in written or b"idtoken" in written or b"oidctoken" in written
    for value in (secret, claims, signature):
        assert value.encode() not in written
    assert dict(os.environ) == before


@needs.posix
def test_a_sign_in_of_ours_in_a_run_is_kept_for_the_run_alone() -> None:
    ours = f"{sys.executable} -P -m entra_oauth"
    asked = f"--tenant {ARTICLE_TENANT_ID} --client-id {ARTICLE_CLIENT_ID}"
    program = f"{ours} login {asked} -q && {ours} token {asked}"
    ran = call("practice", "run", "--", "sh", "-c", program)
    assert ran.code == 0, ran.err
    after = call("token", "--tenant", ARTICLE_TENANT_ID, "--client-id", ARTICLE_CLIENT_ID)
    assert (after.code, after.out) == (4, ""), "it would pass for a real one"
    managed = ("--managed-identity-source", "imds")
    program = f"{ours} token {' '.join(managed)}"
    options = ("--workload", "imds", "--", "sh", "-c", program)
    assert call("practice", "run", *options).code == 0
    assert list(Path(os.environ["HOME"]).rglob("tokens")) == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--workload", "aws"), "--workload"),
        (("--workload", "github", "--directory", "FILE"), "no issuer of the kind github"),
        (("--workload", "kubernetes", "--directory", "FILE"), "no issuer of the kind kubernetes"),
    ],
)
def test_a_place_that_is_not_there_is_refused_by_name(
    options: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    file = tmp_path / "directory.toml"
    file.write_text(
        '[[issuers]]\nkind = "azure-devops"\nurl = "https://x.example"\nsubject = "y"\n',
        encoding="utf-8",
    )
    words = tuple(str(file) if word == "FILE" else word for word in options)
    program = (sys.executable, "-c", f"open({str(tmp_path / 'ran')!r}, 'w')")
    ran = call("practice", "run", *words, "--", *program)
    assert ran.code == 2
    assert said in ran.err
    assert not (tmp_path / "ran").exists()
