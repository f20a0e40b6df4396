"""The class kit: every command that is printed in it runs, and what is made of it is current."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

import make_teaching
from entra_oauth.cli.command_line.arguments import read_arguments
from entra_oauth.cli.command_line.help import help_for
from entra_oauth.lessons.labs.catalogue import labs
from entra_oauth.lessons.learn import chapter
from entra_oauth.protocol.endpoints.authorize import Procedure
from kit import needs
from kit.command_line import Ran, call
from teaching_recording import recorded

ROOT = Path(__file__).parents[2]
KIT = ROOT / "docs" / "teach"
PAGES = sorted(KIT.glob("*.md"))
TIMEOUT_S = 120


def _console(page: Path) -> list[list[str]]:
    """The commands in a page's `console` blocks, as words after `entra-oauth`."""
    text = page.read_text(encoding="utf-8")
    blocks = re.findall(r"```console\n(.*?)```", text, flags=re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines() if line]
    words = [shlex.split(line) for line in lines]
    assert all(each[0] == "entra-oauth" for each in words), page
    return [each[1:] for each in words]


def _expected(words: list[str]) -> int:
    """A function that nobody has repaired is not solved: 9."""
    return 9 if words[:2] == ["lab", "check"] else 0


def _can_run(words: list[str]) -> bool:
    """True where what a lab needs is on this machine; where it is not, its own test says so."""
    missing = {"9": needs.CHROMIUM is None, "11": needs.ipv6.args[0]}
    return words[0] != "lab" or "--me" in words or not missing.get(words[1])


@pytest.mark.parametrize(
    "page", [page for page in PAGES if _console(page)], ids=lambda page: page.name
)
def test_every_command_of_a_page_runs(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    commands = list(filter(_can_run, _console(page)))
    assert commands
    for words in commands:
        ran = _alone(words) if words[0] == "learn" else call(*words)
        assert ran.code == _expected(words), f"{words}: {ran.both}"
        assert ran.both
        assert "\x1b" not in ran.out


def _alone(words: list[str]) -> Ran:
    """A command that asks, with nobody there to answer."""
    ran = subprocess.run(
        [sys.executable, "-m", "entra_oauth", *words],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=TIMEOUT_S,
        check=False,
    )
    return Ran(ran.returncode, ran.stdout, ran.stderr)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_in_a_sentence_is_one_that_the_program_takes(page: Path) -> None:
    found = re.findall(r"`entra-oauth ([^`]+)`", page.read_text(encoding="utf-8"))
    for words in (shlex.split(each) for each in found):
        if help_for(words) is None:
            read_arguments(words, {})


def test_every_link_of_a_page_leads_to_a_file() -> None:
    found = [
        (page.name, target)
        for page in PAGES
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8"))
    ]
    assert len(found) > 10
    assert [each for each in found if not (KIT / each[1]).exists()] == []


def test_there_are_commands_to_run() -> None:
    assert sum(len(_console(page)) for page in PAGES) > 100
    found = [len(re.findall(r"`entra-oauth ([^`]+)`", page.read_text("utf-8"))) for page in PAGES]
    assert sum(found) > 10


def test_every_lab_has_its_notes() -> None:
    text = (KIT / "labs.md").read_text(encoding="utf-8")
    sections = re.split(r"^## ", text, flags=re.MULTILINE)[1:]
    assert [each.split("\n")[0] for each in sections] == [
        f"Lab {each.number}: {each.title}" for each in labs()
    ]
    for section, each in zip(sections, labs(), strict=True):
        about = " ".join(section.split("\n\n")[1].split())
        assert about == f"{each.source}. **{each.label.value}**: {each.fidelity}"
        for part in ("Goal", "What people believe", "What comes", "What goes wrong", "Ask"):
            assert f"**{part}" in section


def test_every_chapter_has_its_notes() -> None:
    text = (KIT / "chapters.md").read_text(encoding="utf-8")
    told = [f"## Chapter {each.number}: {each.title}" for each in map(chapter, range(1, 11))]
    assert re.findall(r"^## .*", text, flags=re.MULTILINE) == told
    unbroken = " ".join(text.split())
    assert all(" ".join(chapter(n).in_short.split()) in unbroken for n in range(1, 11))


def test_twenty_questions_have_twenty_answers() -> None:
    asked, answered = (KIT / "questions.md").read_text(encoding="utf-8").split("## The answers")
    for part in (asked, answered):
        found = re.findall(r"^(\d+)\. ", part, flags=re.MULTILINE)
        assert [int(each) for each in found] == list(range(1, 21))


@needs.chromium
@needs.ipv6
def test_what_is_made_is_current(capsys: pytest.CaptureFixture[str]) -> None:
    assert make_teaching.main(["--check"]) == 0, capsys.readouterr().err


def test_the_recordings_are_the_same_each_time() -> None:
    for procedure in Procedure:
        assert recorded(procedure) == recorded(procedure)


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))


@pytest.mark.parametrize("page", sorted(KIT.glob("*.html")), ids=lambda page: page.name)
def test_a_page_of_the_kit_loads_and_runs_nothing(page: Path) -> None:
    tags = _Tags()
    tags.feed(page.read_text(encoding="utf-8"))
    names = {tag for tag, _ in tags.seen}
    assert not names & {"script", "img", "link", "iframe", "object", "form"}
    for _, attributes in tags.seen:
        assert not any(name.startswith("on") or name in ("src", "style") for name in attributes)
        where = attributes.get("href") or "#"
        assert where.startswith(("#", "https://www.rfc-editor.org/")), where
    assert [tag for tag, _ in tags.seen].count("h1") == 1
