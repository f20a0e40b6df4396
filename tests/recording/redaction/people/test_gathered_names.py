"""Names of people and tenants: wherever one is known from, it stands nowhere else."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from entra_oauth.protocol.messages import HttpRequest, HttpResponse
from entra_oauth.recording import Exchange, Recording
from entra_oauth.recording.files import files_of
from entra_oauth.recording.har.har_redact import redact_har
from entra_oauth.recording.redaction.people.gathered_names import People
from entra_oauth.recording.redaction.people.known_names import KnownNames, folded
from entra_oauth.recording.redaction.views import as_bytes_text
from entra_oauth.recording.save import evidence_of, finished_files
from entra_oauth.recording.step import Level
from kit.canaries import jwt
from kit.sweep import swept

TENANT = "5a6b7c8d-1234-4abc-9def-0123456789ab"
NAME = "alice@contoso-practice.example"
TOKEN_HEADERS = (("Content-Type", "application/json"),)
HTML_HEADERS = (("Content-Type", "text/html; charset=utf-8"),)
FORM_HEADERS = (("Content-Type", "application/x-www-form-urlencoded"),)
SERVER = "https://login.example/t/oauth2/v2.0"


def packed(**members: object) -> str:
    data = json.dumps(members, ensure_ascii=False).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def token_of(**claims: object) -> str:
    return jwt({"alg": "RS256", "kid": "k"}, claims, "s" * 90)


def answered(text: str, came: tuple[tuple[str, str], ...], **sent: Any) -> Exchange:
    request = HttpRequest(method=sent.pop("method", "GET"), url=f"{SERVER}/x", **sent)
    response = HttpResponse(status=200, headers=came, body=text.encode())
    return Exchange(request=request, response=response, started_at=1.0, ended_at=2.0)


def page_with(text: str) -> Exchange:
    page = f"<!doctype html><html><head><title>{text}</title></head><body><h1>{text}</h1></body>"
    return answered(page, HTML_HEADERS)


def at_url(url: str) -> Exchange:
    return Exchange(
        request=HttpRequest(method="GET", url=url), response=None, started_at=1.0, ended_at=2.0
    )


def as_har(recording: Recording) -> dict[str, Any]:
    return {"log": {"version": "1.2", "entries": [*map(_entry, recording.exchanges)]}}


def _entry(exchange: Exchange) -> dict[str, Any]:
    request, response = exchange.request, exchange.response
    kind = request.header("content-type") or ""
    entry: dict[str, Any] = {
        "startedDateTime": "2026-11-25T09:00:00.123Z",
        "request": {"method": request.method, "url": request.url, "headers": _pairs(request)},
        "response": {"status": 0},
    }
    if request.body:
        entry["request"]["postData"] = {"mimeType": kind, "text": request.body.decode()}
    if response is not None:
        kind = response.header("content-type") or ""
        content = {"mimeType": kind, "text": response.body.decode("utf-8")}
        entry["response"] = {"status": 200, "headers": _pairs(response), "content": content}
    return entry


def _pairs(message: HttpRequest | HttpResponse) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in message.headers]


def written(*exchanges: Exchange) -> dict[str, bytes]:
    """All files of the recording, and the clean HAR."""
    recording = Recording(exchanges)
    evidence = evidence_of(recording, level=Level.PII, created_at=1.0)
    har, _ = redact_har(as_har(recording), Level.PII)
    return {**finished_files(evidence, recording), "clean.har": har}


def spellings(name: str) -> list[str]:
    data = name.encode()
    return [
        *(name, name.lower(), name.upper(), quote(name, safe=""), html.escape(name)),
        *(quote(quote(name, safe=""), safe=""), name.replace("@", "&#64;").lower()),
        *("".join(f"&#{ord(each)};" for each in name), json.dumps(name)[1:-1]),
        *(base64.b64encode(data).decode().rstrip("="), data.hex()),
    ]


def left_in(files: Mapping[str, bytes], name: str) -> list[str]:
    """The files in which a name stands, in whatever spelling; JWT and base64 undone."""
    wanted = {each.encode().lower() for each in spellings(name)}
    found = []
    for at, data in files.items():
        texts = [data, html.unescape(data.decode("utf-8", "replace")).encode()]
        texts += [json.dumps(json.loads(data), ensure_ascii=False).encode()] if _is_json(at) else []
        people = People()
        found += [f"{at}: {each}" for each in swept(data, {name, name.lower(), name.upper()})]
        for text in texts:
            people.look(text)
        if any(each in text.lower() for each in wanted for text in texts) or name in people.known():
            found.append(at)
    return found


def _is_json(name: str) -> bool:
    return name.endswith((".json", ".har"))


KNOWN_FROM: dict[str, Callable[[str], Exchange]] = {
    "an ID token": lambda name: answered(
        json.dumps({"id_token": token_of(preferred_username=name)}), TOKEN_HEADERS
    ),
    "an access token": lambda name: answered(
        json.dumps({"access_token": token_of(upn=name)}), TOKEN_HEADERS
    ),
    "an ID token with a short signature": lambda name: answered(
        json.dumps({"id_token": jwt({"alg": "none"}, {"unique_name": name}, "abc")}), TOKEN_HEADERS
    ),
    "an Authorization header": lambda name: answered(
        "{}", TOKEN_HEADERS, headers=(("Authorization", f"Bearer {token_of(email=name)}"),)
    ),
    "client_info": lambda name: answered(
        json.dumps({"client_info": packed(uid=name, utid="x")}), TOKEN_HEADERS
    ),
    "userinfo": lambda name: answered(json.dumps({"sub": "s", "email": name}), TOKEN_HEADERS),
    "Microsoft Graph": lambda name: answered(
        json.dumps({"userPrincipalName": name}), TOKEN_HEADERS
    ),
    "a fragment": lambda name: at_url(f"http://localhost/#id_token={token_of(sub=name)}&state=s"),
    "a query": lambda name: at_url(f"http://localhost/?id_token={token_of(name=name)}&state=s"),
    "login_hint": lambda name: at_url(f"{SERVER}/authorize?login_hint={quote(name, safe='')}"),
    "a form": lambda name: answered(
        "{}",
        TOKEN_HEADERS,
        method="POST",
        headers=FORM_HEADERS,
        body=f"id_token={token_of(upn=name)}&state=x".encode(),
    ),
    "the name in a form": lambda name: answered(
        "{}",
        TOKEN_HEADERS,
        method="POST",
        headers=FORM_HEADERS,
        body=f"username={quote(name, safe='')}".encode(),
    ),
    "a script of a page": lambda name: answered(
        f'<!doctype html><script>$Config={{"upn":{json.dumps(name)}}}</script>', HTML_HEADERS
    ),
    "a proxy's header with packed claims": lambda name: answered(
        "{}",
        TOKEN_HEADERS,
        headers=(
            ("X-MS-Client-Principal", packed(claims=[{"typ": "preferred_username", "val": name}])),
        ),
    ),
    "a token whose signature is gone": lambda name: answered(
        json.dumps({"id_token": jwt({"alg": "RS256"}, {"upn": name}, "sig~0123456789~~~~~~")}),
        TOKEN_HEADERS,
    ),
}

STANDS_IN: dict[str, Callable[[str], Exchange]] = {
    "a page": lambda name: page_with(f"Signed in as {html.escape(name)}"),
    "a page with references": lambda name: page_with(
        name.replace("@", "&#64;").replace(".", "&#x2e;")
    ),
    "a page in capitals": lambda name: page_with(name.upper()),
    "an attribute": lambda name: answered(
        f'<!doctype html><body><p title="{name}" data-x="{name}">x</p>', HTML_HEADERS
    ),
    "a path": lambda name: at_url(f"https://graph.example/v1.0/users/{quote(name, safe='')}/x"),
    "a query twice encoded": lambda name: at_url(
        f"https://a.example/?redirect_uri={quote('https://b.example/?u=' + quote(name), safe='')}"
    ),
    "words of an error": lambda name: answered(
        json.dumps({"error": "x", "error_description": f"The account {name} is not there."}),
        TOKEN_HEADERS,
    ),
    "JSON escapes": lambda name: answered(
        '{"error_description": "for ' + name.replace("@", "\\u0040") + '"}', TOKEN_HEADERS
    ),
    "a token's claim": lambda name: answered(
        json.dumps({"id_token": token_of(scp=f"for {name}")}), TOKEN_HEADERS
    ),
    "a header": lambda name: answered(
        "{}", TOKEN_HEADERS, headers=(("Accept-Language", f"en, {name}"),)
    ),
    "base64 in words": lambda name: answered(
        json.dumps({"error_description": base64.b64encode(name.encode()).decode()}), TOKEN_HEADERS
    ),
}


@pytest.mark.parametrize("source", KNOWN_FROM)
def test_a_name_is_known_from_wherever_it_stands(source: str) -> None:
    files = written(page_with(f"Signed in as {NAME}"), KNOWN_FROM[source](NAME))
    assert left_in(files, NAME) == []
    assert b"Signed in as" in files["001.x.response.bin"]


@pytest.mark.parametrize("place", STANDS_IN)
def test_a_known_name_stands_nowhere(place: str) -> None:
    files = written(STANDS_IN[place](NAME), KNOWN_FROM["an ID token"](NAME))
    assert left_in(files, NAME) == []


LOCAL = st.text(st.sampled_from("abcdXYZ019._-+'üß"), min_size=1, max_size=12)
NAMES = st.builds(
    lambda local, domain: f"{local}@{domain}",
    LOCAL.map(lambda text: f"q{text}"),
    st.sampled_from(
        ["contoso-practice.example", "ab.de", "Fabrikam.onmicrosoft.com", "x.y.museum"]
    ),
) | st.sampled_from(["Zoë Ångström", "Max Muster", "Brunhilde", "D'Arcy Núñez", "山田太郎様の名前"])


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(NAMES, st.sampled_from([*KNOWN_FROM]), st.sampled_from(["", "upper", "lower", "&", "%"]))
def test_no_form_of_a_name_is_left_in_any_file(name: str, source: str, form: str) -> None:
    shown = {
        "": html.escape(name),
        "upper": html.escape(name.upper()) if "ß" not in name else html.escape(name),
        "lower": html.escape(name.lower()),
        "&": "".join(f"&#{ord(each)};" for each in name),
        "%": quote(name, safe=""),
    }[form]
    files = written(page_with(f"Signed in as {shown}, again"), KNOWN_FROM[source](name))
    assert left_in(files, name) == []


@settings(max_examples=30, deadline=None)
@given(NAMES)
def test_taking_names_out_twice_is_taking_them_out_once(name: str) -> None:
    recording = Recording((page_with(name), KNOWN_FROM["an ID token"](name)))
    once, _ = redact_har(as_har(recording), Level.PII)
    twice, _ = redact_har(json.loads(once), Level.PII)
    assert json.loads(twice) == json.loads(once)


@pytest.mark.parametrize("place", STANDS_IN)
def test_a_file_without_secrets_loses_its_names_later_too(place: str) -> None:
    recording = Recording((STANDS_IN[place](NAME), KNOWN_FROM["an ID token"](NAME)))
    without_secrets, _ = redact_har(as_har(recording), Level.SECRETS)
    clean, _ = redact_har(json.loads(without_secrets), Level.PII)
    assert left_in({"clean.har": clean}, NAME) == []
    again, _ = redact_har(json.loads(clean), Level.PII)
    assert json.loads(again) == json.loads(clean)


# ---- what is nobody's name -------------------------------------------------------------

ORDINARY: dict[str, tuple[dict[str, object], str]] = {
    "two letters": ({"given_name": "Al"}, "Also, Al is all."),
    "a tenant of everybody's": ({"tid": "common"}, "a common mistake"),
    "a word of OAuth's": ({"family_name": "Grant"}, "The Grant of this code"),
    "a month": ({"given_name": "Jan"}, "Mon, 30 Jan 2026"),
    "yes": ({"in_corp": "true"}, "true"),
    "the tenant of personal accounts": (
        {"tid": "9188040d-6c67-4c5b-b112-36a304b66dad"},
        "at 9188040d-6c67-4c5b-b112-36a304b66dad",
    ),
    "Microsoft Graph": (
        {"oid": "00000003-0000-0000-c000-000000000000"},
        "for 00000003-0000-0000-c000-000000000000",
    ),
    "an app that asks as itself": ({"sub": TENANT, "azp": TENANT}, f"the app {TENANT}"),
    "what stands for a tenant": ({"tid": "{tenantid}"}, "for {tenantid} here"),
    "the practice tenant": ({"family_name": "Practice"}, "at the practice tenant"),
    "this machine": ({"ipaddr": "127.0.0.1"}, "at 127.0.0.1"),
    "a part of a longer word": ({"given_name": "Anna"}, "Annabel and annals and de-Anna-x"),
    "a word in small letters": ({"family_name": "Will"}, "it will be"),
    "the host that was asked": ({"domain_hint": "login.example"}, "at login.example"),
    "no word of a person's": ({"name": ["x"], "sub": 7}, "x and 7"),
}


@pytest.mark.parametrize("name", ORDINARY)
def test_an_ordinary_word_stays_where_it_stands(name: str) -> None:
    claims, words = ORDINARY[name]
    answer = json.dumps({"id_token": token_of(**claims)})
    files = written(page_with(words), answered(answer, TOKEN_HEADERS))
    assert words.encode() in files["001.x.response.bin"]
    assert words in files["clean.har"].decode()


@pytest.mark.parametrize(
    ("claims", "words", "left"),
    [
        ({"given_name": "Alice"}, "Hello Alice, alice, ALICE!", "Hello ~pii~, ~pii~, ~pii~!"),
        ({"given_name": "Bob"}, "Bob and bob", "~pii~ and bob"),
        ({"tid": TENANT}, f"in {TENANT.upper()}", "in pii~"),
        ({"groups": [TENANT]}, f"in {TENANT}", "in pii~"),
        ({"address": {"street_address": "Ringstr. 5a"}}, "at Ringstr. 5a", "at ~pii~"),
    ],
)
def test_a_short_name_goes_as_a_word_of_its_own(
    claims: dict[str, object], words: str, left: str
) -> None:
    answer = json.dumps({"id_token": token_of(**claims)})
    files = written(page_with(words), answered(answer, TOKEN_HEADERS))
    assert left.encode() in files["001.x.response.bin"]
    assert left in files["clean.har"].decode()


@given(st.text(max_size=40))
def test_a_text_without_regard_to_case_keeps_its_places(text: str) -> None:
    as_bytes = as_bytes_text(text)
    assert len(folded(as_bytes)) == len(as_bytes)
    assert folded(folded(as_bytes)) == folded(as_bytes)


def test_each_place_of_a_name_is_told() -> None:
    table = KnownNames(["Ada Muster", "ada@contoso.example"])
    text = "ADA+MUSTER; x.ada@contoso.example, Ada Musters"
    assert sorted(table.find(text)) == [(0, 10), (14, 33)]


def test_what_claims_details_and_facts_say_is_without_names_too() -> None:
    recording = Recording((KNOWN_FROM["an ID token"](NAME),))
    facts = {"settings": [{"name": "login_hint", "value": NAME}], "other": "as it was"}
    evidence = evidence_of(recording, level=Level.PII, created_at=1.0, facts=facts)
    assert evidence.facts["other"] == "as it was"
    assert left_in(files_of(evidence), NAME) == []


def test_the_name_of_a_thing_is_nobodys() -> None:
    things = json.dumps({"things": [{"name": "some-custom-name", "value": "1"}], "scope": "x"})
    files = written(page_with("a some-custom-name here"), answered(things, TOKEN_HEADERS))
    assert b"a some-custom-name here" in files["001.x.response.bin"]
    assert b'{"name": "some-custom-name"' in files["002.x.response.bin"]


@pytest.mark.parametrize(
    ("words", "left"),
    [
        ("<code>bob@contoso-practice.example</code>,", False),
        ("mailto:Mallory.O-Neil+x@sub.contoso.co.uk.", False),
        ("bob%40contoso.example", False),
        ("bob&#64;contoso.example", False),
        ("/shared/logo@2x.png", True),
        ("@2.1.0 and a@b", True),
        ("npm i oidc-provider@9.1.0", True),
    ],
)
def test_what_has_the_form_of_a_mail_address_is_a_name(words: str, left: bool) -> None:
    page = written(page_with(words))
    assert (words.encode() in page["001.x.response.bin"]) is left
    assert (words in page["clean.har"].decode()) is left


def test_with_secrets_alone_taken_out_names_stay() -> None:
    recording = Recording((page_with(NAME), KNOWN_FROM["an ID token"](NAME)))
    evidence = evidence_of(recording, level=Level.SECRETS, created_at=1.0)
    assert NAME.encode() in finished_files(evidence, recording)["001.x.response.bin"]
