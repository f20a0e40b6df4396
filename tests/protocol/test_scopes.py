from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entra_oauth.errors import UsageError
from entra_oauth.protocol.scopes import (
    ALIASES,
    DATABRICKS,
    OPENID,
    expand,
    not_granted,
    resource_of,
)
from kit import canaries

GRAPH = "https://graph.microsoft.com"
DBX = "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d"


@pytest.mark.parametrize(
    ("given_scopes", "expanded"),
    [
        (("databricks",), (DATABRICKS,)),
        (("graph",), (f"{GRAPH}/.default",)),
        (("arm",), ("https://management.azure.com/.default",)),
        ((DATABRICKS,), (DATABRICKS,)),
        (("databricks", DATABRICKS, "databricks"), (DATABRICKS,)),
        (("databricks openid",), (DATABRICKS, "openid")),
        (("openid", "databricks"), ("openid", DATABRICKS)),
        (("  databricks   openid ",), (DATABRICKS, "openid")),
        ((DATABRICKS, *OPENID), (DATABRICKS, *OPENID)),
        (("openid",), ("openid",)),
        (("User.Read", "Mail.Read"), ("User.Read", "Mail.Read")),
        (("User.Read", f"{GRAPH}/Mail.Read"), ("User.Read", f"{GRAPH}/Mail.Read")),
        (("api://x/a", "api://x/b"), ("api://x/a", "api://x/b")),
        (
            ("https://management.core.windows.net//.default",),
            ("https://management.core.windows.net//.default",),
        ),
    ],
)
def test_short_names_are_spelled_out_and_each_scope_stands_once(
    given_scopes: tuple[str, ...], expanded: tuple[str, ...]
) -> None:
    # what was asked, in the order in which it was asked
    assert expand(given_scopes) == expanded
    assert expand(expanded) == expanded


@pytest.mark.parametrize(
    ("cloud", "graph", "arm"),
    [
        ("public", "graph.microsoft.com", "management.azure.com"),
        ("usgov", "graph.microsoft.us", "management.usgovcloudapi.net"),
        ("china", "microsoftgraph.chinacloudapi.cn", "management.chinacloudapi.cn"),
    ],
)
def test_a_short_name_means_the_resource_of_its_own_cloud(cloud: str, graph: str, arm: str) -> None:
    assert expand(("graph",), cloud=cloud) == (f"https://{graph}/.default",)
    assert expand(("arm openid",), cloud=cloud) == (f"https://{arm}/.default", "openid")
    assert expand(("databricks",), cloud=cloud) == (DATABRICKS,)


@pytest.mark.parametrize("cloud", ["bleu", "delos", "govsg"])
def test_a_short_name_is_not_guessed_where_the_resource_is_not_known(cloud: str) -> None:
    assert expand(("https://api.example/.default",), cloud=cloud)
    with canaries.refused(UsageError) as caught:
        expand(("arm",), cloud=cloud)
    assert f"What arm is called in the cloud {cloud}" in caught.value.what


@pytest.mark.parametrize(
    "given_scopes",
    [
        (),
        ("",),
        ("   ",),
        ('"databricks"',),
        ("data\\bricks",),
        ("databricks\n",),
        ("databricks\topenid",),
        ("databricks\u00a0openid",),
        ("dätabricks",),
        ("\x7f",),
        ("\ud800",),
        ("databricks", "graph"),
        ("databricks User.Read",),
        ("api://a/x", "api://b/x"),
    ],
)
def test_what_cannot_be_asked_for_at_once_is_refused(given_scopes: tuple[str, ...]) -> None:
    # one resource
    with canaries.refused(UsageError):
        expand(given_scopes)


@given(st.lists(st.text(), max_size=5))
def test_whatever_is_given_is_expanded_or_refused(given_scopes: list[str]) -> None:
    try:
        expanded = expand(tuple(given_scopes))
    except UsageError:
        return
    words = " ".join(given_scopes).split(" ")
    assert set(expanded) == {ALIASES.get(word, word) for word in words if word}
    assert len(set(expanded)) == len(expanded)


@pytest.mark.parametrize(
    ("scope", "resource"),
    [
        (DATABRICKS, DBX),
        (f"{DBX}/user_impersonation", DBX),
        ("User.Read", GRAPH),
        (f"{GRAPH}/User.Read", GRAPH),
        ("api://x/Files.Read", "api://x"),
        ("https://management.azure.com//.default", "https://management.azure.com/"),
        ("openid", None),
        ("profile", None),
        ("offline_access", None),
        ("email", None),
    ],
)
def test_each_scope_belongs_to_a_resource_or_to_openid_connect(
    scope: str, resource: str | None
) -> None:
    assert resource_of(scope) == resource


@pytest.mark.parametrize(
    ("asked", "granted", "missing"),
    [
        # What Entra was seen to answer to `.default`.
        ((DATABRICKS,), f"{DBX}/user_impersonation {DBX}/.default", ()),
        ((DATABRICKS, *OPENID), f"{DBX}/user_impersonation {DBX}/.default", ()),
        ((DATABRICKS,), f"{DBX}/user_impersonation", ()),
        ((DATABRICKS,), DATABRICKS.upper(), ()),
        ((DATABRICKS,), "openid profile", (DATABRICKS,)),
        ((DATABRICKS,), f"{GRAPH}/User.Read", (DATABRICKS,)),
        ((DATABRICKS,), "User.Read", (DATABRICKS,)),
        ((f"{GRAPH}/.default",), "User.Read openid", ()),
        (("User.Read",), f"{GRAPH}/User.Read", ()),
        (("USER.READ",), "user.Read", ()),
        (("api://X/a",), "api://x/A", ()),
        ((f"{GRAPH}/User.Read",), "openid User.Read", ()),
        (("User.Read", "Mail.Read"), "User.Read", ("Mail.Read",)),
        (("api://x/a", "api://x/b"), "api://x/b", ("api://x/a",)),
        (("api://x/a",), "api://y/a", ("api://x/a",)),
        (("https://r//.default",), "https://r/user_impersonation", ()),
        (("openid", "offline_access"), "", ()),
        (("User.Read",), "", ("User.Read",)),
    ],
)
def test_what_was_asked_and_not_granted_is_named(
    asked: tuple[str, ...], granted: str, missing: tuple[str, ...]
) -> None:
    assert not_granted(asked, granted) == missing
