"""msal, unmodified, signs in to the practice tenant as if it were Entra."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from entra_oauth.practice.directory.model import ARTICLE_CLIENT_ID, ARTICLE_TENANT_ID, DATABRICKS
from kit import needs
from kit.foreign.programs import DAEMON, SECRET, WEB, Cloud, cloud
from kit.practice import ALICE, PASSWORD

pytestmark = [pytest.mark.against, needs.posix, needs.python("msal", group="interop")]


@pytest.fixture
def clouds() -> Iterator[Cloud]:
    with cloud() as made:
        yield made


WAYS = {
    "interactive": (ARTICLE_CLIENT_ID, ()),
    "form_post": (ARTICLE_CLIENT_ID, ()),
    "web": (WEB, (SECRET,)),
    "password": (ARTICLE_CLIENT_ID, (ALICE, PASSWORD)),
    "device": (ARTICLE_CLIENT_ID, ()),
    "refresh": (ARTICLE_CLIENT_ID, ()),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_person_gets_a_token(way: str, clouds: Cloud) -> None:
    client, more = WAYS[way]
    answer = clouds.python("use_msal.py", way, client, ARTICLE_TENANT_ID, *more).answer()
    assert answer["token_type"] == "Bearer"
    assert answer["access_token"].count(".") == 2
    assert f"{DATABRICKS}/.default" in answer["scope"].split()
    assert answer["id_token_claims"]["preferred_username"] == ALICE
    assert answer["id_token_claims"]["tid"] == ARTICLE_TENANT_ID
    if way == "refresh":
        assert answer["cached"] is True
        assert answer["token_source"] == "identity_provider"
        assert clouds.asked("/token") == 2
    else:
        assert answer["refresh_token"]
        assert clouds.asked("/token") == 1


def test_an_app_gets_a_token_by_its_secret(clouds: Cloud) -> None:
    answer = clouds.python("use_msal.py", "secret", DAEMON, ARTICLE_TENANT_ID, SECRET).answer()
    assert answer["access_token"].count(".") == 2
    assert {"refresh_token", "id_token", "scope"}.isdisjoint(answer)


def test_an_app_gets_a_token_by_its_certificate(clouds: Cloud, tmp_path: Path) -> None:
    own = clouds.tenant.certificate_of(DAEMON)
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    key.write_text(own.private_key)
    certificate.write_text(own.certificate)
    arguments = ("certificate", DAEMON, ARTICLE_TENANT_ID, str(key), str(certificate))
    answer = clouds.python("use_msal.py", *arguments).answer()
    assert answer["access_token"].count(".") == 2


@pytest.mark.parametrize(
    ("way", "fault"),
    [
        ("interactive", "delivered-twice"),
        ("form_post", "delivered-twice"),
        ("interactive", "redirect first=/favicon.ico"),
    ],
)
def test_a_second_delivery_and_a_stray_visit_do_it_no_harm(
    way: str, fault: str, clouds: Cloud
) -> None:
    clouds.tenant.faults.add(fault)
    answer = clouds.python("use_msal.py", way, ARTICLE_CLIENT_ID, ARTICLE_TENANT_ID).answer()
    assert answer["token_type"] == "Bearer"
    assert clouds.asked("/token") == 1


# What the tenant does, by which way msal asks, and how msal ends.
MISBEHAVING = [
    ("csrf-state", "interactive", "BrowserInteractionTimeoutError"),
    ("csrf-state", "form_post", "state mismatch"),
    ("wrong-nonce", "interactive", "nonce"),
    ("wrong-nonce", "form_post", "nonce"),
    ("stolen-code", "interactive", "AADSTS501481"),
    ("mfa-required", "password", "AADSTS50076"),
    ("token aadsts=700082", "refresh", "AADSTS700082"),
    ("redirect aadsts=90094", "web", "AADSTS90094"),
    ("throttled", "device", "JSONDecodeError"),
    ("token truncate=200", "secret", "IncompleteRead"),
    ("reset", "secret", "Connection"),
    ("html-from-proxy", "password", "JSONDecodeError"),
    ("discovery status=503", "secret", "503"),
    ("connect status=503", "secret", "Tunnel connection failed: 503"),
    ("connect reset", "password", "Connection reset by peer"),
    ("userrealm status=500", "password", "500"),
    ("devicecode set=error:invalid_request unset=user_code", "device", "user_code"),
]


@pytest.mark.parametrize(("fault", "way", "said"), MISBEHAVING)
def test_it_gets_nothing_from_a_tenant_that_misbehaves(
    fault: str, way: str, said: str, clouds: Cloud
) -> None:
    clouds.tenant.faults.add(fault)
    client, more = WAYS.get(way, (DAEMON, (SECRET,)))
    ended = clouds.python("use_msal.py", way, client, ARTICLE_TENANT_ID, *more)
    assert '"access_token"' not in ended.out
    assert said in ended.out + ended.err
