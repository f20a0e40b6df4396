"""api: against the practice workspace, and against a web server that plays one."""

from __future__ import annotations

import base64
import io
import json
import os
import re
import shlex
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from entra_oauth.cli.session.console import Console
from entra_oauth.cli.use_tokens.api import _show
from entra_oauth.practice import PracticeBrowser, PracticeTenant, http_send, serve
from entra_oauth.practice.server.hosts import Hosted
from entra_oauth.protocol.messages import parse_form
from kit import canaries, command_line, needs, practice
from kit.command_line import Ran, error_of, on_stdin

CLUSTERS = "/api/2.0/clusters/list"
REAL = "https://adb-1.2.azuredatabricks.net"
GRACE = "grace@contoso-practice.example"
CP1 = '{"access_token":{"xms_cc":{"values":["cp1"]}}}'
CLAIMS = '{"access_token":{"nbf":{"essential":true,"value":"1604106651"}}}'

pytestmark = pytest.mark.usefixtures("no_terminal")


@pytest.fixture
def tenant() -> PracticeTenant:
    return PracticeTenant()


@pytest.fixture
def hosted(tenant: PracticeTenant) -> Iterator[Hosted]:
    with serve(tenant, tls=False) as served:
        yield served


def token_of(tenant: PracticeTenant, user: str = practice.ALICE, claims: str = "") -> str:
    kit = practice.Kit(tenant=tenant, user=user)
    changes = {"claims": claims or None}
    text = kit.tokens(changes, changes)["access_token"]
    assert isinstance(text, str)
    return text


def api(base_url: str, *arguments: str, token: str | None = None, authority: str = "") -> Ran:
    """A call, the token by standard input if there is one."""
    options = [*command_line.at(authority or base_url), "--workspace-url", base_url]
    if token is None:
        return command_line.call("api", *arguments, *options)
    with on_stdin(f"{token}\n"):
        return command_line.call("api", *arguments, *options, "--token-stdin")


class Visitor:
    """Signs in at the practice tenant where a browser would be opened."""

    def __init__(self, user: str = practice.ALICE) -> None:
        self.urls: list[str] = []
        self._user = user
        self._threads: list[threading.Thread] = []

    def launch(self, url: str, command: str | None = None, *, failed: object) -> bool:
        self.urls.append(url)
        browser = PracticeBrowser(http_send, self._user, practice.PASSWORD)
        thread = threading.Thread(target=browser.open, args=(url,), daemon=True)
        self._threads.append(thread)
        thread.start()
        return True

    def join(self) -> None:
        for thread in self._threads:
            thread.join(command_line.PATIENCE_S)
            assert not thread.is_alive()


def login(base_url: str, visitor: Visitor, *more: str) -> None:
    ran = command_line.call("login", *command_line.at(base_url), *more)
    assert ran.code == 0, ran.err
    visitor.join()


@pytest.fixture
def visitor(monkeypatch: pytest.MonkeyPatch) -> Iterator[Visitor]:
    one = Visitor()
    monkeypatch.setattr("entra_oauth.channels.listener.system_browser.launch", one.launch)
    monkeypatch.setenv("ENTRA_OAUTH_BROWSER", "x")
    yield one
    one.join()


# ---- the practice workspace ----------------------------------------------------------


def test_in_a_pipe_the_answer_is_untouched(tenant: PracticeTenant, hosted: Hosted) -> None:
    token = token_of(tenant)
    ran = api(hosted.base_url, "GET", CLUSTERS, token=token)
    request, response = tenant.log[-1]
    assert (ran.code, ran.out.encode(), ran.err) == (0, response.body, "")
    assert [c["cluster_name"] for c in json.loads(ran.out)["clusters"]] == ["lesson", "nightly"]
    assert request.header("Authorization") == f"Bearer {token}"
    assert request.header("Cookie") is None


def test_the_token_can_come_by_a_file_descriptor(tenant: PracticeTenant, hosted: Hosted) -> None:
    read_end, write_end = os.pipe()
    os.write(write_end, token_of(tenant).encode())
    os.close(write_end)
    ran = api(hosted.base_url, "get", CLUSTERS, "--token-fd", str(read_end))
    assert ran.code == 0


