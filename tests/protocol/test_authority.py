from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entra_oauth.errors import UsageError
from entra_oauth.protocol.authority import CLOUDS, MULTI_TENANT, Authority
from kit import canaries
from kit.canaries import TENANT

GUID = canaries.TENANT
OTHER_GUID = "b2cd3e45-5e67-8f89-01ab-c2345d6c78de"
PERSONAL = "9188040d-6c67-4c5b-b112-36a304b66dad"
PUBLIC = "https://login.microsoftonline.com"


@pytest.mark.parametrize(
    ("base", "kept"),
    [
        (PUBLIC, PUBLIC),
        ("login.microsoftonline.com", PUBLIC),
        ("HTTPS://Login.MicrosoftOnline.COM/", PUBLIC),
        (f"{PUBLIC}//", PUBLIC),
        (f"  {PUBLIC}", PUBLIC),
        (f"{PUBLIC}:443", PUBLIC),
        (f"{PUBLIC}:", PUBLIC),
        ("https://sts.example:8443", "https://sts.example:8443"),
        ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
        ("https://[2001:DB8::1]:8443", "https://[2001:db8::1]:8443"),
        ("http://localhost:8400", "http://localhost:8400"),
        ("http://localhost:80", "http://localhost"),
        ("http://127.0.0.1:8400/", "http://127.0.0.1:8400"),
        ("http://127.8.9.10", "http://127.8.9.10"),
        ("http://[::1]:8400", "http://[::1]:8400"),
    ],
)
def test_an_authority_is_an_https_origin_or_a_loopback_one(base: str, kept: str) -> None:
    assert Authority(base, GUID).base == kept


@pytest.mark.parametrize(
    "base",
    [
        "",
        " ",
        "http://login.microsoftonline.com",
        "http://localhost.evil.com",
        "http://evil.com#@localhost",
        "http://localhost@evil.com",
        "http://localhost\\@evil.com",
        "http://127.0.0.1.evil.com",
        "http://127.0.0.256",
        "http://127.0.0." + "1" * 5000,
        "http://[::2]",
        "http://0.0.0.0:8400",
        "http://10.0.0.1",
        "ftp://localhost",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "javascript://localhost/%0aalert(1)",
        "https:///",
        "https://:443",
        "https://user@login.microsoftonline.com",
        "https://user:password@login.microsoftonline.com",
        "https://@login.microsoftonline.com",
        f"{PUBLIC}/common",
        f"{PUBLIC}/{GUID}/oauth2/v2.0/token",
        f"{PUBLIC}?x=y",
        f"{PUBLIC}/?x=y",
        f"{PUBLIC}#x",
        f"{PUBLIC}:99999",
        f"{PUBLIC}:port",
        f"{PUBLIC}:٣",
        "https://login.microsoft online.com",
        f"{PUBLIC} ",
        "https:// login.microsoftonline.com",
        "https://login_microsoftonline.com",
        "https://löfgren.example",
        "https://login.microsoftonline。com",
        "https://ｌogin.microsoftonline.com",
        "https://login.microsoftonline.com\u2044evil.com",
        "https://login.microsoftonline.com%2f.evil.com",
        "https://login.microsoftonline.com\\.evil.com",
        "https://[::1",
        "https://::1]",
        "https://[fe80::1%25eth0]",
        "https://[localhost]",
        "https://login.microsoftonline.com\n",
        "https://login.\tmicrosoftonline.com",
        "https://login.microsoftonline.com\r\nHost: evil.com",
        "https://login.microsoftonline.com\x00",
        "https://login.microsoftonline.com\x1b[2J",
        "https://login.microsoftonline.com\ud800",
    ],
)
def test_any_other_host_is_refused(base: str) -> None:
    with canaries.refused(UsageError):
        Authority(base, GUID)


@pytest.mark.parametrize("tenant", [GUID, GUID.upper(), "contoso.com", "a", "a" * 255, "x--y.de"])
@pytest.mark.parametrize("word", ["", *sorted(MULTI_TENANT)])
def test_a_tenant_is_a_guid_a_domain_or_one_of_three_words(tenant: str, word: str) -> None:
    assert Authority(PUBLIC, word or tenant).tenant == (word or tenant)


@pytest.mark.parametrize(
    "tenant",
    [
        "",
        " ",
        ".",
        "..",
        "a..b",
        "../evil",
        ".contoso.com",
        "contoso.com.",
        "-contoso.com",
        f" {GUID}",
        f"{GUID} ",
        f"{GUID}/",
        f"{GUID}/../common",
        f"{{{GUID}}}",
        "<tenant-id>",
        "contoso com",
        "contoso.com?x",
        "contoso.com#x",
        "contoso%2ecom",
        "contoso.com\\x",
        "a@contoso.com",
        "cöntoso.com",
        "contoso.com\n",
        "contoso\x00com",
        "contoso\u202ecom",
        "\ud800",
        "a" * 256,
    ],
)
def test_any_other_tenant_is_refused(tenant: str) -> None:
    with canaries.refused(UsageError):
        Authority(PUBLIC, tenant)


@pytest.mark.parametrize(("base", "tenant"), [(PUBLIC, "a\x1b[2J"), (f"{PUBLIC}\n", "a")])
def test_a_control_character_is_named_as_what_it_is(base: str, tenant: str) -> None:
    with canaries.refused(UsageError) as caught:
        Authority(base, tenant)
    named = "The tenant" if base == PUBLIC else "The authority"
    assert caught.value.what == f"{named} holds a control character."


