"""OAuth's words for errors, Entra's sub-errors and numbers in them, and what each asks for.

A description reads `AADSTS50011: text`, followed by a trailer with a trace id, a
correlation id and a time. The trailer's lines end in CR LF in older answers and
are set apart by single spaces in newer ones; both are read.

The numbers are in `aadsts_catalogue.json` beside this file, the words in `error_words.json`.
Each is read when the first error needs it.
"""

from __future__ import annotations

from functools import cache

from entra_oauth.errors import plain
from entra_oauth.light import TYPE_CHECKING, dataclass, field, pattern, replace

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from entra_oauth.errors import AuthorityError

__all__ = [
    "CatalogueEntry",
    "Description",
    "ErrorJudgement",
    "ErrorWord",
    "as_sentence",
    "catalogue",
    "error_words",
    "is_dead",
    "is_transient",
    "judge",
    "read_description",
    "suberror_words",
]

_NUMBER = pattern(r"AADSTS([0-9]{4,9})")
_TRAILER = {
    "trace_id": pattern(r"Trace ID: ?([0-9A-Za-z-]{1,64})"),
    "correlation_id": pattern(r"Correlation ID: ?([0-9A-Za-z-]{1,64})"),
    "timestamp": pattern(r"Timestamp: ?([0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8}Z)"),
}
# NOTE: no `\s*` in front, which would look at a long run of spaces once for each of them.
_TRAILER_START = pattern(r"(?:Trace|Correlation) ID:")


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """An `error_description`, taken apart and safe to print."""

    text: str
    """The sentence for people, without the trailer."""
    codes: tuple[int, ...]
    trace_id: str | None
    correlation_id: str | None
    timestamp: str | None


def read_description(text: str) -> Description:
    """Take an `error_description` apart. Never raises; what is not there is None."""
    found = {
        name: match.group(1) if (match := pattern.search(text)) else None
        for name, pattern in _TRAILER.items()
    }
    sentence = _TRAILER_START.split(text, maxsplit=1)[0]
    return Description(
        text=plain(" ".join(sentence.split())),
        codes=tuple(dict.fromkeys(int(n) for n in _NUMBER.findall(sentence))),
        trace_id=found["trace_id"],
        correlation_id=found["correlation_id"],
        timestamp=found["timestamp"],
    )


def as_sentence(text: str) -> str:
    """The text with a full stop, unless it ends in a mark of its own."""
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueEntry:
    """One of Entra's numbers.

    Most are documented by Microsoft ("Microsoft Entra authentication and authorization
    error codes"); `evidence` says so, or that it was seen (`recorded`), or else.
    """

    code: int
    name: str
    oauth_error: str | None
    """None where it is only ever shown on a page."""
    meaning: str
    cause: str
    action: str
    """The remedy, as a sentence."""
    helps: tuple[str, ...]
    """Any of `retry`, `person` and `administrator` that can make it good."""
    suberror: str | None
    http_status: int | None
    where: str
    """The place of the number: authorize, token, page, discovery, log."""
    evidence: str
    note: str | None
    by_grant: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """By `grant_type`, the texts that a number has there in place of the general ones."""
    grants: frozenset[str] = frozenset()
    """The values of `grant_type` at which the general texts fit; empty means all."""

    def fits(self, grant_type: str) -> bool:
        """True if there is advice for whom this grant was refused."""
        return _fits(grant_type, self.grants, self.by_grant)

    def for_grant(self, grant_type: str) -> CatalogueEntry:
        """The entry as it reads where this grant was refused."""
        texts = self.by_grant.get(grant_type, {})
        return replace(
            self,
            meaning=texts.get("meaning", self.meaning),
            cause=texts.get("cause", self.cause),
            action=texts.get("action", self.action),
        )


_APP = "client_credentials"
_DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
_OF_PEOPLE = ("authorization_code", "refresh_token", "password", _DEVICE)
_GRANTS = {
    "code": ("authorization_code",),
    "refresh": ("refresh_token",),
    "password": ("password",),
    "device": (_DEVICE,),
    "person": (*_OF_PEOPLE, "urn:ietf:params:oauth:grant-type:jwt-bearer"),
}
"""The words of the tables for one grant, or for several."""


def _grants(names: object) -> frozenset[str]:
    if not isinstance(names, list):
        return frozenset()
    return frozenset(grant for name in names for grant in _GRANTS[name])


def _fits(grant_type: str, grants: frozenset[str], by_grant: Mapping[str, object]) -> bool:
    return not grant_type or not grants or grant_type in grants or grant_type in by_grant


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorWord:
    """An OAuth error or a sub-error: what it means, what to do, and what can help."""

    meaning: str
    action: str
    helps: tuple[str, ...]
    """Any of `retry`, `person` and `administrator`."""
    by_grant: Mapping[str, str]
    """By `grant_type`, the action that fits there in place of the general one."""
    grants: frozenset[str] = frozenset()
    """See `CatalogueEntry.grants`."""

    def fits(self, grant_type: str) -> bool:
        """See `CatalogueEntry.fits`."""
        return _fits(grant_type, self.grants, self.by_grant)

    def action_for(self, grant_type: str) -> str:
        """The action that fits the grant that was refused."""
        return self.by_grant.get(grant_type, self.action)


