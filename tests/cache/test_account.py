"""Accounts and apps: their keys, and the account that an answer belongs to."""

from __future__ import annotations

from dataclasses import replace

import pytest

from entra_oauth.cache.account import App, account_of, scope_key
from entra_oauth.protocol.authority import Authority
from entra_oauth.protocol.endpoints.token import TokenResponse
from entra_oauth.protocol.id_token import IdToken
from kit import canaries
from kit.stores import APP, CLOCK, NOON, account, token

PUBLIC = "https://login.microsoftonline.com"
ANSWER = TokenResponse(
    token_type="Bearer",
    access_token="eyAccess",
    scope=None,
    expires_in=3600,
    received_at=NOON + 0.9,
    refresh_token="refresh",
)


def person(username: str | None, object_id: str | None) -> IdToken:
    return IdToken(
        tenant_id="t",
        object_id=object_id,
        subject="sub",
        username=username,
        name="Ada",
        expires_at=NOON,
        claims={},
    )


@pytest.mark.parametrize(
    ("username", "object_id", "name"),
    [("ada@x", "o", "ada@x"), (None, "o", "o"), (None, None, "somebody"), ("", None, "somebody")],
)
def test_an_answer_belongs_to_whom_its_id_token_names(
    username: str | None, object_id: str | None, name: str
) -> None:
    answer = replace(ANSWER, identity=person(username, object_id))
    found = account_of(answer, otherwise="somebody")
    assert (found.name, found.object_id, found.tenant_id) == (name, object_id, "t")
    assert (found.signed_in_at, found.refresh_token) == (NOON, "refresh")


def test_an_answer_without_an_id_token_belongs_to_whom_it_is_said_to() -> None:
    found = account_of(ANSWER, otherwise="somebody")
    assert (found.name, found.object_id, found.tenant_id) == ("somebody", None, None)
    assert found.place == "file"


def test_a_key_is_the_same_for_names_in_any_case_and_other_for_other_scopes() -> None:
    one = App(PUBLIC, "Contoso.example", "12A3").key("Ada@X", "Scope/.default")
    assert one == (PUBLIC, "contoso.example", "12a3", "ada@x", "Scope/.default")
    assert App.of(Authority(PUBLIC, "contoso.example"), "c") == App(PUBLIC, "contoso.example", "c")


def test_an_app_is_named_on_a_command_line_by_its_host_only_where_it_is_another() -> None:
    assert App(PUBLIC, "T", "C").options == ("--tenant", "T", "--client-id", "C")
    practice = App("http://localhost:8443", "T", "C")
    assert practice.options[:2] == ("--authority-host", "http://localhost:8443")
    assert practice.options[2:] == ("--tenant", "T", "--client-id", "C")
    assert practice.vault_key("Ada@X") == "http://localhost:8443/t c ada@x"


@pytest.mark.parametrize(
    ("scopes", "key"),
    [
        (("databricks", "openid"), "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d/.default"),
        (("https://a.e/write", "https://a.e/read"), "https://a.e/read https://a.e/write"),
        (("profile", "openid"), "openid profile"),
        (("offline_access", "User.Read"), "User.Read"),
    ],
)
def test_scopes_are_kept_in_order_and_without_the_words_of_openid_connect(
    scopes: tuple[str, ...], key: str
) -> None:
    assert scope_key(scopes, APP.base) == key


def test_the_repr_of_an_account_shows_no_token() -> None:
    canaries.assert_clean(repr(account()))


def test_the_times_of_a_token_are_expiry_arrival_and_the_clock_at_arrival() -> None:
    kept = token(life_s=60)
    assert kept.times == (NOON + 60, NOON, CLOCK)
    assert kept.seconds_left(now=NOON + 10, monotonic=CLOCK + 10) == 50
