"""learn --page: the chapters and labs on pages of this machine, the terminal going on beside."""

from __future__ import annotations

import sys
import threading

from entra_oauth.cli.session.wrap import prose
from entra_oauth.lessons.learn import NUMBERS
from entra_oauth.lessons.learn.progress import Progress, standard_place
from entra_oauth.lessons.page.course import Course
from entra_oauth.lessons.page.lab_room import LabRoom
from entra_oauth.lessons.page.scene import StaleTurn
from entra_oauth.lessons.page.scene_room import SCENE, SceneRoom
from entra_oauth.lessons.page.shelf import Shelf
from entra_oauth.lessons.page.site import Site
from entra_oauth.light import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from entra_oauth.cli.session.console import Console

__all__ = ["teach", "tell_address", "wait_for_ever"]

_LONGEST_LINE = 64 * 1024


def teach(
    number: int | None,
    console: Console,
    progress: Progress,
    *,
    with_curl: bool,
    columns: int,
    render: Callable[[str], Iterator[str]],
) -> None:
    """Serve the pages until the person ends it here. `render` makes lines of a chapter's text."""
    labs = Progress(standard_place("labs.json"), say=console.ask)
    with Course(progress, with_curl=with_curl) as course:
        if number is not None:
            course.open(number)
        rooms = Shelf(course, labs), SceneRoom(course, has_shelf=True), LabRoom(labs)
        with Site(*rooms) as site:
            tell_address(console, site.url + (SCENE if number is not None else ""), columns)
            _Beside(course, console, columns, render).go_on()


def tell_address(console: Console, url: str, columns: int) -> None:
    """Show the address, and how it ends. It is opened by nobody else: a browser that was started
    from here would show it to all users of this machine, in its command line."""
    console.result(url)
    text = (
        "Open this address in a browser on this machine. Whoever has it may do there what you may; "
        "it is another one in each run. Ctrl-C ends it."
    )
    console.ask(prose(text, indent=0, columns=columns))


def wait_for_ever() -> None:
    """Until Ctrl-C."""
    threading.Event().wait()


class _Beside:
    """The terminal beside the pages: what is typed here leads the same chapter on."""

    def __init__(
        self, course: Course, console: Console, columns: int, render: Callable[[str], Iterator[str]]
    ) -> None:
        self._course = course
        self._console = console
        self._columns = columns
        self._render = render
        self._seen = 0
        """The turn that was shown here last."""

    def go_on(self) -> None:
        """Take lines until one says quit; where the input has ended, wait for Ctrl-C."""
        self._show()
        while True:
            line = sys.stdin.readline(_LONGEST_LINE)
            if not line:
                wait_for_ever()
            typed = line.rstrip("\n")
            if typed.strip().lower() in ("quit", "q", "exit"):
                self._say("Your place is kept: entra-oauth learn goes on from here.")
                return
            self._take(typed)

    def _take(self, typed: str) -> None:
        if self._course.number is None or not self._course.look().controls.prompt:
            word = typed.strip()
            if word.isascii() and word.isdigit() and len(word) < 3 and int(word) in NUMBERS:
                self._course.open(int(word))
            self._show()
            return
        try:
            self._course.say(typed, turn=self._seen)
        except StaleTurn:
            self._say("The page has gone on meanwhile; your line was not used. It is now here:")
        self._show()

    def _show(self) -> None:
        if self._course.number is None:
            self._say("Choose a chapter on the page, or type its number here and press Enter.")
            return
        look = self._course.look()
        self._seen = look.turn
        place = f"{look.title}. Step {look.step + 1} of {look.steps}"
        for text in (place, *look.said, look.text):
            self._console.result("")
            for line in self._render(text):
                self._console.result(line)
        self._console.result("")
        prompt = look.controls.prompt or "A chapter's number begins it"
        self._console.result(f"{prompt}> (here or on the page)")

    def _say(self, text: str) -> None:
        self._console.ask(prose(text, indent=0, columns=self._columns))
