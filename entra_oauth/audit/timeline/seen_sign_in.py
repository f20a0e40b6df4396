"""One sign-in with a code, as recording and browser have seen it: what a log can be joined by."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from entra_oauth.audit.case import Case, ClientKind
from entra_oauth.audit.classify import Item, StepKind
from entra_oauth.audit.redacted_values import hidden, jwt
from entra_oauth.audit.sign_ins import Flow
from entra_oauth.audit.timeline.sign_in_rows import SignInRow, request_id_of

__all__ = ["Redemption", "SeenSignIn", "sign_ins_of"]

_CODE = "authorization_code"
_SKEW_S = 300.0
_BEFORE_S = 900.0
_AFTER_S = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Redemption:
    """One time that the recorded program handed the code in."""

    step: int
    at: float
    ok: bool
    errors: frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenSignIn:
    """The sign-in. Ids are in lower case; a set is empty where nothing was seen or it is hidden."""

    started_at: float
    ended_at: float
    code_at: float
    """The time from which on the code was there, as well as it is known."""
    code_arrived: bool
    """The program received it, or handed one in."""
    is_public: bool | None
    """None where nothing tells."""
    redemptions: tuple[Redemption, ...]
    request_ids: frozenset[str] = field(repr=False)
    """Entra's ids of the requests that were seen, and of the tokens that came."""
    utis: frozenset[str] = field(repr=False)
    correlation_ids: frozenset[str] = field(repr=False)
    sessions: frozenset[str] = field(repr=False)
    clients: frozenset[str] = field(repr=False)
    people: frozenset[str] = field(repr=False)
    """Object ids and names to sign in with."""

    @property
    def redeemed(self) -> Redemption | None:
        """The one that gave tokens."""
        return next((each for each in self.redemptions if each.ok), None)

    def is_ours(self, row: SignInRow) -> bool:
        """True if the row is of a request that was seen."""
        by_uti = row.uti and (row.uti in self.utis or request_id_of(row.uti) in self.request_ids)
        return bool(by_uti) or (row.id != "" and row.id in self.request_ids)

    def is_near(self, row: SignInRow) -> bool:
        """True if it was made while the sign-in went on, clocks allowed for."""
        return self.started_at - _SKEW_S <= row.at <= self.ended_at + _SKEW_S

    def concerns(self, row: SignInRow) -> bool:
        """True if the row may have to do with it: same app, same person, about that time."""
        if self.is_ours(row):
            return True
        if not self.started_at - _BEFORE_S <= row.at <= self.ended_at + _AFTER_S:
            return False
        if self.clients and row.app_id and row.app_id not in self.clients:
            return False
        named = {name for name in (row.user_id, row.user.lower()) if name}
        return not (self.people and named) or not self.people.isdisjoint(named)


def sign_ins_of(case: Case, browser: Case | None) -> tuple[SeenSignIn, ...]:
    """Each sign-in of the recording in which a code was asked for, came, or was handed in."""
    beside = browser.items if browser is not None else ()
    return tuple(_seen(case, flow, beside) for flow in case.flows if _has_code(flow))


def _has_code(flow: Flow) -> bool:
    return bool(flow.authorize or flow.redirect or flow.tokens(_CODE))


def _seen(case: Case, flow: Flow, beside: Iterable[Item]) -> SeenSignIn:
    tokens = flow.tokens(_CODE)
    times = [item.step.started_at for item in flow.items]
    redirect = flow.redirect
    code_at = redirect.step.started_at if redirect is not None else min(times)
    if redirect is None and tokens:
        code_at = tokens[0].step.started_at
    near = [i for i in beside if min(times) - 300 <= i.step.started_at <= max(times) + 300]
    every = [*flow.items, *near]
    clients = _shown(item.get("client_id") for item in every)
    return SeenSignIn(
        started_at=min(times),
        ended_at=max(item.step.ended_at for item in flow.items),
        code_at=code_at,
        code_arrived=bool(tokens) or (redirect is not None and redirect.get("code") is not None),
        is_public=_is_public(case, flow),
        redemptions=tuple(_redemption(item) for item in tokens),
        request_ids=_shown(each for item in every for each in _request_ids(item)),
        utis=frozenset(each for item in every for each in _utis(item)),
        correlation_ids=_shown(each for item in every for each in _correlations(item)),
        sessions=_shown(item.get("session_state") for item in every),
        clients=clients,
        people=_shown(each for item in every for each in _people(item)),
    )


def _shown(values: Iterable[str | None]) -> frozenset[str]:
    return frozenset(value.lower() for value in values if value and not hidden(value))


def _redemption(item: Item) -> Redemption:
    codes = item.members.get("error_codes")
    numbers = [n for n in codes if isinstance(n, int)] if isinstance(codes, list) else []
    ok = item.answer.status == 200 and "access_token" in item.members
    return Redemption(step=item.number, at=item.step.started_at, ok=ok, errors=frozenset(numbers))


def _is_public(case: Case, flow: Flow) -> bool | None:
    kinds = {case.client(item) for item in flow.items}
    proves = any(
        item.get("client_secret") or item.get("client_assertion") for item in flow.tokens()
    )
    if proves or ClientKind.WEB in kinds:
        return False
    return True if kinds & {ClientKind.NATIVE, ClientKind.SINGLE_PAGE} else None


def _request_ids(item: Item) -> Iterator[str | None]:
    yield item.answer.header("x-ms-request-id")
    yield item.text("trace_id")
    yield from (request_id_of(uti) for uti in _utis(item))


def _utis(item: Item) -> Iterator[str]:
    for name in ("access_token", "id_token"):
        token = jwt(item.text(name) or "")
        uti = token.text("uti") if token is not None else None
        if uti:
            yield uti


def _correlations(item: Item) -> Iterator[str | None]:
    yield item.get("client-request-id")
    yield item.request.header("client-request-id")
    yield item.text("correlation_id")


def _people(item: Item) -> Iterator[str | None]:
    for token in item.jwts.values():
        yield from (token.text(name) for name in ("oid", "preferred_username", "upn"))
    if item.kind in (StepKind.AUTHORIZE, StepKind.TOKEN):
        yield item.get("login_hint")
        yield item.get("username")
