"""A contract as a TOML file: one line for each field, and a checksum of all the others.

The checksum tells damage, and a change by hand, from what `audit lock` wrote. It proves nothing
against somebody who makes it anew: who reviews the file sees what changed.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import Any

from entra_oauth.audit.contract.wire_contract import (
    FieldGroup,
    FieldPlace,
    FieldRule,
    MessageRule,
    RuleKind,
    ValueRule,
    WireContract,
)
from entra_oauth.errors import SecurityError, UsageError, plain
from entra_oauth.recording.redaction.leak_search import leaks

__all__ = ["MAX_BYTES", "contract_text", "read_contract"]

MAX_BYTES = 1024 * 1024
FORMAT = "entra-oauth lock"
VERSION = 1
_HEAD = """\
# A contract for the wire: what the messages of one client are like. Made by entra-oauth audit lock,
# held against a recording by entra-oauth audit check. It holds no secret and no person's name.
# fixed: always this text. words: these, in any order. sha256: always one value. value: its kind.
# same_as: it repeats that field. s256_in: its SHA-256 is in that field. {tenant}, {client} and
# {account} stand for names that differ from one recording to the next, {port} and {version} too.
"""
_CHECKSUM = re.compile(rb'^checksum = "sha256:([0-9a-f]{64})"\n', re.MULTILINE)
_SHOWN_BY_TEXT = (RuleKind.FIXED, RuleKind.WORDS, RuleKind.HASHED)
_LONGEST = 1_000
_MOST = 2_000
_AGAIN = "Make it again from recordings that are approved: entra-oauth audit lock REC -o oauth.lock"


# ---- written -----------------------------------------------------------------------------


def contract_text(contract: WireContract, live: Iterable[str] = ()) -> str:
    """The file. `live`: the secrets of the recordings. Raises `SecurityError` if it holds one."""
    rest = "\n".join(_lines(contract)) + "\n"
    before = f'{_HEAD}\nformat = "{FORMAT}"\nversion = {VERSION}\n'
    mark = sha256((before + rest).encode()).hexdigest()
    text = f'{before}checksum = "sha256:{mark}"\n{rest}'
    if leaks(text.encode(), live):
        raise SecurityError(
            "The contract was not written: it would have held a secret.",
            advice="Please report the client and the message; nothing was left.",
        )
    return text


def _lines(contract: WireContract) -> Iterator[str]:
    yield f"recordings = {contract.recordings}"
    for message in contract.messages:
        yield from ("", "[[message]]", f"name = {_text(message.name)}")
        if message.kind != message.name:
            yield f"kind = {_text(message.kind)}"
        texts = (
            ("method", message.method),
            ("address", message.address),
            ("status", message.status),
        )
        yield from (f"{key} = {_text(value)}" for key, value in texts if value)
        flags = (
            ("exact_request", message.exact_request),
            ("exact_answer", message.exact_answer),
            ("anywhere", message.anywhere),
            ("optional", message.optional),
            ("repeats", message.repeats),
        )
        yield from (f"{key} = true" for key, value in flags if value)
        loose = [group.place.value for group in message.groups if group.any_order]
        if loose:
            yield f"any_order = [{', '.join(map(_text, loose))}]"
        for group in message.groups:
            yield f"{group.place.value} = ["
            yield from (f"  {{ {', '.join(_parts(each))} }}," for each in group.fields)
            yield "]"


def _parts(each: FieldRule) -> Iterator[str]:
    rule = each.rule
    yield f"name = {_text(each.name)}"
    if rule.kind in _SHOWN_BY_TEXT:
        yield f"{rule.kind.value} = {_text(rule.text)}"
    else:
        yield f"value = {_text(rule.kind.value)}"
        if rule.text:
            yield f"letters = {_text(rule.text)}"
    if rule.length is not None:
        yield f"length = {rule.length}"
    related = (("same_as", rule.same_as), ("s256_in", rule.s256_in))
    yield from (f"{key} = {_text(value)}" for key, value in related if value)
    if rule.as_json:
        yield "json = true"
    if each.optional:
        yield "optional = true"


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


# ---- read --------------------------------------------------------------------------------


def read_contract(data: bytes, name: str) -> WireContract:
    """The contract in a file of that name.

    Raises `SecurityError` for one that was changed, and `UsageError` for what is none.
    """
    if len(data) > MAX_BYTES:
        raise _refused(name, f"it is larger than {MAX_BYTES // 1024:,} KiB")
    data = data.replace(b"\r\n", b"\n")
    marks = _CHECKSUM.findall(data)
    if len(marks) != 1:
        raise _refused(name, "it has no checksum")
    if sha256(_CHECKSUM.sub(b"", data)).hexdigest().encode() != marks[0]:
        raise SecurityError(
            f"{plain(name)} is not what audit lock wrote: it was changed, or cut, since.",
            advice=_AGAIN,
        )
    try:
        found = tomllib.loads(data.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError):
        found = {}
    if found.get("format") != FORMAT:
        raise _refused(name, "it is of another format")
    version = found.get("version")
    if version != VERSION or isinstance(version, bool):
        raise UsageError(
            f"{plain(name)} is a contract of another version than {VERSION}.",
            advice="Use the version of entra-oauth that made it, or a later one.",
        )
    return _ContractReader(name).contract(found)


def _refused(name: str, why: str) -> UsageError:
    return UsageError(f"{plain(name)} is no contract that can be read: {why}.", advice=_AGAIN)


class _ContractReader:
    """Takes nothing that a contract does not have."""

    def __init__(self, name: str) -> None:
        self._name = name

    def contract(self, found: dict[str, Any]) -> WireContract:
        messages = found.pop("message", None)
        found = {key: found[key] for key in found if key not in ("format", "version", "checksum")}
        recordings = self._number(found.pop("recordings", None), "recordings")
        self._nothing_left(found, "it")
        rules = [self._message(each) for each in self._list(messages, "message")]
        names = [rule.name for rule in rules]
        if len(set(names)) != len(names):
            raise self._wrong("two messages have one name")
        return WireContract(recordings=recordings, messages=tuple(rules))

    def _message(self, found: Any) -> MessageRule:
        found = self._table(found, "a message")
        name = self._text(found.pop("name", None), "the name of a message")
        kind = self._text(found.pop("kind", name), "a kind")
        texts = {k: self._text(found.pop(k, ""), k) for k in ("method", "address", "status")}
        flags = {
            key: self._flag(found.pop(key, False), key)
            for key in ("exact_request", "exact_answer", "anywhere", "optional", "repeats")
        }
        loose = [self._text(w, "any_order") for w in self._list(found.pop("any_order", []), "")]
        groups = tuple(
            FieldGroup(
                place=place,
                fields=tuple(self._field(f) for f in self._list(found.pop(place.value), place)),
                any_order=place.value in loose,
            )
            for place in FieldPlace
            if place.value in found
        )
        self._nothing_left(found, "a message")
        return MessageRule(
            name=name,
            kind=kind,
            method=texts["method"],
            address=texts["address"],
            status=texts["status"],
            exact_request=flags["exact_request"],
            exact_answer=flags["exact_answer"],
            groups=groups,
            anywhere=flags["anywhere"],
            optional=flags["optional"],
            repeats=flags["repeats"],
        )

    def _field(self, found: Any) -> FieldRule:
        found = self._table(found, "a field")
        name = self._text(found.pop("name", None), "the name of a field")
        kinds = [k for k in _SHOWN_BY_TEXT if k.value in found]
        if len(kinds) + ("value" in found) != 1:
            raise self._wrong("a field has not one rule")
        if kinds:
            kind, text = kinds[0], self._text(found.pop(kinds[0].value), "a text")
        else:
            kind, text = self._kind(found.pop("value")), self._text(found.pop("letters", ""), "")
        length = found.pop("length", None)
        rule = ValueRule(
            kind=kind,
            text=text,
            length=None if length is None else self._number(length, "length"),
            same_as=self._reference(found.pop("same_as", "")),
            s256_in=self._reference(found.pop("s256_in", "")),
            as_json=self._flag(found.pop("json", False), "json"),
        )
        optional = self._flag(found.pop("optional", False), "optional")
        self._nothing_left(found, "a field")
        return FieldRule(name=name, rule=rule, optional=optional)

    def _kind(self, word: Any) -> RuleKind:
        known = [k for k in RuleKind if k not in _SHOWN_BY_TEXT and k.value == word]
        if not known:
            raise self._wrong("a field has a rule that is not known")
        return known[0]

    def _reference(self, value: Any) -> str:
        text = self._text(value, "a reference")
        parts = text.split("/", 2)
        if text and (len(parts) != 3 or parts[1] not in [place.value for place in FieldPlace]):
            raise self._wrong("a reference leads nowhere")
        return text

    def _table(self, value: Any, what: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise self._wrong(f"{what} is no table")
        return dict(value)

    def _list(self, value: Any, what: str) -> list[Any]:
        if not isinstance(value, list) or len(value) > _MOST:
            raise self._wrong(f"{what or 'a list'} is no list, or too long a one")
        return value

    def _text(self, value: Any, what: str) -> str:
        if not isinstance(value, str) or len(value) > _LONGEST or plain(value) != value:
            raise self._wrong(f"{what or 'a word'} is no text that can be shown")
        return value

    def _number(self, value: Any, what: str) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 10_000_000:
            raise self._wrong(f"{what} is no number")
        return value

    def _flag(self, value: Any, what: str) -> bool:
        if not isinstance(value, bool):
            raise self._wrong(f"{what} is neither true nor false")
        return value

    def _nothing_left(self, found: dict[str, Any], what: str) -> None:
        if found:
            raise self._wrong(f"{what} has a key that no contract has")

    def _wrong(self, why: str) -> UsageError:
        return _refused(self._name, why)
