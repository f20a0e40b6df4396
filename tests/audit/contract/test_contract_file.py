"""The file of a contract: read as it was written, or refused with the reason."""

from __future__ import annotations

from functools import cache
from hashlib import sha256

import pytest

from entra_oauth.audit.contract.contract_file import MAX_BYTES, contract_text, read_contract
from entra_oauth.audit.contract.learn_contract import learn
from entra_oauth.audit.contract.observe import observe
from entra_oauth.errors import SecurityError, UsageError
from kit.audit.clients_in_memory import by_us, whole
from kit.canaries import assert_clean


@cache
def text() -> str:
    return contract_text(learn([observe(whole(by_us(number))) for number in range(2)]))


def signed(changed: str) -> bytes:
    """The text with a checksum that is right."""
    lines = [line for line in changed.splitlines(keepends=True) if "checksum =" not in line]
    mark = sha256("".join(lines).encode()).hexdigest()
    at = next((n for n, line in enumerate(lines) if line.startswith("version")), 0)
    return "".join((*lines[:at], f'checksum = "sha256:{mark}"\n', *lines[at:])).encode()


def replaced(old: str, new: str) -> bytes:
    assert old in text()
    return signed(text().replace(old, new, 1))


def test_a_contract_is_read_as_it_was_written() -> None:
    contract = read_contract(text().encode(), "oauth.lock")
    assert contract_text(contract) == text()


def test_a_checkout_that_changes_line_ends_changes_no_contract() -> None:
    windows = text().replace("\n", "\r\n").encode()
    assert read_contract(windows, "x") == read_contract(text().encode(), "x")


def test_a_contract_with_another_place_of_its_checksum_is_read() -> None:
    assert read_contract(signed(text()), "x") == read_contract(text().encode(), "x")


def test_the_same_recordings_make_the_same_file() -> None:
    seen = [observe(whole(by_us(number))) for number in range(2)]
    assert contract_text(learn(seen)) == text()


def test_every_cut_is_refused() -> None:
    data = text().encode()
    for end in (*range(0, len(data) - 1, 97), len(data) - 1):
        with pytest.raises((UsageError, SecurityError)):
            read_contract(data[:end], "oauth.lock")


def test_every_changed_bit_is_refused() -> None:
    data = text().encode()
    for at in range(0, len(data), 53):
        changed = bytearray(data)
        changed[at] ^= 1 << at % 8
        with pytest.raises((UsageError, SecurityError)) as caught:
            read_contract(bytes(changed), "oauth.lock")
        assert caught.value.exit_code in (2, 5)


REFUSED = [
    (b"", UsageError, "no checksum"),
    (b"\x00" * 40, UsageError, "no checksum"),
    (b"client_id = 1\n", UsageError, "no checksum"),
    (text().encode() + b"x", SecurityError, "changed, or cut"),
    (text().encode() * 2, UsageError, "no checksum"),
    (b" " * (MAX_BYTES + 1), UsageError, "larger than"),
    (replaced("version = 1", "version = 2"), UsageError, "another version"),
    (replaced("version = 1", "version = true"), UsageError, "another version"),
    (replaced("version = 1", 'version = "1"'), UsageError, "another version"),
    (replaced('"entra-oauth lock"', '"cargo lock"'), UsageError, "another format"),
    (signed('format = "entra-oauth lock"\nversion = 1\n['), UsageError, "another format"),
    (signed('format = "entra-oauth lock"\nversion = 1\n'), UsageError, "recordings is no number"),
    (replaced("recordings = 2", "recordings = -1"), UsageError, "recordings is no number"),
    (replaced("recordings = 2", "recordings = 2\nmore = 1"), UsageError, "no contract has"),
    (replaced('"state"', '"sta\\u001bte"'), UsageError, "no text that can be shown"),
    (replaced('"state"', '"sta\\u202ete"'), UsageError, "no text that can be shown"),
    (replaced('"state"', f'"{"s" * 1001}"'), UsageError, "no text that can be shown"),
    (replaced('"state"', "7"), UsageError, "no text that can be shown"),
    (replaced('method = "GET"', 'method = "GET"\nport = 1'), UsageError, "no contract has"),
    (replaced("exact_request = true", "exact_request = 1"), UsageError, "neither true nor false"),
    (replaced('value = "secret"', 'value = "magic"'), UsageError, "not known"),
    (replaced('value = "secret"', 'value = "fixed"'), UsageError, "not known"),
    (replaced('value = "secret", ', ""), UsageError, "not one rule"),
    (replaced("length = 43", "length = 4.5"), UsageError, "length is no number"),
    (replaced('same_as = "auth', 'same_as = "/'), UsageError, ""),
    (replaced("query = [", "query = 1 #["), UsageError, ""),
    (signed(text() + text().partition("recordings = 2\n")[2]), UsageError, "one name"),
]


@pytest.mark.parametrize(("data", "error", "why"), REFUSED)
def test_what_is_no_contract_is_refused_with_the_reason(
    data: bytes, error: type[Exception], why: str
) -> None:
    if why == "":
        return _is_refused_or_harmless(data)
    with pytest.raises(error, match=why) as caught:
        read_contract(data, "oauth\x1b[31m.lock")
    assert type(caught.value) is error
    assert "\x1b" not in str(caught.value)
    assert_clean(caught.value)


def _is_refused_or_harmless(data: bytes) -> None:
    with pytest.raises(UsageError):
        read_contract(data, "oauth.lock")
