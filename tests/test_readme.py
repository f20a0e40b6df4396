"""The README says what the program does: its help is current, its commands exist."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from entra_oauth.cli.command_line.arguments import help_for, read_arguments

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def _commands(text: str) -> list[str]:
    blocks = re.findall(r"```console\n(.*?)```", text, flags=re.DOTALL)
    lines = (line for block in blocks for line in block.replace("\\\n", " ").splitlines())
    return [line.strip() for line in lines if line.strip()]


def _calls(text: str) -> list[list[str]]:
    """The arguments of each `entra-oauth` in a page, pipes and redirections taken apart."""
    found = []
    for command in _commands(text):
        for part in re.split(r"[|<>&]|&&", command):
            words = shlex.split(part, comments=True)
            if words[:1] == ["entra-oauth"]:
                found.append(words[1:])
    return found


@pytest.mark.parametrize("call", _calls(README), ids=" ".join)
def test_every_command_of_the_readme_is_one_that_the_program_takes(call: list[str]) -> None:
    if help_for(call) is None:
        read_arguments(call, {})


def test_the_readme_has_commands_to_check() -> None:
    assert len(_calls(README)) >= 10


def test_the_help_in_a_page_is_what_the_program_prints() -> None:
    found = [
        (page.name, *each)
        for page in PAGES
        for each in re.findall(
            r"<!-- help: (.*?) -->\n```\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL
        )
    ]
    assert found
    for name, command, shown in found:
        environment = {**os.environ, "COLUMNS": "80"}
        printed = subprocess.run(
            [sys.executable, "-m", *shlex.split(command.replace("entra-oauth", "entra_oauth"))],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        assert shown.strip() == printed.strip(), f"{name}: {command} prints something else now"


def test_the_readme_shows_the_help_of_the_whole_program() -> None:
    assert "<!-- help: entra-oauth --help -->" in README


def test_every_link_to_a_file_leads_to_one() -> None:
    found = [
        (page, target)
        for page in PAGES
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8"))
    ]
    assert found
    assert [f"{p.name}: {to}" for p, to in found if not (p.parent / to).exists()] == []
