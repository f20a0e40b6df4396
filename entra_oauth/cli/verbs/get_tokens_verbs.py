"""Ways to a token, and what is stored of it: login, token, refresh, status, logout."""

from __future__ import annotations

from dataclasses import dataclass

from entra_oauth.cli.command_line.declare import Verb, flag, group, option
from entra_oauth.cli.options.app_options import (
    AppOptions,
    RenewOptions,
    RequestOptions,
    StoreOptions,
)
from entra_oauth.cli.options.credential_options import CredentialOptions
from entra_oauth.cli.options.network_options import NetworkOptions
from entra_oauth.cli.options.output_options import OutputOptions
from entra_oauth.cli.options.page_options import SignInPageOptions
from entra_oauth.cli.options.recording_options import ExplainOptions, RecordingOptions

__all__ = [
    "VERBS",
    "LoginOptions",
    "LogoutOptions",
    "RefreshOptions",
    "StatusOptions",
    "TokenOptions",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginOptions:
    """`login`."""

    app: AppOptions = group(AppOptions, without=("account",))
    save_profile: str | None = option(
        "keep these values in a profile of this name, and use it from now on", metavar="NAME"
    )
    store: StoreOptions = group(StoreOptions)
    dry_run: bool = flag(
        "print the address that would be opened, and what the linter finds; send nothing"
    )
    request: RequestOptions = group(RequestOptions)
    credential: CredentialOptions = group(CredentialOptions)
    page: SignInPageOptions = group(SignInPageOptions)
    network: NetworkOptions = group(NetworkOptions)
    recording: RecordingOptions = group(RecordingOptions)
    explain: ExplainOptions = group(ExplainOptions)
    output: OutputOptions = group(OutputOptions)


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenOptions:
    """`token`."""

    app: AppOptions = group(AppOptions)
    renew: RenewOptions = group(RenewOptions)
    store: StoreOptions = group(StoreOptions)
    request: RequestOptions = group(RequestOptions)
    page: SignInPageOptions = group(SignInPageOptions)
    network: NetworkOptions = group(NetworkOptions)
    recording: RecordingOptions = group(RecordingOptions)
    output: OutputOptions = group(OutputOptions, defaults={"output": "token"})


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshOptions:
    """`refresh`."""

    app: AppOptions = group(AppOptions, without=("workspace_url", "profile", "account"))
    request: RequestOptions = group(RequestOptions)
    network: NetworkOptions = group(NetworkOptions)
    recording: RecordingOptions = group(RecordingOptions)
    output: OutputOptions = group(
        OutputOptions, without=("env_name",), defaults={"output": "token"}
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusOptions:
    """`status`."""

    app: AppOptions = group(AppOptions)
    store: StoreOptions = group(StoreOptions)
    output: OutputOptions = group(OutputOptions, only=("json", "quiet"))


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoutOptions:
    """`logout`."""

    app: AppOptions = group(AppOptions)
    all: bool = flag("every account of every app")
    output: OutputOptions = group(OutputOptions, only=("json", "quiet"))


VERBS = (
    Verb(
        name="login",
        module="get_tokens.login",
        options=LoginOptions,
        description="Sign in with everything that is advised today: PKCE S256, a 256-bit "
        "state, a nonce, form_post. Prints who signed in and until when. With --flow in another "
        "way: on another device, with a password, or as the app itself.",
        examples=(
            "entra-oauth login --tenant TENANT --client-id CLIENT",
            "entra-oauth login --explain --tenant TENANT --client-id CLIENT",
            "entra-oauth login --tenant TENANT --client-id CLIENT -o token",
            "entra-oauth login --flow device-code --tenant TENANT --client-id CLIENT",
            "entra-oauth login --flow client-credentials --certificate app.pem "
            "--tenant TENANT --client-id CLIENT",
        ),
    ),
    Verb(
        name="token",
        module="get_tokens.token",
        options=TokenOptions,
        description="Print the access token of whoever signed in. It is renewed when it is "
        "about to expire, by one process only, however many ask. Exit code 4 means that a "
        "person must sign in; --interactive lets them.",
        examples=(
            "entra-oauth token",
            "entra-oauth token --scope graph -o json",
            'curl -H "$(entra-oauth token -o header)" https://…',
        ),
    ),
    Verb(
        name="refresh",
        module="get_tokens.refresh",
        options=RefreshOptions,
        description="Read a refresh token from a prompt or from standard input and exchange "
        "it. Prints the access token; -o json holds the new refresh token too. Exit code 4 "
        "means that it is dead: sign in again.",
        examples=("entra-oauth refresh --tenant TENANT --client-id CLIENT < FILE",),
        takes="The token is read from a prompt or from standard input: other programs "
        "can see a command line, and the shell keeps it.",
    ),
    Verb(
        name="status",
        module="get_tokens.status",
        options=StatusOptions,
        description="Show the values that are used and where each comes from, the accounts "
        "that are kept here, and how long their tokens are good. Nothing is sent.",
        examples=("entra-oauth status", "entra-oauth status --json"),
    ),
    Verb(
        name="logout",
        module="get_tokens.logout",
        options=LogoutOptions,
        description="Remove an account's tokens from this machine. Nothing is sent: what the "
        "authority and the APIs still honour is said, with the address that signs the browser "
        "out, which is the result.",
        examples=("entra-oauth logout", "entra-oauth logout --all"),
    ),
)
