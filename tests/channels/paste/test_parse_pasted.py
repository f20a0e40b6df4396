"""Everything that a person may paste, and what must come of it."""

from __future__ import annotations

import re
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entra_oauth.channels.paste.parse_pasted import parse_pasted
from entra_oauth.channels.terminal.line import LIMIT
from entra_oauth.errors import CallbackRefused, StateMismatch
from entra_oauth.protocol.messages import parse_form

REDIRECT = "http://localhost:51823"
CODE = "0.ASkAIj_secret-code" + "Zz9" * 40
STATE = "state-that-is-secret-0123456789"
QUERY = f"code={CODE}&state={STATE}&session_state=c44574d5-38ba-4f93-b2a3-a830db8e8cdf"
ADDRESS = f"{REDIRECT}/?{QUERY}"
JWT = "eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJzZWNyZXQifQ.c2lnbmF0dXJlLXNlY3JldA"
AUTHORIZE = (
    "https://login.microsoftonline.com/a1bc2d34-5e67-8f89-01ab-c2345d6c78de/oauth2/v2.0/authorize"
    f"?client_id=12a34b56&response_type=code&redirect_uri=http%3A%2F%2Flocalhost&state={STATE}"
)

_wrapped_40 = "\n".join(re.findall(".{1,40}", ADDRESS))

GOOD = {
    "the address": ADDRESS,
    "an empty fragment": ADDRESS + "#",
    "a fragment that a page set": ADDRESS + "#top",
    "the bare query": QUERY,
    "the query with its mark": "?" + QUERY,
    "the query with an empty fragment": QUERY + "#",
    "no scheme, as address bars show it": ADDRESS.removeprefix("http://"),
    "an upper-case scheme and host": ADDRESS.replace("http://localhost", "HTTP://LocalHost"),
    "no slash before the query": ADDRESS.replace("/?", "?"),
    "white space around it": f"  \t{ADDRESS} \r\n",
    "double quotes": f'"{ADDRESS}"',
    "single quotes": f"'{ADDRESS}'",
    "backticks": f"`{ADDRESS}`",
    "angle brackets": f"<{ADDRESS}>",
    "typographic quotes": f"“{ADDRESS}”",
    "low and high quotes": f"„{ADDRESS}“",
    "guillemets with spaces": f"«\u00a0{ADDRESS}\u202f»",
    "one quote only": f'"{ADDRESS}',
    "line breaks of a wrapped terminal": _wrapped_40,
    "line breaks and indentation": _wrapped_40.replace("\n", "\r\n    "),
    "tabs": _wrapped_40.replace("\n", "\n\t"),
    "invisible marks": "\ufeff\u200e" + ADDRESS.replace("&", "\u200b&\u00ad"),
    "an HTML copy": ADDRESS.replace("&", "&amp;"),
    "an HTML copy by number": ADDRESS.replace("&", "&#38;").replace("&#38;st", "&#x26;st"),
    "the escape of a Windows command line": ADDRESS.replace("&", "^&"),
    "an address that was encoded whole": quote(ADDRESS, safe=""),
    "the escapes of a POSIX shell": re.sub(r"([?&=])", r"\\\1", ADDRESS),
}


@pytest.mark.parametrize("text", GOOD.values(), ids=GOOD.keys())
def test_what_was_copied_becomes_what_a_listener_would_have_received(text: str) -> None:
    request = parse_pasted(text, redirect_uri=REDIRECT)
    assert (request.method, request.url, request.body) == ("GET", ADDRESS, b"")
    assert request.query == QUERY


@pytest.mark.parametrize(
    ("redirect_uri", "text", "url"),
    [
        ("http://localhost", "http://localhost/?code=a&state=b", None),
        ("http://localhost", "http://localhost:80/?code=a&state=b", "http://localhost/"),
        ("http://localhost:80", "http://localhost/?code=a&state=b", "http://localhost:80/"),
        ("http://localhost", "localhost/?code=a&state=b", "http://localhost/"),
        ("http://127.0.0.1:5000/cb", "http://127.0.0.1:5000/cb?code=a&state=b", None),
        ("http://[::1]:5000", "http://[::1]:5000/?code=a&state=b", None),
        ("http://[::1]:5000", "[::1]:5000/?code=a&state=b", "http://[::1]:5000/"),
        (
            "https://login.microsoftonline.com/common/oauth2/nativeclient",
            "https://login.microsoftonline.com/common/oauth2/nativeclient?code=a&state=b",
            None,
        ),
        ("http://localhost:1/a?x=1", "http://localhost:1/a?x=1&code=a&state=b", None),
    ],
)
def test_the_address_goes_to_the_redirect_uri_whatever_that_is(
    redirect_uri: str, text: str, url: str | None
) -> None:
    expected = text if url is None else f"{url}?code=a&state=b"
    assert parse_pasted(text, redirect_uri=redirect_uri).url == expected


