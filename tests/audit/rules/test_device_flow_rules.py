"""Each rule about the device flow at its limits, also where a value is hidden or absent."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from entra_oauth.protocol.messages import HttpResponse
from entra_oauth.recording import Exchange
from kit.audit.exchanges import json_answer
from kit.audit.judged import AT, ENDPOINTS, authorize, case, said, token, words

PAGE = "https://microsoft.com/devicelogin"
DEVICE_CODE = "d" * 22
GOOD: dict[str, Any] = {
    "device_code": DEVICE_CODE,
    "user_code": "BL6XB575V",
    "verification_uri": PAGE,
    "expires_in": 900,
    "interval": 5,
}
PENDING, SLOWER = {"error": "authorization_pending"}, {"error": "slow_down"}
DONE = {"access_token": "at"}
NO_CHANGE: dict[str, Any] = {}


def device(
    changes: dict[str, Any] = NO_CHANGE,
    *,
    url: str = f"{ENDPOINTS}/devicecode",
    response: HttpResponse | None = None,
) -> Exchange:
    """A device authorization request at the second 0. A member that is None is left out."""
    members = {n: v for n, v in (GOOD | changes).items() if v is not None}
    return token(response=response or json_answer(members), url=url, client_id="x")


def poll(
    after: float, members: dict[str, Any] | None = PENDING, grant: str = "device_code"
) -> Exchange:
    """A poll so many seconds after the code came; its answer comes at once."""
    name = f"urn:ietf:params:oauth:grant-type:{grant}"
    status = 200 if members is not None and "access_token" in members else 400
    answer = json_answer(members, status) if members is not None else None
    fields: dict[str, Any] = {"grant_type": name, "device_code": DEVICE_CODE}
    return token(response=answer, at=AT + after, **fields)


def distances(*polls: Exchange, interval: Any = 5) -> list[str]:
    return words("DV01", case(device({"interval": interval}), *polls))


# ---- DV01: the interval -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("interval", "waited", "word"),
    [
        (5, 5.0, "pass"),
        (5, 4.5, "pass"),
        (5, 4.25, "error"),
        (7, 6.5, "pass"),
        (7, 6.25, "error"),
        (1, 1.0, "pass"),
        (2.5, 2.0, "pass"),
        (2.5, 1.75, "error"),
        (None, 4.5, "pass"),
        (None, 4.25, "error"),
        ("1", 4.25, "error"),
    ],
)
def test_polls_keep_the_interval_and_five_seconds_where_none_is_named(
    interval: Any, waited: float, word: str
) -> None:
    assert distances(poll(1), poll(1 + waited), interval=interval) == [word]


def test_the_first_poll_may_come_at_once_and_one_is_no_distance() -> None:
    assert distances(poll(0)) == ["not applicable"]
    assert distances(poll(0), poll(5), poll(10), poll(11)) == ["pass", "pass", "error"]


def test_slow_down_adds_five_seconds_each_time_and_for_good() -> None:
    slowed = (poll(0, SLOWER), poll(9.5), poll(14.5))
    assert distances(*slowed) == ["pass", "error"]
    assert distances(poll(0, SLOWER), poll(9.25)) == ["error"]
    assert distances(poll(0, SLOWER), poll(10, SLOWER), poll(24.5)) == ["pass", "pass"]
    assert distances(poll(0, SLOWER), poll(10, SLOWER), poll(24.25)) == ["pass", "error"]


def test_the_sentence_has_both_times() -> None:
    found = said("DV01", case(device(), poll(0), poll(2)))
    assert found == ["It came after 2.0 of 5 seconds."]


def test_a_wait_begins_when_the_answer_is_there() -> None:
    slow = replace(poll(1), ended_at=AT + 4)
    assert distances(slow, poll(8.5)) == ["pass"]
    assert distances(slow, poll(8.25)) == ["error"]
    assert distances(replace(poll(1), ended_at=0.0), poll(9)) == ["undecidable"]


def test_without_polls_the_distance_is_open() -> None:
    assert distances() == ["undecidable"]
    assert words("DV01", case(device(), planned=True)) == ["not applicable"]
    assert words("DV01", case(poll(1), poll(2))) == ["not applicable"]
    assert distances(poll(1), poll(2, grant="another")) == ["not applicable"]


def test_a_request_without_a_grant_is_no_poll() -> None:
    nameless = token(at=AT + 2, device_code=DEVICE_CODE)
    assert distances(poll(1), nameless, poll(6)) == ["pass"]


def test_a_sign_in_of_another_kind_may_stand_before_the_device_flow() -> None:
    browser = replace(authorize(client_id="x", state="s"), started_at=AT - 50)
    assert words("DV01", case(browser, device(), poll(1), poll(2))) == ["error"]
    assert words("DV02", case(browser, device(), poll(1), poll(2))) == ["pass", "pass"]


# ---- DV02: the end ----------------------------------------------------------------------


def ends(*polls: Exchange, life: Any = 900) -> list[str]:
    return words("DV02", case(device({"expires_in": life}), *polls))


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        (PENDING, "pass"),
        (SLOWER, "pass"),
        (DONE, "warning"),
        *(({"error": e}, "warning") for e in ("expired_token", "access_denied", "bad_grant")),
        ({"error": 7}, "pass"),
        ({}, "pass"),
        (None, "pass"),
    ],
)
def test_polls_end_with_an_answer_that_is_final(answer: dict[str, Any] | None, word: str) -> None:
    assert ends(poll(5, answer), poll(10)) == ["pass", word]


def test_the_first_end_is_named() -> None:
    made = case(device(), poll(5, {"error": "expired_token"}), poll(10, DONE), poll(15))
    assert said("DV02", made)[1:] == ["Step 2 was the end already."] * 2


@pytest.mark.parametrize(
    ("life", "after", "word"),
    [
        (60, 65, "pass"),
        (60, 65.5, "warning"),
        (60.5, 65.5, "pass"),
        (None, 9000, "pass"),
        ("60", 9000, "pass"),
    ],
)
def test_polls_end_with_the_life_of_the_code(life: Any, after: float, word: str) -> None:
    assert ends(poll(after), life=life) == [word]
    if word == "warning":
        made = case(device({"expires_in": life}), poll(after))
        assert said("DV02", made) == ["The code was over."]


def test_where_nothing_was_polled_there_is_no_end() -> None:
    assert ends() == ["not applicable"]
    assert words("DV02", case(poll(1), poll(2, DONE), poll(3))) == ["not applicable"]


# ---- DV03: the page ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("page", "word"),
    [
        *(
            (f"https://{host}/x", "pass")
            for host in (
                *("microsoft.com", "www.microsoft.com", "login.microsoft.com", "aka.ms"),
                *("login.microsoftonline.com", "LOGIN.microsoft.com"),
            )
        ),
        ("HTTPS://microsoft.com/devicelogin", "pass"),
        ("http://microsoft.com/devicelogin", "warning"),
        ("http://login.microsoftonline.com/device", "warning"),
        ("https://microsoft.com.evil.example/", "warning"),
        ("https://evil.example/", "warning"),
    ],
)
def test_the_page_is_https_and_the_authoritys(page: str, word: str) -> None:
    assert words("DV03", case(device({"verification_uri": page}))) == [word]
    old_name = {"verification_uri": None, "verification_url": page}
    assert words("DV03", case(device(old_name))) == [word]


def test_a_practice_tenant_on_this_machine_has_its_own_page() -> None:
    def found(page: str, authority: str) -> list[str]:
        url = f"{authority}/t/oauth2/v2.0/devicecode"
        return words("DV03", case(device({"verification_uri": page}, url=url)))

    assert found("http://127.0.0.1:8000/device", "http://127.0.0.1:8000") == ["pass"]
    assert found("http://127.0.0.1:8000/device", "https://127.0.0.1:8000") == ["warning"]
    assert found("http://localhost:8000/device", "http://127.0.0.1:8000") == ["warning"]
    assert found("http://aka.ms/device", "http://127.0.0.1:8000") == ["warning"]


@pytest.mark.parametrize(
    ("life", "word"),
    [(1800, "pass"), (1801, "warning"), (1800.5, "warning"), (None, "pass"), ("9999", "pass")],
)
def test_the_code_is_good_for_half_an_hour_at_most(life: Any, word: str) -> None:
    assert words("DV03", case(device({"expires_in": life}))) == [word]


def test_the_fault_of_the_page_is_named() -> None:
    def sentence(**changes: Any) -> list[str]:
        return said("DV03", case(device(changes)))

    assert sentence(expires_in=7200) == ["The code is good for 120 minutes."]
    assert sentence(verification_uri="http://aka.ms/") == ["It is not https."]
    assert sentence(verification_uri="https://e.example") == ["Its host is e.example."]


@pytest.mark.parametrize("rule", ["DV03", "DV04"])
def test_without_an_answer_the_page_and_the_codes_are_open(rule: str) -> None:
    asked = token(url=f"{ENDPOINTS}/devicecode", client_id="x")
    assert words(rule, case(asked)) == ["undecidable"]
    assert words(rule, case(asked, planned=True)) == ["not applicable"]
    refused = device(response=json_answer({"error": "invalid_client"}, 400))
    assert words(rule, case(refused)) == ["not applicable"]
    assert words(rule, case(token())) == ["not applicable"]


# ---- DV04: chance in the codes ----------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "word"),
    [
        ("d" * 22, "pass"),
        ("d" * 21, "warning"),
        ("dev~0123456789".ljust(22, "~"), "pass"),
        ("dev~0123456789".ljust(21, "~"), "warning"),
        ("~dev~", "warning"),
        ("~code~", "undecidable"),
        (None, "not applicable"),
        (7, "not applicable"),
    ],
)
def test_a_device_code_has_22_characters_of_base64_or_more(code: Any, word: str) -> None:
    assert words("DV04", case(device({"device_code": code}))) == [word]


@pytest.mark.parametrize(
    ("code", "word"),
    [
        ("BL6XB575V", "pass"),
        ("ABCD", "pass"),
        ("ABC", "warning"),
        ("A-B-C", "warning"),
        ("AB-CD", "pass"),
        ("1234567", "pass"),
        ("123456", "warning"),
        ("123-456", "warning"),
        ("123-4567", "pass"),
        ("~user~", "undecidable"),
        ("usr~0123456789~", "undecidable"),
        (None, "not applicable"),
    ],
)
def test_a_user_code_holds_20_bits_or_more(code: Any, word: str) -> None:
    assert words("DV04", case(device({"user_code": code}))) == [word]


def test_the_code_that_is_short_is_named() -> None:
    def sentence(**changes: Any) -> list[str]:
        return said("DV04", case(device(changes)))

    assert sentence(device_code="d" * 7) == ["The device code has 7 characters."]
    assert sentence(device_code="~dev~") == ["The device code is short."]
    assert sentence(user_code="A-C") == ["The user code has 3 characters."]


# ---- DV05: a browser at hand ------------------------------------------------------------


def test_a_browser_that_was_used_was_at_hand() -> None:
    assert words("DV05", case(device())) == ["undecidable"]
    assert words("DV05", case(device(), authorize(client_id="x"))) == ["note"]
    assert words("DV05", case(token())) == ["not applicable"]
