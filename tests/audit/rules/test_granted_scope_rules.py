"""Each rule about what was granted at its limits, also where it is hidden or absent."""

from __future__ import annotations

from typing import Any

import pytest

from entra_oauth.protocol.messages import HttpResponse
from entra_oauth.recording import Exchange
from kit.audit.exchanges import json_answer
from kit.audit.judged import AT, ENDPOINTS, authorize, case, redirect, said, token, words

HOME = "https://login.example/connect/token"
API = "https://a.example"
CODE, REFRESH, APPS = "authorization_code", "refresh_token", "client_credentials"
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"


def got(scope: str | None = None, **members: Any) -> dict[str, Any]:
    """The members of a good answer."""
    named = {} if scope is None else {"scope": scope}
    return {"access_token": "at"} | named | members


def one(rule: str, members: dict[str, Any] | None, **fields: Any) -> str:
    (word,) = words(rule, case(token(members, **({"grant_type": "password"} | fields))))
    return word


# ---- TS06: as asked ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "granted", "word"),
    [
        ("a.read", "a.read", "pass"),
        ("a.read b.read", "b.read a.read", "pass"),
        ("a.read b.read", "a.read", "warning"),
        ("a.read offline_access", "a.read", "pass"),
        *(
            ("a.read", f"a.read {word}", "pass")
            for word in ("openid", "profile", "email", "offline_access", "address", "phone")
        ),
        ("a.read", "a.read a.write", "note"),
        ("a.read", f"a.read {API}/write", "error"),
        ("a.read openid", "a.read openid a.write", "note"),
        (f"openid {API}/.default", f"{API}/read", "pass"),
        (f"{API}/.default", f"{API}/read {API}/write", "pass"),
        (f"{API}//.default", f"{API}/read", "pass"),
        (f"{API.upper()}/.default", f"{API}/read", "pass"),
        (f"{API}/.default", f"{API.upper()}/read", "pass"),
        (f"{API.upper()}/read", f"{API}/read {API}/write", "note"),
        (f"{API}/.default", "https://b.example/read", "warning"),
        (f"{API}/.default", f"{API}/read https://b.example/read", "error"),
        (f"{API}/READ", f"{API}/read", "note"),
        ("a.read", None, "not applicable"),
        ("", "a.read", "undecidable"),
        ("~scp~", "a.read", "undecidable"),
        ("a.read", "~scp~", "undecidable"),
    ],
)
def test_what_is_granted_is_what_was_asked_for(asked: str, granted: str | None, word: str) -> None:
    assert one("TS06", got(granted), scope=asked) == word


def test_what_was_agreed_to_before_is_a_note_at_entra_only() -> None:
    assert one("TS06", got("a.read a.write"), scope="a.read") == "note"
    assert one("TS06", got("a.read a.write"), scope="a.read", url=HOME) == "error"


def test_the_permissions_in_question_are_named() -> None:
    def sentence(asked: str, granted: str) -> str:
        fields: dict[str, Any] = {"grant_type": "password", "scope": asked}
        return said("TS06", case(token(got(granted), **fields)))[0]

    assert sentence("a.x b.x", "a.x") == "Not granted: b.x."
    assert sentence("a.x", "a.x c.x d.x") == "Also granted, from before: c.x d.x."
    assert sentence("a.x", f"a.x {API}/x") == f"More than was asked: {API}/x."


def device(at: float = AT - 20, **fields: Any) -> Exchange:
    answer = json_answer({"device_code": "d", "user_code": "u"})
    made = token(url=f"{ENDPOINTS}/devicecode", response=answer, at=at, **fields)
    return made


