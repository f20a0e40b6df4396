"""The pages of docs/ say what the program does: help, formats, links, figures."""

from __future__ import annotations

import ast
import json
import re

import pytest

import write_commands
from entra_oauth.cli.output.token_output import Shown, render
from entra_oauth.recording.importing.containers.archive import MAX_MEMBERS, MAX_RATIO, MAX_UNPACKED
from entra_oauth.recording.importing.entries import MAX_ENTRIES
from entra_oauth.recording.importing.memory_need import USUAL_MIB, most_bytes
from entra_oauth.recording.importing.readers import READERS
from kit.project import pages

COMMANDS = pages.page("docs/commands.md")
SHAPES = pages.rows(pages.section(COMMANDS, "The shapes of a token"))


def test_every_link_to_a_file_leads_to_one() -> None:
    found = [
        (page, target)
        for page in pages.PAGES
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8"))
    ]
    assert len(found) > 10
    assert [f"{p.name}: {to}" for p, to in found if not (p.parent / to).exists()] == []


CALLS = [call for page in pages.PAGES for call in pages.calls(page.read_text(encoding="utf-8"))]


@pytest.mark.parametrize("call", CALLS, ids=" ".join)
def test_every_command_of_a_page_is_one_that_the_program_takes(call: list[str]) -> None:
    pages.accept(call)


# ---- docs/commands.md --------------------------------------------------------------------


def test_the_help_in_the_pages_is_what_the_program_prints() -> None:
    assert write_commands.main(["--check"]) == 0, "run scripts/write_commands.py"


def test_the_help_of_the_whole_program_is_in_the_page() -> None:
    found = write_commands.BLOCK.search(COMMANDS)
    assert found
    assert found[2] == "--help"
    assert "entra-oauth VERB [options]" in found[0]


def test_a_help_that_is_not_current_would_be_seen() -> None:
    old = COMMANDS.replace("entra-oauth VERB [options]", "entra-oauth VERB")
    assert old != COMMANDS
    assert write_commands.current(old) == COMMANDS


@pytest.mark.parametrize("name", re.findall(r"`([\w-]+)`", " ".join(row[0] for row in SHAPES)))
def test_every_shape_of_the_page_is_one_that_the_program_takes(name: str) -> None:
    pages.accept(["token", "-o", name])


def test_the_members_of_the_json_are_those_of_the_page() -> None:
    shown = Shown(
        token="t", expires_on=1, now=0, scopes="s", granted="s", tenant_id=None, client_id="c",
        authority="a", username=None, source="cache",
    )  # fmt: skip
    written = json.loads(render("json", shown, {}) or "")
    table = COMMANDS.partition("The object of `-o json`")[2]
    named = [name for row in pages.rows(table) for name in re.findall(r"`(\w+)`", row[0])]
    assert named == list(written)
    assert f"`{written['schema']}`" in table


# ---- docs/importing.md -------------------------------------------------------------------


def test_the_page_on_importing_lists_the_files_that_are_read() -> None:
    table = pages.rows(pages.section(pages.page("docs/importing.md"), "What is read"))
    listed = [row[0].replace("`", "") for row in table]
    assert listed == ["HAR 1.1 to 1.3", *(reader.name for reader in READERS)]


def test_the_page_on_importing_tells_the_limits() -> None:
    refused = pages.section(pages.page("docs/importing.md"), "What is refused")
    sizes = (MAX_UNPACKED // 2**20, USUAL_MIB // 2**10, most_bytes(USUAL_MIB) // 2**20)
    assert (sizes, f"{MAX_MEMBERS:,}", MAX_RATIO) == ((256, 1, 102), "1,000", 200)
    for said in (
        "1,000 entries",
        "256 MiB",
        "200 times",
        "1 GiB",
        "100 MiB",
        f"{MAX_ENTRIES:,} entries",
    ):
        assert said in refused


# ---- docs/comparison.md ------------------------------------------------------------------

COMPARISON = pages.page("docs/comparison.md")
BESIDE_MSAL = pages.rows(COMPARISON)
FIGURES = pages.rows(pages.section(COMPARISON, "The figures"))


@pytest.fixture(scope="module")
def named_tests() -> set[str]:
    """The name of every test function there is."""
    files = (pages.ROOT / "tests").rglob("test_*.py")
    return {
        name
        for file in files
        for name in re.findall(r"^def (test_\w+)", file.read_text(encoding="utf-8"), re.MULTILINE)
    }


@pytest.mark.parametrize("row", BESIDE_MSAL, ids=lambda row: row[0])
def test_each_claim_beside_msal_is_shown_by_a_test_that_exists(
    row: list[str], named_tests: set[str]
) -> None:
    *_, ours, shown_by = row
    names = re.findall(r"`(\w+)`", shown_by)
    assert names or ours == "not here"
    assert set(names) <= named_tests


@pytest.fixture(scope="module")
def benchmark_texts() -> set[str]:
    """Every text that stands in the program that measures."""
    source = (pages.ROOT / "benchmarks/run.py").read_text(encoding="utf-8")
    constants = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant))
    return {node.value for node in constants if isinstance(node.value, str)}


def test_the_figures_have_the_columns_that_are_measured(benchmark_texts: set[str]) -> None:
    (head,) = re.findall(r"^\| what \|.*$", COMPARISON, re.MULTILINE)
    assert head in benchmark_texts


@pytest.mark.parametrize("row", FIGURES, ids=lambda row: row[0])
def test_each_figure_is_of_a_thing_that_is_measured_and_has_its_goal(
    row: list[str], benchmark_texts: set[str]
) -> None:
    what, *_, goal = row
    assert what.removesuffix(", round trip 40 ms") in benchmark_texts
    assert goal == "" or goal in benchmark_texts
