"""The kind of a message is told by its channel, its address, and the grant that it hands in."""

from __future__ import annotations

import pytest

from entra_oauth.protocol.glossary.message_kind import MessageKind, token_request_kind
from entra_oauth.protocol.glossary.message_stories import Actor, story_of
from entra_oauth.protocol.messages import FORM
from entra_oauth.recording import Exchange, Recording
from entra_oauth.recording.step import Evidence, Level, steps_of
from entra_oauth.recording.story import (
    Cast,
    actors,
    authority_remark,
    evidence_remark,
    message_kind,
    remark_in,
    step_story,
    title_of,
)
from kit.audit.exchanges import step

BASE = "https://login.example/t"
CAST = Cast(frozenset({"https://login.example"}), frozenset({"https://app.example"}))
BEARER = (("Authorization", "Bearer x"),)


def sent(url: str, form: str = "", headers: tuple[tuple[str, str], ...] = ()) -> Exchange:
    kind = (("Content-Type", FORM),) if form else ()
    method = "POST" if form else "GET"
    return step("back", method, url, headers=(*kind, *headers), body=form.encode())


@pytest.mark.parametrize(
    ("exchange", "kind"),
    [
        (step("authorize", "GET", "https://other.example/"), MessageKind.AUTHORIZATION_REQUEST),
        (step("page", "GET", f"{BASE}/login"), MessageKind.AUTHORITY_PAGE),
        (step("accepted", "GET", f"{BASE}/cb?code=c"), MessageKind.AUTHORITY_PAGE),
        (
            step("accepted", "GET", "https://app.example/?code=c"),
            MessageKind.AUTHORIZATION_RESPONSE,
        ),
        (step("page", "GET", "https://app.example/done"), MessageKind.LANDING_PAGE),
        (sent(f"{BASE}/oauth2/authorize?client_id=c"), MessageKind.AUTHORIZATION_REQUEST),
        (sent(f"{BASE}/oauth2/authorize?x=c"), MessageKind.OTHER),
        (sent(f"{BASE}/discovery/keys"), MessageKind.KEYS_REQUEST),
        (sent(f"{BASE}/oauth2/devicecode", "client_id=c"), MessageKind.DEVICE_REQUEST),
        (sent(f"{BASE}/.well-known/openid-configuration"), MessageKind.METADATA_REQUEST),
        (sent(f"{BASE}/oauth2/token", "a=b"), token_request_kind("")),
        (sent(f"{BASE}/x", "grant_type=password"), token_request_kind("password")),
        (sent(f"{BASE}/x", "grant_type=", BEARER), MessageKind.API_CALL),
        (sent("https://api.example/x", headers=BEARER), MessageKind.API_CALL),
        (sent("https://api.example/x?access_token=t"), MessageKind.API_CALL),
        (sent("https://api.example/x?y=t"), MessageKind.OTHER),
    ],
)
def test_the_kind_of_a_message_is_told_by_where_it_goes(
    exchange: Exchange, kind: MessageKind
) -> None:
    (found,) = steps_of(Recording((exchange,)))
    assert message_kind(found, CAST) is kind


@pytest.mark.parametrize(
    ("exchange", "receiver"),
    [
        (sent("https://login.example/userinfo", headers=BEARER), Actor.API),
        (sent("https://login.example/other"), Actor.AUTHORITY),
        (sent("https://other.example/other"), Actor.API),
    ],
)
def test_only_another_request_goes_to_whose_address_it_has(
    exchange: Exchange, receiver: Actor
) -> None:
    (found,) = steps_of(Recording((exchange,)))
    assert step_story(found, CAST).receiver is receiver


@pytest.mark.parametrize(
    "query", ["x=y", "code_challenge=c", "a=b&code_challenge=c", "code_challenge"]
)
def test_of_an_address_alone_the_parameters_tell_the_story(query: str) -> None:
    (found,) = steps_of(Recording((step("authorize", "GET", f"{BASE}/authorize?{query}"),)))
    names = ["code_challenge"] if "code_challenge" in query else []
    kind = MessageKind.AUTHORIZATION_REQUEST
    assert step_story(found, CAST) == story_of(kind, names)
    assert (story_of(kind, ["code_challenge"]) != story_of(kind)) is True


