"""Four times the sign-ins are four times the work, counted in calls: no clock is read."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest


def _growth() -> ModuleType:
    path = Path(__file__).parents[2] / "benchmarks" / "growth.py"
    spec = importlib.util.spec_from_file_location("growth", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


GROWTH = _growth()
FEW, MANY = 12, 48


@pytest.fixture(scope="module")
def many() -> object:
    return GROWTH.sign_ins(MANY)


def _calls(room: str, count: int, recording: object, scratch: Path) -> int:
    """The functions that are entered, of Python and of C."""
    scratch.mkdir()
    work = GROWTH.ROOMS[room](count, GROWTH.first(count, recording), scratch)
    calls = 0

    def count_one(frame: object, event: str, argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count_one)
    try:
        work()
    finally:
        sys.setprofile(before)
    return calls


@pytest.mark.parametrize("room", GROWTH.ROOMS)
def test_the_work_of_a_room_grows_with_its_input(room: str, many: object, tmp_path: Path) -> None:
    _calls(room, 1, many, tmp_path / "first")  # what is made once, such as tables
    few = _calls(room, FEW, many, tmp_path / "few")
    more = _calls(room, MANY, many, tmp_path / "many")
    # An exponent of 1.2 would be 5.3 times as many; for a square it is 16.
    assert more / few < (MANY / FEW) ** 1.2
