"""Small changes to a module: what is changed, what is left out, and that all is put back."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from mutate import Change, changes, is_noticed, nearest_tests

ROOT = Path(__file__).parents[2]


def changed(text: str) -> set[str]:
    return {each.of(text) for each in changes(text)}


@pytest.mark.parametrize(
    ("text", "others"),
    [
        ("a < b", {"a <= b"}),
        ("(a) == (b)", {"(a) != (b)"}),
        ("a <= b < c", {"a < b < c", "a <= b <= c"}),
        ("a is not b", {"a is b"}),
        ("a not in b", {"a in b"}),
        ("a and b or c", {"((a and b))", "((c))", "((b)) or c", "((a)) or c"}),
        ("not a", {"(a)"}),
        ("True", {"False"}),
        ("7", {"8"}),
        ("'ä' + a.lower()", {"'ä' + a"}),
        ("a.find(b)", {"pass"}),
        ("def f():\n    return a", {"def f():\n    return None"}),
        ("for a in b:\n    continue", {"for a in b:\n    pass"}),
        ("a += b", {"pass"}),
        ("raise a", {"pass"}),
    ],
)
def test_a_change_is_one_thing_turned_moved_or_dropped(text: str, others: set[str]) -> None:
    assert changed(text) == others


@pytest.mark.parametrize(
    "text",
    [
        '"""Words."""',
        "__all__ = [5]",
        "TYPE_CHECKING = False",
        "a: Literal[5]",
        "def f(a: Literal[5]) -> Literal[6]: ...",
        "@dataclass(frozen=True, slots=True)\nclass A:\n    b: int",
        "a = f'{b / 60}'",
        "def f():\n    return None",
        "a = 'b'",
    ],
)
def test_what_no_test_can_see_is_left_alone(text: str) -> None:
    assert changed(text) == set()


def test_each_change_of_a_real_module_can_be_read_and_says_its_line() -> None:
    text = (ROOT / "entra_oauth/audit/redacted_values.py").read_text("utf-8")
    found = changes(text)
    assert len(found) > 30
    for change in found:
        compile(change.of(text), "changed", "exec")
        assert change.line == text[: change.start].count("\n") + 1


@pytest.fixture
def module(tmp_path: Path) -> Path:
    path = tmp_path / "a.py"
    path.write_bytes("a = 'ä' < b\r\n".encode())
    return path


FIRST = Change("comparison turned", 1, 7, 10, " <= ")


def test_the_module_is_put_back_whatever_the_tests_do(module: Path) -> None:
    before, second = module.read_bytes(), module.stat().st_mtime

    def interrupted(tests: Sequence[str]) -> bool:
        assert module.read_bytes() == "a = 'ä' <= b\r\n".encode()
        assert int(module.stat().st_mtime) != int(second), "else Python runs what it compiled"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        is_noticed(FIRST, module, [["first"]], interrupted)
    assert (module.read_bytes(), module.stat().st_mtime) == (before, second)


def test_a_change_is_noticed_by_the_first_tests_that_fail(module: Path) -> None:
    ran: list[str] = []

    def passes(tests: Sequence[str]) -> bool:
        ran.extend(tests)
        assert b"<=" in module.read_bytes()
        return tests[0] != "second"

    assert is_noticed(FIRST, module, [["first"], ["second"], ["third"]], passes)
    assert ran == ["first", "second"]
    assert not is_noticed(FIRST, module, [["first"], ["third"]], passes)


def test_the_nearest_tests_have_the_modules_name_anywhere_in_its_room() -> None:
    module = ROOT / "entra_oauth/audit/rules/front_channel/binding.py"
    own = str(Path("tests/audit/rules/test_binding_rules.py"))
    room = str(Path("tests/audit"))
    quick = (room, "-m", "not slow and not foreign")
    assert nearest_tests(module) == ((own,), quick, (room, "-m", f"not ({quick[-1]})"))
