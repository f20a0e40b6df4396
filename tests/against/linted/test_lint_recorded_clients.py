"""What the linter finds in the folders that `practice run --record` makes of others' clients.

Unlike the tenant's own log (test_lint_of_clients) such a folder holds the way back too: what the
browser brought to the client's listener, and what that said to it. So nothing is missing, and
the listener is judged. The findings were written down, with their reasons, from the clients'
sources and what they send.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from entra_oauth.practice.directory.model import ARTICLE_CLIENT_ID, ARTICLE_TENANT_ID
from kit import needs
from kit.command_line import call
from kit.foreign.programs import CLIENTS, DAEMON, ISSUER, SECRET, WORKSPACE
from kit.practice import ALICE, PASSWORD, SCOPE

pytestmark = [pytest.mark.against, needs.posix]

Found = dict[str, str]

APP = (ARTICLE_CLIENT_ID, ARTICLE_TENANT_ID)
LOCALHOST: Found = {"AR16": "note"}  # its redirect URI is http://localhost:PORT
IN_THE_ADDRESS: Found = {"AR18": "note"}  # no response_mode, so query; but with PKCE S256
# x-client-sku, x-client-ver, x-client-os and x-client-current-telemetry.
TELEMETRY: Found = {"TR26": "note"}
# All these listeners are Python's http.server, which sets Server and Date. At most they add
# Content-Type or Content-Length: no Cache-Control, no Referrer-Policy.
BARE: Found = {"RR09": "warning"}
STAYS: Found = {"RR12": "warning"}  # 200 at the address that has the code in it

# Data in the state, odd characters in the address, the verifier's alphabet: all that was taken
# out. How random they are was noted before.
TAKEN_OUT = frozenset({"AR10", "AR27", "TR09"})
NO_KEYS = frozenset({"ID02"})  # msal does not check signatures, so it fetches no keys
NO_PAGE = frozenset({"RR10"})  # its text/html was not understood, and was taken out whole

POSTED = (LOCALHOST | TELEMETRY | BARE, TAKEN_OUT | NO_KEYS)
ASKED = LOCALHOST | IN_THE_ADDRESS | BARE | STAYS

msal = needs.python("msal", group="interop")
azure = needs.python("azure.identity", pypi="azure-identity", group="interop")
oauth2client = needs.python("requests_oauth2client", group="interop")
databricks = needs.python("databricks.sdk", pypi="databricks-sdk", group="interop")

Row = tuple[tuple[str, ...], Found, frozenset[str]]
SIGN_INS: dict[str, Row] = {
    # form_post, so no code in an address; S256, state and nonce are msal's own.
    "msal": (("use_msal.py", "interactive", *APP), *POSTED),
    "msal, own listener": (("use_msal.py", "form_post", *APP), *POSTED),
    "msal, refresh": (("use_msal.py", "refresh", *APP), *POSTED),
    # msal beneath, with a page of its own.
    "azure-identity": (
        ("use_azure_identity.py", "browser", *APP),
        LOCALHOST | TELEMETRY | BARE,
        TAKEN_OUT | NO_KEYS | NO_PAGE,
    ),
    # The keys are fetched, and the signature was found to be good before it was taken out.
    "authlib": (("use_authlib.py", ISSUER, ARTICLE_CLIENT_ID, SCOPE), ASKED, TAKEN_OUT),
    "requests_oauth2client": (
        ("use_requests_oauth2client.py", ISSUER, ARTICLE_CLIENT_ID, SCOPE),
        ASKED,
        TAKEN_OUT,
    ),
    # No openid in the scope, so there is no ID token to judge.
    "databricks-sdk": (
        ("use_databricks.py", "external-browser", WORKSPACE, ARTICLE_CLIENT_ID),
        ASKED,
        TAKEN_OUT | NO_PAGE,
    ),
    # The article: no PKCE, response_mode=query, the state sent on to the token endpoint. The
    # state is not the article's 12345 but 26 letters, which was noted before it was taken out.
    "curl": (
        ("use_curl.py", *APP, "TRACE"),
        LOCALHOST | BARE | STAYS | {"AR04": "error", "AR18": "warning", "TR18": "note"},
        frozenset({"AR10", "AR27"}),
    ),
}
MARKS = {
    "msal": msal,
    "azure": azure,
    "requests": oauth2client,
    "databricks": databricks,
    "curl": needs.curl,
}
# Without a browser there is no way back, so no listener to judge.
OTHERS: dict[str, tuple[tuple[str, ...], Found]] = {
    "device": (("device", *APP), TELEMETRY),
    # RFC 9700 §2.4 forbids the grant.
    "password": (("password", *APP, ALICE, PASSWORD), TELEMETRY | {"TR16": "error"}),
    # The secret is in the body, as Entra documents it.
    "secret": (("secret", DAEMON, ARTICLE_TENANT_ID, SECRET), TELEMETRY | {"TR14": "note"}),
}


def _recorded(folder: Path, script: str, *arguments: str) -> Path:
    words = [str(folder / "trace") if word == "TRACE" else word for word in arguments]
    program = (sys.executable, str(CLIENTS / script), *words)
    ran = call("practice", "run", "--record", str(folder / "rec"), "--", *program)
    assert ran.code == 0, ran.err
    return folder / "rec"


def _linted(folder: Path) -> dict[str, Any]:
    """The report. It must end with 9 for an error, and for nothing less."""
    ran = call("audit", "lint", str(folder), "--json")
    told: dict[str, Any] = json.loads(ran.out)
    is_bad = any(each["severity"] == "error" for each in told["findings"])
    assert ran.code == (9 if is_bad else 0), ran.err
    return told


def _found(told: dict[str, Any]) -> Found:
    return {each["rule"]: each["severity"] for each in told["findings"]}


def _rules(told: dict[str, Any], outcome: str) -> set[str]:
    return {each["rule"] for each in told["verdicts"] if each["outcome"] == outcome}


def _marked(way: str) -> Any:
    marks = [mark for name, mark in MARKS.items() if way.startswith(name)]
    return pytest.param(way, marks=marks, id=way)


@pytest.mark.parametrize("way", [_marked(way) for way in SIGN_INS])
def test_a_recorded_sign_in(way: str, tmp_path: Path) -> None:
    command, expected, undecidable = SIGN_INS[way]
    told = _linted(_recorded(tmp_path, *command))
    assert _found(told) == expected
    assert _rules(told, "undecidable") == undecidable
    legs = [each["leg"] for each in told["steps"]]
    assert [leg for leg in legs if leg in ("authorize", "redirect")] == ["authorize", "redirect"]
    # The way back is there, and with it what only the browser knows; the secrets are not.
    held = {"HR01", "HR03", "RR01", "RR02", "RR03", "RR05", "RR06", "RR07", "RR08"}
    assert held | {"RR13", "RR14", "RR16", "RR17", "RR18"} <= _rules(told, "pass")


@msal
@pytest.mark.parametrize("way", OTHERS)
def test_a_recording_without_a_browser(way: str, tmp_path: Path) -> None:
    command, expected = OTHERS[way]
    told = _linted(_recorded(tmp_path, "use_msal.py", *command))
    assert _found(told) == expected
    judged = _rules(told, "pass") | _rules(told, "fail") | _rules(told, "undecidable")
    assert [rule for rule in judged if rule.startswith("RR")] == []
