"""The worksheets: every blank can be filled from the sheet and its bank, and the key is right."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from entra_oauth.practice.signing.jws import believed
from entra_oauth.practice.signing.key_ring import key_for
from entra_oauth.protocol.endpoints.authorize import Procedure
from entra_oauth.protocol.glossary.message_kind import MessageKind
from entra_oauth.protocol.glossary.parameters import meaning_of, parameter
from kit.command_line import Stdin, call
from teaching_recording import SEED_TO_DECODE, recorded, to_decode
from teaching_sheet_pages import worksheet_page
from teaching_worksheets import NONE, Worksheet, worksheet

KIT = Path(__file__).parents[2] / "docs" / "teach"
ARTICLE, HARDENED = Procedure.ARTICLE, Procedure.HARDENED


@pytest.fixture(scope="module", params=[ARTICLE, HARDENED], ids=lambda each: each.value)
def sheet(request: pytest.FixtureRequest) -> Worksheet:
    return _sheet(request.param)


def _sheet(procedure: Procedure) -> Worksheet:
    return worksheet(procedure.value, recorded(procedure)[0], to_decode(procedure))


def _kind(sheet: Worksheet, number: int) -> MessageKind:
    return (
        MessageKind.AUTHORIZATION_REQUEST,
        MessageKind.AUTHORIZATION_RESPONSE,
        MessageKind.CODE_REDEMPTION,
        MessageKind.TOKEN_RESPONSE,
        MessageKind(sheet.token_name),
    )[number - 1]


def _between(page: str, start: str, end: str) -> str:
    return page.partition(start)[2].partition(end)[0]


def test_ten_to_twelve_places_are_blank_and_numbered_in_order(sheet: Worksheet) -> None:
    page = worksheet_page(sheet, key=False)
    assert 10 <= len(sheet.blanks) <= 12
    assert page.count('class="blank"') == len(sheet.blanks)
    numbers = re.findall(r'<span class="n">(\d+)</span>', page)
    assert numbers == [str(n) for n in range(1, len(sheet.blanks) + 1)]


def test_the_bank_has_each_answer_and_some_words_that_fit_nowhere(sheet: Worksheet) -> None:
    answers = {blank.answer for blank in sheet.blanks}
    assert len(answers) == len(sheet.blanks)
    assert answers < set(sheet.bank)
    assert 4 <= len(set(sheet.bank) - answers) <= 9
    assert len(set(sheet.bank)) == len(sheet.bank)
    page = worksheet_page(sheet, key=False)
    shown = re.findall(
        "<li>([^<]+)</li>", page.partition('id="bank-title"')[2].partition("</ul>")[0]
    )
    assert shown == list(sheet.bank)


def test_a_row_does_not_say_what_is_blank_in_it(sheet: Worksheet) -> None:
    rows = re.findall("<tr.*?</tr>", worksheet_page(sheet, key=False))
    for blank in (each for each in sheet.blanks if each.name):
        row = next(each for each in rows if f'"n">{blank.number}</span>' in each)
        # The meaning may say it, in other words: it is what one thinks about.
        beside = re.sub('data-label="what for".*?</td>', "", row)
        assert not re.search(rf"\b{re.escape(blank.answer)}\b", re.sub("<[^>]+>", " ", beside))


def test_every_row_has_the_meaning_and_the_section_of_its_own_message(sheet: Worksheet) -> None:
    assert [each.number for each in sheet.messages] == [1, 2, 3, 4, 5]
    for message in sheet.messages:
        kind = _kind(sheet, message.number)
        for row in message.rows:
            known = parameter(kind, row.name)
            assert known is not None
            assert row.source == known.citation
            assert row.meaning == meaning_of(kind, row.name, str(row.value))


def test_every_answer_is_that_of_the_glossary_or_of_the_recording(sheet: Worksheet) -> None:
    key = worksheet_page(sheet, key=True)
    for blank in sheet.blanks:
        kind = _kind(sheet, blank.message.number)
        known = parameter(kind, blank.name)
        right = {
            "channel": blank.message.channel,
            "name": blank.name,
            "value": str(blank.message.row(blank.name).value) if blank.name else "",
            "what for": meaning_of(kind, blank.name),
            "section": (known.citation if known else "") or NONE,
        }
        assert blank.answer == right[blank.cell]
        assert f'"n">{blank.number}</span><strong>{blank.answer}</strong>' in key


def test_the_channels_are_those_of_the_messages(sheet: Worksheet) -> None:
    assert [each.channel for each in sheet.messages] == ["front", "front", "back", "back", ""]


def test_state_has_no_section_in_the_token_request_and_scope_says_what_was_granted() -> None:
    answers = {(b.message.number, b.name, b.cell): b.answer for b in _sheet(ARTICLE).blanks}
    assert answers[3, "state", "section"] == "none"
    assert answers[4, "scope", "what for"] == "what was granted"
    assert answers[2, "code", "section"] == "RFC 6749 §4.1.2"
    answers = {(b.message.number, b.name, b.cell): b.answer for b in _sheet(HARDENED).blanks}
    assert answers[2, "state", "section"] == "RFC 6749 §4.1.2, §10.12"
    assert answers[3, "code_verifier", "section"] == "RFC 7636 §4.5"


def test_the_articles_sheet_speaks_of_no_parameter_that_is_not_in_it() -> None:
    sheet = _sheet(ARTICLE)
    rows = " ".join(f"{row.name} {row.meaning}" for each in sheet.messages for row in each.rows)
    assert "PKCE" not in rows
    assert "challenge" not in rows


def test_the_token_is_a_real_one_of_the_practice_tenant(sheet: Worksheet) -> None:
    claims = believed(sheet.token, key_for(SEED_TO_DECODE).key())
    assert claims is not None
    for blank in (each for each in sheet.blanks if each.message.number == 5):
        assert claims[blank.name] == blank.answer
    shown = _between(worksheet_page(sheet, key=False), 'aria-label="The token">', "</pre>")
    assert re.sub("<[^>]+>", "", shown) == sheet.token


def test_what_decode_prints_of_it_holds_the_answers(sheet: Worksheet) -> None:
    with Stdin() as stdin:
        stdin.feed((KIT / sheet.token_file).read_text("utf-8"))
        ran = call("decode")
    assert ran.code == 0, ran.both
    for blank in (each for each in sheet.blanks if each.message.number == 5):
        assert blank.answer in ran.out


def test_the_minutes_in_the_key_are_those_of_the_token(sheet: Worksheet) -> None:
    claims = believed(sheet.token, key_for(SEED_TO_DECODE).key())
    assert claims is not None
    seconds = int(str(claims["exp"])) - int(str(claims["nbf"]))
    answer = sheet.questions[0][1]
    assert answer.startswith(f"exp less nbf is {seconds} seconds: {seconds // 60} minutes")


def test_a_sheet_holds_no_answer_to_its_questions_and_a_key_holds_all(sheet: Worksheet) -> None:
    blank, key = (re.sub("<[^>]+>", "", worksheet_page(sheet, key=k)) for k in (False, True))
    for ask, answer in sheet.questions:
        words = answer[:40].replace("'", "&#x27;")
        assert ask.replace("'", "&#x27;") in blank
        assert words in key
        assert words not in blank