@given(st.text(), st.text())
def test_whatever_is_given_makes_an_authority_or_a_usage_error(base: str, tenant: str) -> None:
    try:
        authority = Authority(base, tenant)
    except UsageError:
        return
    assert authority.token_endpoint.isascii()
    assert authority.token_endpoint.isprintable()
    assert authority.token_endpoint.count("/") == 6


@pytest.mark.parametrize(
    ("cloud", "host"),
    [
        ("public", "login.microsoftonline.com"),
        ("usgov", "login.microsoftonline.us"),
        ("china", "login.partner.microsoftonline.cn"),
    ],
)
def test_each_cloud_has_its_endpoints(cloud: str, host: str) -> None:
    authority = Authority.of("contoso.com", cloud=cloud)
    assert authority.host == host
    assert str(authority) == f"https://{host}/contoso.com"
    assert authority.authorization_endpoint == f"https://{host}/contoso.com/oauth2/v2.0/authorize"
    assert authority.token_endpoint == f"https://{host}/contoso.com/oauth2/v2.0/token"
    assert authority.issuer(GUID) == f"https://{host}/{GUID}/v2.0"


def test_a_cloud_that_is_not_known_is_refused_with_the_names_of_those_that_are() -> None:
    with canaries.refused(UsageError) as caught:
        Authority.of(GUID, cloud="germany")
    assert all(name in caught.value.what for name in CLOUDS)


@pytest.mark.parametrize(
    ("host", "issuer_host"),
    [
        ("login.microsoftonline.com", "login.microsoftonline.com"),
        ("LOGIN.microsoftonline.com:443", "login.microsoftonline.com"),
        ("login.windows.net", "login.microsoftonline.com"),
        ("login.microsoft.com", "login.microsoftonline.com"),
        ("sts.windows.net", "login.microsoftonline.com"),
        ("login.microsoftonline.us", "login.microsoftonline.us"),
        ("login.usgovcloudapi.net", "login.microsoftonline.us"),
        ("login.partner.microsoftonline.cn", "login.partner.microsoftonline.cn"),
        # Its metadata names itself for the endpoints and the other one as the issuer.
        ("login.chinacloudapi.cn", "login.partner.microsoftonline.cn"),
        ("login.sovcloud-identity.fr", "login.sovcloud-identity.fr"),
        ("sts.example:8443", "sts.example:8443"),
        ("login.microsoftonline.com:8443", "login.microsoftonline.com:8443"),
    ],
)
def test_the_issuer_is_the_cloud_s_whatever_name_was_used(host: str, issuer_host: str) -> None:
    assert Authority(f"https://{host}", GUID).issuer(GUID) == f"https://{issuer_host}/{GUID}/v2.0"


@pytest.mark.parametrize(
    ("asked", "found", "accepted"),
    [
        (GUID, GUID, True),
        (GUID, GUID.upper(), True),
        (GUID.upper(), GUID, True),
        (GUID, OTHER_GUID, False),
        (GUID, PERSONAL, False),
        ("contoso.com", GUID, True),
        ("common", GUID, True),
        ("common", PERSONAL, True),
        ("organizations", GUID, True),
        ("organizations", PERSONAL, False),
        ("organizations", PERSONAL.upper(), False),
        ("consumers", PERSONAL, True),
        ("Consumers", PERSONAL.upper(), True),
        ("consumers", GUID, False),
        ("common", "", False),
        ("common", "common", False),
        ("common", "{tenantid}", False),
        ("contoso.com", "contoso.com", False),
        ("common", f"{GUID}\n", False),
        ("common", f"{{{GUID}}}", False),
        ("common", GUID.replace("-", ""), False),
        ("common", f"{GUID}/x", False),
        ("common", GUID.replace("1", "١"), False),
    ],
)
def test_a_tenant_answers_only_an_authority_that_can_mean_it(
    asked: str, found: str, accepted: bool
) -> None:
    assert Authority(PUBLIC, asked).accepts_tenant(found) is accepted


@pytest.mark.parametrize(
    ("cloud", "host"),
    [
        ("bleu", "login.sovcloud-identity.fr"),
        ("delos", "login.sovcloud-identity.de"),
        ("govsg", "login.sovcloud-identity.sg"),
    ],
)
def test_the_newer_sovereign_clouds_have_hosts_and_issuers_of_their_own(
    cloud: str, host: str
) -> None:
    authority = Authority.of(TENANT, cloud=cloud)
    assert authority.token_endpoint == f"https://{host}/{TENANT}/oauth2/v2.0/token"
    assert authority.issuer(TENANT) == f"https://{host}/{TENANT}/v2.0"


def test_the_other_endpoints_belong_to_the_same_tenant() -> None:
    authority = Authority.of(TENANT)
    start = f"https://login.microsoftonline.com/{TENANT}"
    assert authority.device_authorization_endpoint == f"{start}/oauth2/v2.0/devicecode"
    assert authority.keys_endpoint == f"{start}/discovery/v2.0/keys"


@pytest.mark.parametrize(
    ("tenant", "shared"),
    [("common", True), ("Organizations", True), ("consumers", True), (TENANT, False)],
)
def test_a_shared_authority_is_no_tenant(tenant: str, shared: bool) -> None:
    assert Authority.of(tenant).is_shared is shared
