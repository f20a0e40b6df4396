"""Equal values in one recording: which field repeats which, by their references."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from entra_oauth.audit.contract.observed import (
    ObservedExchange,
    ObservedField,
    ObservedMessage,
    slots,
)
from entra_oauth.audit.contract.wire_contract import FieldPlace, RuleKind

__all__ = ["Relations", "reference"]

_TELLING = frozenset(
    (RuleKind.SECRET, RuleKind.PERSONAL, RuleKind.VARIES, RuleKind.SHAPE, RuleKind.HASHED)
)


_NO_RELATION = frozenset(
    ("x-ms-ests-server", "x-ms-srs", "x-ms-clitelem", "kid", "x5t", "x5t#s256", "nel", "report-to")
    + ("x-client-current-telemetry", "x-client-last-telemetry", "retry-after", "keys")
)
"""Often equal, and never on purpose."""


def reference(message: str, place: FieldPlace, key: str) -> str:
    """The name of a field in a whole contract."""
    return f"{message}/{place.value}/{key}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Relations:
    """The fields of one recording by reference, in their order."""

    fields: Mapping[str, ObservedField] = field(repr=False)
    _first: Mapping[str, Sequence[str]] = field(repr=False)
    """For each identity the fields that have it."""
    _places: Mapping[str, int] = field(repr=False)
    _challenges: Mapping[str, str] = field(repr=False)
    """For each verifier the reference of the challenge before it."""
    _proved: Mapping[str, bool] = field(repr=False)

    @classmethod
    def of(
        cls, exchange: ObservedExchange, named: Mapping[str, Sequence[ObservedMessage]]
    ) -> Relations:
        """Those of one exchange, whose messages have these names."""
        fields: dict[str, ObservedField] = {}
        first: dict[str, list[str]] = {}
        challenges: dict[str, str] = {}
        proved: dict[str, bool] = {}
        challenge = ""
        for name, messages in named.items():
            message = messages[0]
            for group in message.groups:
                for key, each in slots(group.fields, lambda f: f.key).items():
                    at = reference(name, group.place, key)
                    fields[at] = each
                    telling = each.kind in _TELLING and each.key not in _NO_RELATION
                    if telling and each.identity is not None:
                        first.setdefault(each.identity, []).append(at)
                    if key == "code_challenge":
                        challenge = at
                    elif key == "code_verifier" and challenge:
                        challenges[at] = challenge
                        if message.step in (*exchange.proved, *exchange.disproved):
                            proved[at] = message.step not in exchange.disproved
        return cls(
            fields=fields,
            _first=first,
            _places={at: place for place, at in enumerate(fields)},
            _challenges=challenges,
            _proved=proved,
        )

    def same_as(self, at: str) -> Sequence[str] | None:
        """The fields before it that have its value; None where that cannot be told."""
        each = self.fields.get(at)
        if each is None or each.identity is None:
            return None
        if each.key in _NO_RELATION:
            return []
        mine = self._places[at]
        return [ref for ref in self._first.get(each.identity, ()) if self._places[ref] < mine]

    def is_same(self, at: str, other: str) -> bool | None:
        """True if both have one value; None where that cannot be told."""
        one, two = self.fields.get(at), self.fields.get(other)
        if one is None or two is None:
            return None
        if "" in (one.value, two.value):
            return one.value == two.value
        if one.identity is None or two.identity is None:
            return None
        if one.is_hidden != two.is_hidden:
            return None
        return one.identity == two.identity

    def s256_in(self, at: str) -> Sequence[str] | None:
        """The field with the challenge that the verifier fits; None where that cannot be told."""
        challenge = self._challenges.get(at)
        if challenge is None:
            return []
        fits = self.fits(at, challenge)
        if fits is None:
            return None
        return [challenge] if fits else []

    def fits(self, at: str, challenge: str) -> bool | None:
        """True if the verifier's SHA-256 is that challenge (RFC 7636 section 4.6)."""
        one, two = self.fields.get(at), self.fields.get(challenge)
        if one is None or two is None or one.is_hidden or two.is_hidden:
            return self._proved.get(at)
        digest = sha256(one.value.encode("utf-8", "surrogatepass")).digest()
        return urlsafe_b64encode(digest).rstrip(b"=").decode("ascii") == two.value
