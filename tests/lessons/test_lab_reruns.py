"""The attack of each lab, run again on a function: off it works, on and with a right one not."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

import pytest

from entra_oauth.errors import DestinationRefused
from entra_oauth.lessons.labs import learner_process, stage
from entra_oauth.lessons.labs.catalogue import labs
from entra_oauth.lessons.labs.judge import rerun_all
from entra_oauth.lessons.labs.lab import Lab
from entra_oauth.lessons.labs.learner_process import Marked, mark
from entra_oauth.lessons.labs.rerun import Rerun, RerunShown, shown_of
from entra_oauth.lessons.labs.stage import Stage
from entra_oauth.lessons.masking import Masks
from entra_oauth.practice import PracticeTenant
from entra_oauth.protocol.messages import HttpResponse, parse_form
from kit.sweep import assert_swept
from lessons.test_lab_repairs import TABLES

EVERY = [pytest.param(each, id=each.name) for each in labs()]


def function_in(each: Lab, source: str) -> Callable[..., Any]:
    names: dict[str, Any] = {}
    exec(source, names)
    function: Callable[..., Any] = names[each.exercise.function]
    return function


@pytest.mark.parametrize("each", EVERY)
def test_the_attack_works_as_it_was_and_is_stopped_by_the_solution(each: Lab) -> None:
    runs = rerun_all(each.number, each.exercise.solution)
    assert runs["off"]["stopped"] is False
    assert runs["off"]["lines"]
    for name in ("on", "mine"):
        assert (runs[name]["stopped"], runs[name]["works"]) == (True, True), runs[name]["told"]
        assert runs[name]["lines"]
    assert runs["off"]["told"] != runs["on"]["told"] == runs["mine"]["told"]


@pytest.mark.parametrize("each", EVERY)
def test_each_right_repair_stops_the_attack_and_lets_honest_people_on(each: Lab) -> None:
    for name, source in TABLES[each.number]["right"].items():
        run = each.rerun(Stage(), function_in(each, source))
        assert (run.stopped, run.works) == (True, True), (name, run.told)


@pytest.mark.parametrize("each", EVERY)
def test_a_function_that_refuses_everything_solves_no_lab(each: Lab) -> None:
    source = f"def {each.exercise.function}(*given):\n    raise ValueError('no')\n"
    mine = rerun_all(each.number, source)["mine"]
    assert mine["works"] is False


@pytest.mark.parametrize("each", EVERY)
def test_what_is_shown_has_no_secret_and_is_not_too_long(
    each: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenants = []

    class Watched(PracticeTenant):
        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            tenants.append(self)

    monkeypatch.setattr(stage, "PracticeTenant", Watched)
    runs = rerun_all(each.number, each.exercise.broken)
    shown = "\n".join("\n".join(run["lines"]) for run in runs.values())
    assert_swept(shown, {value for tenant in tenants for value in _secrets_of(tenant)})
    assert "password=practice" not in shown
    for run in runs.values():
        assert len(run["lines"]) <= 60
        assert all(len(line) <= 401 and line.isprintable() for line in run["lines"])


def _secrets_of(tenant: PracticeTenant) -> set[str]:
    found = set()
    for request, response in tenant.log:
        members: list[tuple[str, object]] = [*parse_form(request.body.decode())]
        if response.body.startswith(b"{"):
            members += ast.literal_eval(response.body.decode().replace(":null", ":None")).items()
        found |= {
            value
            for name, value in members
            if name in ("code", "access_token", "id_token", "device_code")
            and isinstance(value, str)
            and len(value) > 20
        }
    return found


@pytest.mark.parametrize("each", EVERY)
def test_the_process_with_its_guard_lets_a_solution_pass(each: Lab) -> None:
    marked = mark(each, each.exercise.solution)
    assert marked.complaints == ()
    assert marked.is_solved
    assert list(marked.reruns) == ["off", "on", "mine"]


def test_nobody_answers_on_the_stage_but_who_was_put_there() -> None:
    world = Stage()
    origin = world.host_at("http://evil.example", lambda request: HttpResponse(status=204))
    assert world.get(f"{origin}/a").status == 204
    for url in ("http://example.com/", "https://login.microsoftonline.com/", "http://[", "x"):
        with pytest.raises((DestinationRefused, ValueError)):
            world.get(url)
    with pytest.raises(DestinationRefused):
        Stage().get(origin)


def test_a_function_that_breaks_off_is_told_of_and_is_no_success() -> None:
    run = rerun_all(1, "def accept(*given):\n    raise KeyError\n")["mine"]
    assert "your function raised KeyError" in run["told"]
    assert (run["stopped"], run["works"]) == (False, False)
    assert list(rerun_all(1, "x = 1\n")) == ["off", "on"]


def test_what_a_function_made_is_shown_without_control_characters() -> None:
    answer = HttpResponse(status=200, headers=(("Location", "/a\r\nX: y?code=c\x1b[2J"),))
    run = Rerun(stopped=True, works=True, told="x", passed=(answer, "a\nb", *["x"] * 99))
    lines = shown_of(run, Masks()).lines
    assert all(line.isprintable() for line in lines)
    assert len(lines) == 60


ANSWERS = [
    "",
    "[]",
    "null",
    "{}",
    '{"complaints": []}',
    '{"complaints": [], "reruns": 3}',
    '{"complaints": [], "reruns": ["mine"]}',
    '{"complaints": [], "reruns": {"mine": {}}}',
    '{"complaints": [], "reruns": {"mine": {"stopped": 1, "works": 1, "told": "", "lines": 7}}}',
    "[" * 5000,
]


@pytest.mark.parametrize("answer", ANSWERS, ids=range(len(ANSWERS)))
def test_an_answer_that_is_none_solves_nothing(answer: str) -> None:
    marked = learner_process._marked_by(answer, "")
    assert not marked.is_solved
    assert "call exit" in marked.complaints[0]


def test_a_run_that_only_claims_to_be_safe_is_not() -> None:
    given = {"stopped": 1, "works": "yes", "told": "\x1b[2J", "lines": ["\x1b"] * 99}
    shown = RerunShown.read(given)
    assert (shown.stopped, shown.works, len(shown.lines)) == (False, False, 60)
    assert shown.told.isprintable()


def test_solved_is_what_passes_all_trials_and_stops_the_attack_for_all() -> None:
    def marked(*complaints: str, stopped: bool = True, works: bool = True) -> bool:
        mine = RerunShown(stopped=stopped, works=works, told="", lines=())
        return Marked(complaints, reruns={"mine": mine}).is_solved

    assert marked()
    assert not marked("A state with a letter too many was taken.")
    assert not marked(stopped=False)
    assert not marked(works=False)
    assert not Marked(()).is_solved