@cache
def catalogue() -> Mapping[int, CatalogueEntry]:
    """All numbers that are known here, each with its entry."""
    entries = (_entry(each) for each in _content("aadsts_catalogue.json"))
    return {entry.code: entry for entry in entries}


def error_words() -> Mapping[str, ErrorWord]:
    """OAuth's words for errors, each with its entry."""
    return _words()["errors"]


def suberror_words() -> Mapping[str, ErrorWord]:
    """Entra's sub-errors, each with its entry."""
    return _words()["suberrors"]


@cache
def _words() -> Mapping[str, Mapping[str, ErrorWord]]:
    return {
        kind: {
            name: ErrorWord(
                meaning=row["meaning"],
                action=row["action"],
                helps=tuple(row.get("helps", ())),
                by_grant=row.get("by_grant", {}),
                grants=_grants(row.get("grants")),
            )
            for name, row in rows.items()
        }
        for kind, rows in _content("error_words.json").items()
    }


def _content(name: str) -> Any:
    import json
    import pkgutil

    return json.loads(pkgutil.get_data("entra_oauth.protocol.glossary", name) or b"")


_HELP = (("retry", "retry"), ("interaction", "person"), ("admin", "administrator"))


def _entry(facts: dict[str, object]) -> CatalogueEntry:
    def text(name: str) -> str | None:
        value = facts.get(name)
        return value if isinstance(value, str) else None

    code, status = facts["code"], facts.get("http_status")
    assert isinstance(code, int)  # noqa: S101 - the file is our own, and tested
    by_grant = facts.get("by_grant")
    return CatalogueEntry(
        code=code,
        name=text("name") or "",
        oauth_error=text("oauth_error"),
        meaning=text("meaning") or "",
        cause=text("cause") or "",
        action=text("action") or "",
        helps=tuple(help_ for name, help_ in _HELP if facts.get(name)),
        suberror=text("suberror"),
        http_status=status if isinstance(status, int) else None,
        where=text("where") or "",
        evidence=text("evidence") or "",
        note=text("note"),
        by_grant=by_grant if isinstance(by_grant, dict) else {},
        grants=_grants(facts.get("grants")),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorJudgement:
    """A judgement on an error: the remedy, and the reason if the catalogue knows it."""

    advice: str
    meaning: str | None = None
    cause: str | None = None
    helps: tuple[str, ...] = ()


def judge(
    error: str, codes: Sequence[int], suberror: str | None = None, *, grant_type: str = ""
) -> ErrorJudgement:
    """Judge an OAuth error with these numbers and this sub-error.

    `grant_type` is that of the request; one number can mean different things for a
    code and for a refresh token. It is empty where there was none.
    """
    if suberror == "cancel":
        return _of_word(suberror_words()["cancel"], grant_type)
    if (telling := _most_telling(error, codes)) is not None:
        if not telling.fits(grant_type):
            return _of_another_flow(telling.meaning, grant_type)
        entry = telling.for_grant(grant_type)
        return ErrorJudgement(
            advice=entry.action, meaning=entry.meaning, cause=entry.cause, helps=entry.helps
        )
    found = suberror_words().get(suberror or "") or error_words().get(error)
    if found is not None:
        return _of_word(found, grant_type)
    return ErrorJudgement(
        advice="Ask an administrator, who will want the correlation id and the time.",
        helps=("administrator",),
    )


def _of_word(word: ErrorWord, grant_type: str) -> ErrorJudgement:
    if not word.fits(grant_type):
        return _of_another_flow(word.meaning, grant_type)
    advice = word.action_for(grant_type)
    return ErrorJudgement(advice=advice, meaning=word.meaning, helps=word.helps)


def _of_another_flow(meaning: str, grant_type: str) -> ErrorJudgement:
    """The judgement on a refusal that belongs to another flow, whose advice would mislead."""
    why = (
        "This refusal is one that people get, and here the app asks by itself"
        if grant_type == _APP
        else "This refusal belongs to another flow than this one"
    )
    advice = f"{why}: an administrator will want the correlation id and the time."
    return ErrorJudgement(advice=advice, meaning=meaning, helps=("administrator",))


def _most_telling(error: str, codes: Sequence[int]) -> CatalogueEntry | None:
    """The number that belongs to the error: older answers lead with a general one."""
    known = [catalogue()[code] for code in codes if code in catalogue()]
    fitting = [entry for entry in known if entry.oauth_error == error]
    return next(iter(fitting + known), None)


def is_transient(codes: Iterable[int]) -> bool:
    """True where one of Entra's numbers says that its cause passes by itself."""
    return any("retry" in catalogue()[code].helps for code in codes if code in catalogue())


_DEAD = frozenset([50173, 70008, 700082, 700084, 70043])
_DEAD_SUBERRORS = frozenset(["bad_token", "token_expired"])


def is_dead(error: AuthorityError) -> bool:
    """True where the answer says that the refresh token itself will never be good again.

    Revoked, expired, or `bad_token`. NOTE: no other `invalid_grant` counts: most of
    them ask for a step (MFA, consent) after which the same token works again.
    """
    if error.error != "invalid_grant":
        return False
    return error.suberror in _DEAD_SUBERRORS or not _DEAD.isdisjoint(error.error_codes)
