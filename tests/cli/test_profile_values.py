"""The values that `profile set` takes: those that the options of the same name take."""

from __future__ import annotations

import os

import pytest

from entra_oauth.adapters.stored_tokens import StoredTokens
from entra_oauth.cache.identity_asker import FLOWS
from entra_oauth.cache.profiles import Profile, Profiles
from entra_oauth.cli.command_line.arguments import profile_option
from entra_oauth.errors import UsageError
from kit import canaries
from kit.command_line import call, error_of

GUID = "1de27000-0000-4000-8000-00000000000a"

REFUSED = [
    (("tenant= ",), "tenant is empty"),
    (("tenant=a/b",), "neither a GUID nor a domain"),
    (("authority_host=http://login.example",), "plain http and not on this machine"),
    (("authority_host=https://login.example/tenant",), "more than scheme, host and port"),
    (("authority_host=localhost", "cloud=china"), "cloud and authority_host exclude each other"),
    (("scope=databrick",), "a short name that is not known"),
    ((f"scope={GUID}",), "a bare GUID"),
    (("workspace_url=https://databricks.example",), "not in a domain of Azure Databricks"),
    (("redirect_uri=http://host.example",), "plain http and not on this machine"),
    (("redirect_uri=http://localhost#",), "has a part after a #"),
    (("exchange=elsewhere",), "has a value that is not known"),
    (("exchange_account=a b",), "account's id does not look like one"),
    (("exchange_client_id=a/b",), "client id does not look like one"),
    (("managed_identity_source=vm",), "has a value that is not known"),
    (("managed_identity_id=bogus",), "is not named as it must be"),
    (("managed_identity_id=client-id=bogus",), "client-id of the managed identity is no GUID"),
]


@pytest.mark.parametrize(("values", "said"), REFUSED)
def test_a_value_that_the_option_does_not_take_is_in_no_profile(
    values: tuple[str, ...], said: str
) -> None:
    ran = call("profile", "set", "work", *values)
    assert said in error_of(ran)[0]
    assert not os.path.exists(Profiles.standard(os.environ).path)


TAKEN = (
    *("tenant=common", "client_id={1DE27000-0000-4000-8000-00000000000A}", "cloud=usgov"),
    *("scope=graph,openid", "redirect_uri=https://app.example/back", "flow=managed-identity"),
    *("workspace_url=adb-1.2.databricks.azure.us", "exchange_client_id=app", "hosts=api.example"),
    *("exchange_account=a-1", f"managed_identity_id=object-id={GUID}", "certificate=/not/here.pem"),
)


def test_good_values_are_taken_and_others_of_the_profile_are_not_judged_again() -> None:
    assert call("profile", "set", "work", *TAKEN).code == 0
    profiles = Profiles.standard(os.environ)
    profiles.put(Profile("work", {"redirect_uri": "nowhere", "cloud": "china"}))
    assert call("profile", "set", "work", "tenant=common").code == 0
    assert call("profile", "set", "work", "redirect_uri=").code == 0
    assert call("profile", "set", "work", "cloud=", "authority_host=localhost:8443").code == 0


def test_the_next_step_names_the_value_and_no_option() -> None:
    what, next_step = error_of(call("profile", "set", "work", "managed_identity_id=bogus"))
    assert "is not named as it must be" in what
    assert "managed_identity_id=client-id=GUID" in next_step


def test_the_flows_of_profiles_are_those_of_the_option() -> None:
    option = profile_option("flow")
    assert option is not None
    assert option.choices == FLOWS
    profiles = Profiles.standard(os.environ)
    profiles.put(Profile("work", {"flow": "client-credential", "tenant": "t", "client_id": "c"}))
    with canaries.refused(UsageError) as caught:
        StoredTokens.of_profile("work")
    assert "flow that is not known" in str(caught.value)


@pytest.mark.parametrize(
    "values",
    [
        ("tenant=contoso.example", "flow=managed-identity", "managed_identity_source=imds"),
        ("certificate=/x.pem", "certificate_algorithm=RS256", f"tenant={GUID}"),
        (f"client_id={GUID}", "service_connection_id=x", "federated_token_source=azure-devops"),
        ("scope=graph",),
    ],
)
def test_the_values_of_a_profile_stand_in_one_column_in_show_and_in_status(
    values: tuple[str, ...],
) -> None:
    assert call("profile", "set", "work", *values).code == 0
    given = dict(each.split("=", 1) for each in values)
    longest = max(map(len, given))
    shown = call("profile", "show", "work").out.splitlines()
    assert sorted(shown) == sorted(f"{n:<{longest}} {v}" for n, v in given.items())
    told = call("status", "--profile", "work").out.splitlines()
    rows = [line for line in told if line.startswith("  ") and "   (from " in line]
    assert rows
    names = [line.split()[0] for line in rows]
    widest = max(map(len, names))
    assert [line[2:].index(line.split()[1]) for line in rows] == [widest + 1] * len(rows)
