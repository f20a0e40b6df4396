"""What your own tenant does, beside what is documented: for whoever has one.

    python3 scripts/live_check.py CLIENT TENANT [--workspace-url URL] [--out FILE]

Goes through the procedures, asks you to sign in twice, and writes down what came: names,
numbers and error codes, never a token, a code, an id of yours or a person's name. The
report can be attached to an issue. Wrong codes and tokens are sent on purpose; they show
up in your tenant's sign-in log as failures. Like `launch.py`, it parses on Python 3.6.
"""

import argparse
import os
from typing import TYPE_CHECKING

import article
import launch
from observed import World, leaks, listed, media_type, read_object, report, word

if TYPE_CHECKING:
    from collections.abc import Callable

    from entra_oauth import HttpResponse, TokenResponse

NOWHERE = "0.AAAA" + "live-check-made-this-up" * 4
"""In the place of a code or a token that is good."""


# ---- the checks ------------------------------------------------------------------------


def description(world: World) -> None:
    """The authority's description of itself, against the endpoints that are used here."""
    from entra_oauth.cli.doctor.network import discovery

    reply = world.channels.back.send(discovery(world.authority), timeout_s=30)
    told = read_object(reply)
    ours = world.authority
    world.note("HTTP status", reply.status, 200)
    for name in ("authorization_endpoint", "token_endpoint", "device_authorization_endpoint"):
        world.note(f"{name} is the one used here", told.get(name) == getattr(ours, name), True)
    world.note(
        "keys are where they are looked for", told.get("jwks_uri") == ours.keys_endpoint, True
    )
    world.note("it says that it knows PKCE", "code_challenge_methods_supported" in told, False)
    world.note("response modes", listed(told.get("response_modes_supported") or []))
    world.note("a Date header", reply.header("Date") is not None, True)


def wrong_code(world: World) -> None:
    """A code that nobody issued: the shape of an error."""
    fields = (
        ("client_id", world.client_id),
        ("scope", _scope()),
        ("code", NOWHERE),
        ("redirect_uri", "http://localhost"),
        ("grant_type", "authorization_code"),
    )
    _error(world, _post(world, fields))


def wrong_refresh_token(world: World) -> None:
    """A refresh token that nobody issued."""
    fields = (
        ("client_id", world.client_id),
        ("scope", _scope()),
        ("refresh_token", NOWHERE),
        ("grant_type", "refresh_token"),
    )
    _error(world, _post(world, fields))


def device_code(world: World) -> None:
    """The first answer of the device flow, and one question too early."""
    begun = _post(
        world,
        (("client_id", world.client_id), ("scope", _scope())),
        world.authority.device_authorization_endpoint,
    )
    told = read_object(begun)
    world.note("HTTP status", begun.status, 200)
    world.note("members", listed(told))
    world.note("interval", told.get("interval"), 5)
    world.note("expires_in", told.get("expires_in"), 900)
    code = told.get("device_code")
    if isinstance(code, str):
        grant = "urn:ietf:params:oauth:grant-type:device_code"
        fields = (("client_id", world.client_id), ("grant_type", grant), ("device_code", code))
        _error(world, _post(world, fields), expected="authorization_pending")


def login(world: World) -> None:
    """The hardened procedure, with you."""
    world.tokens = _sign_in(world, "hardened", "form_post")
    _token_answer(world, world.tokens, refresh=True)


def refresh(world: World) -> None:
    """The refresh token of that sign-in, once."""
    from entra_oauth.flows.refresh_token import refresh as flow
    from entra_oauth.protocol.endpoints.access_request import AccessRequest

    if world.tokens is None or world.tokens.refresh_token is None:
        world.note("left out", "no refresh token came")
        return
    before = world.tokens.refresh_token
    access_request = AccessRequest.for_person(
        authority=world.authority, client_id=world.client_id, scopes=("databricks",)
    )
    tokens = flow(access_request, before, world.channels, before=world.tokens.identity)
    world.note("a new refresh token comes", tokens.refresh_token != before, True)
    again = flow(access_request, before, world.channels)
    world.note("the old one works once more", bool(again.access_token), True)


