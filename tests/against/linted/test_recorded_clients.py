"""`practice run --record`: what clients that others wrote have sent, without a secret of theirs."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from entra_oauth.practice.directory.model import ARTICLE_CLIENT_ID, ARTICLE_TENANT_ID, DATABRICKS
from entra_oauth.recording import save
from entra_oauth.recording.record import Recording
from entra_oauth.recording.step import Evidence, Level, Seen, Step
from entra_oauth.recording.store import load
from kit import needs
from kit.command_line import Ran, call
from kit.foreign.programs import CLIENTS, DAEMON, ISSUER
from kit.servers import app_certificates
from kit.sweep import found_in_bytes, found_in_files

pytestmark = [pytest.mark.against, needs.posix]

PASSWORD = "CanaryPassword-" + "Pw8!" * 6
SECRET = "CanaryClientSecret-" + "Xx9~" * 6
ZOE = "zoe@fabrikam.example"
CERTIFICATE = app_certificates.pem(ends=36_500).decode()
PATIENCE_S = 60.0

msal = needs.python("msal", group="interop")
azure = needs.python("azure.identity", pypi="azure-identity", group="interop")
authlib = needs.python("authlib", group="interop")

DIRECTORY = f"""
[[users]]
name = "{ZOE}"
display_name = "Zoe"
password = "{PASSWORD}"

[[apps]]
client_id = "{ARTICLE_CLIENT_ID}"
name = "desk"
public_flows = true
[[apps.redirects]]
uri = "http://localhost"

[[apps]]
client_id = "{DAEMON}"
name = "daemon"
secret = "{SECRET}"
certificates = ['''
{CERTIFICATE}''']

