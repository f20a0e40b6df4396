"""Faults of tokens, of calls to an API, and of the recording itself."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from entra_oauth.lessons.spot.mutations import (
    after,
    answer,
    claims,
    copy_of,
    every,
    header,
    left_out,
    moved,
    replied,
    sent_to,
    value,
)
from entra_oauth.lessons.spot.planted_fault import PlantedFault

if TYPE_CHECKING:
    from entra_oauth.lessons.spot.mutations import Mutation
    from entra_oauth.recording import Exchange, Recording

__all__ = ["TOKEN_FAULTS"]

_NEXT = "https://adb-6543210987654321.7.azuredatabricks.net/api/2.0/clusters/list"


def _sent_on(recording: Recording) -> Recording:
    """The API leads elsewhere, and the token goes there too."""

    def followed(before: Recording) -> Exchange:
        return moved(lambda url: _NEXT, "list")(recording).exchanges[-1]

    return every(replied(302, "list", more=(("Location", _NEXT),)), after(followed))(recording)


def _by_refresh_token(recording: Recording) -> Recording:
    token = value(recording, "refresh_token", "token")
    return header("Authorization", f"Bearer {token}", "list")(recording)


def _in_the_address(recording: Recording) -> Recording:
    token = value(recording, "access_token", "token")
    return every(
        header("Authorization", None, "list"),
        moved(lambda url: f"{url}?access_token={token}", "list"),
    )(recording)


def _metadata_of_another(recording: Recording) -> Exchange:
    """An API is asked which token it wants, and says that it is another."""
    call = copy_of(recording, "orders")
    url = "https://weather.example/.well-known/oauth-protected-resource"
    body = b'{"resource":"https://api.contoso.example/orders"}'
    request = replace(call.request, url=url, headers=(("Accept", "application/json"),))
    response = None if call.response is None else replace(call.response, body=body)
    return replace(call, request=request, response=response, purpose="resource metadata")


def _unsigned() -> Mutation:
    return claims("id_token", {}, head={"alg": "none", "kid": None})


TOKEN_FAULTS = (
    # ---- the ID token
    PlantedFault("ID01", 3, "called", _unsigned()),
    PlantedFault("ID02", 3, "with keys", claims("id_token", {"name": "Mallory"}), (2,)),
    PlantedFault(
        "ID03", 2, "called", claims("id_token", {"iss": "https://login.mallory.example/v2.0"})
    ),
    PlantedFault(
        "ID04", 2, "called", claims("id_token", {"aud": "5ba00000-0000-4000-8000-000000000003"})
    ),
    PlantedFault("ID05", 3, "called", claims("id_token", {"exp": 1_795_800_000})),
    PlantedFault("ID06", 2, "called", claims("id_token", {"nonce": "n" * 43}), (1,)),
    PlantedFault("ID07", 3, "called", claims("id_token", {"at_hash": "LDktKdoQak3Pk0cnXxCltA"})),
    PlantedFault("ID08", 2, "called", answer({"id_token": None}), (1,)),
    PlantedFault("ID09", 2, "renewed", claims("id_token", {"sub": "another-person"}, 2), (3,)),
    # ---- the access token
    PlantedFault(
        "AT01",
        2,
        "called",
        # Not sent on: to send it to another API than its own is a fault by itself.
        every(left_out("list"), claims("access_token", {"aud": "https://graph.microsoft.com"})),
    ),
    PlantedFault("AT02", 3, "called", claims("access_token", {"exp": 1_799_999_999})),
    PlantedFault("AT03", 3, "called", claims("access_token", {}, head={"alg": "none"})),
    # ---- calls to an API
    PlantedFault("RS01", 1, "called", _in_the_address),
    PlantedFault("RS02", 1, "own API", sent_to("http://api.contoso.example", "orders")),
    PlantedFault(
        "RS03", 2, "called", sent_to("https://adb-1234567890123456.mallory.example", "list")
    ),
    PlantedFault("RS04", 2, "called", _sent_on, (5,)),
    PlantedFault("RS05", 2, "called", _by_refresh_token),
    PlantedFault("RS06", 2, "called", replied(401, "list", body=b'{"error_code":"401"}')),
    PlantedFault("RS07", 3, "own API", after(_metadata_of_another)),
    # ---- the recording
    PlantedFault("HR03", 2, "called", left_out("authorize"), (2, 3)),
)
"""In the order of the rules."""
