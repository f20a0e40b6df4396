"""doctor: what it finds, what it says to do, and that it sends one request and no more."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Response

from entra_oauth.cache import vault
from entra_oauth.cache.account import App
from entra_oauth.cache.file_store import FileStore
from entra_oauth.cli.doctor.registration import Registration
from entra_oauth.errors import LocalError, PortBusy
from entra_oauth.practice import PracticeTenant
from entra_oauth.protocol.authority import Authority
from kit import canaries, command_line, needs, stores
from kit.command_line import Ran, call, error_of
from kit.practice import Kit
from kit.servers.raw_server import Peer, RawServer, answer

PUBLIC = "https://login.microsoftonline.com"
PLAYED = App("http://localhost:9", command_line.TENANT, command_line.CLIENT)
REAL = App(PUBLIC, command_line.TENANT, command_line.CLIENT)
DISCOVERY = f"/{command_line.TENANT}/v2.0/.well-known/openid-configuration"

pytestmark = pytest.mark.usefixtures("no_terminal")


@pytest.fixture
def tenant() -> Iterator[PracticeTenant]:
    with PracticeTenant() as served:
        yield served


def base(tenant: PracticeTenant) -> str:
    return tenant.authority.rpartition("/")[0]


def doctor(base_url: str, *more: str) -> Ran:
    return call("doctor", "--authority-host", base_url, "--tenant", command_line.TENANT, *more)


def found(ran: Ran) -> dict[str, dict[str, str]]:
    told = json.loads(ran.out)
    assert told["schema"] == "entra-oauth/doctor/1"
    assert told["exit_code"] == ran.code
    return {check["name"]: check for check in told["checks"]}


def test_all_is_fine_where_all_is_fine(tenant: PracticeTenant) -> None:
    ran = doctor(base(tenant), "--ca-bundle", str(tenant.ca), "--json")
    assert ran.code == 0, ran.out
    checks = found(ran)
    assert list(checks) == [
        *("python", "browser", "loopback IPv4", "loopback IPv6", "port 80", "certificates"),
        *("TLS keys", "token store", "keyring", "app proofs", "managed identity"),
        *("proxy", "TLS", "authority", "clock"),
    ]
    for name in ("loopback IPv4", "certificates", "TLS", "authority"):
        assert checks[name]["state"] == "ok", checks[name]
    assert checks["TLS"]["found"].startswith("TLSv1.")
    assert "certificate by " in checks["TLS"]["found"]
    assert "--ca-bundle" in checks["certificates"]["found"]
    for check in checks.values():
        for sentence in (check["found"], check["advice"]):
            assert sentence.endswith(".")
            assert "\n" not in sentence


def test_the_authority_of_the_profile_is_looked_at(tenant: PracticeTenant) -> None:
    values = (f"authority_host={base(tenant)}", f"tenant={command_line.TENANT}")
    assert call("profile", "set", "work", *values, f"ca_bundle={tenant.ca}").code == 0
    ran = call("doctor")
    assert ran.err.splitlines()[0] == f"One request is sent: GET {base(tenant)}{DISCOVERY}"
    assert ran.code == 0, ran.both
    assert len(tenant.log) == 1


def test_where_nothing_is_named_the_authority_of_the_only_sign_in_is_looked_at(
    tenant: PracticeTenant,
) -> None:
    app = App(base(tenant), command_line.TENANT, command_line.CLIENT)
    stores.fill(FileStore.standard(os.environ), app=app)
    ran = call("doctor", "--ca-bundle", str(tenant.ca))
    first, second, *_ = ran.err.splitlines()
    assert first.startswith("Using the only sign-in that fits: ")
    assert second == f"One request is sent: GET {base(tenant)}{DISCOVERY}"
    assert ran.code == 0, ran.both


@pytest.mark.parametrize(
    ("kept", "named", "asked"),
    [
        ([PLAYED], ("--cloud", "usgov"), "https://login.microsoftonline.us/organizations"),
        ([PLAYED], ("--tenant", "common"), f"{PUBLIC}/common"),
        ([PLAYED, REAL], (), f"{PUBLIC}/organizations"),
        ([PLAYED, REAL], ("--cloud", "public"), f"{PUBLIC}/{command_line.TENANT}"),
    ],
)
def test_what_is_named_comes_before_the_only_sign_in_and_several_are_none(
    kept: list[App], named: tuple[str, ...], asked: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for app in kept:
        stores.fill(FileStore.standard(os.environ), app=app)
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")  # nothing is sent to anybody
    ran = call("doctor", *named)
    assert f"One request is sent: GET {asked}/v2.0/" in ran.err


def test_a_profile_of_a_managed_identity_does_not_mean_the_only_sign_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stores.fill(FileStore.standard(os.environ), app=PLAYED)
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    values = ("flow=managed-identity", "managed_identity_source=imds")
    assert call("profile", "set", "identity", *values).code == 0
    assert f"GET {PUBLIC}/organizations/v2.0/" in call("doctor").err


def test_one_request_is_declared_and_sent_and_holds_nothing_secret(tenant: PracticeTenant) -> None:
    ran = doctor(base(tenant), "--ca-bundle", str(tenant.ca))
    ((request, _),) = tenant.log
    assert ran.err.splitlines()[0] == f"One request is sent: GET {base(tenant)}{DISCOVERY}"
    assert (request.method, request.path, request.query, request.body) == (
        "GET",
        DISCOVERY,
        "",
        b"",
    )
    assert {name.lower() for name, _ in request.headers} == {*("host", "user-agent", "accept")}


def test_each_finding_has_a_line_and_a_line_of_advice(tenant: PracticeTenant) -> None:
    ran = doctor(base(tenant), "--ca-bundle", str(tenant.ca))
    lines = ran.out.splitlines()
    starts = [line for line in lines if line.startswith(("ok    ", "note  "))]
    assert len(starts) == 15
    assert sum(line.startswith("        ") for line in lines) >= 13


def test_quiet_says_what_is_to_be_done_only(tenant: PracticeTenant) -> None:
    ran = doctor(base(tenant), "--ca-bundle", str(tenant.ca), "--quiet")
    assert "ok    " not in ran.out
    assert ran.err == ""


def test_an_authority_whose_certificate_is_not_trusted_is_exit_code_6(
    tenant: PracticeTenant,
) -> None:
    ran = doctor(base(tenant), "--json")
    assert ran.code == 6
    assert "certificate" in found(ran)["authority"]["found"]


def test_an_unknown_tenant_is_named_as_such(tenant: PracticeTenant) -> None:
    options = ("--ca-bundle", str(tenant.ca), "--tenant", "nobody.example", "--json")
    ran = call("doctor", "--authority-host", base(tenant), *options)
    assert ran.code == 6
    assert "AADSTS90002" in found(ran)["authority"]["found"]
    assert "--tenant" in found(ran)["authority"]["advice"]


def test_no_connection_is_exit_code_6_and_one_next_line() -> None:
    ran = doctor(f"http://localhost:{command_line.free_port()}")
    assert ran.code == 6
    assert ran.err.splitlines()[-2:] == [
        "In the way: authority.",
        "Next: Follow the advice above, then run this again.",
    ]
    assert "FAIL  authority: No connection to localhost:" in ran.out


# ---- a web server as the authority ------------------------------------------------------


def at_server(httpserver: HTTPServer, response: Response) -> dict[str, dict[str, str]]:
    httpserver.expect_request(DISCOVERY).respond_with_response(response)
    return found(doctor(httpserver.url_for("").rstrip("/"), "--json"))


def clock_of(date: str | None) -> dict[str, str]:
    """What is found where the authority says this time; None where it says none."""

    def play(peer: Peer) -> None:
        peer.request()
        body = json.dumps({"token_endpoint": f"{server.url}/token"}).encode()
        peer.send(answer(body, more="" if date is None else f"Date: {date}\r\n"))

    with RawServer(play) as server:
        return found(doctor(server.url, "--json"))["clock"]


@pytest.mark.parametrize(
    ("ahead_s", "state", "what"),
    [
        (0, "ok", "It agrees"),
        (20, "ok", "It agrees"),
        (-120, "note", "1 min ahead of the authority's"),
        (120, "note", "min behind the authority's"),
        (3600, "problem", "behind the authority's"),
        (-86400 * 3, "problem", "ahead of the authority's"),
    ],
)
def test_the_clock_is_held_against_the_authoritys(ahead_s: int, state: str, what: str) -> None:
    # Five seconds more, so that no rounding decides.
    clock = clock_of(formatdate(time.time() + ahead_s + (5 if ahead_s else 0), usegmt=True))
    assert clock["state"] == state
    assert what in clock["found"]


@pytest.mark.parametrize("date", ["yesterday", "", None, "Mon, 99 Foo 2026 00:00:00 GMT"])
def test_a_date_that_is_none_is_no_reason_to_fail(date: str | None) -> None:
    assert clock_of(date)["state"] == "note"


@pytest.mark.parametrize(
    ("response", "what"),
    [
        (Response("<html>Sign in to the hotel's network</html>", 200), "not with its description"),
        (Response("", 502), "HTTP 502"),
        (Response('{"error": "x\x1b[2J"}', 400), "HTTP 400"),
        (Response("{}", 200), "HTTP 200"),
        (Response("[]", 200), "it is not an object"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_what_is_no_description_is_exit_code_6(
    httpserver: HTTPServer, response: Response, what: str
) -> None:
    check = at_server(httpserver, response)["authority"]
    assert check["state"] == "problem"
    assert what in check["found"]
    assert "\x1b" not in check["found"]


def test_endpoints_on_another_host_are_told(httpserver: HTTPServer) -> None:
    body = json.dumps({"token_endpoint": "https://login.elsewhere.example/x"})
    check = at_server(httpserver, Response(body))["authority"]
    assert check["state"] == "note"
    assert "login.elsewhere.example" in check["found"]


# ---- this machine ------------------------------------------------------------------------


def at_nobody(*more: str) -> dict[str, dict[str, str]]:
    return found(doctor(f"http://localhost:{command_line.free_port()}", "--json", *more))


def test_a_bundle_that_cannot_be_read_is_exit_code_8(tmp_path: Path) -> None:
    ran = doctor("http://localhost:9", "--json", "--ca-bundle", str(tmp_path / "none.pem"))
    assert ran.code == 8
    assert found(ran)["certificates"]["state"] == "problem"


def test_a_bundle_of_the_environment_is_told_with_its_variable(
    tenant: PracticeTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tenant.ca))
    ran = doctor(base(tenant), "--json")
    assert ran.code == 0
    assert "named by SSL_CERT_FILE" in found(ran)["certificates"]["found"]


def test_a_key_log_that_was_not_allowed_stops_everything(
    tenant: PracticeTenant, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys"))
    ran = doctor(base(tenant), "--ca-bundle", str(tenant.ca), "--json")
    assert ran.code == 8
    assert found(ran)["TLS keys"]["state"] == "problem"
    assert "It was not asked." in found(ran)["authority"]["found"]
    assert tenant.log == ()
    allowed = doctor(base(tenant), "--ca-bundle", str(tenant.ca), "--json", "--allow-keylog")
    assert (allowed.code, found(allowed)["TLS keys"]["state"]) == (0, "note")


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
def test_a_proxy_is_told_with_its_variable_and_without_its_password(
    monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    port = command_line.free_port()
    monkeypatch.setenv(variable, f"http://ada:{canaries.CODE}@localhost:{port}")
    ran = doctor("https://login.microsoftonline.com", "--json")
    assert ran.code == 6
    told = found(ran)["proxy"]["found"]
    assert told == f"Requests go through http://localhost:{port}: {variable} names it."
    canaries.assert_clean(ran.both)


def test_a_host_that_no_proxy_leaves_out_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    from entra_oauth.cli.doctor.network import _proxy

    authority = Authority.of(command_line.TENANT)
    environ = {"HTTPS_PROXY": "http://localhost:9", "NO_PROXY": authority.host}
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert "NO_PROXY leaves it out" in _proxy(authority, environ).found


@pytest.mark.parametrize(
    ("value", "idle"),
    [
        ("a.example b.example", None),
        ("*.corp.example,a.example:8443", "*.corp.example, a.example:8443"),
        ("localhost;127.*", "localhost;127.*"),
    ],
)
def test_what_has_no_effect_in_no_proxy_is_told(value: str, idle: str | None) -> None:
    from entra_oauth.cli.doctor.network import _proxy

    environ = {"HTTPS_PROXY": "http://localhost:9", "NO_PROXY": value}
    check = _proxy(Authority.of(command_line.TENANT), environ)
    assert check.found.startswith("Requests go through http://localhost:9: HTTPS_PROXY names it.")
    assert check.state.value == ("ok" if idle is None else "note")
    assert check.found.endswith(f"this has no effect: {idle}.") is (idle is not None)


def test_a_proxy_password_that_is_not_encoded_is_told_and_not_shown() -> None:
    from entra_oauth.cli.doctor.network import _proxy

    environ = {"HTTPS_PROXY": f"http://user:p@{canaries.CODE}#w@127.0.0.1:9"}
    check = _proxy(Authority.of(command_line.TENANT), environ)
    assert (check.state.value, check.exit_code) == ("problem", 6)
    assert "%40 for @" in check.advice
    canaries.assert_clean(f"{check.found} {check.advice}")


def test_a_proxy_that_is_no_address_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    from entra_oauth.cli.doctor.network import _proxy

    environ = {"HTTPS_PROXY": "http://[oops"}
    monkeypatch.setenv("HTTPS_PROXY", environ["HTTPS_PROXY"])
    check = _proxy(Authority.of(command_line.TENANT), environ)
    assert (check.state.value, check.exit_code) == ("problem", 6)


@pytest.mark.parametrize(
    ("address", "error", "name", "state"),
    [
        (None, PortBusy("x.", advice="y."), "port 80", "note"),
        (None, LocalError("x.", advice="y."), "port 80", "note"),
        ("::1", LocalError("x.", advice="y."), "loopback IPv6", "note"),
        ("127.0.0.1", LocalError("x.", advice="y."), "loopback IPv4", "problem"),
    ],
)
def test_an_address_that_cannot_be_had(
    monkeypatch: pytest.MonkeyPatch, address: str | None, error: LocalError, name: str, state: str
) -> None:
    def bind(port: int, at: str | None) -> list[Any]:
        if at == address:
            raise error
        return []

    monkeypatch.setattr("entra_oauth.cli.doctor.machine.bind", bind)
    assert at_nobody()[name]["state"] == state


def test_this_machine_counts_before_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENTRA_OAUTH_CACHE_DIR", "no/whole/path")
    ran = doctor(f"http://localhost:{command_line.free_port()}", "--json")
    assert ran.code == 8
    assert found(ran)["token store"]["state"] == "problem"


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({}, "No variable names a proof of an app."),
        (
            {"ACTIONS_ID_TOKEN_REQUEST_URL": "u", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "CanaryT"},
            "An app could prove itself by --federated-token-source github.",
        ),
        ({"ACTIONS_ID_TOKEN_REQUEST_URL": "u"}, "No variable names a proof of an app."),
        (
            {"SYSTEM_OIDCREQUESTURI": "u", "SYSTEM_ACCESSTOKEN": "CanaryT"},
            "An app could prove itself by --federated-token-source azure-devops.",
        ),
        (
            {"AZURE_FEDERATED_TOKEN_FILE": "/f", "AZURE_CLIENT_SECRET": "CanaryT"},
            "An app could prove itself by --federated-token-source file, a client secret.",
        ),
    ],
)
def test_the_proofs_that_a_machine_offers_are_named_and_none_is_read(
    environ: dict[str, str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    ran = doctor("http://localhost:9", "--json")
    assert found(ran)["app proofs"]["found"] == said
    assert "CanaryT" not in ran.both


def test_browser_and_token_store_are_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BROWSER", "firefox")
    monkeypatch.setenv("ENTRA_OAUTH_CACHE_DIR", str(tmp_path / "tokens"))
    checks = at_nobody()
    assert checks["browser"]["state"] == "ok"
    assert checks["token store"]["found"].endswith("is made when it is needed.")
    assert not (tmp_path / "tokens").exists()
    (tmp_path / "tokens").mkdir(mode=0o700)
    assert at_nobody()["token store"]["found"].endswith("can be written to.")
    assert list((tmp_path / "tokens").iterdir()) == []


# ---- the registration ---------------------------------------------------------------------


def registration(*more: str) -> Ran:
    return call("doctor", "--registration", *more)


def test_the_steps_are_for_the_persons_own_ids() -> None:
    ran = registration("--tenant", command_line.TENANT, "--client-id", command_line.CLIENT)
    assert (ran.code, ran.err) == (0, "")
    for text in (
        "https://portal.azure.com",
        "Public client/native (mobile & desktop), value",
        "AzureDatabricks",
        "user_impersonation",
        f"Application:  {command_line.CLIENT}",
        f"https://login.microsoftonline.com/{command_line.TENANT}/adminconsent?client_id="
        f"{command_line.CLIENT}&redirect_uri=http%3A%2F%2Flocalhost",
    ):
        assert text in ran.out


def test_without_ids_the_steps_can_be_read_all_the_same() -> None:
    ran = registration()
    assert ran.code == 0
    assert "the new app" in ran.out
    assert "Give --client-id to get the address." in ran.out


@pytest.mark.parametrize(
    ("cloud", "portal", "login"),
    [
        ("usgov", "portal.azure.us", "login.microsoftonline.us"),
        ("china", "portal.azure.cn", "login.partner.microsoftonline.cn"),
        ("bleu", "the portal of your cloud", "login.sovcloud-identity.fr"),
    ],
)
def test_each_cloud_has_its_portal(cloud: str, portal: str, login: str) -> None:
    ran = registration("--cloud", cloud, "--client-id", command_line.CLIENT, "--json")
    told = json.loads(ran.out)
    assert portal in told["steps"][0]
    assert told["admin_consent_url"].startswith(f"https://{login}/organizations/adminconsent?")
    assert told["admin_consent_url"] in told["letter"]


def test_the_consent_address_is_one_that_an_authority_takes() -> None:
    kit = Kit()
    made = Registration(
        authority=Authority.of(command_line.TENANT),
        client_id=command_line.CLIENT,
        redirect_uri="http://localhost",
        portal="portal.azure.com",
    )
    assert made.admin_consent_url is not None
    kit.browser.user = "trent@contoso-practice.example"  # an administrator
    kit.browser.open(made.admin_consent_url)
    (back,) = kit.received
    assert "admin_consent=True" in back.query


@pytest.mark.parametrize(
    ("arguments", "what"),
    [(("--tenant", "a tenant"), "The tenant is neither"), (("--class",), "exclude each other")],
)
def test_a_registration_that_cannot_be_is_refused(arguments: tuple[str, ...], what: str) -> None:
    ran = registration(*arguments)
    assert ran.code == 2
    assert what in error_of(ran)[0]


# ---- the class -----------------------------------------------------------------------------


def test_one_line_says_that_a_machine_is_ready_for_the_class() -> None:
    ran = call("doctor", "--class")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("PASS  Python 3.")
    assert "practice sign-in in " in ran.out
    assert ran.out.count("\n") == 1


def test_a_machine_that_is_not_ready_fails_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    def bind(port: int, at: str | None) -> list[Any]:
        raise LocalError("There is no loopback.", advice="Bring it up.")

    monkeypatch.setattr("entra_oauth.cli.doctor.lesson_check.bind", bind)
    ran = call("doctor", "--class")
    assert ran.code == 8
    assert ran.out == "FAIL  entra-oauth is not ready here\n"
    assert error_of(ran) == ("There is no loopback.", "Bring it up.")


@needs.python("keyring", group="interop")
@pytest.mark.parametrize("more", [(), ("--quiet",)])
def test_a_password_store_that_waits_is_told_of(
    tenant: PracticeTenant, more: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Waiting:
        def get_password(self, service: str, key: str) -> None:
            assert not threading.Event().wait(0.2)

    monkeypatch.setattr("keyring.get_keyring", Waiting)
    monkeypatch.setattr(vault, "_NOTICE_S", 0.02)
    ran = doctor(base(tenant), "--ca-bundle", str(tenant.ca), *more)
    assert ran.code == 0, ran.both
    assert ran.err.count("Waiting for the system's password store") == 1
