"""The progress of a learner: one private file, whole or not at all, shared by two without harm."""

from __future__ import annotations

import json
import os
import stat
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entra_oauth.cache.private_files import Damaged
from entra_oauth.lessons.learn import progress as module
from entra_oauth.lessons.learn.progress import Mark, Progress, standard_place
from kit import needs


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "state" / "learn.json"


def test_what_is_kept_is_there_the_next_time(place: Path) -> None:
    Progress(place).save(2, Mark(step=3))
    Progress(place).save(4, Mark(step=0, done=True, right=5))
    assert Progress(place).marks() == {2: Mark(step=3), 4: Mark(done=True, right=5)}


def test_what_was_solved_is_kept_with_the_step(place: Path) -> None:
    Progress(place).save(2, Mark(step=3, solved=(1, 2), at_once=(2,)))
    assert Progress(place).marks() == {2: Mark(step=3, solved=(1, 2), at_once=(2,))}
    Progress(place).save(2, Mark(done=True, right=5))
    assert Progress(place).marks() == {2: Mark(done=True, right=5)}


def test_a_file_from_before_there_was_anything_solved_is_read(place: Path) -> None:
    place.parent.mkdir(mode=0o700)
    place.write_text(json.dumps(GOOD), encoding="utf-8")
    assert Progress(place).marks() == {1: Mark(step=1)}


@needs.posix
def test_the_file_is_for_its_owner_only(place: Path) -> None:
    before = os.umask(0)
    try:
        Progress(place).save(1, Mark(step=1))
    finally:
        os.umask(before)
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert stat.S_IMODE(place.parent.stat().st_mode) == 0o700


def test_a_chapter_that_was_done_stays_done(place: Path) -> None:
    kept = Progress(place)
    kept.save(1, Mark(done=True, right=4))
    kept.save(1, Mark(step=2))
    assert kept.marks()[1] == Mark(step=2, done=True, right=4)


def test_two_at_once_do_not_disturb_each_other(place: Path) -> None:
    def learn(number: int) -> None:
        kept = Progress(place)
        for step in range(15):
            kept.save(number, Mark(step=step))

    threads = [threading.Thread(target=learn, args=(number,)) for number in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert Progress(place).marks() == {number: Mark(step=14) for number in range(1, 5)}


ONE = {"step": 1, "done": False, "right": 0}
GOOD = {"schema": "entra-oauth/learn/1", "chapters": {"1": ONE}}
DAMAGED = [
    b"",
    b"{",
    b"\xff\xfe",
    b"[]",
    b"null",
    b'{"schema": "something else"}',
    b"[" * 100_000,
    b"x" * 70_000,
    json.dumps({**GOOD, "chapters": []}).encode(),
    json.dumps({**GOOD, "chapters": {"one": {"step": 1, "done": False, "right": 0}}}).encode(),
    json.dumps({**GOOD, "chapters": {"1": {"step": -1, "done": False, "right": 0}}}).encode(),
    json.dumps({**GOOD, "chapters": {"1": {"step": 1, "done": 1, "right": 0}}}).encode(),
    json.dumps({**GOOD, "chapters": {"1": {"step": True, "done": False, "right": 0}}}).encode(),
    json.dumps({**GOOD, "chapters": {"1": 7}}).encode(),
    json.dumps({**GOOD, "chapters": {"1": {**ONE, "solved": 3}}}).encode(),
    json.dumps({**GOOD, "chapters": {"1": {**ONE, "solved": ["1"]}}}).encode(),
    json.dumps({**GOOD, "chapters": {"1": {**ONE, "solved": [-1]}}}).encode(),
    json.dumps({**GOOD, "chapters": {"1": {**ONE, "solved": {"1": True}}}}).encode(),
    json.dumps({**GOOD, "chapters": {"1": {**ONE, "at_once": "1"}}}).encode(),
    json.dumps({**GOOD, "chapters": {"1": {**ONE, "at_once": [True]}}}).encode(),
]


@pytest.mark.parametrize("data", DAMAGED, ids=range(len(DAMAGED)))
def test_a_damaged_file_is_set_aside_and_that_is_said(data: bytes, place: Path) -> None:
    place.parent.mkdir(mode=0o700)
    place.write_bytes(data)
    said: list[str] = []
    kept = Progress(place, say=said.append)
    assert kept.marks() == {}
    assert len(said) == 1
    assert "damaged" in said[0]
    (aside,) = place.parent.glob("learn.json.damaged-*")
    assert str(aside) in said[0]
    assert aside.read_bytes() == data
    kept.save(3, Mark(step=1))
    assert kept.marks() == {3: Mark(step=1)}
    assert len(said) == 1


@given(st.text())
def test_any_text_is_progress_or_damaged(text: str) -> None:
    try:
        module._marks(text)
    except Damaged:
        return


@needs.posix
def test_where_nothing_can_be_kept_that_is_said_once_and_the_lesson_goes_on(place: Path) -> None:
    place.parent.mkdir()
    elsewhere = place.parent / "elsewhere"
    elsewhere.write_text("not ours", encoding="utf-8")
    place.symlink_to(elsewhere)
    said: list[str] = []
    kept = Progress(place, say=said.append)
    assert kept.marks() == {}
    kept.save(1, Mark(step=1))
    kept.save(1, Mark(step=2))
    assert len(said) == 1
    assert "not kept" in said[0]
    assert "token" not in said[0]
    assert elsewhere.read_text(encoding="utf-8") == "not ours"


def test_a_folder_that_is_a_file_is_said_too(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("", encoding="utf-8")
    said: list[str] = []
    Progress(tmp_path / "state" / "learn.json", say=said.append).save(1, Mark(step=1))
    assert len(said) == 1
    assert "not kept" in said[0]


def test_the_standard_place_is_in_the_person_s_own_home() -> None:
    assert standard_place().name == "learn.json"
    assert "entra-oauth" in str(standard_place())