def test_those_who_take_part_are_told_with_the_first_host_of_each() -> None:
    exchanges = (
        step("authorize", "GET", f"{BASE}/oauth2/authorize?client_id=c", at=1.0),
        step("token", "POST", "https://user:pw@login.other/t/oauth2/token", at=2.0),
        step("call", "GET", "https://user@api.example:8443/x", headers=BEARER, at=3.0),
        step("call", "GET", "https://api.other/x", headers=BEARER, at=4.0),
    )

    def told(*of: int) -> dict[Actor, str]:
        steps = steps_of(Recording(tuple(exchanges[at] for at in of)))
        return actors(Evidence(steps=steps, created_at=0.0, level=Level.NONE))

    everybody = told(3, 2, 1, 0)
    assert everybody[Actor.AUTHORITY] == "login.example"
    assert everybody[Actor.API] == "api.example:8443"
    assert (everybody[Actor.BROWSER], everybody[Actor.PROGRAM]) == ("", "")
    assert list(everybody) == [actor for actor in Actor if actor in everybody]
    assert told(1) == {Actor.PROGRAM: "", Actor.AUTHORITY: "login.other"}
    assert told() == {}


IDENTITY = step(
    "identity",
    "GET",
    "http://169.254.169.254/metadata/identity/oauth2/token?resource=x",
    headers=(("Metadata", "true"),),
)
CALL = sent("https://api.example/x", headers=BEARER)
TOKEN = sent("https://login.microsoftonline.com/t/oauth2/token", "grant_type=password")


@pytest.mark.parametrize(
    ("exchanges", "title"),
    [
        ((IDENTITY,), "A managed identity's token"),
        ((IDENTITY, CALL, IDENTITY), "A managed identity's token"),
        ((IDENTITY, CALL, TOKEN), "A sign-in with Entra ID"),
        ((TOKEN,), "A sign-in with Entra ID"),
        ((CALL,), "A sign-in with Entra ID"),
        ((), "A sign-in with Entra ID"),
    ],
)
def test_only_a_managed_identitys_token_alone_is_no_sign_in(
    exchanges: tuple[Exchange, ...], title: str
) -> None:
    evidence = Evidence(steps=steps_of(Recording(exchanges)), created_at=0.0, level=Level.NONE)
    assert title_of(evidence) == title


REMARKS = [
    "PRACTICE: recorded at entra-oauth's practice tenant, not at Microsoft Entra ID.",
    "PRACTICE: recorded at an authority on this machine, not at Microsoft Entra ID.",
    "NOT ENTRA: the authority was a.example, and not Microsoft Entra ID.",
    "NOT ENTRA: the authority was a.example, b.example, and not Microsoft Entra ID.",
]


@pytest.mark.parametrize("remark", REMARKS)
def test_of_a_text_only_a_remark_at_its_beginning_is_taken_over(remark: str) -> None:
    assert remark_in(f"{remark} And more.") == remark
    assert remark_in(f" {remark}") == ""
    assert remark_in(remark[:-1]) == ""
    assert remark_in(remark.replace("example", "<b>")) in ("", remark)


@pytest.mark.parametrize(
    ("told", "shown"),
    [("x" * 300, "x" * 300), ("x" * 301, f"{'x' * 300}\u2026"), (5, ""), (None, "")],
)
def test_of_what_was_written_on_the_authority_so_much_is_shown(told: object, shown: str) -> None:
    written = Evidence(steps=(), created_at=0.0, level=Level.NONE, facts={"authority": told})
    assert evidence_remark(written) == shown


@pytest.mark.parametrize(
    ("path", "form", "is_entra"),
    [
        ("/oidc/.well-known/oauth-authorization-server", "", True),
        ("/oidc/v1/token", "grant_type=urn:ietf:params:oauth:grant-type:token-exchange", True),
        ("/oidc/v1/token", "grant_type=refresh_token", False),
        ("/oauth2/authorize?client_id=c", "", False),
    ],
)
def test_what_a_workspace_is_asked_before_an_exchange_makes_it_no_authority(
    path: str, form: str, is_entra: bool
) -> None:
    host = "adb-1.7.azuredatabricks.net"
    remark = authority_remark(steps_of(Recording((TOKEN, sent(f"https://{host}{path}", form)))))
    assert remark == ("" if is_entra else REMARKS[2].replace("a.example", host))
