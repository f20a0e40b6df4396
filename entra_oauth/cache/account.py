"""Accounts, apps and access tokens as they are kept, and the text of an account's file."""

from __future__ import annotations

from entra_oauth.cache.paths import read_token, seconds_left
from entra_oauth.errors import LocalError, UsageError, plain
from entra_oauth.light import TYPE_CHECKING, dataclass, field
from entra_oauth.protocol.authority import CLOUDS, MULTI_TENANT, cloud_of
from entra_oauth.protocol.scopes import expand, resource_of

if TYPE_CHECKING:
    from typing import Any

    from entra_oauth.protocol.authority import Authority
    from entra_oauth.protocol.endpoints.token import TokenResponse

__all__ = [
    "APP_ONLY",
    "MIN_VALIDITY_S",
    "Account",
    "App",
    "CachedToken",
    "access_token_of",
    "account_of",
    "later_version",
    "one_each",
    "parse_account",
    "same_tenant",
    "scope_key",
    "spell_account",
    "token_key",
]

APP_ONLY = "app-only"
"""The account of an app that asked in its own name: access without a user, as Entra calls it."""

_SCHEMA = "entra-oauth/account/"
_VERSION = "1"


@dataclass(frozen=True, slots=True)
class App:
    """An app at an authority: the beginning of every key."""

    base: str
    """Scheme, host and perhaps port of the authority."""
    tenant: str
    client_id: str

    @classmethod
    def of(cls, authority: Authority, client_id: str) -> App:
        return cls(authority.base, authority.tenant, client_id)

    @property
    def folded(self) -> App:
        """The same app in the one spelling that is compared."""
        return App(self.base, self.tenant.lower(), self.client_id.lower())

    @property
    def options(self) -> tuple[str, ...]:
        """The words that name it on a command line."""
        is_usual = self.base == f"https://{CLOUDS['public'].host}"
        host = () if is_usual else ("--authority-host", self.base)
        return (*host, "--tenant", self.tenant, "--client-id", self.client_id)

    def vault_key(self, account: str) -> str:
        """The name of an account's refresh token in the system's password store."""
        app = self.folded
        return f"{app.base}/{app.tenant} {app.client_id} {account.lower()}"

    def key(self, account: str, scopes: str) -> tuple[str, ...]:
        """The key of an access token in the store."""
        app = self.folded
        return app.base, app.tenant, app.client_id, account.lower(), scopes


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Somebody who signed in to an app. Its repr shows no token."""

    name: str
    """The account's name here: the user name, or who the token speaks for."""
    tenant_id: str | None = None
    object_id: str | None = None
    signed_in_at: int = 0
    """Seconds since 1970."""
    refresh_token: str | None = field(default=None, repr=False)
    place: str = "file"
    """The place of the refresh token: `file` or `keyring`."""


MIN_VALIDITY_S = 300
"""Five minutes: what azure-core and the Databricks SDKs ask of a token."""

_UNKNOWN_LIFE_S = 2 * MIN_VALIDITY_S
"""Seconds that a token is used whose authority did not say how long it is good: more than are
asked of one, or each call would renew it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CachedToken:
    """An access token as it is stored. Its repr does not show it.

    It counts as good for `min_validity_s` more seconds or not at all: whoever gets it must be
    able to use it, and Databricks for one refuses a token in its last seconds.
    """

    text: str = field(repr=False)
    expires_on: int
    """Seconds since 1970."""
    arrived_at: int
    """Seconds since 1970."""
    arrived_on_clock: int
    """The machine's monotonic clock at that moment, in seconds."""
    granted: str | None = None
    """The scopes that the authority named, if it did."""

    @classmethod
    def parse(cls, text: str, key: tuple[str, ...]) -> CachedToken | None:
        """The token in the text of a file; None for any other text, or that of another key."""
        found = read_token(text, key)
        if found is None:
            return None
        expires_on, arrived_at, clock, token, granted = found
        return cls(
            text=token,
            expires_on=expires_on,
            arrived_at=arrived_at,
            arrived_on_clock=clock,
            granted=granted or None,
        )

    @property
    def times(self) -> tuple[int, int, int]:
        """Expiry, arrival and monotonic arrival, as `paths` has them."""
        return self.expires_on, self.arrived_at, self.arrived_on_clock

    def seconds_left(self, *, now: float, monotonic: float) -> float:
        """Seconds that it is still good; see `paths.seconds_left`."""
        return seconds_left(self.times, now, monotonic)

    def is_good_for(self, min_validity_s: float, *, now: float, monotonic: float) -> bool:
        """Tell if it lasts so many seconds more; one that is over is never good."""
        left = self.seconds_left(now=now, monotonic=monotonic)
        return left > 0 and left >= min_validity_s


