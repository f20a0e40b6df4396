"""What every verb touches is what docs/touches.md tells: a new file or host fails here."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from entra_oauth.cli.command_line.arguments import VERB_NAMES
from kit import needs
from kit.project import pages
from kit.project.core import ROOT
from packet.commands import COMMANDS, SERVED, Command
from packet.measure import Failed, Touch, measured
from packet.touches_page import page, read_page

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only on Linux")

PUBLISHED = read_page(pages.page("docs/touches.md"), VERB_NAMES)
STATUS = next(command for command in COMMANDS if command.verb == "status")


def _new(found: frozenset[Touch]) -> list[Touch]:
    """What is not published. Of variables only where it is the Python that was measured with."""
    same = sys.version_info[:2] == (3, 11)
    return sorted(each for each in found - PUBLISHED if same or each.kind != "variable")


def test_every_verb_is_measured_and_published() -> None:
    assert {SERVED.verb, *(command.verb for command in COMMANDS)} == set(VERB_NAMES)
    assert {touch.verb for touch in PUBLISHED} == set(VERB_NAMES)


def test_no_verb_touches_what_is_not_published(tmp_path: Path) -> None:
    assert _new(measured(ROOT, tmp_path / "measured")) == []


def test_the_daily_verbs_touch_nothing_that_is_not_published(tmp_path: Path) -> None:
    daily = [command for command in COMMANDS if command.verb in ("login", "token")]
    found = measured(ROOT, tmp_path / "measured", daily)
    assert {touch.verb for touch in found} == {SERVED.verb, "login", "token"}
    assert _new(found) == []


def test_the_page_tells_of_no_host_but_the_named_ones() -> None:
    hosts = {touch.name for touch in PUBLISHED if touch.kind == "connects"}
    assert hosts == {"AUTHORITY", "LOOPBACK"}


_PLANT = """

_run = run


def run(*args):  # type: ignore
    import os, socket, subprocess

    with open(os.path.expanduser("~/planted"), "w") as file:
        file.write("x")
    try:
        socket.create_connection(("planted.example", 443))
    except ConnectionRefusedError:
        pass
    subprocess.run(["true"])
    os.environ.get("PLANTED")
    return _run(*args)
"""


def test_a_planted_file_host_program_and_variable_are_found(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(
        ROOT / "entra_oauth", copy / "entra_oauth", ignore=shutil.ignore_patterns("__pycache__")
    )
    status = copy / "entra_oauth" / "cli" / "get_tokens" / "status.py"
    status.write_text(status.read_text(encoding="utf-8") + _PLANT, encoding="utf-8")
    found = measured(copy, tmp_path / "measured", [STATUS]) - PUBLISHED
    assert {(touch.kind, touch.name) for touch in found if touch.verb == "status"} >= {
        ("writes", "HOME/planted"),
        ("connects", "planted.example:443"),
        ("starts", "true"),
        ("variable", "PLANTED"),
    }


def test_a_command_that_fails_is_no_measurement(tmp_path: Path) -> None:
    with pytest.raises(Failed, match=r"audit show nothing: \d"):
        measured(ROOT, tmp_path / "measured", [Command("audit show", "nothing")])


def test_the_page_can_be_read_again() -> None:
    assert read_page(page(PUBLISHED, VERB_NAMES), VERB_NAMES) == PUBLISHED
    assert page(PUBLISHED, VERB_NAMES) == pages.page("docs/touches.md")


@needs.posix
def test_the_words_of_the_page_are_explained() -> None:
    told = pages.page("docs/touches.md").partition("## ")[0]
    words = {touch.name.partition("/")[0] for touch in PUBLISHED if touch.kind != "variable"}
    for word in words:
        assert not word.isupper() or word in told, word
