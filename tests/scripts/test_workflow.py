"""The workflow runs what people run, with no more rights than it needs."""

from __future__ import annotations

import re
import tomllib

import pytest

from kit.project import pages

WORKFLOW = pages.page(".github/workflows/ci.yml")
STEPS = re.findall(r"^ +- run: (.*)$", WORKFLOW, re.MULTILINE)


def test_it_runs_the_two_programs_that_people_run() -> None:
    assert {".ci/run", "python scripts/test.py"} <= set(STEPS)
    assert (pages.ROOT / ".ci/run").is_file()
    assert (pages.ROOT / "scripts/test.py").is_file()


def test_it_may_read_the_project_and_nothing_else() -> None:
    assert re.findall(r"^( *)permissions:\n((?:\1 +.*\n)+)", WORKFLOW, re.MULTILINE) == [
        ("", "  contents: read\n")
    ]
    assert "secrets." not in WORKFLOW
    assert "pull_request_target" not in WORKFLOW
    checkouts = WORKFLOW.count("actions/checkout@")
    assert WORKFLOW.count("persist-credentials: false") == checkouts > 0


def test_each_action_is_named_by_its_commit_and_systems_by_their_version() -> None:
    actions = re.findall(r"uses: (.*)$", WORKFLOW, re.MULTILINE)
    assert actions
    for action in actions:
        assert re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action)
    assert "-latest" not in WORKFLOW


def test_no_text_from_outside_gets_into_a_command() -> None:
    """An expression inside `run:` would be pasted into the shell's text."""
    assert [step for step in STEPS if "${{" in step] == []


@pytest.mark.parametrize("versions", re.findall(r"python: \[(.*)\]", WORKFLOW))
def test_every_python_that_the_package_claims_is_run(versions: str) -> None:
    classifiers = tomllib.loads(pages.page("pyproject.toml"))["project"]["classifiers"]
    claimed = re.findall(r"Python :: (3\.\d+)", " ".join(classifiers))
    assert set(claimed) <= set(re.findall(r"\d\.\d+", versions))
