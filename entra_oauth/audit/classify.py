"""The steps of a recording sorted into OAuth's messages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from typing import Any

from entra_oauth.audit.redacted_values import Jwt, comparable, hidden, jwt
from entra_oauth.protocol.jwt import read_object
from entra_oauth.protocol.messages import (
    FORM,
    Fields,
    HttpRequest,
    HttpResponse,
    is_redirect,
    parse_form,
)
from entra_oauth.protocol.request_object import parameters_of, pushed_by
from entra_oauth.recording.recognise import answer_fields, is_answer, kind_of, same_place
from entra_oauth.recording.step import Half, Seen, Step

__all__ = ["Item", "StepKind", "in_order", "items_of"]


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
    asked: Fields | None = field(default=None, repr=False)
    """Of an authorize request that says its parameters elsewhere: these, then its own."""
    elsewhere: str = ""
    """The reason why these cannot be told."""

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
        """The parameters of the address; of a redirect, those of the fragment too."""
        if self.kind in (StepKind.REDIRECT, StepKind.UNSOLICITED):
            return answer_fields(self.url)
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
        by_form = self.kind in (StepKind.TOKEN, StepKind.DEVICE) and request.method == "POST"
        kind = (request.header("content-type") or FORM).lower()
        if not by_form or not kind.startswith(FORM):
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
        if self.asked is not None:
            return self.asked
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

    @property
    def bearer(self) -> str:
        """The token in the Authorization header; empty if there is none."""
        scheme, _, rest = (self.request.header("authorization") or "").strip().partition(" ")
        return rest.strip() if scheme.lower() == "bearer" else ""

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
    items = _with_parameters([Item(step, _kind(step)) for step in steps])
    uris = {uri for i in items if i.kind is StepKind.AUTHORIZE and (uri := i.get("redirect_uri"))}
    items = [_as_answer(item) if _answers(item, uris) else item for item in items]
    items += [made for item in items if (made := _led_to(item, uris, items)) is not None]
    return tuple(sorted(items, key=in_order))


def _with_parameters(items: Sequence[Item]) -> list[Item]:
    """The items, of which each authorize request has its parameters, wherever it says them."""
    given = [p for i in items if (p := pushed_by(i.request, i.response)) is not None]
    pushed = {comparable(uri): fields for uri, fields in given}
    pushed.pop(None, None)  # of values that were taken out without a tag two may look the same
    return [_asking(i, pushed) if i.kind is StepKind.AUTHORIZE else i for i in items]


def _asking(item: Item, pushed: Mapping[tuple[str, str] | None, Fields]) -> Item:
    asked = parameters_of(item.fields, lambda uri: pushed.get(comparable(uri)))
    if asked.fields is item.fields:
        return replace(item, elsewhere=asked.elsewhere) if asked.elsewhere else item
    return replace(item, asked=asked.fields, elsewhere=asked.elsewhere)


def _answers(item: Item, uris: set[str]) -> bool:
    """True for what is an answer after all: it was sent to a redirect URI that was asked."""
    named = item.step.name == "ignored"
    # A token in an address or a form is an API call's, or an answer of the implicit flow.
    may_be = item.kind is StepKind.PAGE or (item.kind is StepKind.RESOURCE and not item.bearer)
    return may_be and not named and is_answer(item.request, uris)


def _as_answer(item: Item) -> Item:
    # A program that answered with an error did not take it.
    refused = item.answer.status >= 400
    return Item(item.step, StepKind.UNSOLICITED if refused else StepKind.REDIRECT)


def _led_to(item: Item, uris: set[str], items: Sequence[Item]) -> Item | None:
    """The answer that the browser was sent away with, where its arrival is not there.

    So it is with schemes of an app's own, and where a file ends with the authority's answer.
    """
    location = item.answer.header("location") or ""
    if item.kind not in (StepKind.AUTHORIZE, StepKind.PAGE) or not is_redirect(item.answer.status):
        return None
    request = HttpRequest(method="GET", url=location)
    arrived = (StepKind.REDIRECT, StepKind.UNSOLICITED)
    if not is_answer(request, uris) or any(
        i.kind in arrived and same_place(i.url, location) for i in items
    ):
        return None
    at = item.step.ended_at
    half = Half(data=location.encode("utf-8", "replace"), seen=Seen.ADDRESS)
    step = replace(item.step, name="redirect", channel="front", method="GET", url=location)
    step = replace(step, request=half, response=Half(), started_at=at, ended_at=at)
    return Item(step, StepKind.REDIRECT)


_RANK = {
    kind: at
    for at, kind in enumerate(
        (StepKind.AUTHORIZE, StepKind.DEVICE, StepKind.REDIRECT, StepKind.TOKEN)
    )
}


def in_order(item: Item) -> tuple[float, int]:
    """The place of a step among the others: by time, then by kind."""
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
