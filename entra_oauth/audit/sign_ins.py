"""The messages of a recording put together into sign-ins.

Steps are put together by what they share: first the `state`, then the code (or the
device code, or the refresh token), and only where neither can be told, by time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from entra_oauth.audit.classify import Item, StepKind, in_order
from entra_oauth.audit.redacted_values import same

__all__ = ["Flow", "flows_of"]


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
        yield item.bearer or item.get("access_token"), other.text("access_token")


_STARTS = (StepKind.AUTHORIZE, StepKind.DEVICE)


def flows_of(items: Sequence[Item]) -> tuple[Flow, ...]:
    """The items put together; keys and metadata go with the sign-in before them.

    Pages are left out: what is on them is between the person and the authority.
    """
    groups: list[_Group] = []
    parts = [item for item in items if item.kind is not StepKind.PAGE]
    for item in sorted(parts, key=in_order):
        group = None if item.kind in _STARTS else _home(item, groups)
        if group is None:
            groups.append(_Group(item))
        else:
            group.items.append(item)
    return tuple(Flow(tuple(group.items)) for group in groups)


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