def test_whoever_is_no_member_is_told_of_the_header_and_gets_in_with_it(
    tenant: PracticeTenant, hosted: Hosted
) -> None:
    token = token_of(tenant, GRACE)
    ran = api(hosted.base_url, "GET", CLUSTERS, token=token)
    what, advice = error_of(ran)
    assert ran.code == 1
    assert "no member of the workspace" in what
    assert "--workspace-resource-id" in advice
    assert "not authorized" in ran.out
    parts = ("--subscription", "s", "--resource-group", "g", "--workspace-name", "w")
    assert api(hosted.base_url, "GET", CLUSTERS, *parts, token=token).code == 0
    sent = tenant.log[-1][0].header("X-Databricks-Azure-Workspace-Resource-Id")
    assert sent == "/subscriptions/s/resourcegroups/g/providers/microsoft.databricks/workspaces/w"
    whole = ("--workspace-resource-id", sent)
    assert api(hosted.base_url, "GET", CLUSTERS, *whole, token=token).code == 0


def test_an_expired_token_is_called_expired(tenant: PracticeTenant, hosted: Hosted) -> None:
    tenant.advance(-7200)
    token = token_of(tenant)
    tenant.advance(7200)
    ran = api(hosted.base_url, "GET", CLUSTERS, token=token)
    assert ran.code == 1
    assert "the token expired" in error_of(ran)[0]
    assert token not in ran.both


def test_a_token_for_another_api_is_not_shown_to_the_workspace(
    tenant: PracticeTenant, hosted: Hosted
) -> None:
    token = canaries.jwt({"alg": "RS256"}, {"aud": "https://graph.microsoft.com"})
    before = len(tenant.log)
    ran = api(hosted.base_url, "GET", CLUSTERS, token=token)
    assert ran.code == 5
    assert "it is for Microsoft Graph, not for Azure Databricks" in error_of(ran)[0]
    assert len(tenant.log) == before
    assert token not in ran.both


def test_nobody_signed_in_is_exit_code_4_and_the_command_to_run(hosted: Hosted) -> None:
    ran = api(hosted.base_url, "GET", CLUSTERS)
    assert ran.code == 4
    assert "entra-oauth login" in error_of(ran)[1]


def test_interactive_signs_in_once_and_the_next_call_finds_the_token(
    tenant: PracticeTenant, hosted: Hosted, visitor: Visitor
) -> None:
    assert api(hosted.base_url, "GET", CLUSTERS, "--interactive").code == 0
    visitor.join()
    before = len(tenant.log)
    ran = api(hosted.base_url, "GET", CLUSTERS)
    assert (ran.code, len(visitor.urls), len(tenant.log) - before) == (0, 1, 1)


def test_without_a_tenant_the_workspace_is_asked_for_it(
    tenant: PracticeTenant, hosted: Hosted, visitor: Visitor
) -> None:
    options = ("--client-id", command_line.CLIENT, "--workspace-url", hosted.base_url)
    ran = command_line.call("api", "GET", CLUSTERS, "--interactive", *options)
    assert ran.code == 0, ran.err
    assert [path for request, _ in tenant.log if "/oidc/" in (path := request.path)]


def test_the_call_is_in_the_recording_and_the_token_is_not(
    tenant: PracticeTenant, hosted: Hosted, tmp_path: Path
) -> None:
    token = token_of(tenant)
    folder = tmp_path / "rec"
    ran = api(hosted.base_url, "GET", CLUSTERS, "--record", str(folder), token=token)
    assert ran.code == 0
    kept = b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())
    assert CLUSTERS.encode() in kept
    for part in (token, token.rpartition(".")[2], token.split(".")[1]):
        assert part.encode() not in kept


# ---- the claims challenge ------------------------------------------------------------


