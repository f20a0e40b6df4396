"""Faults of the front channel: the authorize request, the redirect, the program that takes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from entra_oauth.lessons.spot.mutations import (
    again,
    answer,
    answer_header,
    every,
    form,
    header,
    later,
    moved,
    once_more,
    query,
    replied,
    sent_to,
    value,
)
from entra_oauth.lessons.spot.planted_fault import PlantedFault
from entra_oauth.protocol.messages import encode_form

if TYPE_CHECKING:
    from entra_oauth.lessons.spot.mutations import Mutation
    from entra_oauth.recording import Recording

__all__ = ["FRONT_FAULTS"]

_OTHER_STATE = "a-state-of-another-sign-in-0123456789abcdef"
_PAGE = b"<!doctype html><title>Done</title><p>You can close this window.</p>"
_WITH_SCRIPT = _PAGE + b'<script src="https://cdn.example/count.js"></script>'
_DATA = "eyJyZXR1cm5UbyI6Ii9hZG1pbiIsInVzZXIiOiJhbGljZSJ9"
_GRAPH = "https://graph.microsoft.com/.default"
_DATABRICKS = "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d/.default"


def _common(url: str) -> str:
    """The address for people of any tenant."""
    return url.replace(url.split("/")[3], "common")


def _state(text: str | None) -> Mutation:
    """One state for the question and the answer."""
    return every(query({"state": text}), form({"state": text}, "accepted"))


def _no_pkce() -> Mutation:
    return every(
        query({"code_challenge": None, "code_challenge_method": None}),
        form({"code_verifier": None}),
    )


def _plain(recording: Recording) -> Recording:
    verifier = value(recording, "code_verifier", "token")
    return query({"code_challenge": verifier, "code_challenge_method": "plain"})(recording)


def _padded(recording: Recording) -> Recording:
    return query({"code_challenge": f"{value(recording, 'code_challenge', 'authorize')}="})(
        recording
    )


def _state_again(recording: Recording) -> Recording:
    state = value(recording, "state", "authorize")
    return every(query({"state": state}, nth=2), form({"state": state}, "accepted", 2))(recording)


def _challenge_again(recording: Recording) -> Recording:
    challenge = value(recording, "code_challenge", "authorize")
    return query({"code_challenge": challenge}, nth=2)(recording)


def _another_code(recording: Recording) -> Recording:
    """A second answer with the same state, and taken as well."""
    return form({"code": value(recording, "code", "accepted")[::-1]}, "accepted", 2)(
        once_more("accepted")(recording)
    )


def _in_the_address(recording: Recording) -> Recording:
    names = ("code", "state", "session_state")
    fields = encode_form(tuple((name, value(recording, name, "accepted")) for name in names))
    return every(
        form(dict.fromkeys(names), "accepted"),
        header("Content-Type", None, "accepted"),
        moved(lambda url: f"{url}?{fields}", "accepted", method="GET"),
    )(recording)


def _by_name() -> Mutation:
    """The name localhost in the place of the address, in all three messages."""
    uri = {"redirect_uri": "http://localhost:52117/"}
    return every(query(uri), sent_to("http://localhost:52117", "accepted"), form(uri))


def _short_code(recording: Recording) -> Recording:
    return every(form({"code": "47110815"}, "accepted"), form({"code": "47110815"}))(recording)


FRONT_FAULTS = (
    # ---- the authorize request
    PlantedFault("AR01", 1, "called", sent_to("http://login.microsoftonline.com", "authorize")),
    PlantedFault("AR02", 1, "called", query({"response_type": "code token"})),
    PlantedFault("AR03", 2, "called", query({"response_type": "code id_token"})),
    PlantedFault("AR04", 1, "called", _no_pkce(), (3,)),
    PlantedFault("AR05", 1, "called", _plain),
    PlantedFault("AR06", 2, "left", _padded),
    PlantedFault("AR07", 1, "called", _state(None), (2,)),
    PlantedFault("AR08", 1, "called", _state("12345"), (2,)),
    PlantedFault("AR09", 2, "twice", _state_again, (1, 5)),
    PlantedFault("AR10", 3, "called", _state(_DATA), (2,)),
    PlantedFault("AR11", 2, "called", query({"nonce": None})),
    PlantedFault("AR12", 2, "left", query({"nonce": "1"})),
    PlantedFault("AR13", 2, "tried again", _challenge_again, (2,)),
    PlantedFault("AR14", 1, "left", query({"redirect_uri": "http://127.0.0.1:52117/#done"})),
    PlantedFault("AR15", 1, "left", query({"redirect_uri": "http://app.contoso.example/back"})),
    PlantedFault("AR16", 3, "called", _by_name(), (2, 3)),
    PlantedFault("AR17", 2, "left", query({"redirect_uri": "contosoapp:/back"})),
    PlantedFault("AR18", 2, "left", query({"response_mode": "query"})),
    PlantedFault("AR19", 1, "left", query({"response_mode": "fragment"})),
    PlantedFault("AR20", 1, "called", query({"client_secret": "winter-is-coming"})),
    PlantedFault("AR21", 1, "called", again("scope", _DATABRICKS, "authorize")),
    PlantedFault("AR22", 1, "called", query({"scope": f"{_DATABRICKS} {_GRAPH} openid"})),
    PlantedFault("AR23", 2, "called", answer({"refresh_token": None}), (3,)),
    PlantedFault("AR24", 1, "left", moved(_common, "authorize")),
    PlantedFault("AR25", 1, "called", query({"login_hint": "alice@contoso-practice.example"})),
    PlantedFault("AR26", 2, "left", sent_to("https://login.microsoft0nline.example", "authorize")),
    PlantedFault("AR27", 2, "left", moved(lambda url: f"{url}#top", "authorize")),
    PlantedFault("AR28", 2, "own API", query({"resource": "https://api.contoso.example/"})),
    # ---- the redirect
    PlantedFault("RR01", 2, "called", form({"state": _OTHER_STATE}, "accepted"), (1,)),
    PlantedFault("RR02", 1, "called", form({"error": "access_denied"}, "accepted")),
    PlantedFault("RR03", 1, "called", again("code", "1.AXkA-another-code", "accepted")),
    PlantedFault(
        "RR04", 2, "called", form({"iss": "https://login.mallory.example/v2.0"}, "accepted")
    ),
    PlantedFault("RR05", 1, "called", form({"access_token": "opaque-" + "q" * 60}, "accepted")),
    PlantedFault("RR06", 2, "called", moved(lambda url: f"{url}other", "accepted"), (1,)),
    PlantedFault("RR08", 2, "called", _in_the_address, (1,)),
    PlantedFault("RR09", 3, "called", answer_header("Cache-Control", "public", "accepted")),
    PlantedFault("RR10", 2, "called", replied(200, "accepted", body=_WITH_SCRIPT)),
    PlantedFault(
        "RR11",
        2,
        "called",
        every(
            moved(lambda url: f"{url}?next=https%3A%2F%2Fmallory.example%2F", "accepted"),
            answer_header("Location", "https://mallory.example/", "accepted"),
        ),
    ),
    PlantedFault("RR15", 2, "cancelled", form({"error": "did_not_work"}, "accepted")),
    PlantedFault("RR16", 3, "called", later(900.0, "token"), (3,)),
    PlantedFault("RR17", 3, "called", _short_code, (3,)),
    PlantedFault("RR18", 2, "called", _another_code),
)
"""In the order of the rules."""