[[consents]]
client_id = "{ARTICLE_CLIENT_ID}"
resource_id = "{DATABRICKS}"
"""

# What others must not have, wherever it stands in the bytes that passed.
NAMED = re.compile(
    rb"\b(?:code|state|nonce|code_verifier|client_secret|client_assertion|refresh_token|password"
    rb"|device_code|passwd|ctx|flowToken)=([^&\s\"']{8,})"
)
MEMBERS = re.compile(
    rb'"(?:access_token|refresh_token|id_token|device_code)": ?"([^"]+)"'
    rb'|name="(?:code|state|ctx|flowToken)" value="([^"]{8,})"'
    rb"|\r\n(?:Set-)?Cookie: [^=]+=([^;\r]{8,})"
)


@pytest.fixture
def passed(monkeypatch: pytest.MonkeyPatch) -> list[Recording]:
    """What was recorded, as it was before anything was taken out."""
    kept: list[Recording] = []
    whole = save.evidence_of

    def spy(recording: Recording, **options: object) -> Evidence:
        kept.append(recording)
        return whole(recording, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(save, "evidence_of", spy)
    return kept


@pytest.fixture
def directory(tmp_path: Path) -> str:
    file = tmp_path / "directory.toml"
    file.write_text(DIRECTORY)
    return str(file)


def planted(recording: Recording) -> set[str]:
    """Every secret in these bytes; of what is signed, the signature."""
    found = {PASSWORD, SECRET}
    for exchange in recording.exchanges:
        data = exchange.wire.sent + b"\n" + exchange.wire.received if exchange.wire else b""
        values = [match[1] for match in NAMED.finditer(data)]
        values += [next(filter(None, match.groups())) for match in MEMBERS.finditer(data)]
        for value in values:
            text = value.decode("latin-1")
            found.add(text.rpartition(".")[2] if text.startswith("ey") else text)
    return found


def recorded(folder: Path, directory: str, script: str, *arguments: str) -> Ran:
    options = ("--directory", directory, "--user", ZOE, "--record", str(folder))
    return run(*options, "--", sys.executable, str(CLIENTS / script), *arguments)


def run(*arguments: str) -> Ran:
    return call("practice", "run", *arguments)


def names(evidence: Evidence) -> list[str]:
    return [step.name for step in evidence.steps]


def step_of(evidence: Evidence, name: str) -> Step:
    return next(step for step in evidence.steps if step.name == name)


def assert_without_a_secret(folder: Path, ran: Ran, passed: list[Recording], least: int) -> None:
    secrets = planted(passed[0])
    assert len(secrets) >= least, "the bytes did not hold what is searched for"
    assert found_in_files(folder, secrets) == []
    assert found_in_bytes(ran.err, secrets) == []


APP = (ARTICLE_CLIENT_ID, ARTICLE_TENANT_ID)
MSAL = {
    "interactive": (("interactive", *APP), 10),
    "form_post": (("form_post", *APP), 10),
    "password": (("password", *APP, ZOE, PASSWORD), 4),
    "secret": (("secret", DAEMON, ARTICLE_TENANT_ID, SECRET), 3),
    "refresh": (("refresh", *APP), 10),
}


@msal
@pytest.mark.parametrize("way", MSAL)
def test_msal_is_recorded_without_a_secret(
    way: str, directory: str, passed: list[Recording], tmp_path: Path
) -> None:
    arguments, least = MSAL[way]
    ran = recorded(tmp_path / "rec", directory, "use_msal.py", *arguments)
    assert ran.code == 0, ran.err
    evidence = load(tmp_path / "rec")
    token = step_of(evidence, "token")
    assert token.http_request.header("x-client-sku") == "MSAL.Python"
    assert all(step.request.seen is Seen.WIRE for step in evidence.steps)
    assert_without_a_secret(tmp_path / "rec", ran, passed, least)


@msal
def test_msals_assertion_goes_and_its_claims_stay(
    directory: str, passed: list[Recording], tmp_path: Path
) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    key.write_bytes(app_certificates.key_pem())
    certificate.write_text(CERTIFICATE)
    arguments = ("certificate", DAEMON, ARTICLE_TENANT_ID, str(key), str(certificate))
    ran = recorded(tmp_path / "rec", directory, "use_msal.py", *arguments)
    assert ran.code == 0, ran.err
    token = step_of(load(tmp_path / "rec"), "token")
    assert b"client_assertion=eyJ" in token.request.data
    assert_without_a_secret(tmp_path / "rec", ran, passed, 4)


@msal
def test_the_way_of_a_sign_in_is_there_in_its_order_with_its_claims(
    directory: str, tmp_path: Path
) -> None:
    ran = recorded(tmp_path / "rec", directory, "use_msal.py", "interactive", *APP)
    assert ran.code == 0, ran.err
    evidence = load(tmp_path / "rec")
    shown = [name for name in names(evidence) if name != "page"]
    assert shown == ["openid-configuration", "authorize", "redirect", "token"]
    claims = {(claim.name, claim.verdict) for claim in evidence.claims}
    for name in ("state-equal", "code-equal", "pkce-matches", "nonce-equal", "code-spent-once"):
        assert (name, "yes") in claims
    token, redirect = step_of(evidence, "token"), step_of(evidence, "redirect")
    assert (token.channel, redirect.channel) == ("back", "front")
    assert token.link.tls_version == "TLSv1.3"
    assert token.link.certificates
    assert token.link.proxy == f"http://{token.link.peer}"
    assert token.link.tunnel_sent.startswith(b"CONNECT login.microsoftonline.com:443 ")
    assert redirect.url.startswith("http://localhost:")
    assert evidence.facts["seen_at"] == "the authority's side"
    assert evidence.facts["watched_program"] == Path(sys.executable).name
    assert "seen at the authority's side" in evidence.not_seen[0]


@azure
def test_azure_identity_is_recorded(
    directory: str, passed: list[Recording], tmp_path: Path
) -> None:
    ran = recorded(tmp_path / "rec", directory, "use_azure_identity.py", "browser", *APP)
    assert ran.code == 0, ran.err
    token = step_of(load(tmp_path / "rec"), "token")
    assert "azsdk-python-identity" in (token.http_request.header("user-agent") or "")
    assert_without_a_secret(tmp_path / "rec", ran, passed, 10)


@authlib
def test_authlib_is_recorded_with_the_keys_that_prove_its_id_token(
    directory: str, passed: list[Recording], tmp_path: Path
) -> None:
    scope = f"{DATABRICKS}/.default"
    arguments = (ISSUER, ARTICLE_CLIENT_ID, scope)
    ran = recorded(tmp_path / "rec", directory, "use_authlib.py", *arguments)
    assert ran.code == 0, ran.err
    evidence = load(tmp_path / "rec")
    assert ("id-token-signature", "yes") in {(c.name, c.verdict) for c in evidence.claims}
    assert names(evidence).count("token") == 2
    assert_without_a_secret(tmp_path / "rec", ran, passed, 12)


# ---- curl, and its own account of what it sent -----------------------------------------


def _trace(file: Path) -> list[bytes]:
    """What curl says it has sent and received, joined where the direction stays."""
    told: list[tuple[str, bytes]] = []
    for block in re.split(r"(?m)^(?=(?:=>|<=|==) )", file.read_text("latin-1"))[1:]:
        head, *lines = block.splitlines()
        if match := re.match(r"(=>|<=) (?:Send|Recv) (?:header|data),", head):
            # An address, sixteen octets, and the same as text.
            data = b"".join(bytes.fromhex(line[6:53]) for line in lines)
            if told and told[-1][0] == match[1]:
                data = told.pop()[1] + data
            told.append((match[1], data))
    return [data for _, data in told]


@needs.curl
def test_the_recorded_bytes_are_those_of_curls_own_trace(directory: str, tmp_path: Path) -> None:
    trace, folder = tmp_path / "trace", tmp_path / "rec"
    options = ("--directory", directory, "--user", ZOE, "--redact", "none")
    script = (sys.executable, str(CLIENTS / "use_curl.py"), *APP, str(trace))
    ran = run(*options, "--record", str(folder), "--", *script)
    assert ran.code == 0, ran.err
    assert "WARNING: with --redact none" in ran.err
    token = step_of(load(folder), "token")
    asked, opened, sent, received = _trace(trace)
    assert (token.link.tunnel_sent, token.link.tunnel_received) == (asked, opened)
    assert token.request.data == sent
    assert token.response.data == received


@needs.curl
def test_what_is_done_with_recordings_is_done_with_this_one(
    directory: str, passed: list[Recording], tmp_path: Path
) -> None:
    folder = tmp_path / "rec"
    ran = recorded(folder, directory, "use_curl.py", *APP, str(tmp_path / "trace"))
    assert ran.code == 0, ran.err
    assert_without_a_secret(folder, ran, passed, 5)
    token = step_of(load(folder), "token")

    told = call("audit", "diff", f"{folder}#{token.number}", "article:curl")
    assert told.code == 0, told.out
    assert told.out.strip().splitlines()[-1] in ("BYTE-EQUAL", "BODY-EQUAL")
    secrets = planted(passed[0])
    shown = call("audit", "show", str(folder))
    assert "seen at the authority's side" in shown.out.replace("\n", " ")
    linted = call("audit", "lint", str(folder))
    assert "not here: RR13" not in linted.out
    outputs = [told, shown, linted, call("audit", "show", str(folder), "--json")]
    outputs += [call("audit", "verify", str(folder))]
    outputs += [
        call("audit", "export", str(folder), "--as", form)
        for form in ("har", "curl", "http", "mermaid", "markdown", "html")
    ]
    for output in outputs:
        assert output.code in (0, 9), output.err
        assert output.out
        assert found_in_bytes(output.both, secrets) == []


# ---- failures ----------------------------------------------------------------------------


@msal
@pytest.mark.parametrize("fault", ["mfa-required", "reset", "token status=503"])
def test_a_failure_is_recorded_and_stays_the_programs(
    fault: str, directory: str, passed: list[Recording], tmp_path: Path
) -> None:
    options = ("--directory", directory, "--user", ZOE, "--fault", fault)
    script = str(CLIENTS / "use_msal.py")
    program = (
        "import subprocess, sys\n"
        f"subprocess.run([sys.executable, {script!r}, 'password', *{APP!r}, *sys.argv[1:]],"
        " stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)\n"
        "sys.exit(42)\n"
    )
    words = (sys.executable, "-c", program, ZOE, PASSWORD)
    ran = run(*options, "--record", str(tmp_path / "rec"), "--", *words)
    assert ran.code == 42, ran.err
    evidence = load(tmp_path / "rec")
    token = step_of(evidence, "token")
    if fault == "reset":
        assert (token.failure, token.response.seen) == ("HangUp", Seen.NOTHING)
    assert found_in_files(tmp_path / "rec", planted(passed[0])) == []


@needs.curl
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_whoever_stops_it_still_has_the_recording(number: int, tmp_path: Path) -> None:
    program = (
        "import subprocess, sys, time\n"
        f"subprocess.run(['curl', '-sS', '-o', '/dev/null', '{ISSUER}/.well-known/"
        "openid-configuration'], check=True)\n"
        "print('ready', flush=True)\n"
        "time.sleep(60)\n"
    )
    words = ("practice", "run", "--record", str(tmp_path / "rec"), "--", sys.executable)
    process = subprocess.Popen(
        [sys.executable, "-Werror", "-m", "entra_oauth", *words, "-c", program],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        _, err = process.communicate(timeout=PATIENCE_S)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 128 + number
    assert "Recorded 1 message in " in err
    assert names(load(tmp_path / "rec")) == ["openid-configuration"]


@needs.curl
def test_what_was_refused_is_recorded_too(tmp_path: Path) -> None:
    words = ("curl", "-sS", "--fail", "https://example.com/", "http://example.com/x")
    ran = run("--record", str(tmp_path / "rec"), "--", *words)
    assert ran.code != 0
    steps = load(tmp_path / "rec").steps
    told = [(step.method, step.url.partition("?")[0]) for step in steps]
    assert told == [("CONNECT", "https://example.com:443/"), ("GET", "http://example.com/x")]
    statuses = [step.http_response.status for step in steps if step.http_response]
    assert statuses == [403, 403]


def test_a_program_that_asks_nothing_leaves_nothing(tmp_path: Path) -> None:
    ran = run("--record", str(tmp_path / "rec"), "--", sys.executable, "-c", "")
    assert ran.code == 0
    assert "nothing was sent or received" in ran.err
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_used_is_said_before_the_program_starts(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    leaves = f"open({str(tmp_path / 'ran')!r}, 'w')"
    ran = run("--record", str(tmp_path), "--", sys.executable, "-c", leaves)
    assert ran.code == 8
    assert "is not empty" in ran.err
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_names_of_people_go_where_that_was_asked_for(directory: str, tmp_path: Path) -> None:
    pytest.importorskip("msal")
    options = ("--directory", directory, "--user", ZOE, "--redact", "pii")
    script = (sys.executable, str(CLIENTS / "use_msal.py"), "password", *APP, ZOE, PASSWORD)
    ran = run(*options, "--record", str(tmp_path / "rec"), "--", *script)
    assert ran.code == 0, ran.err
    assert load(tmp_path / "rec").level is Level.PII
    assert found_in_files(tmp_path / "rec", [ZOE, ARTICLE_TENANT_ID]) == []
