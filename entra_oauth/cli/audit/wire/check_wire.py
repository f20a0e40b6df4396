"""audit check: a recording held against a contract that audit lock wrote."""

from __future__ import annotations

from pathlib import Path

from entra_oauth.audit.contract.check_contract import ContractCheck, check_contract
from entra_oauth.audit.contract.contract_file import MAX_BYTES, read_contract
from entra_oauth.audit.contract.contract_report import check_as_json, check_as_sarif, check_lines
from entra_oauth.audit.contract.observe import observe
from entra_oauth.audit.inputs import named
from entra_oauth.cli.audit.opened import tell_need
from entra_oauth.errors import LocalError, UsageError, plain
from entra_oauth.light import TYPE_CHECKING

if TYPE_CHECKING:
    from entra_oauth.audit.contract.wire_contract import WireContract
    from entra_oauth.cli.session.console import Console, Session
    from entra_oauth.cli.verbs.audit_verbs import CheckOptions

__all__ = ["run"]

DIFFERENT = 9


def run(options: CheckOptions, session: Session) -> int:
    """Compare. Returns 9 if something differs."""
    console = session.console
    if not options.recording or not options.against:
        raise UsageError(
            "audit check needs a recording and a contract.",
            advice="Name both: entra-oauth audit check rec --against oauth.lock",
        )
    contract = _contract(options.against)
    tell_need(Path(options.recording), options.memory, console)
    case = named(options.recording, max_mib=options.memory.max_memory)
    found = check_contract(contract, observe(case))
    if options.output == "sarif":
        console.result_json(check_as_sarif(found, options.recording))
    elif console.as_json:
        console.result_json(check_as_json(found, options.recording, options.against))
    else:
        for line in check_lines(found):
            console.result(line)
        _tell_undecided(found, console)
    return DIFFERENT if found.deviations else 0


def _contract(name: str) -> WireContract:
    try:
        with open(name, "rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise LocalError(
            f"The contract {plain(name)} cannot be read: {error.strerror}.",
            advice="Check its name, and who may read it.",
        ) from None
    return read_contract(data, name)


def _tell_undecided(found: ContractCheck, console: Console) -> None:
    if found.undecided:
        first = plain(found.undecided[0].line)
        many = len(found.undecided)
        console.say(f"Not compared: {first}" + (f"; and {many - 1} more." if many > 1 else "."))
