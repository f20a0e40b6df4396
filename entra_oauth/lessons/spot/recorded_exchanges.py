"""The exchanges that faults are put into. The linter finds nothing in any of them."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from entra_oauth.lessons.spot.mutations import challenge_of
from entra_oauth.lessons.spot.studio import BACK, KEYS, METADATA, NATIVE, SERVICE, Studio
from entra_oauth.recording import Recording

if TYPE_CHECKING:
    from collections.abc import Callable

    from entra_oauth.protocol.messages import Fields

__all__ = ["EXCHANGES", "RecordedExchange", "recording_of"]

_SCOPE = "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d/.default"
_OWN_SCOPE = "api://3dd1e000-0000-4000-8000-000000000006/access_as_user"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedExchange:
    """One exchange without a fault."""

    about: str
    """A sentence for the learner: who did what."""
    play: Callable[[Studio], None]


@cache
def recording_of(name: str) -> Recording:
    """The recording of an exchange, made when it is first asked for. Raises `KeyError`."""
    played = EXCHANGES[name]
    studio = Studio()
    played.play(studio)
    return Recording(tuple(studio.exchanges))


# ---- the exchanges -----------------------------------------------------------------------


def _whole(scope: str) -> str:
    return f"{scope} openid profile offline_access"


def _asked(studio: Studio, verifier: str, scope: str = _SCOPE) -> Fields:
    return (
        ("client_id", NATIVE),
        ("response_type", "code"),
        ("redirect_uri", BACK),
        ("response_mode", "form_post"),
        ("scope", _whole(scope)),
        ("state", studio.random()),
        ("nonce", studio.random()),
        ("code_challenge", challenge_of(verifier)),
        ("code_challenge_method", "S256"),
    )


def _sign_in(studio: Studio, scope: str = _SCOPE) -> dict[str, Any]:
    verifier = studio.random()
    answer = studio.take_answer(studio.authorize(_asked(studio, verifier, scope)))
    return studio.post(
        (
            ("client_id", NATIVE),
            ("scope", _whole(scope)),
            ("code", answer["code"]),
            ("redirect_uri", BACK),
            ("grant_type", "authorization_code"),
            ("code_verifier", verifier),
        )
    )


def _called(studio: Studio) -> None:
    studio.call_api(_sign_in(studio)["access_token"])


def _own_api(studio: Studio) -> None:
    studio.call_own_api(_sign_in(studio, _OWN_SCOPE)["access_token"])


def _renewed(studio: Studio) -> None:
    tokens = _sign_in(studio)
    studio.call_api(tokens["access_token"])
    studio.wait(3600.0)
    renewed = studio.post(
        (
            ("client_id", NATIVE),
            ("scope", _whole(_SCOPE)),
            ("refresh_token", tokens["refresh_token"]),
            ("grant_type", "refresh_token"),
        )
    )
    studio.call_api(renewed["access_token"])


def _twice(studio: Studio) -> None:
    _sign_in(studio)
    studio.wait(3600.0)
    _sign_in(studio)


def _with_keys(studio: Studio) -> None:
    studio.get(METADATA)
    studio.get(KEYS)
    _sign_in(studio)


def _left(studio: Studio) -> None:
    studio.get(METADATA)
    studio.get(KEYS)
    studio.authorize(_asked(studio, studio.random()))


def _tried_again(studio: Studio) -> None:
    studio.get(METADATA)
    studio.authorize(_asked(studio, studio.random()))
    studio.wait(60.0)
    studio.authorize(_asked(studio, studio.random()))


def _cancelled(studio: Studio) -> None:
    studio.get(METADATA)
    studio.take_answer(studio.authorize(_asked(studio, studio.random())), cancels=True)


def _by_device(studio: Studio) -> None:
    started = studio.post((("client_id", NATIVE), ("scope", _whole(_SCOPE))), at="devicecode")
    poll = (
        ("client_id", NATIVE),
        ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
        ("device_code", started["device_code"]),
    )
    studio.wait(6.0)
    studio.post(poll, purpose="poll")
    studio.enter(started["user_code"])
    studio.wait(6.0)
    studio.call_api(studio.post(poll)["access_token"])


def _by_itself(studio: Studio) -> None:
    proof = b64encode(f"{SERVICE}:practice-secret".encode("ascii")).decode("ascii")
    fields = (("grant_type", "client_credentials"), ("scope", _SCOPE))
    tokens = studio.post(fields, ("Authorization", f"Basic {proof}"))
    studio.call_api(tokens["access_token"])


EXCHANGES = {
    "called": RecordedExchange(
        about="A program signs a person in, and calls an API of Databricks.", play=_called
    ),
    "own API": RecordedExchange(
        about="A program signs a person in, and calls an API of the company's own.", play=_own_api
    ),
    "renewed": RecordedExchange(
        about="A program signs a person in, calls an API, renews its token after an hour, and "
        "calls again.",
        play=_renewed,
    ),
    "twice": RecordedExchange(
        about="A program signs a person in, and an hour later once more.", play=_twice
    ),
    "with keys": RecordedExchange(
        about="A program asks for metadata and keys, and signs a person in.", play=_with_keys
    ),
    "left": RecordedExchange(
        about="A program sends a person to sign in; the recording ends before an answer came.",
        play=_left,
    ),
    "tried again": RecordedExchange(
        about="A program sends a person to sign in, and again where no answer came; the recording "
        "ends before one does.",
        play=_tried_again,
    ),
    "cancelled": RecordedExchange(
        about="A program sends a person to sign in, who cancels.", play=_cancelled
    ),
    "by device": RecordedExchange(
        about="A program without a browser signs a person in by the device flow, and calls an API.",
        play=_by_device,
    ),
    "by itself": RecordedExchange(
        about="A service asks for a token for itself, and calls an API.", play=_by_itself
    ),
}
"""By the names that faults have for them."""
