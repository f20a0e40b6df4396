"""Ways to a token, and what is stored of it: login, token, refresh, status, logout."""

from __future__ import annotations

from entra_oauth.cli.command_line.declare import Verb, flag, group, option
from entra_oauth.cli.options.app_options import (
    AppOptions,
    CredentialOptions,
    RenewOptions,
    RequestOptions,
    SignInPageOptions,
    StoreOptions,
)
from entra_oauth.cli.options.common_options import (
    ExplainOptions,
    NetworkOptions,
    OutputOptions,
    RecordingOptions,
)
from entra_oauth.cli.options.exchange_options import TokenExchangeOptions
from entra_oauth.light import dataclass

__all__ = [
    "VERBS",
    "LoginOptions",
    "LogoutOptions",
    "RefreshOptions",
    "StatusOptions",
    "TokenOptions",
]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class LoginOptions:
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


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class TokenOptions:
    app: AppOptions = group(AppOptions)
    exchange: TokenExchangeOptions = group(TokenExchangeOptions)
    renew: RenewOptions = group(RenewOptions)
    store: StoreOptions = group(StoreOptions)
    request: RequestOptions = group(RequestOptions)
    credential: CredentialOptions = group(
        CredentialOptions, without=("username", "password_stdin", "password_fd")
    )
    page: SignInPageOptions = group(SignInPageOptions)
    network: NetworkOptions = group(NetworkOptions)
    recording: RecordingOptions = group(RecordingOptions)
    output: OutputOptions = group(OutputOptions, defaults={"output": "token"})


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class RefreshOptions:
    app: AppOptions = group(AppOptions, without=("workspace_url", "profile", "account"))
    request: RequestOptions = group(RequestOptions)
    network: NetworkOptions = group(NetworkOptions)
    recording: RecordingOptions = group(RecordingOptions)
    output: OutputOptions = group(
        OutputOptions, without=("env_name",), defaults={"output": "token"}
    )


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class StatusOptions:
    app: AppOptions = group(AppOptions)
    exchange: TokenExchangeOptions = group(TokenExchangeOptions)
    store: StoreOptions = group(StoreOptions)
    credential: CredentialOptions = group(
        CredentialOptions,
        only=(
            "flow",
            "certificate",
            "federated_token_source",
            "federated_token_file",
            "federated_token_env",
            "service_connection_id",
            "managed_identity_source",
            "managed_identity_id",
        ),
    )
    network: NetworkOptions = group(NetworkOptions, only=("ca_bundle",))
    output: OutputOptions = group(OutputOptions, only=("json", "quiet"))


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class LogoutOptions:
    app: AppOptions = group(AppOptions)
    exchange: TokenExchangeOptions = group(TokenExchangeOptions, without=("exchange_audience",))
    all: bool = flag("every account of every app")
    output: OutputOptions = group(OutputOptions, only=("json", "quiet"))


VERBS = (
    Verb("login", "get_tokens.login", LoginOptions),
    Verb("token", "get_tokens.token", TokenOptions),
    Verb("refresh", "get_tokens.refresh", RefreshOptions),
    Verb("status", "get_tokens.status", StatusOptions),
    Verb("logout", "get_tokens.logout", LogoutOptions),
)
