"""A directory from a file: what it may say, and what is refused by name."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entra_oauth.errors import UsageError
from entra_oauth.practice.directory.defaults import DEFAULT, read_directory
from entra_oauth.practice.directory.model import (
    ARTICLE_TENANT_ID,
    AccountStatus,
    Consent,
    Directory,
    FederatedCredential,
    Platform,
    Preauthorized,
    Redirect,
    RegisteredApp,
    Resource,
    Tenant,
    User,
)
from entra_oauth.practice.directory.subscriptions import Subscription
from entra_oauth.practice.directory.workloads import (
    FederationPolicy,
    IssuerKind,
    ManagedIdentity,
    OutsideIssuer,
)
from entra_oauth.practice.tenant import PracticeTenant
from kit.practice import BASE, NOON, Kit, body_of, changed

DOCS = Path(__file__).parents[3] / "docs" / "practice.md"
TENANT = """
[[tenants]]
id = "fab00000-0000-4000-8000-000000000001"
domain = "fabrikam.example"
name = "Fabrikam"
"""
APP = """
[[apps]]
client_id = "0fab0000-0000-4000-8000-000000000009"
name = "Own"
"""
ISSUER = """
[[issuers]]
kind = "github"
url = "https://builds.example"
subject = "repo:me/mine"
"""
ENTRAS = f"login.microsoftonline.com/{ARTICLE_TENANT_ID}/v2.0"
POLICY = """
[[federation_policies]]
issuer = "https://builds.example"
"""
OF_APP = f"{POLICY}client_id = 'da3e0000-0000-4000-8000-000000000005'\nsubject = 'x'\n"
MANAGED = "managed = 'system'\n"


def _example() -> str:
    found = re.search(r"```toml\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    assert found
    return found[1]


def test_the_documented_example_is_read_and_people_can_sign_in_to_it() -> None:
    book = read_directory(_example())
    tenant = PracticeTenant(directory=book, clock=lambda: NOON)
    app, user = book.apps[0], book.users[0]
    kit = Kit(tenant, user=user.name, password=user.password)
    query = {
        "client_id": app.client_id,
        "response_type": "code",
        "redirect_uri": app.redirects[0].uri,
        "scope": f"{book.resources[0].id}/.default",
    }
    url = f"{BASE}/{book.tenants[0].domain}/oauth2/v2.0/authorize?{changed({}, query)}"
    assert "code=" in kit.browser.open(url).url


def test_the_documented_example_shows_every_key_there_is() -> None:
    example = _example()
    kinds = (Tenant, User, RegisteredApp, Redirect, Preauthorized, FederatedCredential)
    for kind in (*kinds, Resource, Subscription, Consent, OutsideIssuer, FederationPolicy):
        for each in fields(kind):
            shown = rf"^(# )?{each.name} = |^\[\[apps\.{each.name}\]\]"
            assert re.search(shown, example, re.MULTILINE), each.name
    for choice in (*Platform, *AccountStatus, *ManagedIdentity, *IssuerKind):
        assert f'"{choice}"' in example


def test_an_empty_file_is_the_default_directory() -> None:
    assert read_directory("") == DEFAULT


def test_a_table_that_is_left_out_is_the_defaults_in_the_files_own_tenant() -> None:
    book = read_directory(TENANT + APP)
    assert [app.name for app in book.apps] == ["Own"]
    assert book.resources == DEFAULT.resources
    assert {user.tenant_id for user in book.users} == {book.tenants[0].id}
    assert book.apps[0].tenant_id == book.tenants[0].id


def test_a_person_needs_no_more_than_a_name() -> None:
    book = read_directory('[[users]]\nname = "zoe@contoso-practice.example"')
    again = read_directory('[[users]]\nname = "zoe@contoso-practice.example"')
    (zoe,) = book.users
    assert (zoe.display_name, zoe.password) == ("Zoe", "practice")
    assert zoe == again.users[0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x", "is not TOML"),
        ("a = 1\na = 2", "is not TOML"),
        ("people = 1", "unknown table, people"),
        ("[[user]]", "unknown table, user"),
        ("[users]\nname = 'x'", r"must write users as \[\[users\]\]"),
        ("users = [1]", r"must write users as \[\[users\]\]"),
        ("users = 'x'", r"must write users as \[\[users\]\]"),
        (APP + "nickname = 'x'", "unknown key in apps, number 1: nickname"),
        (APP + APP.replace("009", "010") + "a = 1", "unknown key in apps, number 2: a"),
        ('[[apps]]\nname = "x"', "lacks client_id in apps, number 1"),
        (TENANT + "user_consent = 'no'", "must give true or false as user_consent"),
        (APP + "secret = 5", "must give a text of one line as secret"),
        (APP + 'secret = "a\\nb"', "must give a text of one line as secret"),
        (APP + "public_flows = 1", "must give true or false as public_flows"),
        (APP + "certificates = 'x'", "must give a list of texts as certificates"),
        (APP + "certificates = ['x']", "PEM certificate"),
        (APP + "redirects = ['http://localhost']", "must give a list of tables as redirects"),
        (APP + "redirects = [{url = 'x'}]", "redirects in apps, number 1, number 1: url"),
        (APP + "redirects = [{}]", "lacks uri in redirects"),
        (
            APP + "redirects = [{uri = 'x', platform = 'phone'}]",
            "must give one of native, web, spa as platform",
        ),
        ("[[users]]\nname = 'a@b'\naccount = 'gone'", "must give one of active, disabled"),
        ("[[users]]\nname = 'A@b'", "not in lower case"),
        ("[[users]]\nname = 5", "must give a text of one line as name"),
        ("[[users]]\n", "lacks name in users"),
        ("[[subscriptions]]\nid = 'x'\nname = 'y'\nstate = 'Gone'", "must give one of Enabled"),
        ("[[subscriptions]]\nid = 'x'\nname = 'y'\ntenant_id = 'z'", "unknown tenant"),
        ("[[subscriptions]]\nid = 'X'\nname = 'y'", "not in lower case: id in subscriptions"),
        ("[[users]]\nname = 'a@b'\ntenant_id = 'x'", "unknown tenant"),
        ("[[resources]]\nid = 'x'\nname = 'y'\nversion = 3", "version other than 1 or 2"),
        ("[[resources]]\nid = 'x'\nname = 'y'\nversion = true", "must give a whole number"),
        ("[[consents]]\nclient_id = 'x'\nresource_id = 'y'", "has a consent"),
        (ISSUER + "name = 'x'", "unknown key in issuers, number 1: name"),
        (ISSUER.replace("github", "hub"), "one of github, azure-devops, kubernetes as kind"),
        (ISSUER.replace("https", "http"), "address is not https, http://builds.example"),
        (ISSUER.replace("builds.example", ENTRAS), "gives an issuer the address of Entra's own"),
        (ISSUER + ISSUER, "has the issuer https://builds.example twice"),
        (POLICY, "not in issuers, https://builds.example"),
        (ISSUER + POLICY + "subject = 'x'", "one of subject and client_id"),
        (ISSUER + POLICY + "client_id = 'x'", "one of subject and client_id"),
        (ISSUER + POLICY + "client_id = 'x'\nsubject = 'y'", "not in apps, x"),
        (ISSUER + POLICY + "audiences = 'x'", "must give a list of texts as audiences"),
        (ISSUER + OF_APP * 21, "more than 20 federation_policies"),
        (APP + "managed = 'x'", "must give one of none, system, user as managed"),
        (APP + MANAGED + APP.replace("009", "010") + MANAGED, "more than one app with managed"),
        ("\x1b = 1", "is not TOML"),
        ("'\x7f\u202e' = 1", "is not TOML|<"),
        ("a = " + "[" * 5_000, "is not TOML"),
    ],
)
def test_a_file_is_refused_by_name(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        read_directory(text)
    assert str(caught.value).replace("\n", "").isprintable()


def test_a_certificates_key_must_be_rsa() -> None:
    from datetime import UTC, datetime

    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import Encoding
    from cryptography.x509.oid import NameOID

    key = generate_private_key(SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")])
    pem = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2040, 1, 1, tzinfo=UTC))
        .sign(key, SHA256())
        .public_bytes(Encoding.PEM)
        .decode()
    )
    with pytest.raises(UsageError, match="RSA key"):
        read_directory(f"{APP}certificates = ['''{pem}''']")


@given(st.text(max_size=60))
def test_no_text_breaks_it(text: str) -> None:
    try:
        book = read_directory(text)
    except UsageError:
        return
    assert book == DEFAULT


_VALUES = st.one_of(st.booleans(), st.integers(0, 3), st.sampled_from(['"x"', "[]", "[1]", "{}"]))


@given(
    table=st.sampled_from(["tenants", "users", "apps", "resources", "consents"]),
    keys=st.dictionaries(
        st.sampled_from(
            [
                f.name
                for kind in (Tenant, User, RegisteredApp, Resource, Consent)
                for f in fields(kind)
            ]
        ),
        _VALUES,
        max_size=6,
    ),
)
def test_no_table_breaks_it(table: str, keys: dict[str, object]) -> None:
    lines = "\n".join(
        f"{name} = {str(value).lower() if isinstance(value, bool) else value}"
        for name, value in keys.items()
    )
    try:
        book = read_directory(f"[[{table}]]\n{lines}")
    except UsageError:
        return
    assert isinstance(book, Directory)


def test_a_served_tenant_can_have_a_directory_of_its_own() -> None:
    book = read_directory(TENANT)
    tenant = PracticeTenant(directory=book, clock=lambda: NOON)
    path = "fabrikam.example/v2.0/.well-known/openid-configuration"
    issuer = body_of(Kit(tenant).get(f"{BASE}/{path}"))["issuer"]
    assert issuer == f"{BASE}/{book.tenants[0].id}/v2.0"
