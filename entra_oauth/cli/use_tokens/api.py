"""api: one call of a workspace's API with the token, and what its answer means."""

from __future__ import annotations

import json

from entra_oauth.cli.get_tokens import token_store
from entra_oauth.cli.get_tokens.exchanged_tokens import check_goes_to, of_workspace_cloud, target_of
from entra_oauth.cli.options.app_options import RequestOptions
from entra_oauth.cli.session.secret_input import SecretInput, SecretOption, read_secret
from entra_oauth.cli.sign_in.choose_receiver import back_channels
from entra_oauth.cli.sign_in.login_command import login_command
from entra_oauth.cli.sign_in.other_flows import sign_in_person
from entra_oauth.cli.sign_in.plan import Keeper, authority_of, check_asked, is_for_cae
from entra_oauth.errors import ApiRefused, LocalError, SignInRequired, UsageError, plain
from entra_oauth.flows import api_call
from entra_oauth.light import TYPE_CHECKING, replace
from entra_oauth.protocol.authority import Authority
from entra_oauth.protocol.messages import split_origin
from entra_oauth.protocol.resource.destination import check_destination
from entra_oauth.protocol.resource.workspace import Workspace
from entra_oauth.protocol.resource.workspace_api import ApiCall, check_call, resource_id

if TYPE_CHECKING:
    from entra_oauth.cli.options.app_options import AppOptions
    from entra_oauth.cli.session.console import Console, Session
    from entra_oauth.cli.verbs.use_tokens_verbs import ApiOptions

__all__ = ["run"]

MAX_ANSWER_BYTES = 64 * 1024 * 1024
MAX_DATA_BYTES = 16 * 1024 * 1024

TOKEN = SecretOption(name="token", words="access token")


def run(options: ApiOptions, session: Session) -> int:
    """Send the call, print the answer, and raise what it refuses."""
    console = session.console
    method, url = _target(options)
    body, named = _body(options), _resource_id(options)
    # Nobody is asked anything for a call that will not be made, and above all not to sign in.
    check_call(method, body, named)
    app, authority = _authority(options, session)
    options = replace(options, app=app)
    target = target_of(options.exchange, app.workspace_url)
    scopes = app.scope if target is None else ("databricks",)
    if target is None:
        check_destination(url, scopes=scopes, authority=authority)
    else:
        check_goes_to(target, url, authority)
    tokens = _Tokens(options, session)
    token = tokens.first()
    with back_channels(options.network, session, max_body_bytes=MAX_ANSWER_BYTES) as channels:
        while True:
            call = ApiCall(
                method=method,
                url=url,
                access_token=token,
                scopes=scopes,
                authority=authority,
                is_exchanged=target is not None,
                body=body,
                resource_id=named,
                sign_in_with=login_command(app, options.network),
                sign_in_there_with=_sign_in_there(url, options),
            )
            reply = api_call.send(call, channels, timeout_s=options.network.http_timeout)
            refusal = call.refusal(reply, now=channels.now())
            if refusal is None or refusal.claims is None:
                break
            better = tokens.next(refusal.claims)
            if better is None:
                break
            token = better
    _show(reply.body, console)
    if "text/html" in (reply.header("Content-Type") or "") and refusal is None:
        console.say("Note: this is a page, not an API's answer; the path may be wrong.")
    if refusal is not None and refusal.claims is not None and options.credential.is_identity:
        raise ApiRefused(
            refusal.what,
            advice="A managed identity cannot answer that: its service takes no claims. An "
            "administrator has to change the policy, or the call be made as somebody else.",
            http_status=refusal.http_status,
        )
    if refusal is not None:
        raise refusal
    return 0


# ---- what is asked -----------------------------------------------------------------------


def _target(options: ApiOptions) -> tuple[str, str]:
    """Method and whole address."""
    if len(options.call) != 2:
        raise UsageError(
            "api needs a method and a path.",
            advice="For example: entra-oauth api GET /api/2.0/clusters/list --workspace-url URL",
        )
    method, path = options.call
    if "://" in path:
        return method.upper(), path
    if not options.app.workspace_url:
        raise UsageError(
            "No workspace was given.",
            advice="Copy its address from the browser and give it with --workspace-url or "
            "DATABRICKS_HOST: https://adb-….azuredatabricks.net.",
        )
    if not path.startswith("/"):
        raise UsageError(
            "The path does not begin with a slash.",
            advice="Write it as the API's documentation has it: /api/2.0/clusters/list.",
        )
    return method.upper(), Workspace(options.app.workspace_url).url + path


def _body(options: ApiOptions) -> bytes | None:
    if options.data is None:
        return None
    if options.data == "-":
        credential = options.credential
        secrets = (credential.client_secret_stdin, credential.certificate_passphrase_stdin)
        if options.token.token_stdin or any(secrets):
            raise UsageError(
                "Token and data are both to be read from standard input, which can hold one.",
                advice="Give the data as --data @FILE, or the token with --token-fd.",
            )
        return _read("standard input", 0)
    if not options.data.startswith("@"):
        raise UsageError(
            "--data takes no JSON itself: other programs can see a command line.",
            advice="Give --data @FILE, or pipe it in: --data -.",
        )
    return _read("the file of --data", options.data[1:])