def same_tenant(
    app: App, name: str | None, stored: list[tuple[App, Account]]
) -> tuple[App, str | None]:
    """The app and the account under which somebody signed in to the same tenant by another name.

    A domain and a GUID are one tenant once an ID token has told so; whoever signed in under
    `common` counts in the tenant of the account. As it was asked where there is nobody.
    Raises `UsageError` where there are several.
    """
    asked = app.folded
    here = [(known, each) for known, each in stored if known.base == asked.base]
    if name is None and any(known.folded == asked for known, _ in here):
        return app, name
    told = [each.tenant_id for known, each in here if known.folded.tenant == asked.tenant]
    ids = {asked.tenant, *(tenant_id.lower() for tenant_id in told if tenant_id)}
    fitting = [
        (known, each)
        for known, each in here
        if asked.tenant not in MULTI_TENANT
        and known.folded.client_id == asked.client_id
        and (each.tenant_id or "").lower() in ids
        and (name is None or each.name.lower() == name.lower())
    ]
    people = {each.object_id or each.name.lower() for _, each in fitting}
    if len(people) > 1:
        names = ", ".join(dict.fromkeys(plain(each.name, limit=80) for _, each in fitting))
        raise UsageError(
            "Several accounts of that tenant have signed in, under other names of it.",
            advice=f"Name one with --account: {names}.",
        )
    latest = max(fitting, key=lambda each: each[1].signed_in_at, default=None)
    return (latest[0], latest[1].name) if latest else (app, name)


def one_each(stored: list[tuple[App, Account]]) -> list[tuple[App, Account]]:
    """The latest sign-in of each person to each app, whatever name of the tenant was used."""
    latest: dict[tuple[str | None, ...], tuple[App, Account]] = {}
    for app, each in sorted(stored, key=lambda pair: pair[1].signed_in_at):
        known = each.tenant_id is not None and each.object_id is not None
        who = (each.tenant_id, each.object_id) if known else (app.folded.tenant, each.name)
        latest[app.base, app.folded.client_id, *who] = app, each
    return [pair for pair in stored if pair in latest.values()]


def scope_key(scopes: tuple[str, ...], base: str) -> str:
    """The scopes' part of a key in the store; `base` is the authority's origin.

    In any order, and without the words of OpenID Connect: they ask for other tokens.
    """
    named = expand(scopes, cloud=cloud_of(base))
    of_a_resource = [scope for scope in named if resource_of(scope) is not None]
    return " ".join(sorted(of_a_resource or named))


def token_key(scopes: str, *, cae: bool) -> str:
    """The scopes' part of the key of one token; `scopes` is as `scope_key` has it.

    With `cae` the token was got by a client that declared `cp1`. It lives longer, an API may
    turn it down before its end, and who cannot handle that must not be given it.
    """
    return f"{scopes} cp1" if cae else scopes


def account_of(tokens: TokenResponse, *, otherwise: str) -> Account:
    """The account that an answer belongs to; `otherwise` if it does not say."""
    identity = tokens.identity
    name = (identity.username or identity.object_id) if identity else None
    return Account(
        name=name or otherwise,
        tenant_id=identity.tenant_id if identity else None,
        object_id=identity.object_id if identity else None,
        signed_in_at=int(tokens.received_at),
        refresh_token=tokens.refresh_token,
    )


def access_token_of(tokens: TokenResponse, *, clock: float) -> CachedToken:
    """The access token of an answer. `clock` is the monotonic clock at its arrival."""
    life_s = _UNKNOWN_LIFE_S if tokens.expires_in is None else tokens.expires_in
    return CachedToken(
        text=tokens.access_token,
        expires_on=int(tokens.received_at) + life_s,
        arrived_at=int(tokens.received_at),
        arrived_on_clock=int(clock),
        granted=tokens.scope,
    )


def spell_account(app: App, account: Account) -> str:
    """The text of an account's file, which holds its refresh token if that is kept there."""
    import json

    record = {
        "schema": f"{_SCHEMA}{_VERSION}",
        "base": app.base,
        "tenant": app.tenant,
        "client_id": app.client_id,
        "account": account.name,
        "tenant_id": account.tenant_id,
        "object_id": account.object_id,
        "signed_in_at": account.signed_in_at,
        "refresh_token": account.refresh_token,
        "place": account.place,
    }
    return json.dumps(record, indent=1)


def parse_account(text: str, path: str) -> tuple[App, Account] | None:
    """The app and the account in the text of a file; None for any other text.

    Raises `LocalError`, which names the `path`, for the file of a later version.
    """
    import json

    try:
        record = json.loads(text)
    except (ValueError, RecursionError):
        return None
    schema = record.get("schema") if isinstance(record, dict) else None
    if not isinstance(schema, str) or not schema.startswith(_SCHEMA):
        return None
    if schema != f"{_SCHEMA}{_VERSION}":
        raise later_version(path)
    if not _is_whole(record):
        return None
    return App(record["base"], record["tenant"], record["client_id"]), Account(
        name=record["account"],
        tenant_id=record["tenant_id"],
        object_id=record["object_id"],
        signed_in_at=record["signed_in_at"],
        refresh_token=record["refresh_token"],
        place=record["place"],
    )


def later_version(path: str) -> LocalError:
    """The error for a file that this version cannot read."""
    return LocalError(
        f"{plain(path)} was written by a later version of entra-oauth.",
        advice="Use that version, or sign out with it first.",
    )


def _is_whole(record: dict[str, Any]) -> bool:
    texts = ("base", "tenant", "client_id", "account")
    perhaps = ("tenant_id", "object_id", "refresh_token")
    return (
        all(isinstance(record.get(name), str) for name in texts)
        and all(isinstance(record.get(name, 0), str | None) for name in perhaps)
        and isinstance(record.get("signed_in_at"), int)
        and record.get("place") in ("file", "keyring")
    )
