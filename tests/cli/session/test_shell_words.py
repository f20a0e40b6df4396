"""Commands in advice, as a POSIX shell and as PowerShell take them apart."""

from __future__ import annotations

import json
import shlex
from base64 import b64decode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entra_oauth.shell_words import article_curl, json_word, next_line, piped_in, quoted

QUOTES = "'‘’‚‛"
MEANINGFUL = " \t\n\"'`$&|;<>(){}[],#@"
"""What ends a bare word of PowerShell, begins something in it, or both."""


def powershell(line: str) -> list[str]:
    """The words of a line, by PowerShell's rules for bare and single-quoted ones."""
    words, at = [], 0
    while at < len(line):
        if line[at] == " ":
            at += 1
            continue
        if line[at] not in QUOTES:
            end = line.find(" ", at)
            word = line[at : None if end < 0 else end]
            assert word[0] not in "@-%#~"
            assert not set(word[1:]) & (set(MEANINGFUL + QUOTES) - {"@"})
            words.append(word)
            at += len(word)
            continue
        word, at = "", at + 1
        while line[at] not in QUOTES or line[at + 1 : at + 2] in tuple(QUOTES):
            at += line[at] in QUOTES  # two of them are one
            word += line[at]
            at += 1
        words.append(word)
        at += 1
    return words


WORDS = [
    ("12a34b56-789c-0d12-e3fa-b456789c0123", "12a34b56-789c-0d12-e3fa-b456789c0123"),
    ("alice@contoso-practice.example", "alice@contoso-practice.example"),
    ("https://login.microsoftonline.us", "https://login.microsoftonline.us"),
    ("C:\\certs\\a.pem", "C:\\certs\\a.pem"),
    ("C:\\My Files\\a.pem", "'C:\\My Files\\a.pem'"),
    ("it's", "'it''s'"),
    ("$env:PATH", "'$env:PATH'"),
    ("a,b", "'a,b'"),
    ("@list", "'@list'"),
    ("", "''"),
]


@pytest.mark.parametrize(("word", "shown"), WORDS)
def test_powershell_gets_quotes_only_where_it_needs_them(word: str, shown: str) -> None:
    assert quoted(word, windows=True) == shown
    assert powershell(f"entra-oauth {shown} end") == ["entra-oauth", word, "end"]


@given(st.text(st.sampled_from(MEANINGFUL + QUOTES + "aZ0_-./:\\=%~^!*?é"), max_size=12))
def test_every_word_comes_through_in_both_shells(word: str) -> None:
    assert shlex.split(quoted(word, windows=False)) == [word]
    if not set(word) & set(QUOTES[1:]):  # which of them comes out is not told in the page
        assert powershell(quoted(word, windows=True)) == [word]


def test_json_is_told_so_that_powershell_does_not_lose_its_quotation_marks() -> None:
    claims = '{"access_token":{"nbf":{"essential":true}}}'
    word = json_word(claims, windows=True)
    assert json.loads(b64decode(word)) == json.loads(claims)
    assert powershell(f"--claims {word}".replace("--", "")) == ["claims", word]
    assert shlex.split(json_word(claims, windows=False)) == [claims]


def test_a_file_is_piped_in_by_the_shells_own_way() -> None:
    assert piped_in("FILE", "entra-oauth refresh", windows=True).startswith("Get-Content FILE | ")
    assert piped_in("FILE", "entra-oauth refresh", windows=False) == "entra-oauth refresh < FILE"


def test_a_command_of_several_lines_is_one_on_windows() -> None:
    assert next_line(windows=True) == " "
    assert shlex.split(f"a{next_line(windows=False)}b".replace("\\\n", "")) == ["a", "b"]


def test_the_articles_command_for_curl_fits_each_system() -> None:
    fields = (("scope", "2ff814a6%2F.default"), ("code", "<authorization-code>"))
    url = "https://login.microsoftonline.com/t/oauth2/v2.0/token"
    there = article_curl(url, fields, windows=True)
    here = article_curl(url, fields, windows=False)
    assert there.startswith("curl.exe -X POST ")
    assert not set(there) & set("'\\\n")
    assert [word.replace("curl.exe", "curl") for word in shlex.split(there)] == shlex.split(
        here.replace("\\\n", "")
    )
