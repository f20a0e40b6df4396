"""Parts that are redacted once, and again where a secret of another part stands in them."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from urllib.parse import quote

import pytest

from entra_oauth.protocol.messages import FORM
from entra_oauth.recording.redaction.finds import Find
from entra_oauth.recording.redaction.redact import Redacted, Redactor
from entra_oauth.recording.redaction.walked_parts import Part, Parts, _without
from entra_oauth.recording.step import Level
from kit.canaries import jwt

KEY = b"k" * 32
# Words, so that they go only where they are known.
SECRET = "correct-horse-battery"


def walked(second: Callable[[Parts], Part]) -> Part:
    """A part behind one that has the secret, after both walks."""
    parts = Parts(level=Level.SECRETS, key=KEY)
    for _ in range(2):
        parts.redact(Redactor.parameter, "code", SECRET)
        part = second(parts)
        if _ == 0:
            assert parts.again(())[SECRET] == "code"
    return part


HIDDEN: dict[str, Callable[[Parts], Part]] = {
    "words": lambda p: p.redact(Redactor.words, f"said {SECRET} aloud"),
    "the end of another word": lambda p: p.redact(Redactor.words, f"0.{SECRET} said"),
    "an address": lambda p: p.redact(Redactor.url, f"https://a.example/{SECRET}/b"),
    "a query": lambda p: p.redact(Redactor.url, f"/p?scope={SECRET.replace('-', '%2D')}"),
    "JSON with escapes": lambda p: p.body(
        json.dumps({"scope": SECRET}).replace("-", "\\u002d").encode(), "application/json"
    ),
    "JSON in a form": lambda p: p.body(
        f"scope={quote(json.dumps({'scope': SECRET}))}".encode(), FORM
    ),
    "a page": lambda p: p.body(
        f"<html><p>{SECRET.replace('-', '&#45;')}</p>".encode(), "text/html"
    ),
    "a token that stays readable": lambda p: p.redact(
        Redactor.parameter, "access_token", jwt({"alg": "RS256"}, {"scp": SECRET}, "s" * 90)
    ),
}


@pytest.mark.parametrize("name", HIDDEN)
def test_a_secret_of_one_part_is_found_in_another(name: str) -> None:
    alone = Parts(level=Level.SECRETS, key=KEY)
    first = HIDDEN[name](alone)
    again = walked(HIDDEN[name])
    assert again != first
    done = Redactor(level=Level.SECRETS, key=KEY, known={SECRET: "code"})

    class Whole(Parts):
        def redact(self, how: Callable[..., Redacted], *texts: str) -> Part:
            return Part(text=how(done, *texts).text, removed={})

        def body(self, data: bytes, kind: str, *, coded: bool = False) -> Part:
            return Part(text=done.body(data, kind).text, removed={})

    assert again.text == HIDDEN[name](Whole(level=Level.SECRETS, key=KEY)).text


def test_a_secret_that_went_with_its_neighbours_in_the_end_is_known_all_the_same() -> None:
    # Looked through again, it and the tag that was taken out behind it are one value.
    page = f"<html>state={SECRET}<html sig~0123456789~~~~~~~~~~@import ".encode()
    alone = Redactor(level=Level.SECRETS, key=KEY).body(page, "text/html")
    assert len(alone.finds) == 1
    assert alone.finds[0].value.startswith(f"{SECRET}<html")
    assert SECRET in [find.value for find in alone.earlier]
    parts = Parts(level=Level.SECRETS, key=KEY)
    for _ in range(2):
        parts.body(page, "text/html")
        said = parts.redact(Redactor.words, f"said {SECRET} aloud")
        if _ == 0:
            assert parts.again(())[SECRET] == "state"
    assert SECRET not in said.text


def test_a_part_that_holds_none_is_not_redacted_again() -> None:
    asked: list[str] = []

    def words(redactor: Redactor, text: str) -> Redacted:
        asked.append(text)
        return redactor.words(text)

    parts = Parts(level=Level.SECRETS, key=KEY)
    texts = ["nothing here", f"but {SECRET}", "nothing here", f"but {SECRET}", "x" * 300]
    for walk in range(2):
        if walk:
            parts.again(())
        parts.redact(Redactor.parameter, "code", SECRET)
        shown = [parts.redact(words, text).text for text in texts]
    assert asked == [texts[0], texts[1], texts[4], texts[1], texts[3]]
    assert SECRET not in "".join(shown)
    assert shown[1] == shown[3]


def test_what_was_looked_into_for_one_part_is_not_searched_for_the_next() -> None:
    parts, shown = Parts(level=Level.SECRETS, key=KEY), []
    for walk in range(2):
        if walk:
            parts.again(())
        inside = parts.redact(Redactor.url, f"/p?scope={SECRET.replace('-', '%2D')}")
        shown.append((inside, parts.redact(Redactor.url, "/p?scope=%61")))
        parts.redact(Redactor.parameter, "code", SECRET)
    assert shown[1][0] != shown[0][0]
    assert shown[1][1] is shown[0][1], "the same, and not made again"


def test_a_part_of_which_all_that_was_decoded_went_is_not_made_again() -> None:
    token = jwt({"alg": "RS256"}, {"aud": "x"}, "s" * 20).replace(".", "%2E")
    parts, shown = Parts(level=Level.SECRETS, key=KEY), []
    for walk in range(2):
        if walk:
            parts.again(())
        shown.append(parts.redact(Redactor.url, f"/p?scope={token}&code={SECRET}"))
    assert shown[1] is shown[0]


def test_a_name_that_only_its_place_tells_is_known_elsewhere() -> None:
    parts = Parts(level=Level.PII, key=KEY)
    for _ in range(2):
        parts.redact(Redactor.url, "https://login.example/ada-and-sons/oauth2/v2.0/token")
        said = parts.redact(Redactor.words, "signed in at ada-and-sons today")
        if _ == 0:
            assert parts.again(()) == {"ada-and-sons": "pii"}
    assert said.text == "signed in at ~pii~ today"


def test_a_name_of_one_short_word_is_known_by_the_name_of_its_parameter() -> None:
    parts = Parts(level=Level.PII, key=KEY)
    for _ in range(2):
        parts.redact(Redactor.parameter, "given_name", "Adaline")
        parts.redact(Redactor.parameter, "scope", "Bellamy")
        said = parts.redact(Redactor.words, "Adaline and Bellamy")
        if _ == 0:
            assert set(parts.again(())) == {"Adaline", "adaline"}
    assert said.text == "~pii~ and Bellamy"


def test_of_several_cookies_in_one_value_each_is_known() -> None:
    several = "first1, b=correct1-horse-battery; c=staple2-horse-battery"
    known = {}
    for how, texts in ((Redactor.cookie, (several,)), (Redactor.parameter, ("code", several))):
        parts = Parts(level=Level.SECRETS, key=KEY)
        parts.redact(how, *texts)
        known[len(texts)] = set(parts.again(()))
    assert known[2] == {several}
    assert known[1] == {several, "correct1-horse-battery", "staple2-horse-battery"}


def test_an_empty_piece_of_what_was_decoded_is_no_place() -> None:
    parts = Parts(level=Level.SECRETS, key=KEY)
    page = b"<html><p style='&quot;a&quot;&quot;b&quot;'>"
    assert parts.body(page, "text/html").text == page.decode()


def test_bytes_in_base64_are_searched_as_bytes() -> None:
    picture = b"\x89PNG\r\n\x1a\n\x00" + SECRET.encode()
    again = walked(lambda p: p.body(picture, "image/png", coded=True))
    assert not again.understood
    assert SECRET.encode() not in base64.b64decode(again.text)


@pytest.mark.parametrize(("value", "is_known"), [("elevenchars", False), ("twelve-chars", True)])
def test_a_value_is_looked_for_elsewhere_from_twelve_characters_on(
    value: str, is_known: bool
) -> None:
    parts = Parts(level=Level.SECRETS, key=KEY)
    parts.redact(Redactor.parameter, "code", value)
    assert parts.again(()) == ({value: "code"} if is_known else {})


def test_a_public_word_is_not_known_elsewhere() -> None:
    parts = Parts(level=Level.SECRETS, key=KEY)
    for value in ("login.microsoftonline.com", "authorization_code", "short", SECRET):
        parts.redact(Redactor.cookie, value)
    assert parts.again({"login.microsoftonline.com"}) == {SECRET: "ck"}


def test_a_part_tells_what_was_taken_out_and_no_secret() -> None:
    parts = Parts(level=Level.SECRETS, key=KEY)
    part = parts.redact(Redactor.header, "Cookie", "a=one; b=two")
    assert (part.removed, part.hides_length) == ({"ck": 2}, True)
    long = parts.redact(Redactor.header, "Cookie", f"a={SECRET}")
    assert (long.removed, long.hides_length) == ({"ck": 1}, False)
    assert "one" not in repr(part)
    assert parts.redact(Redactor.words, "fine") == Part(text="fine", removed={})


@pytest.mark.parametrize(
    ("places", "left"), [((), b"abcdef"), (((0, 2),), b"\ncdef"), (((1, 2), (4, 6)), b"a\ncd\n")]
)
def test_what_is_left_beside_the_finds_is_all_of_it(
    places: tuple[tuple[int, int], ...], left: bytes
) -> None:
    finds = [Find(start, end, "val", "x") for start, end in places]
    assert _without(b"abcdef", finds) == left
