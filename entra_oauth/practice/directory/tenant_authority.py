"""The authority of a path: which tenant, and which of Entra's shared names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from entra_oauth.practice.http.refusals import refuse

__all__ = ["CONSUMERS_ID", "TenantAuthority", "read_authority"]
if TYPE_CHECKING:
    from entra_oauth.practice.directory.model import Directory, RegisteredApp, Tenant


CONSUMERS_ID = "9188040d-6c67-4c5b-b112-36a304b66dad"
"""The tenant of all personal accounts; `consumers` is another name for it."""


_SHARED = ("common", "organizations", "consumers")


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantAuthority:
    """The tenant part of a URL, understood."""

    segment: str
    """As it stood in the URL, lower case."""
    tenant: Tenant | None
    """None for `common` and `organizations`, where who signs in decides, and `consumers`."""

    @property
    def key(self) -> str:
        """Equal for two spellings of one tenant; codes are bound to it."""
        return self.tenant.id if self.tenant else self.segment

    @property
    def personal(self) -> bool:
        """True if only personal accounts could sign in here; there are none."""
        return self.segment == "consumers"

    def home(self, directory: Directory) -> Tenant:
        """The tenant, or for the shared ones the first there is."""
        return self.tenant or directory.tenants[0]

    def app(self, client_id: str, directory: Directory) -> RegisteredApp:
        """The app of that id here. Raises 700038, 700016, 50194 or 9002332."""
        if set(client_id) <= {"0", "-"}:
            raise refuse(700038, client_id)
        app = directory.app(client_id, self.tenant.id if self.tenant else None)
        if app is None:
            raise refuse(700016, client_id, self.home(directory).name)
        if self.personal:
            raise refuse(9002332, app.client_id, app.name)  # fidelity: consumers
        if self.tenant is None and not app.multitenant:
            raise refuse(50194, app.client_id, app.name)
        return app


def read_authority(segment: str, directory: Directory) -> TenantAuthority:
    """Understand the tenant part. Raises 90002 for an unknown one, 900023 for no name at all."""
    name = segment.lower()
    if name in _SHARED or name == CONSUMERS_ID:
        return TenantAuthority(segment="consumers" if name == CONSUMERS_ID else name, tenant=None)
    tenant = directory.tenant(name)
    if tenant is None:
        looks_right = "." in name or len(name) == 36
        raise refuse(90002 if looks_right else 900023, segment)
    return TenantAuthority(segment=name, tenant=tenant)
