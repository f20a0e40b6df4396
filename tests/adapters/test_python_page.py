"""The programs of docs/python.md, each run as it stands, but for ids and hosts."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import entra_oauth
from entra_oauth.cache.file_store import FileStore
from entra_oauth.cache.profiles import Profile, Profiles
from entra_oauth.practice import PracticeBrowser, PracticeTenant, http_send, serve
from entra_oauth.practice.directory.defaults import DEFAULT
from entra_oauth.practice.directory.model import ARTICLE_CLIENT_ID, ARTICLE_TENANT_ID
from entra_oauth.practice.server.hosts import Hosted
from entra_oauth.protocol.authority import Authority
from entra_oauth.protocol.messages import HttpRequest, HttpResponse
from kit import needs
from kit.practice import ALICE, PASSWORD
from kit.project import pages
from kit.signed_in import AtHand

PAGE = pages.page("docs/python.md")
PROGRAMS: dict[str, str] = dict(
    re.findall(r"^## (.*?)\n.*?```python\n(.*?)```", PAGE, re.MULTILINE | re.DOTALL)
)
DAEMON = "da3e0000-0000-4000-8000-000000000005"
BLOBS = (
    '<?xml version="1.0"?><EnumerationResults ServiceEndpoint="x"><Containers><Container>'
    "<Name>reports</Name><Properties/></Container></Containers><NextMarker/></EnumerationResults>"
)


class Blobs:
    """A storage account with one container, for whoever has a token."""

    directory = DEFAULT

    def connect(self, host: str) -> int:
        return 403

    def handle(self, request: HttpRequest) -> HttpResponse:
        if not (request.header("Authorization") or "").startswith("Bearer "):
            return HttpResponse(status=401)
        kind = ("Content-Type", "application/xml")
        return HttpResponse(status=200, headers=(kind,), body=BLOBS.encode())


@pytest.fixture
def tenant() -> PracticeTenant:
    return PracticeTenant(directory=DEFAULT.with_admin_consent())


@pytest.fixture
def hosted(tenant: PracticeTenant, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hosted]:
    """The tenant, a profile `work` of it, and alice signed in."""
    with serve(tenant) as ours:
        authority = Authority(ours.base_url, ARTICLE_TENANT_ID)
        AtHand(tenant, ours, FileStore.standard(os.environ), authority).sign_in()
        values: dict[str, str | tuple[str, ...]] = {
            "tenant": ARTICLE_TENANT_ID,
            "client_id": ARTICLE_CLIENT_ID,
            "authority_host": ours.base_url,
            "ca_bundle": ours.ca_file,
        }
        Profiles.standard(os.environ).put(Profile("work", values))
        monkeypatch.setattr(Authority, "of", lambda tenant, cloud="public": authority)
        yield ours


def _code(title: str, hosted: Hosted, **changes: str) -> str:
    code = PROGRAMS[title]
    known = {
        "TENANT": ARTICLE_TENANT_ID,
        "CLIENT": ARTICLE_CLIENT_ID,
        "https://adb-1234567890123456.7.azuredatabricks.net": hosted.base_url,
    }
    for old, new in {**known, **changes}.items():
        code = code.replace(old, new)
    return code


def _run(title: str, hosted: Hosted, monkeypatch: pytest.MonkeyPatch, **changes: str) -> None:
    """In this process, whose `Authority.of` names the practice tenant."""
    monkeypatch.setenv("SSL_CERT_FILE", hosted.ca_file)
    code = compile(_code(title, hosted, **changes), title, "exec")
    exec(code, {"__name__": "example"})


def _run_alone(title: str, hosted: Hosted, ca_file: str = "", **changes: str) -> str:
    """In a process of its own: aiohttp reads only once which authorities are trusted."""
    trusted = ca_file or hosted.ca_file
    ran = subprocess.run(
        [sys.executable, "-c", _code(title, hosted, **changes)],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "SSL_CERT_FILE": trusted, "REQUESTS_CA_BUNDLE": trusted},
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def _visit(hosted: Hosted, url: str) -> str:
    """Sign alice in; the address on which the browser ends."""

    def send(request: HttpRequest) -> HttpResponse:
        if request.url.startswith(hosted.base_url):
            return http_send(request, ca_file=hosted.ca_file)
        return http_send(request) if ":" in request.url[6:] else HttpResponse(status=502)

    return PracticeBrowser(send, ALICE, PASSWORD).open(url).url


def test_there_are_seven_and_each_imports_public_names_only() -> None:
    assert len(PROGRAMS) == 7
    for code in PROGRAMS.values():
        names = re.findall(r"^from entra_oauth import (.*)$", code, re.MULTILINE)
        assert names
        assert {name for line in names for name in line.split(", ")} <= set(entra_oauth.__all__)


def test_a_script(
    hosted: Hosted, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    visits: list[threading.Thread] = []

    def launch(url: str, command: str | None = None, *, failed: object) -> bool:
        visits.append(threading.Thread(target=_visit, args=(hosted, url), daemon=True))
        visits[0].start()
        return True

    monkeypatch.setattr("entra_oauth.channels.listener.system_browser.launch", launch)
    _run("A script", hosted, monkeypatch)
    visits[0].join(20)
    assert capsys.readouterr().out.startswith(f"{ALICE} ")


def test_a_notebook(
    hosted: Hosted, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def getpass(prompt: str) -> str:
        assert "Paste the address here" in prompt
        (url,) = re.findall(r"^https://\S+$", capsys.readouterr().err, re.MULTILINE)
        return _visit(hosted, url)

    monkeypatch.setattr("getpass.getpass", getpass)
    _run("A notebook on another machine", hosted, monkeypatch)
    assert capsys.readouterr().out.startswith(f"{ALICE} ")


def test_a_job(
    tenant: PracticeTenant,
    hosted: Hosted,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    made = tenant.certificate_of(DAEMON)
    (tmp_path / "app.pem").write_text(made.certificate + made.private_key, encoding="ascii")
    monkeypatch.chdir(tmp_path)
    _run("A job at night", hosted, monkeypatch, CLIENT=DAEMON)
    assert int(capsys.readouterr().out) > 3000


def test_requests(hosted: Hosted) -> None:
    assert _run_alone("requests", hosted) == "200\n"


@needs.python("httpx", group="interop")
@needs.python("aiohttp", group="interop")
def test_httpx_and_aiohttp(hosted: Hosted) -> None:
    assert _run_alone("httpx, and aiohttp", hosted) == "200\n" * 3


@needs.python("azure.storage.blob", pypi="azure-storage-blob", group="interop")
@needs.python("aiohttp", group="interop")
def test_azures_sdks(hosted: Hosted, tmp_path: Path) -> None:
    both = tmp_path / "both.pem"
    with serve(Blobs()) as account:
        both.write_bytes(b"".join(Path(each.ca_file).read_bytes() for each in (hosted, account)))
        blob = {"https://ACCOUNT.blob.core.windows.net": account.base_url}
        said = _run_alone("Azure's SDKs, sync and async", hosted, str(both), **blob)
    assert said == "['reports']\n" * 2


@needs.python("databricks.sdk", pypi="databricks-sdk", group="interop")
def test_databricks_sdk(hosted: Hosted) -> None:
    assert _run_alone("databricks-sdk", hosted) == f"{ALICE}\n"
