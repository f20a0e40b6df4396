"""The room of the site with the list of chapters and labs, where a chapter is begun."""

from __future__ import annotations

from typing import TYPE_CHECKING

from entra_oauth.lessons.labs.lab import told as told_labs
from entra_oauth.lessons.learn import NUMBERS, chapter
from entra_oauth.lessons.learn.progress import Mark
from entra_oauth.lessons.page.frame import answered, document, moved
from entra_oauth.lessons.page.scene_room import SCENE
from entra_oauth.lessons.page.views.task_view import hidden
from entra_oauth.markup import Html, html, joined
from entra_oauth.recording.report.parts import NOTHING

if TYPE_CHECKING:
    from entra_oauth.lessons.learn.progress import Progress
    from entra_oauth.lessons.page.course import Course
    from entra_oauth.lessons.page.site import Asked
    from entra_oauth.protocol.messages import HttpResponse

__all__ = ["Shelf"]


class Shelf:
    """The list. `labs` is the progress in the labs."""

    def __init__(self, course: Course, labs: Progress) -> None:
        self._course = course
        self._labs = labs

    def __call__(self, asked: Asked) -> HttpResponse | None:
        """The answer, or None for what is not the list's."""
        if not asked.rest and not asked.posts:
            return self._list(asked)
        if asked.rest == "open" and asked.posts and asked.number("chapter") in NUMBERS:
            self._course.open(asked.number("chapter"))
            return moved(asked.address + SCENE)
        return None

    def _list(self, asked: Asked) -> HttpResponse:
        marks, solved = self._course.marks(), self._labs.marks()
        going = self._course.number
        chapters = joined(
            _chapter(number, marks.get(number, Mark()), asked, is_open=number == going)
            for number in NUMBERS
        )
        labs = joined(
            _lab(number, words["title"], words["label"], solved.get(number, Mark()), asked)
            for number, words in enumerate(told_labs().values(), start=1)
        )
        body = html(
            '<div class="shelf"><section class="card" aria-labelledby="chapters">'
            '<h2 id="chapters">Chapters: the flow by hand</h2><ol>{}</ol></section>'
            '<section class="card" aria-labelledby="labs">'
            '<h2 id="labs">Labs: attacks, and their repair</h2><p class="quiet">AS ENTRA: as Entra '
            "does it. STRICTER: stricter than Entra. TOY: simplified.</p>"
            "<ol>{}</ol></section></div>",
            *(chapters, labs),
        )
        return answered(200, document("Chapters and labs", body))


def _chapter(number: int, mark: Mark, asked: Asked, *, is_open: bool) -> Html:
    each = chapter(number)
    title = f"{number}. {each.title}"
    if is_open:
        onward = html('<a href="{}{}">{}</a>', asked.address, SCENE, title)
    else:
        onward = html(
            '<form method="post" action="{}open">{}<button name="chapter" value="{}">{}</button>'
            "</form>",
            *(asked.address, hidden(asked.token), number, title),
        )
    state = f"at step {mark.step + 1}" if mark.step else ""
    return html("<li>{}<p>{}</p></li>", onward, _state(f"{each.minutes} minutes", mark, state))


def _lab(number: int, title: str, label: str, mark: Mark, asked: Asked) -> Html:
    link = html('<a href="{}lab?n={}">{}. {}</a>', asked.address, number, number, title)
    state = "begun" if mark.step else ""
    return html("<li>{}<p>{}</p></li>", link, _state(label, mark, state))


def _state(about: str, mark: Mark, state: str) -> Html:
    done = html(' · <span class="done">✓ done</span>') if mark.done else NOTHING
    begun = html(" · {}", state) if state and not mark.done else NOTHING
    return html('<span class="quiet">{}{}</span>{}', about, begun, done)
