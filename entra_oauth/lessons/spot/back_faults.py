"""Faults of the back channel: token requests and their answers, the device flow."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace
from typing import TYPE_CHECKING

from entra_oauth.lessons.spot.mutations import (
    after,
    again,
    answer,
    answer_header,
    challenge_of,
    copy_of,
    every,
    form,
    header,
    later,
    left_out,
    moved,
    once_more,
    query,
    replied,
    sent_to,
    value,
)
from entra_oauth.lessons.spot.planted_fault import PlantedFault

if TYPE_CHECKING:
    from entra_oauth.lessons.spot.mutations import Mutation
    from entra_oauth.recording import Exchange, Recording

__all__ = ["BACK_FAULTS"]

_DATABRICKS = "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d"
_OTHER_APP = "5ba00000-0000-4000-8000-000000000003"
_ELSEWHERE = "https://login.mallory.example/token"


def _basic(name: str, secret: str) -> str:
    return f"Basic {b64encode(f'{name}:{secret}'.encode('ascii')).decode('ascii')}"


def _weak_verifier() -> Mutation:
    """A short verifier, to which the challenge fits."""
    verifier = "my-secret-verifier"
    return every(
        query({"code_challenge": challenge_of(verifier)}), form({"code_verifier": verifier})
    )


def _code_in_the_address(recording: Recording) -> Recording:
    code = value(recording, "code", "token")
    return moved(lambda url: f"{url}?code={code}", "token")(recording)


def _asking_for_more() -> Mutation:
    """A renewal that asks for a permission which was never granted."""
    names = (f"{_DATABRICKS}/user_impersonation", f"{_DATABRICKS}/clusters.write")
    asked = " ".join((*names, "offline_access"))
    return every(form({"scope": asked}, nth=2), answer({"scope": None}, nth=2), left_out("list", 2))


def _led_away(recording: Recording) -> Recording:
    """A redirect of the token endpoint, followed."""
    answered = copy_of(recording, "token")

    def followed(before: Recording) -> Exchange:
        request = replace(answered.request, method="GET", url=_ELSEWHERE, headers=(), body=b"")
        return replace(answered, request=request)

    led = replied(302, "token", more=(("Location", _ELSEWHERE), ("Content-Type", "text/html")))
    return every(left_out("list"), led, after(followed))(recording)


def _twice_in_json(recording: Recording) -> Recording:
    found = copy_of(recording, "token").response
    body = (found.body if found is not None else b"")[:-1] + b',"access_token":"opaque-another"}'
    return replied(200, "token", body=body)(recording)


def _same_tokens(recording: Recording) -> Recording:
    token = value(recording, "refresh_token", "token")
    return answer({"refresh_token": token}, nth=2)(recording)


def _spent_elsewhere() -> Mutation:
    """Somebody else was quicker with the code."""
    body = b'{"error":"invalid_grant","error_description":"AADSTS54005: OAuth2 Authorization code '
    body += b"was already redeemed, please retry with a new valid code or use an existing refresh "
    body += b'token.","error_codes":[54005]}'
    return every(left_out("list"), replied(400, "token", body=body))


def _refused() -> Mutation:
    """The service's secret is turned down."""
    body = b'{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret."}'
    return every(left_out("list"), replied(401, "token", body=body))


