"""Each rule about addresses in the authorize request at its limits, and where they are hidden."""

from __future__ import annotations

from typing import Any

import pytest

from entra_oauth.audit.rules.front_channel.addresses import normal
from entra_oauth.recording import Exchange
from kit.audit.exchanges import LOGIN, json_answer, step
from kit.audit.judged import AT, ENDPOINTS, authorize, case, said, words

HERE = "http://localhost:8400"


def one(rule: str, **fields: Any) -> str:
    (word,) = words(rule, case(authorize(client_id="x", **fields)))
    return word


URIS = [
    # URI, absolute (AR14), safe (AR15), loopback by address (AR16), its own scheme (AR17)
    ("http://localhost", "pass", "pass", "note", "pass"),
    ("HTTP://LOCALHOST/cb", "pass", "pass", "note", "pass"),
    ("http://127.0.0.1:8400/cb", "pass", "pass", "pass", "pass"),
    ("http://[::1]/cb", "pass", "pass", "pass", "pass"),
    ("https://app.example/cb", "pass", "pass", "not applicable", "pass"),
    ("http://app.example/cb", "pass", "error", "not applicable", "pass"),
    ("HTTP://app.example/cb", "pass", "error", "not applicable", "pass"),
    ("https://app.example/cb#x", "error", "pass", "not applicable", "pass"),
    ("com.example.app:/cb", "pass", "pass", "not applicable", "pass"),
    ("myapp:/cb", "pass", "pass", "not applicable", "warning"),
    ("my-app+1:/cb", "pass", "pass", "not applicable", "warning"),
    ("a:b", "pass", "pass", "not applicable", "warning"),
    ("a:", "error", "pass", "not applicable", "warning"),
    ("1a:/cb", "error", "pass", "not applicable", "not applicable"),
    ("/cb", "error", "pass", "not applicable", "not applicable"),
    ("localhost", "error", "pass", "not applicable", "not applicable"),
    ("urn:ietf:wg:oauth:2.0:oob", "pass", "pass", "not applicable", "warning"),
    ("urn:ietf:wg:oauth:2.0:oob:auto", "pass", "pass", "not applicable", "warning"),
    (f"{LOGIN}/common/oauth2/nativeclient", "pass", "pass", "not applicable", "warning"),
    (f"{LOGIN}/common/oauth2/nativeclients", "pass", "pass", "not applicable", "pass"),
    ("", "warning", "not applicable", "not applicable", "not applicable"),
]


@pytest.mark.parametrize(("uri", "absolute", "safe", "address", "own"), URIS)
def test_a_redirect_uri_is_absolute_and_safe_and_the_apps_own(
    uri: str, absolute: str, safe: str, address: str, own: str
) -> None:
    found = [one(rule, redirect_uri=uri) for rule in ("AR14", "AR15", "AR16", "AR17")]
    assert found == [absolute, safe, address, own]


def test_openid_asks_for_a_redirect_uri_where_oauth_does_not() -> None:
    for scope, word in (("openid x", "error"), ("xopenid", "warning"), ("", "warning")):
        assert one("AR14", scope=scope) == word


def test_without_a_redirect_uri_only_that_is_wrong() -> None:
    found = [one(rule) for rule in ("AR14", "AR15", "AR16", "AR17")]
    assert found == ["warning", *["not applicable"] * 3]


@pytest.mark.parametrize(
    ("rule", "uri", "text"),
    [
        ("AR14", "", "There is none."),
        ("AR14", "/cb", "It is not absolute."),
        ("AR14", "https://a.example/#", "It has a fragment."),
        ("AR15", "http:cb", "It is http to no host."),
        ("AR15", "http://app.example/cb", "It is http to app.example."),
        ("AR17", "urn:ietf:wg:oauth:2.0:oob", "The code is shown for copying."),
        ("AR17", "https://a.example/oauth2/nativeclient", "The code is shown for copying."),
        ("AR17", "myapp:/cb", "Its scheme has no dot."),
    ],
)
def test_the_sentence_tells_which_it_is(rule: str, uri: str, text: str) -> None:
    assert said(rule, case(authorize(client_id="x", redirect_uri=uri))) == [text]


CHALLENGE = {"code_challenge": "c", "code_challenge_method": "S256"}


@pytest.mark.parametrize(
    ("kind", "mode", "more", "word"),
    [
        ("code", "form_post", {}, "pass"),
        ("code", "fragment", {}, "pass"),
        ("code", "query", {}, "warning"),
        ("code", "", {}, "warning"),
        ("code", None, {}, "warning"),
        ("code", "query", CHALLENGE, "note"),
        ("code", None, CHALLENGE, "note"),
        ("code", "query", CHALLENGE | {"code_challenge_method": "plain"}, "warning"),
        ("code", "query", CHALLENGE | {"code_challenge": ""}, "warning"),
        ("id_token code", "query", {}, "warning"),
        ("token", "query", {}, "not applicable"),
        ("codes", "query", {}, "not applicable"),
        (None, "query", {}, "not applicable"),
    ],
)
def test_the_code_stays_out_of_the_history(
    kind: str | None, mode: str | None, more: dict[str, Any], word: str
) -> None:
    given = {"response_type": kind, "response_mode": mode} | more
    assert one("AR18", **{name: each for name, each in given.items() if each is not None}) == word