def mirror(world: World) -> None:
    """The article's procedure, with you; you may be signed in already."""
    tokens = _sign_in(world, "article", "query")
    _token_answer(world, tokens, refresh=False)


def workspace(world: World, url: str) -> None:
    """Where the workspace sends people, what it says to the token, and to a wrong one."""
    from entra_oauth.flows import api_call
    from entra_oauth.protocol.resource.workspace import SIGN_IN_PATHS, Workspace
    from entra_oauth.protocol.resource.workspace_api import ApiCall

    place = Workspace(url)
    for path in SIGN_IN_PATHS:
        reply = world.channels.back.send(place.request(path), timeout_s=30)
        world.note(f"{path}: HTTP status", reply.status)
        if 300 <= reply.status < 400:
            tenant = place.read_authority(reply).tenant
            world.note(f"{path}: leads to this tenant", tenant == world.authority.tenant)
    kept = world.tokens.access_token if world.tokens is not None else None
    for what, token in (("the token", kept), ("a wrong token", NOWHERE)):
        if token is None:
            continue
        call = ApiCall(
            method="GET",
            url=place.url + "/api/2.0/clusters/list",
            access_token=token,
            scopes=("databricks",),
            authority=world.authority,
        )
        reply = api_call.send(call, world.channels)
        world.note(f"{what}: HTTP status", reply.status, 200 if token == kept else None)
        world.note(
            f"{what}: type and members", f"{media_type(reply)}; {listed(read_object(reply))}"
        )


CHECKS = (description, wrong_code, wrong_refresh_token, device_code, login, refresh, mirror)


# ---- what they share -------------------------------------------------------------------


def _scope() -> str:
    from entra_oauth.protocol.scopes import DATABRICKS

    return DATABRICKS


def _post(
    world: World, fields: "tuple[tuple[str, str], ...]", url: "str | None" = None
) -> "HttpResponse":
    from entra_oauth import HttpRequest
    from entra_oauth.protocol.messages import FORM, USER_AGENT, encode_form

    request = HttpRequest(
        method="POST",
        url=url or world.authority.token_endpoint,
        headers=(("User-Agent", USER_AGENT), ("Accept", "*/*"), ("Content-Type", FORM)),
        body=encode_form(fields).encode("ascii"),
    )
    return world.channels.back.send(request, timeout_s=30)


def _sign_in(world: World, procedure: str, mode: str) -> "TokenResponse":
    from dataclasses import replace

    from entra_oauth import Procedure, SignIn, sign_in
    from entra_oauth.channels.listener.listener import Listener
    from entra_oauth.channels.listener.system_browser import launch as open_browser

    plan = SignIn(
        procedure=Procedure(procedure),
        authority=world.authority,
        client_id=world.client_id,
        scopes=("databricks",),
    )
    listener = Listener(launch=open_browser, say=world.channels.say, response_mode=mode)
    local = replace(world.channels, front=listener)
    channels = replace(local, front=world.recorder.wrap(local).front)
    tokens = sign_in(plan, channels)
    back = world.last("front", "accepted").request
    world.note("the answer comes by", back.method, "POST" if mode == "form_post" else "GET")
    text = back.body.decode("latin-1") if back.method == "POST" else back.query
    world.note("parameters of the answer", listed(p.partition("=")[0] for p in text.split("&")))
    world.note("Origin header", back.header("Origin"), "null" if mode == "form_post" else None)
    return tokens


def _token_answer(world: World, tokens: "TokenResponse", *, refresh: bool) -> None:
    told = read_object(world.last("back", "token").response)
    world.note("members", listed(told))
    world.note("token_type", told.get("token_type"), "Bearer")
    for name in ("expires_in", "ext_expires_in"):
        world.note(f"{name} is a", type(told.get(name)).__name__)
    world.note("expires_in in seconds", tokens.expires_in)
    world.note("a refresh token comes", tokens.refresh_token is not None, refresh)
    world.note("an ID token comes", tokens.id_token is not None, refresh)
    world.note("scope names the permission", "user_impersonation" in (tokens.scope or ""), True)
    for name in ("access_token", "id_token"):
        _inside(world, name, told.get(name))


