"""Azure subscriptions of the directory: what `az login` looks for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from entra_oauth.practice.directory.misfits import Columns

__all__ = ["Subscription", "SubscriptionState", "subscription_columns"]


class SubscriptionState(StrEnum):
    """The state of a subscription, in Azure's words. Clients use those that are enabled."""

    ENABLED = "Enabled"
    WARNED = "Warned"
    PAST_DUE = "PastDue"
    DISABLED = "Disabled"
    DELETED = "Deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """An Azure subscription, which everybody of its tenant may read."""

    id: str
    """GUID, lower case."""
    name: str
    tenant_id: str
    state: SubscriptionState = SubscriptionState.ENABLED


def subscription_columns(subscriptions: tuple[Subscription, ...]) -> Columns:
    """Their ids and tenants, for those who look if they fit together."""
    return {
        ("subscriptions", "id"): tuple(each.id for each in subscriptions),
        ("subscriptions", "tenant_id"): tuple(each.tenant_id for each in subscriptions),
    }
