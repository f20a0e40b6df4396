"""The article's procedure: mirror, authorize-url, exchange."""

from __future__ import annotations

from entra_oauth.cli.command_line.declare import Verb, flag, group, option
from entra_oauth.cli.options.app_options import AppOptions, SignInPageOptions
from entra_oauth.cli.options.common_options import (
    ExplainOptions,
    NetworkOptions,
    OutputOptions,
    RecordingOptions,
)
from entra_oauth.light import dataclass

__all__ = ["VERBS", "AuthorizeUrlOptions", "ExchangeOptions", "MirrorOptions"]

_REQUEST = ("redirect_uri", "response_mode", "prompt", "login_hint", "domain_hint")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class ArticleOptions:
    """The article's own state."""

    state: str | None = option(
        "state to send instead of a random one (article only)", metavar="TEXT"
    )


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class MirrorOptions:
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


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class AuthorizeUrlOptions:
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


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class ExchangeOptions:
    app: AppOptions = group(AppOptions, without=("workspace_url", "profile", "account"))
    article: ArticleOptions = group(ArticleOptions)
    page: SignInPageOptions = group(SignInPageOptions, only=("redirect_uri",))
    network: NetworkOptions = group(NetworkOptions)
    recording: RecordingOptions = group(RecordingOptions)
    output: OutputOptions = group(
        OutputOptions, without=("env_name",), defaults={"output": "token"}
    )


VERBS = (
    Verb("mirror", "article.mirror", MirrorOptions, as_given=True),
    Verb("authorize-url", "article.authorize_url", AuthorizeUrlOptions, as_given=True),
    Verb("exchange", "article.exchange", ExchangeOptions, as_given=True),
)