def test_a_challenge_is_told_with_the_option_ready_to_use(
    tenant: PracticeTenant, hosted: Hosted
) -> None:
    token = token_of(tenant, claims=CP1)
    tenant.advance(60)
    tenant.challenge("alice")
    ran = api(hosted.base_url, "GET", CLUSTERS, token=token)
    what, advice = error_of(ran)
    assert ran.code == 1
    assert "claims challenge" in what
    named = " ".join(command_line.at(hosted.base_url)[2:])
    assert f"entra-oauth login {named} --authority-host {hosted.base_url} --claims '{{" in advice


def _challenge(request: Request) -> Response:
    wanted = base64.b64encode(CLAIMS.encode()).decode()
    told = f'Bearer realm="", error="insufficient_claims", claims="{wanted}"'
    return Response("{}", 401, {"WWW-Authenticate": told})


def test_a_challenge_is_answered_by_a_refresh_first(
    hosted: Hosted, tenant: PracticeTenant, visitor: Visitor, httpserver: HTTPServer
) -> None:
    httpserver.expect_ordered_request(CLUSTERS).respond_with_handler(_challenge)
    httpserver.expect_ordered_request(CLUSTERS).respond_with_json({"clusters": []})
    url = httpserver.url_for("").rstrip("/")
    login(hosted.base_url, visitor)
    ran = api(url, "GET", CLUSTERS, authority=hosted.base_url)
    httpserver.check()
    assert (ran.code, json.loads(ran.out)) == (0, {"clusters": []})
    sent = parse_form(tenant.log[-1][0].body.decode())
    assert (("grant_type", "refresh_token") in sent, ("claims", CLAIMS) in sent) == (True, True)
    assert len(visitor.urls) == 1


def test_interactive_signs_in_for_a_challenge_that_a_refresh_does_not_meet(
    hosted: Hosted, visitor: Visitor, httpserver: HTTPServer
) -> None:
    for _ in range(2):
        httpserver.expect_ordered_request(CLUSTERS).respond_with_handler(_challenge)
    httpserver.expect_ordered_request(CLUSTERS).respond_with_json({"clusters": []})
    url = httpserver.url_for("").rstrip("/")
    ran = api(url, "GET", CLUSTERS, "--interactive", authority=hosted.base_url)
    httpserver.check()
    assert (ran.code, json.loads(ran.out)) == (0, {"clusters": []})
    assert len(visitor.urls) == 2
    assert "claims=%7B%22access_token" in visitor.urls[1]


def _advised(ran: Ran) -> list[str]:
    """The words of the sign-in that an error tells a person to make."""
    found = re.search(r"entra-oauth (login .*?)(?:, then this again)?\.(?: |$)", error_of(ran)[1])
    assert found is not None, ran.err
    return shlex.split(found[1])


@needs.posix
@pytest.mark.parametrize("by", ["only sign-in", "options", "profile", "named profile"])
def test_the_sign_in_that_a_challenge_advises_can_be_run_as_it_stands(
    hosted: Hosted, visitor: Visitor, httpserver: HTTPServer, by: str
) -> None:
    for _ in range(2):
        httpserver.expect_ordered_request(CLUSTERS).respond_with_handler(_challenge)
    httpserver.expect_ordered_request(CLUSTERS).respond_with_json({"clusters": []})
    login(hosted.base_url, visitor, *(("--save-profile", "p") if "profile" in by else ()))
    options = {"options": command_line.at(hosted.base_url), "named profile": ("-p", "p")}
    call = ("api", "GET", httpserver.url_for(CLUSTERS), *options.get(by, ()))
    ran = command_line.call(*call)
    assert ran.code == 1
    again = command_line.call(*_advised(ran))
    visitor.join()
    assert again.code == 0, again.err
    assert dict(parse_form(urlsplit(visitor.urls[-1]).query))["claims"] == CLAIMS
    assert json.loads(command_line.call(*call).out) == {"clusters": []}
    httpserver.check()


