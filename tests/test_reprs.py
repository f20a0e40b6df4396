"""A dataclass shows its fields in its repr, so secrets and raw bytes are kept out of it.

Tools that log locals, debuggers and failed assertions print what a repr shows.
"""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
import re
from collections.abc import Iterator

import pytest

import entra_oauth
from entra_oauth import light

SECRET = frozenset(
    [
        "access_token",
        "refresh_token",
        "id_token",
        "token",
        "tokens",
        "code",
        "raw_code",
        "verifier",
        "state",
        "nonce",
        "password",
        "secret",
        "secrets",
        "expired_secret",
        "assertion",
        "credentials",
        "raw_fields",
        "extra_headers",
        "hidden",
        "claims",
        "known",
        "private",
        "private_key",
        "raw",
        "sent",
        "received",
        "tunnel_sent",
        "tunnel_received",
        "device_code",
        "session_state",
        "signature",
        "signed",
        "members",
        "certificates",
        "data",
    ]
)
"""Names under which the package keeps what must not be shown."""

HIDDEN_BESIDES = {
    "Account": "refresh_token",
    "AuthorizationRequest": "pkce",
    "Case": "har",
    "CachedToken": "text",
    "ClientSecret": "value",
    "Finder": "key looked",
    "Redactor": "looked",
    "FreshSignIn": "url values",
    "Item": "step",
    "ParameterRow": "value",
    "Proof": "fields headers",
    "ReplyToApp": "fields cookies headers",
    "SetClaim": "value",
    "SetField": "value",
    "Side": "message",
    "Step": "url",
}
"""More fields that are kept out, of single classes: their names are harmless elsewhere."""

SHOWN = {
    "AccessRequest.claims": "the claims of a challenge: what the API asks for",
    "ApiOptions.token": "a way to be told the token, not the token",
    "AppGrant.claims": "names of the claims that were asked for",
    "AuthorizeRequest.claims": "names of the claims that were asked for",
    "BrowserSession.state": "the session_state of answers, which proves nothing",
    "CatalogueEntry.code": "a number of the catalogue",
    "EntraRefusal.claims": "the claims of a challenge, of a fault that is practised",
    "FederatedAsker.token": "the way to a token, not the token",
    "Found.token": "a value whose own repr shows no token",
    "Hints.claims": "the claims of a challenge: what the API asks for",
    "RequestOptions.claims": "the claims of a challenge: what the API asks for",
    "SetClaim.token": "the name of a kind of token",
    "SpoilSignature.token": "the name of a kind of token",
    "UserGrant.claims": "names of the claims that were asked for",
    "_Wanted.claims": "the claims of a challenge: what the API asks for",
}


def _dataclasses() -> Iterator[type]:
    for module in pkgutil.walk_packages(entra_oauth.__path__, "entra_oauth."):
        if module.name.endswith("__main__"):
            continue
        for value in vars(importlib.import_module(module.name)).values():
            if (
                isinstance(value, type)
                and dataclasses.is_dataclass(value)
                and value.__module__ == module.name
            ):
                yield value


CLASSES = sorted(set(_dataclasses()), key=lambda each: each.__name__)
_TEXT = re.compile(r"\b(str|bytes|bytearray|dict|Mapping|Fields|RawFields)\b")


def _shows(value: type, field: dataclasses.Field[object]) -> bool:
    # A repr that the decorator made wraps another, or is the one of `light`; one that somebody
    # wrote is neither.
    made = (
        hasattr(value.__repr__, "__wrapped__")
        or getattr(value.__repr__, "__module__", "") == light.__name__
    )
    return field.repr and made


def test_a_repr_that_was_made_is_told_from_one_that_somebody_wrote() -> None:
    @dataclasses.dataclass
    class Usual:
        text: str = "x"

    @light.dataclass(frozen=True, slots=True)
    class Light:
        text: str = "x"

    @light.dataclass(frozen=True, slots=True, repr=False)
    class Written:
        text: str = "x"

        def __repr__(self) -> str:
            return "Written()"

    (field,) = dataclasses.fields(Usual)
    assert [_shows(each, field) for each in (Usual, Light, Written)] == [True, True, False]


@pytest.mark.parametrize("value", CLASSES, ids=lambda each: each.__name__)
def test_no_field_that_holds_a_secret_is_shown(value: type) -> None:
    besides = HIDDEN_BESIDES.get(value.__name__, "").split()
    fields = {each.name: each for each in dataclasses.fields(value)}
    assert set(besides) <= set(fields), "a field of this test is gone"
    shown = {
        name
        for name, each in fields.items()
        if _shows(value, each)
        and (name in besides or (name in SECRET and _TEXT.search(str(each.type))))
    }
    assert {name for name in shown if f"{value.__name__}.{name}" not in SHOWN} == set()


def test_every_exception_is_of_a_field_that_there_is() -> None:
    there = {
        f"{value.__name__}.{each.name}" for value in CLASSES for each in dataclasses.fields(value)
    }
    assert set(SHOWN) <= there
    assert set(HIDDEN_BESIDES) <= {value.__name__ for value in CLASSES}
