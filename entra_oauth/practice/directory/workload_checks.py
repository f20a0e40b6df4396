"""Issuers, federation policies and managed identities of a directory file that do not fit."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from entra_oauth.errors import UsageError, plain
from entra_oauth.practice.directory.workloads import ManagedIdentity, entra_issuers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from entra_oauth.practice.directory.model import Directory
    from entra_oauth.practice.directory.workloads import FederationPolicy

__all__ = ["check_workloads"]

_MOST_POLICIES = 20


def check_workloads(book: Directory) -> None:
    """Raise `UsageError` for the first of them."""
    for problem in _problems(book):
        raise UsageError(
            f"The practice directory's file {problem}.",
            advice="docs/practice.md has an example with every key.",
        )


def _problems(book: Directory) -> Iterator[str]:
    own = {name for tenant in book.tenants for name in entra_issuers(tenant.id)}
    for url, times in Counter(issuer.url for issuer in book.issuers).items():
        if not url.startswith("https://") or url in own:
            yield f"has an issuer that is no https address of its own, {plain(url)}"
        if times > 1:
            yield f"has the issuer {plain(url)} twice"
    known = own | {issuer.url for issuer in book.issuers}
    client_ids = {app.client_id for app in book.apps}
    for policy in book.federation_policies:
        yield from _of_policy(policy, known, client_ids)
    names = [policy.client_id for policy in book.federation_policies if policy.client_id]
    for name, times in Counter(names).items():
        if times > _MOST_POLICIES:
            yield f"has more than {_MOST_POLICIES} federation_policies for {plain(name)}"
    if sum(app.managed is ManagedIdentity.SYSTEM for app in book.apps) > 1:
        yield 'has more than one app with managed = "system"'


def _of_policy(policy: FederationPolicy, known: set[str], client_ids: set[str]) -> Iterator[str]:
    where = "in federation_policies"
    if policy.issuer not in known:
        yield f"names an issuer {where} that is not in issuers: {plain(policy.issuer)}"
    if (policy.subject is None) != (policy.client_id is None):
        yield f"has one of subject and client_id {where}, and not both"
    if policy.client_id is not None and policy.client_id not in client_ids:
        yield f"names an app {where} that is not in apps: {plain(policy.client_id)}"
