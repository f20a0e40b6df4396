"""The pages for people: README, CONTRIBUTING, docs/; the commands and links in them."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from entra_oauth.cli.command_line.arguments import read_arguments
from entra_oauth.cli.command_line.help import help_for

__all__ = ["PAGES", "ROOT", "accept", "calls", "commands", "page", "rows", "section"]

ROOT = Path(__file__).parents[3]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]


def page(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def section(text: str, title: str) -> str:
    """The part of a page below a heading, up to the next heading of any level."""
    found = re.search(rf"^#+ {re.escape(title)}\n(.*?)(?=^#+ |\Z)", text, re.DOTALL | re.MULTILINE)
    assert found, f"no heading {title!r}"
    return found[1]


def rows(text: str) -> list[list[str]]:
    """The cells of the first table in a text, without its head."""
    found = re.search(r"(?:^\|.*\n)+", text, re.MULTILINE)
    lines = found[0].splitlines()[2:] if found else []
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def commands(text: str) -> list[str]:
    """The lines of the `console` blocks, continued lines joined."""
    blocks = re.findall(r"```console\n(.*?)```", text, flags=re.DOTALL)
    lines = (line for block in blocks for line in block.replace("\\\n", " ").splitlines())
    return [line.strip() for line in lines if line.strip()]


def calls(text: str) -> list[list[str]]:
    """The arguments of each `entra-oauth` in a page, pipes and redirections taken apart."""
    found = []
    for command in commands(text):
        for part in re.split(r"[|<>&]|&&", command):
            words = shlex.split(part, comments=True)
            if words[:1] == ["entra-oauth"]:
                found.append(words[1:])
    return found


def accept(call: list[str]) -> None:
    """Read a call as the program would, without running it. Raises `UsageError`."""
    if help_for(call) is None:
        read_arguments(call, {})
