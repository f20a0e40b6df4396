"""The fixture gives a tenant that is up, and takes it down."""

from __future__ import annotations

from functools import partial

from entra_oauth.practice.browser.transport import http_send
from entra_oauth.practice.browser.user_agent import PracticeBrowser
from entra_oauth.practice.pytest_plugin import practice_tenant  # noqa: F401 - a fixture
from entra_oauth.practice.tenant import PracticeTenant
from kit.practice import ALICE, PASSWORD


def test_the_fixture_signs_somebody_in(
    practice_tenant: PracticeTenant,  # noqa: F811 - the fixture of that name
) -> None:
    send = partial(http_send, ca_file=practice_tenant.ca)
    url = (
        f"{practice_tenant.authority}/oauth2/v2.0/authorize?response_type=code&scope=openid"
        "&client_id=12a34b56-789c-0d12-e3fa-b456789c0123&redirect_uri=http://localhost:9"
    )
    page = PracticeBrowser(send, ALICE, "wrong" + PASSWORD).open(url)
    assert "AADSTS50126" in page.text
    assert len(practice_tenant.log) == 2
