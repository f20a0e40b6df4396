"""run: a program with the token in its environment."""

from __future__ import annotations

import os
import sys

from entra_oauth.cli.get_tokens import token_store
from entra_oauth.cli.get_tokens.exchanged_tokens import authority_for
from entra_oauth.cli.output.token_output import variable_name
from entra_oauth.cli.sign_in.asker import withheld_from_program
from entra_oauth.light import TYPE_CHECKING
from entra_oauth.protocol.resource.destination import check_destination
from entra_oauth.protocol.resource.workspace import Workspace
from entra_oauth.protocol.scopes import DATABRICKS

if TYPE_CHECKING:
    from entra_oauth.cli.session.console import Session
    from entra_oauth.cli.verbs.use_tokens_verbs import RunOptions

__all__ = ["run"]


def run(options: RunOptions, session: Session) -> int:
    """Become that program, or on Windows wait for it; the exit code is its own."""
    app = token_store.settled(
        options.app, options.network, session, options.credential, options.exchange
    )
    query = token_store.TokenQuery(
        app=app,
        renew=options.renew,
        network=options.network,
        credential=options.credential,
        exchange=options.exchange,
    )
    source = token_store.exchanging_source_for(query, session)
    found = token_store.find(query, source)
    token = token_store.shown(found, query, source, env_name=options.output.env_name)
    environ = dict(session.environ)
    is_app = token.username is None or options.exchange.is_federated
    if is_app and not options.keep_proof:
        # With these the program could ask for more than it is given.
        withheld = sorted(withheld_from_program(options.credential) & environ.keys())
        for name in withheld:
            del environ[name]
        if withheld:
            session.console.say(
                f"Not handed to the program: {', '.join(withheld)} (but with --keep-proof)."
            )
    environ[variable_name(token)] = token.token
    if found.scopes == DATABRICKS:
        # With ARM_… variables beside a token the SDK would not know which one to take.
        environ["DATABRICKS_AUTH_TYPE"] = "pat"
        if app.workspace_url:
            workspace = Workspace(app.workspace_url)
            exchange = options.exchange
            authority = authority_for(app, exchange)
            scopes = ("databricks",) if exchange.exchange else app.scope
            check_destination(f"{workspace.url}/", scopes=scopes, authority=authority)
            environ["DATABRICKS_HOST"] = workspace.url
    session.console.out.flush()
    return _become(options.program, environ)


def _become(program: tuple[str, ...], environ: dict[str, str]) -> int:
    if sys.platform == "win32":
        from entra_oauth import child_program

        return child_program.run(program, environ)
    import signal

    for number in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores these; others must not
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        os.execvpe(program[0], program, environ)  # noqa: S606
    except OSError as error:
        from entra_oauth import child_program

        raise child_program.cannot_be_started(program[0], error) from None