@needs.posix
@pytest.mark.parametrize(
    ("status", "body"),
    [
        (302, "/login.html"),
        (401, "{}"),
        (403, '{"error_code": 403, "message": "Invalid access token."}'),
    ],
)
def test_the_sign_in_that_another_refusal_advises_can_be_run_as_it_stands(
    hosted: Hosted, visitor: Visitor, httpserver: HTTPServer, status: int, body: str
) -> None:
    headers = {"Location": body} if status == 302 else {"Content-Type": "application/json"}
    httpserver.expect_request(CLUSTERS).respond_with_data(body, status, headers)
    login(hosted.base_url, visitor)
    ran = command_line.call("api", "GET", httpserver.url_for(CLUSTERS))
    words = _advised(ran)
    url = httpserver.url_for("").rstrip("/")
    named = {name: words[words.index(name) + 1] for name in words if name.startswith("--")}
    if status == 401:
        assert named["--authority-host"] == hosted.base_url
    else:  # of the workspace's own tenant, which it is asked for
        assert named["--workspace-url"] == url
        assert "--tenant" not in named
        words[words.index(url)] = hosted.base_url  # a workspace that can tell
    again = command_line.call(*words)
    visitor.join()
    assert again.code == 0, again.err


@pytest.mark.parametrize(
    ("named", "left"),
    [
        ((), "--tenant TENANT --client-id CLIENT"),
        (("--workspace-url", "http://localhost:9"), "--client-id CLIENT"),
        (("--tenant", canaries.TENANT), "--client-id CLIENT"),
    ],
)
def test_where_a_token_was_handed_over_the_advice_says_what_is_to_be_filled_in(
    named: tuple[str, ...], left: str, httpserver: HTTPServer, tenant: PracticeTenant
) -> None:
    httpserver.expect_request(CLUSTERS).respond_with_handler(_challenge)
    host = ("--authority-host", "http://localhost:9")
    with on_stdin(f"{token_of(tenant)}\n"):
        ran = command_line.call(
            "api", "GET", httpserver.url_for(CLUSTERS), "--token-stdin", *host, *named
        )
    words = " ".join([*named, *host, left])
    assert f"entra-oauth login {words} --claims" in error_of(ran)[1]


@needs.posix
def test_where_the_workspace_names_the_tenant_it_does_so_in_the_advice_too(
    hosted: Hosted, visitor: Visitor
) -> None:
    named = ("--workspace-url", hosted.base_url, "--client-id", canaries.CLIENT_ID)
    ran = command_line.call("token", *named)
    assert (ran.code, ran.out) == (4, "")
    found = re.search(r"entra-oauth (login .*?) \(", error_of(ran)[1])
    assert found is not None
    assert shlex.split(found[1]) == ["login", *named]
    assert command_line.call(*shlex.split(found[1])).code == 0
    assert command_line.call("token", *named).code == 0


@pytest.mark.parametrize(("more", "calls", "signs_in"), [((), 2, 1), (("--interactive",), 3, 2)])
def test_a_challenge_that_comes_again_and_again_ends(
    hosted: Hosted,
    visitor: Visitor,
    httpserver: HTTPServer,
    more: tuple[str, ...],
    calls: int,
    signs_in: int,
) -> None:
    httpserver.expect_request(CLUSTERS).respond_with_handler(_challenge)
    url = httpserver.url_for("").rstrip("/")
    login(hosted.base_url, visitor)
    ran = api(url, "GET", CLUSTERS, *more, authority=hosted.base_url)
    assert ran.code == 1
    assert f"--claims '{CLAIMS}', then this again." in error_of(ran)[1]
    assert (len(httpserver.log), len(visitor.urls)) == (calls, signs_in)


@pytest.mark.parametrize("given", ["json", "base64", "header"])
def test_a_challenge_may_be_given_in_any_shape_and_cae_declares_that_it_can_be_handled(
    tenant: PracticeTenant, hosted: Hosted, visitor: Visitor, given: str
) -> None:
    encoded = base64.b64encode(CLAIMS.encode()).decode()
    header = f'WWW-Authenticate: Bearer error="insufficient_claims", claims="{encoded}"'
    shapes = {"json": CLAIMS, "base64": encoded, "header": header}
    login(hosted.base_url, visitor, "--claims", shapes[given], "--cae")
    asked = dict(parse_form(urlsplit(visitor.urls[0]).query))["claims"]
    redeemed = next(r for r, _ in tenant.log if r.path.endswith("/token"))
    for text in (asked, dict(parse_form(redeemed.body.decode()))["claims"]):
        members = json.loads(text)["access_token"]
        assert members.pop("xms_cc") == {"values": ["cp1"]}
        assert members == json.loads(CLAIMS)["access_token"]


