"""The recording as the rules see it: its steps and sign-ins, and the claims made of them."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any

from entra_oauth.audit.classify import Item, StepKind, items_of
from entra_oauth.audit.redacted_values import ComparedValues
from entra_oauth.audit.sign_ins import Flow, flows_of
from entra_oauth.errors import UsageError, plain
from entra_oauth.protocol.authority import CLOUDS, Authority
from entra_oauth.protocol.messages import host_of, is_loopback, split_origin
from entra_oauth.recording.claims import claims_of
from entra_oauth.recording.facts import AUTHORITYS_SIDE
from entra_oauth.recording.redaction.redact import Redactor
from entra_oauth.recording.step import Claim, Evidence, Level, steps_of

if TYPE_CHECKING:
    from entra_oauth.audit.policy import Policy
    from entra_oauth.recording.record import Recording

__all__ = [
    *("Case", "ClientKind", "case_of", "case_of_evidence"),
    *("cloud_of", "is_entra", "on_this_machine"),
]

CODE = "authorization_code"

MAX_STEPS = 1_000
"""Each is compared with those before it."""


@dataclass(frozen=True)
class Case:
    """One recording, as the rules see it."""

    evidence: Evidence
    policy: Policy | None = None
    planned: bool = False
    """Nothing of it was sent yet, so no answers are to be expected."""
    browser_side: bool = False
    """Whether the browser's own requests are in it."""
    scheme_known: bool = True
    """False for a request that was given as bytes: those do not say http or https."""
    har: Mapping[str, Any] | None = field(default=None, repr=False)
    """The HAR file that it came from."""
    shareable: bool = False
    """Whether it says of itself that its secrets were taken out."""
    _redactor: Redactor = field(
        default_factory=lambda: Redactor(level=Level.SECRETS, key=secrets.token_bytes(32)),
        repr=False,
    )

    @cached_property
    def items(self) -> tuple[Item, ...]:
        """The steps. Raises `UsageError` for more of OAuth's than a person can have meant."""
        items = items_of(self.evidence.steps)
        count = sum(item.kind is not StepKind.PAGE for item in items)
        if count > MAX_STEPS:
            raise UsageError(
                f"There are {count:,} OAuth exchanges in it; at most {MAX_STEPS:,} are judged.",
                advice="Keep those of the sign-ins in question.",
            )
        return items

    @cached_property
    def flows(self) -> tuple[Flow, ...]:
        return flows_of(self.items)

    def all(self, kind: StepKind) -> tuple[Item, ...]:
        return tuple(item for item in self.items if item.kind is kind)

    def flow(self, item: Item) -> Flow:
        """The flow that the item is part of; pages are part of none."""
        return self._homes[id(item)]

    @cached_property
    def _homes(self) -> dict[int, Flow]:
        return {id(item): flow for flow in self.flows for item in flow.items}

    @cached_property
    def _claims(self) -> dict[int, list[Claim]]:
        found: dict[int, list[Claim]] = {}
        for each in self.evidence.claims:
            for number in dict.fromkeys(each.steps):
                found.setdefault(number, []).append(each)
        return found

    @cached_property
    def nonces(self) -> ComparedValues:
        """The nonces of all authorize requests."""
        found = ComparedValues()
        for item in self.all(StepKind.AUTHORIZE):
            if nonce := item.get("nonce"):
                found.add(nonce, item.number)
        return found

    def claim(self, name: str, item: Item, beside: Item | None = None) -> bool | None:
        """The recorder's claim about that step; None where it claimed nothing.

        `beside` is the step that it must have been compared with. (In HAR files claims stand
        at each step by itself.)
        """
        numbers = {item.number} | ({beside.number} if beside is not None else set())
        found = [
            c.verdict
            for c in self._claims.get(item.number, ())
            if c.name == name and (len(c.steps) == 1 or numbers <= set(c.steps))
        ]
        if "no" in found:
            return False
        return True if "yes" in found else None

    def bits(self, name: str, item: Item) -> int | None:
        """The recorder's measure of the chance in a value: at most so many bits."""
        for claim in self._claims.get(item.number, ()):
            number = claim.verdict.removesuffix(" bits")
            if claim.name == f"{name}-entropy" and number.isdigit():
                return int(number)
        return None

    def show(self, name: str, value: str) -> str:
        """A value as it may be shown: secrets masked, short, nothing that moves a terminal."""
        return plain(self._redactor.parameter(name, value).text, limit=80)

    def show_host(self, host: str) -> str:
        """A host as it may be shown: only what looks like a secret in it is masked."""
        return plain(self._redactor.words(host).text, limit=80)

    def authority(self, flow: Flow) -> Authority | None:
        """The authority that was asked in that flow; None where that cannot be read."""
        for kind in (StepKind.AUTHORIZE, StepKind.TOKEN, StepKind.DEVICE):
            item = flow.first(kind)
            if item is not None and "/oauth2/" in item.request.path:
                origin, target = split_origin(item.url)
                try:
                    return Authority(origin, target.partition("/oauth2/")[0].strip("/"))
                except UsageError:
                    return None
        return None

    def client(self, item: Item) -> ClientKind | None:
        """The kind of client whose sign-in the step is part of; None where nothing tells."""
        parts = self.flow(item).items
        uri = next((u for each in parts if (u := each.get("redirect_uri"))), "")
        if uri and (on_this_machine(uri) or not re.match(r"(?i)https?:", uri)):
            return ClientKind.NATIVE
        tokens = [each for each in parts if each.kind is StepKind.TOKEN]
        if any(_proves_itself(each) for each in tokens):
            return ClientKind.WEB
        if uri and any(each.request.header("origin") for each in tokens):
            return ClientKind.SINGLE_PAGE
        # A page's script cannot take what the browser posts to its server.
        posted = any(each.get("response_mode") == "form_post" for each in parts)
        return ClientKind.WEB if uri and posted else None

    def code_flow(self, item: Item) -> str:
        """The reason why parts of the sign-in are missing; empty if none should be there."""
        if self.planned:
            return "nothing was sent yet"
        flow = self.flow(item)
        if flow.authorize is None and item.get("grant_type") == CODE:
            return "the authorize request is not in this recording"
        return ""


