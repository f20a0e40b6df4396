"""A house's own policy for the linter, from a TOML file.

    [allow]
    tenants = ["a1bc2d34-5e67-8f89-01ab-c2345d6c78de"]
    clouds = ["public"]
    clients = ["12a34b56-789c-0d12-e3fa-b456789c0123"]
    scopes = ["2ff814a6-3304-4ab8-85cb-cd0e6f879c1d/.default", "openid", "offline_access"]
    grants = ["authorization_code", "refresh_token"]
    response_modes = ["form_post"]
    tls_floor = "1.2"
    proxies = []

    [levels]
    AR18 = "error"       # error, warning, note or off
    TR18 = "off"

    [[waivers]]
    rule = "AR04"
    reason = "the course shows the article's procedure"
    until = 2027-01-31

What is not known here is refused by its name, and so is what contradicts itself.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NoReturn

from entra_oauth.errors import UsageError, plain
from entra_oauth.protocol.authority import CLOUDS
from entra_oauth.recording.findings import Severity

__all__ = ["OFF", "Policy", "Waiver", "read_policy"]

OFF = "off"
_LISTS = ("tenants", "clouds", "clients", "scopes", "grants", "response_modes", "proxies")
_GRANTS = (
    *("authorization_code", "refresh_token", "device_code", "password", "client_credentials"),
    *("jwt-bearer", "saml1_1-bearer", "saml2-bearer", "token-exchange"),
)
_MODES = ("query", "form_post", "fragment")
_LEVELS = (*(s.value for s in Severity if s is not Severity.UNDECIDABLE), OFF)
_WAIVER = ("rule", "reason", "until")


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """That a rule is let pass, why, and up to which day."""

    rule: str
    reason: str
    until: date

    def holds(self, day: date) -> bool:
        """True up to and with the last day."""
        return day <= self.until


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The values that are allowed (None: the policy does not say), and the level of each rule."""

    tenants: tuple[str, ...] | None = None
    clouds: tuple[str, ...] | None = None
    clients: tuple[str, ...] | None = None
    scopes: tuple[str, ...] | None = None
    grants: tuple[str, ...] | None = None
    response_modes: tuple[str, ...] | None = None
    proxies: tuple[str, ...] | None = None
    tls_floor: tuple[int, int] | None = None
    levels: Mapping[str, str] = field(default_factory=dict)
    """By rule: a severity, or `off`."""
    waivers: tuple[Waiver, ...] = ()

    def waiver(self, rule_id: str) -> Waiver | None:
        """The waiver of that rule, whether or not it still holds."""
        return next((waiver for waiver in self.waivers if waiver.rule == rule_id), None)


def read_policy(text: str, known: Collection[str]) -> Policy:
    """A policy from TOML; `known` are the ids of the rules. Raises `UsageError`."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(
            f"The policy is no TOML: {plain(str(error), limit=120)}.", advice="Mend that line."
        ) from None
    except (ValueError, RecursionError):
        raise UsageError(
            "The policy cannot be read: it is nested too deeply, or holds a number out of all "
            "range.",
            advice="docs/rules.md has an example with every key.",
        ) from None
    _only(document, ("allow", "levels", "waivers"), "the policy")
    allow, levels = _table(document, "allow"), _table(document, "levels")
    _only(allow, (*_LISTS, "tls_floor"), "[allow]")
    lists = {name: _list(allow, name) for name in _LISTS}
    _one_of(lists["clouds"], tuple(CLOUDS), "clouds")
    _one_of(lists["grants"], _GRANTS, "grants")
    _one_of(lists["response_modes"], _MODES, "response_modes")
    for name, level in levels.items():
        _rule(name, known, "[levels]")
        if level not in _LEVELS:
            _refuse(f"{name} in [levels] is not one of {', '.join(_LEVELS)}")
    policy = Policy(
        **lists,
        tls_floor=_floor(allow.get("tls_floor")),
        levels=dict(levels),
        waivers=_waivers(document.get("waivers", []), known),
    )
    _refuse_contradictions(policy)
    return policy


def _refuse(what: str, advice: str = "Correct the policy.") -> NoReturn:
    raise UsageError(f"The policy cannot be used: {what}.", advice=advice)


def _only(table: Mapping[str, Any], known: Collection[str], where: str) -> None:
    for name in table:
        if name not in known:
            _refuse(f"{plain(name, limit=40)} is not known in {where}", f"Use {', '.join(known)}.")


def _table(document: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = document.get(name, {})
    if not isinstance(value, dict):
        _refuse(f"{name} is no table", f"Write [{name}], and its members below.")
    return value


def _list(allow: Mapping[str, Any], name: str) -> tuple[str, ...] | None:
    value = allow.get(name)
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(each, str) and each for each in value):
        _refuse(f"{name} is no list of texts")
    if not value and name != "proxies":  # where an empty list means: none at all
        _refuse(f"{name} is empty, so nothing could ever be allowed", "Leave it out, or fill it.")
    if len({each.lower() for each in value}) < len(value):
        _refuse(f"{name} names something twice")
    return tuple(value)


def _one_of(values: tuple[str, ...] | None, known: tuple[str, ...], name: str) -> None:
    for value in values or ():
        if value not in known:
            _refuse(f"{plain(value, limit=40)} is none of the {name}", f"Use {', '.join(known)}.")


def _floor(value: object) -> tuple[int, int] | None:
    if value is None:
        return None
    if not isinstance(value, str) or not re.fullmatch(r"1\.[0-3]", value):
        _refuse("tls_floor is not one of 1.0 to 1.3, as a text")
    return 1, int(value[-1])


def _rule(name: object, known: Collection[str], where: str) -> str:
    if not isinstance(name, str) or name not in known:
        _refuse(
            f"{plain(str(name), limit=20)} in {where} is no rule",
            "A rule that there is: entra-oauth explain AR04",
        )
    return name


def _waivers(value: object, known: Collection[str]) -> tuple[Waiver, ...]:
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        _refuse("waivers is no list of tables", "Write [[waivers]] for each.")
    found = []
    for each in value:
        _only(each, _WAIVER, "[[waivers]]")
        name = _rule(each.get("rule"), known, "[[waivers]]")
        reason, until = each.get("reason"), each.get("until")
        if not isinstance(reason, str) or not reason.strip():
            _refuse(f"the waiver of {name} gives no reason")
        if not isinstance(until, date) or isinstance(until, datetime):
            _refuse(f"the waiver of {name} has no end", "Write until = 2027-01-31.")
        found.append(Waiver(rule=name, reason=plain(reason.strip(), limit=300), until=until))
    return tuple(found)


def _refuse_contradictions(policy: Policy) -> None:
    names = [waiver.rule for waiver in policy.waivers]
    for name in names:
        if names.count(name) > 1:
            _refuse(f"{name} is waived twice", "Keep one of them.")
        if policy.levels.get(name) == OFF:
            _refuse(f"{name} is off and waived", "One of them is enough.")
    if policy.response_modes == ("query",) and policy.levels.get("AR18") == Severity.ERROR:
        _refuse("query is the only response mode that is allowed, and AR18 makes it an error")
    grants = policy.grants
    if grants is not None:
        if policy.response_modes and "authorization_code" not in grants:
            _refuse("response_modes are allowed, and the grant that has them is not")
        if "password" in grants and policy.levels.get("TR16") == Severity.ERROR:
            _refuse("the grant password is allowed, and TR16 makes it an error")
        if "refresh_token" not in grants and "offline_access" in (policy.scopes or ()):
            _refuse("offline_access is allowed, and the grant refresh_token is not")
