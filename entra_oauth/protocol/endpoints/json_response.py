"""Reading what the authority answers: JSON or not, an OAuth error or not.

Every endpoint that answers JSON is read through here, each against the facts of its request:
what may be said about it in an error, and what must never be.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from entra_oauth.errors import AuthorityError, UnexpectedAnswer, plain
from entra_oauth.light import dataclass, field
from entra_oauth.protocol.echoes import hide
from entra_oauth.protocol.jwt import read_object
from entra_oauth.protocol.messages import is_redirect

if TYPE_CHECKING:
    from entra_oauth.protocol.authority import Authority
    from entra_oauth.protocol.messages import HttpResponse

__all__ = [
    "LONGEST_WAIT_S",
    "PASSING",
    "JsonAnswer",
    "RequestFacts",
    "http_date",
    "is_passing",
    "retry_after_s",
    "said_by",
]

LONGEST_WAIT_S = 3600.0
"""No `Retry-After` counts for more seconds than this."""

_JSON = "application/json"
_JSON_OF = {"keys": frozenset([_JSON, "application/jwk-set+json"])}
"""Media types by stage, where more than the usual one may come (RFC 7517 §8.5.2)."""

PASSING = frozenset([408, 429, 500, 502, 503, 504])
"""Statuses of answers whose cause may be gone in a moment."""

_BUSY = {429: "too many requests were made", 503: "it is not available for the moment"}


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestFacts:
    """The facts of a request that its answer is read against."""

    authority: Authority
    stage: str = "token"
    """The endpoint: `token`, `devicecode`, `keys`."""
    secrets: tuple[str, ...] = field(default=(), repr=False)
    """Values that no error may repeat."""
    spent: bool = False
    """Set where it carried a code, which can be sent once only."""
    grant_type: str = ""
    """The grant that was asked with; empty where the request is none of a token."""
    assertion: str | None = field(default=None, repr=False)
    """The signed token by which an app proved itself, if it did."""

    @property
    def host(self) -> str:
        """The authority's host, and port if there is one."""
        return self.authority.host

    @property
    def again(self) -> str:
        """The next step after a failure, the end of a sentence."""
        if self.spent:
            return "then sign in again: a code can be sent only once."
        return "then try again."


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonAnswer:
    """The members of a good answer, with what is needed to say what is wrong with one."""

    reply: HttpResponse
    facts: RequestFacts
    members: dict[str, Any] = field(repr=False)

    @classmethod
    def read(cls, reply: HttpResponse, facts: RequestFacts, *, received_at: float) -> JsonAnswer:
        """Read an answer; `received_at` is in seconds since 1970.

        Raises `AuthorityError` for an OAuth error, whatever else the answer holds, and
        `UnexpectedAnswer` for anything that is not OAuth: HTML, plain text, a redirect,
        broken JSON.
        """
        if reply.status in _BUSY and not _error_members(reply):
            raise _busy(reply, facts, received_at)
        members = _members(reply, facts)
        if members.get("error") is not None:
            raise _refusal(members, reply, received_at, facts)
        if reply.status != 200:
            why = f"it is neither {_WHAT[facts.stage][1]} nor an OAuth error"
            raise _unexpected(reply, facts, why)
        return cls(reply=reply, facts=facts, members=members)

    def unexpected(self, why: str) -> UnexpectedAnswer:
        """The error for an answer that is not what was asked for. `why` ends its sentence."""
        return _unexpected(self.reply, self.facts, why)

    def required(self, name: str) -> str:
        """A text that must be there. Raises `UnexpectedAnswer`."""
        value = self.text(name)
        if value is None:
            raise self.unexpected(f"it has no {name}")
        return value

    def text(self, name: str) -> str | None:
        """A text of visible ASCII; None if absent. Raises `UnexpectedAnswer`."""
        value = self.members.get(name)
        if value is None:
            return None
        if not isinstance(value, str) or not value:
            raise self.unexpected(f"its {name} is not a text")
        if not value.isprintable() or not value.isascii():
            # It would go into a header as it is.
            raise self.unexpected(f"its {name} holds characters that cannot be sent")
        return value

    def seconds(self, name: str) -> int | None:
        """A positive number of seconds, as number or digits; None if absent.

        Raises `UnexpectedAnswer` for anything else.
        """
        value = self.members.get(name)
        if value is None:
            return None
        if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 12:
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.unexpected(f"its {name} is not a number")
        if not 1 <= value < 10**10:
            raise self.unexpected(f"its {name} is not a positive number of seconds")
        return int(value)


