"""What an authority repeats of our secrets is hidden, however it spells them."""

from __future__ import annotations

from base64 import b64encode, urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entra_oauth.errors import AuthorityError, UnexpectedAnswer
from entra_oauth.flows.authorization_code import redeem
from entra_oauth.protocol.echoes import hide, spellings
from entra_oauth.protocol.endpoints.authorization_response import AuthorizationResponse
from entra_oauth.protocol.endpoints.token import TokenRequest, TokenResponse
from entra_oauth.protocol.messages import HttpRequest, HttpResponse
from kit import canaries, sweep
from kit.canaries import CODE, STATE, VERIFIER
from kit.grants import NOW, PASSWORD, USER, World, json_reply, person

SPELLINGS = [name for name, _ in sweep.spellings("a secret of some length")]


def spelt(secret: str, name: str) -> str:
    return dict(sweep.spellings(secret))[name].decode("latin-1" if name != "raw" else "utf-8")


def hardened() -> TokenRequest:
    request = canaries.hardened_request()
    callback = HttpRequest(
        method="POST",
        url="http://localhost/",
        headers=(("Content-Type", "application/x-www-form-urlencoded"),),
        body=f"code={CODE}&state={STATE}".encode(),
    )
    return TokenRequest.redeem(AuthorizationResponse.read(callback, answering=request))


REQUESTS = {
    "code": (hardened(), CODE),
    "verifier": (hardened(), VERIFIER),
    "password": (TokenRequest.password(person(), USER, PASSWORD), PASSWORD),
}


def test_there_are_nine_spellings() -> None:
    assert len(SPELLINGS) == 9


@pytest.mark.parametrize("name", SPELLINGS)
@pytest.mark.parametrize(("request_", "secret"), REQUESTS.values(), ids=REQUESTS)
def test_no_echo_gets_into_an_error(request_: TokenRequest, secret: str, name: str) -> None:
    echo = spelt(secret, name)
    names = ("error", "error_description", "suberror", "trace_id")
    members = dict.fromkeys(names, f"It is {echo}.")
    for reply, kind in (
        (json_reply(members, status=400), AuthorityError),
        (json_reply({"error": {"code": echo, "message": echo}}, status=400), AuthorityError),
        (json_reply({"message": "x" * 250 + echo}, status=502), UnexpectedAnswer),
        (HttpResponse(status=500, headers=(("Content-Type", echo),)), UnexpectedAnswer),
        (HttpResponse(status=500, body=f"<title>{echo}</title>".encode()), UnexpectedAnswer),
    ):
        with canaries.refused(kind) as caught:
            TokenResponse.read(reply, answering=request_, received_at=NOW)
        texts = [value for value in vars(caught.value).values() if isinstance(value, str)]
        for text in (*texts, str(caught.value)):
            assert echo not in text
            assert sweep.swept(text.encode(), [secret]) == []


def test_the_longest_secret_is_hidden_first() -> None:
    assert hide("abcdefgh-ijklmnop", ["abcdefgh", "abcdefgh-ijklmnop"]) == "<hidden>"
    assert hide("short", ["short"]) == "short"


LONG = "6A1f-44c0_9dE2b7Kq/31x+"
DISGUISED = {
    "backwards": LONG[::-1],
    "in capitals": LONG.upper(),
    "with blanks": " ".join(LONG),
    "with dots, backwards": ".".join(LONG[::-1]),
    "in lines": "\r\n".join(LONG[at : at + 5] for at in range(0, len(LONG), 5)),
    "hex with colons": ":".join(f"{each:02x}" for each in LONG.encode()),
    "base64 backwards": b64encode(LONG.encode()).decode()[::-1],
    "the first half": LONG[:15],
    "with zero width": "\u200b".join(LONG),
}


@pytest.mark.parametrize("echo", DISGUISED.values(), ids=DISGUISED)
def test_no_part_of_a_long_secret_is_left_in_a_disguise(echo: str) -> None:
    said = hide(f"No app has “{echo}”, and nobody knows why. 2ff814a6 is an app.", [LONG])
    before, hidden, after = said.partition("<hidden>")
    assert (before[:12], hidden) == ("No app has “", "<hidden>")
    assert after.endswith("”, and nobody knows why. 2ff814a6 is an app.")
    # Base64 has bits of its neighbours at either end, see `spellings`.
    left = before[12:] + after.partition("”")[0]
    assert len([each for each in left if each.isalnum()]) < 4, said