class ClientKind(StrEnum):
    """The kinds of client that rules tell apart (RFC 6749 §2.1)."""

    NATIVE = "native app"
    WEB = "web app"
    SINGLE_PAGE = "single-page app"


def _proves_itself(item: Item) -> bool:
    scheme = (item.request.header("authorization") or "").strip().partition(" ")[0]
    named = item.get("client_secret") or item.get("client_assertion")
    return bool(named) or scheme.lower() == "basic"


def case_of(recording: Recording, *, policy: Policy | None = None, planned: bool = False) -> Case:
    """The case of a recording in memory, secrets and all. Nothing of it is stored."""
    steps = steps_of(recording)
    evidence = Evidence(steps=steps, created_at=0.0, level=Level.NONE, claims=claims_of(steps))
    return case_of_evidence(evidence, policy=policy, planned=planned)


def case_of_evidence(
    evidence: Evidence, *, policy: Policy | None = None, planned: bool = False
) -> Case:
    """A recording as it was written down, redacted or not."""
    return Case(
        evidence=with_sound_claims(evidence),
        policy=policy,
        planned=planned,
        browser_side=_shows_the_browser(evidence),
        shareable=evidence.level is not Level.NONE,
    )


def _shows_the_browser(evidence: Evidence) -> bool:
    """Seen from the authority's side, the browser's requests are there, and with them its
    way to the program if the practice browser made it."""
    seen_there = evidence.facts.get("seen_at") == AUTHORITYS_SIDE
    return seen_there and any(step.name == "redirect" for step in evidence.steps)


def with_sound_claims(evidence: Evidence) -> Evidence:
    """Claims of what was looked at while it still had its secrets; else there are none.

    A recording that says nothing of a redaction is claimed anew, as when it is imported: of
    what somebody took out before, nothing is claimed.
    """
    if evidence.level is not Level.NONE or evidence.claims:
        return evidence
    in_order = [item.step for item in items_of(evidence.steps)]
    return replace(evidence, claims=claims_of(in_order))


def claims_by_step(found: Mapping[int, list[tuple[str, str]]]) -> tuple[Claim, ...]:
    """Claims as a HAR file of ours holds them: for each step its names and verdicts."""
    return tuple(
        Claim(name=name, verdict=verdict, detail="", steps=(number,))
        for number, claims in found.items()
        for name, verdict in claims
    )


def cloud_of(url: str) -> str | None:
    """The name of the national cloud whose login host that is."""
    host = host_of(url)
    return next((cloud.name for cloud in CLOUDS.values() if host in cloud.hosts), None)


def is_entra(item: Item) -> bool:
    """True if the authority is Entra, or something of its shape: then its manners count."""
    path = item.request.path
    return cloud_of(item.url) is not None or "/oauth2/v2.0/" in path


def on_this_machine(url: str) -> bool:
    """True if an address can only mean this machine."""
    return is_loopback(host_of(url))
