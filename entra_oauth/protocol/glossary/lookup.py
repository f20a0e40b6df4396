"""One look-up for all that a person can meet: numbers, errors, parameters, claims, terms."""

from __future__ import annotations

import re

from entra_oauth.errors import UsageError
from entra_oauth.light import TYPE_CHECKING, dataclass
from entra_oauth.protocol.glossary.aadsts import catalogue, error_words, suberror_words
from entra_oauth.protocol.glossary.message_kind import MessageKind
from entra_oauth.protocol.glossary.parameters import all_parameters
from entra_oauth.protocol.glossary.terms import terms

if TYPE_CHECKING:
    from collections.abc import Iterator

    from entra_oauth.protocol.glossary.aadsts import CatalogueEntry, ErrorWord
    from entra_oauth.protocol.glossary.parameters import Parameter

__all__ = ["Explanation", "explain"]

_NUMBER = re.compile(r"(?:aadsts)?([0-9]{4,9}):?", re.IGNORECASE)
# In a pasted text only what is marked as Entra's counts: it holds other numbers too.
_NUMBERS_IN_TEXT = re.compile(r"AADSTS([0-9]{4,9})(?![0-9])", re.IGNORECASE)
_LIST_IN_TEXT = re.compile(r'error_codes\\?["\']?\s?:\s?\[([0-9, ]{4,200})\]')
_ERRORS_IN_TEXT = re.compile(r"(?<![A-Za-z0-9_])[a-z]+(?:_[a-z]+)+(?![A-Za-z0-9_])")
_WORD = re.compile(r"[A-Za-z0-9_#-]{1,40}")
_IN_TOKENS = frozenset(
    [
        MessageKind.TOKEN_HEADER,
        MessageKind.TOKEN_BODY,
        MessageKind.ID_TOKEN,
        MessageKind.ACCESS_TOKEN,
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """The meaning of a word in one of its uses."""

    kind: str
    """`code`, `error`, `suberror`, `parameter`, `claim` or `term`."""
    name: str
    meaning: str
    cause: str | None = None
    action: str | None = None
    helps: tuple[str, ...] | None = None
    """Any of `retry`, `person` and `administrator` that can help; None if nothing is wrong."""
    oauth_error: str | None = None
    http_status: int | None = None
    where: str | None = None
    """For a number the place where it is said; for a name the messages in which it stands."""
    source: str | None = None
    evidence: str | None = None
    note: str | None = None


def explain(word: str) -> tuple[Explanation, ...]:
    """All uses of a word: `50011`, `AADSTS50011`, `invalid_grant`, `state`, `aud`, `PKCE` …

    A whole error message is explained by the numbers in it, or by its OAuth error.
    Raises `UsageError` for a word that is not known; it repeats nothing that could be
    a secret.
    """
    word = word.strip().strip("\"'`")
    if number := _NUMBER.fullmatch(word):
        entry = catalogue().get(int(number.group(1)))
        if entry is None:
            raise _unknown_number(number.group(1))
        return (_of_entry(entry),)
    found = tuple(_uses(word.lower().lstrip("-"))) or _of_message(word)
    if not found:
        raise _unknown_word(word)
    return found


def _of_message(text: str) -> tuple[Explanation, ...]:
    """The errors that a pasted text names; nothing of the text itself is repeated.

    Raises `UsageError` where it has numbers, and none of them is known.
    """
    numbers = _NUMBERS_IN_TEXT.findall(text)
    for listed in _LIST_IN_TEXT.findall(text):
        numbers += re.findall("[0-9]{4,9}", listed)
    known = [catalogue()[code] for code in dict.fromkeys(map(int, numbers)) if code in catalogue()]
    if numbers and not known:
        raise _unknown_number(numbers[0])
    if known:
        return tuple(_of_entry(entry) for entry in known)
    words = [word for word in dict.fromkeys(_ERRORS_IN_TEXT.findall(text)) if word in error_words()]
    return tuple(_of_error("error", word, error_words()[word]) for word in words)


def _uses(word: str) -> Iterator[Explanation]:
    if word in error_words():
        yield _of_error("error", word, error_words()[word])
    if word in suberror_words():
        yield _of_error("suberror", word, suberror_words()[word])
    if (term := terms().get(word) or terms().get("-".join(word.split()))) is not None:
        yield Explanation(kind="term", name=term.name, meaning=term.meaning, source=term.citation)
    yield from _of_names(word)
    for entry in catalogue().values():
        if entry.name.lower() == word:
            yield _of_entry(entry)


def _of_names(word: str) -> Iterator[Explanation]:
    """One use for each meaning: messages in which a name means the same stand together."""
    # Options have hyphens where parameters have underscores.
    spelt = {word, word.replace("-", "_")}
    alike: dict[tuple[str, str, str], list[Parameter]] = {}
    for row in all_parameters():
        if row.name.lower() in spelt:
            kind = "claim" if row.message in _IN_TOKENS else "parameter"
            alike.setdefault((kind, row.name, row.meaning), []).append(row)
    for (kind, name, _), rows in alike.items():
        yield Explanation(
            kind=kind,
            name=name,
            meaning=rows[0].sentence_of(),
            where=", ".join(row.message for row in rows),
            source="; ".join(dict.fromkeys(row.citation for row in rows if row.citation)) or None,
        )


def _of_entry(entry: CatalogueEntry) -> Explanation:
    return Explanation(
        kind="code",
        name=f"AADSTS{entry.code}",
        meaning=entry.meaning,
        cause=entry.cause,
        action=entry.action,
        helps=entry.helps,
        oauth_error=entry.oauth_error,
        http_status=entry.http_status,
        where=entry.where,
        evidence=entry.evidence,
        note=entry.note,
    )


def _of_error(kind: str, name: str, word: ErrorWord) -> Explanation:
    return Explanation(
        kind=kind, name=name, meaning=word.meaning, action=word.action, helps=word.helps
    )


def _unknown_number(number: str) -> UsageError:
    return UsageError(
        f"AADSTS{number} is not in the catalogue of this program.",
        advice=f"Look it up at https://login.microsoftonline.com/error?code={number}.",
    )


def _unknown_word(word: str) -> UsageError:
    import difflib

    names = [*error_words(), *suberror_words(), *(row.name for row in all_parameters()), *terms()]
    known = list(dict.fromkeys(names))
    # What does not look like a word could be a code or a token: it is not repeated.
    shown = word if _WORD.fullmatch(word) else "That"
    close = difflib.get_close_matches(word.lower()[:40], known, n=1, cutoff=0.7)
    return UsageError(
        f"{shown} is no error, parameter or claim that is known here.",
        advice=(f"Did you mean {close[0]}? " if close else "")
        + "Give a number such as AADSTS50011, an error such as invalid_grant, or a name such as "
        "state or aud; or the whole error message.",
    )
