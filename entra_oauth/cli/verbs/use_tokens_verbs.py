"""A token handed on: api, run, serve, credential."""

from __future__ import annotations

from entra_oauth.cli.command_line.declare import Verb, flag, group, option, words
from entra_oauth.cli.options.app_options import (
    AppOptions,
    CredentialOptions,
    RenewOptions,
    RequestOptions,
    SignInPageOptions,
    StoreOptions,
)
from entra_oauth.cli.options.common_options import NetworkOptions, OutputOptions, RecordingOptions
from entra_oauth.cli.options.exchange_options import TokenExchangeOptions
from entra_oauth.light import dataclass

__all__ = [
    "VERBS",
    "ApiOptions",
    "DatabricksCliOptions",
    "GitOptions",
    "KubectlOptions",
    "RunOptions",
    "ServeIdentityOptions",
    "ServeMetadataOptions",
    "ToolOptions",
]


_PERSONS = ("username", "password_stdin", "password_fd")
_AT_STDIN = (*_PERSONS, "client_secret_stdin", "certificate_passphrase_stdin")
"""A tool that asks for a token has its own use for standard input."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class TokenInputOptions:
    """A token that is handed over."""

    token_stdin: bool = flag("read the access token from standard input")
    token_fd: int | None = option("read the access token from this file descriptor", metavar="N")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class WorkspaceResourceOptions:
    """The workspace as a resource of Azure, whole or in parts."""

    workspace_resource_id: str | None = option(
        "Azure resource of the workspace, for its Contributors and Owners who are no members",
        metavar="ID",
        azure="DATABRICKS_AZURE_RESOURCE_ID",
    )
    subscription: str | None = option("the same in parts: the Azure subscription", metavar="ID")
    resource_group: str | None = option("… the resource group", metavar="NAME")
    workspace_name: str | None = option("… the workspace's name in Azure", metavar="NAME")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class ApiOptions:
    call: tuple[str, ...] = words("METHOD PATH", "what to send, and where")
    data: str | None = option("JSON to send: @FILE, or - for standard input", metavar="@FILE")
    app: AppOptions = group(AppOptions)
    exchange: TokenExchangeOptions = group(TokenExchangeOptions)
    token: TokenInputOptions = group(TokenInputOptions)
    renew: RenewOptions = group(RenewOptions)
    store: StoreOptions = group(StoreOptions)
    request: RequestOptions = group(RequestOptions, only=("cae",))
    credential: CredentialOptions = group(CredentialOptions, without=_PERSONS)
    resource: WorkspaceResourceOptions = group(WorkspaceResourceOptions)
    page: SignInPageOptions = group(SignInPageOptions)
    network: NetworkOptions = group(NetworkOptions)
    recording: RecordingOptions = group(RecordingOptions)
    output: OutputOptions = group(OutputOptions, only=("json", "quiet"))


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class RunOptions:
    program: tuple[str, ...] = words("PROGRAM …", "the program", program=True)
    app: AppOptions = group(AppOptions)
    exchange: TokenExchangeOptions = group(TokenExchangeOptions)
    renew: RenewOptions = group(RenewOptions, without=("interactive",))
    keep_proof: bool = flag("let the program have the variables with which the app proves itself")
    credential: CredentialOptions = group(CredentialOptions, without=_PERSONS)
    network: NetworkOptions = group(NetworkOptions)
    output: OutputOptions = group(OutputOptions, only=("env_name", "quiet"))


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class ServeMetadataOptions:
    app: AppOptions = group(AppOptions)
    exchange: TokenExchangeOptions = group(TokenExchangeOptions)
    port: int | None = option(
        "port to serve on (default: a free one)", key="serve-port", metavar="N", most=65535
    )
    renew: RenewOptions = group(RenewOptions, without=("interactive",))
    credential: CredentialOptions = group(CredentialOptions, without=_PERSONS)
    network: NetworkOptions = group(NetworkOptions)
    output: OutputOptions = group(OutputOptions, only=("quiet",))


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class ServeIdentityOptions:
    program: tuple[str, ...] = words(
        "PROGRAM …", "the program that may ask", program=True, needed=False
    )
    audience: tuple[str, ...] = option(
        "API that a token may be asked for, exactly as programs name it; may be repeated",
        key="serve-audience",
        metavar="RESOURCE",
        default=(),
    )
    env_file: str | None = option(
        "write the two variables there, for their owner only, while it serves", metavar="FILE"
    )
    listen: str = option(
        "one address of this machine to serve on; tokens pass in clear",
        key="serve-listen",
        metavar="ADDR",
        default="127.0.0.1",
    )
    port: int | None = option(
        "port to serve on (default: a free one)", key="serve-port", metavar="N", most=65535
    )
    delegate_my_token: bool = flag(
        "serve the token of the person who signed in, which acts as that person"
    )
    app: AppOptions = group(AppOptions, without=("scope",))
    renew: RenewOptions = group(RenewOptions, without=("interactive",))
    credential: CredentialOptions = group(CredentialOptions, without=_PERSONS)
    network: NetworkOptions = group(NetworkOptions)
    output: OutputOptions = group(OutputOptions, only=("quiet",))


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class KubectlOptions:
    app: AppOptions = group(AppOptions)
    renew: RenewOptions = group(RenewOptions, without=("interactive",))
    credential: CredentialOptions = group(CredentialOptions, without=_AT_STDIN)
    network: NetworkOptions = group(NetworkOptions)
    output: OutputOptions = group(OutputOptions, only=("quiet",))


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class ToolOptions:
    """`credential az`: another tool's arguments follow."""

    arguments: tuple[str, ...] = words("-- ARGUMENTS", "the arguments that the tool was given")
    app: AppOptions = group(AppOptions)
    install: str | None = option("write a small program of that name there", metavar="DIR")
    renew: RenewOptions = group(RenewOptions, without=("interactive",))
    credential: CredentialOptions = group(CredentialOptions, without=_AT_STDIN)
    network: NetworkOptions = group(NetworkOptions)
    output: OutputOptions = group(OutputOptions, only=("quiet",))


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class DatabricksCliOptions:
    """`credential databricks-cli`: as `credential az`, and the token may be exchanged."""

    arguments: tuple[str, ...] = words("-- ARGUMENTS", "the arguments that the tool was given")
    app: AppOptions = group(AppOptions)
    exchange: TokenExchangeOptions = group(TokenExchangeOptions)
    install: str | None = option("write a small program of that name there", metavar="DIR")
    renew: RenewOptions = group(RenewOptions, without=("interactive",))
    credential: CredentialOptions = group(CredentialOptions, without=_AT_STDIN)
    network: NetworkOptions = group(NetworkOptions)
    output: OutputOptions = group(OutputOptions, only=("quiet",))


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class GitOptions:
    operation: str | None = words("OPERATION", "get, store or erase, as git calls it")
    app: AppOptions = group(AppOptions)
    renew: RenewOptions = group(RenewOptions, without=("interactive",))
    credential: CredentialOptions = group(CredentialOptions, without=_AT_STDIN)
    network: NetworkOptions = group(NetworkOptions)
    output: OutputOptions = group(OutputOptions, only=("quiet",))


VERBS = (
    Verb("api", "use_tokens.api", ApiOptions),
    Verb("run", "use_tokens.run", RunOptions),
    Verb("serve metadata", "use_tokens.serve_metadata", ServeMetadataOptions),
    Verb("serve identity", "use_tokens.serve_identity", ServeIdentityOptions),
    Verb("credential kubectl", "use_tokens.credential", KubectlOptions),
    Verb("credential az", "use_tokens.credential", ToolOptions),
    Verb("credential databricks-cli", "use_tokens.credential", DatabricksCliOptions),
    Verb("credential git", "use_tokens.credential", GitOptions),
)
