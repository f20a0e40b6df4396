"""HAR files that a real Chromium's network log was saved as, linted.

Alice signs in on the practice tenant, under Entra's own addresses, and Playwright saves what
Chromium says it sent. What is to be found was written down from the requests and from what each
program at the redirect URI answers. The browser does not see the token request: HR03 says so.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from entra_oauth.channels.loopback.host import LoopbackHost
from entra_oauth.practice import PracticeTenant, serve
from entra_oauth.practice.directory.model import ARTICLE_CLIENT_ID, ARTICLE_TENANT_ID
from entra_oauth.practice.run.program import environment
from entra_oauth.practice.server.hosts import Hosted
from entra_oauth.protocol.messages import HttpRequest, HttpResponse
from kit import needs
from kit.command_line import call, free_port
from kit.foreign.programs import CLIENTS
from kit.practice import authorize_url

pytestmark = [
    pytest.mark.against,
    needs.chromium,
    needs.node_package("playwright-core"),
    needs.posix,
]

PATIENCE_S = 60.0
Found = dict[str, str]
Verdicts = dict[tuple[str, int | None], set[str]]

NO_TOKEN: Found = {"HR03": "note"}  # the app sends that one itself
LOCALHOST: Found = {"AR16": "note"}
# No PKCE, and a state of five digits.
ARTICLE: Found = {"AR04": "error", "AR08": "error"}
IN_THE_ADDRESS: Found = {"AR18": "warning"}  # response_mode=query, and no PKCE to make up for it
# A page without any careful header.
BARE: Found = {"RR09": "warning"}
STAYS: Found = {"RR12": "warning"}  # 200 at an address with the code in it


def _saving(hosted: Hosted, file: Path) -> list[str]:
    """The command that opens an address in Chromium, and saves the file when Alice is through."""
    assert needs.NODE
    assert needs.CHROMIUM
    assert hosted.proxy
    script = str(CLIENTS / "save_har.mjs")
    places = [needs.CHROMIUM, hosted.proxy.url, str(file)]
    return [needs.NODE, script, str(needs.NODE_MODULES), *places]


def _landed(folder: Path, page: bytes, mode: str) -> Path:
    """As the article has it: what answers at the redirect URI knows nothing of OAuth."""
    file = folder / "chromium.har"

    def answer(request: HttpRequest) -> HttpResponse:
        if request.path == "/logo.png":
            return HttpResponse(status=404)
        return HttpResponse(status=200, headers=(("Content-Type", "text/html"),), body=page)

    with serve(PracticeTenant(), proxy_port=0) as hosted, LoopbackHost(answer) as host:
        changes = {"redirect_uri": f"http://localhost:{host.port}", "response_mode": mode}
        command = [*_saving(hosted, file), authorize_url(changes)]
        done = subprocess.run(command, capture_output=True, timeout=PATIENCE_S, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return file


def _ours(folder: Path, *verb: str) -> Path:
    """The command line's own listener, whose browser is that Chromium."""
    file = folder / "chromium.har"
    app = ("--tenant", ARTICLE_TENANT_ID, "--client-id", ARTICLE_CLIENT_ID)
    with serve(PracticeTenant(), proxy_port=0) as hosted:
        assert hosted.proxy
        environ = environment(
            os.environ,
            proxy_url=hosted.proxy.url,
            ca_file=hosted.ca_file,
            base_url=hosted.base_url,
            browser="false",
        )
        browser = ("--browser", shlex.join(_saving(hosted, file)), "--timeout", "60")
        done = subprocess.run(
            [sys.executable, "-m", "entra_oauth", *verb, *app, *browser],
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PATIENCE_S,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode()
        until = time.monotonic() + PATIENCE_S
        while not file.exists():
            assert time.monotonic() < until, "Chromium saved nothing"
            time.sleep(0.02)
    return file


PICTURE = b"<h1>Copy the address</h1><img src=/logo.png alt=''>"


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One file for each way, made once."""
    folders = {name: tmp_path_factory.mktemp("har") for name in EXPECTED}
    mirror = ("mirror", "--port", str(free_port()))
    return {
        "article": _landed(folders["article"], b"<h1>Copy the address</h1>", "query"),
        "picture": _landed(folders["picture"], PICTURE, "query"),
        "posted": _landed(folders["posted"], PICTURE, "form_post"),
        "login": _ours(folders["login"], "login", "--response-mode", "form_post"),
        "query": _ours(folders["query"], "login", "--response-mode", "query"),
        "mirror": _ours(folders["mirror"], *mirror),
    }


EXPECTED: dict[str, Found] = {
    "article": ARTICLE | IN_THE_ADDRESS | LOCALHOST | BARE | STAYS | NO_TOKEN,
    # The page's own picture is asked for with the whole address of the page in Referer:
    # strict-origin-when-cross-origin, the browser's default, keeps nothing back from the same
    # origin.
    "picture": ARTICLE | IN_THE_ADDRESS | LOCALHOST | BARE | STAYS | NO_TOKEN | {"RR13": "error"},
    # The same picture, but there is no code in the page's address.
    "posted": ARTICLE | LOCALHOST | BARE | NO_TOKEN,
    # S256, a random state, form_post, all four headers, 303.
    "login": LOCALHOST | NO_TOKEN,
    # With PKCE a code in the address is a note.
    "query": LOCALHOST | NO_TOKEN | {"AR18": "note"},
    # The article's request with a random state, and our own listener at its end.
    "mirror": {"AR04": "error"} | IN_THE_ADDRESS | LOCALHOST | NO_TOKEN,
}


def _linted(file: Path) -> dict[str, Any]:
    ran = call("audit", "lint", str(file), "--json")
    assert ran.code in (0, 9), ran.err
    told: dict[str, Any] = json.loads(ran.out)
    return told


def _verdicts(told: dict[str, Any]) -> Verdicts:
    """What came of each rule at each step. HR01 is about the file: whether it says it is clean."""
    found: Verdicts = {}
    for verdict in told["verdicts"]:
        if verdict["rule"] != "HR01":
            found.setdefault((verdict["rule"], verdict["step"]), set()).add(verdict["outcome"])
    return found


@pytest.mark.parametrize("way", EXPECTED)
def test_what_is_found_is_what_was_written_down(way: str, saved: dict[str, Path]) -> None:
    told = _linted(saved[way])
    assert {each["rule"]: each["severity"] for each in told["findings"]} == EXPECTED[way]
    assert len(told["flows"]) == 1
    (missing,) = [each for each in told["findings"] if each["rule"] == "HR03"]
    assert missing["text"] == "Not in it: token request."


@pytest.mark.parametrize("way", EXPECTED)
def test_it_ends_as_the_worst_finding_says(way: str, saved: dict[str, Path]) -> None:
    severities = set(EXPECTED[way].values())
    for limit, those in (("error", {"error"}), ("warning", {"error", "warning"})):
        code = 9 if severities & those else 0
        assert call("audit", "lint", str(saved[way]), "--fail-on", limit).code == code
    assert call("audit", "lint", str(saved[way]), "--fail-on", "note").code == 9


DECIDED = ("HR02", "RR01", "RR02", "RR03", "RR05", "RR06", "RR07", "RR08", "RR10", "RR14", "RR18")


@pytest.mark.parametrize("way", EXPECTED)
def test_what_only_a_browser_knows_is_decided(way: str, saved: dict[str, Path]) -> None:
    outcomes: dict[str, set[str]] = {}
    for (rule, _), told in _verdicts(_linted(saved[way])).items():
        outcomes.setdefault(rule, set()).update(told)
    # Consent was posted, and answered with 302 or, by form_post, with a page.
    assert {rule: outcomes[rule] for rule in DECIDED} == {rule: {"pass"} for rule in DECIDED}
    assert outcomes["RR13"] == {"fail" if "RR13" in EXPECTED[way] else "pass"}


# How random the state was, whether it held data, and whether the address had anything odd in it,
# cannot be seen without the values.
TAKEN_OUT = {"AR08", "AR10", "AR27"}
# Five digits are taken out without a tag, by which they could be found again; so is a page that
# is not understood.
SHORT = TAKEN_OUT | {"RR01", "RR10"}
UNDECIDED_THEN = {
    "article": SHORT,
    "picture": SHORT,
    "posted": SHORT,
    "login": TAKEN_OUT | {"AR12"},  # and the nonce's
    "query": TAKEN_OUT | {"AR12"},
    "mirror": TAKEN_OUT,  # no nonce is asked for
}


@pytest.mark.parametrize("level", ["secrets", "pii"])
@pytest.mark.parametrize("way", EXPECTED)
def test_without_its_secrets_it_is_judged_as_before_or_not_at_all(
    way: str, level: str, saved: dict[str, Path], tmp_path: Path
) -> None:
    clean = tmp_path / "clean.har"
    ran = call("audit", "redact", str(saved[way]), "--level", level, "-o", str(clean))
    assert ran.code == 0, ran.err
    before, after = _verdicts(_linted(saved[way])), _verdicts(_linted(clean))
    assert set(after) == set(before)
    for place, outcomes in after.items():
        assert outcomes in (before[place], {"undecidable"}), place
    lost = {place[0] for place in after if after[place] != before[place]}
    assert lost == UNDECIDED_THEN[way]
