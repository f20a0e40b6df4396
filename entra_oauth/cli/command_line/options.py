"""The options of every verb, declared once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

__all__ = ["AT_THE_PROMPT", "BY_KEY", "Option", "add"]

AT_THE_PROMPT = ""
"""What `--paste` alone means."""


FORMATS = (
    *("summary", "token", "json", "header", "curl-config"),
    *("env", "env-no-export", "fish", "powershell", "windows-cmd", "dotenv"),
    *("az", "kubectl", "databricks-cli", "none"),
)
"""What `-o` can be; the last word of `login` is `none`, which prints nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One option. `kind` is `text`, `flag`, `number`, `list` or `paste`."""

    name: str
    help: str
    key: str = ""
    """What verbs call it, where two verbs have an option of one name."""
    metavar: str | None = None
    kind: str = "text"
    choices: tuple[str, ...] = ()
    default: str | None = None
    most: int = 999_999
    """The largest number."""
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
        metavar="NAME",
        choices=("public", "usgov", "china", "bleu", "delos", "govsg"),
        default="public",
        help="national cloud: public, usgov, china, bleu, delos or govsg (default: public)",
    ),
    Option(
        name="authority-host",
        metavar="URL",
        azure="AZURE_AUTHORITY_HOST",
        help="login host, instead of --cloud's",
    ),
    Option(
        name="workspace-url",
        metavar="URL",
        azure="DATABRICKS_HOST",
        help="Databricks workspace; it names tenant and cloud, where --tenant is not given",
    ),
    Option(
        name="flow",
        metavar="NAME",
        choices=("auth-code", "device-code", "password", "client-credentials"),
        default="auth-code",
        help="way to the token: auth-code, device-code, password or client-credentials "
        "(default: auth-code)",
    ),
    Option(
        name="claims",
        metavar="JSON",
        help="claims challenge to answer: the JSON text that came with an error",
    ),
    Option(
        name="correlation-id",
        metavar="GUID",
        help="id by which Entra's logs know the requests (default: none is sent)",
    ),
    Option(
        name="username",
        metavar="USER",
        azure="AZURE_USERNAME",
        help="user name, for --flow password",
    ),
    Option(name="password-stdin", kind="flag", help="read the password from standard input"),
    Option(
        name="password-fd",
        metavar="N",
        kind="number",
        help="read the password from this file descriptor (default: ask at a prompt)",
    ),
    Option(
        name="client-secret-stdin",
        kind="flag",
        help="read the client secret from standard input (else AZURE_CLIENT_SECRET, or a prompt)",
    ),
    Option(
        name="client-secret-fd",
        metavar="N",
        kind="number",
        help="read the client secret from this file descriptor",
    ),
    Option(
        name="certificate",
        metavar="FILE",
        azure="AZURE_CLIENT_CERTIFICATE_PATH",
        help="certificate of the app with its private key: PEM or PFX",
    ),
    Option(
        name="certificate-algorithm",
        metavar="ALG",
        choices=("PS256", "RS256"),
        default="PS256",
        help="how the certificate signs: PS256, or RS256 for the older form (default: PS256)",
    ),
    Option(
        name="certificate-passphrase-stdin",
        kind="flag",
        help="read the certificate's passphrase from standard input",
    ),
    Option(
        name="certificate-passphrase-fd",
        metavar="N",
        kind="number",
        help="read the certificate's passphrase from this file descriptor",
    ),
    Option(
        name="federated-token-file",
        metavar="FILE",
        azure="AZURE_FEDERATED_TOKEN_FILE",
        help="file with a token that the app registration trusts",
    ),
    Option(
        name="redirect-uri",
        metavar="URI",
        help="redirect URI as registered (default: http://localhost)",
    ),
    Option(
        name="port",
        metavar="N",
        kind="number",
        most=65535,
        help="port that the listener takes (default: a free one)",
    ),
    Option(
        name="listen",
        metavar="ADDR",
        help="address to listen on, for containers only; anything but loopback is risky",
    ),
    Option(
        name="response-mode",
        metavar="MODE",
        choices=("form_post", "query"),
        help="how the answer comes back: form_post or query (default: form_post for login, query "
        "for the article and where the answer is pasted)",
    ),
    Option(
        name="prompt",
        metavar="WHAT",
        choices=("login", "none", "consent", "select_account"),
        help="what the sign-in page must ask: login, none, consent or select_account",
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
        kind="paste",
        help="no listener: paste the final address instead; `--paste -` reads standard input",
    ),
    Option(name="ca-bundle", metavar="FILE", help="certificates to trust instead of the system's"),
    Option(name="allow-keylog", kind="flag", help="allow SSLKEYLOGFILE to record the TLS keys"),
    Option(
        name="record",
        metavar="DIR",
        help="write down every message in a new folder, its secrets taken out; on a failure too",
    ),
    Option(
        name="redact",
        metavar="LEVEL",
        choices=("secrets", "pii", "none"),
        default="secrets",
        help="what --record takes out: secrets, pii (people and tenants too) or none, which is "
        "dangerous (default: secrets)",
    ),
    Option(
        name="level",
        metavar="LEVEL",
        choices=("secrets", "pii"),
        default="secrets",
        help="what is taken out: secrets, or pii (people and tenants too) (default: secrets)",
    ),
    Option(
        name="out", short="o", metavar="FILE", help="new file to write (default: standard output)"
    ),
    Option(
        name="raw", kind="flag", help="the bytes as text, line ends and control characters named"
    ),
    Option(name="hex", kind="flag", help="the bytes as numbers"),
    Option(name="explain", kind="flag", help="also each parameter and what it is for"),
    Option(
        name="explain",
        key="live-explain",
        kind="flag",
        help="before each message: who sends it to whom, why, and what each parameter is for",
    ),
    Option(name="pause", kind="flag", help="the same, and wait for Enter before each message"),
    Option(name="predict", kind="flag", help="the same, and ask first what will be sent"),
    Option(
        name="accept",
        metavar="LAYER",
        choices=("bytes", "body", "parameters"),
        default="bytes",
        help="what must be equal for exit code 0: bytes, body or parameters (default: bytes)",
    ),
    Option(name="policy", metavar="FILE", help="TOML file with your own rules; see docs/rules.md"),
    Option(
        name="fail-on",
        metavar="LEVEL",
        choices=("error", "warning", "note"),
        default="error",
        help="exit code 9 from this level on: error, warning or note (default: error)",
    ),
    Option(
        name="output",
        key="lint-output",
        short="o",
        metavar="FORMAT",
        choices=("text", "json", "sarif"),
        default="text",
        help="text, json or sarif (default: text)",
    ),
    Option(
        name="as",
        metavar="FORMAT",
        choices=("har", "curl", "http", "mermaid", "markdown", "html"),
        default="html",
        help="har, curl, http, mermaid, markdown or html (default: html)",
    ),
    Option(
        name="audience",
        metavar="WHO",
        choices=("auditor", "learner"),
        default="auditor",
        help="whom the html is for: auditor or learner, who is told why (default: auditor)",
    ),
    Option(
        name="blank", kind="flag", help="leave the values out of the html: a worksheet to fill in"
    ),
    Option(
        name="to",
        metavar="URL",
        help="origin to send it to (default: a practice tenant that is started for it)",
    ),
    Option(name="live", kind="flag", help="allow a host that is not on this machine"),
    Option(
        name="values",
        metavar="-",
        choices=("-",),
        help="read the values that were taken out from standard input, a NAME=VALUE on each line",
    ),
    Option(
        name="report",
        metavar="FILE",
        help="new file for the report (default: the same one each time, in your cache folder)",
    ),
    Option(name="key", metavar="FILE", help="SSH key to seal with"),
    Option(name="signer", metavar="FILE", help="public SSH key that must have made the seal"),
    Option(
        name="state", metavar="TEXT", help="state to send instead of a random one (article only)"
    ),
    Option(
        name="procedure",
        metavar="NAME",
        choices=("article", "hardened"),
        default="article",
        help="which requests are sent: article or hardened (default: article)",
    ),
    Option(
        name="browser",
        key="demo-browser",
        kind="flag",
        help="use your own browser instead of the built-in one",
    ),
    Option(
        name="port",
        key="practice-port",
        metavar="N",
        kind="number",
        most=65535,
        help="port that the tenant is served on (default: a free one)",
    ),
    Option(
        name="tls",
        key="practice-tls",
        kind="flag",
        help="serve over https, with a certificate made for this run",
    ),
    Option(
        name="proxy-port",
        key="practice-proxy-port",
        metavar="N",
        kind="number",
        most=65535,
        help="port of the proxy that plays the real hosts (practice run: a free one)",
    ),
    Option(
        name="directory",
        key="practice-directory",
        metavar="FILE",
        help="people, apps and APIs from a TOML file instead of the usual ones",
    ),
    Option(
        name="fault",
        key="practice-fault",
        metavar="FAULT",
        kind="list",
        help="misbehave from the start, such as csrf-state; may be repeated",
    ),
    Option(
        name="user",
        key="practice-user",
        metavar="NAME",
        default="alice",
        help="who signs in when the program opens a browser (default: alice)",
    ),
    Option(name="clear", key="practice-clear", kind="flag", help="behave again"),
    Option(
        name="control",
        key="practice-control",
        metavar="URL",
        help="control address that practice serve told (default: the one last started here)",
    ),
    Option(
        name="procedure",
        key="demo-procedure",
        metavar="NAME",
        choices=("article", "hardened"),
        default="hardened",
        help="which requests are sent: article or hardened (default: hardened)",
    ),
    Option(
        name="output",
        short="o",
        metavar="FORMAT",
        choices=FORMATS,
        help=f"what goes to standard output: {', '.join(FORMATS[:-1])} or {FORMATS[-1]}",
    ),
    Option(
        name="json",
        kind="flag",
        help="the same as -o json: the result as JSON, and an error as the last line on standard "
        "error",
    ),
    Option(
        name="profile",
        short="p",
        metavar="NAME",
        help="take what is not given here from this profile (default: the default one)",
    ),
    Option(name="account", metavar="USER", help="who signed in (default: the latest who did)"),
    Option(
        name="cache",
        metavar="WHERE",
        choices=("keyring", "file", "memory", "none"),
        help="where tokens are kept: keyring, file, memory or none (default: keyring where it "
        "works, else file)",
    ),
    Option(
        name="save-profile",
        metavar="NAME",
        help="keep these values in a profile of this name, and use it from now on",
    ),
    Option(
        name="min-validity",
        metavar="S",
        kind="number",
        default="300",
        help="seconds that the token must still be good, else it is renewed (default: 300)",
    ),
    Option(name="force-refresh", kind="flag", help="renew the token in any case"),
    Option(name="all", kind="flag", help="every account of every app"),
    Option(
        name="env-name",
        metavar="NAME",
        help="variable for the formats of a shell (default: DATABRICKS_TOKEN for Databricks, else "
        "ENTRA_ACCESS_TOKEN)",
    ),
    Option(name="install", metavar="DIR", help="write a small program of that name there"),
    Option(
        name="port",
        key="serve-port",
        metavar="N",
        kind="number",
        most=65535,
        help="port to serve on (default: a free one)",
    ),
    Option(name="quiet", short="q", kind="flag", help="say only what is needed"),
    Option(
        name="data",
        metavar="@FILE",
        help="JSON to send: @FILE, or - for standard input",
    ),
    Option(name="token-stdin", kind="flag", help="read the access token from standard input"),
    Option(
        name="token-fd",
        metavar="N",
        kind="number",
        help="read the access token from this file descriptor",
    ),
    Option(name="interactive", kind="flag", help="sign in where only a person can go on"),
    Option(
        name="workspace-resource-id",
        metavar="ID",
        azure="DATABRICKS_AZURE_RESOURCE_ID",
        help="Azure resource of the workspace, for its Contributors and Owners who are no members",
    ),
    Option(name="subscription", metavar="ID", help="the same in parts: the Azure subscription"),
    Option(name="resource-group", metavar="NAME", help="… the resource group"),
    Option(name="workspace-name", metavar="NAME", help="… the workspace's name in Azure"),
    Option(name="registration", kind="flag", help="print the portal's steps for your ids instead"),
    Option(
        name="class",
        key="doctor-class",
        kind="flag",
        help="one line, PASS or FAIL: whether this machine is ready for the lessons",
    ),
    Option(
        name="dry-run",
        kind="flag",
        help="print the address that would be opened, and what the linter finds; send nothing",
    ),
    Option(name="off", key="lab-off", kind="flag", help="only the attack, on the naive client"),
    Option(name="on", key="lab-on", kind="flag", help="only the defence, on our own client"),
    Option(
        name="me", key="lab-me", metavar="FILE", help="new file with a function for you to repair"
    ),
    Option(name="list", key="learn-list", kind="flag", help="the chapters, and how far you are"),
    Option(
        name="quiz",
        key="learn-quiz",
        kind="flag",
        help="questions instead, each with its answer explained; of all chapters, or of one",
    ),
    Option(name="no-pause", kind="flag", help="do not wait for Enter between two pages"),
    Option(name="no-curl", kind="flag", help="where curl is not there: send the request from here"),
    Option(name="print", kind="flag", help="print the address and the curl command, send nothing"),
    Option(
        name="prove",
        kind="flag",
        help="send the request with this tool and with curl to a local socket, compare every byte",
    ),
)

BY_KEY = {option.key: option for option in _ALL}


def add(parser: argparse.ArgumentParser, keys: tuple[str, ...]) -> None:
    """Add these options to a parser; all default to None, so that what was given can be told.

    Choices are checked later: argparse would repeat a wrong value.
    """
    for key in keys:
        option = BY_KEY[key]
        flags = [*([f"-{option.short}"] if option.short else []), f"--{option.name}"]
        if option.kind == "flag":
            parser.add_argument(
                *flags, dest=option.dest, action="store_true", default=None, help=option.help
            )
        else:
            parser.add_argument(
                *flags,
                dest=option.dest,
                action="append" if option.kind == "list" else "store",
                nargs="?" if option.kind == "paste" else None,
                const=AT_THE_PROMPT if option.kind == "paste" else None,
                metavar=option.metavar,
                help=option.help,
            )