@pytest.mark.parametrize(
    "query",
    [
        "code=a%2fb%2Bc&state=x%2e%7e~",
        "code=a+b%20c&state=s",
        "code=M.C5_BAY!*$(x)&state=s",
        "code=a^b&state=s",
        "code=a&state=",
        "error=access_denied&error_subcode=cancel&state=s",
        "error=invalid_request&error_description=AADSTS900144%3a+The+body.%0d%0aTrace+ID%3a+9b"
        "&error_uri=https%3a%2f%2flogin.microsoftonline.com%2ferror%3fcode%3d900144&state=s",
        "code=a&state=s&iss=https://login.microsoftonline.com/t/v2.0",
        "error=e&error_description=see+https://aka.ms/x&state=s",
        "code=a&code=b&state=s",
        "code=a&state=s&state=t",
    ],
)
def test_the_spelling_of_values_is_kept_byte_for_byte(query: str) -> None:
    assert parse_pasted(f"{REDIRECT}/?{query}", redirect_uri=REDIRECT).query == query
    assert parse_pasted(query, redirect_uri=REDIRECT).query == query


ELSEWHERE = {
    "127.0.0.1": ADDRESS.replace("localhost", "127.0.0.1"),
    "https": ADDRESS.replace("http:", "https:"),
    "a name that leads here": ADDRESS.replace("localhost:51823", "devbox.example"),
    "a port in between": ADDRESS.replace("51823", "8443"),
    "an error": f"https://localhost/?error=access_denied&state={STATE}",
}


@pytest.mark.parametrize("text", ELSEWHERE.values(), ids=ELSEWHERE.keys())
def test_another_spelling_of_the_place_is_taken_with_the_right_state_and_only_then(
    text: str,
) -> None:
    taken = parse_pasted(text, redirect_uri=REDIRECT, state=STATE)
    assert taken.url == f"{REDIRECT}/?{text.partition('?')[2]}"
    for state in ("", STATE[:-1], STATE + "x"):
        with pytest.raises(CallbackRefused):
            parse_pasted(text, redirect_uri=REDIRECT, state=state)


@pytest.mark.parametrize(
    "text",
    [
        AUTHORIZE,
        ADDRESS.replace("/?", "/done/?"),
        ADDRESS.replace("//", "//user@"),
        ADDRESS.replace("http://localhost:51823", "ftp://localhost"),
        ADDRESS.replace("localhost", "127.0.0.1") + f"&state={STATE}",
        f"http://127.0.0.1:51823/?state={STATE}",
    ],
)
def test_the_right_state_is_not_all_that_an_answer_needs(text: str) -> None:
    with pytest.raises(CallbackRefused):
        parse_pasted(text, redirect_uri=REDIRECT, state=STATE)


