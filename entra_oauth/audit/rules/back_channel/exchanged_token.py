"""Rules about the exchange of a token for one of another authority's (RFC 8693)."""

from __future__ import annotations

from entra_oauth.audit.case import Case
from entra_oauth.audit.classify import Item, StepKind
from entra_oauth.audit.rules.rule import E, form_gone, rule
from entra_oauth.audit.verdict import Verdict, absent, failed, passed

__all__ = ["exchange_hands_in_one_token"]

_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
_OF_OTHER_GRANTS = ("assertion", "requested_token_use", "code", "refresh_token", "password")


@rule("TR30", E, "RFC 8693 §2.1", at=StepKind.TOKEN, unless=form_gone)
def exchange_hands_in_one_token(item: Item, case: Case) -> Verdict:
    """A token exchange hands in one subject_token, says its type, and nothing of another grant.

    Why: assertion is the word of another grant (RFC 7523), which Databricks and others pass over:
        the request is then refused, or read as somebody else's. A type that is missing leaves the
        server to guess.
    Mend: send subject_token and subject_token_type, and leave assertion out.
    Before: grant_type=…:token-exchange&assertion=eyJ…
    After: grant_type=…:token-exchange&subject_token_type=…:token-type:jwt&subject_token=eyJ…
    """
    if item.get("grant_type") != _EXCHANGE:
        return absent("it is no token exchange")
    for name in ("subject_token", "subject_token_type"):
        if not item.get(name):
            return failed(f"It has no {name}.", item.at(name))
        if len(item.every(name)) > 1:
            return failed(f"It has {name} more than once.", item.at(name))
    for name in _OF_OTHER_GRANTS:
        if item.get(name) is not None:
            return failed(f"It has {name} too, which is of another grant.", item.at(name))
    return passed(item.at("subject_token"))
