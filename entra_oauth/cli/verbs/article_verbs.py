"""The article's procedure: mirror, authorize-url, exchange."""

from __future__ import annotations

from dataclasses import dataclass

from entra_oauth.cli.command_line.declare import Verb, flag, group, option
from entra_oauth.cli.options.app_options import AppOptions
from entra_oauth.cli.options.network_options import NetworkOptions
from entra_oauth.cli.options.output_options import OutputOptions
from entra_oauth.cli.options.page_options import SignInPageOptions
from entra_oauth.cli.options.recording_options import ExplainOptions, RecordingOptions

__all__ = ["VERBS", "AuthorizeUrlOptions", "ExchangeOptions", "MirrorOptions"]

_REQUEST = ("redirect_uri", "response_mode", "prompt", "login_hint", "domain_hint")


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleOptions:
    """The article's own state."""

    state: str | None = option(
        "state to send instead of a random one (article only)", metavar="TEXT"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class MirrorOptions:
    """`mirror`."""

    app: AppOptions = group(AppOptions, without=("profile", "account"))
    print: bool = flag("print the address and the curl command, send nothing")
    prove: bool = flag(
        "send the request with this tool and with curl to a local socket, compare every byte"
    )
    article: ArticleOptions = group(ArticleOptions)
    page: SignInPageOptions = group(SignInPageOptions)
    network: NetworkOptions = group(NetworkOptions)
    recording: RecordingOptions = group(RecordingOptions)
    explain: ExplainOptions = group(ExplainOptions)
    output: OutputOptions = group(
        OutputOptions, without=("env_name",), defaults={"output": "token"}
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizeUrlOptions:
    """`authorize-url`."""

    app: AppOptions = group(AppOptions, without=("workspace_url", "profile", "account"))
    procedure: str = option(
        "which requests are sent",
        metavar="NAME",
        choices=("article", "hardened"),
        default="article",
    )
    article: ArticleOptions = group(ArticleOptions)
    page: SignInPageOptions = group(SignInPageOptions, only=_REQUEST)
    output: OutputOptions = group(OutputOptions, only=("json", "quiet"))


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeOptions:
    """`exchange`."""

    app: AppOptions = group(AppOptions, without=("workspace_url", "profile", "account"))
    article: ArticleOptions = group(ArticleOptions)
    page: SignInPageOptions = group(SignInPageOptions, only=("redirect_uri",))
    network: NetworkOptions = group(NetworkOptions)
    recording: RecordingOptions = group(RecordingOptions)
    output: OutputOptions = group(
        OutputOptions, without=("env_name",), defaults={"output": "token"}
    )


VERBS = (
    Verb(
        name="mirror",
        module="article.mirror",
        as_given=True,
        options=MirrorOptions,
        description="Run the documented browser-and-curl procedure exactly: no PKCE, no "
        "refresh token, nothing kept. Prints the access token.",
        examples=(
            "entra-oauth mirror --tenant TENANT --client-id CLIENT",
            "entra-oauth mirror --print --tenant TENANT --client-id CLIENT",
            "entra-oauth mirror --prove",
        ),
    ),
    Verb(
        name="authorize-url",
        module="article.authorize_url",
        as_given=True,
        options=AuthorizeUrlOptions,
        description="Print the authorize URL. What `exchange` must know (state, verifier, "
        "nonce) is kept for an hour in a file that only you can read.",
        examples=("entra-oauth authorize-url --tenant TENANT --client-id CLIENT",),
    ),
    Verb(
        name="exchange",
        module="article.exchange",
        as_given=True,
        options=ExchangeOptions,
        description="Read the address that the browser ended on, from a prompt or from "
        "standard input, find the request that it answers, and redeem its code. Prints the "
        "access token.",
        examples=("entra-oauth exchange", "pbpaste | entra-oauth exchange"),
        takes="The address is read from a prompt or from standard input: other programs "
        "can see a command line, and the shell keeps it. If it held a code, sign in again.",
    ),
)