def test_two_echoes_of_a_secret_are_hidden_each() -> None:
    said = hide(f"{LONG.upper()} or {LONG[::-1]}, it is", [LONG])
    assert said == "<hidden>+ or +<hidden>, it is"
    assert hide("nothing of the kind", [LONG]) == "nothing of the kind"
    assert hide("", [LONG]) == ""


def test_a_short_secret_is_hidden_as_it_is_and_no_part_of_a_word() -> None:
    assert hide("The PRACTICE of a practice", ["practice"]) == "The PRACTICE of a <hidden>"
    assert hide("Seven77", ["Seven77"]) == "Seven77"
    assert hide("Eight888", ["Eight888"]) == "<hidden>"


@pytest.mark.parametrize(("secret", "hidden"), [("ab-" * 7 + "c", False), ("ab-" * 8, True)])
def test_parts_are_hidden_of_a_secret_with_sixteen_letters_and_digits(
    secret: str, hidden: bool
) -> None:
    assert hide(secret.upper(), [secret]) == ("<hidden>-" if hidden else secret.upper())


@pytest.mark.parametrize("at", [0, 1, 12])
def test_a_part_is_twelve_letters_and_digits_in_a_row(at: int) -> None:
    secret = "0123456789abcdefghijklmn"
    assert hide(f"[{secret[at : at + 12]}]", [secret]) == "[<hidden>]"
    part = secret[at : at + 11]
    assert hide(f"[{part}]", [secret]) == f"[{part}]"


def test_the_browser_s_page_shows_no_echo() -> None:
    response = AuthorizationResponse.read(
        HttpRequest(method="GET", url=f"http://localhost/?code={CODE}&state={STATE}"),
        answering=canaries.article_request(),
    )
    for name in SPELLINGS:
        said = {"error": "invalid_grant", "error_description": f"No: {spelt(CODE, name)}"}
        with pytest.raises(AuthorityError) as caught:
            redeem(response, World([json_reply(said, status=400)]).channels, timeout_s=1)
        assert sweep.swept(f"{caught.value.what}{caught.value.advice}".encode(), [CODE]) == []


@given(st.binary(min_size=4, max_size=40), st.binary(max_size=5), st.binary(max_size=5))
def test_a_secret_inside_of_what_was_encoded_has_one_of_its_spellings(
    secret: bytes, before: bytes, after: bytes
) -> None:
    inside = before + secret + after
    found = set(spellings(secret))
    for encoded in (b64encode(inside), urlsafe_b64encode(inside), inside.hex().encode()):
        assert any(each in encoded for each in found)


@pytest.mark.parametrize("length", range(8, 15))
def test_each_spelling_has_every_character_that_is_of_the_secret_alone(length: int) -> None:
    """Whatever stands before and after: what is the same beside zeros and beside ones."""
    secret = bytes(range(0x61, 0x61 + length))
    for before in range(3):
        beside_zeros = b64encode(b"\0" * before + secret + b"\0" * 3).decode()
        beside_ones = b64encode(b"\xff" * before + secret + b"\xff" * 3).decode()
        pairs = zip(beside_zeros, beside_ones, strict=True)
        alone = "".join(one for one, other in pairs if one == other).rstrip("=")
        assert alone.encode() in set(spellings(secret))


@pytest.mark.parametrize(
    ("before", "after"), [("Für Größe ", " übrig"), ("日本語 ", " ١٢٣"), ("", ""), ("\u200bé", "é")]
)
def test_letters_of_other_alphabets_stay_around_what_is_hidden(before: str, after: str) -> None:
    echo = LONG.rstrip("+").upper()
    assert hide(f"{before}{echo}{after}", [LONG]) == f"{before}<hidden>{after}"


@pytest.mark.parametrize(
    ("between", "said"),
    [
        ("", "<hidden>"),
        ("-", "<hidden>"),
        ("z", "<hidden>z<hidden>"),
        ("-z-", "<hidden>-z-<hidden>"),
    ],
)
def test_echoes_side_by_side_are_hidden_as_one(between: str, said: str) -> None:
    secret = "0123456789abcdefghij"
    assert hide(f"{secret[:12].upper()}{between}{secret[4:16].upper()}", [secret]) == said


@pytest.mark.parametrize("name", SPELLINGS)
def test_a_short_secret_is_hidden_in_each_spelling(name: str) -> None:
    secret = "päss/w+rd~1"
    echo = spelt(secret, name)
    assert hide(f"It is {echo}.", [secret]) in {f"It is <hidden>{end}." for end in ("", "=", "==")}
