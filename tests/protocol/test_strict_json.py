from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entra_oauth.protocol.jwt import read_object
from kit import canaries

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(min_value=-(10**300), max_value=10**300)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]))
)
KEYS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(KEYS, VALUES, max_size=6), st.booleans())
def test_every_json_object_is_read_as_the_standard_library_reads_it(
    value: dict[str, object], ascii_only: bool
) -> None:
    body = json.dumps(value, ensure_ascii=ascii_only).encode("utf-8")
    assert read_object(body) == json.loads(body) == value


def _outcome(body: bytes) -> dict[str, object] | ValueError:
    try:
        return read_object(body)
    except ValueError as error:
        return error


@given(st.binary() | st.text('{}[]":,0123456789.eE+-NaInfty \\u"', max_size=60).map(str.encode))
def test_anything_else_is_a_value_error_and_nothing_else(body: bytes) -> None:
    found = _outcome(body)
    if isinstance(found, ValueError):
        assert type(found) is ValueError
        assert found.__context__ is None
    else:
        assert found == json.loads(body)


CANARY = f'"{canaries.ACCESS_TOKEN}"'.encode()


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"", "malformed or breaks off at character 0"),
        (b'{"a":' + CANARY, "malformed or breaks off"),
        (b"{'a':" + CANARY + b"}", "malformed"),
        (b'{"a":' + CANARY + b",}", "malformed"),
        (b'{"a":' + CANARY + b"} {}", "malformed"),
        (b'{"a":' + CANARY + b',"b":"\x01"}', "malformed"),
        (b"\xef\xbb\xbf{" + b'"a":' + CANARY + b"}", "malformed"),
        (b'{"a":' + CANARY + b',"b":"\xff"}', "not UTF-8"),
        (b'{"a":' + CANARY + b',"b":"\xed\xa0\x80"}', "not UTF-8"),
        (f'{{"a":{CANARY.decode()}}}'.encode("utf-16"), "not UTF-8"),
        (b'{"a":' + CANARY + b',"b":"\xe4"}', "not UTF-8"),
        (b"[" + CANARY + b"]", "not an object"),
        (CANARY, "not an object"),
        (b"null", "not an object"),
        (b"1", "not an object"),
        (b'{"a":' + CANARY + b',"a":1}', "a member twice"),
        (b'{"a":{"b":' + CANARY + b',"\\u0062":1}}', "a member twice"),
        (b'{"a":NaN,"b":' + CANARY + b"}", "NaN"),
        (b'{"a":[-Infinity],"b":' + CANARY + b"}", "-Infinity"),
        (b'{"a":' + b"9" * 5000 + b',"b":' + CANARY + b"}", "more than 400 digits"),
        (b'{"a":' + CANARY + b',"b":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "too deeply"),
        (b'{"a":' * 100_000 + CANARY + b"}" * 100_000, "too deeply"),
    ],
)
def test_what_two_programs_could_read_differently_is_refused(body: bytes, problem: str) -> None:
    with pytest.raises(ValueError, match=problem) as caught:
        read_object(body)
    canaries.assert_clean(caught.value)
    assert caught.value.__context__ is None


def test_a_number_of_400_digits_is_still_a_number() -> None:
    assert read_object(b'{"a":' + b"9" * 400 + b"}") == {"a": 10**400 - 1}
