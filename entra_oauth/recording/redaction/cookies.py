"""Finding what must go in cookies: one or several in a header, and their attributes.

A header is to hold one cookie (RFC 6265 §3). Programs that keep each header's name once
join the values of several, with a line break or with a comma (RFC 9110 §5.3).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from entra_oauth.protocol.glossary.secrecy import Act, Treatment, is_cookie_name, is_plain_name
from entra_oauth.recording.redaction.finder import Finder
from entra_oauth.recording.redaction.finds import Find, looks_secret
from entra_oauth.recording.redaction.views import View

__all__ = ["COOKIE", "cookie_attribute", "cookie_name", "cookies", "joined_values"]

COOKIE = Treatment(Act.SECRET, "ck")
_LINE = re.compile(r"[^\r\n]+")
_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}+"  # RFC 9110 §5.6.2
_NAME = re.compile(_WORD)
_JOINT = re.compile(rf";|,([ \t]*+)(?={_WORD}[ \t]*=)")
"""The end of a piece, or a comma before what looks like the next cookie."""

_FLAGS = frozenset({"secure", "httponly", "partitioned", "discard"})
_TIME = r"[0-9:]{7,8}"
_DATE = (
    r"-?[0-9]{1,4}|session"
    r"|(?:[a-z]{3,9},? )?[0-9]{1,2}[ -][a-z]{3}[ -][0-9]{2,4} "
    rf"{_TIME}(?: (?:gmt|utc|[+-]0000))?"
    rf"|(?:[a-z]{{3}} )?[a-z]{{3}} [ 0-9][0-9] {_TIME} [0-9]{{4}}(?: gmt)?"
    rf"|[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}"
    rf"(?:[t ]{_TIME}(?:\.[0-9]{{1,9}})?(?:z|[+-][0-9]{{2}}:?[0-9]{{2}})?)?"
)
"""The three forms of RFC 9110 §5.6.7, and that of RFC 3339, which HAR files have."""
_HOST = r"\.?(?:[a-z0-9_~-]{1,63}\.)*[a-z0-9~-]{1,63}\.?|\[?[0-9a-f]{0,4}:[0-9a-f:.]{1,40}\]?"
_FORMS = {
    name: re.compile(form, re.IGNORECASE)
    for name, form in {
        "expires": _DATE,
        "max-age": r"-?[0-9]{1,12}",
        "samesite": r"strict|lax|none|no_restriction|unspecified",
        "priority": r"low|medium|high",
        "version": r"[0-9]",
        "domain": _HOST,
        "path": r"/[\w.~!$&'()*+:@%/-]*(?:[?#][^\s,;]*)?",
    }.items()
}
"""Values that these attributes have, of browsers and of HAR files."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """A cookie's name and value, or one of its attributes."""

    text: View
    is_attribute: bool = False
    is_joined: bool = False
    """Whether it is taken for a cookie because of what stands before it."""


def cookies(finder: Finder, value: View, *, attributes: bool) -> Iterator[Find]:
    """`Cookie`, or with `attributes` `Set-Cookie`, with any number of cookies; names stay."""
    for piece in _pieces(value, attributes=attributes):
        name, content = piece.text.partition("=")
        if piece.is_attribute:
            yield from _attribute(finder, piece.text)
        elif "=" not in piece.text.text or (
            # The end of a value that was broken into lines looks like a name.
            piece.is_joined and not content.text.strip('= "')
        ):
            yield from finder.ruled(COOKIE, piece.text, 0)
        else:
            yield from cookie_name(finder, name.strip())
            yield from finder.ruled(COOKIE, content.strip(), 0)


def cookie_name(finder: Finder, name: View) -> Iterator[Find]:
    """The name of a cookie, if it could be a value."""
    if not is_cookie_name(name.text):
        yield from finder.ruled(Treatment(Act.UNKNOWN, "name"), name, 0)


def _attribute(finder: Finder, piece: View) -> Iterator[Find]:
    name, content = (part.strip() for part in piece.partition("="))
    treatment = _treatment(name.text, content.text)
    if treatment is None or (not content.text and not _is_flag(name.text)):
        yield from finder.ruled(COOKIE, piece, 0)
    else:
        yield from cookie_attribute(finder, name.text, content)


def cookie_attribute(finder: Finder, name: str, content: View) -> Iterator[Find]:
    """The value of an attribute of that name."""
    if content.text[:1] == content.text[-1:] == '"' and len(content.text) > 1:
        content = content.cut(1, len(content.text) - 1)
    treatment = _treatment(name, content.text) or COOKIE
    is_address = treatment.act is Act.URL
    yield from finder.url(content) if is_address else finder.ruled(treatment, content, 0)


def _pieces(value: View, *, attributes: bool) -> Iterator[_Piece]:
    """All cookies of a `Cookie` header, or with `attributes` of a `Set-Cookie` header."""
    for number, line in enumerate(_LINE.finditer(value.text)):
        view = value.cut(*line.span())
        if attributes:
            yield from _set_cookies(view, is_joined=number > 0)
        else:
            for index, piece in enumerate(view.split(";")):
                yield _Piece(piece.strip(), is_joined=number > 0 and index == 0)


def _set_cookies(line: View, *, is_joined: bool) -> Iterator[_Piece]:
    at, in_attributes = 0, False
    for match in _JOINT.finditer(line.text):
        is_end = match[0] == ";"
        if not is_end and not in_attributes and not match[1]:
            continue  # a value may hold a comma: without a blank it is one value, and goes whole
        yield _Piece(line.cut(at, match.start()).strip(), in_attributes, is_joined)
        at, in_attributes, is_joined = match.end(), is_end, not is_end
    yield _Piece(line.cut(at).strip(), in_attributes, is_joined)


def _is_flag(text: str) -> bool:
    """True for an attribute that may stand there without a value."""
    return text.lower() in _FLAGS or text.lower() in _FORMS


def _treatment(name: str, value: str) -> Treatment | None:
    """The treatment of an attribute's value; None if not even the name may be shown.

    Of an attribute that is known, a value of the form that it has stays.
    """
    lower = name.lower()
    form = _FORMS.get(lower)
    if form is None:
        is_shown = _NAME.fullmatch(name) and is_cookie_name(name)
        return COOKIE if is_shown else None
    if not form.fullmatch(value):
        return COOKIE
    if lower == "domain" and not _is_host(value):
        return COOKIE
    return Treatment(Act.URL) if lower == "path" else Treatment(Act.KEEP)


def _is_host(domain: str) -> bool:
    """A name without a dot could be any word; and a label could be a secret."""
    lone = "." not in domain.strip(".") and ":" not in domain
    return not (lone and domain != "localhost" and "~" not in domain) and not any(
        looks_secret(label) for label in domain.split(".")
    )


def joined_values(text: str) -> Iterator[str]:
    """A cookie's value; and if it may be several cookies, the values of the others."""
    yield text
    for piece in re.split(r"[,;\s]+", text):
        value = piece.partition("=")[2]
        if any(map(str.isdigit, value)) and ":" not in value and not is_plain_name(value):
            yield value