def _read(name: str, source: str | int) -> bytes:
    try:
        with open(source, "rb", closefd=source != 0) as file:
            data = file.read(MAX_DATA_BYTES + 1)
    except OSError as error:
        raise LocalError(
            f"{name[:1].upper()}{name[1:]} cannot be read: {error.strerror}.",
            advice="Check its path and rights.",
        ) from None
    if len(data) > MAX_DATA_BYTES:
        raise UsageError(f"In {name} there is more than 16 MiB.", advice="Send less at a time.")
    return data


def _resource_id(options: ApiOptions) -> str | None:
    resource = options.resource
    parts = (resource.subscription, resource.resource_group, resource.workspace_name)
    if not any(parts):
        return resource.workspace_resource_id
    if not all(parts):
        raise UsageError(
            "--subscription, --resource-group and --workspace-name go together.",
            advice="Give all three, or --workspace-resource-id.",
        )
    if "workspace_resource_id" in options.app.origins.given:
        raise UsageError(
            "--workspace-resource-id and its parts exclude each other.",
            advice="Give the one or the other.",
        )
    return resource_id(*map(str, parts))


# ---- whose token --------------------------------------------------------------------------


def _authority(options: ApiOptions, session: Session) -> tuple[AppOptions, Authority]:
    """The app, settled, and who makes its token: as the options say, else as the workspace says."""
    app, exchange = options.app, options.exchange
    is_entras = not (exchange.exchange is not None and exchange.is_federated)
    if is_entras and not _handed_over(options).is_given:
        app = token_store.settled(app, options.network, session, options.credential)
        check_asked(app)  # before the gate, which knows no host of a scope that cannot be
        return app, authority_of(app)
    # Of a token that Entra is not asked for only the cloud counts, and the domain says that.
    return app, of_workspace_cloud(app)


def _sign_in_there(url: str, options: ApiOptions) -> str:
    workspace = split_origin(url)[0]
    return login_command(options.app, options.network, at_workspace=workspace)


def _handed_over(options: ApiOptions) -> SecretInput:
    return SecretInput(stdin=options.token.token_stdin, fd=options.token.token_fd)


class _Tokens:
    """The token to begin with, and better ones where a claims challenge asks for them.

    First without the person: a refresh that passes the claims on ("How to use continuous
    access evaluation enabled APIs"). Then, if that was allowed, with them; each once.
    """

    def __init__(self, options: ApiOptions, session: Session) -> None:
        self._given = _handed_over(options)
        if self._given.is_given and "interactive" in options.app.origins.given:
            raise UsageError(
                "--interactive has nothing to do where a token is handed over.",
                advice="Leave it out, or leave --token-stdin and --token-fd out.",
            )
        if self._given.is_given and options.exchange.exchange:
            raise UsageError(
                "--exchange has nothing to do where a token is handed over.",
                advice="Leave it out, or leave --token-stdin and --token-fd out.",
            )
        self._options = options
        self._session = session
        self._ways = [] if self._given.is_given else [self._renew]
        if options.renew.interactive and self._ways:
            self._ways.append(self._sign_in)
        self._is_identity = options.credential.is_identity

    def first(self) -> str:
        """Raises `SignInRequired` where only a person can go on."""
        if self._given.is_given:
            return read_secret(TOKEN, self._given)
        try:
            return self._renew(None)
        except SignInRequired:
            if not self._options.renew.interactive:
                raise
        return self._sign_in(None)

    def next(self, claims: str) -> str | None:
        """One that answers the challenge; None where nothing is left to try."""
        while self._ways and not self._is_identity:  # its service takes no claims
            try:
                return self._ways.pop(0)(claims)
            except SignInRequired:
                continue
        return None

    def _renew(self, claims: str | None) -> str:
        options = self._options
        query = token_store.TokenQuery(
            app=options.app,
            renew=options.renew,
            network=options.network,
            request=RequestOptions(claims=claims, cae=options.request.cae),
            credential=options.credential,
            exchange=options.exchange,
        )
        source = token_store.exchanging_source_for(query, self._session)
        return token_store.find(query, source).token.text

    def _sign_in(self, claims: str | None) -> str:
        options, session = self._options, self._session
        if claims is not None:
            session.console.say("The workspace asks for a newer or stronger sign-in.")
        keeper = Keeper.ready(options.store, session)
        request = RequestOptions(claims=claims, cae=options.request.cae)
        subject, tokens = sign_in_person(options, request, session)
        scope, cae = options.app.scope, is_for_cae(request)
        keeper.keep(tokens, subject, scope, session.console, cae=cae)
        return tokens.access_token


# ---- what came -----------------------------------------------------------------------------


def _show(body: bytes, console: Console) -> None:
    """Untouched for a program; for a person laid out, and without anything to be obeyed."""
    if not body:
        return
    if not console.out.isatty():
        console.result_bytes(body)
        return
    text = body.decode("utf-8", "replace")
    try:
        laid_out = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        for line in text.splitlines():
            console.result(plain(line, limit=len(line)))
        return
    console.result("".join(map(_visible, laid_out)))


def _visible(character: str) -> str:
    """A character as it may go to a terminal, still JSON."""
    if character == "\n" or character.isprintable():
        return character
    return json.dumps(character)[1:-1]
