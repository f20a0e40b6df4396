"""The messages of a recording put together into sign-ins.

Steps are put together by what they share: first the `state`, then the code (or the
device code, or the refresh token), and only where neither can be told, by time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from entra_oauth.audit.classify import Item, StepKind, in_order
from entra_oauth.audit.redacted_values import comparable

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
    def asked(self) -> Item | None:
        """The authorize request, where its parameters can be told."""
        item = self.authorize
        return item if item is not None and not item.elsewhere else None

    @property
    def unasked(self) -> str:
        """The reason why there is none such."""
        item = self.authorize
        missing = "the authorize request is not in this recording"
        return item.elsewhere if item is not None and item.elsewhere else missing

    @property
    def redirect(self) -> Item | None:
        """The answer that was taken."""
        return self.first(StepKind.REDIRECT)

    def tokens(self, *grants: str) -> tuple[Item, ...]:
        """The token requests with one of these grants; all of them if none is named."""
        every = self.all(StepKind.TOKEN)
        return tuple(i for i in every if not grants or i.get("grant_type") in grants)


_Comparable = tuple[str, str] | None
"""What `comparable` says of a value."""


def _sought(item: Item) -> Iterator[tuple[str, _Comparable]]:
    """The values of an item, by the names under which others offer theirs."""
    if item.kind in (StepKind.REDIRECT, StepKind.UNSOLICITED):
        yield from _told("state", item.get("state"))
    elif item.kind is StepKind.TOKEN:
        yield from _told("code", item.get("code"))
        yield from _told("device", item.get("device_code"))
        yield from _told("refresh", item.get("refresh_token"))
        yield from _told("device again", item.get("device_code"))
        yield from _told("code again", item.get("code"))
    elif item.kind is StepKind.RESOURCE:
        yield from _told("access", item.bearer or item.get("access_token"))


def _offered(item: Item) -> Iterator[tuple[str, _Comparable]]:
    """The values of an item that are equal to those sought where both belong together."""
    if item.kind is StepKind.AUTHORIZE:
        yield from _told("state", item.get("state"))
    elif item.kind is StepKind.REDIRECT:
        yield from _told("code", item.get("code"))
    elif item.kind is StepKind.DEVICE:
        yield from _told("device", item.text("device_code"))
    elif item.kind is StepKind.TOKEN:
        yield from _told("refresh", item.text("refresh_token"))
        yield from _told("device again", item.get("device_code"))
        yield from _told("code again", item.get("code"))
        yield from _told("access", item.text("access_token"))


def _told(name: str, value: str | None) -> Iterator[tuple[str, _Comparable]]:
    if value:
        yield name, comparable(value)


class _Group:
    def __init__(self) -> None:
        self.items: list[Item] = []
        self.kinds: set[StepKind] = set()
        self._offers: dict[str, list[_Comparable]] = {}

    def add(self, item: Item, offers: Iterable[tuple[str, _Comparable]]) -> None:
        self.items.append(item)
        self.kinds.add(item.kind)
        for name, value in offers:
            self._offers.setdefault(name, []).append(value)

    def has(self, kind: StepKind) -> bool:
        return kind in self.kinds

    def is_known_not_to_share(self, sought: Iterable[tuple[str, _Comparable]]) -> bool:
        """True if a value of this group could be compared with one of these.

        To be asked where no two of them are equal.
        """
        return any(
            mine is not None and theirs is not None and mine[0] == theirs[0]
            for name, mine in sought
            for theirs in self._offers.get(name, ())
        )


_STARTS = (StepKind.AUTHORIZE, StepKind.DEVICE)


def flows_of(items: Sequence[Item]) -> tuple[Flow, ...]:
    """The items put together; keys and metadata go with the sign-in before them.

    Pages are left out: what is on them is between the person and the authority.
    """
    groups: list[_Group] = []
    latest: dict[tuple[str, _Comparable], int] = {}
    parts = [item for item in items if item.kind is not StepKind.PAGE]
    for item in sorted(parts, key=in_order):
        at = None if item.kind in _STARTS else _home(item, groups, latest)
        if at is None:
            at = len(groups)
            groups.append(_Group())
        offers = tuple(_offered(item))
        groups[at].add(item, offers)
        for offer in offers:
            latest[offer] = max(at, latest.get(offer, at))
    return tuple(Flow(tuple(group.items)) for group in groups)


def _home(
    item: Item, groups: list[_Group], latest: Mapping[tuple[str, _Comparable], int]
) -> int | None:
    """The place of the group to which an item belongs; `latest` has that of each value offered."""
    sought = tuple(_sought(item))
    equal = [latest[each] for each in sought if each[1] is not None and each in latest]
    if equal:
        return max(equal)
    if item.kind is StepKind.RESOURCE:  # a token of unknown origin belongs to no sign-in
        return None
    fitting = (at for at in reversed(range(len(groups))) if _fits(item, groups[at]))
    if item.kind not in (StepKind.REDIRECT, StepKind.TOKEN):
        return _latest_of(fitting, groups, sought)
    places = list(fitting)
    open_ones = [at for at in places if not groups[at].is_known_not_to_share(sought)]
    if sum(not groups[at].has(item.kind) for at in open_ones) > 1:
        return None  # to which of them it belongs was taken out; a guess would blame the wrong one
    # What shares nothing with anything is still looked at beside the latest that fits: a
    # state that is wrong must be found to be wrong.
    return next(iter(open_ones or places), None)


def _latest_of(
    fitting: Iterator[int], groups: list[_Group], sought: tuple[tuple[str, _Comparable], ...]
) -> int | None:
    """The latest that may share something, else the latest."""
    late: int | None = None
    for at in fitting:
        if not groups[at].is_known_not_to_share(sought):
            return at
        late = at if late is None else late
    return late


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
