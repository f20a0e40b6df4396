"""login --flow and refresh on the practice tenant; no secret is on the command line."""

from __future__ import annotations

import json
import os
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from entra_oauth.practice.directory.defaults import DEFAULT
from entra_oauth.practice.directory.model import ARTICLE_CLIENT_ID, ARTICLE_TENANT_ID
from entra_oauth.practice.server.hosts import serve
from entra_oauth.practice.tenant import PracticeTenant
from entra_oauth.protocol.jwt import decode
from kit import canaries
from kit.command_line import Ran, call, error_of, on_stdin
from kit.practice import ALICE, CAROL, DAEMON, PASSWORD, SECRET
from kit.servers.app_certificates import LOCKED, PASSPHRASE, key_pem, pem, pfx
from kit.servers.raw_server import Peer, RawServer, answer

GUID = "d828e473-0000-4000-8000-333344445555"


@pytest.fixture(scope="module")
def tenant() -> PracticeTenant:
    return PracticeTenant(directory=DEFAULT.with_admin_consent())


@pytest.fixture
def base(tenant: PracticeTenant) -> Iterator[str]:
    with serve(tenant, tls=False) as hosted:
        yield hosted.base_url


def at(base: str, *, client: str = ARTICLE_CLIENT_ID) -> tuple[str, ...]:
    return ("--authority-host", base, "--tenant", ARTICLE_TENANT_ID, "--client-id", client)


@pytest.fixture(autouse=True)
def _no_terminal(no_terminal: None) -> None:
    """There is nobody to ask."""


def descriptor(text: str | bytes) -> int:
    """A file descriptor from which the text can be read once."""
    read_end, write_end = os.pipe()
    os.write(write_end, text.encode() if isinstance(text, str) else text)
    os.close(write_end)
    return read_end


# Password


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
def test_a_password_comes_from_standard_input_less_one_line_break(base: str, ending: str) -> None:
    with on_stdin(PASSWORD + ending):
        ran = call(
            "login", *at(base), "--flow", "password", "--username", ALICE, "--password-stdin"
        )
    assert ran.code == 0, ran.err
    assert ran.out.startswith(f"Signed in as {ALICE}.")
    assert "on its way out" in ran.err
    assert "Note:" not in ran.err