@pytest.mark.parametrize(
    ("before", "fields"),
    [
        ([authorize(scope="a.read"), redirect(code="c")], {"grant_type": CODE, "code": "c"}),
        ([device(client_id="x", scope="a.read")], {"grant_type": DEVICE, "device_code": "d"}),
        (
            [token(got(refresh_token="rt"), at=AT - 9, grant_type="password", scope="a.read")],
            {"grant_type": REFRESH, "refresh_token": "rt"},
        ),
    ],
)
def test_what_was_asked_for_before_the_token_request_counts(
    before: list[Exchange], fields: dict[str, Any]
) -> None:
    for granted, word in (("a.read", "pass"), ("a.write", "warning")):
        assert words("TS06", case(*before, token(got(granted), **fields)))[-1] == word


UNSEEN: list[tuple[Any, bool, str]] = [
    (None, False, "undecidable"),
    (None, True, "not applicable"),
    (json_answer({"error": "invalid_grant"}, 400), False, "not applicable"),
]


@pytest.mark.parametrize("rule", ["TS06", "TS07", "TS08"])
@pytest.mark.parametrize(("response", "planned", "word"), UNSEEN)
def test_without_a_good_answer_nothing_is_judged(
    rule: str, response: HttpResponse | None, planned: bool, word: str
) -> None:
    asked = token(response=response, grant_type=REFRESH, refresh_token="rt", scope="a")
    assert words(rule, case(asked, planned=planned)) == [word]


# ---- TS07: a refresh token that was asked for -------------------------------------------

RENEWABLE = got(refresh_token="rt")


@pytest.mark.parametrize(
    ("members", "fields", "word"),
    [
        (got(), {"scope": "a"}, "pass"),
        (RENEWABLE, {"scope": "a offline_access"}, "pass"),
        (RENEWABLE, {"scope": "a"}, "warning"),
        (RENEWABLE, {}, "undecidable"),
        (RENEWABLE, {"grant_type": REFRESH, "scope": "a"}, "pass"),
        (RENEWABLE, {"grant_type": APPS, "scope": "a"}, "warning"),
        (RENEWABLE, {"grant_type": APPS, "scope": "a offline_access"}, "warning"),
        (RENEWABLE, {"grant_type": CODE, "code": "c"}, "undecidable"),
        (RENEWABLE, {"grant_type": CODE, "code": "c", "scope": "a"}, "warning"),
    ],
)
def test_a_refresh_token_comes_to_who_asked_for_it(
    members: dict[str, Any], fields: dict[str, Any], word: str
) -> None:
    assert one("TS07", members, **fields) == word


def test_an_apps_own_refresh_token_is_told_apart() -> None:
    def sentence(**fields: Any) -> list[str]:
        return said("TS07", case(token(RENEWABLE, scope="a", **fields)))

    assert sentence(grant_type=APPS) == ["An app got a refresh token for itself."]
    assert sentence(grant_type=CODE) == ["A refresh token came without offline_access."]


@pytest.mark.parametrize(("scope", "word"), [("a offline_access", "pass"), ("a", "warning")])
def test_offline_access_may_stand_in_the_authorize_request(scope: str, word: str) -> None:
    came = token(RENEWABLE, grant_type=CODE, code="c")
    assert words("TS07", case(authorize(scope=scope), redirect(code="c"), came)) == [word]


def test_what_another_request_asked_for_is_not_what_the_code_was_asked_with() -> None:
    came = token(RENEWABLE, grant_type=CODE, code="c")
    again = token(got(), at=AT + 9, grant_type=REFRESH, refresh_token="rt", scope="a")
    assert words("TS07", case(came, again)) == ["undecidable", "pass"]


def test_with_the_authorize_request_at_hand_nothing_is_missing() -> None:
    came = token(RENEWABLE, grant_type=CODE, code="c", scope="a")
    assert words("TS07", case(authorize(scope="b"), redirect(code="c"), came)) == ["warning"]


# ---- TS08: renewed ----------------------------------------------------------------------

TAGGED, TAGGED_OTHER = "rt~0123456789~~~", "rt~9876543210~~~"


