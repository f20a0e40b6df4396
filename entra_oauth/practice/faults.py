"""Faults: the tenant misbehaving on purpose, by rules that can be added while it runs.

A rule says *where*, *for which requests*, *how often*, and *what*. Several may meet
in one request; the one that was added first is the outermost.

    tenant.faults.add("token status=503 times=1")
    tenant.faults.add("csrf-state")                     a scenario, by name

How a rule is written down is in `fault_words`, the names are in `scenarios`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from threading import Lock
from typing import TYPE_CHECKING

from entra_oauth.channels.base import sleep
from entra_oauth.protocol.messages import HttpRequest, HttpResponse

if TYPE_CHECKING:
    from collections.abc import Callable

    from entra_oauth.practice.calls import Call
    from entra_oauth.practice.world import World
    from entra_oauth.protocol.messages import Fields

    Answer = Callable[[World, Call], HttpResponse]

__all__ = ["PLACES", "Faults", "Rule", "Scene", "place_of"]

PLACES = (
    "discovery",
    "instance",
    "userrealm",
    "keys",
    "authorize",
    "page",
    "redirect",
    "token",
    "devicecode",
    "userinfo",
    "workspace",
    "connect",
)
"""Where a rule may apply; `any` is all that the tenant itself answers. `redirect` is the answer
that goes back to the app, by whichever page it came about. `connect` is the proxy's answer to
a client that asks for the way to a host."""

_ENDINGS = (
    ("/.well-known/openid-configuration", "discovery"),
    ("/discovery/instance", "instance"),
    ("/discovery/keys", "keys"),
    ("/discovery/v2.0/keys", "keys"),
    ("/oauth2/authorize", "authorize"),
    ("/oauth2/v2.0/authorize", "authorize"),
    ("/oauth2/token", "token"),
    ("/oauth2/v2.0/token", "token"),
    ("/devicecode", "devicecode"),
    ("/userinfo", "userinfo"),
)
_WORKSPACE = ("/api/", "/aad/", "/oidc/oauth2/")


def place_of(path: str) -> str:
    """Which of the places a path belongs to."""
    if path.startswith(_WORKSPACE):
        return "workspace"
    if "/userrealm/" in path.lower():
        return "userrealm"
    return next((place for ending, place in _ENDINGS if path.endswith(ending)), "page")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One request that a rule applies to."""

    place: str
    world: World
    call: Call
    go_on: Answer
    """What would have answered without the rule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One fault. Without `instead` the tenant's own answer goes through the edits."""

    text: str
    """As it was written down."""
    where: tuple[str, ...]
    match: Fields = ()
    """Parameters that the request must have, with these values."""
    after: int = 0
    """So many matching requests pass before the first one it touches."""
    times: int | None = None
    """So many it touches; None: all."""
    probability: float = 1.0
    delay_s: float = 0.0
    before: tuple[Callable[[Scene], Scene], ...] = ()
    """What changes the world or the request for this one answer."""
    instead: Callable[[Scene], HttpResponse] | None = None
    edits: tuple[Callable[[Scene, HttpResponse], HttpResponse], ...] = ()
    outermost: bool = False
    """Whether it must see what the other rules made of the answer."""

    def play(self, scene: Scene) -> HttpResponse:
        """Answer as the rule says. Raises `HangUp` where it says that nobody answers."""
        if self.delay_s:
            sleep(self.delay_s)
        for change in self.before:
            scene = change(scene)
        answer = self.instead(scene) if self.instead else scene.go_on(scene.world, scene.call)
        for edit in self.edits:
            answer = edit(scene, answer)
        return answer

    def fits(self, place: str, sent: Fields) -> bool:
        """Whether it is about a request at that place which had these parameters."""
        if place not in self.where and ("any" not in self.where or place == "connect"):
            return False
        return all(wanted in sent for wanted in self.match)


class Faults:
    """The rules of one tenant. Safe between threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._rules: list[_Counted] = []

    def add(self, fault: str | Rule) -> tuple[Rule, ...]:
        """Put a rule, or the rules of a named scenario, into force.

        Raises `UsageError` for a name or a word that is unknown; nothing is added then.
        """
        from entra_oauth.practice.fault_words import read_fault

        rules = (fault,) if isinstance(fault, Rule) else read_fault(fault)
        with self._lock:
            self._rules += [_Counted(rule) for rule in rules]
        return rules

    def clear(self) -> None:
        """Behave again."""
        with self._lock:
            self._rules.clear()

    @property
    def rules(self) -> tuple[tuple[Rule, int], ...]:
        """Each rule in force, and how many requests it has touched."""
        with self._lock:
            return tuple((counted.rule, counted.touched) for counted in self._rules)

    def answer(self, world: World, call: Call, answer: Answer) -> HttpResponse:
        """Let `answer` answer, by the rules."""
        if not self._rules:
            return answer(world, call)
        from entra_oauth.practice.replies import read_reply

        place, sent = place_of("/" + "/".join(call.segments)), _sent(call)
        response = _play(self._take(place, world, sent), place, world, call, answer)
        if place not in ("authorize", "page") or read_reply(response) is None:
            return response
        return _play(
            self._take("redirect", world, sent), "redirect", world, call, lambda *_: response
        )

    def connect(self, world: World, host: str, now: float) -> int:
        """The status of a proxy's answer to one who wants to be connected with `host`."""
        rules = self._take("connect", world, (("host", host),)) if self._rules else ()
        if not rules:
            return 200
        from entra_oauth.practice.calls import read_call

        request = HttpRequest(method="CONNECT", url=f"https://{host}/")
        call = read_call(request, chance=world.chance, now=now)
        return _play(rules, "connect", world, call, _let_in).status

    def _take(self, place: str, world: World, sent: Fields) -> tuple[Rule, ...]:
        """The rules for this request, counted; the outermost one first."""
        with self._lock:
            taken = [
                counted.rule
                for counted in self._rules
                if counted.rule.fits(place, sent) and counted.take(world)
            ]
        return tuple(sorted(taken, key=lambda rule: not rule.outermost))


class _Counted:
    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.seen = 0
        self.touched = 0

    def take(self, world: World) -> bool:
        rule = self.rule
        self.seen += 1
        if self.seen <= rule.after or (rule.times is not None and self.touched >= rule.times):
            return False
        if rule.probability < 1 and world.chance.between(1, 10**6) > rule.probability * 10**6:
            return False
        self.touched += 1
        return True


def _play(
    rules: tuple[Rule, ...], place: str, world: World, call: Call, answer: Answer
) -> HttpResponse:
    scene = Scene(place=place, world=world, call=call, go_on=answer)
    for rule in reversed(rules):
        scene = replace(scene, go_on=_wrapped(rule, scene))
    return scene.go_on(world, call)


def _sent(call: Call) -> Fields:
    return (*call.query.fields, *call.form.fields)


def _let_in(world: World, call: Call) -> HttpResponse:
    return HttpResponse(status=200)


def _wrapped(rule: Rule, inner: Scene) -> Answer:
    return lambda world, call: rule.play(replace(inner, world=world, call=call))