def test_a_password_comes_from_a_descriptor_and_the_name_from_azures_variable(
    base: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_USERNAME", ALICE)
    number = str(descriptor(PASSWORD))
    ran = call("login", *at(base), "--flow", "password", "--password-fd", number, "-o", "json")
    assert ran.code == 0, ran.err
    shown = json.loads(ran.out)
    assert (shown["username"], shown["source"]) == (ALICE, "password")
    assert "refresh_token" not in shown


@pytest.mark.parametrize(
    ("user", "word", "code", "said", "advised"),
    [
        (ALICE, "wrong", 3, "AADSTS50126", "lock"),
        (ALICE, f"{PASSWORD}\n\n", 2, "control character", ""),
        (ALICE, f" {PASSWORD}", 3, "AADSTS50126", "lock"),
        (ALICE, "", 2, "password is empty", ""),
        (ALICE, "\n", 2, "password is empty", ""),
        (ALICE, b"pa\xffss", 2, "not UTF-8", ""),
        (ALICE, "x" * 300, 2, "longer than 256", ""),
        (ALICE, "x" * 70_000, 2, "64 KiB", ""),
        (CAROL, PASSWORD, 3, "AADSTS50076", "multi-factor"),
    ],
)
def test_a_password_that_does_not_do_is_one_clear_message(
    base: str, user: str, word: str | bytes, code: int, said: str, advised: str
) -> None:
    arguments = ("--flow", "password", "--username", user, "--password-stdin")
    if len(word) > 65536:
        with on_stdin(word):
            ran = call("login", *at(base), *arguments)
    else:
        ran = call("login", *at(base), *arguments[:-1], "--password-fd", str(descriptor(word)))
    what, advice = error_of(ran)
    assert (ran.code, ran.out) == (code, ""), ran.err
    assert said in what
    assert advised in advice


def test_a_password_from_standard_input_is_not_sent_with_what_could_not_be_read(base: str) -> None:
    with on_stdin(b"pa\xffss"):
        ran = call(
            "login", *at(base), "--flow", "password", "--username", ALICE, "--password-stdin"
        )
    assert (ran.code, ran.out) == (2, "")
    assert "not UTF-8" in error_of(ran)[0]


def test_a_password_in_utf_16_is_read(base: str) -> None:
    with on_stdin(f"{PASSWORD}\r\n".encode("utf-16")):
        ran = call(
            "login", *at(base), "--flow", "password", "--username", ALICE, "--password-stdin"
        )
    assert ran.code == 0, ran.err


def test_without_anybody_to_ask_it_says_how_to_give_the_password(base: str) -> None:
    ran = call("login", *at(base), "--flow", "password", "--username", ALICE)
    what, advice = error_of(ran)
    assert (ran.code, ran.out) == (2, "")
    assert "no terminal" in what
    assert "--password-stdin" in advice


# The app itself


WAYS: dict[str, Callable[[PracticeTenant, Path, pytest.MonkeyPatch], list[str]]] = {}


def way(name: str) -> Callable[[Any], Any]:
    def keep(make: Any) -> Any:
        WAYS[name] = make
        return make

    return keep


def _pem(tenant: PracticeTenant, folder: Path) -> Path:
    own = tenant.certificate_of(DAEMON)
    file = folder / "app.pem"
    file.write_text(own.certificate + own.private_key)
    return file


@way("a secret by descriptor")
def _(tenant: PracticeTenant, folder: Path, patch: pytest.MonkeyPatch) -> list[str]:
    return ["--client-secret-fd", str(descriptor(f"{SECRET}\n"))]


@way("a secret in the environment")
def _(tenant: PracticeTenant, folder: Path, patch: pytest.MonkeyPatch) -> list[str]:
    patch.setenv("AZURE_CLIENT_SECRET", SECRET)
    return []


@way("a certificate")
def _(tenant: PracticeTenant, folder: Path, patch: pytest.MonkeyPatch) -> list[str]:
    return ["--certificate", str(_pem(tenant, folder))]


@way("a certificate, the older form")
def _(tenant: PracticeTenant, folder: Path, patch: pytest.MonkeyPatch) -> list[str]:
    file = str(_pem(tenant, folder))
    return ["--certificate", file, "--certificate-algorithm", "RS256"]


@way("a certificate in the environment")
def _(tenant: PracticeTenant, folder: Path, patch: pytest.MonkeyPatch) -> list[str]:
    patch.setenv("AZURE_CLIENT_CERTIFICATE_PATH", str(_pem(tenant, folder)))
    return []


@way("a certificate before the environment's secret")
def _(tenant: PracticeTenant, folder: Path, patch: pytest.MonkeyPatch) -> list[str]:
    patch.setenv("AZURE_CLIENT_SECRET", "wrong")
    return ["--certificate", str(_pem(tenant, folder))]


@way("a federated token")
def _(tenant: PracticeTenant, folder: Path, patch: pytest.MonkeyPatch) -> list[str]:
    file = folder / "token"
    file.write_text(tenant.federated_token(DAEMON))
    return ["--federated-token-file", str(file)]


@way("a federated token in the environment")
def _(tenant: PracticeTenant, folder: Path, patch: pytest.MonkeyPatch) -> list[str]:
    file = folder / "token"
    file.write_text(tenant.federated_token(DAEMON))
    patch.setenv("AZURE_FEDERATED_TOKEN_FILE", str(file))
    return []


@pytest.mark.parametrize("name", WAYS)
def test_an_app_gets_its_own_token(
    name: str, base: str, tenant: PracticeTenant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    more = WAYS[name](tenant, tmp_path, monkeypatch)
    flow = ("--flow", "client-credentials", "-o", "token")
    ran = call("login", *at(base, client=DAEMON), *flow, *more)
    assert ran.code == 0, ran.err
    assert decode(ran.out.strip()).claims["appid"] == DAEMON
    canaries.assert_clean(ran.err)
    assert SECRET not in ran.both


def test_github_s_token_service_is_asked_where_nothing_else_is_there(
    base: str, tenant: PracticeTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = tenant.federated_token(DAEMON)

    def play(peer: Peer) -> None:
        if peer.request():
            peer.send(answer(json.dumps({"value": token}).encode()))

    with RawServer(play) as github:
        monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_URL", f"{github.url}/x?api-version=2.0")
        monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "a-bearer")
        ran = call("login", *at(base, client=DAEMON), "--flow", "client-credentials")
    assert ran.code == 0, ran.err
    assert b"audience=api%3A%2F%2FAzureADTokenExchange" in github.requests[0]


@pytest.mark.parametrize(
    ("make", "code", "said"),
    [
        (lambda folder: b"", 2, "The file is empty."),
        (lambda folder: pem() + key_pem("other"), 2, "does not belong"),
        (lambda folder: pem(ends=-0.5) + key_pem(), 2, "expired on 2025"),
        (lambda folder: pem() + key_pem(lock=LOCKED), 2, "no passphrase"),
        (lambda folder: pem(ends=36500) + key_pem(), 3, "AADSTS700027"),
        (lambda folder: b"x" * 1_100_000, 8, "larger than 1 MiB"),
        (lambda folder: None, 8, "cannot be read"),
    ],
)
def test_a_certificate_that_does_not_do_is_one_clear_message(
    base: str, tmp_path: Path, make: Callable[[Path], bytes | None], code: int, said: str
) -> None:
    file = tmp_path / "app.pem"
    if (content := make(tmp_path)) is not None:
        file.write_bytes(content)
    flow = ("--flow", "client-credentials", "--certificate", str(file))
    ran = call("login", *at(base, client=DAEMON), *flow)
    what, _ = error_of(ran)
    assert (ran.code, ran.out) == (code, ""), ran.err
    assert said in what


def test_a_pfx_whose_passphrase_is_another_is_one_clear_message(base: str, tmp_path: Path) -> None:
    file = tmp_path / "app.pfx"
    file.write_bytes(pfx(lock=LOCKED))
    flow = ("--flow", "client-credentials", "--certificate", str(file))
    number = str(descriptor("Another-passphrase\n"))
    ran = call("login", *at(base, client=DAEMON), *flow, "--certificate-passphrase-fd", number)
    what, advice = error_of(ran)
    assert (ran.code, ran.out) == (2, "")
    assert "nor a PFX that this passphrase opens" in what
    assert advice == "Check the passphrase and the file."
    assert "Another-passphrase" not in ran.both


def test_an_encrypted_certificate_opens_with_its_passphrase(base: str, tmp_path: Path) -> None:
    file = tmp_path / "app.pem"
    file.write_bytes(pem(ends=36500) + key_pem(lock=LOCKED))
    for word, said in ((PASSPHRASE, "AADSTS700027"), ("wrong", "cannot be opened")):
        number = str(descriptor(f"{word}\n"))
        flow = ("--flow", "client-credentials", "--certificate", str(file))
        ran = call("login", *at(base, client=DAEMON), *flow, "--certificate-passphrase-fd", number)
        assert said in error_of(ran)[0]
        assert word not in ran.both or word == "wrong"


# What does not fit together


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--username", "a"), "--username goes with --flow password only"),
        (("--certificate", "a"), "--certificate goes with --flow client-credentials only"),
        (("--flow", "device-code", "--paste"), "--paste goes with --flow auth-code only"),
        (("--flow", "password", "--no-browser"), "--no-browser goes with --flow auth-code only"),
        (("--flow", "client-credentials", "--prompt", "login"), "--prompt goes with"),
        (("--flow", "device-code", "--password-stdin"), "--password-stdin goes with"),
        (
            ("--flow", "client-credentials", "--certificate", "a", "--client-secret-fd", "3"),
            "a client secret and --certificate exclude each other",
        ),
        (
            (
                *("--flow", "client-credentials", "--certificate", "a"),
                *("--federated-token-file", "b"),
            ),
            "--certificate and --federated-token-file exclude each other",
        ),
        (
            (
                *("--flow", "client-credentials", "--client-secret-stdin"),
                "--certificate-passphrase-stdin",
            ),
            "standard input, which can hold one",
        ),
        (
            ("--flow", "password", "--username", "a", "--password-stdin", "--password-fd", "3"),
            "exclude each other",
        ),
        (("--flow", "password", "--password-fd", "3"), "No user name"),
        (("--flow", "password", "--username", "a", "--password-fd", "987"), "nothing to read"),
        (("--flow", "client-credentials", "--scope", "User.Read"), "exactly one scope"),
        (("--claims", "x"), "claims are not JSON"),
        (("--correlation-id", "x"), "not a GUID"),
        (("--flow", "device-code", "--claims", "[]"), "not JSON: it is not an object"),
        (("--workspace-url", "https://evil.test", "--tenant", "t"), "exclude each other"),
        (("--password", "x"), "does not have an option --password"),
        (("--client-secret", "x"), "does not have an option --client-secret"),
    ],
)
def test_what_does_not_fit_together_is_said_before_anything_is_sent(
    arguments: tuple[str, ...], said: str
) -> None:
    ran = call("login", *at("http://localhost:9"), *arguments)
    what, _ = error_of(ran)
    assert ran.code in (2, 8)
    assert said in what


