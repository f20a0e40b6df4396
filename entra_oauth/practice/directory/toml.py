"""A directory from a TOML file, strictly: what is not understood is refused by name.

The tables and keys are those of the values in `model`; docs/practice.md has an
example. Ids that nobody needs to know beforehand, and names, are made from what is
there.
"""

from __future__ import annotations

import tomllib
from dataclasses import MISSING, dataclass, fields
from typing import TYPE_CHECKING, TypeVar

from entra_oauth.errors import UsageError, plain
from entra_oauth.practice.directory.client_keys import read_certificate
from entra_oauth.practice.directory.file_lines import line_of
from entra_oauth.practice.directory.misfits import first_misfit
from entra_oauth.practice.directory.model import (
    DEFAULT_PASSWORD,
    AccountStatus,
    Consent,
    Directory,
    FederatedCredential,
    Platform,
    Preauthorized,
    Redirect,
    RegisteredApp,
    Resource,
    Tenant,
    User,
    columns_of,
)
from entra_oauth.practice.directory.subscriptions import (
    Subscription,
    SubscriptionState,
    subscription_columns,
)
from entra_oauth.practice.directory.workload_checks import workload_misfit
from entra_oauth.practice.directory.workloads import (
    FederationPolicy,
    IssuerKind,
    ManagedIdentity,
    OutsideIssuer,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from enum import StrEnum

    from entra_oauth.practice.directory.file_lines import Path
    from entra_oauth.practice.directory.misfits import Misfit

__all__ = ["directory_of", "tables_of"]

T = TypeVar("T")
_TABLES = (
    "tenants",
    "users",
    "apps",
    "resources",
    "consents",
    "subscriptions",
    "issuers",
    "federation_policies",
)


def tables_of(text: str) -> dict[str, object]:
    """The tables of a file. Raises `UsageError` for TOML that is none, and an unknown table."""
    try:
        content = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        is_said = isinstance(error, tomllib.TOMLDecodeError)
        what = str(error) if is_said else "nested too deeply, or a number out of all range"
        raise _wrong(f"is not TOML: {plain(what)}", None) from None
    for name in content:
        if name not in _TABLES:
            raise _wrong(f"has an unknown table, {_said(name)}", line_of(text, (name,)))
    return content


def directory_of(
    tables: dict[str, object], microsoft: dict[str, object], *, text: str = ""
) -> Directory:
    """The directory of these tables, and what `microsoft` has: apps and APIs of every tenant.

    An API of Microsoft's that `tables` describe anew is as they say. Raises `UsageError` for a
    key that is unknown, missing or of the wrong type, and for what does not fit together; the
    message names it, and its line in `text`.
    """
    try:
        return _directory(tables, microsoft)
    except _Misread as wrong:
        raise _wrong(wrong.what, line_of(text, wrong.path)) from None


class _Misread(Exception):
    """A thing in the tables that cannot be; becomes a `UsageError` where the text is known."""

    def __init__(self, what: str, path: Path) -> None:
        super().__init__(what)
        self.what = what
        self.path = path


def _directory(tables: dict[str, object], microsoft: dict[str, object]) -> Directory:
    tenants = _all(Tenant, tables, "tenants")
    home = tenants[0].id
    users = _all(User, tables, "users", lambda table: _complete_user(table, home))

    def at_home(table: dict[str, object]) -> dict[str, object]:
        return {"tenant_id": home, **table}

    apps = _all(RegisteredApp, tables, "apps", at_home)
    _check_certificates(apps)
    resources = _all(Resource, tables, "resources")
    given = {resource.id for resource in resources}
    always = _all(Resource, microsoft, "resources")
    all_resources = (*resources, *(each for each in always if each.id not in given))
    consents = _all(Consent, tables, "consents")
    own = _all(RegisteredApp, microsoft, "apps")
    subscriptions = _all(Subscription, tables, "subscriptions", at_home)
    columns = {
        **columns_of(tenants, users, apps, all_resources, consents),
        **subscription_columns(subscriptions),
    }
    _check(first_misfit(columns, {app.client_id: app.name for app in own}))
    book = Directory(
        tenants=tenants,
        users=users,
        apps=apps,
        resources=all_resources,
        consents=consents,
        issuers=_all(OutsideIssuer, tables, "issuers"),
        federation_policies=_all(FederationPolicy, tables, "federation_policies"),
        subscriptions=subscriptions,
        microsoft_apps=own,
    )
    _check(workload_misfit(book))
    return book


def _check(misfit: Misfit | None) -> None:
    if misfit is not None:
        table, number, key = misfit.path
        raise _Misread(f"{misfit.what}: {key} in {table}, number {number}", misfit.path)


def _check_certificates(apps: tuple[RegisteredApp, ...]) -> None:
    for number, app in enumerate(apps, 1):
        for pem in app.certificates:
            try:
                read_certificate(pem)
            except UsageError:
                what = "gives a text that is no PEM certificate with an RSA key as certificates"
                path = ("apps", number, "certificates")
                raise _Misread(f"{what} in apps, number {number}", path) from None


def _complete_user(table: dict[str, object], home: str) -> dict[str, object]:
    name = table.get("name")
    first = name.partition("@")[0].title() if isinstance(name, str) else ""
    made = {
        "oid": table.get("oid") or _made_oid(name),
        "display_name": first,
        "given_name": first,
        "family_name": "",
        "password": DEFAULT_PASSWORD,
        "tenant_id": home,
    }
    # What stands in the file comes first: it is read in this order, and what is made of a value
    # that cannot be would be blamed in its place.
    return {**table, **{key: value for key, value in made.items() if key not in table}}


def _made_oid(name: object) -> str:
    import uuid  # slow to import, and not needed for the default directory

    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"practice:{name}"))