BAD: dict[str, tuple[str, str, str]] = {
    # name: (pasted, in what happened, in the advice)
    "nothing": ("", "the line is empty", "whole address"),
    "white space": (" \n\t ", "the line is empty", "whole address"),
    "two quotes": ('""', "the line is empty", "whole address"),
    "the authorize URL": (AUTHORIZE, "where the sign-in begins", "sign in"),
    "an authorize URL of the practice tenant": (
        "http://127.0.0.1:8400/t/oauth2/v2.0/authorize?client_id=a&state=b",
        "where the sign-in begins",
        "sign in",
    ),
    "a page of the sign-in": (
        "https://login.microsoftonline.com/common/login?ctx=secret",
        "not finished",
        "https://login.microsoftonline.com/common/login",
    ),
    "the page behind nativeclient": (
        "https://login.microsoftonline.com/common/wrongplace",
        "The sign-in went through",
        "--flow device-code",
    ),
    "the code alone": (CODE, "the code alone", "state"),
    "a JWT": (JWT, "looks like a token", "password"),
    "a JWT with Bearer": (f"Bearer {JWT}", "looks like a token", "password"),
    "a header": (f"Authorization: Bearer {JWT}", "looks like a token", "password"),
    "a token answer": (f'{{"access_token": "{JWT}"}}', "looks like a token", "password"),
    "an implicit answer": (
        f"{REDIRECT}/#access_token={JWT}&state={STATE}",
        "a token instead of a code",
        "unchanged",
    ),
    "an implicit answer's fragment": (f"#id_token={JWT}&state=a", "a token instead", "unchanged"),
    "a token in the query": (f"access_token={JWT}&state=a", "a token instead", "unchanged"),
    "a fragment answer": (f"{REDIRECT}/#{QUERY}", "after a #", "printed last"),
    "a fragment answer's fragment": (f"#{QUERY}", "after a #", "printed last"),
    "a fragment answer with a query": (f"{REDIRECT}/?x=1#{QUERY}", "after a #", "printed last"),
    "two addresses": (f"{ADDRESS} {ADDRESS}", "second address", "once"),
    "two addresses glued": (ADDRESS + ADDRESS, "second address", "once"),
    "something in front": (f"Location: {ADDRESS}", "in front", "once"),
    "no state": (f"{REDIRECT}/?code={CODE}", "no state", "address bar"),
    "no state in the query": (f"code={CODE}", "no state", "address bar"),
    "an error without state": (f"{REDIRECT}/?error=access_denied", "no state", "address bar"),
    "a cut escape": (f"{REDIRECT}/?code={CODE}&state=abc%", "end of the address", "address bar"),
    "a cut escape with a digit": (f"code={CODE}&state=abc%2", "end of the address", "address bar"),
    "cut at 1,024 bytes": (f"{REDIRECT}/?code={CODE * 20}"[:1024], "1,024 char", "address bar"),
    "cut at 1,023 bytes": (f"{REDIRECT}/?code={CODE * 20}"[:1023], "1,023 char", "address bar"),
    "cut at 4,095 bytes": (f"{REDIRECT}/?code={CODE * 99}"[:4095], "4,095 char", "address bar"),
    "no answer": (f"{REDIRECT}/", "carries no answer", "Finish"),
    "an empty query": (f"{REDIRECT}/?#", "carries no answer", "Finish"),
    "another port": (ADDRESS.replace("51823", "51824"), "port", "http://localhost:51824/"),
    "no port": (ADDRESS.replace(":51823", ""), "port", "http://localhost/"),
    "another host": (ADDRESS.replace("localhost", "127.0.0.1"), "not the one", "//127.0.0.1:51823"),
    "a host that begins alike": (
        ADDRESS.replace("localhost", "localhost.example"),
        "not the one",
        "http://localhost.example:51823/;",
    ),
    "another path": (
        ADDRESS.replace("/?", "/done/?"),
        "not the one",
        "http://localhost:51823/done/",
    ),
    "another scheme": (ADDRESS.replace("http:", "https:"), "not the one", "https://localhost"),
    "a user in front": (ADDRESS.replace("//", "//secret@"), "not the one", "http://localhost"),
    "a question mark lost": (f"{REDIRECT}/{QUERY}", "not the one", "http://localhost:51823/…;"),
    "a code as the path": (f"{REDIRECT}/{CODE}", "not the one", "/…;"),
    "a code as the host": (f"http://{CODE}/", "not the one", "http://…/;"),
    "another scheme altogether": (f"file:///tmp?{QUERY}", "not the one", "file:///tmp;"),
    "a broken port": (ADDRESS.replace("51823", "5182x"), "not a well-formed", "Ctrl-A"),
    "a broken IPv6 address": (f"http://[::1/?{QUERY}", "not a well-formed", "Ctrl-A"),
    "another host without a scheme": (f"example.com/?{QUERY}", "neither an address", "whole"),
    "a state alone": (f"state={STATE}", "neither an address", "whole address"),
    "something else": ("a=b&c=d", "neither an address", "whole address"),
    "a word": ("nonsense", "neither an address", "whole address"),
    "a command": ("python3 script.py --x=1", "neither an address", "whole address"),
    "an arrow key": (f"{ADDRESS}\x1b[A", "control character", "nothing else"),
    "a null": (f"{ADDRESS}\x00", "control character", "nothing else"),
    "a C1 control": (f"{ADDRESS}\x9b", "control character", "nothing else"),
    "a separator that Python calls white space": (f"{ADDRESS}\x1c", "control character", "else"),
    "a dash put in by an editor": (ADDRESS.replace("-", "–", 1), "U+2013", "address bar"),
    "a broken byte": (ADDRESS.replace("Zz", "\ufffd", 1), "U+FFFD", "address bar"),
    "too much": (ADDRESS + "a" * LIMIT, "65,536 characters", "nothing else"),
}


