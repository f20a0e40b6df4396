"""Make what is made of the class kit: slides, worksheets, plans, and the output in the notes.

    python3 scripts/make_teaching.py            write it
    python3 scripts/make_teaching.py --check    say what is no longer current; exit code 9

Everything comes from the practice tenant with a fixed seed, so the same bytes come each time.
Lab 9 needs Chromium, lab 11 an address ::1.
"""

from __future__ import annotations

import io
import os
import re
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from unittest.mock import patch

from entra_oauth.cli import main as command
from entra_oauth.lessons.labs.catalogue import lab, labs
from entra_oauth.lessons.labs.sandbox import Sandbox
from entra_oauth.protocol.endpoints.authorize import Procedure
from entra_oauth.recording.redaction.secrets import refuse_leaks
from teaching_minutes import Estimate, asked_in, of_chapter, of_repair, of_showing, of_worksheet
from teaching_plans import Material, plan_rows, plan_table
from teaching_recording import recorded, to_decode
from teaching_sheet_pages import worksheet_page
from teaching_slides import Shown, slides
from teaching_worksheets import worksheet

__all__ = ["made", "main"]

FOLDER = Path(__file__).parents[1] / "docs" / "teach"
NOT_CURRENT = 9

_OUTPUT = re.compile(r"(<!-- output: entra-oauth (.*?) -->\n\n```text\n).*?(```\n)", re.DOTALL)
_SOLUTION = re.compile(r"(<!-- solution: (\d+) -->\n\n```python\n).*?(```\n)", re.DOTALL)
_LAB_MINUTES = re.compile(r"(<!-- minutes: lab (\d+) -->\n\n)[^\n]*\n")
_CHAPTER_MINUTES = re.compile(r"(<!-- minutes: chapter (\d+) -->\n\n)[^\n]*\n")
_PLAN = re.compile(r"(<!-- plan: (\d+) -->\n\n).*?(<!-- end of the plan -->\n)", re.DOTALL)


def made() -> dict[str, bytes]:
    """Every file that is made, by its name in the folder."""
    files: dict[str, str] = {}
    secrets: list[str] = []
    evidences, sheets = {}, {}
    for procedure in Procedure:
        evidence, values = recorded(procedure)
        evidences[procedure] = evidence
        secrets += values
        sheet = worksheet(procedure.value, evidence, to_decode(procedure))
        name = f"worksheet-{procedure.value}"
        files[f"{name}.html"] = worksheet_page(sheet, key=False)
        files[f"{name}-answers.html"] = worksheet_page(sheet, key=True)
        # On three lines, so that nobody's search for secrets takes it for one.
        files[sheet.token_file] = sheet.token.replace(".", ".\n") + "\n"
        sheets[procedure.value] = of_worksheet(sheet, files[f"{name}.html"])
    shown = [_shown(number) for number in _numbers()]
    deck = slides(evidences[Procedure.ARTICLE], evidences[Procedure.HARDENED], shown)
    files["slides.html"] = deck
    material = _material(shown, deck, sheets)
    for page in sorted(FOLDER.glob("*.md")):
        files[page.name] = _estimated(_filled(page.read_text(encoding="utf-8")), material)
    data = {name: text.encode() for name, text in files.items()}
    refuse_leaks(data, secrets)
    return data


def _material(shown: list[Shown], deck: str, sheets: dict[str, Estimate]) -> Material:
    asked = asked_in((FOLDER / "labs.md").read_text(encoding="utf-8"))
    return Material(
        printed=lambda command: "".join(_said(command)),
        slides=deck,
        questions=(FOLDER / "questions.md").read_text(encoding="utf-8"),
        worksheets=sheets,
        showing={lab.number: of_showing(lab, off, on, asked[lab.number]) for lab, off, on in shown},
        repair={lab.number: of_repair(lab) for lab, _, _ in shown},
    )


def _estimated(text: str, material: Material) -> str:
    """The page with its minutes, and with the table where it is a plan."""

    def of_lab(number: int) -> str:
        show, repair = material.showing[number].minutes, material.repair[number].minutes
        return f"Estimate: {show} minutes to show, {repair} to repair.\n"

    def of_plan(length: int) -> str:
        return plan_table(length, plan_rows(length, material))

    text = _LAB_MINUTES.sub(lambda m: m[1] + of_lab(int(m[2])), text)
    text = _CHAPTER_MINUTES.sub(
        lambda m: f"{m[1]}Estimate: {of_chapter(int(m[2])).minutes} minutes.\n", text
    )
    return _PLAN.sub(lambda m: m[1] + of_plan(int(m[2])) + m[3], text)


def _numbers() -> list[int]:
    return [each.number for each in labs()]


def _shown(number: int) -> Shown:
    each = lab(number)
    with Sandbox() as one, Sandbox() as two:
        return each, each.off(one), each.on(two)


def _filled(text: str) -> str:
    text = _OUTPUT.sub(lambda m: f"{m[1]}{_printed(m[2])}{m[3]}", text)
    return _SOLUTION.sub(lambda m: f"{m[1]}{lab(int(m[2])).exercise.solution}{m[3]}", text)


def _printed(arguments: str) -> str:
    """What a command prints, in 80 columns."""
    return _said(arguments)[0]


def _said(arguments: str) -> tuple[str, str]:
    """The same, and what it says to people."""
    out, err = io.StringIO(), io.StringIO()
    with patch.dict(os.environ, COLUMNS="80"), redirect_stdout(out), redirect_stderr(err):
        code = command(arguments.split())
    if code != 0:
        raise SystemExit(f"entra-oauth {arguments} ended with {code}.\n{err.getvalue()}")
    return out.getvalue(), err.getvalue()


def _kept(name: str) -> bytes | None:
    path = FOLDER / name
    return path.read_bytes() if path.is_file() else None


def main(arguments: list[str]) -> int:
    """Write the files, or compare them."""
    files = made()
    old = [name for name, data in files.items() if _kept(name) != data]
    if "--check" in arguments:
        for name in old:
            print(f"docs/teach/{name} is not current.", file=sys.stderr)
        if old:
            print("Next: python3 scripts/make_teaching.py", file=sys.stderr)
        return NOT_CURRENT if old else 0
    for name in old:
        (FOLDER / name).write_bytes(files[name])
        print(f"docs/teach/{name}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