# Device code


def device_authority(polled: threading.Event) -> RawServer:
    """An authority that knows the device flow, and at which the person is done at once."""

    def play(peer: Peer) -> None:
        while message := peer.request():
            if b"/devicecode " in message.split(b"\r\n")[0]:
                page = "https://microsoft.com/devicelogin"
                body: dict[str, Any] = {
                    "user_code": "BL6XB575V",
                    "device_code": "a-device-code",
                    "verification_uri": page,
                    "expires_in": 900,
                    "interval": 1,
                    "message": f"Open {page} and enter BL6XB575V.",
                }
                peer.send(answer(json.dumps(body).encode()))
            elif message.startswith(b"GET"):
                peer.send(answer(b'{"keys":[]}'))
            else:
                polled.set()
                body = {"token_type": "Bearer", "access_token": "a-token", "expires_in": 60}
                peer.send(answer(json.dumps(body).encode()))

    return RawServer(play)


def test_interactive_asks_by_the_flow_that_the_profile_names(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    with device_authority(threading.Event()) as server:
        ids = (f"tenant={ARTICLE_TENANT_ID}", f"client_id={ARTICLE_CLIENT_ID}")
        assert (
            call("profile", "set", "shed", *ids, f"authority_host={server.url}", "flow=device-code")
        ).code == 0
        ran = call("token", "-p", "shed", "--interactive", "-o", "json")
    assert ran.code == 0, ran.err
    shown = json.loads(ran.out)
    assert (shown["access_token"], shown["source"]) == ("a-token", "device_code")
    assert "enter BL6XB575V" in ran.err
    assert opened == []


def test_interactive_says_which_flow_it_cannot_ask_by(base: str) -> None:
    ids = (
        "--authority-host",
        base,
        "--tenant",
        ARTICLE_TENANT_ID,
        "--client-id",
        ARTICLE_CLIENT_ID,
    )
    ran = call("token", *ids, "--interactive", "--flow", "password")
    what, advice = error_of(ran)
    assert ran.code == 2
    assert "of the flow password (--flow)" in what
    assert "entra-oauth login --flow password" in advice


def test_a_device_code_is_shown_even_when_quiet_and_the_token_comes() -> None:
    polled = threading.Event()
    with device_authority(polled) as server:
        flow = ("--flow", "device-code", "-o", "token", "--quiet", "--correlation-id", GUID)
        ran = call("login", *at(server.url), *flow)
    assert (ran.code, ran.out) == (0, "a-token\n"), ran.err
    assert "Open https://microsoft.com/devicelogin and enter BL6XB575V." in ran.err
    assert polled.is_set()
    posts = [message for message in server.requests if message.startswith(b"POST")]
    assert len(posts) == 2
    assert all(f"client-request-id: {GUID}".encode() in message for message in posts)


# Refresh


def test_a_refresh_token_is_read_in_quotes_and_from_a_whole_answer(base: str) -> None:
    from entra_oauth.client import PublicClient
    from entra_oauth.protocol.authority import Authority

    client = PublicClient(Authority(base, ARTICLE_TENANT_ID), ARTICLE_CLIENT_ID)
    tokens = client.password("databricks", username=ALICE, password=PASSWORD)
    members = {"access_token": tokens.access_token, "refresh_token": tokens.refresh_token}
    for given in (f'"{tokens.refresh_token}"\n', json.dumps(members, indent=2)):
        for content in (given, given.encode("utf-16")):
            with on_stdin(content):
                ran = call("refresh", *at(base))
            assert ran.code == 0, ran.err


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (canaries.jwt({"alg": "none"}, {"sub": "x"}), "That is a JWT"),
        ('{"access_token": "x"}', "holds no refresh token"),
        ('{"refresh_token": "x', "breaks off"),
        (b"0.A\xff", "not UTF-8"),
    ],
)
def test_what_is_no_refresh_token_is_named_and_not_sent(given: str | bytes, said: str) -> None:
    with on_stdin(given):
        ran = call("refresh", *at("http://localhost:9"))
    assert (ran.code, ran.out) == (2, "")
    assert said in error_of(ran)[0]


