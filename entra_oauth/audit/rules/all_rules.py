"""All rules, in the order of their ids, and where each is."""

from __future__ import annotations

from entra_oauth.audit.rules import house_policy, other_party, recording, target_resource
from entra_oauth.audit.rules.back_channel import (
    client_proof,
    device_flow,
    exchanged_token,
    granted_scope,
    redemption,
    token_request,
    token_response,
)
from entra_oauth.audit.rules.front_channel import (
    addresses,
    authorize_parameters,
    binding,
    receiver,
    redirect,
)
from entra_oauth.audit.rules.rule import Rule
from entra_oauth.audit.rules.tokens import access_token, id_token

__all__ = ["BY_ID", "CHAPTERS", "NOT_JUDGED", "RULES"]

_MODULES = (
    authorize_parameters,
    addresses,
    redirect,
    binding,
    token_request,
    redemption,
    token_response,
    id_token,
    receiver,
    access_token,
    device_flow,
    granted_scope,
    recording,
    client_proof,
    house_policy,
    target_resource,
    other_party,
    exchanged_token,
)

CHAPTERS = {
    "AR": "Authorize request",
    "RR": "Redirect",
    "TR": "Token request",
    "TS": "Token answer",
    "ID": "ID token",
    "AT": "Access token",
    "RS": "Request to an API",
    "DV": "Device flow",
    "HR": "The recording",
    "PL": "Your policy",
}
"""By the letters that an id begins with; in the order of an exchange."""

_ORDER = tuple(CHAPTERS)

RULES: tuple[Rule, ...] = tuple(
    sorted(
        (
            value
            for module in _MODULES
            for value in vars(module).values()
            if isinstance(value, Rule)
        ),
        key=lambda rule: (_ORDER.index(rule.id[:2]), rule.id),
    )
)

BY_ID = {rule.id: rule for rule in RULES}

NOT_JUDGED = {
    "TR25": "Whether the code was redeemed from another machine than the browser's: neither a "
    "client's recording nor a browser's holds both addresses."
}
"""Rules that are known and not implemented, and why."""
