"""audit lock: a contract for the wire, learned from recordings of one client."""

from __future__ import annotations

from pathlib import Path

from entra_oauth.audit.contract.contract_file import contract_text
from entra_oauth.audit.contract.learn_contract import learn
from entra_oauth.audit.contract.observe import observe
from entra_oauth.audit.inputs import named
from entra_oauth.cli.audit.opened import tell_need
from entra_oauth.cli.output.new_file import check_new_file, write_new_file
from entra_oauth.errors import UsageError, plain
from entra_oauth.light import TYPE_CHECKING

if TYPE_CHECKING:
    from entra_oauth.audit.contract.wire_contract import WireContract
    from entra_oauth.cli.session.console import Console, Session
    from entra_oauth.cli.verbs.audit_verbs import LockOptions

__all__ = ["run"]


def run(options: LockOptions, session: Session) -> int:
    """Write it: to a new file, or to standard output."""
    console = session.console
    if not options.recordings:
        raise UsageError(
            "audit lock needs a recording to learn from.",
            advice="Name one or more of one client: entra-oauth audit lock rec -o oauth.lock",
        )
    out = Path(options.out) if options.out else None
    if out is not None:
        check_new_file(out)
    exchanges = []
    for word in options.recordings:
        tell_need(Path(word), options.memory, console)
        exchanges.append(observe(named(word, max_mib=options.memory.max_memory)))
    contract = learn(exchanges)
    text = contract_text(contract, {secret for each in exchanges for secret in each.live})
    if out is None:
        console.result_bytes(text.encode())
        return 0
    write_new_file(out, text.encode())
    _tell(contract, out, console)
    return 0


def _tell(contract: WireContract, out: Path, console: Console) -> None:
    fields = sum(len(group.fields) for m in contract.messages for group in m.groups)
    many = "recording" if contract.recordings == 1 else "recordings"
    console.say(
        f"{plain(str(out))}: {len(contract.messages)} messages with {fields} fields, learned from "
        f"{contract.recordings} {many}. Read it before you rely on it."
    )
    if contract.recordings == 1:
        console.say(
            "From one recording it cannot be told which unknown values are fixed: name two or more."
        )
