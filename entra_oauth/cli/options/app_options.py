"""The app, its sign-in page and its credential: whose token it is, and the way to it."""

from __future__ import annotations

from entra_oauth.cli.command_line.declare import Origins, PasteFrom, filled, flag, option
from entra_oauth.light import TYPE_CHECKING, dataclass, field

if TYPE_CHECKING:
    from entra_oauth.cache.profiles import Profile

__all__ = [
    "AppOptions",
    "CredentialOptions",
    "RenewOptions",
    "RequestOptions",
    "SignInPageOptions",
    "StoreOptions",
]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class AppOptions:
    """The app, its authority, what its token is for, and whose it is."""

    tenant: str | None = option(
        "Directory (tenant) ID, a domain, or common, organizations, consumers",
        metavar="ID",
        azure="AZURE_TENANT_ID",
    )
    client_id: str | None = option(
        "Application (client) ID of the app registration", metavar="ID", azure="AZURE_CLIENT_ID"
    )
    scope: tuple[str, ...] = option(
        "what the token is for; may be repeated; databricks, graph and arm are short names",
        metavar="SCOPE",
        default=("databricks",),
    )
    workspace_url: str | None = option(
        "Databricks workspace; it names tenant and cloud, where --tenant is not given",
        metavar="URL",
        azure="DATABRICKS_HOST",
    )
    profile: str | None = option(
        "take what is not given here from this profile (default: the default one)",
        short="p",
        metavar="NAME",
    )
    account: str | None = option("who signed in (default: the latest who did)", metavar="USER")
    cloud: str | None = option(
        "national cloud",
        metavar="NAME",
        choices=("public", "usgov", "china", "bleu", "delos", "govsg"),
        default="public",
    )
    """None where `authority_host` counts instead."""
    authority_host: str | None = option(
        "login host, instead of --cloud's", metavar="URL", azure="AZURE_AUTHORITY_HOST"
    )
    settings: Profile | None = filled()
    """The profile that is used, if there is one."""
    origins: Origins = field(default_factory=Origins)

    @property
    def profile_name(self) -> str | None:
        """The name of the profile that is used."""
        return self.settings.name if self.settings is not None else None

    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts that the profile allows a token to be sent to, beside the known ones."""
        return self.settings.texts("hosts") if self.settings is not None else ()


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class RequestOptions:
    """Parameters that are sent beside the usual ones."""

    claims: str | None = option(
        "claims challenge to answer: the JSON text that came with an error, its base64, or the "
        "whole WWW-Authenticate line",
        metavar="JSON",
    )
    cae: bool = flag("say that a claims challenge can be handled (cp1)")
    correlation_id: str | None = option(
        "id by which Entra's logs know the requests (default: none is sent)", metavar="GUID"
    )


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class RenewOptions:
    """The renewal of a stored token."""

    min_validity: int = option(
        "seconds that the token must still be good, else it is renewed", metavar="S", default=300
    )
    force_refresh: bool = flag("renew the token in any case")
    interactive: bool = flag("sign in where only a person can go on")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class StoreOptions:
    """The place where tokens are stored."""

    cache: str | None = option(
        "where tokens are kept: keyring, file, memory or none (default: keyring where it works, "
        "else file)",
        metavar="WHERE",
        choices=("keyring", "file", "memory", "none"),
    )


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class CredentialOptions:
    """The secrets of the flows that need one."""

    HEADING = "other ways to sign in"

    flow: str = option(
        "way to the token",
        metavar="NAME",
        choices=("auth-code", "device-code", "password", "client-credentials", "managed-identity"),
        default="auth-code",
    )
    username: str | None = option(
        "user name, for --flow password", metavar="USER", azure="AZURE_USERNAME"
    )
    password_stdin: bool = flag("read the password from standard input")
    password_fd: int | None = option(
        "read the password from this file descriptor (default: ask at a prompt)", metavar="N"
    )
    client_secret_stdin: bool = flag(
        "read the client secret from standard input (else AZURE_CLIENT_SECRET, or a prompt)"
    )
    client_secret_fd: int | None = option(
        "read the client secret from this file descriptor", metavar="N"
    )
    certificate: str | None = option(
        "certificate of the app with its private key: PEM or PFX",
        metavar="FILE",
        azure="AZURE_CLIENT_CERTIFICATE_PATH",
    )
    certificate_algorithm: str = option(
        "how the certificate signs: PS256, or RS256 for the older form",
        metavar="ALG",
        choices=("PS256", "RS256"),
        default="PS256",
    )
    certificate_passphrase_stdin: bool = flag(
        "read the certificate's passphrase from standard input"
    )
    certificate_passphrase_fd: int | None = option(
        "read the certificate's passphrase from this file descriptor", metavar="N"
    )
    federated_token_source: str | None = option(
        "where the app's federated token comes from: file, env, command, github or azure-devops",
        metavar="WHERE",
        choices=("file", "env", "command", "github", "azure-devops"),
    )
    federated_token_file: str | None = option(
        "file with a token that the app registration trusts",
        metavar="FILE",
        azure="AZURE_FEDERATED_TOKEN_FILE",
    )
    federated_token_env: str | None = option(
        "environment variable with such a token", metavar="NAME"
    )
    federated_token_command: str | None = option(
        "command that prints such a token, a JSON list of words; from this option only",
        metavar="LIST",
        is_typed_only=True,
    )
    service_connection_id: str | None = option(
        "service connection of Azure DevOps that the token is about",
        metavar="ID",
        azure="AZURESUBSCRIPTION_SERVICE_CONNECTION_ID",
    )
    managed_identity_source: str | None = option(
        "service that gives a managed identity's token: imds, app-service or arc",
        metavar="WHERE",
        choices=("imds", "app-service", "arc"),
    )
    managed_identity_id: str | None = option(
        "user-assigned identity: client-id=GUID, object-id=GUID or resource-id=PATH (default: the "
        "system-assigned one)",
        metavar="KIND=ID",
    )
    origins: Origins = field(default_factory=Origins)

    @property
    def is_identity(self) -> bool:
        """True where the flow is a managed identity's, or an option of it is given alone."""
        names = {"managed_identity_source", "managed_identity_id"} & self.origins.given
        is_alone = bool(names) and "flow" not in self.origins.given
        return is_alone or self.flow == "managed-identity"

    @property
    def is_read_once(self) -> bool:
        """True if a part of the app's proof comes from standard input or a descriptor."""
        descriptors = (self.client_secret_fd, self.certificate_passphrase_fd)
        stdin = self.client_secret_stdin or self.certificate_passphrase_stdin
        return stdin or descriptors != (None, None)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class SignInPageOptions:
    """The authorization request, the browser that it opens in, and the redirect receiver."""

    HEADING = "sign-in page"

    no_browser: bool = flag("open no browser, print the address only")
    browser: str | None = option("command that opens the address; %%s stands for it", metavar="CMD")
    paste: PasteFrom | None = option(
        "no listener: paste the final address instead; `--paste -` reads standard input",
        metavar="-",
    )
    timeout: int = option("seconds that you have to sign in", metavar="S", default=300)
    prompt: str | None = option(
        "what the sign-in page must ask",
        metavar="WHAT",
        choices=("login", "none", "consent", "select_account"),
    )
    login_hint: str | None = option("user name to fill in on the sign-in page", metavar="USER")
    domain_hint: str | None = option("skip the search for the home realm", metavar="DOMAIN")
    redirect_uri: str = option(
        "redirect URI as registered", metavar="URI", default="http://localhost"
    )
    port: int | None = option(
        "port that the listener takes (default: a free one)", metavar="N", most=65535
    )
    listen: str | None = option(
        "address to listen on, for containers only; anything but loopback is risky", metavar="ADDR"
    )
    response_mode: str | None = option(
        "how the answer comes back: form_post or query (default: form_post for login, query for "
        "the article and where the answer is pasted)",
        metavar="MODE",
        choices=("form_post", "query"),
    )
