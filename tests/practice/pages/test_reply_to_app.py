"""The reply to the app is rendered last, so that a fault can change any part of it."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import permutations

import pytest

from entra_oauth.practice.directory.defaults import DEFAULT
from entra_oauth.practice.directory.model import ARTICLE_CLIENT_ID, Redirect
from entra_oauth.practice.tenant import PracticeTenant
from entra_oauth.protocol.messages import HttpResponse
from kit.practice import NOON, Kit, authorize_url

OWN_QUERY = "http://localhost/back?from=entra&to=<app>"
WORDS = ("header=X-Fault:on", "mode=fragment", "set=state:other")


def _kit(*faults: str, redirect_uri: str = "http://localhost") -> Kit:
    directory = DEFAULT.with_admin_consent()
    apps = tuple(
        replace(app, redirects=(*app.redirects, Redirect(redirect_uri)))
        if app.client_id == ARTICLE_CLIENT_ID
        else app
        for app in directory.apps
    )
    kit = Kit(PracticeTenant(directory=replace(directory, apps=apps), clock=lambda: NOON))
    kit.open()  # from now on there is a session
    for fault in faults:
        kit.tenant.faults.add(fault)
    return kit


def _answer(kit: Kit, changes: dict[str, str | None] | None = None) -> HttpResponse:
    """The tenant's last answer when a person with a session signs in once more."""
    kit.browser.open(authorize_url(changes))
    return kit.tenant.log[-1][1]


@pytest.mark.parametrize("words", list(permutations(WORDS)))
def test_the_words_of_a_fault_may_stand_in_any_order(words: tuple[str, ...]) -> None:
    answer = _answer(_kit(f"redirect {' '.join(words)}"))
    assert answer.header("X-Fault") == "on"
    assert (answer.header("Location") or "").startswith("http://localhost/#code=")
    assert (answer.header("Location") or "").endswith("&state=other")


@pytest.mark.parametrize("rules", list(permutations(WORDS)))
def test_several_faults_may_meet_in_any_order(rules: tuple[str, ...]) -> None:
    answer = _answer(_kit(*(f"redirect {rule}" for rule in rules)))
    assert answer.header("X-Fault") == "on"
    assert (answer.header("Location") or "").startswith("http://localhost/#code=")
    assert (answer.header("Location") or "").endswith("&state=other")


@pytest.mark.parametrize("fault", ["set=state:other", "aadsts=65004", "code=stolen"])
def test_a_query_of_the_redirect_uris_own_stays_whatever_the_fault(fault: str) -> None:
    answer = _answer(_kit(f"redirect {fault}", redirect_uri=OWN_QUERY), {"redirect_uri": OWN_QUERY})
    assert (answer.header("Location") or "").startswith(f"{OWN_QUERY}&")


def test_what_comes_from_outside_is_text_in_the_form_that_sends_itself() -> None:
    kit = _kit(redirect_uri=OWN_QUERY)
    state = "\"><script>alert('1')</script>&amp;"
    answer = _answer(kit, {"redirect_uri": OWN_QUERY, "response_mode": "form_post", "state": state})
    page = answer.body.decode()
    assert 'action="http://localhost/back?from=entra&amp;to=&lt;app&gt;"' in page
    assert (
        'name="state" value="&quot;&gt;&lt;script&gt;alert(&#x27;1&#x27;)&lt;/script&gt;&amp;amp;"'
        in page
    )
    assert len(re.findall("<script", page)) == 1


def test_a_cut_body_was_promised_whole() -> None:
    whole = _answer(_kit(), {"response_mode": "form_post"})
    cut = _answer(_kit("redirect truncate=100"), {"response_mode": "form_post"})
    assert len(cut.body) == 100
    assert int(cut.header("Content-Length") or 0) > 1000
    assert cut.body == whole.body[:100]
