"""What a token says of itself, also where it says strange things."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entra_oauth.cli.decode import describe
from entra_oauth.errors import plain
from entra_oauth.protocol.jwt import DecodedJwt
from kit import canaries, needs
from kit.command_line import Ran, as_program, call, error_of, on_stdin

HEADER = {"alg": "RS256", "kid": "a-key", "typ": "JWT"}
NOON = 1_767_268_800.0  # 2026-01-01 12:00:00Z


def decode(text: str | bytes, *options: str) -> Ran:
    with on_stdin(text):
        return call("decode", *options)


def shown(**claims: Any) -> list[str]:
    return describe(DecodedJwt(HEADER, claims), at=NOON, columns=100)


def test_a_token_in_words() -> None:
    ran = decode(canaries.jwt(HEADER, {"aud": "x", "scp": "user_impersonation", "new": [1, {}]}))
    assert ran.code == 0
    assert "scp" in ran.out
    assert "what it allows, in the person's name" in ran.out
    assert "[1, {}]" in ran.out
    assert ran.err.strip() == "Not verified: this is what the token says of itself."


NOTES = [
    ({"alg": "none"}, {}, ["not signed"]),
    ({"alg": "None"}, {}, ["not signed"]),
    ({}, {}, ["not signed"]),
    (HEADER, {"exp": 0}, ["its time is over"]),
    (HEADER, {"nbf": 10**11}, ["not good yet"]),
    ({"alg": "none"}, {"exp": 1, "nbf": 1e300}, ["not signed", "its time is over", "not good yet"]),
    (HEADER, {"exp": 10**11, "nbf": 0}, []),
    (HEADER, {"exp": True, "nbf": "9" * 30}, []),
]


@pytest.mark.parametrize(("header", "claims", "notes"), NOTES)
def test_a_token_that_nobody_may_accept_is_said_to_be_one(
    header: dict[str, Any], claims: dict[str, Any], notes: list[str]
) -> None:
    ran = decode(canaries.jwt(header, claims))
    said = [line for line in ran.err.splitlines() if line.startswith("Note: ")]
    assert len(said) == len(notes)
    for line, note in zip(said, notes, strict=True):
        assert note in line
    assert ran.err.strip().endswith("Not verified: this is what the token says of itself.")
    assert decode(canaries.jwt(header, claims), "--json").err == ""


def test_a_token_as_json() -> None:
    ran = decode(canaries.jwt(HEADER, {"a": "\x1b[31m", "n": 10**300}), "--json")
    assert json.loads(ran.out) == {
        "schema": "entra-oauth/decoded/1",
        "verified": False,
        "header": HEADER,
        "claims": {"a": "\x1b[31m", "n": 10**300},
    }
    assert (ran.code, ran.err) == (0, "")
    assert "\x1b" not in ran.out


TIMES = [
    (NOON + 3600, "2026-01-01T13:00:00Z, in 1 h"),
    (NOON - 90, "2026-01-01T11:58:30Z, 1 min ago"),
    (NOON, "2026-01-01T12:00:00Z, 0 s ago"),
    (0, "1970-01-01T00:00:00Z"),
    (1.5, "1970-01-01T00:00:01Z"),
    (-1, "no time that a clock shows"),
    (1e300, "no time that a clock shows"),
    (10**399, "no time that a clock shows"),
]


@pytest.mark.parametrize(("value", "said"), TIMES)
def test_times_in_words(value: float, said: str) -> None:
    assert any(said in line for line in shown(exp=value))


@pytest.mark.parametrize("value", [True, "soon", None, [1]])
def test_what_is_no_time_is_shown_as_it_is(value: object) -> None:
    assert "clock" not in " ".join(shown(exp=value))


def test_a_known_audience_is_named() -> None:
    assert any("Microsoft Graph: for whom" in x for x in shown(aud="https://graph.microsoft.com"))


@pytest.mark.parametrize("columns", ["40", "80"])
def test_the_lines_fit_the_terminal(columns: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    ran = decode(
        canaries.jwt(HEADER, {"aud": "a" * 300, "unique_name": "b", "x" * 60: "y z " * 60})
    )
    assert [line for line in ran.out.splitlines() if len(line) > int(columns)] == []


HOSTILE = "\x1b[2J\x1b]0;owned\x07\x9b31m\u202e\u2066\r\n\x00\x7f\u200b"


def test_escape_sequences_are_shown_by_name() -> None:
    ran = decode(
        canaries.jwt({**HEADER, HOSTILE: HOSTILE}, {"name": HOSTILE, HOSTILE: {HOSTILE: 1}})
    )
    assert ran.code == 0
    assert all(line.isprintable() for line in ran.out.splitlines())
    assert "<ESC>" in ran.out


@given(
    st.dictionaries(
        st.text(max_size=20),
        st.recursive(
            st.none()
            | st.booleans()
            | st.integers()
            | st.floats(allow_nan=False)
            | st.text(max_size=40),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.text(max_size=5), inner, max_size=3)
            ),
            max_leaves=8,
        ),
        max_size=5,
    ),
    st.integers(40, 120),
)
def test_any_claims_give_printable_lines_that_fit(claims: dict[str, Any], columns: int) -> None:
    lines = describe(DecodedJwt(HEADER, claims), at=NOON, columns=columns)
    assert [
        line for line in lines if plain(line, limit=10_000) != line or len(line) > columns
    ] == []


def _part(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


GOOD = _part(b"{}")


def _holding(body: bytes) -> str:
    return f"{GOOD}.{_part(body)}.{GOOD}"


BAD: dict[str, str | bytes] = {
    "nothing": "",
    "spaces": " \n ",
    "a word": "hello",
    "an address": "http://localhost/?code=0.A&state=x",
    "an opaque token": canaries.REFRESH_TOKEN,
    "two parts": f"{GOOD}.{GOOD}",
    "four parts": f"{GOOD}.{GOOD}.{GOOD}.{GOOD}",
    "an encrypted token": f"{GOOD}.{GOOD}.{GOOD}.{GOOD}.{GOOD}",
    "not base64": f"{GOOD}.!!!.{GOOD}",
    "not UTF-8": _holding(bytes([255])),
    "not an object": _holding(b"[]"),
    "a member twice": _holding(b'{"a":1,"a":2}'),
    "NaN": _holding(b'{"a":NaN}'),
    "a huge number": _holding(b'{"a":' + b"9" * 5000 + b"}"),
    "too deep": _holding(b'{"a":' + b"[" * 20_000 + b"]" * 20_000 + b"}"),
    "deep beyond size": _holding(b"[" * 100_000),
    "too long": f"{GOOD}.{'A' * 70_000}.{GOOD}",
    "binary": bytes(range(256)),
    "letters of another script": "ｅｙＪ.ｅｙＪ.ｅｙＪ",
}


@pytest.mark.parametrize("options", [[], ["--json"]], ids=["words", "json"])
@pytest.mark.parametrize("name", BAD)
def test_what_is_no_token_is_a_mistake_that_is_not_repeated(name: str, options: list[str]) -> None:
    ran = decode(BAD[name], *options)
    assert (ran.code, ran.out) == (2, "")
    if options:
        said = json.loads(ran.err)
        assert said["kind"] == "UsageError"
    else:
        error_of(ran)
    assert len(ran.err) < 500


@pytest.mark.parametrize("options", [[], ["--json"]], ids=["words", "json"])
def test_no_depth_is_a_crash(options: list[str]) -> None:
    # Somewhere there is a depth that can be read and not be written.
    codes = set()
    for depth in range(100, 1100, 100):
        nested = b'{"a":' + b"[" * depth + b"]" * depth + b"}"
        ran = decode(_holding(nested), *options)
        assert "Traceback" not in ran.err
        assert "unexpected" not in ran.err
        codes.add(ran.code)
    assert codes == {0, 2}


@pytest.mark.parametrize("options", [[], ["--json"]], ids=["words", "json"])
def test_a_number_beyond_all_range_is_no_crash(options: list[str]) -> None:
    ran = decode(_holding(b'{"exp": 1e999}'), *options)
    assert "unexpected" not in ran.err
    assert ran.code in (0, 2)
    if options:
        assert ran.code == 2 or json.loads(ran.out, parse_constant=lambda c: pytest.fail(c))


TOKEN = canaries.jwt(HEADER, {"sub": "found"})


@pytest.mark.parametrize(
    "text",
    [
        f"{TOKEN}\n",
        f"Authorization: Bearer {TOKEN}",
        f"authorization:  bearer {TOKEN}\r\n",
        f"Bearer {TOKEN}",
        f"\ufeff{TOKEN}",
        f"{TOKEN[:30]}\n{TOKEN[30:]}",
    ],
)
def test_a_token_may_come_as_it_was_copied(text: str) -> None:
    ran = decode(text)
    assert (ran.code, "found" in ran.out) == (0, True)


@needs.posix
def test_at_a_prompt_the_token_is_not_shown() -> None:
    from kit.processes.ptys import Session

    with Session(as_program("decode")) as terminal:
        terminal.wait_for("token> ")
        terminal.wait_until_raw()
        terminal.press(TOKEN + "\r")
        code, out = terminal.finish()
        assert terminal.modes() == terminal.before
    assert (code, "found" in out) == (0, True)
    assert TOKEN[:20] not in terminal.shown


OURS = canaries.jwt(HEADER, {"aud": "an-audience"})
AS_PEOPLE_HAVE_IT = {
    "in quotes": f'"{OURS}"\n',
    "behind Bearer": f"Authorization: Bearer {OURS}",
    "behind Bearer, in quotes": f"'Bearer {OURS}'",
    "padded": ".".join(part + "=" * (-len(part) % 4) for part in OURS.split(".")),
    "in UTF-16": OURS.encode("utf-16"),
    "with a byte order mark": f"\ufeff{OURS}",
    "in an answer": json.dumps({"token_type": "Bearer", "access_token": OURS}),
}


@pytest.mark.parametrize("text", AS_PEOPLE_HAVE_IT.values(), ids=AS_PEOPLE_HAVE_IT)
def test_a_token_is_read_as_people_have_it(text: str | bytes) -> None:
    ran = decode(text)
    assert (ran.code, "an-audience" in ran.out) == (0, True), ran.err


def test_of_several_tokens_in_an_answer_none_is_chosen() -> None:
    ran = decode(json.dumps({"access_token": OURS, "id_token": OURS}))
    assert (ran.code, ran.out) == (2, "")
    assert "several tokens (access_token, id_token)" in ran.err
