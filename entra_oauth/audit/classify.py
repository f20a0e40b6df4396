"""The steps of a recording sorted into OAuth's messages, and put together into sign-ins.

Steps are put together by what they share: first the `state`, then the code (or the
device code, or the refresh token), and only where neither can be told, by time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any

from entra_oauth.audit.redacted_values import Jwt, hidden, jwt, same
from entra_oauth.protocol.jwt import read_object
from entra_oauth.protocol.messages import FORM, Fields, HttpRequest, HttpResponse, parse_form
from entra_oauth.recording.recognise import kind_of
from entra_oauth.recording.step import Seen, Step

__all__ = ["Flow", "Item", "StepKind", "flows_of", "items_of"]


class StepKind(StrEnum):
    """The message of OAuth that a step is."""

    AUTHORIZE = "authorize"
    REDIRECT = "redirect"
    UNSOLICITED = "unsolicited"
    """Something that came to the listener and was turned down."""
    TOKEN = "token"  # noqa: S105 - a word, no password
    DEVICE = "device"
    KEYS = "keys"
    METADATA = "metadata"
    RESOURCE = "resource"
    LOGOUT = "logout"
    PAGE = "page"
    """A page of the browser's: the authority's, or the last one of the listener."""


NO_ANSWER = HttpResponse(status=0, reason="", headers=(), body=b"")

_BY_WORD = {
    "authorize": StepKind.AUTHORIZE,
    "token": StepKind.TOKEN,
    "devicecode": StepKind.DEVICE,
    "keys": StepKind.KEYS,
    "metadata": StepKind.METADATA,
    "redirect": StepKind.REDIRECT,
    "api": StepKind.RESOURCE,
}
_BY_NAME = {
    "authorize": StepKind.AUTHORIZE,
    "redirect": StepKind.REDIRECT,
    "redirect-refused": StepKind.UNSOLICITED,
}


@dataclass(frozen=True)
class Item:
    """One step, read as OAuth. Its repr shows nothing of it."""

    step: Step = field(repr=False)
    kind: StepKind

    @property
    def number(self) -> int:
        return self.step.number

    @cached_property
    def request(self) -> HttpRequest:
        return self.step.http_request

    @cached_property
    def response(self) -> HttpResponse | None:
        return self.step.http_response

    @property
    def answer(self) -> HttpResponse:
        """The response; one without a status where none was seen."""
        return self.response or NO_ANSWER

    @property
    def url(self) -> str:
        return self.step.url

    @cached_property
    def query(self) -> Fields:
        return parse_form(HttpRequest(method="GET", url=self.url).query)

    @cached_property
    def form(self) -> Fields:
        kind = (self.request.header("content-type") or "").lower()
        body = self.request.body.decode("utf-8", "replace")
        return parse_form(body) if kind.startswith(FORM) else ()

    @cached_property
    def form_gone(self) -> bool:
        """True for a request that has a form, where that was taken out whole or is elsewhere."""
        request = self.request
        if self.kind not in (StepKind.TOKEN, StepKind.DEVICE) or request.method != "POST":
            return False
        if request.body:
            text = request.body.decode("utf-8", "replace")
            return "=" not in text and hidden(text)
        return self.step.request.seen is not Seen.WIRE and request.header("content-length") != "0"

    @property
    def answer_gone(self) -> bool:
        """True for an answer whose body was taken out whole, or is elsewhere."""
        if self.answer.body:
            text = self.answer.body.decode("utf-8", "replace")
            return hidden(text) and not any(c in text for c in '"0123456789')
        return self.step.response.seen is not Seen.WIRE

    @cached_property
    def fields(self) -> Fields:
        """The parameters of the request: those that count for its kind, then the others."""
        by_form = self.kind in (StepKind.TOKEN, StepKind.DEVICE)
        return (*self.form, *self.query) if by_form else (*self.query, *self.form)

    @cached_property
    def members(self) -> dict[str, Any]:
        """The JSON object of the answer; empty if there is none that can be read."""
        if self.response is None:
            return {}
        try:
            return read_object(self.response.body)
        except ValueError:
            return _leniently(self.response.body)

    @cached_property
    def jwts(self) -> dict[str, Jwt]:
        """The members of the answer that are readable tokens."""
        texts = {name: value for name, value in self.members.items() if isinstance(value, str)}
        return {name: read for name, value in texts.items() if (read := jwt(value)) is not None}

    def get(self, name: str) -> str | None:
        """The first parameter of that name."""
        return next((value for key, value in self.fields if key == name), None)

    def every(self, name: str) -> list[str]:
        """All parameters of that name."""
        return [value for key, value in self.fields if key == name]

    def text(self, name: str) -> str | None:
        """A member of the answer that is a text."""
        value = self.members.get(name)
        return value if isinstance(value, str) else None

    def at(self, name: str) -> str:
        """The place of a parameter, as a path."""
        is_there = [any(key == name for key, _ in fields) for fields in (self.form, self.query)]
        by_form = self.kind in (StepKind.TOKEN, StepKind.DEVICE) and not is_there[1]
        return f"/request/{'form' if is_there[0] or by_form else 'query'}/{name}"


def _leniently(body: bytes) -> dict[str, Any]:
    import json

    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def items_of(steps: Iterable[Step]) -> tuple[Item, ...]:
    """The steps with their kinds, in the order in which they began.

    HAR files count milliseconds: of those that seem to have begun at once, the kinds tell.
    """
    items = (Item(step, _kind(step)) for step in steps)
    return tuple(sorted(items, key=_order))


def _order(item: Item) -> tuple[float, int]:
    return item.step.started_at, _RANK.get(item.kind, 5)


def _kind(step: Step) -> StepKind:
    kind = _by_name_or_address(step)
    # Whoever sends no parameter asks where the authority is, as for a workspace's.
    return StepKind.METADATA if kind is StepKind.AUTHORIZE and not _asks(step) else kind


def _by_name_or_address(step: Step) -> StepKind:
    if step.name in _BY_NAME and step.channel == "front":
        named = _BY_NAME[step.name]
        status = step.http_response.status if step.http_response is not None else 0
        # A listener that answered with an error did not take it for the answer.
        return StepKind.UNSOLICITED if named is StepKind.REDIRECT and status >= 400 else named
    if step.channel == "front" and step.name in ("page", "ignored"):
        return StepKind.PAGE
    path = step.http_request.path
    if path.endswith(("/logout", "/endsession")):
        return StepKind.LOGOUT
    word = kind_of(step.http_request)
    if word is None and _hands_a_token_over(step):
        return StepKind.RESOURCE
    return _BY_WORD.get(word or "", StepKind.PAGE)


def _asks(step: Step) -> bool:
    request = step.http_request
    pairs = parse_form(HttpRequest(method="GET", url=step.url).query)
    pairs += parse_form(request.body.decode("latin-1")) if request.body else ()
    return bool({"client_id", "response_type", "redirect_uri", "scope"} & {n for n, _ in pairs})


def _hands_a_token_over(step: Step) -> bool:
    names = {name for name, _ in parse_form(HttpRequest(method="GET", url=step.url).query)}
    return "access_token" in names and step.channel == "back"


@dataclass(frozen=True)
class Flow:
    """The steps of one sign-in, or of one other way to a token."""

    items: tuple[Item, ...]

    def all(self, kind: StepKind) -> tuple[Item, ...]:
        return tuple(item for item in self.items if item.kind is kind)

    def first(self, kind: StepKind) -> Item | None:
        return next(iter(self.all(kind)), None)

    @property
    def authorize(self) -> Item | None:
        return self.first(StepKind.AUTHORIZE)

    @property
    def redirect(self) -> Item | None:
        """The answer that was taken."""
        return self.first(StepKind.REDIRECT)

    def tokens(self, *grants: str) -> tuple[Item, ...]:
        """The token requests with one of these grants; all of them if none is named."""
        every = self.all(StepKind.TOKEN)
        return tuple(i for i in every if not grants or i.get("grant_type") in grants)


class _Group:
    def __init__(self, first: Item) -> None:
        self.items = [first]

    def has(self, kind: StepKind) -> bool:
        return any(item.kind is kind for item in self.items)

    def shares(self, item: Item) -> bool | None:
        """True if the item belongs here by its values; None if it has none that tell."""
        verdicts = [
            found
            for other in self.items
            for mine, theirs in _links(item, other)
            if mine and theirs and (found := same(mine, theirs)) is not None
        ]
        return any(verdicts) if verdicts else None


def _links(item: Item, other: Item) -> Iterable[tuple[str | None, str | None]]:
    """Pairs of values that are equal where both belong together."""
    if other.kind is StepKind.AUTHORIZE and item.kind in (StepKind.REDIRECT, StepKind.UNSOLICITED):
        yield item.get("state"), other.get("state")
    elif item.kind is StepKind.TOKEN:
        if other.kind is StepKind.REDIRECT:
            yield item.get("code"), other.get("code")
        elif other.kind is StepKind.DEVICE:
            yield item.get("device_code"), other.text("device_code")
        elif other.kind is StepKind.TOKEN:
            yield item.get("refresh_token"), other.text("refresh_token")
            yield item.get("device_code"), other.get("device_code")
            yield item.get("code"), other.get("code")
    elif item.kind is StepKind.RESOURCE and other.kind is StepKind.TOKEN:
        scheme, _, token = (item.request.header("authorization") or "").partition(" ")
        token = token if scheme.lower() == "bearer" else item.get("access_token") or ""
        yield token, other.text("access_token")


_STARTS = (StepKind.AUTHORIZE, StepKind.DEVICE)


def flows_of(items: Sequence[Item]) -> tuple[Flow, ...]:
    """The items put together; keys and metadata go with the sign-in before them.

    Pages are left out: what is on them is between the person and the authority.
    """
    groups: list[_Group] = []
    parts = [item for item in items if item.kind is not StepKind.PAGE]
    for item in sorted(parts, key=_order):
        group = None if item.kind in _STARTS else _home(item, groups)
        if group is None:
            groups.append(_Group(item))
        else:
            group.items.append(item)
    return tuple(Flow(tuple(group.items)) for group in groups)


_RANK = {
    kind: at
    for at, kind in enumerate(
        (StepKind.AUTHORIZE, StepKind.DEVICE, StepKind.REDIRECT, StepKind.TOKEN)
    )
}


def _home(item: Item, groups: list[_Group]) -> _Group | None:
    answers = [(group, group.shares(item)) for group in groups]
    for group, shares in reversed(answers):
        if shares:
            return group
    if item.kind is StepKind.RESOURCE:  # a token of unknown origin belongs to no sign-in
        return None
    open_ones = [group for group, shares in answers if shares is None and _fits(item, group)]
    waiting = [group for group in open_ones if not group.has(item.kind)]
    if item.kind in (StepKind.REDIRECT, StepKind.TOKEN) and len(waiting) > 1:
        return None  # to which of them it belongs was taken out; a guess would blame the wrong one
    if open_ones:
        return open_ones[-1]
    # What shares nothing with anything is still looked at beside the latest that fits: a
    # state that is wrong must be found to be wrong.
    late = [group for group, _ in answers if _fits(item, group)]
    return late[-1] if late else None


def _fits(item: Item, group: _Group) -> bool:
    grant = item.get("grant_type") if item.kind is StepKind.TOKEN else None
    if item.kind in (StepKind.REDIRECT, StepKind.UNSOLICITED):
        return group.has(StepKind.AUTHORIZE)
    if grant == "authorization_code":
        return group.has(StepKind.AUTHORIZE) or group.has(StepKind.REDIRECT)
    if grant is not None and grant.endswith("device_code"):
        return group.has(StepKind.DEVICE)
    if grant == "refresh_token":
        return group.has(StepKind.TOKEN)
    if grant == "client_credentials" or item.form_gone:
        return group.has(StepKind.REDIRECT) and not group.has(StepKind.TOKEN)
    return item.kind not in (StepKind.TOKEN, StepKind.LOGOUT)
