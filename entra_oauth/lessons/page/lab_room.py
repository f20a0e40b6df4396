"""The room of the site with the labs: the attack off, on and on the learner's own function."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from entra_oauth.lessons.labs.catalogue import NAMES, lab
from entra_oauth.lessons.labs.learner_process import mark
from entra_oauth.lessons.learn.progress import Mark
from entra_oauth.lessons.page.frame import answered, document, moved
from entra_oauth.lessons.page.views.task_view import hidden
from entra_oauth.markup import Html, html, joined
from entra_oauth.recording.report.parts import NOTHING, linked, text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from entra_oauth.lessons.labs.lab import Lab
    from entra_oauth.lessons.labs.learner_process import Marked
    from entra_oauth.lessons.labs.rerun import RerunShown
    from entra_oauth.lessons.learn.progress import Progress
    from entra_oauth.lessons.page.site import Asked
    from entra_oauth.protocol.messages import HttpResponse

__all__ = ["LabRoom"]

_LONGEST = 100_000
"""Characters of a learner's function."""
_SIDES = {"off": "Off: the naive function", "on": "On: a repaired one", "mine": "Mine"}


class LabRoom:
    """The labs. What was typed and what came of it is remembered for the run."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._lock = threading.Lock()
        self._typed: dict[int, str] = {}
        self._marked: dict[int, Marked] = {}

    def __call__(self, asked: Asked) -> HttpResponse | None:
        """The answer, or None for what is no lab."""
        number = asked.number("n")
        if asked.rest != "lab" or not 1 <= number <= len(NAMES):
            return None
        chosen = lab(number)
        here = f"{asked.address}lab?n={number}"
        if not asked.posts:
            return self._page(chosen, asked)
        source = asked.fields.get("source", "").replace("\r\n", "\n")[:_LONGEST]
        self._check(chosen, source)
        return moved(f"{here}#outcome")

    def _check(self, chosen: Lab, source: str) -> None:
        with self._lock:
            self._typed[chosen.number] = source
        marked = mark(chosen, source)
        with self._lock:
            self._marked[chosen.number] = marked
        step = Mark(done=True, right=1) if marked.is_solved else Mark(step=1)
        self._progress.save(chosen.number, step)

    def _page(self, chosen: Lab, asked: Asked) -> HttpResponse:
        with self._lock:
            typed = self._typed.get(chosen.number, chosen.exercise.broken)
            marked = self._marked.get(chosen.number)
        body = html(
            '<div class="lab">{}{}{}</div>',
            *(_story(chosen), _form(chosen, typed, asked)),
            _outcome(marked) if marked is not None else NOTHING,
        )
        title = f"Lab {chosen.number}: {chosen.title}"
        return answered(200, document(title, body, address=asked.address))


def _story(chosen: Lab) -> Html:
    return html(
        '<section class="card" aria-labelledby="story"><h2 id="story">The attack</h2>{}'
        '<p class="quiet">{} · {}: {}</p></section>',
        joined(html("<p>{}</p>", line) for line in chosen.story),
        *(linked(chosen.source), chosen.label.value, chosen.fidelity),
    )


def _form(chosen: Lab, typed: str, asked: Asked) -> Html:
    hints = joined(
        html("<details><summary>Hint {}</summary><p>{}</p></details>", number, hint)
        for number, hint in enumerate(chosen.hints, start=1)
    )
    return html(
        '<section class="card" aria-labelledby="repair"><h2 id="repair">Repair {}</h2>'
        "<p>It runs in a process of its own, without your files and without a network. That stops "
        "mistakes, not malice: type no stranger's function here.</p>"
        '<form method="post" action="{}lab?n={}" accept-charset="utf-8">{}'
        '<input type="hidden" name="n" value="{}">'
        '<p class="field"><label for="source">Your function</label>'
        '<textarea id="source" name="source" rows="18" spellcheck="false" autocomplete="off" '
        'autocapitalize="off">\n{}</textarea></p>'
        '<p class="buttons"><button class="main">Run the attack on it</button></p></form>{}'
        "</section>",
        *(chosen.exercise.function, asked.address, chosen.number, hidden(asked.token)),
        *(chosen.number, typed, hints),
    )


def _outcome(marked: Marked) -> Html:
    verdict = "Solved." if marked.is_solved else "Not yet."
    kind = "good" if marked.is_solved else "bad"
    complaints = NOTHING
    if marked.complaints:
        items = joined(html("<li>{}</li>", text(each)) for each in marked.complaints)
        complaints = html("<ul>{}</ul>", items)
    printed = NOTHING
    if marked.printed:
        lines = joined(map(text, marked.printed.splitlines()[:40]), "\n")
        printed = html('<h3>It printed</h3><pre tabindex="0">{}</pre>', lines)
    return html(
        '<section class="card" id="outcome" aria-labelledby="outcome-title">'
        '<h2 id="outcome-title">What came of it</h2><p class="verdict {}" role="status">{}</p>'
        "{}{}{}</section>",
        *(kind, verdict, complaints, printed, _sides(marked.reruns)),
    )


def _sides(runs: Mapping[str, RerunShown]) -> Html:
    if not runs:
        return NOTHING
    sides = joined(_side(_SIDES[name], run) for name, run in runs.items() if name in _SIDES)
    return html(
        '<h3>The same attack, byte for byte, secrets by kind and tag</h3><div class="sides">{}'
        "</div>",
        sides,
    )


def _side(title: str, run: RerunShown) -> Html:
    attack = "✓ stopped" if run.stopped else "✕ the attack works"
    honest = "" if run.works else " What honest people do no longer works."
    lines = joined(map(text, run.lines), "\n")
    block = '<pre tabindex="0" aria-label="{}: what passed">{}</pre>'
    return html(
        '<div class="side {}"><h3>{}</h3><p><strong>{}</strong>.{} {}</p>{}</div>',
        *("stopped" if run.stopped and run.works else "works", title, attack, honest, run.told),
        html(block, title, lines) if run.lines else NOTHING,
    )