def test_a_token_for_who_can_handle_a_challenge_is_kept_apart_from_the_ordinary_one(
    tenant: PracticeTenant, hosted: Hosted, visitor: Visitor
) -> None:
    """Whatever brought it: `login --cae`, claims that say the same, or a renewal."""

    def token(*more: str) -> str:
        ran = command_line.call("token", *command_line.at(hosted.base_url), *more)
        assert ran.code == 0, ran.err
        return ran.out

    login(hosted.base_url, visitor, "--cae")
    count = len(tenant.log)
    with_cae = token("--cae")
    assert len(tenant.log) == count
    ordinary = token()
    assert len(tenant.log) == count + 1
    assert ["xms_cc" in practice.claims_of(text.strip()) for text in (with_cae, ordinary)] == [
        True,
        False,
    ]
    assert (token(), token("--cae")) == (ordinary, with_cae)
    newer = token("--claims", CP1)
    assert (token(), token("--cae")) == (ordinary, newer)
    login(hosted.base_url, visitor)
    assert token("--cae") == newer
    assert token() not in (ordinary, newer)
    command_line.call("logout", *command_line.at(hosted.base_url))
    login(hosted.base_url, visitor, "--claims", CP1)
    assert "xms_cc" not in practice.claims_of(token().strip())


def test_a_session_that_has_ended_needs_the_person_and_then_works(
    tenant: PracticeTenant, hosted: Hosted, visitor: Visitor
) -> None:
    """As continuous access evaluation has it: the refresh token is dead as well."""
    login(hosted.base_url, visitor, "--claims", CP1)
    tenant.advance(60)
    tenant.revoke_sessions("alice")
    tenant.challenge("alice")
    ran = api(hosted.base_url, "GET", CLUSTERS, "--cae")
    assert ran.code == 1
    assert "claims challenge" in error_of(ran)[0]
    assert api(hosted.base_url, "GET", CLUSTERS, "--cae", "--interactive").code == 0
    assert len(visitor.urls) == 2


# ---- a web server as the workspace -----------------------------------------------------


def at_server(httpserver: HTTPServer, *arguments: str, more: tuple[str, ...] = ()) -> Ran:
    url = httpserver.url_for("").rstrip("/")
    return api(url, *arguments, *more, token=canaries.ACCESS_TOKEN)


def test_a_get_is_sent_again_when_the_workspace_is_busy_and_that_is_said(
    httpserver: HTTPServer,
) -> None:
    busy = Response("", 503, {"Retry-After": "1"})
    httpserver.expect_ordered_request(CLUSTERS).respond_with_response(busy)
    httpserver.expect_ordered_request(CLUSTERS).respond_with_data(b"  {}\n")
    ran = at_server(httpserver, "GET", CLUSTERS)
    assert (ran.code, ran.out) == (0, "  {}\n")
    where = httpserver.url_for("").partition("://")[2].rstrip("/")
    assert ran.err == f"{where} answered HTTP 503. Trying again in 1 s.\n"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_what_changes_something_is_sent_once(httpserver: HTTPServer, method: str) -> None:
    httpserver.expect_request(CLUSTERS).respond_with_data("", 503, {"Retry-After": "1"})
    ran = at_server(httpserver, method, CLUSTERS)
    assert (ran.code, len(httpserver.log)) == (1, 1)


def test_no_time_is_waited_that_nobody_would_wait(httpserver: HTTPServer) -> None:
    httpserver.expect_request(CLUSTERS).respond_with_data("", 429, {"Retry-After": "315360000"})
    assert (at_server(httpserver, "GET", CLUSTERS).code, len(httpserver.log)) == (1, 1)


def test_a_redirect_does_not_carry_the_token_on(httpserver: HTTPServer) -> None:
    target = httpserver.url_for("/elsewhere")
    httpserver.expect_request(CLUSTERS).respond_with_data("", 302, {"Location": target})
    httpserver.expect_request("/elsewhere").respond_with_json({})
    ran = at_server(httpserver, "GET", CLUSTERS)
    assert ran.code == 1
    assert "redirects elsewhere" in error_of(ran)[0]
    assert [request.path for request, _ in httpserver.log] == [CLUSTERS]


