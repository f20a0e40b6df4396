"""The comparison as a page: one file that loads nothing, with every difference in a row."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256

import pytest

from entra_oauth.errors import plain
from entra_oauth.recording.compare.layers import Comparison, Side, compare
from entra_oauth.recording.raw import split_message
from entra_oauth.recording.report.diff_page import diff_page

EVIL = "</td><script>alert(1)</script>\x1b[31m\u202e"
HEAD = "POST /token HTTP/1.1\r\nHost: h\r\nUser-Agent: {}\r\n"
FORM = "Content-Type: application/x-www-form-urlencoded\r\n\r\n"
REMARK = "PRACTICE: recorded at entra-oauth's practice tenant, not at Microsoft Entra ID."


def _compared(one: str, other: str, *, authority: str = "", label: str = "rec#1") -> Comparison:
    sides = [
        Side(label=label, message=split_message(each.encode()), authority=authority)
        for each in (one, other)
    ]
    return compare(*sides, show=lambda where, name, value: value)


A = f"{HEAD.format('a/1')}{FORM}grant_type=x&scope=a&only=1&code=code~0123456789~~"
B = f"{HEAD.format('b/2')}X-More: {EVIL}\r\n{FORM}scope=a&grant_type=y&code=code~9876543210~~"
PAGES = [
    diff_page(_compared(A, B, authority=REMARK)),
    diff_page(_compared(A, A)),
    diff_page(_compared(EVIL, B, label=EVIL)),
    diff_page(_compared("", "")),
]


@pytest.mark.parametrize("page", PAGES)
def test_it_is_one_file_without_anything_that_runs_or_loads(page: str) -> None:
    assert re.search(r"<(?:script|img|link|iframe|object|form|base)\b", page) is None
    assert re.search(r"\s(?:src|style|on[a-z]+)=", page.partition("</style>")[2]) is None
    assert "\x1b" not in page
    assert "\u202e" not in page
    (style,) = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    digest = b64encode(sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in page
    assert page.count("<section") == page.count("</section>") == 5


def test_every_difference_has_a_row_that_says_what_it_is() -> None:
    found = _compared(A, B)
    page = diff_page(found)
    differences = [each for layer in found.layers for each in layer.differences]
    assert page.count('<tr role="row"><th scope="row"') == len(differences) >= 5
    for words in ("only in A", "only in B", "another value", "undecidable: taken out"):
        assert words in page
    assert f"<strong>{found.equality.value}</strong>" in page
    assert plain(EVIL).partition("<")[0] in page
    order = _compared(A, f"{HEAD.format('a/1')}{FORM}scope=a&grant_type=x&only=1&code=z")
    assert "another order" in diff_page(order)


def test_the_length_of_what_was_taken_out_is_its_own() -> None:
    long = "code~0123456789".ljust(900, "~")
    found = _compared(f"{HEAD}{FORM}code={long}", f"{HEAD}{FORM}code=x")
    assert "code #0123456789, 900 characters" in diff_page(found)
    (line,) = found.layers[4].lines
    assert len(line) < 130


def test_practice_is_written_over_it() -> None:
    assert PAGES[0].count("PRACTICE: recorded") == 1
    assert '<body class="practice">' in PAGES[0]
    assert "PRACTICE: recorded" not in PAGES[1]
