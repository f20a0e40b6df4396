"""All rules, in the order of their ids, and where each is."""

from __future__ import annotations

from entra_oauth.audit import (
    rules_access_token,
    rules_authorize,
    rules_capture,
    rules_client,
    rules_device,
    rules_granted,
    rules_id_token,
    rules_listener,
    rules_policy,
    rules_redemption,
    rules_redirect,
    rules_state,
    rules_target,
    rules_token_answer,
    rules_token_request,
)
from entra_oauth.audit.rule import Rule

__all__ = ["BY_ID", "CHAPTERS", "NOT_JUDGED", "RULES"]

_MODULES = (
    rules_authorize,
    rules_target,
    rules_redirect,
    rules_state,
    rules_token_request,
    rules_redemption,
    rules_token_answer,
    rules_id_token,
    rules_listener,
    rules_access_token,
    rules_device,
    rules_granted,
    rules_capture,
    rules_client,
    rules_policy,
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
    "client's recording nor a browser's holds both addresses.",
}
"""Rules that are known and not implemented, and why."""
