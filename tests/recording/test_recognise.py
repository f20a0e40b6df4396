"""Exchanges are recognised as OAuth's by what they hold, and by nothing near it."""

from __future__ import annotations

import pytest

from entra_oauth.protocol.messages import FORM, HttpRequest, HttpResponse
from entra_oauth.recording.recognise import is_answer, kind_of, leads_to, same_place

URL = "https://id.example/x"
LOWER, UPPER = (("content-type", FORM),), (("CONTENT-TYPE", f"{FORM.upper()}; charset=UTF-8"),)


def get(query: str, *headers: tuple[str, str], url: str = URL) -> HttpRequest:
    return HttpRequest(method="GET", url=f"{url}?{query}", headers=headers)


def post(form: str, headers: tuple[tuple[str, str], ...] = LOWER) -> HttpRequest:
    return HttpRequest(method="POST", url=URL, headers=headers, body=form.encode())


@pytest.mark.parametrize(
    ("request_", "kind"),
    [
        (get("x", url="https://id.example/t/oauth2/v2.0/token"), "token"),
        (get("x", url="https://id.example/t/oauth2/authorize"), "authorize"),
        (get("x", url="https://id.example/t/oauth2/v2.0/devicecode"), "devicecode"),
        (get("x", url="https://id.example/t/discovery/v2.0/keys"), "keys"),
        (get("x", url="https://id.example/t/.well-known/openid-configuration"), "metadata"),
        (get("x", url="https://id.example/t/oauth2/v2.0/tokens"), None),
        (
            get(
                "x",
                ("Metadata", "true"),
                url="http://169.254.169.254/metadata/identity/oauth2/token",
            ),
            "identity",
        ),
        (get("client_id=c&response_type=code"), "authorize"),
        (get("client_id=c&request_uri=urn:x"), "authorize"),
        (get("client_id=c&request=a.b.c"), "authorize"),
        (get("client_id=c&request=a.b.c.d.e"), "authorize"),
        (get("client_id=c&request=a.b"), None),
        (get("client_id=c&request=a.b.c.d"), None),
        (get("client_id=c&other=a.b.c"), None),
        (get("client_id=c"), None),
        (get("response_type=code"), None),
        (get("request=a.b.c"), None),
        (post("grant_type=password"), "token"),
        (post("grant_type=password", UPPER), "token"),
        (post("grant_type=password", (("content-type", "text/plain"),)), None),
        (get("grant_type=password"), None),
        (get("code=c&state=s"), "redirect"),
        (get("error=e&state=s"), "redirect"),
        (get("code=c"), None),
        (get("state=s"), None),
        (post("code=c&state=s"), "redirect"),
        (post("code=c&state=s", UPPER), "redirect"),
        (post("code=c&state=s&ctx=x"), None),
        (post("code=c&state=s&flowToken=x"), None),
        (get("code=c&state=s&ctx=x"), "redirect"),
        (get("x", ("Authorization", "BEARER t")), "api"),
        (get("x", ("Authorization", "Basic t")), None),
        (get("access_token=t"), "api"),
        (post("access_token=t"), "api"),
        *((get(f"access_token=t&{name}=x"), None) for name in ("token_type", "expires_in")),
        *((get(f"access_token=t&{name}=x"), None) for name in ("id_token", "code", "error")),
    ],
)
def test_the_kind_of_an_exchange_is_told_by_its_fields(
    request_: HttpRequest, kind: str | None
) -> None:
    assert kind_of(request_) == kind


@pytest.mark.parametrize("host", ["localhost:8400", "127.0.0.1"])
def test_a_program_on_this_machine_may_be_posted_any_fields(host: str) -> None:
    form = b"code=c&state=s&ctx=x"
    request = HttpRequest(method="POST", url=f"http://{host}/", headers=LOWER, body=form)
    assert kind_of(request) == "redirect"


@pytest.mark.parametrize(
    ("request_", "brings"),
    [
        *((get(f"{name}=x"), True) for name in ("code", "error", "access_token", "id_token")),
        (get("state=x"), False),
        (get("x#id_token=t"), True),
        (get("code=x", url="https://id.example/y"), False),
        (post("code=x"), True),
        (post("code=x", UPPER), True),
        (post("code=x", (("content-type", "text/plain"),)), False),
        (post("state=x"), False),
    ],
)
def test_an_answer_is_what_brings_one_to_a_redirect_uri(
    request_: HttpRequest, brings: bool
) -> None:
    assert is_answer(request_, ["https://other.example/", URL]) is brings
    assert is_answer(request_, []) is False


@pytest.mark.parametrize(
    ("status", "location", "place"),
    [
        (299, "/y", ""),
        (300, "/y", "https://id.example/y"),
        (399, "/y", "https://id.example/y"),
        (400, "/y", ""),
        (302, "https://app.example/cb?code=c", "https://app.example/cb"),
        (302, "com.example.app:/cb?code=c", "com.example.app:/cb"),
        (302, "", ""),
        (302, "https://[bad", ""),
    ],
)
def test_an_answer_leads_where_its_location_says_if_it_redirects(
    status: int, location: str, place: str
) -> None:
    assert leads_to(URL, HttpResponse(status=status, headers=(("Location", location),))) == place


def test_no_answer_leads_nowhere() -> None:
    assert leads_to(URL, None) == ""
    assert leads_to(URL, HttpResponse(status=302)) == ""


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("https://a.example/cb", "https://a.example:443/cb?x#y", True),
        ("http://a.example/cb", "http://a.example:80/cb", True),
        ("http://a.example/cb", "http://a.example:443/cb", False),
        ("https://a.example/cb", "https://a.example:80/cb", False),
        ("https://a.example:8443/cb", "https://a.example:8443/cb", True),
        ("https://a.example:8443/cb", "https://a.example:8444/cb", False),
        ("HTTPS://A.example", "https://a.EXAMPLE/", True),
        ("http://localhost:1/cb", "http://localhost:2/cb", True),
        ("http://localhost:1/cb", "http://localhost:1/", False),
        ("com.example.app:/cb", "COM.example.app:/cb", True),
        ("com.example.app:", "com.example.app:/", False),
        ("com.example.app://a", "com.example.app://b", False),
        ("a.example/cb", "a.example/cb", False),
        ("https://a.example:x/", "https://a.example:x/", False),
    ],
)
def test_a_place_is_scheme_host_and_path_and_off_this_machine_the_port(
    one: str, other: str, is_same: bool
) -> None:
    assert same_place(one, other) is is_same
    assert same_place(other, one) is is_same
