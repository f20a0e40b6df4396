"""Managed identities: what each source is asked, and what may be said of its answers."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from entra_oauth.errors import (
    AuthorityError,
    ConnectFailed,
    DeadlineExceeded,
    EntraOAuthError,
    ExchangeBroken,
    LocalError,
    ProofMissing,
    SecurityError,
    UnexpectedAnswer,
    UsageError,
)
from entra_oauth.flows.managed_identity import app_service, arc, imds
from entra_oauth.flows.managed_identity.identity_answer import IdentityRequest
from entra_oauth.flows.managed_identity.machine_identity import MachineIdentity
from entra_oauth.flows.managed_identity.named_identity import NamedIdentity, resource_asked
from entra_oauth.protocol.endpoints.token import TokenResponse
from entra_oauth.protocol.messages import USER_AGENT, HttpRequest, HttpResponse
from kit import needs
from kit.canaries import ACCESS_TOKEN
from kit.grants import NOW, World, json_reply

VAULT = "https://vault.azure.net"
GUID = "1de27000-0000-4000-8000-00000000000a"
PATH = "/subscriptions/5ab/resourcegroups/g/providers/Microsoft.ManagedIdentity/x/my-id"
HEADER = "CanaryIdentityHeader~" + "Ih6_" * 6
KEY = "CanaryArcKey~" + "Ak5_" * 8
APP = {"IDENTITY_ENDPOINT": "http://169.254.129.2:8081/msi/token", "IDENTITY_HEADER": HEADER}
BOTH = (("User-Agent", USER_AGENT), ("Accept", "application/json"))


def tokens(**changes: Any) -> HttpResponse:
    """An answer as the metadata service shapes it: every value is a text."""
    members: dict[str, Any] = {
        "access_token": ACCESS_TOKEN,
        "refresh_token": "",
        "expires_in": "3599",
        "expires_on": str(int(NOW) + 3599),
        "not_before": str(int(NOW)),
        "resource": VAULT,
        "token_type": "Bearer",
    } | changes
    return json_reply({name: value for name, value in members.items() if value is not None})


def page(status: int = 200) -> HttpResponse:
    body = b"<!DOCTYPE html><title>Sign in to the hotel's network</title>"
    return HttpResponse(status=status, headers=(("Content-Type", "text/html"),), body=body)


def of_imds(world: World, named: str | None = None, **environ: str) -> TokenResponse:
    identity = NamedIdentity.read(named)
    return imds.get_token(VAULT, identity, world.channels, environ=environ)


def of_app(world: World, named: str | None = None, **environ: str) -> TokenResponse:
    identity = NamedIdentity.read(named)
    return app_service.get_token(VAULT, identity, world.channels, environ=APP | environ)


class Agent:
    """The agent of Azure Arc, as far as it is asked: a challenge, then the answer."""

    def __init__(self, folder: Path, answer: HttpResponse | None = None) -> None:
        self.folder = folder
        self.file = folder / "0a1b.key"
        self.file.write_text(KEY)
        self.answer = answer or tokens()
        self.challenge: str | None = f"Basic realm={self.file}"

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.header("Authorization") == f"Basic {KEY}":
            return self.answer
        told = (("WWW-Authenticate", self.challenge),) if self.challenge else ()
        return HttpResponse(status=401, headers=told)

    def get(self, world: World, named: str | None = None, **environ: str) -> TokenResponse:
        identity = NamedIdentity.read(named)
        return arc.get_token(
            VAULT, identity, world.channels, environ=environ, folder=str(self.folder)
        )


# ---- what is asked ----------------------------------------------------------------------------

QUERY = "resource=https%3A%2F%2Fvault.azure.net"
NAMED = {
    None: "",
    f"client-id={GUID}": f"&client_id={GUID}",
    f"client-id={{{GUID.upper()}}}": f"&client_id={GUID}",
    f"object-id={GUID}": f"&object_id={GUID}",
}
QUOTED = PATH.replace("/", "%2F")


@pytest.mark.parametrize(
    ("named", "more"), [*NAMED.items(), (f"resource-id={PATH}", f"&msi_res_id={QUOTED}")]
)
def test_the_metadata_service_is_asked_for_the_identity_that_is_named(
    named: str | None, more: str
) -> None:
    world = World([tokens()])
    answer = of_imds(world, named)
    (request,) = world.requests
    path = "http://169.254.169.254/metadata/identity/oauth2/token"
    assert request.url == f"{path}?api-version=2018-02-01&{QUERY}{more}"
    assert (request.method, request.body) == ("GET", b"")
    assert request.headers == (*BOTH, ("Metadata", "true"))
    assert (answer.access_token, answer.expires_in) == (ACCESS_TOKEN, 3599)
    assert (answer.refresh_token, answer.identity) == (None, None)


@pytest.mark.parametrize(
    ("named", "more"), [*NAMED.items(), (f"resource-id={PATH}", f"&mi_res_id={QUOTED}")]
)
def test_app_service_is_asked_at_its_address_with_its_secret(named: str | None, more: str) -> None:
    world = World([tokens(expires_in=None)])
    assert of_app(world, named).expires_in == 3599
    (request,) = world.requests
    assert request.url == f"{APP['IDENTITY_ENDPOINT']}?api-version=2019-08-01&{QUERY}{more}"
    assert request.headers == (*BOTH, ("X-IDENTITY-HEADER", HEADER))


@pytest.mark.parametrize(
    ("named", "more"), [*NAMED.items(), (f"resource-id={PATH}", f"&msi_res_id={QUOTED}")]
)
def test_the_agent_of_arc_is_asked_twice_the_second_time_with_its_key(
    named: str | None, more: str, tmp_path: Path
) -> None:
    told = {"client_id": GUID, "object_id": GUID.upper(), "msi_res_id": PATH.lower()}
    agent = Agent(tmp_path, tokens(**told))
    world = World([agent])
    assert agent.get(world, named).access_token == ACCESS_TOKEN
    first, second = world.requests
    path = "http://localhost:40342/metadata/identity/oauth2/token"
    assert first.url == second.url == f"{path}?api-version=2020-06-01&{QUERY}{more}"
    assert first.headers == (*BOTH, ("Metadata", "true"))
    assert second.headers == (*first.headers, ("Authorization", f"Basic {KEY}"))


def test_an_address_of_the_environment_is_asked_instead(tmp_path: Path) -> None:
    world = World([tokens()])
    of_imds(world, AZURE_POD_IDENTITY_AUTHORITY_HOST="http://127.0.0.1:8400/")
    assert world.requests[0].url.startswith("http://127.0.0.1:8400/metadata/identity/oauth2/token?")
    agent = Agent(tmp_path)
    world = World([agent])
    agent.get(world, IDENTITY_ENDPOINT="http://localhost:1/x?a=b")
    assert world.requests[1].url.startswith("http://localhost:1/x?a=b&api-version=2020-06-01&")


ELSEWHERE = [
    "http://10.0.0.4:8081/msi/token",
    "http://localhost.evil.example/msi/token",
    "http://169.254.1.2.evil.example/msi/token",
    "http://169.254.1/msi/token",
    "http://me@127.0.0.1/msi/token",
    "ftp://127.0.0.1/",
    "//127.0.0.1/",
    "http://127.0.0.1:x/",
    "http://[::1/",
    "http://127.0.0.1/\r\nX: y",
    "file:///etc/passwd",
    "https:///msi/token",
    "http://127.0.0.1/msi/token#x",
    "http://127.0.0.1/msi token",
]


@pytest.mark.parametrize("address", ELSEWHERE)
def test_nothing_is_asked_in_clear_of_an_address_that_is_not_near(
    address: str, tmp_path: Path
) -> None:
    world = World([tokens()])
    ways: tuple[Callable[[], TokenResponse], ...] = (
        lambda: of_app(world, IDENTITY_ENDPOINT=address),
        lambda: of_imds(world, AZURE_POD_IDENTITY_AUTHORITY_HOST=address),
        lambda: Agent(tmp_path).get(world, IDENTITY_ENDPOINT=address),
    )
    for ask in ways:
        with pytest.raises(UsageError, match="no address that a token may be asked of"):
            ask()
    assert world.requests == []


@pytest.mark.parametrize(
    ("scope", "resource"),
    [
        ("databricks", "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d"),
        ("arm", "https://management.azure.com"),
        ("https://management.azure.com//.default", "https://management.azure.com/"),
        ("api://x/y/.default", "api://x/y"),
    ],
)
def test_a_resource_is_the_scope_without_its_ending(scope: str, resource: str) -> None:
    assert resource_asked((scope,), cloud="public") == resource


@pytest.mark.parametrize(
    "scopes",
    [
        (f"{VAULT}/user_impersonation",),
        (f"{VAULT}/.default", "openid"),
        ("User.Read",),
        ("openid",),
        (VAULT,),
        ("graph", "arm"),
        (),
    ],
)
def test_a_scope_that_is_not_all_of_one_resource_is_refused(scopes: tuple[str, ...]) -> None:
    with pytest.raises(UsageError):
        resource_asked(scopes, cloud="public")


@pytest.mark.parametrize(
    "text",
    [
        GUID,
        "",
        "client_id=x",
        "client-id=",
        "client-id=x",
        f"name={GUID}",
        "resource-id=x",
        "resource-id=/subscriptions/x?y",
        "resource-id=/subscriptions/x&client_id=y",
    ],
)
def test_an_identity_is_named_by_one_of_three_ids(text: str) -> None:
    with pytest.raises(UsageError, match="managed-identity-id client-id=GUID"):
        NamedIdentity.read(text)


@pytest.mark.parametrize(
    ("environ", "error"),
    [
        ({}, ProofMissing),
        ({"IDENTITY_ENDPOINT": "http://127.0.0.1/"}, ProofMissing),
        ({"IDENTITY_HEADER": HEADER}, ProofMissing),
        (APP | {"IDENTITY_HEADER": f"{HEADER}\r\nX: y"}, UsageError),
    ],
)
def test_app_service_is_not_asked_without_both_variables(
    environ: Mapping[str, str], error: type[UsageError]
) -> None:
    world = World([tokens()])
    with pytest.raises(error) as raised:
        app_service.get_token(VAULT, None, world.channels, environ=environ)
    assert HEADER not in str(raised.value)
    assert world.requests == []


# ---- asking again -----------------------------------------------------------------------------


def status(number: int, *headers: tuple[str, str]) -> HttpResponse:
    return json_reply({"error": "unknown", "error_description": "Later"}, *headers, status=number)


@pytest.mark.parametrize("number", [404, 429, 500, 503])
def test_the_metadata_service_is_asked_again_as_its_page_says(number: int) -> None:
    world = World([*[status(number)] * 5, tokens()])
    assert of_imds(world).access_token == ACCESS_TOKEN
    assert world.slept == [0.0, 2.0, 6.0, 14.0, 30.0]
    assert [re.sub(r".*\. ", "", line.rstrip(".")) for line in world.said] == [
        f"Trying again in {seconds} s" for seconds in (2, 6, 14, 30)
    ]
    world = World([status(number)])
    with pytest.raises(UnexpectedAnswer, match=f"HTTP {number} and no token"):
        of_imds(world)
    assert len(world.requests) == 6


def test_a_metadata_service_that_is_being_updated_is_asked_for_seventy_seconds() -> None:
    world = World([status(410)])
    with pytest.raises(UnexpectedAnswer):
        of_imds(world)
    assert world.at[-1] - world.at[0] == 70


@pytest.mark.parametrize("number", [400, 401, 403, 405, 418])
@pytest.mark.parametrize("ask", [of_imds, of_app])
def test_another_refusal_is_final(ask: Callable[[World], TokenResponse], number: int) -> None:
    world = World([status(number)])
    with pytest.raises(AuthorityError) as raised:
        ask(world)
    assert len(world.requests) == 1
    assert raised.value.http_status == number
    assert raised.value.exit_code == 3


def test_a_service_that_says_when_is_asked_then() -> None:
    world = World([status(429, ("Retry-After", "9")), tokens()])
    of_imds(world)
    assert world.slept == [9.0]
    world = World([status(429, ("Retry-After", "900"))])
    with pytest.raises(UnexpectedAnswer, match=r"too many requests .* Wait 900 seconds"):
        of_imds(world)
    assert world.slept == []


@pytest.mark.parametrize(("timeout_s", "waited"), [(0.5, 2.0), (3.0, 8.0), (30.0, 52.0)])
def test_no_try_begins_later_than_four_times_what_one_may_take(
    timeout_s: float, waited: float
) -> None:
    world = World([status(503)])
    with pytest.raises(UnexpectedAnswer):
        imds.get_token(VAULT, None, world.channels, environ={}, timeout_s=timeout_s)
    assert sum(world.slept) == waited


def test_the_others_are_asked_again_as_any_service_is(tmp_path: Path) -> None:
    world = World([status(503), status(500), tokens()])
    assert of_app(world).access_token == ACCESS_TOKEN
    assert world.slept == [5.0, 10.0]
    agent = Agent(tmp_path)
    world = World([status(429), agent])
    assert agent.get(world).access_token == ACCESS_TOKEN
    assert world.slept == [5.0]


# ---- answers ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "life_s"),
    [
        ({}, 3599),
        ({"expires_in": 3599, "expires_on": None}, 3599),
        ({"expires_in": None, "expires_on": int(NOW) + 50.0}, 50),
        # A token that the service had before: `expires_in` counts from its issue.
        ({"expires_in": "86399", "expires_on": str(int(NOW) + 60)}, 60),
        ({"expires_in": None, "expires_on": None}, None),
        ({"expires_in": None, "expires_on": "06/20/2019 02:57:58 +00:00"}, None),
        ({"expires_in": True, "expires_on": "9" * 40}, None),
    ],
)
def test_the_life_of_a_token_is_the_shortest_that_is_told(
    changes: dict[str, Any], life_s: int | None
) -> None:
    assert of_imds(World([tokens(**changes)])).expires_in == life_s


def test_the_services_own_clock_counts_where_it_tells_it() -> None:
    # 2025-10-09 08:53:20 is NOW; the service is an hour ahead.
    date = ("Date", "Thu, 09 Oct 2025 09:53:20 GMT")
    members = {"access_token": ACCESS_TOKEN, "expires_on": str(int(NOW) + 3600 + 90)}
    assert of_imds(World([json_reply(members, date)])).expires_in == 90


STRANGE = [
    (page(), "it is an HTML page"),
    (page(400), "it is an HTML page"),
    (page(302), "it is a redirect, which is not followed"),
    (HttpResponse(status=200), "it is empty"),
    (HttpResponse(status=200, body=b" \r\n"), "it is empty"),
    (HttpResponse(status=200, body=b" " * 40 + b"<HTML>"), "it is an HTML page"),
    (HttpResponse(status=302, headers=(("Location", "http://evil.example/"),)), "is a redirect, w"),
    (json_reply({"error": "moved"}, status=307), "it is a redirect, which is not followed"),
    (HttpResponse(status=200, body=b"[]"), "no token"),
    (HttpResponse(status=200, body=b'{"access_token":"a","access_token":"b"}'), "no token"),
    (HttpResponse(status=200, body=b"\xff\xfe"), "no token"),
    (tokens(access_token=None), "no access_token"),
    (tokens(access_token=""), "no access_token"),
    (tokens(access_token="a b"), "no access_token"),
    (tokens(access_token="a\x01b"), "no access_token"),
    (tokens(access_token="a\u00e4"), "no access_token"),
    (tokens(access_token="a\r\nX: y"), "no access_token"),
    (tokens(access_token=["a"]), "no access_token"),
    (tokens(token_type="MAC"), "token_type"),
    (tokens(expires_in="0"), "its token is over"),
    (tokens(expires_on="1"), "its token is over"),
    (tokens(expires_on="-5"), "its token is over"),
    (tokens(expires_on=-5), "its token is over"),
]


@pytest.mark.parametrize(("answer", "said"), STRANGE)
@pytest.mark.parametrize("ask", [of_imds, of_app])
def test_what_is_no_token_is_said_plainly(
    ask: Callable[[World], TokenResponse], answer: HttpResponse, said: str
) -> None:
    world = World([answer])
    with pytest.raises(UnexpectedAnswer) as raised:
        ask(world)
    assert said in raised.value.what
    assert ACCESS_TOKEN not in str(raised.value)
    assert len(world.requests) == 1


def test_a_gateway_that_answers_a_page_while_busy_is_said_plainly() -> None:
    with pytest.raises(UnexpectedAnswer, match=r"HTTP 502 and no token: .*an HTML page"):
        of_app(World([page(502)]))


@pytest.mark.parametrize(
    ("error", "said", "advice"),
    [
        ("invalid_request", "Identity not found", "Assign the identity to this machine"),
        ("invalid_request", "Multiple user assigned identities exist, please", "Name one of them"),
        ("invalid_resource", "AADSTS50001: no", "Check --scope"),
        ("bad_request_102", "Required metadata header not specified", "header Metadata"),
        ("unauthorized_client", "x", "page Identity"),
    ],
)
def test_an_error_of_the_metadata_service_has_its_own_advice(
    error: str, said: str, advice: str
) -> None:
    body = {"error": error, "error_description": said}
    with pytest.raises(AuthorityError) as raised:
        of_imds(World([json_reply(body, status=400)]))
    assert advice in raised.value.advice
    assert error == raised.value.error
    assert said[:40] in raised.value.what


def test_docker_desktop_is_told_from_a_machine_of_azure() -> None:
    body = b"connecting to 169.254.169.254:80: network is unreachable"
    with pytest.raises(AuthorityError, match="this is not Azure"):
        of_imds(World([HttpResponse(status=403, body=body)]))


@pytest.mark.parametrize(
    ("answer", "advice"),
    [
        (json_reply({"statusCode": 400, "message": "Identity not found"}, status=400), "Assign"),
        (json_reply({"statusCode": 401, "message": "x"}, status=401), "IDENTITY_HEADER is not"),
        (HttpResponse(status=401), "IDENTITY_HEADER is not"),
        (HttpResponse(status=403), "not served there"),
        (json_reply({"statusCode": 400, "message": f"No {HEADER}"}, status=400), "says little"),
    ],
)
def test_an_error_of_app_service_has_its_own_advice(answer: HttpResponse, advice: str) -> None:
    with pytest.raises(AuthorityError) as raised:
        of_app(World([answer]))
    assert advice in raised.value.advice
    assert HEADER not in str(raised.value)


LATE = DeadlineExceeded("It did not answer.", advice="x", was_sent=False)
REFUSED = ConnectFailed("No connection: refused.", advice="Check HTTPS_PROXY.")


@pytest.mark.parametrize("fault", [LATE, REFUSED])
def test_where_no_service_is_there_it_is_said_at_once(
    fault: EntraOAuthError, tmp_path: Path
) -> None:
    for ask, said in (
        (of_imds, "this machine is no virtual machine of Azure's"),
        (of_app, "Nothing answers at the address in IDENTITY_ENDPOINT"),
        (Agent(tmp_path).get, "it does not run here"),
    ):
        world = World([fault])
        with pytest.raises(ConnectFailed) as raised:
            ask(world)
        assert said in raised.value.what
        assert "doctor" in raised.value.advice
        assert "PROXY" not in str(raised.value)
        assert len(world.requests) == 1
        assert world.slept == []


@pytest.mark.parametrize(
    "fault",
    [
        DeadlineExceeded("It is slow.", advice="x", was_sent=True),
        ExchangeBroken("It broke off.", advice="x", was_sent=True),
    ],
)
def test_a_service_that_is_there_and_slow_is_not_called_absent(fault: EntraOAuthError) -> None:
    with pytest.raises(type(fault)) as raised:
        of_imds(World([fault]))
    assert raised.value.what == fault.what


# ---- the key of the agent of Azure Arc ----------------------------------------------------------

HOSTILE = [
    "Basic realm=/etc/shadow",
    "Basic realm=/etc/shadow.key",
    "Basic realm={folder}/../../etc/x.key",
    "Basic realm={folder}/../{name}/0a1b.key",
    "Basic realm={folder}/sub/0a1b.key",
    "Basic realm={folder}/0a1b.txt",
    "Basic realm={folder}/.key",
    "Basic realm={folder}/0a1b.key\\..\\x.key",
    "Basic realm=0a1b.key",
    "Basic realm={folder}/0a1b.key\0.key",
    "Basic realm={folder}//0a1b.key",
]


@pytest.mark.parametrize("challenge", HOSTILE)
def test_a_server_can_name_no_file_but_a_key_of_the_agent(challenge: str, tmp_path: Path) -> None:
    agent = Agent(tmp_path)
    agent.challenge = challenge.format(folder=tmp_path, name=tmp_path.name)
    world = World([agent])
    with pytest.raises(SecurityError, match="Nothing was read"):
        agent.get(world)
    assert len(world.requests) == 1


@pytest.mark.parametrize("challenge", [None, "", "Basic", "Bearer realm=x", 'Basic realm=""'])
def test_an_answer_without_the_challenge_is_no_agents(
    challenge: str | None, tmp_path: Path
) -> None:
    agent = Agent(tmp_path)
    agent.challenge = challenge
    with pytest.raises((UnexpectedAnswer, AuthorityError)):
        agent.get(World([agent]))
    with pytest.raises(UnexpectedAnswer, match="without the challenge"):
        agent.get(World([tokens()]))


def test_a_quoted_realm_is_read_too(tmp_path: Path) -> None:
    agent = Agent(tmp_path)
    agent.challenge = f'basic realm="{agent.file}"'
    assert agent.get(World([agent])).access_token == ACCESS_TOKEN


@needs.posix
def test_a_key_that_is_no_plain_small_file_is_not_read(tmp_path: Path) -> None:
    agent = Agent(tmp_path)
    secret = tmp_path / "secret"
    secret.write_text("CanaryOfAnotherFile")

    def link() -> None:
        agent.file.symlink_to(secret)

    for make, said in (
        (link, "is a link"),
        (lambda: os.mkfifo(agent.file), "no plain file"),
        (lambda: agent.file.write_text("k" * 4097), "larger than 4,096 bytes"),
        (lambda: agent.file.write_text(""), "no word"),
        (lambda: agent.file.write_text("a\r\nX: y"), "no word"),
        (lambda: agent.file.write_bytes(b"\xff\xfe"), "no word"),
        (lambda: agent.file.write_bytes(b"a\x01b"), "no word"),
    ):
        agent.file.unlink(missing_ok=True)
        make()
        world = World([agent])
        with pytest.raises(SecurityError, match=said) as raised:
            agent.get(world)
        assert "Canary" not in str(raised.value)
        assert len(world.requests) == 1
    agent.file.unlink()
    agent.file.write_text("k" * 4096)
    with pytest.raises(AuthorityError):  # the agent does not take it, but it was sent
        agent.get(
            World(
                [
                    lambda request: (
                        HttpResponse(status=400)
                        if request.header("Authorization")
                        else agent(request)
                    )
                ]
            )
        )


@needs.posix
def test_a_folder_that_is_a_link_is_not_the_agents(tmp_path: Path) -> None:
    real, linked = tmp_path / "real", tmp_path / "linked"
    real.mkdir()
    linked.symlink_to(real)
    agent = Agent(linked)
    with pytest.raises(SecurityError, match="is a link"):
        agent.get(World([agent]))


def test_a_key_that_may_not_be_read_has_its_own_advice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = Agent(tmp_path)

    def refuse(*arguments: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(LocalError, match="group himds"):
        agent.get(World([agent]))
    monkeypatch.undo()
    agent.file.unlink()
    with pytest.raises(LocalError, match="No such file"):
        agent.get(World([agent]))


@pytest.mark.parametrize(
    ("named", "told"),
    [
        (f"client-id={GUID}", {}),
        (f"client-id={GUID}", {"client_id": GUID.replace("1", "2")}),
        (f"object-id={GUID}", {"client_id": GUID}),
        (f"resource-id={PATH}", {"msi_res_id": f"{PATH}x"}),
        (f"resource-id={PATH}", {"msi_res_id": [PATH]}),
    ],
)
def test_an_agent_that_does_not_say_the_named_identity_gives_none(
    named: str, told: dict[str, Any], tmp_path: Path
) -> None:
    agent = Agent(tmp_path, tokens(**told))
    with pytest.raises(SecurityError, match="was not used") as raised:
        agent.get(World([agent]), named)
    assert ACCESS_TOKEN not in str(raised.value)


def test_no_error_of_the_agent_repeats_its_key(tmp_path: Path) -> None:
    refusal = json_reply({"error": "invalid", "error_description": f"No {KEY}"}, status=400)
    agent = Agent(tmp_path, refusal)
    with pytest.raises(AuthorityError) as raised:
        agent.get(World([agent]))
    assert KEY not in str(raised.value)
    assert KEY not in repr(raised.value)


@pytest.mark.parametrize(
    ("platform", "folder"),
    [("linux", "/var/opt/azcmagent/tokens"), ("win32", "AzureConnectedMachineAgent")],
)
def test_the_folder_of_the_agent_is_a_fixed_one(platform: str, folder: str) -> None:
    assert folder in arc.agent_folder({"ProgramData": "C:\\ProgramData"}, platform)


@pytest.mark.parametrize(
    ("environ", "platform"), [({}, "darwin"), ({"ProgramData": "/x"}, "darwin"), ({}, "win32")]
)
def test_where_no_agent_can_be_it_is_said(environ: Mapping[str, str], platform: str) -> None:
    with pytest.raises(LocalError, match="Linux and Windows"):
        arc.agent_folder(environ, platform)


# ---- the identity as a whole --------------------------------------------------------------------


def test_no_source_is_guessed() -> None:
    for source, said in ((None, "not said which"), ("azure-ml", "none that is known")):
        with pytest.raises(UsageError, match=rf"{said}.* imds, app-service, arc"):
            MachineIdentity.of(source, None, APP)


def test_a_claims_challenge_is_refused_before_anything_is_asked() -> None:
    world = World([tokens()])
    identity = MachineIdentity.of("imds", None, {})
    with pytest.raises(UsageError, match="claims challenge"):
        identity.get_token(("arm",), world.channels, cloud="public", claims="{}")
    assert world.requests == []


def test_the_place_of_an_identity_tells_sources_and_services_apart() -> None:
    other = APP | {"IDENTITY_HEADER": HEADER[::-1]}
    pod = {"AZURE_POD_IDENTITY_AUTHORITY_HOST": "http://127.0.0.1:1"}
    identities = [
        MachineIdentity.of(source, None, environ)
        for source, environ in (
            ("imds", {}),
            ("imds", pod),
            ("arc", {}),
            ("app-service", APP),
            ("app-service", other),
        )
    ]
    places = [each.place for each in identities]
    assert len(set(places)) == len(places)
    assert not any(HEADER in f"{each!r}{each.place}{each.words}" for each in identities)


def test_no_frame_of_an_error_holds_a_secret() -> None:
    world = World([json_reply({"statusCode": 400, "message": "no"}, status=400)])
    with pytest.raises(AuthorityError) as raised:
        MachineIdentity.of("app-service", None, APP).get_token(
            ("arm",), world.channels, cloud="public"
        )
    trace = raised.value.__traceback__
    held = ""
    while trace is not None:
        code = trace.tb_frame.f_code.co_filename
        held += repr(trace.tb_frame.f_locals) if "entra_oauth" in code else ""
        trace = trace.tb_next
    assert HEADER not in held


def test_an_error_counts_whatever_the_status_is() -> None:
    body = {"error": "invalid_request", "access_token": ACCESS_TOKEN}
    with pytest.raises(AuthorityError) as raised:
        of_imds(World([json_reply(body)]))
    assert "no reason was given" not in raised.value.what
    assert ACCESS_TOKEN not in str(raised.value)
    with pytest.raises(AuthorityError, match="no reason was given"):
        of_app(World([HttpResponse(status=401)]))


def test_what_the_agent_says_at_first_is_told(tmp_path: Path) -> None:
    body = {"error": "invalid_resource", "error_description": "No such API"}
    with pytest.raises(AuthorityError, match="No such API"):
        Agent(tmp_path).get(World([json_reply(body, status=400)]))


def test_an_agent_may_repeat_a_resource_id_under_its_other_name(tmp_path: Path) -> None:
    agent = Agent(tmp_path, tokens(mi_res_id=PATH.upper()))
    answer = agent.get(World([agent]), f"resource-id={PATH}")
    assert answer.access_token == ACCESS_TOKEN
    other = Agent(tmp_path, tokens(mi_res_id=GUID))
    with pytest.raises(SecurityError, match="was not used"):
        other.get(World([other]), f"client-id={GUID}")


@needs.posix
def test_a_folder_of_windows_is_compared_without_case() -> None:
    def told(place: str) -> HttpResponse:
        header = ("WWW-Authenticate", f"Basic realm={place}\\0a1b.key")
        return HttpResponse(status=401, headers=(header,))

    def get(place: str) -> TokenResponse:
        channels = World([told(place)]).channels
        folder = "C:\\ProgramData\\Agent\\Tokens"
        return arc.get_token(VAULT, None, channels, environ={}, folder=folder)

    with pytest.raises(LocalError, match="No such file"):  # it is looked for, and not here
        get("c:\\programdata\\AGENT\\Tokens")
    with pytest.raises(SecurityError):
        get("C:\\ProgramData\\Agent\\Tokens\\more")


def test_no_repr_of_a_request_shows_a_secret() -> None:
    request = IdentityRequest(
        endpoint="http://127.0.0.1/",
        query=(),
        headers=(("X-IDENTITY-HEADER", HEADER),),
        words=imds.WORDS,
        secrets=(HEADER,),
    )
    assert HEADER not in repr(request)
    assert request.host == "127.0.0.1"
