"""The single file of the core at work, on each Python that is here."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from entra_oauth.channels.exchange import Exchange
from entra_oauth.practice import PracticeTenant, serve
from entra_oauth.practice.directory.model import ARTICLE_CLIENT_ID, ARTICLE_TENANT_ID
from entra_oauth.practice.server.hosts import Hosted
from kit import needs
from kit.practice import ALICE, PASSWORD
from kit.project.core import PYTHONS, ROOT, Core, find
from kit.servers import app_certificates

API = "/api/2.0/clusters/list"

_BROWSER = f"""#!{sys.executable} -P
import sys
sys.path.insert(0, {str(ROOT)!r})
from entra_oauth.practice import PracticeBrowser, http_send
PracticeBrowser(http_send, {ALICE!r}, {PASSWORD!r}).open(sys.argv[1])
"""


@pytest.fixture
def core(tmp_path: Path) -> Core:
    return Core.made_in(tmp_path)


@pytest.fixture
def hosted() -> Iterator[Hosted]:
    with serve(PracticeTenant(), tls=False) as hosted:
        yield hosted


def _sign_in(
    core: Core, python: str, at: Hosted, *more: str, options: tuple[str, ...] = ()
) -> tuple[int, str, str]:
    browser = core.home / "browser"
    browser.write_text(_BROWSER, encoding="utf-8")
    browser.chmod(0o755)
    ran = core.run(
        python,
        *("login", "--authority-host", at.base_url, "--tenant", ARTICLE_TENANT_ID),
        *("--client-id", ARTICLE_CLIENT_ID, "--browser", str(browser), "--cache", "file", *more),
        options=options,
    )
    return ran.returncode, ran.stdout, ran.stderr


@needs.posix
@pytest.mark.parametrize("python", PYTHONS)
def test_the_core_signs_in_prints_the_token_and_calls_the_api(
    core: Core, hosted: Hosted, python: str
) -> None:
    found = find(python)
    if found is None:
        pytest.skip(f"{python} is not here")
    code, out, err = _sign_in(core, found.path, hosted, "--record", str(core.home / "rec"))
    if not found.has_cryptography:
        assert (code, out) == (8, "")
        assert "The package cryptography is missing" in err
        code, out, err = _sign_in(core, sys.executable, hosted)
    assert (code, "WARNING" in err) == (0, False), err
    token = core.run(found.path, "token")
    assert (token.returncode, token.stdout.count(".")) == (0, 2), token.stderr
    called = core.run(found.path, "api", "GET", f"{hosted.base_url}{API}")
    assert (called.returncode, '"clusters"' in called.stdout) == (0, True), called.stderr
    assert not list(core.path.parent.glob("*cacert*"))


@needs.posix
def test_without_cryptography_nothing_is_sent_and_exit_8_names_it(core: Core) -> None:
    asked: list[Exchange] = []
    bare = ("-S",)  # a Python without its packages
    proof = core.home / "app.pem"
    proof.write_bytes(app_certificates.pem() + app_certificates.key_pem())
    with serve(PracticeTenant(), tls=False, witness=asked.append) as hosted:
        code, out, err = _sign_in(core, sys.executable, hosted, options=bare)
        assert (code, out) == (8, "")
        assert "error: The package cryptography is missing, without which no signature" in err
        assert "Next: Install it in the Python that runs entra-oauth" in err
        ran = core.run(
            sys.executable,
            *("login", "--flow", "client-credentials", "--authority-host", hosted.base_url),
            *("--tenant", ARTICLE_TENANT_ID, "--client-id", ARTICLE_CLIENT_ID),
            *("--certificate", str(proof)),
            options=bare,
        )
        assert (ran.returncode, ran.stdout) == (8, "")
        assert "error: The package cryptography is missing" in ran.stderr
    assert asked == []


@needs.posix
@pytest.mark.parametrize(
    "flow", [("--flow", "device-code"), ("--flow", "password", "--username", ALICE)]
)
def test_the_other_flows_of_a_person_send_nothing_either(core: Core, flow: tuple[str, ...]) -> None:
    asked: list[Exchange] = []
    with serve(PracticeTenant(), tls=False, witness=asked.append) as hosted:
        ran = core.run(
            sys.executable,
            *("login", *flow, "--authority-host", hosted.base_url),
            *("--tenant", ARTICLE_TENANT_ID, "--client-id", ARTICLE_CLIENT_ID),
            *(("--password-stdin",) if "password" in flow else ()),
            options=("-S",),
            stdin="practice\n",
        )
    assert (ran.returncode, ran.stdout, asked) == (8, "", [])
    assert "error: The package cryptography is missing, without which no signature" in ran.stderr


@needs.posix
def test_a_kept_request_is_still_there_where_its_answer_cannot_be_checked(core: Core) -> None:
    url = core.run(
        sys.executable,
        *("authorize-url", "--procedure", "hardened", "--tenant", ARTICLE_TENANT_ID),
        *("--client-id", ARTICLE_CLIENT_ID),
    )
    assert url.returncode == 0, url.stderr
    (kept,) = (core.home / ".local/state/entra-oauth/pending").iterdir()
    state = parse_qs(urlsplit(url.stdout.strip()).query)["state"][0]
    ran = core.run(
        sys.executable,
        "exchange",
        options=("-S",),
        stdin=f"http://localhost/?code=1.{'x' * 40}&state={state}\n",
    )
    assert (ran.returncode, ran.stdout) == (8, "")
    assert "error: The package cryptography is missing" in ran.stderr
    assert kept.is_file()


@needs.posix
def test_the_program_for_other_tools_calls_the_file_again(core: Core) -> None:
    folder = core.home / "bin"
    ran = core.run(
        sys.executable,
        *("credential", "az", "--install", str(folder)),
        *("--tenant", ARTICLE_TENANT_ID, "--client-id", ARTICLE_CLIENT_ID),
    )
    assert ran.returncode == 0, ran.stderr
    assert f"-P {core.path} credential az" in (folder / "az").read_text(encoding="utf-8")
