"""An authorize URL that somebody typed, taken apart: the first thing that is wrong, and why."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

from entra_oauth.protocol.glossary.message_kind import MessageKind
from entra_oauth.protocol.glossary.parameters import parameter

__all__ = ["fault_in"]

_MEANT = {
    "clientid": "client_id",
    "redirect_url": "redirect_uri",
    "redirecturi": "redirect_uri",
    "redirect": "redirect_uri",
    "response-type": "response_type",
    "responsetype": "response_type",
    "scopes": "scope",
}


_GUESSED = ("", "state", "mystate", "test", "password", "passwort", "hello", "default", "qwerty")
_ALPHABET = "abcdefghijklmnopqrstuvwxyz"


def fault_in(typed: str, endpoint: str, wanted: Mapping[str, str]) -> str | None:
    """The first thing that is wrong with `typed`; None if it asks for just what is wanted.

    `wanted` holds the decoded values; an empty one may be anything of some length.
    """
    if any(c.isspace() for c in typed):
        return (
            "There is a blank or a line break in it. An address has none: a blank inside a value "
            "is written %20. If your terminal broke the line, join it."
        )
    return _place(typed, endpoint) or _query(typed, wanted)


def _place(typed: str, endpoint: str) -> str | None:
    try:
        given, meant = urlsplit(typed), urlsplit(endpoint)
    except ValueError:
        return "That cannot be read as an address. It begins with http:// and the host."
    if not given.scheme or not given.netloc:
        return f"It has to be a whole address, from {meant.scheme}:// on."
    if given.scheme != meant.scheme:
        return (
            f"It begins with {meant.scheme}:// here. (TOY: with Entra it is always https; the "
            "practice tenant stays on this machine.)"
        )
    if given.netloc != meant.netloc:
        return f"The host is not the practice tenant's. It is {meant.netloc}."
    if given.path != meant.path:
        return _path(given.path, meant.path)
    if given.fragment or typed.endswith("#"):
        return "There is a # in it. What follows a # stays in the browser and is never sent."
    if not given.query:
        return "The parameters are missing. They begin after a question mark."
    return None


def _path(given: str, meant: str) -> str:
    ours, theirs = meant.split("/"), given.split("/")
    if len(theirs) > 1 and theirs[1].lower() == ours[1] != theirs[1]:
        return "The tenant id is the right one. Type it as it is shown, in small letters."
    if len(theirs) > 1 and theirs[1] != ours[1]:
        return "The first part of the path is the tenant id, which says whose directory it is."
    if given.endswith("/token"):
        return "That is the token endpoint. The browser is sent to the one that ends in authorize."
    if "v2.0" not in given:
        return "There is v2.0 missing in the path: /oauth2/v2.0/authorize."
    return f"The path is not right after the tenant id. It ends in {'/'.join(ours[2:])}."


def _query(typed: str, wanted: Mapping[str, str]) -> str | None:
    query = typed.partition("?")[2]
    if "?" in query:
        return "There is a second question mark. Parameters are joined by &."
    pairs = []
    for piece in query.split("&"):
        name, equals, raw = piece.partition("=")
        if not piece:
            return "There is an & with nothing beside it."
        if not equals:
            return f"There is a parameter without an equals sign{_after(name)}."
        pairs.append((name, raw))
    names = [name for name, _ in pairs]
    for name in names:
        if name not in wanted:
            return _unknown(name, wanted)
        if names.count(name) > 1:
            return (
                f"{name} stands there twice. Which one should count? RFC 6749 §3.1 forbids it; "
                "AS ENTRA: AADSTS9000411."
            )
    for name in wanted:
        if name not in names:
            return _missing(name)
    for name, raw in pairs:
        if (fault := _value(name, raw, wanted[name])) is not None:
            return fault
    return None


def _missing(name: str) -> str:
    row = parameter(MessageKind.AUTHORIZATION_REQUEST, name)
    if row is None:
        return f"{name} is missing."
    return f"{name} is missing. {row.lesson.replace('`', '')} ({row.citation})" + (
        " AS ENTRA: AADSTS900144." if name == "client_id" else ""
    )


def _unknown(name: str, wanted: Mapping[str, str]) -> str:
    meant = _MEANT.get(name.lower()) or (name.lower() if name.lower() in wanted else None)
    if meant is not None:
        return f"One name is not spelt right: it is {meant}. Names are compared letter by letter."
    if name == "code_challenge":
        return "code_challenge comes in chapter 5. Leave it out here."
    return (
        f"There is a parameter that is not in the list{_after(name)}. The authority would ignore "
        "it; here it is more likely a slip. If a value holds an & itself, that must be written %26."
    )


def _after(name: str) -> str:
    """The name, where it can be one: what was pasted by mistake is not repeated."""
    return f": {name}" if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.-]{0,29}", name) else ""


def _value(name: str, raw: str, wanted: str) -> str | None:
    value = unquote(raw)
    if not value:
        return f"{name} has no value."
    if not wanted:
        return _own_value(name, value)
    if value == wanted:
        if name in ("scope", "redirect_uri") and "/" in raw:
            return (
                f"{name} has the right value, but / is not written %2F in it. Many servers take "
                "it; the article encodes it, and a value that is encoded can never be mistaken "
                "for the address's own signs."
            )
        return None
    if unquote(value) == wanted:
        return f"{name} is encoded twice: there is %25 where a % stood. Encode it once."
    if name == "response_type" and value == "token":
        return "response_type=token would bring the token into the address. Ask for a code."
    if name == "redirect_uri" and value.rstrip("/") == wanted.rstrip("/"):
        return (
            "redirect_uri has a slash at its end here, or lacks one. Send what is registered, to "
            "the letter: whether Entra takes the two for one is not documented."
        )
    if name == "redirect_uri" and value.startswith("https://localhost"):
        return "redirect_uri begins with http:// here: nobody issues certificates for localhost."
    if name == "redirect_uri":
        return f"redirect_uri is not the registered one. It is {wanted}."
    if name == "scope" and "/" not in value:
        return "scope names the resource, then /.default."
    if name == "scope":
        return "scope is not the one that is asked for: the Databricks id, then /.default."
    if name == "client_id":
        return "client_id is not the app's id. Compare it with the one above, group by group."
    return f"{name} must be {wanted} here."


def _own_value(name: str, value: str) -> str | None:
    letters = re.sub("[^a-z]", "", value.lower())
    if len(set(value)) < 4 or letters in _GUESSED or letters in _ALPHABET:
        return (
            f"A {name} that others can guess protects nothing. (The article's example is 12345: "
            "an example.) Type a dozen letters that nobody would think of."
        )
    if len(value) < 8:
        return f"This {name} is too easy to guess. Make it eight characters or more."
    return None