BACK_FAULTS = (
    # ---- the token request
    PlantedFault("TR01", 1, "called", sent_to("http://login.microsoftonline.com", "token")),
    PlantedFault(
        "TR02",
        2,
        "called",
        header("Content-Type", "application/x-www-form-urlencoded; charset=latin1", "token"),
    ),
    PlantedFault("TR03", 1, "called", _code_in_the_address),
    PlantedFault("TR04", 1, "called", again("code", "1.AXkA-another-code", "token")),
    PlantedFault("TR05", 2, "called", form({"code": "1.AXkA" + "k" * 900}), (2,)),
    PlantedFault("TR06", 2, "called", form({"redirect_uri": "http://127.0.0.1:52117"}), (1,)),
    PlantedFault("TR07", 2, "called", form({"code_verifier": None}), (1,)),
    PlantedFault(
        "TR08",
        3,
        "called",
        form({"code_verifier": "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"}),
        (1,),
    ),
    PlantedFault("TR09", 3, "called", _weak_verifier()),
    PlantedFault("TR10", 2, "called", once_more("token"), (3,)),
    PlantedFault("TR11", 2, "called", form({"client_id": None}), (1,)),
    PlantedFault("TR12", 2, "by itself", form({"client_secret": "practice-secret"})),
    PlantedFault(
        "TR13", 2, "called", header("Authorization", _basic("proxyuser", "winter"), "token")
    ),
    PlantedFault("TR14", 2, "called", form({"client_secret": "winter-is-coming"})),
    PlantedFault(
        "TR15",
        3,
        "by itself",
        header("Authorization", _basic("5eb00000-0000-4000-8000-000000000002", "win+ter"), "token"),
    ),
    PlantedFault(
        "TR16",
        1,
        "renewed",
        form(
            {
                "grant_type": "password",
                "refresh_token": None,
                "username": "alice@contoso-practice.example",
                "password": "practice",
            },
            nth=2,
        ),
    ),
    PlantedFault("TR17", 2, "called", form({"grant_type": "implicit"})),
    PlantedFault(
        "TR18",
        2,
        "called",
        lambda recording: form({"state": value(recording, "state", "authorize")})(recording),
    ),
    PlantedFault("TR19", 3, "called", header("Origin", "http://127.0.0.1:52117", "token")),
    PlantedFault("TR21", 2, "called", sent_to("https://login.mallory.example", "token"), (1,)),
    PlantedFault("TR22", 2, "renewed", _asking_for_more(), (3,)),
    PlantedFault("TR23", 2, "called", _led_away, (4,)),
    PlantedFault("TR26", 3, "called", header("x-client-SKU", "MSAL.Python", "token")),
    PlantedFault("TR27", 2, "own API", form({"resource": "https://api.contoso.example/"})),
    PlantedFault("TR28", 3, "called", _spent_elsewhere()),
    # ---- its answer
    PlantedFault("TS01", 3, "called", answer_header("Content-Type", "text/html", "token")),
    PlantedFault("TS02", 3, "called", answer_header("Cache-Control", "private", "token")),
    PlantedFault("TS03", 2, "called", answer({"token_type": None})),
    PlantedFault("TS04", 2, "called", answer({"token_type": "mac"})),
    PlantedFault("TS05", 2, "called", answer({"expires_in": None})),
    PlantedFault(
        "TS06",
        2,
        "called",
        answer({"scope": f"{_DATABRICKS}/.default https://graph.microsoft.com/Mail.Send"}),
    ),
    PlantedFault("TS07", 2, "by itself", answer({"refresh_token": "1.AXkA" + "r" * 900})),
    PlantedFault("TS08", 2, "renewed", answer({"refresh_token": None}, nth=2)),
    PlantedFault("TS09", 1, "called", answer({"error": "invalid_grant"})),
    PlantedFault("TS10", 3, "by itself", _refused()),
    PlantedFault("TS11", 2, "called", _twice_in_json),
    PlantedFault("TS12", 3, "called", answer_header("Access-Control-Allow-Origin", "*", "token")),
    PlantedFault(
        "TS13", 3, "called", answer_header("Set-Cookie", "fpc=Ak0x; path=/; secure", "token")
    ),
    PlantedFault("TS14", 2, "twice", _same_tokens, (3,)),
    # ---- the device flow
    PlantedFault("DV01", 3, "by device", later(-5.0, "token"), (2,)),
    PlantedFault("DV02", 3, "by device", later(1200.0, "token"), (1,)),
    PlantedFault(
        "DV03",
        1,
        "by device",
        answer({"verification_uri": "http://microsoft.com/devicelogin"}, "devicecode"),
    ),
    PlantedFault("DV04", 3, "by device", answer({"user_code": "47"}, "devicecode")),
)
"""In the order of the rules."""