def _all(
    kind: type[T],
    content: dict[str, object],
    name: str,
    complete: Callable[[dict[str, object]], dict[str, object]] = dict,
) -> tuple[T, ...]:
    tables = content.get(name, [])
    if not isinstance(tables, list) or not all(isinstance(t, dict) for t in tables):
        raise _Misread(f"must write {name} as [[{name}]]", (name,))
    return tuple(
        _read(kind, complete(table), _Place(name, (name,)).number(number))
        for number, table in enumerate(tables, 1)
    )


@dataclass(frozen=True, slots=True)
class _Place:
    """A table or a value of the file: how a message calls it, and its path for the line."""

    words: str
    path: Path

    def key(self, name: str) -> _Place:
        return _Place(f"{name} in {self.words}", (*self.path, name))

    def number(self, number: int) -> _Place:
        return _Place(f"{self.words}, number {number}", (*self.path, number))


def _read(kind: type[T], table: dict[str, object], place: _Place) -> T:
    """One value from one table; its keys are the value's fields."""
    known = {f.name: f for f in fields(kind)}  # type: ignore[arg-type]
    for name in table:
        if name not in known:
            what = f"has an unknown key in {place.words}: {_said(name)}"
            raise _Misread(what, (*place.path, name))
    for name, declared in known.items():
        if name not in table and declared.default is MISSING:
            raise _Misread(f"lacks {name} in {place.words}", place.path)
    values = {
        name: _READERS[str(known[name].type)](value, place.key(name))
        for name, value in table.items()
    }
    return kind(**values)


def _wanted(what: str, place: _Place) -> _Misread:
    return _Misread(f"must give {what} as {place.words}", place.path)


def _text(value: object, place: _Place) -> str:
    if not isinstance(value, str) or not value.isprintable():
        raise _wanted("a text of one line", place)
    return value


def _flag(value: object, place: _Place) -> bool:
    if not isinstance(value, bool):
        raise _wanted("true or false", place)
    return value


def _number(value: object, place: _Place) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise _wanted("a whole number", place)
    return value


def _texts(value: object, place: _Place) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
        raise _wanted("a list of texts", place)
    return tuple(value)


def _one_of(choices: type[StrEnum]) -> Callable[[object, _Place], object]:
    def read(value: object, place: _Place) -> object:
        if value not in list(choices):
            raise _wanted(f"one of {', '.join(choices)}", place)
        return choices(str(value))

    return read


def _several(kind: type[T]) -> Callable[[object, _Place], object]:
    def read(value: object, place: _Place) -> object:
        if not isinstance(value, list) or not all(isinstance(v, dict) for v in value):
            raise _wanted("a list of tables", place)
        return tuple(_read(kind, v, place.number(n)) for n, v in enumerate(value, 1))

    return read


_READERS: dict[str, Callable[[object, _Place], object]] = {
    "str": _text,
    "str | None": _text,
    "bool": _flag,
    "int": _number,
    "tuple[str, ...]": _texts,
    "Platform": _one_of(Platform),
    "AccountStatus": _one_of(AccountStatus),
    "ManagedIdentity": _one_of(ManagedIdentity),
    "IssuerKind": _one_of(IssuerKind),
    "SubscriptionState": _one_of(SubscriptionState),
    "tuple[Redirect, ...]": _several(Redirect),
    "tuple[FederatedCredential, ...]": _several(FederatedCredential),
    "tuple[Preauthorized, ...]": _several(Preauthorized),
}
"""The reader of a field, by its type as it is written in `model`."""


def _said(name: str) -> str:
    return plain(name)[:60]


def _wrong(what: str, line: int | None) -> UsageError:
    where = f", line {line}," if line is not None else ""
    return UsageError(
        f"The practice directory's file{where} {what}.",
        advice="docs/practice.md has an example with every key.",
    )
