"""The options of every verb, declared once, and where their values come from.

A value is looked for in this order: the command line, `ENTRA_OAUTH_<NAME>`, the
variable of Azure's own tools where there is one, the default.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from entra_oauth.errors import UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

__all__ = ["Option", "add", "fill_in"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One option. `kind` is `text`, `flag`, `number`, `list`, or the name of choices."""

    name: str
    help: str
    key: str = ""
    """What verbs call it, where two verbs have an option of one name."""
    metavar: str | None = None
    kind: str = "text"
    choices: tuple[str, ...] = ()
    default: str | None = None
    short: str | None = None
    azure: str | None = None
    """The variable that Azure's own tools read for the same thing."""

    def __post_init__(self) -> None:
        if not self.key:
            object.__setattr__(self, "key", self.name)

    @property
    def dest(self) -> str:
        return self.name.replace("-", "_")

    @property
    def variable(self) -> str:
        return f"ENTRA_OAUTH_{self.key.replace('-', '_').upper()}"


_ALL = (
    Option(
        name="tenant",
        metavar="ID",
        azure="AZURE_TENANT_ID",
        help="Directory (tenant) ID, a domain, or common, organizations, consumers",
    ),
    Option(
        name="client-id",
        metavar="ID",
        azure="AZURE_CLIENT_ID",
        help="Application (client) ID of the app registration",
    ),
    Option(
        name="scope",
        metavar="SCOPE",
        kind="list",
        default="databricks",
        help="what the token is for; may be repeated; databricks, graph and arm are short names "
        "(default: databricks)",
    ),
    Option(
        name="cloud",
        choices=("public", "usgov", "china"),
        default="public",
        help="national cloud (default: public)",
    ),
    Option(
        name="authority-host",
        metavar="URL",
        azure="AZURE_AUTHORITY_HOST",
        help="login host, instead of --cloud's",
    ),
    Option(
        name="redirect-uri",
        metavar="URI",
        help="redirect URI as registered (default: http://localhost)",
    ),
    Option(name="port", metavar="N", kind="number", help="port that the listener takes"),
    Option(
        name="listen",
        metavar="ADDR",
        help="address to listen on, for containers only; anything but loopback is risky",
    ),
    Option(
        name="response-mode",
        choices=("form_post", "query"),
        help="how the answer comes back (default: form_post, or query where it is pasted)",
    ),
    Option(
        name="prompt",
        choices=("login", "none", "consent", "select_account"),
        help="what the sign-in page must ask",
    ),
    Option(name="login-hint", metavar="USER", help="user name to fill in on the sign-in page"),
    Option(name="domain-hint", metavar="DOMAIN", help="skip the search for the home realm"),
    Option(
        name="timeout",
        metavar="S",
        kind="number",
        default="300",
        help="seconds that you have to sign in (default: 300)",
    ),
    Option(
        name="http-timeout",
        metavar="S",
        kind="number",
        default="30",
        help="seconds for a whole request (default: 30)",
    ),
    Option(name="no-browser", kind="flag", help="open no browser, print the address only"),
    Option(name="browser", metavar="CMD", help="command that opens the address; %%s stands for it"),
    Option(
        name="paste",
        metavar="-",
        kind="optional",
        default=None,
        help="no listener: paste the final address instead; `--paste -` reads standard input",
    ),
    Option(name="ca-bundle", metavar="FILE", help="certificates to trust instead of the system's"),
    Option(name="allow-keylog", kind="flag", help="allow SSLKEYLOGFILE to record the TLS keys"),
    Option(
        name="state", metavar="TEXT", help="state to send instead of a random one (article only)"
    ),
    Option(
        name="procedure",
        choices=("article", "hardened"),
        default="article",
        help="which requests are sent (default: article)",
    ),
    Option(
        name="browser",
        key="demo-browser",
        kind="flag",
        help="use your own browser instead of the built-in one",
    ),
    Option(
        name="procedure",
        key="demo-procedure",
        choices=("article", "hardened"),
        default="hardened",
        help="which requests are sent (default: hardened)",
    ),
    Option(
        name="output",
        short="o",
        choices=("summary", "token", "json", "header"),
        help="what goes to standard output",
    ),
    Option(name="json", kind="flag", help="the same as -o json; errors become JSON too"),
    Option(name="quiet", short="q", kind="flag", help="say only what is needed"),
    Option(name="print", kind="flag", help="print the address and the curl command, send nothing"),
    Option(
        name="prove",
        kind="flag",
        help="send the request with this tool and with curl to a local socket, compare every byte",
    ),
)

BY_KEY = {option.key: option for option in _ALL}


def add(parser: argparse.ArgumentParser, keys: tuple[str, ...]) -> None:
    """Add these options to a parser; all default to None so that `fill_in` can tell."""
    for key in keys:
        option = BY_KEY[key]
        flags = [f"--{option.name}"] + ([f"-{option.short}"] if option.short else [])
        if option.kind == "flag":
            parser.add_argument(
                *flags, dest=option.dest, action="store_true", default=None, help=option.help
            )
        elif option.kind == "optional":
            parser.add_argument(
                *flags,
                dest=option.dest,
                nargs="?",
                const="",
                choices=("", "-"),
                metavar=option.metavar,
                help=option.help,
            )
        elif option.kind == "list":
            parser.add_argument(
                *flags,
                dest=option.dest,
                action="append",
                metavar=option.metavar,
                help=option.help,
            )
        else:
            parser.add_argument(
                *flags,
                dest=option.dest,
                choices=option.choices or None,
                metavar=option.metavar,
                help=option.help,
            )


def fill_in(
    args: argparse.Namespace, keys: tuple[str, ...], environ: Mapping[str, str] = os.environ
) -> None:
    """Give every option that was not on the command line its value, and check it.

    Raises `UsageError` that names the option or the variable at fault.
    """
    for key in keys:
        option = BY_KEY[key]
        value = getattr(args, option.dest)
        source = f"--{option.name}"
        if value is None:
            value, source = _from_environment(option, environ)
        setattr(args, option.dest, _typed(option, value, source))


def _from_environment(option: Option, environ: Mapping[str, str]) -> tuple[object, str]:
    for variable in (option.variable, option.azure):
        if variable and (text := environ.get(variable)):
            if option.kind == "flag":
                return text.lower() not in ("0", "false", "no"), variable
            return [text] if option.kind == "list" else text, variable
    default = option.default
    return [default] if option.kind == "list" and default else default, "the default"


def _typed(option: Option, value: object, source: str) -> object:
    if option.kind == "flag":
        return bool(value)
    if option.kind == "list":
        return tuple(value) if isinstance(value, list) else ()
    if value is None:
        return None
    if option.choices and value not in option.choices:
        raise UsageError(
            f"{source} has a value that is not known.",
            advice=f"Use one of {', '.join(option.choices)}.",
        )
    return _number(str(value), source) if option.kind == "number" else value


def _number(text: str, source: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text[:9]) < 10**6):
        raise UsageError(f"{source} is not a whole number above zero.", advice="Give it in digits.")
    return int(text)
