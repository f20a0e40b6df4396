"""From options to what a sign-in asks for, and to the place where its tokens are kept."""

from __future__ import annotations

import sys

from entra_oauth.cache import private_files
from entra_oauth.cache.vault import Keyring, can_be_expected
from entra_oauth.cli.options.app_options import RequestOptions
from entra_oauth.errors import LocalError, StoreSilent, UsageError, plain
from entra_oauth.light import TYPE_CHECKING
from entra_oauth.protocol.authority import Authority

if TYPE_CHECKING:
    from entra_oauth.cache.account import Account
    from entra_oauth.cache.vault import Vault
    from entra_oauth.cli.options.app_options import AppOptions, SignInPageOptions, StoreOptions
    from entra_oauth.cli.options.common_options import NetworkOptions
    from entra_oauth.cli.output.token_output import TokenSubject
    from entra_oauth.cli.session.console import Console, Session
    from entra_oauth.flows.authorization_code import SignIn
    from entra_oauth.protocol.endpoints.authorize import Procedure
    from entra_oauth.protocol.endpoints.token import TokenResponse
    from entra_oauth.protocol.messages import HttpRequest

__all__ = [
    "EXAMPLE_CLIENT",
    "EXAMPLE_TENANT",
    "Keeper",
    "authority_of",
    "challenge_of",
    "check_asked",
    "check_workspace",
    "claims_of",
    "client_id_of",
    "is_for_cae",
    "plan_of",
    "say_findings",
]

EXAMPLE_TENANT = "a1bc2d34-5e67-8f89-01ab-c2345d6c78de"
EXAMPLE_CLIENT = "12a34b56-789c-0d12-e3fa-b456789c0123"
"""The article's own example values. They exist on the practice tenant only."""


def authority_of(app: AppOptions) -> Authority:
    """The authority that the options name. Raises `UsageError` if they name none."""
    if not app.tenant:
        raise UsageError(
            "No tenant was given.",
            advice="Copy the Directory (tenant) ID from the app's Overview page and give it "
            "with --tenant or AZURE_TENANT_ID. No app yet? Try entra-oauth demo.",
        )
    if app.authority_host:
        return Authority(app.authority_host, app.tenant)
    return Authority.of(app.tenant, cloud=app.cloud or "public")


def client_id_of(app: AppOptions) -> str:
    """The client id. Raises `UsageError` if there is none."""
    if not app.client_id:
        raise UsageError(
            "No client id was given.",
            advice="Copy the Application (client) ID from the app's Overview page and give it "
            "with --client-id or AZURE_CLIENT_ID.",
        )
    return app.client_id


def check_asked(app: AppOptions) -> None:
    """Raise `UsageError` for ids or scopes that cannot succeed, before anything is sent.

    `login` and all that follows it ask here; the article's verbs send what they were given.
    """
    from entra_oauth.protocol.authority import check_app
    from entra_oauth.protocol.scopes import check_scopes

    authority, client_id = authority_of(app), client_id_of(app)
    check_app(authority, client_id)
    check_scopes(authority, app.scope)


def check_workspace(app: AppOptions) -> None:
    """Raise `UsageError` where a workspace is given together with what it names."""
    for name in ("tenant", "cloud", "authority_host"):
        if {name, "workspace_url"} <= app.origins.given:
            raise UsageError(
                f"--workspace-url and --{name.replace('_', '-')} exclude each other.",
                advice="Give one of them: the workspace names its tenant and its cloud.",
            )


def challenge_of(request: RequestOptions) -> str | None:
    """The claims challenge to be answered, as JSON. Raises `UsageError`."""
    if request.claims is None:
        return None
    from entra_oauth.protocol.resource.claims_challenge import read_claims

    return read_claims(request.claims)


def claims_of(request: RequestOptions) -> str | None:
    """The challenge, and what the client can do, for a request that is made at once."""
    if not request.cae:
        return challenge_of(request)
    from entra_oauth.protocol.resource.claims_challenge import declaring_cae

    return declaring_cae(challenge_of(request))


def is_for_cae(request: RequestOptions) -> bool:
    """True if the request declares that a claims challenge can be handled, by either option."""
    if request.cae or request.claims is None:
        return request.cae
    from entra_oauth.protocol.resource.claims_challenge import declares_cae

    return declares_cae(challenge_of(request))


def plan_of(
    app: AppOptions,
    procedure: Procedure,
    *,
    page: SignInPageOptions,
    network: NetworkOptions,
    request: RequestOptions | None = None,
    state: str | None = None,
) -> SignIn:
    """The sign-in that the options ask for. Raises `UsageError`."""
    # Here, because a token that is at hand needs neither.
    from entra_oauth.flows.authorization_code import SignIn
    from entra_oauth.protocol.endpoints.authorize import Hints, Procedure

    client_id, request = client_id_of(app), request or RequestOptions()
    if state is not None and procedure is not Procedure.ARTICLE:
        raise UsageError(
            "A state was given for the hardened procedure.",
            advice="Leave --state out: a random one is made for each attempt.",
        )
    return SignIn(
        procedure=procedure,
        authority=authority_of(app),
        client_id=client_id,
        scopes=app.scope,
        state=state,
        hints=Hints(
            prompt=page.prompt,
            login_hint=page.login_hint,
            domain_hint=page.domain_hint,
            claims=claims_of(request),
            correlation_id=request.correlation_id,
        ),
        timeout_s=float(page.timeout),
        http_timeout_s=network.http_timeout,
    )


