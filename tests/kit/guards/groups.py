"""Groups of tests by what they need and how long they take, as marks.

`foreign` needs a large foreign program, or takes over 20 seconds. `slow` starts
processes, or its file takes over two seconds. What is neither is quick:
`scripts/test.py --quick` runs it alone, and the whole without the foreign ones.
What a mark of `needs` names is foreign by itself; all else stands here, measured.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

import pytest

from kit import needs

__all__ = ["FOREIGN", "NAMES", "SLOW", "group_of", "is_left_out", "mark"]

NAMES = ("quick", "slow", "foreign")

TESTS = Path(__file__).parents[2]

FOREIGN = {
    "against/test_clients_python.py": 40,
    "lessons/test_kit.py::test_every_command_of_a_page_runs": 22,
    "lessons/test_kit.py::test_the_stick_has_the_documents_and_no_place_of_this_machine": 17,
    "lessons/test_kit.py::test_the_stick_installs_without_an_index": 17,
    "lessons/test_kit.py::test_what_is_made_is_current": 8,
}
"""Seconds of work (user and system, with those of the processes that it starts)."""

SLOW: dict[str, float] = {
    "adapters/test_adapters.py": 3.8,
    "against/linted/test_lint_of_clients.py": 6.9,
    "against/linted/test_lint_recorded_clients.py": 8.5,
    "against/linted/test_recorded_clients.py": 6.6,
    "against/test_clients_msal.py": 6.9,
    "against/test_curl_by_hand.py": 0.8,
    "against/test_practice_run.py": 7.3,
    "audit/test_rules.py": 32.0,
    "audit/test_sarif.py": 2.1,
    "cache/test_faults.py": 10.6,
    "channels/https/test_back_answers.py": 4.7,
    "channels/listener/test_listener.py": 2.3,
    "channels/listener/test_system_browser.py": 1.1,
    "channels/paste/test_listen_or_paste.py": 1.3,
    "channels/terminal/test_terminal.py": 4.5,
    "cli/article/test_exchange.py": 2.5,
    "cli/article/test_mirror.py": 1.4,
    "cli/audit/test_handed_on.py": 3.1,
    "cli/command_line/test_arguments.py": 3.8,
    "cli/command_line/test_whole_process.py": 23.5,
    "cli/get_tokens/test_token.py": 10.0,
    "cli/lessons/test_demo.py": 2.9,
    "cli/lessons/test_learn.py": 7.5,
    "cli/practice/test_change.py": 1.3,
    "cli/practice/test_practice.py": 3.9,
    "cli/practice/test_record_programs.py": 0.7,
    "cli/practice/test_scenarios.py": 29.6,
    "cli/session/test_prompts.py": 2.2,
    "cli/session/test_record_option.py": 2.4,
    "cli/session/test_secrets.py": 5.2,
    "cli/sign_in/test_choose_receiver.py": 3.9,
    "cli/sign_in/test_only_sign_in.py": 5.6,
    "lessons/test_labs.py": 29.0,
    "lessons/test_learn_chapters.py": 2.8,
    "practice/request/test_bad_input.py": 2.7,
    "practice/request/test_redirects.py": 2.5,
    "practice/signing/test_key_file.py": 2.6,
    "practice/test_against_others.py": 2.1,
    "practice/token/test_app_grants.py": 2.6,
    "protocol/endpoints/test_authorize.py": 2.2,
    "protocol/endpoints/test_token.py": 3.2,
    "protocol/glossary/test_lookup.py": 5.3,
    "protocol/test_jwt.py": 3.0,
    "protocol/test_messages.py": 2.7,
    "recording/redaction/test_redact.py": 4.8,
    "scripts/test_article_scripts.py": 9.6,
    "scripts/test_live_check.py": 1.3,
    "scripts/test_scripts.py": 7.2,
    "test_guards.py": 4.5,
    "test_package.py": 6.3,
}
"""The same, of each file or of one test in it, on two busy cores."""


def mark(items: list[pytest.Item]) -> None:
    """Give each test the mark of its group."""
    for item in items:
        names = set(_names(item))
        if names & FOREIGN.keys() or any(map(needs.is_large, item.iter_markers("skipif"))):
            item.add_marker(pytest.mark.foreign)
        elif names & SLOW.keys():
            item.add_marker(pytest.mark.slow)


def _names(item: pytest.Item) -> Iterator[str]:
    file = _file(item.path)
    yield file
    yield f"{file}::{getattr(item, 'originalname', item.name)}"


def _file(path: Path) -> str:
    return path.relative_to(TESTS).as_posix() if path.is_relative_to(TESTS) else ""


def is_left_out(path: Path, words: list[str]) -> bool:
    """Say of a file whether a mark expression of these words wants nothing of it.

    Only an expression in which nothing but `and` joins is understood.
    """
    tables: dict[str, Collection[str]] = {"not-foreign": FOREIGN, "not-slow": SLOW}
    return set(words) <= {"and", *tables} and any(_file(path) in tables[w] for w in words[::2])


def group_of(report: pytest.TestReport) -> str:
    """The group of the test that is reported."""
    return next((name for name in ("foreign", "slow") if name in report.keywords), "quick")
