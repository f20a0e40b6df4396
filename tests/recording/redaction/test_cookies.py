"""Cookies: several in one header are each redacted, and so are their attributes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from entra_oauth.protocol.messages import HttpRequest, HttpResponse
from entra_oauth.recording import Exchange, Recording
from entra_oauth.recording.har.har_read import read_har
from entra_oauth.recording.har.har_redact import redact_har
from entra_oauth.recording.har.har_select import import_foreign
from entra_oauth.recording.redaction.cookies import joined_values
from entra_oauth.recording.redaction.redact import Redactor
from entra_oauth.recording.redaction.secrets import live_secrets
from entra_oauth.recording.save import finished_files
from entra_oauth.recording.step import Level
from kit.sweep import found_in_bytes

LEVELS = (Level.SECRETS, Level.PII)
ONE = "1.AXkAqWERTYuiopASDFghjklZXCVbnmQ1234567890"
TWO = "2.BYlBqWERTYuiopASDFghjklZXCVbnmQ0987654321"
DATE = "Wed, 21 Oct 2026 07:28:00 GMT"


def redactor(level: Level = Level.SECRETS) -> Redactor:
    return Redactor(level=level, key=b"k" * 32)


# ---- attributes ------------------------------------------------------------------------

STAYS = [
    *("Path=/", "path=/a/b", 'Path="/"', "Path=", "Secure", "HttpOnly", "Partitioned", "Path"),
    'Path=""',
    *("Path = /", "SameSite =Lax", "Max-Age= 5", "Secure =", "Path ="),
    *("Domain=.login.example", "domain=localhost", "Domain=127.0.0.1", "SameSite=None"),
    *("Domain=[::1]", "Domain=~host-1~", "Domain=a.example."),
    *("Max-Age=3600", "Max-Age=-1", "Version=1", "Priority=High", "Expires=0"),
    *(f"Expires={DATE}", "expires=Wednesday, 21-Oct-26 07:28:00 GMT"),
    *("expires=Wed Oct 21 07:28:00 2026", "expires=Wed, 21-Oct-2026 07:28:00 GMT"),
]


@pytest.mark.parametrize("attribute", STAYS)
@pytest.mark.parametrize("level", LEVELS)
def test_an_attribute_of_its_own_form_stays(attribute: str, level: Level) -> None:
    done = redactor(level).header("Set-Cookie", f"a=b; {attribute}; Secure")
    assert done.text == f"a=~ck~; {attribute}; Secure"


GOES = [
    *("Path=/?code={}", "Path=/{}", "Path={}", "Path=/?x={}#y", "Path=/, {}", "Path=/ b={}"),
    *("Domain={}", "Domain=x.{}.example", "Domain=a.example/{}", "Expires={}", "Max-Age={}"),
    *(f"Expires={DATE} {{}}", f"Expires={DATE}, {{}}", "Secure={}", "HttpOnly={}", "SameSite={}"),
    *("Unheard={}", "Comment=a {}", "{}", "{}=", "{}=x", "Secure {}=1", "Path=/;{}", ";;{}"),
    *("Path=/\n{}", "Path=/\n{}=x", "Version={}", "=x; ={}", "Path=//user:{}@a.example"),
    *("Path=/%3Fcode={}", 'Path="/?code={}"', "Secure, {}", "Secure, a b={}"),
]


@pytest.mark.parametrize("attribute", GOES)
@pytest.mark.parametrize("level", LEVELS)
def test_a_secret_in_an_attribute_goes(attribute: str, level: Level) -> None:
    line = "a=b; " + attribute.replace("{}", ONE) + "; Secure"
    done = redactor(level).header("Set-Cookie", line)
    assert found_in_bytes(done.data, [ONE]) == []
    assert done.text.startswith("a=~ck~; ")
    assert done.text.endswith("; Secure")
    assert redactor(level).header("Set-Cookie", done.text).text == done.text


SHORT = [
    "Path=hunter2",
    "Domain=hunter2",
    "Domain=.hunter2",
    "Domain=hunter2.",
    "hunter2",
    "hunter2=",
    "Unheard=hunter2",
    "Secure=hunter2",
]


@pytest.mark.parametrize("attribute", SHORT)
def test_a_short_one_goes_too_where_no_form_allows_it(attribute: str) -> None:
    assert "hunter2" not in redactor().header("Set-Cookie", f"a=b; {attribute}").text


@pytest.mark.parametrize(
    ("attribute", "left"),
    [
        ("Unheard=x", "Unheard=~ck~"),
        ("a b=x", "~ck~"),
        ("a@b=x", "~ck~"),
        ('Expires="', "Expires=~ck~"),
        ('Path="', "Path=~ck~"),
        ('Path="/', "Path=~ck~"),
        ('Path=/"', "Path=~ck~"),
        ('Expires="0"', 'Expires="0"'),
        ('Domain="hunter2"', 'Domain="~ck~"'),
        ("Domain=hunter2", "Domain=~ck~"),
        ("Path=/,hunter2=x; Secure", "Path=/,hunter2=~ck~; Secure"),
        ("Path=/\n hunter2 \n c=d", "Path=/\n ~ck~ \n c=~ck~"),
        ('Unheard="x"', 'Unheard="~ck~"'),
    ],
)
def test_of_an_attribute_a_name_that_could_be_one_stays(attribute: str, left: str) -> None:
    assert redactor().header("Set-Cookie", f"a=b; {attribute}").text == f"a=~ck~; {left}"


# ---- several ---------------------------------------------------------------------------

JOINS = ("\n", "\r\n", "\r", "\n ", ", ", ",\t", ",")
NAMES = st.sampled_from(["fpc", "ESTSAUTHPERSISTENT", "buid", "x", "stsservicecookie", "a.b-c"])
PLAIN = st.sampled_from(["Path=/", f"Expires={DATE}", "secure", "Domain=a.example", "max-age=5"])
LONG = st.text("ABCDEFGhijklmnop0123456789-_", min_size=24, max_size=60).map("Zz9".__add__)
BAD = st.sampled_from(["Path=/?code={}", "Domain={}", "Unheard={}", "{}"])


@st.composite
def cookies(draw: st.DrawFn) -> tuple[str, list[str]]:
    """A cookie as it stands alone, and the secrets in it."""
    secrets = [draw(LONG)]
    pieces = [f"{draw(NAMES)}={secrets[0]}", *draw(st.lists(PLAIN, max_size=3))]
    if draw(st.booleans()):
        secrets.append(draw(LONG))
        pieces.append(draw(BAD).replace("{}", secrets[1]))
    return "; ".join(pieces), secrets


@given(st.lists(cookies(), min_size=1, max_size=5), st.data(), st.sampled_from(LEVELS))
@settings(max_examples=100, deadline=None)
def test_every_cookie_of_a_header_is_redacted_as_if_it_stood_alone(
    several: list[tuple[str, list[str]]], data: st.DataObject, level: Level
) -> None:
    joins = [data.draw(st.sampled_from(JOINS)) for _ in several[1:]] + [""]
    line = "".join(cookie + join for (cookie, _), join in zip(several, joins, strict=True))
    done = redactor(level).header("Set-Cookie", line)
    planted = [secret for _, secrets in several for secret in secrets]
    assert found_in_bytes(done.data, planted) == []
    assert redactor(level).header("Set-Cookie", done.text).text == done.text
    alone = [redactor(level).header("Set-Cookie", cookie).text for cookie, _ in several]
    if not any(join == "," for join in joins):
        assert done.text == "".join(c + j for c, j in zip(alone, joins, strict=True))


@given(st.lists(LONG, min_size=1, max_size=5), st.sampled_from(["; ", "\n", "\r\n", ", ", ","]))
@settings(max_examples=100, deadline=None)
def test_no_cookie_of_a_request_survives(values: list[str], join: str) -> None:
    line = join.join(f"a{number}={value}" for number, value in enumerate(values))
    done = redactor().header("Cookie", line)
    assert found_in_bytes(done.data, values) == []
    assert redactor().header("Cookie", done.text).text == done.text


def test_a_comma_without_a_blank_does_not_end_a_value() -> None:
    done = redactor().header("Set-Cookie", "a=x,hunter2=y; Path=/")
    assert done.text == "a=~ck~; Path=/"
    for blank in (" ", "\t", "  "):
        done = redactor().header("Set-Cookie", f"a=x,{blank}hunter2=y; Path=/,{blank}b=z")
        assert done.text == f"a=~ck~,{blank}hunter2=~ck~; Path=/,{blank}b=~ck~"


@pytest.mark.parametrize("join", ["\n", "\r\n\t", "; Path=/, ", ", "])
@pytest.mark.parametrize("end", ["hunter2=", "hunter2==", "hunter2"])
def test_the_end_of_a_value_that_was_broken_is_no_name(join: str, end: str) -> None:
    done = redactor().header("Set-Cookie", f"a={ONE}{join}{end}; Path=/")
    assert "hunter2" not in done.text
    assert done.text.endswith("; Path=/")


def test_the_name_of_a_cookie_that_is_deleted_stays() -> None:
    line = f"a=; Path=/; Expires={DATE}"
    assert redactor().header("Set-Cookie", line).text == line


@pytest.mark.parametrize(
    ("line", "left"),
    [
        ("my-own-session-cookie = x", "my-own-session-cookie = ~ck~"),
        (
            "a=b;  my-own-session-cookie\t=  x ;c=d",
            "a=~ck~;  my-own-session-cookie\t=  ~ck~ ;c=~ck~",
        ),
    ],
)
def test_blanks_belong_neither_to_a_name_nor_to_a_value(line: str, left: str) -> None:
    assert redactor().header("Cookie", line).text == left


def test_only_what_follows_a_broken_line_is_the_end_of_a_value() -> None:
    done = redactor().header("Cookie", "a=x; b=\nhunter2=; c=; d=y")
    assert done.text == "a=~ck~; b=\n~ck~; c=; d=~ck~"
    assert redactor().header("Cookie", "a=; b=x").text == "a=; b=~ck~"


@pytest.mark.parametrize(
    ("name", "value", "left"),
    [
        ("a b", "x", "~ck~"),
        ("path", "/p?state=12345", "/p?state=~state~"),
        ("Unheard", "x", "~ck~"),
    ],
)
def test_the_value_of_an_attribute_goes_by_the_form_of_its_name(
    name: str, value: str, left: str
) -> None:
    assert redactor().cookie_attribute(name, value).text == left


def test_a_value_without_a_name_is_no_name() -> None:
    assert redactor().header("Set-Cookie", "hunter2; Path=/").text == "~ck~; Path=/"
    assert redactor().header("Cookie", "a=b; hunter2").text == "a=~ck~; ~ck~"


@pytest.mark.parametrize("name", ["ESTSAUTHPERSISTENT", "stsservicecookie", "MSISAuthenticated"])
def test_the_names_of_entras_own_cookies_stay(name: str) -> None:
    assert redactor().header("Cookie", f"{name}=x").text == f"{name}=~ck~"


@pytest.mark.parametrize(
    "line", ["a=" + ",b" * 50_000, ", " * 50_000, ",b=" * 50_000, "; " * 50_000]
)
def test_a_header_made_to_be_slow_is_not(line: str) -> None:
    assert redactor().header("Set-Cookie", line).understood


# ---- files -----------------------------------------------------------------------------


def har(join: str) -> dict[str, Any]:
    """As converters write one: the second cookie is also in lists, and in a path."""
    joined = f"sess=1; Expires={DATE}; path=/{join}uuid2={ONE}; path=/; HttpOnly{join}z={TWO}"
    base = "https://login.microsoftonline.com/t/oauth2/v2.0"
    request = {
        "method": "GET",
        "url": f"{base}/authorize?client_id=a&response_type=code",
        "headers": [{"name": "Cookie", "value": f"sess=1; uuid2={ONE}; z={TWO}"}],
        "cookies": [{"name": "uuid2", "value": ONE}, {"name": f"z={TWO}", "value": ""}],
    }
    response = {
        "status": 200,
        "headers": [{"name": "Set-Cookie", "value": joined}],
        "cookies": [
            {"name": "sess", "value": "1", "path": f"/{join}uuid2={ONE}", "expires": DATE},
            {"name": "uuid2", "value": ONE, "path": "/", "domain": TWO, "sameSite": TWO},
            {
                "name": "x",
                "value": "1",
                "expires": "2026-10-21T07:28:00.000Z",
                "domain": ".a.example",
            },
        ],
        "content": {"mimeType": "text/plain", "text": f"the cookie is {ONE}, or {TWO}"},
    }
    post = {"method": "POST", "url": f"{base}/token", "headers": []}
    entries = [{"request": request, "response": response}, {"request": post, "response": response}]
    return {"log": {"version": "1.2", "creator": {"name": "x", "version": "1"}, "entries": entries}}


@pytest.mark.parametrize("join", JOINS)
@pytest.mark.parametrize("level", LEVELS)
def test_joined_cookies_go_from_a_whole_file(join: str, level: Level) -> None:
    data, _ = redact_har(har(join), level)
    assert found_in_bytes(data, [ONE, TWO]) == []
    twice, _ = redact_har(json.loads(data), level)
    assert json.loads(twice) == json.loads(data)
    kept = json.loads(data)["log"]["entries"][0]["response"]["cookies"]
    assert (kept[0]["expires"], kept[1]["path"]) == (DATE, "/")
    assert (kept[2]["expires"], kept[2]["domain"]) == ("2026-10-21T07:28:00.000Z", ".a.example")


@pytest.mark.parametrize("join", JOINS)
@pytest.mark.parametrize("level", LEVELS)
def test_joined_cookies_go_from_what_is_imported(join: str, level: Level) -> None:
    file = read_har(json.dumps(har(join)).encode())
    done = import_foreign(file, level=level, created_at=5.0, facts={})
    files = finished_files(done.evidence, done.recording)
    assert found_in_bytes(b"\n".join(files.values()), [ONE, TWO]) == []


@pytest.mark.parametrize("join", JOINS)
def test_the_last_search_knows_every_joined_cookie(join: str) -> None:
    line = f"a={ONE}; expires={DATE}{join}b={TWO}; path=/"
    exchange = Exchange(
        request=HttpRequest(method="GET", url="https://a.example/"),
        response=HttpResponse(status=200, headers=(("Set-Cookie", line),)),
        started_at=0.0,
        ended_at=0.0,
    )
    assert set(live_secrets(Recording((exchange,)))) == {ONE, TWO}


@pytest.mark.parametrize(
    ("text", "others"),
    [
        ("x", []),
        ("x1", []),
        ("x, b=y1", []),
        ("x, b=correct1-horse", []),
        ("x, b=correct1-horse-battery; c=staple2-horse-battery", ["correct1", "staple2"]),
        ("x\nb=correct1-horse-battery", ["correct1"]),
        ("x, b=correct-horse-battery1", []),
        ("x, b=correct-horse-battery", []),
        ("x, b=CORRECTHORSEBATTERY", []),
        ("x, expires=2026-11-30T10:00:00.12345Z", []),
        ("correct1-horse-battery", []),
    ],
)
def test_of_a_value_that_may_be_several_those_that_could_be_secrets_are_told(
    text: str, others: list[str]
) -> None:
    first, *more = joined_values(text)
    assert first == text
    assert [each.partition("-")[0] for each in more] == others


def test_the_blanks_around_the_value_of_a_cookie_stay() -> None:
    assert redactor().cookie(" hunter2\t").text == " ~ck~\t"
