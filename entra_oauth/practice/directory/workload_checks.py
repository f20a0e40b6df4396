"""Issuers, federation policies and managed identities of a directory file that do not fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from entra_oauth.errors import plain
from entra_oauth.practice.directory.misfits import Misfit
from entra_oauth.practice.directory.workloads import ManagedIdentity, entra_issuers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from entra_oauth.practice.directory.model import Directory
    from entra_oauth.practice.directory.workloads import FederationPolicy

__all__ = ["workload_misfit"]

_MOST_POLICIES = 20


def workload_misfit(book: Directory) -> Misfit | None:
    """The first of them, if there is one."""
    return next(_misfits(book), None)


def _misfits(book: Directory) -> Iterator[Misfit]:
    own = {name for tenant in book.tenants for name in entra_issuers(tenant.id)}
    before: list[str] = []
    for number, issuer in enumerate(book.issuers, 1):
        url, path = issuer.url, ("issuers", number, "url")
        if not url.startswith("https://"):
            yield Misfit(f"has an issuer whose address is not https, {plain(url)}", path)
        if url in own:
            yield Misfit(f"gives an issuer the address of Entra's own, {plain(url)}", path)
        if url in before:
            yield Misfit(f"has the issuer {plain(url)} twice", path)
        before.append(url)
    known = {*own, *before}
    client_ids = {app.client_id for app in book.apps}
    of_apps: list[str] = []
    for number, policy in enumerate(book.federation_policies, 1):
        yield from _of_policy(policy, number, known, client_ids)
        if policy.client_id is not None:
            of_apps.append(policy.client_id)
            if of_apps.count(policy.client_id) > _MOST_POLICIES:
                name = plain(policy.client_id)
                what = f"has more than {_MOST_POLICIES} federation_policies for {name}"
                yield Misfit(what, ("federation_policies", number, "client_id"))
    systems = [n for n, app in enumerate(book.apps, 1) if app.managed is ManagedIdentity.SYSTEM]
    for number in systems[1:]:
        what = 'has more than one app with managed = "system"'
        yield Misfit(what, ("apps", number, "managed"))


def _of_policy(
    policy: FederationPolicy, number: int, known: set[str], client_ids: set[str]
) -> Iterator[Misfit]:
    table = "federation_policies"
    if policy.issuer not in known:
        what = f"names an issuer that is not in issuers, {plain(policy.issuer)}"
        yield Misfit(what, (table, number, "issuer"))
    if (policy.subject is None) != (policy.client_id is None):
        key = "client_id" if policy.subject is None else "subject"
        yield Misfit("has one of subject and client_id, and not both", (table, number, key))
    if policy.client_id is not None and policy.client_id not in client_ids:
        what = f"names an app that is not in apps, {plain(policy.client_id)}"
        yield Misfit(what, (table, number, "client_id"))