def test_data_from_a_file_arrives_byte_for_byte(httpserver: HTTPServer, tmp_path: Path) -> None:
    body = b'{ "name":\t"\xc3\xa4" }\r\n'
    file = tmp_path / "body.json"
    file.write_bytes(body)
    httpserver.expect_request("/x", method="POST", data=body).respond_with_json({})
    assert at_server(httpserver, "POST", "/x", "--data", f"@{file}").code == 0
    assert httpserver.log[0][0].headers["Content-Type"] == "application/json"


def test_data_from_standard_input_arrives_byte_for_byte(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/x", method="POST", data=b"{}\n").respond_with_json({})
    read_end, write_end = os.pipe()
    os.write(write_end, canaries.ACCESS_TOKEN.encode())
    os.close(write_end)
    url = httpserver.url_for("").rstrip("/")
    with on_stdin(b"{}\n"):
        ran = api(url, "POST", "/x", "--data", "-", "--token-fd", str(read_end))
    assert ran.code == 0


def test_a_page_in_the_place_of_an_answer_is_named(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/x").respond_with_data("<html>", content_type="text/html")
    ran = at_server(httpserver, "GET", "/x")
    assert (ran.code, ran.out) == (0, "<html>")
    assert "this is a page" in ran.err


def test_a_page_in_the_place_of_an_api_s_answer_means_that_the_token_was_not_taken(
    httpserver: HTTPServer,
) -> None:
    page = "<!doctype html><title>Databricks - Sign In</title>"
    kind = "text/html; charset=utf-8"
    httpserver.expect_request("/api/2.0/x").respond_with_data(page, content_type=kind)
    ran = at_server(httpserver, "GET", "/api/2.0/x")
    assert ran.code == 1
    what, advice = error_of(ran)
    assert "does not take the token" in what
    assert "entra-oauth login" in advice


def test_a_large_answer_is_read_whole(httpserver: HTTPServer) -> None:
    body = b"[" + b" " * 3_000_000 + b"]"
    httpserver.expect_request("/x").respond_with_data(body)
    assert at_server(httpserver, "GET", "/x").out.encode() == body


def test_an_error_as_json_holds_status_and_claims(httpserver: HTTPServer) -> None:
    httpserver.expect_request(CLUSTERS).respond_with_handler(_challenge)
    ran = at_server(httpserver, "GET", CLUSTERS, "--json")
    told = json.loads(ran.err.splitlines()[-1])
    assert (told["kind"], told["stage"], told["http_status"]) == ("ApiRefused", "api", 401)
    assert (told["claims"], told["exit_code"]) == (CLAIMS, 1)


def test_no_connection_is_exit_code_6(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("entra_oauth.flows.patience.ATTEMPTS", 1)
    url = f"http://localhost:{command_line.free_port()}"
    ran = api(url, "GET", CLUSTERS, token=canaries.ACCESS_TOKEN)
    assert ran.code == 6
    canaries.assert_clean(ran.both)


# ---- what is refused before anything is sent ---------------------------------------------

MISTAKES: list[tuple[tuple[str, ...], int, str]] = [
    ((), 2, "api needs a method and a path."),
    (("GET",), 2, "api needs a method and a path."),
    (("GET", CLUSTERS, canaries.ACCESS_TOKEN), 2, "api needs a method and a path."),
    (("GET", CLUSTERS), 2, "No workspace was given."),
    (("GET", "api/2.0"), 2, "No workspace was given."),
    (("GET", "api/2.0", "--workspace-url", REAL), 2, "does not begin with a slash"),
    (("BREW", CLUSTERS, "--workspace-url", REAL), 2, "no such method"),
    (("GET", CLUSTERS, "--workspace-url", "https://evil.example"), 5, "Azure Databricks"),
    (("GET", CLUSTERS, "--workspace-url", "http://adb-1.2.azuredatabricks.net"), 2, "https URL"),
    (("GET", "https://evil.example/"), 5, "no host of the API"),
    (("GET", "https://graph.microsoft.com/"), 5, "no host of the API"),
    (("GET", f"{REAL}.evil.example/"), 5, "no host of the API"),
    (("GET", f"{REAL}@evil.example/"), 5, "no plain https address"),
    (("GET", "@evil.example/", "--workspace-url", REAL), 2, "does not begin with a slash"),
    (("GET", "/a b", "--workspace-url", REAL), 5, "no plain https address"),
    (("GET", CLUSTERS, "--workspace-url", REAL, "--cloud", "china"), 5, "no host of the API"),
    (("GET", CLUSTERS, "--workspace-url", "http://localhost:9"), 5, "a practice workspace must"),
    (
        ("GET", CLUSTERS, "--workspace-url", REAL, "--authority-host", "http://localhost:9"),
        5,
        "practice token",
    ),
    (("GET", CLUSTERS, "--workspace-url", REAL, "--data", "-"), 2, "both to be read from standard"),
    (("GET", CLUSTERS, "--workspace-url", REAL, "--interactive"), 2, "nothing to do"),
    (("GET", CLUSTERS, "--workspace-url", REAL, "--token-fd", "9"), 2, "exclude each other"),
    (("POST", CLUSTERS, "--workspace-url", REAL, "--data", "{}"), 2, "--data takes no JSON itself"),
    (("POST", CLUSTERS, "--workspace-url", REAL, "--data", "@nowhere"), 8, "cannot be read"),
    (("GET", CLUSTERS, "--workspace-url", REAL, "--subscription", "s"), 2, "go together"),
    (
        ("GET", CLUSTERS, "--workspace-url", REAL, "--workspace-resource-id", "w"),
        2,
        "does not look like one",
    ),
]


@pytest.mark.parametrize(("arguments", "code", "what"), MISTAKES, ids=str)
def test_a_call_that_must_not_be_made_is_refused_in_a_sentence(
    arguments: tuple[str, ...], code: int, what: str
) -> None:
    with on_stdin(canaries.ACCESS_TOKEN):
        ran = command_line.call("api", *arguments, "--token-stdin")
    assert ran.code == code, ran.err
    assert what in error_of(ran)[0]
    assert ran.out == ""
    canaries.assert_clean(ran.both)


def test_data_that_stands_in_the_arguments_is_not_repeated() -> None:
    ran = command_line.call(
        "api", "POST", CLUSTERS, "--workspace-url", REAL, "--data", canaries.REFRESH_TOKEN
    )
    assert ran.code == 2
    canaries.assert_clean(ran.both)


def test_a_body_for_a_get_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "body"
    file.write_bytes(b"{}")
    with on_stdin(canaries.ACCESS_TOKEN):
        options = ("--workspace-url", REAL, "--data", f"@{file}", "--token-stdin")
        ran = command_line.call("api", "GET", CLUSTERS, *options)
    assert ran.code == 2
    assert "A GET has no body." in error_of(ran)[0]


# ---- on a terminal -------------------------------------------------------------------------


class _Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(body: bytes) -> str:
    screen = _Screen()
    _show(body, Console(out=screen, err=io.StringIO(), styled=False))
    return screen.getvalue()


def test_on_a_terminal_json_is_laid_out() -> None:
    assert shown(b'{"a":[1,"\xc3\xa4"]}') == '{\n  "a": [\n    1,\n    "ä"\n  ]\n}\n'


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b'"\\u001b[2J\\u202e"', '"\\u001b[2J\\u202e"\n'),
        ('"\U000e0001"'.encode(), '"\\udb40\\udc01"\n'),
        (b"\x1b[2J\nplain\xff", "<ESC>[2J\nplain\ufffd\n"),
        (b'{"a":', '{"a":\n'),
        (b"[" * 100_000, "[" * 100_000 + "\n"),
        (b"", ""),
    ],
    ids=lambda value: str(value)[:20],
)
def test_nothing_that_comes_can_command_the_terminal(body: bytes, text: str) -> None:
    assert shown(body) == text
