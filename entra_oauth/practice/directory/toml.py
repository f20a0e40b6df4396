"""A directory from a TOML file, strictly: what is not understood is refused by name.

The tables and keys are those of the values in `model`; docs/practice.md has an
example. Ids that nobody needs to know beforehand, and names, are made from what is
there.
"""

from __future__ import annotations

import tomllib
from dataclasses import MISSING, fields
from typing import TYPE_CHECKING, TypeVar

from entra_oauth.errors import UsageError, plain
from entra_oauth.practice.directory.client_keys import read_certificate
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
)
from entra_oauth.practice.directory.workload_checks import check_workloads
from entra_oauth.practice.directory.workloads import (
    FederationPolicy,
    IssuerKind,
    ManagedIdentity,
    OutsideIssuer,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from enum import StrEnum

__all__ = ["directory_of", "tables_of"]

T = TypeVar("T")
_TABLES = ("tenants", "users", "apps", "resources", "consents", "issuers", "federation_policies")


def tables_of(text: str) -> dict[str, object]:
    """The tables of a file. Raises `UsageError` for TOML that is none, and an unknown table."""
    try:
        content = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        is_said = isinstance(error, tomllib.TOMLDecodeError)
        what = str(error) if is_said else "nested too deeply, or a number out of all range"
        raise _wrong(f"is not TOML: {plain(what)}") from None
    for name in content:
        if name not in _TABLES:
            raise _wrong(f"has an unknown table, {_said(name)}")
    return content


def directory_of(tables: dict[str, object], microsoft: dict[str, object]) -> Directory:
    """The directory of these tables, and what `microsoft` has: apps and APIs of every tenant.

    An API of Microsoft's that `tables` describe anew is as they say. Raises `UsageError` for a
    key that is unknown, missing or of the wrong type; the message names it.
    """
    tenants = _all(Tenant, tables, "tenants")
    home = tenants[0].id
    users = _all(User, tables, "users", lambda table: _complete_user(table, home))
    apps = _all(RegisteredApp, tables, "apps", lambda table: {"tenant_id": home, **table})
    for app in apps:
        for pem in app.certificates:
            read_certificate(pem)
    resources = _all(Resource, tables, "resources")
    given = {resource.id for resource in resources}
    always = _all(Resource, microsoft, "resources")
    book = Directory(
        tenants=tenants,
        users=users,
        apps=apps,
        resources=(*resources, *(each for each in always if each.id not in given)),
        consents=_all(Consent, tables, "consents"),
        issuers=_all(OutsideIssuer, tables, "issuers"),
        federation_policies=_all(FederationPolicy, tables, "federation_policies"),
        microsoft_apps=_all(RegisteredApp, microsoft, "apps"),
    )
    check_workloads(book)
    return book


def _complete_user(table: dict[str, object], home: str) -> dict[str, object]:
    name = table.get("name")
    first = name.partition("@")[0].title() if isinstance(name, str) else ""
    return {
        "oid": table.get("oid") or _made_oid(name),
        "display_name": first,
        "given_name": first,
        "family_name": "",
        "password": DEFAULT_PASSWORD,
        "tenant_id": home,
        **table,
    }


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
        raise _wrong(f"must write {name} as [[{name}]]")
    return tuple(
        _read(kind, complete(table), f"{name}, number {number}")
        for number, table in enumerate(tables, 1)
    )


def _read(kind: type[T], table: dict[str, object], where: str) -> T:
    """One value from one table; its keys are the value's fields."""
    known = {f.name: f for f in fields(kind)}  # type: ignore[arg-type]
    for name in table:
        if name not in known:
            raise _wrong(f"has an unknown key in {where}: {_said(name)}")
    for name, declared in known.items():
        if name not in table and declared.default is MISSING:
            raise _wrong(f"lacks {name} in {where}")
    values = {
        name: _READERS[str(known[name].type)](value, f"{name} in {where}")
        for name, value in table.items()
    }
    return kind(**values)


def _wanted(what: str, where: str) -> UsageError:
    return _wrong(f"must give {what} as {where}")


def _text(value: object, where: str) -> str:
    if not isinstance(value, str) or not value.isprintable():
        raise _wanted("a text of one line", where)
    return value


def _flag(value: object, where: str) -> bool:
    if not isinstance(value, bool):
        raise _wanted("true or false", where)
    return value


def _number(value: object, where: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise _wanted("a whole number", where)
    return value


def _texts(value: object, where: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
        raise _wanted("a list of texts", where)
    return tuple(value)


def _one_of(choices: type[StrEnum]) -> Callable[[object, str], object]:
    def read(value: object, where: str) -> object:
        if value not in list(choices):
            raise _wanted(f"one of {', '.join(choices)}", where)
        return choices(str(value))

    return read


def _several(kind: type[T]) -> Callable[[object, str], object]:
    def read(value: object, where: str) -> object:
        if not isinstance(value, list) or not all(isinstance(v, dict) for v in value):
            raise _wanted("a list of tables", where)
        return tuple(_read(kind, v, f"{where}, number {n}") for n, v in enumerate(value, 1))

    return read


_READERS: dict[str, Callable[[object, str], object]] = {
    "str": _text,
    "str | None": _text,
    "bool": _flag,
    "int": _number,
    "tuple[str, ...]": _texts,
    "Platform": _one_of(Platform),
    "AccountStatus": _one_of(AccountStatus),
    "ManagedIdentity": _one_of(ManagedIdentity),
    "IssuerKind": _one_of(IssuerKind),
    "tuple[Redirect, ...]": _several(Redirect),
    "tuple[FederatedCredential, ...]": _several(FederatedCredential),
    "tuple[Preauthorized, ...]": _several(Preauthorized),
}
"""The reader of a field, by its type as it is written in `model`."""


def _said(name: str) -> str:
    return plain(name)[:60]


def _wrong(what: str) -> UsageError:
    return UsageError(
        f"The practice directory's file {what}.",
        advice="docs/practice.md has an example with every key.",
    )