def test_a_refresh_token_is_read_from_standard_input_and_the_new_one_is_not_lost(base: str) -> None:
    from entra_oauth.client import PublicClient
    from entra_oauth.protocol.authority import Authority

    client = PublicClient(Authority(base, ARTICLE_TENANT_ID), ARTICLE_CLIENT_ID)
    first = client.password("databricks", username=ALICE, password=PASSWORD).refresh_token
    assert first
    with on_stdin(f"{first}\n"):
        ran = call("refresh", *at(base), "-o", "json")
    assert ran.code == 0, ran.err
    shown = json.loads(ran.out)
    assert (shown["source"], shown["username"]) == ("refresh_token", ALICE)
    assert shown["refresh_token"] not in ("", None, first)
    with on_stdin(shown["refresh_token"]):
        ran = call("refresh", *at(base))
    assert ran.code == 0
    assert decode(ran.out.strip()).claims["unique_name"] == ALICE
    assert "a new refresh token came too" in ran.err
    assert shown["refresh_token"] not in ran.err


@pytest.mark.parametrize(
    ("code", "suberror", "exit_code"),
    [(700082, "bad_token", 4), (50173, None, 4), (50076, "basic_action", 3), (70000, None, 3)],
)
def test_only_a_dead_refresh_token_means_that_a_person_must_sign_in(
    code: int, suberror: str | None, exit_code: int
) -> None:
    body: dict[str, Any] = {
        "error": "invalid_grant",
        "error_description": f"AADSTS{code}: {canaries.REFRESH_TOKEN} is no good.",
        "error_codes": [code],
        "claims": '{"access_token":{"a":{"value":"it\'s"}}}',
    } | ({"suberror": suberror} if suberror else {})

    def play(peer: Peer) -> None:
        while peer.request():
            peer.send(answer(json.dumps(body).encode(), status="400 Bad Request"))

    with RawServer(play) as server, on_stdin(canaries.REFRESH_TOKEN):
        ran = call("refresh", *at(server.url))
    assert (ran.code, ran.out) == (exit_code, "")
    canaries.assert_clean(ran.err)
    option = re.search(r"--claims (.*)", ran.err)
    assert option is not None
    import shlex

    assert shlex.split(option.group(1)) == [body["claims"]]
    assert "usual cause: " in ran.err


