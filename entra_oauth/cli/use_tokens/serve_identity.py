"""serve identity: tokens for programs that look for a managed identity."""

from __future__ import annotations

import os
import threading
from contextlib import ExitStack, suppress
from pathlib import Path

from entra_oauth import child_program
from entra_oauth.adapters.identity_service import (
    IdentityService,
    check_address,
    is_in_the_clear,
    scope_of,
)
from entra_oauth.cli.get_tokens import token_store
from entra_oauth.cli.get_tokens.exchanged_tokens import refuse_exchange
from entra_oauth.cli.sign_in.asker import PROOF_VARIABLES
from entra_oauth.cli.sign_in.plan import client_id_of
from entra_oauth.cli.use_tokens.env_file import env_file
from entra_oauth.errors import UsageError, plain
from entra_oauth.light import TYPE_CHECKING, replace
from entra_oauth.protocol.scopes import ALIASES, resource_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from entra_oauth.cache.token_source import Found, TokenSource
    from entra_oauth.cli.options.app_options import AppOptions
    from entra_oauth.cli.session.console import Console, Session
    from entra_oauth.cli.verbs.use_tokens_verbs import ServeIdentityOptions

__all__ = ["run"]

_OTHER_IDENTITIES = frozenset(
    {"IDENTITY_SERVER_THUMBPRINT", "IMDS_ENDPOINT", "MSI_ENDPOINT", "MSI_SECRET"}
)
"""With one of these beside ours, the libraries would look for another kind of identity."""
_WHO = "a program that looks for a managed identity"


def run(options: ServeIdentityOptions, session: Session) -> int:
    """Serve, until the program ends or Ctrl-C comes; the exit code is the program's.

    Raises `SignInRequired` at once where there is nothing to serve.
    """
    _check(options)
    for audience in options.audience:
        refuse_exchange(options.app, (scope_of(audience),), session, _WHO)
    app = token_store.settled(options.app, options.network, session, options.credential)
    app = replace(app, scope=(scope_of(options.audience[0]),))
    query = token_store.TokenQuery(
        app=app, renew=options.renew, network=options.network, credential=options.credential
    )
    source = token_store.source_for(query, session)
    _check_asker(options, source)
    found = [_find(audience, query, source) for audience in options.audience]
    # Once was asked for, not each time.
    query = replace(query, renew=replace(options.renew, force_refresh=False))
    service = IdentityService(
        lambda audience: _find(audience, query, source),
        client_id=_client_id(app, options, found[0]),
        audiences=options.audience,
        say=session.console.say,
        delegates=not source.is_app,
        address=options.listen,
        port=options.port or 0,
    )
    _say_start(options, session.console, is_app=source.is_app)
    return _serve(service, options, session)


def _serve(service: IdentityService, options: ServeIdentityOptions, session: Session) -> int:
    with ExitStack() as opened:
        opened.enter_context(service)
        opened.callback(_say_counts, service, session.console)
        if options.env_file is not None:
            opened.enter_context(env_file(Path(options.env_file), service.environment))
        if options.program:
            environ = _environment(session.environ, service.environment, options.listen)
            return child_program.run(options.program, environ)
        forever = threading.Event()
        while not forever.wait(0.25):  # in slices: Windows sees Ctrl-C between them
            pass
    return 0


def _client_id(app: AppOptions, options: ServeIdentityOptions, found: Found) -> str:
    """The app that is served; a managed identity's is known by its token alone."""
    if options.credential.is_identity:
        from entra_oauth.protocol.jwt import decode

        with suppress(UsageError):  # what is no JWT does not say
            claims = decode(found.token.text).claims
            return str(claims.get("appid") or claims.get("azp") or client_id_of(app))
    return client_id_of(app)


def _find(audience: str, query: token_store.TokenQuery, source: TokenSource) -> Found:
    app = replace(query.app, scope=(scope_of(audience),))
    return token_store.find(replace(query, app=app), source)


def _check(options: ServeIdentityOptions) -> None:
    """Raise `UsageError` for options with which nothing can be served."""
    if not options.audience:
        raise UsageError(
            "No audience was named, so no token would be served.",
            advice="Name each API as programs do: --audience https://vault.azure.net",
        )
    for audience in options.audience:
        if audience in ALIASES:
            raise UsageError(
                f"An audience is served exactly as it is written, and no program asks for "
                f"{audience}.",
                advice=f"Write it out: --audience {resource_of(ALIASES[audience])}",
            )
        if audience.endswith("/.default"):
            raise UsageError(
                "An audience is an API, without a permission.",
                advice=f"Leave /.default out: --audience {plain(audience[:-9], limit=200)}",
            )
    if not options.program and options.env_file is None:
        raise UsageError(
            "Nobody would be told the secret.",
            advice="Give the variables to a file with --env-file FILE, or a program after --.",
        )
    check_address(options.listen)


def _check_asker(options: ServeIdentityOptions, source: TokenSource) -> None:
    if source.is_app:
        return
    if not options.delegate_my_token:
        raise UsageError(
            "The token is a person's, and who asks here would act as that person.",
            advice="Serve an app, with --flow client-credentials, or say that it is meant: "
            "--delegate-my-token.",
        )
    check_address(options.listen, delegates=True)


def _say_start(options: ServeIdentityOptions, console: Console, *, is_app: bool) -> None:
    audiences = ", ".join(plain(each, limit=120) for each in options.audience)
    console.say(f"Tokens are served for {audiences}.")
    if not is_app:
        console.say("They are a person's: whatever asks here acts as whoever signed in.")
    if is_in_the_clear(options.listen):
        console.say(
            f"Warning: tokens pass in clear at {options.listen}; whoever can listen on that "
            "network can use them."
        )
    if not options.program:
        console.say("Stop: Ctrl-C.")


def _say_counts(service: IdentityService, console: Console) -> None:
    given, refused = service.counts
    console.say(f"Tokens given: {given}. Requests refused: {refused}.")


def _environment(
    environ: Mapping[str, str], variables: Mapping[str, str], address: str
) -> dict[str, str]:
    """The program's: ours instead of other identities, and none of the app's proofs."""
    withheld = PROOF_VARIABLES | _OTHER_IDENTITIES
    address = address.strip("[]")
    made = {name: value for name, value in environ.items() if name not in withheld}
    if any(name.lower() in ("http_proxy", "all_proxy") for name in made):
        # Without this the secret would go to the proxy, and the token come back through it.
        names = ("NO_PROXY",) if os.name == "nt" else ("NO_PROXY", "no_proxy")
        before = made.get("no_proxy") or made.get("NO_PROXY")
        made |= dict.fromkeys(names, f"{before},{address}" if before else address)
    return made | dict(variables)