@pytest.mark.parametrize(("text", "what", "advice"), BAD.values(), ids=BAD.keys())
def test_what_cannot_be_the_answer_is_refused_by_name(text: str, what: str, advice: str) -> None:
    with pytest.raises(CallbackRefused) as caught:
        parse_pasted(text, redirect_uri=REDIRECT)
    error = caught.value
    assert what in error.what
    assert advice in error.advice


@pytest.mark.parametrize(("text", "what", "advice"), BAD.values(), ids=BAD.keys())
def test_no_refusal_repeats_a_secret(text: str, what: str, advice: str) -> None:
    with pytest.raises(CallbackRefused) as caught:
        parse_pasted(text, redirect_uri=REDIRECT)
    told = f"{caught.value} {caught.value!r} {caught.value.__cause__!r}"
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    for secret in ("secret", CODE[:30], STATE, JWT[:30]):
        assert secret not in told


@pytest.mark.parametrize("text", [CODE, f"code={CODE}", f"{REDIRECT}/?error=access_denied"])
def test_a_missing_state_is_told_from_other_mistakes(text: str) -> None:
    with pytest.raises(StateMismatch):
        parse_pasted(text, redirect_uri=REDIRECT)


VALUES = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=400)
WRAPPING = st.text(" \t\u00a0\u200b\u3000", max_size=6)
QUOTES = st.sampled_from(["", '""', "''", "<>", "``", "“”", "„“", "‚‘", "«»", "‹›", '"`<>`"'])


@given(
    code=VALUES,
    state=VALUES,
    width=st.integers(1, 200),
    indentation=WRAPPING,
    line_break=st.sampled_from(["\n", "\r\n", "\r", "\n\n"]),
    quotes=QUOTES,
    dress=st.sampled_from(["address", "query", "marked query", "html", "cmd", "no scheme"]),
)
def test_any_answer_wrapped_at_any_width_and_quoted_in_any_way_comes_back(
    code: str, state: str, width: int, indentation: str, line_break: str, quotes: str, dress: str
) -> None:
    query = f"code={quote_plus(code)}&state={quote_plus(state)}"
    address = f"{REDIRECT}/?{query}"
    text = {
        "address": address,
        "query": query,
        "marked query": f"?{query}#",
        "html": address.replace("&", "&amp;"),
        "cmd": address.replace("&", "^&"),
        "no scheme": address.removeprefix("http://"),
    }[dress]
    lines = [text[at : at + width] for at in range(0, len(text), width)]
    half = len(quotes) // 2
    pasted = quotes[:half] + (line_break + indentation).join(lines) + quotes[half:]

    request = parse_pasted(pasted, redirect_uri=REDIRECT)

    assert request.url == address
    assert request.query.encode("ascii") == query.encode("ascii")
    assert parse_form(request.query) == (("code", code), ("state", state))


@given(st.text(max_size=300))
def test_any_text_is_an_answer_or_is_refused(text: str) -> None:
    for pasted in (text, f"{REDIRECT}/?{text}", f"http://{text}", f"{REDIRECT}{text}"):
        try:
            request = parse_pasted(pasted, redirect_uri=REDIRECT)
        except CallbackRefused:
            continue
        assert request.url.startswith(f"{REDIRECT}/?")
        assert request.url.isascii()
        assert request.url.isprintable()
        assert "#" not in request.url
