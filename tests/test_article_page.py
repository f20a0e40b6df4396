"""docs/article.md: each command in it is one that the program takes, and no step is missing."""

from __future__ import annotations

import re
import shlex

import pytest

from entra_oauth.protocol.glossary.lookup import explain
from kit.project import pages

PAGE = pages.page("docs/article.md")
SPANS = [" ".join(span.split()) for span in re.findall(r"`([^`]+)`", PAGE)]
CALLS = sorted({span for span in SPANS if span.startswith("entra-oauth ")})
SCRIPTS = sorted({name for span in SPANS for name in re.findall(r"scripts/[\w-]+\.py", span)})


@pytest.mark.parametrize("call", CALLS)
def test_every_command_of_the_page_is_one_that_the_program_takes(call: str) -> None:
    pages.accept(shlex.split(call)[1:])


@pytest.mark.parametrize("script", SCRIPTS)
def test_every_script_of_the_page_is_there(script: str) -> None:
    assert (pages.ROOT / script).is_file()


@pytest.mark.parametrize("code", sorted(set(re.findall(r"AADSTS\d+", PAGE))))
def test_every_number_of_the_page_can_be_looked_up(code: str) -> None:
    assert explain(code)


def test_the_page_has_every_step_of_the_article() -> None:
    sections = {part.partition("\n")[0]: part for part in PAGE.split("\n## ")}
    steps = {
        "Configure an app in Azure portal": [
            "1",
            "2",
            "3, 4",
            *"56789",
            "10, 10.1 to 10.4",
            "10.5",
        ],
        "Get tokens by using a web browser and curl": [*"12345"],
        "Get tokens by using the MSAL Python library": [*"123456"],
        "Username-password flow (programmatic)": [*"12345"],
        "Refresh an access token": [*"123"],
    }
    for title, wanted in steps.items():
        found = re.findall(r"^\| ([\d., to]+) \|", sections[title], re.MULTILINE)
        assert found == wanted, title
    assert len(CALLS) > 15
    assert len(SCRIPTS) == 4