def _inside(world: World, name: str, token: object) -> None:
    """The names in a token; of the values only the version and the algorithm."""
    from entra_oauth.errors import UsageError
    from entra_oauth.protocol.jwt import decode

    if not isinstance(token, str):
        return
    try:
        parts = decode(token)
    except UsageError:
        world.note(f"{name} is a JWT", False)
        return
    world.note(f"{name}: header", listed(parts.header))
    world.note(f"{name}: algorithm", word(parts.header.get("alg")), "RS256")
    world.note(f"{name}: claims", listed(parts.claims))
    version = "1.0" if name == "access_token" else "2.0"
    world.note(f"{name}: ver", word(parts.claims.get("ver")), version)


def _error(world: World, reply: "HttpResponse", expected: "str | None" = None) -> None:
    told = read_object(reply)
    text = str(told.get("error_description", ""))
    codes = told.get("error_codes")
    numbers = [code for code in codes if isinstance(code, int)] if isinstance(codes, list) else []
    world.note("HTTP status of the error", reply.status, 400)
    world.note("error", word(told.get("error")), expected)
    world.note("error_codes", listed(map(str, numbers)))
    world.note("suberror", word(told.get("suberror")))
    world.note("members of the error", listed(told))
    world.note("trailer in", "lines" if "\r\n" in text else "one line")
    world.note("it begins with the number", text.startswith("AADSTS"), True)


def _check(options: argparse.Namespace) -> int:
    from functools import partial

    from entra_oauth import EntraOAuthError, Recorder, local_channels

    checks: list[Callable[[World], None]] = [*CHECKS]
    names = [check.__name__ for check in CHECKS]
    if options.workspace_url:
        checks.append(partial(workspace, url=options.workspace_url))
        names.append("workspace")
    recorder = Recorder()
    with local_channels(ca_bundle=os.environ.get("ENTRA_OAUTH_CA_BUNDLE")) as local:
        channels = recorder.wrap(local)
        world = World(article.authority(options.tenant), options.client, channels, recorder)
        for name, check in zip(names, checks):  # noqa: B905 - `strict` is not known to 3.9
            if name in options.without:
                continue
            world.check = name
            launch.say(name + " …")
            try:
                check(world)
            except EntraOAuthError as error:
                world.note("ended with", type(error).__name__)
                launch.say(f"{error.what} {error.advice}")
    text = report(world)
    if leaks(text, world):
        launch.say("the report would hold a secret; nothing is written. Please report that.")
        return 5
    with open(options.out, "w", encoding="utf-8") as file:
        file.write(text)
    differ = [seen for seen in world.seen if seen.verdict == "DIFFERS"]
    for seen in differ:
        print(f"{seen.check}: {seen.what}: expected {seen.expected}, found {seen.found}")
    print(f"{len(world.seen)} looked at, {len(differ)} differ; written to {options.out}")
    return 9 if differ else 0


def main(arguments: "list[str]") -> int:
    parser = argparse.ArgumentParser(
        description="Go through the procedures against your own tenant, and write what came."
    )
    parser.add_argument("client", help="Application (client) ID")
    parser.add_argument("tenant", help="Directory (tenant) ID")
    parser.add_argument("--workspace-url", metavar="URL", help="your Databricks workspace")
    parser.add_argument("--out", metavar="FILE", default="live-check.md", help="the report")
    names = [check.__name__ for check in CHECKS] + ["workspace"]
    parser.add_argument("--without", action="append", default=[], choices=names, metavar="CHECK")
    options = parser.parse_args(arguments)
    article.go_on_where_installed(arguments)
    return _check(options)


if __name__ == "__main__":
    launch.run_script(main)