@pytest.mark.parametrize(
    ("sent", "came", "at_entra", "elsewhere"),
    [
        ("rt", "other", "pass", "pass"),
        ("rt", "rt", "note", "warning"),
        ("rt", None, "note", "warning"),
        (TAGGED, TAGGED, "note", "warning"),
        (TAGGED, TAGGED_OTHER, "pass", "pass"),
        ("rt", "~rt~", "undecidable", "undecidable"),
    ],
)
def test_a_refresh_token_is_replaced(
    sent: str, came: str | None, at_entra: str, elsewhere: str
) -> None:
    members = got() | ({} if came is None else {"refresh_token": came})
    fields = {"grant_type": REFRESH, "refresh_token": sent}
    assert one("TS08", members, **fields) == at_entra
    assert one("TS08", members, url=HOME, **fields) == elsewhere


def test_a_refresh_that_shows_no_token_is_not_told_that_the_same_came_again() -> None:
    assert one("TS08", got(refresh_token="rt"), grant_type=REFRESH) == "pass"


@pytest.mark.parametrize("name", ["client_secret", "client_assertion"])
def test_only_public_clients_get_a_new_one(name: str) -> None:
    same_again = got(refresh_token="rt")
    fields = {"grant_type": REFRESH, "refresh_token": "rt", name: "x"}
    assert one("TS08", same_again, **fields) == "not applicable"
    assert one("TS08", same_again, **fields | {"grant_type": "password"}) == "not applicable"


def test_the_same_one_is_told_from_none() -> None:
    def sentence(members: dict[str, Any]) -> list[str]:
        return said("TS08", case(token(members, grant_type=REFRESH, refresh_token="rt")))

    assert sentence(got()) == ["No new one came."]
    assert sentence(got(refresh_token="rt")) == ["The same came again."]


# ---- TS14: tokens of one sign-in --------------------------------------------------------


def sign_ins(*answers: dict[str, Any]) -> list[str]:
    """Each sign-in begins with its own authorize request."""
    steps = []
    for at, members in enumerate(answers):
        begun = AT + 100 * at
        steps += [
            authorize(at=begun, scope="x", state=f"s{at}"),
            redirect(at=begun + 1, code=f"c{at}", state=f"s{at}"),
            token(members, at=begun + 2, grant_type=CODE, code=f"c{at}"),
        ]
    return words("TS14", case(*steps))


NAMES = ("access_token", "refresh_token")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("first", "second", "word"),
    [
        ("a", "b", "pass"),
        ("a", "a", "warning"),
        (TAGGED, TAGGED, "warning"),
        (TAGGED, TAGGED_OTHER, "pass"),
        ("a", "~rt~", "undecidable"),
    ],
)
def test_no_two_sign_ins_get_one_token(name: str, first: str, second: str, word: str) -> None:
    assert sign_ins({name: first}, {name: second}) == ["not applicable", word]


def test_tokens_of_one_kind_are_compared_and_empty_ones_are_none() -> None:
    found = sign_ins({"access_token": "a"}, {"refresh_token": "a"})
    assert found == ["not applicable", "not applicable"]
    assert sign_ins({"access_token": ""}, {"access_token": ""}) == ["not applicable"]
    assert said("TS14", case()) == ["there is nothing of the kind in this recording"]


def test_within_one_sign_in_a_token_may_come_again() -> None:
    first = token(got(refresh_token="rt"), grant_type="password")
    again = token(got(refresh_token="rt"), at=AT + 9, grant_type=REFRESH, refresh_token="rt")
    assert words("TS14", case(first, again)) == ["not applicable"] * 4


def test_the_token_of_two_is_named() -> None:
    answers = [{"refresh_token": "r", "access_token": n} for n in "ab"]
    steps = [
        step_
        for at, members in enumerate(answers)
        for step_ in (
            device(at=AT + 100 * at, client_id="x"),
            token(members, at=AT + 100 * at + 5, grant_type=DEVICE, device_code="d"),
        )
    ]
    assert "Another sign-in got the same refresh_token." in said("TS14", case(*steps))