def test_nothing_on_standard_input_is_no_refresh_token(base: str) -> None:
    with on_stdin(""):
        ran = call("refresh", *at(base))
    assert ran.code == 2
    assert "no refresh token" in error_of(ran)[0]


# Workspace


def test_a_workspace_names_tenant_and_authority(base: str) -> None:
    number = str(descriptor(PASSWORD))
    more = ("--flow", "password", "--username", ALICE, "--password-fd", number)
    ran: Ran = call("login", "--workspace-url", base, "--client-id", ARTICLE_CLIENT_ID, *more)
    assert ran.code == 0, ran.err
    assert f"belongs to the tenant {base}/{ARTICLE_TENANT_ID}" in ran.err


def test_the_articles_procedure_can_ask_a_workspace_too(base: str) -> None:
    ran = call("mirror", "--print", "--workspace-url", base, "--client-id", ARTICLE_CLIENT_ID)
    assert ran.code == 0, ran.err
    assert f"{base}/{ARTICLE_TENANT_ID}/oauth2/v2.0/authorize?" in ran.out


def test_a_workspace_outside_azure_is_refused() -> None:
    ran = call("login", "--workspace-url", "https://dbc-1.cloud.databricks.com", "--client-id", "c")
    assert ran.code == 5
    assert "not in a domain of Azure Databricks" in error_of(ran)[0]