@pytest.mark.parametrize(
    ("uri", "mode", "word"),
    [
        (HERE, "fragment", "error"),
        (HERE, "query", "pass"),
        (HERE, "", "pass"),
        ("https://app.example", "fragment", "not applicable"),
        ("", "fragment", "not applicable"),
    ],
)
def test_an_answer_in_the_fragment_reaches_no_listener(uri: str, mode: str, word: str) -> None:
    assert one("AR19", redirect_uri=uri, response_mode=mode) == word


CHINA, US = "https://login.partner.microsoftonline.cn", "https://login.microsoftonline.us"


@pytest.mark.parametrize(
    ("host", "scope", "word"),
    [
        (LOGIN, "https://graph.microsoft.com/.default", "pass"),
        (LOGIN, "https://management.azure.com/.default", "pass"),
        (LOGIN, "https://management.core.windows.net/.default", "pass"),
        (LOGIN, "openid https://graph.microsoft.us/.default", "error"),
        (LOGIN, "https://management.usgovcloudapi.net/.default", "error"),
        (LOGIN, "https://microsoftgraph.chinacloudapi.cn/.default", "error"),
        (LOGIN, "https://api.us.example/read", "pass"),
        (LOGIN, "graph.microsoft.us/.default", "pass"),
        (LOGIN, "", "pass"),
        (US, "https://graph.microsoft.us/.default", "pass"),
        (US, "https://management.usgovcloudapi.net/.default", "pass"),
        (US, "https://graph.microsoft.com/.default", "error"),
        (US, "https://xgraph.microsoft.com/.default", "pass"),
        (US, "https://api.example/read", "pass"),
        (CHINA, "https://microsoftgraph.chinacloudapi.cn/.default", "pass"),
        (CHINA, "https://management.azure.com/.default", "error"),
        (CHINA, "https://management.core.windows.net/.default", "error"),
        ("https://login.example", "https://graph.microsoft.com/.default", "undecidable"),
        ("http://localhost:8400", "https://graph.microsoft.us/.default", "not applicable"),
    ],
)
def test_the_host_is_of_the_cloud_that_the_resource_belongs_to(
    host: str, scope: str, word: str
) -> None:
    asked = authorize(client_id="x", scope=scope, url=f"{host}/t/oauth2/v2.0/authorize")
    assert words("AR26", case(asked)) == [word]


def told(at: float = AT - 30, **members: Any) -> Exchange:
    url = "https://meta.example/.well-known/openid-configuration"
    return step("openid-configuration", "GET", url, response=json_answer(members), at=at)


@pytest.mark.parametrize(
    ("endpoint", "host", "word"),
    [
        (f"{LOGIN}/t/authorize", LOGIN, "pass"),
        ("https://login.windows.net/t/authorize", LOGIN, "pass"),
        (f"{US}/t/authorize", LOGIN, "error"),
        ("https://login.example/t/authorize", LOGIN, "error"),
        ("https://login.example/t/authorize", "https://login.example", "pass"),
        ("https://login.example/t/authorize", "https://look-alike.example", "error"),
        ("https://login.example/t/authorize", "https://login.example:8443", "pass"),
    ],
)
def test_the_host_is_the_one_of_the_metadata(endpoint: str, host: str, word: str) -> None:
    asked = authorize(client_id="x", url=f"{host}/t/oauth2/v2.0/authorize")
    assert words("AR26", case(told(authorization_endpoint=endpoint), asked)) == [word]
    at_once = told(at=AT - 20, authorization_endpoint=endpoint)
    assert words("AR26", case(at_once, asked)) == [word]


def test_metadata_that_came_later_or_names_no_endpoint_tells_nothing() -> None:
    asked = authorize(client_id="x")
    late = told(at=AT - 19, authorization_endpoint="https://login.example/t/authorize")
    assert words("AR26", case(late, asked)) == ["pass"]
    assert words("AR26", case(told(issuer="https://login.example"), asked)) == ["pass"]


@pytest.mark.parametrize(
    ("end", "word"),
    [
        ("?client_id=x&state=s", "pass"),
        ("?client_id=x&state=%20", "pass"),
        ("?client_id=x&state=%0A", "error"),
        ("?client_id=x&state=%1F", "error"),
        ("?client_id=x&state=%7F", "error"),
        ("?client_id=x&state=%7E", "pass"),
        ("?client_id=x&state=a b", "error"),
        ("\x7f?client_id=x&state=s", "error"),
        ("?client_id=x&state=a\x7fb", "error"),
        ("?client_id=x&state=a!b", "pass"),
        ("?client_id=x&state=s#x", "error"),
        ("?client_id=x&state=~state~", "undecidable"),
        ("?client_id=x&state=~state~#x", "error"),
    ],
)
def test_the_address_is_clean(end: str, word: str) -> None:
    asked = step("authorize", "GET", f"{ENDPOINTS}/authorize{end}", at=AT)
    assert words("AR27", case(asked)) == [word]


@pytest.mark.parametrize(
    ("uri", "parts"),
    [
        ("http://a", ("http", "a", 80, "/")),
        ("HTTPS://A.example/x", ("https", "a.example", 443, "/x")),
        ("https://a:80/", ("https", "a", 80, "/")),
        ("app:/cb", ("app", "", None, "/cb")),
        ("http://a:x/", None),
        ("http://a:65536/", None),
        ("http://[::1/", None),
        ("http://~host~/", None),
    ],
)
def test_an_address_is_compared_by_its_parts(uri: str, parts: Any) -> None:
    assert normal(uri) == parts
