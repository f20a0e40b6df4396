"""A token handed on: api, run, serve metadata, credential."""

from __future__ import annotations

from dataclasses import dataclass

from entra_oauth.cli.command_line.declare import Verb, flag, group, option, words
from entra_oauth.cli.options.app_options import AppOptions, RenewOptions, StoreOptions
from entra_oauth.cli.options.network_options import NetworkOptions
from entra_oauth.cli.options.output_options import OutputOptions
from entra_oauth.cli.options.page_options import SignInPageOptions
from entra_oauth.cli.options.recording_options import RecordingOptions

__all__ = [
    "VERBS",
    "ApiOptions",
    "GitOptions",
    "KubectlOptions",
    "RunOptions",
    "ServeMetadataOptions",
    "ToolOptions",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenInputOptions:
    """A token that is handed over."""

    token_stdin: bool = flag("read the access token from standard input")
    token_fd: int | None = option("read the access token from this file descriptor", metavar="N")


@dataclass(frozen=True, slots=True, kw_only=True)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiOptions:
    """`api`."""

    call: tuple[str, ...] = words("METHOD PATH", "what to send, and where")
    data: str | None = option("JSON to send: @FILE, or - for standard input", metavar="@FILE")
    app: AppOptions = group(AppOptions)
    token: TokenInputOptions = group(TokenInputOptions)
    renew: RenewOptions = group(RenewOptions)
    store: StoreOptions = group(StoreOptions)
    resource: WorkspaceResourceOptions = group(WorkspaceResourceOptions)
    page: SignInPageOptions = group(SignInPageOptions)
    network: NetworkOptions = group(NetworkOptions)
    recording: RecordingOptions = group(RecordingOptions)
    output: OutputOptions = group(OutputOptions, only=("json", "quiet"))


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """`run`."""

    program: tuple[str, ...] = words("PROGRAM …", "the program", program=True)
    app: AppOptions = group(AppOptions)
    renew: RenewOptions = group(RenewOptions, without=("interactive",))
    network: NetworkOptions = group(NetworkOptions)
    output: OutputOptions = group(OutputOptions, only=("env_name", "quiet"))


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeMetadataOptions:
    """`serve metadata`."""

    app: AppOptions = group(AppOptions)
    port: int | None = option(
        "port to serve on (default: a free one)", key="serve-port", metavar="N", most=65535
    )
    renew: RenewOptions = group(RenewOptions, without=("interactive",))
    network: NetworkOptions = group(NetworkOptions)
    output: OutputOptions = group(OutputOptions, only=("quiet",))


@dataclass(frozen=True, slots=True, kw_only=True)
class KubectlOptions:
    """`credential kubectl`."""

    app: AppOptions = group(AppOptions)
    renew: RenewOptions = group(RenewOptions, without=("interactive",))
    network: NetworkOptions = group(NetworkOptions)
    output: OutputOptions = group(OutputOptions, only=("quiet",))


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolOptions:
    """`credential az` and `credential databricks-cli`: another tool's arguments follow."""

    arguments: tuple[str, ...] = words("-- ARGUMENTS", "the arguments that the tool was given")
    app: AppOptions = group(AppOptions)
    install: str | None = option("write a small program of that name there", metavar="DIR")
    renew: RenewOptions = group(RenewOptions, without=("interactive",))
    network: NetworkOptions = group(NetworkOptions)
    output: OutputOptions = group(OutputOptions, only=("quiet",))


@dataclass(frozen=True, slots=True, kw_only=True)
class GitOptions:
    """`credential git`."""

    operation: str | None = words("OPERATION", "get, store or erase, as git calls it")
    app: AppOptions = group(AppOptions)
    renew: RenewOptions = group(RenewOptions, without=("interactive",))
    network: NetworkOptions = group(NetworkOptions)
    output: OutputOptions = group(OutputOptions, only=("quiet",))


VERBS = (
    Verb(
        name="api",
        module="use_tokens.api",
        options=ApiOptions,
        description="Send METHOD PATH to a workspace and print its answer: laid out on a "
        "terminal, untouched in a pipe. The token comes from the last sign-in, from standard "
        "input or from a file descriptor, and goes to no host but its own API's. Only a GET is "
        "sent again when the workspace is busy. Exit code 1 means HTTP 400 or above, explained.",
        examples=(
            "entra-oauth api GET /api/2.0/clusters/list --workspace-url URL",
            "entra-oauth login -o token | entra-oauth api GET "
            "/api/2.0/clusters/list --token-stdin --workspace-url URL",
            "entra-oauth api POST /api/2.0/clusters/start --data @body.json --workspace-url URL",
        ),
        takes="METHOD and PATH stand side by side, after api; a token is never an argument.",
    ),
    Verb(
        name="run",
        module="use_tokens.run",
        options=RunOptions,
        description="Run a program with DATABRICKS_HOST, DATABRICKS_TOKEN and "
        "DATABRICKS_AUTH_TYPE=pat in its environment, or ENTRA_ACCESS_TOKEN for another API. "
        "The token is not renewed while it runs. The exit code is the program's.",
        examples=("entra-oauth run -- python job.py",),
    ),
    Verb(
        name="serve metadata",
        module="use_tokens.serve_metadata",
        options=ServeMetadataOptions,
        description="Serve tokens on loopback to the Databricks SDKs until Ctrl-C. Prints the "
        "address for DATABRICKS_METADATA_SERVICE_URL; whoever knows it can have tokens.",
        examples=(
            "entra-oauth serve metadata",
            "export DATABRICKS_METADATA_SERVICE_URL=http://127.0.0.1:PORT/…",
        ),
    ),
    Verb(
        name="credential kubectl",
        module="use_tokens.credential",
        options=KubectlOptions,
        description="Print an ExecCredential (client.authentication.k8s.io). To be named as "
        "the command of an exec plugin in a kubeconfig.",
        examples=("entra-oauth credential kubectl --profile aks",),
    ),
    Verb(
        name="credential az",
        module="use_tokens.credential",
        options=ToolOptions,
        description="Answer as Azure's command line does, for the scopes of the profile only. "
        "With --install, a program named az is written that calls this: azure-identity's "
        "AzureCliCredential takes it.",
        examples=(
            "entra-oauth credential az --profile work --install ~/shims",
            "entra-oauth credential az -- account get-access-token --resource RESOURCE",
        ),
    ),
    Verb(
        name="credential databricks-cli",
        module="use_tokens.credential",
        options=ToolOptions,
        description="Answer as Databricks' command line does, for the hosts of the profile "
        "only. With --install, a program named databricks is written that calls this, for "
        "DATABRICKS_CLI_PATH.",
        examples=(
            "entra-oauth credential databricks-cli --profile work --install ~/shims",
            "entra-oauth credential databricks-cli -- auth token --host HOST",
        ),
    ),
    Verb(
        name="credential git",
        module="use_tokens.credential",
        options=GitOptions,
        description="Speak git's credential protocol on standard input and output. Answers "
        "only get, only over https, and only for hosts that the token is for.",
        examples=("git config credential.helper '!entra-oauth credential git --profile work'",),
    ),
)
