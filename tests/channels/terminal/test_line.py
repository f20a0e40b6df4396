"""Keys become a line: editing, pasting, and where it ends."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entra_oauth.channels.terminal.line import Line

BEGIN, END = "\x1b[200~", "\x1b[201~"


def _line(*keys: str, limit: int = 100_000) -> Line:
    line = Line(limit)
    for some in keys:
        line.feed(some)
    return line


@pytest.mark.parametrize(
    ("keys", "text", "ended", "finished"),
    [
        ("abc", "abc", False, False),
        ("abc\r", "abc", True, False),
        ("abc\n", "abc", True, False),
        ("\r", "", True, False),
        ("abc\rdef", "abc\ndef", False, False),
        ("abc\r\n  def\r", "abc\n\n  def", True, False),
        ("abx\x7fc", "abc", False, False),
        ("abx\x08c", "abc", False, False),
        ("\x7f\x7fabc", "abc", False, False),
        ("wrong\x15abc", "abc", False, False),
        ("abc\x04", "abc", False, True),
        ("ab\x1b[Ac\x1bOP\x1b[1;5Cd\x1b[15~", "abcd", False, False),
        ("ab\x1b\x1b[Ac", "abc", False, False),
        ("ab\x1bc", "abc", False, False),
        ("a\tb", "a\tb", False, False),
        ("a\x00b", "a\x00b", False, False),
        (f"{BEGIN}abc{END}", "abc", False, False),
        (f"{BEGIN}abc{END}\r", "abc", False, True),
        (f"{BEGIN}abc\r{END}", "abc", False, False),
        (f"{BEGIN}ab\rc{END}\rls\r", "ab\rc", False, True),
        (f"{BEGIN}ab\x04\x15\x03\x7fc{END}\r", "ab\x04\x15\x03\x7fc", False, True),
        (f"{BEGIN}a\x1b[Ab{END}\r", "a\x1b[Ab", False, True),
        (f"{BEGIN}wrong{END}\x15abc\r", "abc", True, False),
        (f"{BEGIN}ab{END}{BEGIN}c{END}\r", "abc", False, True),
        (f"a\r{BEGIN}b{END}\r", "a\nb", False, True),
    ],
)
def test_keys_become_a_line(keys: str, text: str, ended: bool, finished: bool) -> None:
    line = _line(keys)
    expected = (text, ended, finished)
    assert (line.text, line.ended, line.finished) == expected


def test_a_paste_that_is_marked_does_not_end_at_its_own_line_break() -> None:
    line = _line(f"{BEGIN}abc\r\n", "def")
    assert not line.ended
    assert not line.finished


def test_ctrl_c_interrupts() -> None:
    with pytest.raises(KeyboardInterrupt):
        _line("abc\x03")


def test_ctrl_d_on_an_empty_line_is_the_end_of_the_input() -> None:
    with pytest.raises(EOFError):
        _line("abc\x15\x04")


def test_a_line_has_an_end_whatever_is_poured_in() -> None:
    line = _line(*["x" * 1000] * 50, "\r", limit=2000)
    assert len(line.text) == 2000
    assert line.ended


def test_an_escape_that_never_ends_is_not_kept_for_ever() -> None:
    line = _line("\x1b[" + "1;" * 100, "abc")
    assert line.text.endswith("abc")


@given(
    pieces=st.lists(
        st.sampled_from(
            [BEGIN, END, "\x1b[A", "\x1b", "\r", "\n", "\x7f", "\x15", "abc", "é", "[", "O", "2"]
        ),
        max_size=20,
    ),
    cuts=st.lists(st.integers(0, 100), max_size=10),
)
def test_it_does_not_matter_in_which_pieces_keys_arrive(pieces: list[str], cuts: list[int]) -> None:
    keys = "".join(pieces)
    places = sorted({0, len(keys), *(cut for cut in cuts if cut < len(keys))})
    at_once = _line(keys)
    in_pieces = _line(*(keys[a:b] for a, b in pairwise(places)))
    assert in_pieces.text == at_once.text
    assert (in_pieces.ended, in_pieces.finished) == (at_once.ended, at_once.finished)


@given(st.text(st.characters(codec="utf-8", exclude_characters="\x1b"), max_size=200))
def test_what_is_pasted_between_the_marks_comes_back_as_it_is(text: str) -> None:
    line = _line(f"{BEGIN}{text}{END}\r")
    assert line.finished
    assert line.text == text.rstrip("\r\n")
