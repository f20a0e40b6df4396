"""lab: an attack that works, its defence, and a function for the learner to repair."""

from __future__ import annotations

from pathlib import Path

from entra_oauth.cli.lessons.lab_text import LabText
from entra_oauth.cli.output.new_file import write_new_file
from entra_oauth.cli.verbs.learn_verbs import LabCheckOptions, LabListOptions, LabOptions
from entra_oauth.errors import UsageError, plain
from entra_oauth.lessons.labs.catalogue import NAMES, lab, labs
from entra_oauth.lessons.learn.progress import Mark, Progress, standard_place
from entra_oauth.light import TYPE_CHECKING

if TYPE_CHECKING:
    from entra_oauth.cli.session.console import Session
    from entra_oauth.lessons.labs.lab import Lab

__all__ = ["run"]

NOT_SOLVED = 9


def run(options: LabOptions | LabListOptions | LabCheckOptions, session: Session) -> int:
    """Show the list, one lab, or what a learner's answer is worth."""
    teller = LabText(session.console)
    progress = Progress(standard_place("labs.json"), say=session.console.ask)
    if isinstance(options, LabListOptions):
        return _list(teller, progress)
    if isinstance(options, LabCheckOptions):
        return _check(options.answer, teller, progress)
    chosen = _named(options.lab)
    given = (options.me, options.mine, options.hint, options.off or options.on or None)
    if sum(each is not None for each in given) > 1:
        raise UsageError(
            "--me writes a file, --mine tries one, --hint helps; --off and --on show the lab.",
            advice="Give one of them.",
        )
    if options.hint is not None:
        return _hint(chosen, int(options.hint), teller)
    if options.mine is not None:
        return _mine(chosen, Path(options.mine), teller)
    if options.me is not None:
        return _write(chosen, Path(options.me), teller, progress)
    return _show(
        chosen, teller, off=options.off or not options.on, on=options.on or not options.off
    )


def _named(word: str | None) -> Lab:
    """A lab by its number or its name."""
    advice = f"Give a number from 1 to {len(NAMES)}. entra-oauth lab list shows them."
    if not word:
        raise UsageError("lab needs to know which one.", advice=advice)
    if word.isascii() and word.isdigit() and len(word) < 4:
        return lab(int(word))
    found = [each for each in labs() if each.name == word]
    if not found:
        raise UsageError("There is no such lab.", advice=advice)
    return found[0]


def _show(chosen: Lab, teller: LabText, *, off: bool, on: bool) -> int:
    from entra_oauth.lessons.labs.sandbox import Sandbox

    teller.begin(chosen)
    shown = True
    for wanted, title, half in (
        (off, "Defence off: what the attack does", chosen.off),
        (on, "Defence on: the same attack again", chosen.on),
    ):
        if wanted:
            with Sandbox() as sandbox:
                seen = half(sandbox)
            teller.half(title, seen)
            shown = shown and seen.shown
    if not on:
        teller.next(f"entra-oauth lab {chosen.number} --on")
    elif shown:
        teller.next(f"entra-oauth lab {chosen.number} --me lab{chosen.number:02}.py")
    return 0 if shown else NOT_SOLVED


def _list(teller: LabText, progress: Progress) -> int:
    """Every lab, and how far the person is."""
    marks = progress.marks()
    for each in labs():
        mark = marks.get(each.number, Mark())
        teller.item(each, "solved" if mark.done else "begun" if mark.step else "")
    teller.gap()
    teller.say("AS ENTRA: as Entra does it. STRICTER: stricter than Entra. TOY: simplified.")
    left = [each.number for each in labs() if not marks.get(each.number, Mark()).done]
    teller.next(f"entra-oauth lab {left[0] if left else 1}")
    return 0


def _hint(chosen: Lab, number: int, teller: LabText) -> int:
    """One of three hints."""
    teller.say(f"Hint {number} of {len(chosen.hints)}: {chosen.hints[number - 1]}")
    if number < len(chosen.hints):
        teller.next(f"entra-oauth lab {chosen.number} --hint {number + 1}")
    return 0


def _write(chosen: Lab, path: Path, teller: LabText, progress: Progress) -> int:
    from entra_oauth.lessons.labs.learner_file import text_for

    write_new_file(path, text_for(chosen, str(path)).encode())
    progress.save(chosen.number, Mark(step=1))
    teller.say(f"Written to {plain(str(path))}: the function {chosen.exercise.function}, broken.")
    teller.next(f"entra-oauth lab check {chosen.number} {plain(str(path))}")
    return 0


def _mine(chosen: Lab, path: Path, teller: LabText) -> int:
    """The attack on the person's function, beside the same on the naive and a repaired one."""
    from entra_oauth.lessons.labs.learner_file import read_answer
    from entra_oauth.lessons.labs.learner_process import mark

    marked = mark(chosen, read_answer(path))
    mine = marked.reruns.get("mine")
    if mine is None:
        for each in marked.complaints:
            teller.point(each)
        return NOT_SOLVED
    teller.outcomes(marked.reruns)
    teller.bytes_of(marked.reruns)
    return 0 if mine.stopped and mine.works else NOT_SOLVED


def _check(words: tuple[str, ...], teller: LabText, progress: Progress) -> int:
    from entra_oauth.lessons.labs.learner_file import read_answer
    from entra_oauth.lessons.labs.learner_process import mark

    chosen, path = _asked(words)
    marked = mark(chosen, read_answer(path))
    if marked.printed:
        teller.say("Your code printed:")
        for line in marked.printed.splitlines()[:20]:
            teller.say(plain(line, limit=76), indent=2)
    name = f"lab {chosen.number}, function {chosen.exercise.function}"
    if marked.is_solved:
        progress.save(chosen.number, Mark(done=True, right=1))
        teller.say(f"PASS  {name}")
    else:
        teller.say(f"NOT YET  {name}")
        for each in marked.complaints:
            teller.point(each)
    if marked.reruns:
        teller.outcomes(marked.reruns)
        teller.next(f"entra-oauth lab {chosen.number} --mine {plain(str(path))}")
    if not marked.is_solved:
        teller.say(f"Stuck? entra-oauth lab {chosen.number} --hint 1")
    return 0 if marked.is_solved else NOT_SOLVED


def _asked(words: tuple[str, ...]) -> tuple[Lab, Path]:
    """The lab and the file that `lab check` was given."""
    from entra_oauth.lessons.labs.learner_file import default_name

    if not 1 <= len(words) <= 2:
        raise UsageError(
            "lab check needs the lab's number, and perhaps a file.",
            advice="For example: entra-oauth lab check 3 lab03.py",
        )
    if words[0].endswith(".py"):
        file = plain(words[0], limit=100)
        raise UsageError(
            f"Which lab {file} belongs to is not said.",
            advice=f"Give its number before the file: entra-oauth lab check 1 {file}",
        )
    chosen = _named(words[0])
    return chosen, Path(words[1] if len(words) == 2 else default_name(chosen))
