"""Recordings of one client against its own contract: nothing differs, in any form."""

from __future__ import annotations

from functools import cache

import pytest

from entra_oauth.audit.contract.check_contract import check_contract
from entra_oauth.audit.contract.contract_file import contract_text, read_contract
from entra_oauth.audit.contract.learn_contract import learn
from entra_oauth.audit.contract.observe import observe
from entra_oauth.recording import Recording
from kit import needs
from kit.audit.clients_in_memory import WAYS, as_har, as_redacted, whole

CLIENTS = [
    pytest.param("ours"),
    pytest.param("the article"),
    pytest.param("msal", marks=needs.python("msal", group="interop")),
    pytest.param("authlib"),
]
FORMS = {"whole": whole, "redacted": as_redacted, "HAR": as_har}


@cache
def _recordings(client: str, count: int) -> tuple[Recording, ...]:
    return tuple(WAYS[client](number) for number in range(count))


@pytest.mark.parametrize("client", CLIENTS)
def test_fifty_recordings_of_a_client_are_as_its_contract_says(client: str) -> None:
    seen = [observe(whole(each)) for each in _recordings(client, 50)]
    contract = read_contract(contract_text(learn(seen[:3])).encode(), "oauth.lock")
    checks = [check_contract(contract, each) for each in seen]
    assert [each.line for check in checks for each in check.deviations] == []
    assert [each.line for check in checks for each in check.undecided] == []
    assert min(check.messages for check in checks) >= 3


@pytest.mark.parametrize("client", CLIENTS)
def test_a_contract_of_one_recording_holds_for_the_next(client: str) -> None:
    first, second = (observe(whole(each)) for each in _recordings(client, 2))
    assert check_contract(learn([first]), second).deviations == ()


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("locked", FORMS)
@pytest.mark.parametrize("checked", FORMS)
def test_a_contract_of_one_form_holds_for_another(client: str, locked: str, checked: str) -> None:
    one, two, three = _recordings(client, 3)
    contract = learn([observe(FORMS[locked](each)) for each in (one, two)])
    check = check_contract(contract, observe(FORMS[checked](three)))
    assert [each.line for each in check.deviations] == []


def test_another_client_is_not_as_the_contract_says() -> None:
    contract = learn([observe(whole(each)) for each in _recordings("ours", 2)])
    found = check_contract(contract, observe(whole(_recordings("authlib", 1)[0]))).deviations
    assert len(found) > 10
