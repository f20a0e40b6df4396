"""The rules of every page: one file, no script, escaped, labelled."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest

from entra_oauth.practice.directory.model import ARTICLE_CLIENT_ID, ARTICLE_TENANT_ID
from entra_oauth.practice.pages.page_style import CSS
from entra_oauth.protocol.messages import HttpResponse
from kit.practice import BASE, BOB, CAROL, TRENT, Kit, authorize_url, body_of


def _all_pages() -> dict[str, HttpResponse]:
    kit = Kit(password="wrong")
    kit.open({"login_hint": "<b>"})
    wrong = kit.tenant.log[-1][1]
    kit.browser = Kit(kit.tenant).browser
    kit.open({"response_mode": "form_post", "scope": "User.Read openid offline_access"})
    shown = {_title(response): response for _, response in kit.tenant.log}
    kit.browser.user = BOB
    kit.open({"prompt": "select_account"})
    shown = {_title(response): response for _, response in kit.tenant.log} | shown
    shown["wrong password"] = wrong
    shown = _more_pages() | shown
    for name, path in (
        ("start", "/"),
        ("fidelity", "/fidelity"),
        ("lookup", "/error?code=50011"),
        ("no such number", "/error?code=1"),
        ("not found", "/nowhere"),
        ("signed out", "/common/oauth2/v2.0/logout"),
        ("error", "/common/oauth2/v2.0/authorize?client_id=%3Cscript%3E"),
    ):
        shown[name] = kit.get(f"{BASE}{path}")
    return {name: r for name, r in shown.items() if name}


def _more_pages() -> dict[str, HttpResponse]:
    """Of the second step, administrators, and devices."""
    kit = Kit(user=CAROL, approves=False)
    kit.open()
    kit.user, kit.approves = CAROL, True
    kit.as_user(CAROL).open(authorize_url({"scope": "Directory.Read.All"}))
    url = f"{BASE}/{ARTICLE_TENANT_ID}/adminconsent"
    query = f"?client_id={ARTICLE_CLIENT_ID}&redirect_uri=http://localhost"
    for user, consents in ((CAROL, True), (BOB, False)):
        kit.consents = consents
        form = f"client_id={ARTICLE_CLIENT_ID}&scope=User.Read openid"
        shown = body_of(kit.post(f"{BASE}/common/oauth2/v2.0/devicecode", form))
        kit.as_user(user, user_code=shown["user_code"]).open(f"{BASE}/devicelogin")
    kit.consents = True
    kit.as_user(TRENT).open(f"{url}{query}")
    pages: dict[str, HttpResponse] = {}
    for _, response in kit.tenant.log:
        name = _title(response)
        if "The request was denied" in response.body.decode():
            name = "Second step denied"
        if "for everybody of your organisation" in response.body.decode():
            name = "Permissions for everybody"
        pages.setdefault(name, response)
    pages["wrong code"] = kit.post(f"{BASE}/common/oauth2/deviceauth", "otc=<b>")
    return pages


def _title(response: HttpResponse) -> str:
    found = re.search(rb"<h1>([^<]+)</h1>", response.body)
    return found[1].decode() if found else ""


PAGES = _all_pages()


def test_every_kind_of_page_is_looked_at() -> None:
    assert {
        "Sign in",
        "Pick an account",
        "Permissions requested",
        "Back to the app",
        "This sign-in cannot go on",
        "Approve the sign-in request",
        "Need admin approval",
        "Enter code",
        "Are you trying to sign in to Practice native app?",
        "You are signed in",
        "Nothing was granted",
    } <= {_title(r) for r in PAGES.values()}
    assert {"Second step denied", "Permissions for everybody", "wrong code"} <= set(PAGES)
    assert len(PAGES) >= 20


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.labels: set[str | None] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "label":
            self.labels.add(dict(attrs).get("for"))


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_one_file_with_language_title_and_one_heading(name: str) -> None:
    text = PAGES[name].body.decode()
    reader = _Reader()
    reader.feed(text)
    tags = [tag for tag, _ in reader.tags]
    assert text.startswith('<!doctype html>\n<html lang="en">')
    assert tags.count("h1") == 1
    assert tags.count("title") == 1
    assert "PRACTICE" in text
    assert {"img", "link", "iframe", "object"}.isdisjoint(tags)
    for tag, attrs in reader.tags:
        assert not any(a.startswith("on") or a in ("style", "src") for a in attrs), (tag, attrs)
        if tag == "input" and attrs.get("type") != "hidden":
            assert attrs["id"] in reader.labels
    assert tags.count("script") == (1 if name == "Back to the app" else 0)


@pytest.mark.parametrize("name", PAGES)
def test_the_policy_allows_the_style_by_its_hash_and_little_else(name: str) -> None:
    response = PAGES[name]
    text = response.body.decode()
    policy = response.header("Content-Security-Policy") or ""
    rules = dict(rule.strip().partition(" ")[::2] for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["base-uri"] == rules["frame-ancestors"] == "'none'"
    for element, rule in (("style", "style-src"), ("script", "script-src")):
        found = re.findall(rf"<{element}>(.*?)</{element}>", text, re.DOTALL)
        hashes = [
            f"'sha256-{base64.b64encode(hashlib.sha256(f.encode()).digest()).decode()}'"
            for f in found
        ]
        assert rules.get(rule, "") == " ".join(hashes)
    assert response.header("Cache-Control") == "no-store, no-cache"
    assert response.header("X-Frame-Options") == "DENY"


@pytest.mark.parametrize(
    "name",
    [
        "Sign in",
        "Permissions requested",
        "Permissions for everybody",
        "Back to the app",
        "Approve the sign-in request",
        "Need admin approval",
    ],
)
def test_a_form_may_end_at_the_redirect_uri(name: str) -> None:
    policy = PAGES[name].header("Content-Security-Policy") or ""
    assert "form-action 'self' http://localhost;" in policy


@pytest.mark.parametrize("name", ["error", "start", "fidelity", "not found", "Enter code"])
def test_other_pages_send_forms_nowhere_else(name: str) -> None:
    assert "form-action 'self';" in (PAGES[name].header("Content-Security-Policy") or "")


def test_what_came_from_outside_is_shown_as_text() -> None:
    assert b"&lt;script&gt;" in PAGES["error"].body
    assert b"<script>" not in PAGES["error"].body
    marks = '"><script>alert(1)</script>'
    changes = {"state": marks, "nonce": marks, "login_hint": marks, marks: marks}
    text = Kit().get(authorize_url(changes)).body.decode()
    assert "<script" not in text
    assert text.count("&quot;&gt;&lt;script&gt;") >= 5


def test_the_sign_in_page_explains_each_parameter_that_was_sent() -> None:
    text = Kit().get(authorize_url({"flavour": "x", "state": "s" * 200})).body.decode()
    for name in ("client_id", "response_type", "redirect_uri", "scope", "state", "flavour"):
        assert f"<dt><code>{name}</code></dt>" in text
    assert "ignored" in text
    assert "s" * 64 + "…" in text
    assert "s" * 65 not in text


def test_the_consent_page_says_who_asks_for_what_and_where_it_goes() -> None:
    text = PAGES["Permissions requested"].body.decode()
    for words in (
        "alice@contoso-practice.example",
        "Practice native app",
        "use <b>Microsoft Graph</b> as you (<code>User.Read</code>)",
        "sign you in and read your name",
        "keep that access when you are not there",
        "<code>http://localhost</code>",
    ):
        assert words in text


def test_the_form_post_page_can_be_sent_without_script() -> None:
    text = PAGES["Back to the app"].body.decode()
    assert '<form method="post" action="http://localhost"' in text
    assert '<button class="main">Continue</button>' in text


def test_the_pages_of_a_device_warn_and_say_what_goes_where() -> None:
    assert "whoever sent you a code" in PAGES["Enter code"].body.decode()
    consent = PAGES["wrong code"].body.decode()
    assert 'value="&lt;b&gt;"' in consent
    assert "AADSTS70018" in consent


def test_the_administrators_page_says_that_it_is_for_everybody() -> None:
    text = PAGES["Permissions for everybody"].body.decode()
    assert "as anybody of your organisation" in text
    assert "Directory.Read.All" in text


def test_the_sign_in_page_says_what_is_special_about_an_account() -> None:
    text = PAGES["Sign in"].body.decode()
    marks = ("second step", "account disabled", "password expired", "federated", "administrator")
    for words in marks:
        assert f"({words})" in text


def test_the_error_lookup_explains_a_number() -> None:
    text = PAGES["lookup"].body.decode()
    assert "AADSTS50011" in text
    assert "Register exactly this URI" in text
    assert "never gives this number" in PAGES["no such number"].body.decode()


def test_the_start_page_tells_all_that_a_client_needs() -> None:
    text = PAGES["start"].body.decode()
    for words in (
        f"{BASE}/a1bc2d34-5e67-8f89-01ab-c2345d6c78de",
        "12a34b56-789c-0d12-e3fa-b456789c0123",
        "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d/.default",
        "mallory@contoso-practice.example",
        "password practice",
        "password practice · second step",
        "secret practice-secret · certificate · trusts https://token.actions.practice.example",
        "1de27000-0000-4000-8000-000000000009 · managed identity (system)",
        "/devicelogin",
        f"{BASE}/api/2.0/clusters/list",
    ):
        assert words in text


def _luminance(colour: str) -> float:
    digits = colour.removeprefix("#")
    digits = "".join(d * 2 for d in digits) if len(digits) == 3 else digits
    parts = (int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4))
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("ink", "ground", "at_least"),
    [
        ("ink", "card", 7.0),
        ("soft", "card", 4.5),
        ("accent", "card", 4.5),
        ("on-accent", "accent", 4.5),
        ("soft", "bg", 3.0),
    ],
)
def test_text_can_be_read(scheme: int, ink: str, ground: str, at_least: float) -> None:
    colours = re.findall(r"--([a-z-]+):(#[0-9a-f]+)", CSS)
    assert len(colours) == 14
    these = dict(colours[7 * scheme : 7 * scheme + 7])
    light, dark = sorted((_luminance(these[ink]), _luminance(these[ground])), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= at_least
