"""Reading a scope string the way Entra does: OIDC words, resources, permissions.

https://learn.microsoft.com/entra/identity-platform/scopes-oidc
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from entra_oauth.practice.directory.model import GRAPH
from entra_oauth.practice.http.refusals import refuse

if TYPE_CHECKING:
    from entra_oauth.practice.directory.model import Directory, RegisteredApp, Resource, Tenant

__all__ = [
    "RequestedScope",
    "ResourceScope",
    "check_target",
    "read_app_scope",
    "read_resource",
    "read_scope",
]

_OIDC = ("openid", "profile", "email", "offline_access")
_DEFAULT = ".default"
_NOT_TOGETHER = " .default scope can't be combined with resource-specific scopes."


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceScope:
    """The part of a scope that is about one resource."""

    resource: Resource
    prefix: str
    """The resource as the scope named it, `/` included; empty for a bare name."""
    permissions: tuple[str, ...]
    """The named permissions; all there are, if `.default` was asked."""
    default: bool

    @property
    def needs_admin(self) -> bool:
        """True if a permission was asked for that only an administrator can give."""
        return not set(self.permissions).isdisjoint(self.resource.admin_permissions)

    @property
    def audience(self) -> str:
        """The `aud` of a token: its id, or in version 1.0 the resource as it was asked for."""
        if self.resource.version == 2:
            return self.resource.id
        name = self.prefix.removesuffix("/")
        return name if name in self.resource.uris else self.resource.id

    @property
    def echo(self) -> str:
        """The `scope` of the answer."""  # fidelity: scope-echo
        return " ".join(
            f"{self.prefix}{name}"
            for name in (*self.permissions, *((_DEFAULT,) if self.default else ()))
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestedScope:
    """A scope string, understood."""

    oidc: tuple[str, ...]
    resources: tuple[ResourceScope, ...]
    """Per resource, in order; never empty: Graph stands in for OIDC words alone."""


def read_scope(
    text: str, directory: Directory, tenant: Tenant, app: RegisteredApp
) -> RequestedScope:
    """Read a scope string. Raises 70011, 500011, 650053 or 65002."""
    words = list(dict.fromkeys(text.split(" ")))
    oidc = tuple(w for w in words if w in _OIDC)
    found: dict[str, ResourceScope] = {}
    for word in words:
        if word and word not in _OIDC:
            one = _read_word(word, directory, tenant, app)
            before = found.get(one.resource.id)
            found[one.resource.id] = one if before is None else _join(before, one)
    if any(w.default for w in found.values()) and _names_permissions(words):
        raise refuse(70011, text, _NOT_TOGETHER)
    if not found:
        found[GRAPH] = _graph_for(oidc, directory, text)
    return RequestedScope(oidc=oidc, resources=tuple(found.values()))


def read_resource(
    name: str, directory: Directory, tenant: Tenant, app: RegisteredApp
) -> RequestedScope:
    """Read the `resource` parameter of the v1.0 endpoints. Raises 500011 or 65002."""
    resource = directory.resource(name)
    if resource is None:
        raise refuse(500011, name, tenant.name)
    resource_scope = ResourceScope(
        resource=resource,
        prefix=f"{name}/",
        permissions=_default_permissions(directory, app, resource),
        default=True,
    )
    # fidelity: v1-always - with v1.0 nobody asks for these, and everybody gets them
    return RequestedScope(oidc=("openid", "profile", "offline_access"), resources=(resource_scope,))


def read_app_scope(
    text: str, directory: Directory, tenant: Tenant, app: RegisteredApp
) -> ResourceScope:
    """The one `.default` of an app that asks for itself. Raises 1002012, 70011 or 500011."""
    # fidelity: app-scope
    words = [w for w in text.split(" ") if w and w not in _OIDC]
    if not words or any(w.rpartition("/")[2] != _DEFAULT for w in words):
        raise refuse(1002012, text)
    if len(words) > 1:
        raise refuse(70011, text, "")
    return _read_word(words[0], directory, tenant, app)


def check_target(
    target: str | None, scope: str, directory: Directory, agreed: tuple[ResourceScope, ...] = ()
) -> None:
    """AADSTS9010010 unless `target` is an App ID URI of each API that the scope is about.

    `target` is the parameter `resource` (RFC 8707 §2), compared letter by letter; None says that
    none was sent. `agreed` is meant by a scope that names no API; else Graph is. An API that is
    not there is left to the reader of the scope.
    """
    # fidelity: resource-v2, resource-v2-id
    if target is None:
        return
    words = [w for w in scope.split(" ") if w and w not in _OIDC]
    owners = [directory.resource(w.rpartition("/")[0] or GRAPH) for w in words]
    if not words:
        owners = [each.resource for each in agreed] or [directory.resource(GRAPH)]
    if any(owner is not None and target not in owner.uris for owner in owners):
        raise refuse(9010010)


def _read_word(
    word: str, directory: Directory, tenant: Tenant, app: RegisteredApp
) -> ResourceScope:
    # `https://x//.default` names the resource `https://x/`: only the last slash divides.
    name, slash, permission = word.rpartition("/")
    resource = directory.resource(name if slash else GRAPH)
    if resource is None:
        raise refuse(500011, name, tenant.name)
    if permission == _DEFAULT:
        permissions = _default_permissions(directory, app, resource)
    else:
        permissions = (_one_permission(directory, app, resource, permission),)
    return ResourceScope(
        resource=resource,
        prefix=f"{name}{slash}",
        permissions=permissions,
        default=permission == _DEFAULT,
    )


def _default_permissions(
    directory: Directory, app: RegisteredApp, resource: Resource
) -> tuple[str, ...]:
    """All that `.default` stands for: what the app holds without consent, or what people may give.

    Raises 65002 for an app of Microsoft's that holds nothing of an API of theirs.
    """
    # fidelity: preauthorized
    held = app.held(resource.id)
    if not held and directory.both_microsofts(app, resource):
        raise refuse(65002, app.client_id, resource.id)
    return held or resource.permissions


def _one_permission(directory: Directory, app: RegisteredApp, resource: Resource, name: str) -> str:
    held = app.held(resource.id)
    if name not in (*resource.permissions, *resource.admin_permissions, *held):
        raise refuse(650053, app.name, name, resource.id)
    if name not in held and directory.both_microsofts(app, resource):
        raise refuse(65002, app.client_id, resource.id)
    return name


def _join(first: ResourceScope, second: ResourceScope) -> ResourceScope:
    return ResourceScope(
        resource=first.resource,
        prefix=first.prefix,
        permissions=tuple(dict.fromkeys((*first.permissions, *second.permissions))),
        default=first.default or second.default,
    )


def _names_permissions(words: list[str]) -> bool:
    return any(w and w not in _OIDC and w.rpartition("/")[2] != _DEFAULT for w in words)


def _graph_for(oidc: tuple[str, ...], directory: Directory, text: str) -> ResourceScope:
    graph = directory.resource(GRAPH)
    if graph is None or not oidc:
        raise refuse(70011, text, "")
    names = tuple(w for w in oidc if w != "offline_access")
    return ResourceScope(resource=graph, prefix="", permissions=names, default=False)
