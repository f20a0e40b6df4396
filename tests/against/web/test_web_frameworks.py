"""What signs people in to other people's sites: django-allauth, httpx-oauth, O365, adal; all
unmodified, in a Python of their own.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from entra_oauth.practice.directory.defaults import read_directory
from entra_oauth.practice.directory.model import ARTICLE_CLIENT_ID, ARTICLE_TENANT_ID
from kit import needs
from kit.foreign.programs import SECRET, WEB, Cloud, cloud
from kit.practice import ALICE

pytestmark = [pytest.mark.against, needs.posix]

SITES = """
[[apps]]
client_id = "5eb00000-0000-4000-8000-000000000002"
name = "Practice web app"
secret = "practice-secret"
redirects = [
  { uri = "http://localhost/web", platform = "web" },
  { uri = "http://localhost/accounts/microsoft/login/callback/", platform = "web" },
]

[[apps]]
client_id = "12a34b56-789c-0d12-e3fa-b456789c0123"
name = "Practice native app"
public_flows = true
"""
SITE = (ARTICLE_TENANT_ID, WEB, SECRET)
RESOURCE = "https://graph.microsoft.com/"
NAMES = {
    "use_allauth.py": ("django-allauth", SITE),
    "use_httpx_oauth.py": ("httpx-oauth", (*SITE, "/web")),
    "use_o365.py": ("O365", (*SITE, "/web")),
    "use_adal.py": ("adal", (ARTICLE_TENANT_ID, ARTICLE_CLIENT_ID, RESOURCE, sys.executable)),
}
CLIENTS = [
    pytest.param(script, marks=needs.own_python(name), id=name)
    for script, (name, _) in NAMES.items()
]


@pytest.fixture
def clouds() -> Iterator[Cloud]:
    with cloud(read_directory(SITES, admin_consent=True)) as made:
        yield made


@pytest.mark.parametrize("script", CLIENTS)
def test_alice_signs_in(script: str, clouds: Cloud) -> None:
    answer = clouds.foreign_python(script, *NAMES[script][1]).answer()
    assert answer["access_token"].count(".") == 2
    assert answer["username"] == ALICE
    assert answer.get("oid", clouds.tenant.person("alice").oid) == clouds.tenant.person("alice").oid
    assert answer.get("fresh", True) is True


@needs.own_python("adal")
def test_adals_device_code_is_one_of_version_1(clouds: Cloud) -> None:
    clouds.foreign_python("use_adal.py", *NAMES["use_adal.py"][1]).answer()
    assert clouds.asked("/oauth2/devicecode") == 1
    assert clouds.asked("/oauth2/token") == 2


@pytest.mark.parametrize(
    ("script", "fault", "said"),
    [
        pytest.param(script, fault, said, marks=needs.own_python(NAMES[script][0]))
        for script, fault, said in (
            ("use_allauth.py", "csrf-state", "not signed in: "),
            ("use_allauth.py", "stolen-code", "not signed in: "),
            ("use_httpx_oauth.py", "csrf-state", "AssertionError"),
            ("use_httpx_oauth.py", "token aadsts=7000215", "401 Unauthorized"),
            ("use_o365.py", "csrf-state", "state mismatch"),
            ("use_o365.py", "wrong-nonce", "nonce"),
            ("use_adal.py", "token aadsts=70020", "expired_token"),
            ("use_adal.py", "devicecode unset=verification_url", "KeyError"),
        )
    ],
)
def test_nobody_is_signed_in_by_a_tenant_that_misbehaves(
    script: str, fault: str, said: str, clouds: Cloud
) -> None:
    clouds.tenant.faults.add(fault)
    ended = clouds.foreign_python(script, *NAMES[script][1])
    assert ended.code == 1
    assert said in ended.err
    assert "access_token" not in ended.out
