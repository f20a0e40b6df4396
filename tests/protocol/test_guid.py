"""GUIDs are one value in either case; whatever else is compared as it stands."""

from __future__ import annotations

import pytest

from entra_oauth.protocol.authority import folded, same_id
from kit.canaries import CLIENT_ID, TENANT


@pytest.mark.parametrize("text", [CLIENT_ID, CLIENT_ID.upper(), f"{{{CLIENT_ID.upper()}}}"])
def test_a_guid_is_written_as_entra_writes_it(text: str) -> None:
    assert folded(text) == CLIENT_ID


@pytest.mark.parametrize(
    "text",
    [
        *("", "{", "{}", "common", "Contoso.Example", "{Contoso.Example}", "https://App.Example/"),
        f"{{{CLIENT_ID.upper()}",
        f"{CLIENT_ID.upper()}}}",
        f"{{{{{CLIENT_ID.upper()}}}}}",
        f"({CLIENT_ID.upper()}}}",
        f"{{{CLIENT_ID.upper()})",
        f"{CLIENT_ID.upper()}\n",
        f"api://{CLIENT_ID.upper()}",
        CLIENT_ID.upper().replace("-", ""),
    ],
)
def test_what_is_no_guid_stays_as_it_is(text: str) -> None:
    assert folded(text) == text


def test_guids_are_compared_without_case_and_nothing_else_is() -> None:
    assert same_id(CLIENT_ID, CLIENT_ID.upper())
    assert not same_id(CLIENT_ID, TENANT)
    assert same_id("api://App", "api://App")
    assert not same_id("api://App", "api://app")
    assert not same_id(CLIENT_ID, f"{{{CLIENT_ID}}}")
    assert not same_id(None, CLIENT_ID)
    assert not same_id(CLIENT_ID, None)
    assert not same_id(CLIENT_ID.upper(), [CLIENT_ID])
    assert same_id(None, None)
    assert not same_id([CLIENT_ID], CLIENT_ID.upper())
