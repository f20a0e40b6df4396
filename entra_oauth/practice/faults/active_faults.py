"""Faults: the tenant misbehaving on purpose, by rules that can be added while it runs.

A rule says *where*, *for which requests*, *how often*, and *what*. Several may meet
in one request; the one that was added first is the outermost.

    tenant.faults.add("token status=503 times=1")
    tenant.faults.add("csrf-state")                     a scenario, by name

The words of a rule are in `syntax`, the names in `scenarios`.
"""

from __future__ import annotations

from dataclasses import replace
from threading import Lock
from typing import TYPE_CHECKING

from entra_oauth.practice.faults.fault_rule import FaultRule, Scene, place_of
from entra_oauth.protocol.messages import HttpRequest, HttpResponse

if TYPE_CHECKING:
    from collections.abc import Callable

    from entra_oauth.practice.http.call import Call
    from entra_oauth.practice.pages.reply_to_app import Answer
    from entra_oauth.practice.state.context import Context
    from entra_oauth.protocol.messages import Fields

    Endpoint = Callable[[Context, Call], Answer]

__all__ = ["Faults"]


class Faults:
    """The rules of one tenant. Safe between threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._rules: list[_Counted] = []

    def add(self, fault: str | FaultRule) -> tuple[FaultRule, ...]:
        """Put a rule, or the rules of a named scenario, into force.

        Raises `UsageError` for a name or a word that is unknown, and for a fault that contradicts
        one in force; nothing is added then.
        """
        from entra_oauth.practice.faults.contradictions import check_together
        from entra_oauth.practice.faults.syntax import read_fault

        rules = (fault,) if isinstance(fault, FaultRule) else read_fault(fault)
        with self._lock:
            for rule in rules:
                check_together((counted.rule for counted in self._rules), rule)
            self._rules += [_Counted(rule) for rule in rules]
        return rules

    def clear(self) -> None:
        """Behave again."""
        with self._lock:
            self._rules.clear()

    @property
    def rules(self) -> tuple[tuple[FaultRule, int], ...]:
        """Each rule in force, and how many requests it has touched."""
        with self._lock:
            return tuple((counted.rule, counted.touched) for counted in self._rules)

    def answer(self, context: Context, call: Call, endpoint: Endpoint) -> Answer:
        """Let the endpoint answer, by the rules.

        The rules of the place `redirect` come last: only then is it known whether the answer
        goes back to the app.
        """
        if not self._rules:
            return endpoint(context, call)
        place, sent = place_of("/" + "/".join(call.segments)), _sent(call)
        answer = _play(self._take(place, context, sent), place, context, call, endpoint)
        if isinstance(answer, HttpResponse) or not answer.is_authorization_response:
            return answer
        taken = self._take("redirect", context, sent)
        return _play(taken, "redirect", context, call, lambda *_: answer)

    def connect(self, context: Context, host: str, now: float) -> int:
        """The status of a proxy's answer to one who wants to be connected with `host`."""
        rules = self._take("connect", context, (("host", host),)) if self._rules else ()
        if not rules:
            return 200
        from entra_oauth.practice.http.call import read_call

        request = HttpRequest(method="CONNECT", url=f"https://{host}/")
        call = read_call(request, chance=context.chance, now=now)
        answer = _play(rules, "connect", context, call, _let_in)
        return answer.status if isinstance(answer, HttpResponse) else 200

    def _take(self, place: str, context: Context, sent: Fields) -> tuple[FaultRule, ...]:
        """The rules for this request, counted; the outermost one first."""
        with self._lock:
            taken = [
                counted.rule
                for counted in self._rules
                if counted.rule.fits(place, sent) and counted.take(context)
            ]
        return tuple(sorted(taken, key=lambda rule: not rule.outermost))


class _Counted:
    def __init__(self, rule: FaultRule) -> None:
        self.rule = rule
        self.seen = 0
        self.touched = 0

    def take(self, context: Context) -> bool:
        rule = self.rule
        self.seen += 1
        if self.seen <= rule.after or (rule.times is not None and self.touched >= rule.times):
            return False
        if rule.probability < 1 and context.chance.between(1, 10**6) > rule.probability * 10**6:
            return False
        self.touched += 1
        return True


def _play(
    rules: tuple[FaultRule, ...], place: str, context: Context, call: Call, endpoint: Endpoint
) -> Answer:
    scene = Scene(place=place, context=context, call=call, go_on=endpoint)
    for rule in reversed(rules):
        scene = replace(scene, go_on=_wrapped(rule, scene))
    return scene.go_on(context, call)


def _sent(call: Call) -> Fields:
    return (*call.query.fields, *call.form.fields)


def _let_in(context: Context, call: Call) -> HttpResponse:
    return HttpResponse(status=200)


def _wrapped(rule: FaultRule, inner: Scene) -> Endpoint:
    scene = replace(inner, fault=rule.shown)
    return lambda context, call: rule.play(replace(scene, context=context, call=call))