def _members(reply: HttpResponse, facts: RequestFacts) -> dict[str, Any]:
    if is_redirect(reply.status):
        # RFC 9700 §4.12: a redirect would carry the code on to somebody else.
        raise _unexpected(reply, facts, "it is a redirect, which is never followed with a secret")
    if _media_type(reply) not in _JSON_OF.get(facts.stage, (_JSON,)):
        why = f"it is {_kind(reply)}, not JSON; a proxy or a gateway may have sent it"
        raise _unexpected(reply, facts, why)
    try:
        return read_object(reply.body)
    except ValueError as error:
        raise _unexpected(reply, facts, str(error)) from None


def _kind(reply: HttpResponse) -> str:
    start = reply.body[:200].lstrip().lower()
    if _media_type(reply) == "text/html" or start.startswith((b"<!doctype html", b"<html")):
        return "an HTML page"
    if not reply.body.strip():
        return "empty"
    return "plain text" if _media_type(reply) == "text/plain" else "something else"


def _media_type(reply: HttpResponse) -> str:
    return (reply.header("Content-Type") or "").partition(";")[0].strip().lower()


def _error_members(reply: HttpResponse) -> dict[str, Any]:
    """The members of an answer that holds an error; none of any other."""
    try:
        members = read_object(reply.body) if _media_type(reply) == _JSON else {}
    except ValueError:
        return {}
    return members if members.get("error") is not None else {}


_WHAT = {
    "token": ("no token answer", "a token"),
    "devicecode": ("no answer of the device flow", "a device code"),
    "keys": ("no set of keys", "a set of keys"),
}


def _unexpected(reply: HttpResponse, facts: RequestFacts, why: str) -> UnexpectedAnswer:
    kind = plain(hide(_media_type(reply), facts.secrets), limit=60) or "no content type"
    return UnexpectedAnswer(
        f"{facts.host} answered HTTP {reply.status} ({kind}, {len(reply.body)} bytes), "
        f"and that is {_WHAT[facts.stage][0]}: {why}.{_quoted(reply, facts)}",
        advice=f"Check the authority's address and any proxy in between, {facts.again}",
    )


def _busy(reply: HttpResponse, facts: RequestFacts, received_at: float) -> UnexpectedAnswer:
    seconds = math.ceil(retry_after_s(reply, received_at) or 60)
    wait = f"Wait {seconds} seconds"
    if seconds >= LONGEST_WAIT_S:  # where it is cut off, its number would be ours
        wait = "It asks for a wait of an hour or more: wait"
    return UnexpectedAnswer(
        f"{facts.host} answered HTTP {reply.status}: {_BUSY[reply.status]}.{_quoted(reply, facts)}",
        advice=f"{wait}, {facts.again}",
    )


def _quoted(reply: HttpResponse, facts: RequestFacts) -> str:
    """The words of whoever answered with an error, perhaps a gateway; empty if it has none."""
    if reply.status < 400:  # there, the words could be tokens
        return ""
    from entra_oauth.protocol.glossary.aadsts import as_sentence

    said = said_by(reply, facts.secrets)
    return f" It says: {as_sentence(said)}" if said else ""


def said_by(reply: HttpResponse, secrets: tuple[str, ...]) -> str:
    """The words of an error, in whichever shape: JSON, nested or not, HTML, plain text.

    At most 300 characters, safe to print, without any of the secrets.
    """
    try:
        members = read_object(reply.body)
    except ValueError:
        text = reply.body[:20_000].decode("utf-8", "replace")
        inner = _element("pre", text) or _element("title", text)
        if not inner and re.match(r"\s*<", text):
            return ""
        if inner:
            from html import unescape  # its table of names is for pages alone

            text = unescape(re.sub(r"<[^>]*>", " ", inner))
    else:
        members = _flat(members)
        names = ("message", "detail", "error_description", "error")
        text = next((v for n in names if isinstance(v := members.get(n), str) and v), "")
        code = members.get("error_code")
        if isinstance(code, str) and code not in text:
            text = f"{code}: {text}" if text else code
    return plain(hide(" ".join(text.split()), secrets), limit=300)