def say_findings(console: Console, *requests: HttpRequest) -> None:
    """Say what would be found on requests that were not sent yet; nothing where all is well."""
    from importlib.util import find_spec

    if find_spec("entra_oauth.audit") is None:
        console.say("\nThe linter is not in this build of entra-oauth.")
        return
    from entra_oauth.audit.inputs import planned
    from entra_oauth.audit.lint import lint
    from entra_oauth.audit.text import findings
    from entra_oauth.cli.session.times import today
    from entra_oauth.cli.session.wrap import prose, width

    report = lint(planned(*requests), today=today())
    failures = report.failures()
    if not failures:
        console.say("\nThe linter finds nothing on what would be sent.")
        return
    console.say("\nThe linter on what would be sent:")
    for judged, line in zip(failures, findings(failures), strict=True):
        text = f"{judged.severity.value}: {line} ({judged.rule.source})"
        console.say(prose(text, indent=2, columns=width()))
    console.say(f"  More of each: entra-oauth explain {failures[0].rule.id}")


_RUN_VARIABLE = "ENTRA_OAUTH_PRACTICE_CONTROL"
"""What `practice run` gives to its program. Its sign-ins have the names of real ones, and so
would take their place in the store of the whole system."""

_NOWHERE = "Nothing was kept on this machine."


class Keeper:
    """The place for a sign-in: a folder, and a vault for the refresh token, or nowhere."""

    def __init__(
        self, folder: str | None, vault: Vault | None = None, *, only_there: bool = False
    ) -> None:
        """`only_there` says that the refresh token goes into the vault or nowhere."""
        self._folder = folder
        self._vault = vault
        self._only_there = only_there

    @classmethod
    def ready(cls, options: StoreOptions, session: Session) -> Keeper:
        """As `--cache` says. Raises `LocalError` if what was asked for cannot be had."""
        if options.cache in ("none", "memory"):  # a command's memory ends with it
            return cls(None)
        vault = _vault(options, session)
        try:
            folder = private_files.standard_folder(session.environ)
            private_files.check_folder(folder)
        except LocalError as error:
            if options.cache is not None:
                raise
            session.console.ask(f"Note: the tokens of this sign-in will not be kept. {error.what}")
            return cls(None)
        return cls(folder, vault, only_there=options.cache == "keyring")

    def keep(
        self,
        tokens: TokenResponse,
        subject: TokenSubject,
        scope: tuple[str, ...],
        console: Console,
        *,
        cae: bool,
        is_app: bool = False,
    ) -> tuple[Account | None, str]:
        """Keep it; whose it is, and a sentence for the person. A full disk loses no token.

        `is_app` says that the app asked in its own name, `cae` that `cp1` was declared.
        """
        if self._folder is None:
            return None, _NOWHERE
        # Here, because what only names an app needs no store.
        from entra_oauth.cache.account import APP_ONLY, App
        from entra_oauth.cache.file_store import FileStore, store_sign_in

        folder, vault = self._folder, self._vault
        app = App.of(subject.authority, subject.client_id)
        whose = APP_ONLY if is_app else subject.client_id

        def store(vault: Vault | None) -> Account:
            files = FileStore(folder, vault=vault, say=console.say)
            return store_sign_in(files, app, tokens, scope, otherwise=whose, cae=cae)

        try:
            try:
                account = store(vault)
            except StoreSilent as error:  # it was open before the person signed in
                if self._only_there:
                    raise
                console.ask(f"Note: {error.what} The refresh token is kept in a file.")
                vault, account = None, store(None)
        except LocalError as error:
            console.ask(f"Note: the tokens could not be kept. {error.what}")
            return None, _NOWHERE
        if is_app:
            return account, "It was kept. The app asks for the next one itself, with its proof."
        if tokens.refresh_token is None:
            return account, "It was kept; no refresh token came, so it cannot be renewed."
        where = f"{plain(folder)}, which only you can read"
        return account, f"Kept in {'the password store of the system' if vault else where}."


def _vault(options: StoreOptions, session: Session) -> Vault | None:
    if options.cache == "file":
        return None
    if _RUN_VARIABLE in session.environ:
        if options.cache == "keyring":
            raise UsageError(
                "A practice run keeps nothing in the system's password store.",
                advice="Leave --cache out: what is kept in a run goes with it.",
            )
        return None
    if options.cache is None and not can_be_expected(session.environ, sys.platform):
        return None
    try:
        return Keyring.working(session.console.ask)
    except LocalError as error:
        if options.cache == "keyring":
            raise
        if isinstance(error, StoreSilent):
            session.console.ask(f"Note: {error.what} The refresh token will be kept in a file.")
        return None
