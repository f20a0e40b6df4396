"""Writes docs/rules.md from the rules themselves; with --check, says whether it is current."""

from __future__ import annotations

import inspect
import re
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from entra_oauth.audit.rules.rule import Rule

PAGE = Path(__file__).resolve().parents[1] / "docs" / "rules.md"


def main(arguments: list[str]) -> int:
    """Write the page, or compare it. Returns 1 where it is not current."""
    text = markdown()
    if "--check" in arguments:
        current = PAGE.is_file() and PAGE.read_text(encoding="utf-8") == text
        print("docs/rules.md is current." if current else "docs/rules.md is not current.")
        return 0 if current else 1
    PAGE.write_text(text, encoding="utf-8", newline="\n")
    return 0


def markdown() -> str:
    """The whole page."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    from entra_oauth.audit.rules.all_rules import CHAPTERS, NOT_JUDGED, RULES

    yield "# The rules of the linter"
    yield ""
    yield "Made from the rules themselves by `scripts/write_rules.py`; change it there."
    yield ""
    yield (
        "`entra-oauth audit lint` judges a recording, a HAR file, an address or a request by these "
        f"{len(RULES)} rules. Each verdict is one of four: *pass*, *fail*, *not applicable*, or "
        "*undecidable*, with the reason. `entra-oauth explain AR04` prints one of them."
    )
    for letters, title in CHAPTERS.items():
        yield from ("", f"## {title}")
        for rule in RULES:
            if rule.id.startswith(letters):
                yield from _rule(rule)
    yield from ("", "## Your own policy", "")
    yield "`--policy FILE` takes a TOML file:"
    yield from ("", "```toml", *_policy_example(), "```", "")
    yield (
        "What is not known in it is refused by its name, and so is what contradicts itself. A "
        "waiver lets its rule pass up to and with its day; afterwards the finding is back."
    )
    yield from ("", "## How the sections were looked at", "")
    yield (
        "Of no standard the publisher's own page was at hand. Behind a rule stands which of its "
        "sections was not read; the others were read as it says here."
    )
    yield from ("", *_sections())
    yield from ("", "## Known, and not judged", "")
    for name, why in NOT_JUDGED.items():
        yield f"- **{name}** {why}"
    yield ""


def _policy_example() -> list[str]:
    """The example of the policy's module."""
    from entra_oauth.audit import policy

    text = inspect.getdoc(policy) or ""
    start, end = text.index("[allow]"), text.rindex("\n\nWhat is not known")
    return textwrap.dedent(f"    {text[start:end]}").splitlines()


def _rule(rule: Rule) -> Iterator[str]:
    manual = rule.manual
    yield from ("", f"### {rule.id} {manual.title.rstrip('.')}", "")
    yield f"*{rule.severity.value}* · {rule.source}{_unread(rule)}"
    yield from ("", manual.why, "", f"**What to do:** {manual.mend}")
    if manual.before:
        yield from ("", "```", f"before  {manual.before}", f"after   {manual.after}", "```")


def _unread(rule: Rule) -> str:
    """The sections of its source that nobody here has read."""
    from entra_oauth.audit.rules.citations import NOT_READ, citations, how_checked

    cited = citations(rule.source)
    unread = [(d, s) for d, s in cited if how_checked(d, s) == NOT_READ]
    if not unread:
        return ""
    return " (section not read)" if len(cited) == 1 else f" ({_named(unread)} not read)"


def _named(cited: Iterable[tuple[str, str]]) -> str:
    by_document: dict[str, list[str]] = {}
    for document, section in cited:
        mark = section if section.startswith("appendix") else f"§{section}"
        by_document.setdefault(document, []).append(mark if section else "")
    return "; ".join(f"{d} {', '.join(s)}".strip() for d, s in by_document.items())


def _sections() -> Iterator[str]:
    from entra_oauth.audit.rules.all_rules import RULES
    from entra_oauth.audit.rules.citations import citations, how_checked

    by_way: dict[str, dict[tuple[str, str], None]] = {}
    for rule in RULES:
        for cited in citations(rule.source):
            by_way.setdefault(how_checked(*cited), {})[cited] = None
    for way in sorted(by_way):
        yield f"- {_named(sorted(by_way[way], key=_order))}: {way}."


def _order(cited: tuple[str, str]) -> tuple[str, list[int]]:
    return cited[0], [int(number) for number in re.findall(r"\d+", cited[1])]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