def _element(name: str, text: str) -> str | None:
    found = re.search(rf"<{name}\b[^>]*>(.*?)</{name}>", text, re.DOTALL | re.IGNORECASE)
    return found.group(1) if found else None


def _flat(members: dict[str, Any]) -> dict[str, Any]:
    """The members of an error; gateways and APIs put code and message into an inner object."""
    inner = members.get("error")
    if not isinstance(inner, dict):
        return members
    code = inner.get("code")
    shown = {"error": str(code) if isinstance(code, int | str) else None}
    return members | shown | {"error_description": inner.get("message")}


def is_passing(reply: HttpResponse) -> bool:
    """True where the authority may answer the same request otherwise in a moment.

    Its own error decides, if it says one: not every 400 is final, nor every 500 passing.
    """
    members = _error_members(reply)
    error = members.get("error")
    if reply.status in _BUSY or not isinstance(error, str):
        return reply.status in PASSING
    if error != "server_error":
        return error == "temporarily_unavailable"
    from entra_oauth.protocol.glossary.aadsts import is_transient, read_description

    described = read_description(str(members.get("error_description") or ""))
    codes = _codes(members.get("error_codes")) or described.codes
    return is_transient(codes) if codes else reply.status in PASSING


def retry_after_s(reply: HttpResponse, received_at: float) -> float | None:
    """Seconds that the authority asks us to wait, 0 to 3600 (RFC 9110 §10.2.3)."""
    value = (reply.header("Retry-After") or "").strip()
    if value.isascii() and value.isdigit():
        return float(min(int(value[:9]), LONGEST_WAIT_S))
    moment = http_date(value)
    return None if moment is None else min(max(moment - received_at, 0.0), LONGEST_WAIT_S)


def http_date(value: str | None) -> float | None:
    """A date of a header in seconds since 1970; None for anything else (RFC 9110 §5.6.7)."""
    if not value:
        return None
    from datetime import UTC
    from email.utils import parsedate_to_datetime

    try:
        moment = parsedate_to_datetime(value)
        # The obsolete form without a zone means GMT as well, and not this machine's time.
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return moment.timestamp()
    except (ValueError, OverflowError):
        return None


def _refusal(
    members: dict[str, Any], reply: HttpResponse, received_at: float, facts: RequestFacts
) -> AuthorityError:
    # Late: nothing of it is needed on the way to the browser.
    from entra_oauth.protocol.federated_token import presented
    from entra_oauth.protocol.glossary.aadsts import as_sentence, judge, read_description

    members = _flat(members)
    said = {n: hide(v, facts.secrets) for n, v in members.items() if isinstance(v, str)}

    def text(name: str, limit: int = 300) -> str | None:
        return plain(said.get(name, ""), limit=limit) or None

    error, suberror = text("error", 80) or "an error without a name", text("suberror", 80)
    described = read_description(said.get("error_description", ""))
    codes = _codes(members.get("error_codes")) or described.codes
    reason = as_sentence(described.text or "No reason was given")
    reason += presented(facts.assertion, codes)
    judged = judge(error, codes, suberror, grant_type=facts.grant_type)
    return AuthorityError(
        f"The authority refused the token ({error}): {reason}",
        advice=judged.advice,
        stage=facts.stage,
        error=error,
        description=described.text,
        error_codes=codes,
        suberror=suberror,
        claims=said.get("claims"),
        trace_id=text("trace_id", 64) or described.trace_id,
        correlation_id=text("correlation_id", 64) or described.correlation_id,
        timestamp=text("timestamp", 40) or described.timestamp,
        error_uri=facts.authority.own_page(text("error_uri")),
        http_status=reply.status,
        retry_after_s=retry_after_s(reply, received_at),
        meaning=judged.meaning,
        cause=judged.cause,
        helps=judged.helps,
    )


def _codes(value: object) -> tuple[int, ...]:
    if not isinstance(value, list):
        return ()
    return tuple(code for code in value if isinstance(code, int) and not isinstance(code, bool))
