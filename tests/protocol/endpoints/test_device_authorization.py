"""The device flow's first answer: what is asked, and what may be shown to a person."""

from __future__ import annotations

from typing import Any

import pytest

from entra_oauth.errors import UnexpectedAnswer
from entra_oauth.protocol.endpoints.device_authorization import DeviceRequest, DeviceResponse
from entra_oauth.protocol.messages import HttpRequest
from kit import canaries
from kit.canaries import CLIENT_ID, TENANT
from kit.grants import NOW, fields, json_reply, person

PAGE = "https://login.microsoft.com/device"
GOOD: dict[str, Any] = {
    "device_code": "a-device-code",
    "user_code": "ABCD-1234",
    "verification_uri": PAGE,
    "expires_in": 900,
    "interval": 7,
    "message": f"Offnen Sie {PAGE} und geben Sie ABCD-1234 ein.",
}
OWN_WORDS = f"To sign in, open {PAGE} in a browser and enter the code ABCD-1234."


def read(**changes: Any) -> DeviceResponse:
    members = {name: value for name, value in (GOOD | changes).items() if value is not None}
    return DeviceResponse.read(
        json_reply(members), answering=DeviceRequest(person()), received_at=NOW
    )


def test_the_request_has_app_and_scopes_and_what_was_given_beside_them() -> None:
    request: HttpRequest = DeviceRequest(person()).to_http()
    assert request.method == "POST"
    assert request.url == f"https://login.microsoftonline.com/{TENANT}/oauth2/v2.0/devicecode"
    assert list(fields(request)) == ["client_id", "scope"]
    assert fields(request)["client_id"] == CLIENT_ID
    assert request.header("client-request-id") is None
    claims, number = '{"access_token":{}}', "0a11ce00-0000-4000-8000-00000000000a"
    request = DeviceRequest(person(claims=claims, correlation_id=number)).to_http()
    assert list(fields(request)) == ["client_id", "scope", "claims"]
    assert fields(request)["claims"] == claims
    assert request.header("client-request-id") == number


@pytest.mark.parametrize(
    ("uri", "good"),
    [
        (PAGE, True),
        ("http://localhost:8443/device", True),
        ("http://127.0.0.1/device", True),
        ("http://login.example/device", False),
        ("ftp://localhost/device", False),
        ("javascript:alert(1)", False),
        ("https://", False),
        ("https:///device", False),
        ("https://[x/device", False),
        ("login.example/device", False),
    ],
)
def test_only_a_page_over_tls_or_of_this_machine_is_shown(uri: str, good: bool) -> None:
    if good:
        assert read(verification_uri=uri, message=None).verification_uri == uri
        return
    with canaries.refused(UnexpectedAnswer) as caught:
        read(verification_uri=uri)
    assert "verification_uri is not an https address" in caught.value.what


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        (GOOD["message"], GOOD["message"]),
        (f"Open {PAGE} and enter\r\n\tABCD-1234", f"Open {PAGE} and enter ABCD-1234"),
        (f"Open {PAGE}.", OWN_WORDS),
        ("Enter ABCD-1234.", OWN_WORDS),
        ("Open https://evil.example and enter ABCD-1234.", OWN_WORDS),
        (5, OWN_WORDS),
        (None, OWN_WORDS),
        (f"{PAGE} ABCD-1234".ljust(600, "x"), f"{PAGE} ABCD-1234".ljust(600, "x")),
        (f"{PAGE} ABCD-1234".ljust(601, "x"), f"{PAGE} ABCD-1234".ljust(600, "x") + "…"),
        (f"{PAGE} ABCD-1234\x1b[2J", f"{PAGE} ABCD-1234<ESC>[2J"),
    ],
)
def test_the_authoritys_words_are_shown_if_they_name_page_and_code(
    message: object, shown: str
) -> None:
    assert read(message=message).message == shown


@pytest.mark.parametrize(
    ("interval", "seconds"), [(None, 5), (0, 1), (0.0, 1), (1, 1), ("3", 3), (7, 7), (2.5, 2)]
)
def test_the_pause_between_two_questions_is_the_authoritys_or_five_seconds(
    interval: object, seconds: int
) -> None:
    assert read(interval=interval).interval_s == seconds


@pytest.mark.parametrize(
    ("life", "seconds"), [(1, 1), (86_399, 86_399), (86_400, 86_400), (86_401, 86_400)]
)
def test_codes_live_for_a_day_at_most(life: int, seconds: int) -> None:
    assert read(expires_in=life).expires_in == seconds


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"device_code": None}, "it has no device_code"),
        ({"user_code": None}, "it has no user_code"),
        ({"verification_uri": None}, "it has no verification_uri"),
        ({"expires_in": None}, "it has no expires_in"),
        ({"expires_in": 0}, "its expires_in is not a positive number"),
        ({"expires_in": "9" * 5000}, "its expires_in is not a number"),
        ({"expires_in": 10**10}, "its expires_in is not a positive number"),
        ({"expires_in": "٣"}, "its expires_in is not a number"),
        ({"interval": -1}, "its interval is not a positive number"),
        ({"interval": True}, "its interval is not a number"),
        ({"user_code": "AB\nCD"}, "its user_code holds characters"),
    ],
)
def test_an_answer_without_all_that_it_needs_is_refused(changes: dict[str, Any], said: str) -> None:
    with canaries.refused(UnexpectedAnswer) as caught:
        read(**changes)
    assert said in caught.value.what
    assert "no answer of the device flow" in caught.value.what
