"""The request to a service that knows its caller by place, and the reading of its answer."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from entra_oauth.errors import (
    AuthorityError,
    ConnectFailed,
    DeadlineExceeded,
    ServiceAbsent,
    TransportError,
    UnexpectedAnswer,
    UsageError,
    bare,
    plain,
)
from entra_oauth.light import TYPE_CHECKING, dataclass, field
from entra_oauth.protocol.echoes import hide
from entra_oauth.protocol.endpoints.json_response import http_date, retry_after_s, said_by
from entra_oauth.protocol.endpoints.token import TokenResponse
from entra_oauth.protocol.jwt import read_object
from entra_oauth.protocol.messages import (
    USER_AGENT,
    Fields,
    HttpRequest,
    encode_form,
    is_link_local,
    is_loopback,
    is_redirect,
    split_origin,
)

if TYPE_CHECKING:
    from typing import Any

    from entra_oauth.protocol.messages import HttpResponse

__all__ = ["IdentityRequest", "ServiceWords", "absent", "checked_endpoint"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceWords:
    """The words for people about one service, where it gives no token."""

    absent: str
    """The sentence where nothing answers."""
    elsewhere: str
    """The next step then."""
    advice: tuple[tuple[str, str], ...]
    """A part of what the service says in an error, and the next step; the first that fits."""
    otherwise: str
    """The next step after any other error."""

    def advice_for(self, said: str) -> str:
        """The next step after an error in which the service says that."""
        lower = said.lower()
        return next((advice for part, advice in self.advice if part in lower), self.otherwise)


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityRequest:
    """One request for a managed identity's token. Its repr shows no secret."""

    endpoint: str
    query: Fields
    headers: Fields = field(repr=False)
    words: ServiceWords = field(repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    """Values that no error may repeat."""

    @property
    def host(self) -> str:
        return split_origin(self.endpoint)[0].partition("://")[2]

    def to_http(self, *more: tuple[str, str]) -> HttpRequest:
        mark = "&" if "?" in self.endpoint else "?"
        return HttpRequest(
            method="GET",
            url=f"{self.endpoint}{mark}{encode_form(self.query)}",
            headers=(
                ("User-Agent", USER_AGENT),
                ("Accept", "application/json"),
                *self.headers,
                *more,
            ),
        )

    def read(self, reply: HttpResponse, *, received_at: float) -> TokenResponse:
        """The token of an answer.

        Raises `AuthorityError` where the service says no, and `UnexpectedAnswer` for what it is
        too busy for and for anything else. No frame that is left behind holds a token.
        """
        try:
            return self._read(reply, received_at)
        except (AuthorityError, UnexpectedAnswer) as error:
            failure = bare(error)
        raise failure

    def members(self, reply: HttpResponse) -> dict[str, Any]:
        """The members of an answer with a token. Raises as `read` does."""
        if reply.status in (404, 408, 410, 429) or reply.status >= 500:
            raise self._busy(reply)
        if is_redirect(reply.status):
            raise self._unexpected(reply, "it is a redirect, which is not followed")
        try:
            members = read_object(reply.body)
        except ValueError as error:
            if reply.status not in (400, 401, 403) or _is_page(reply):
                raise self._unexpected(reply, _kind(reply) or str(error)) from None
            members = {}
        if reply.status != 200 or members.get("error") is not None:
            raise self._refusal(reply, members)
        return members

    # ---- within --------------------------------------------------------------------

    def _read(self, reply: HttpResponse, received_at: float) -> TokenResponse:
        members = self.members(reply)
        token = members.get("access_token")
        if not isinstance(token, str) or not token or not token.isascii() or not _visible(token):
            raise self._unexpected(reply, "it holds no access_token that could be sent")
        kind = members.get("token_type", "Bearer")
        if not isinstance(kind, str) or kind.lower() != "bearer":
            raise self._unexpected(reply, "its token_type is not Bearer")
        life_s = _life_s(members, reply, received_at)
        if life_s is not None and life_s < 1:
            raise self._unexpected(reply, "its token is over")
        return TokenResponse(
            token_type="Bearer",  # noqa: S106
            access_token=token,
            scope=None,
            expires_in=life_s,
            received_at=received_at,
        )

    def _refusal(self, reply: HttpResponse, members: dict[str, Any]) -> AuthorityError:
        said = self._said(reply)
        error = members.get("error")
        name = plain(hide(error, self.secrets), limit=80) if isinstance(error, str) else ""
        name = name or f"HTTP {reply.status}"
        reason = said.rstrip(".") or "no reason was given"
        return AuthorityError(
            f"{self.host} gave no token ({name}): {reason}.",
            advice=self.words.advice_for(f"{name} {said}"),
            stage="token",
            error=name,
            description=said,
            http_status=reply.status,
        )

    def _said(self, reply: HttpResponse) -> str:
        """The words of an error. Where a secret was sent, only those of the services' own form.

        That is a JSON object. What else has answered may repeat the request in any form it likes.
        """
        try:
            is_own_form = not self.secrets or bool(read_object(reply.body))
        except ValueError:
            is_own_form = False
        return said_by(reply, self.secrets) if is_own_form else ""

    def _busy(self, reply: HttpResponse) -> UnexpectedAnswer:
        said = _kind(reply) or self._said(reply).rstrip(".")
        asked = retry_after_s(reply, 0.0)
        wait = f"Wait {asked:g} seconds" if asked and asked < 3600 else "Wait a minute"
        why = "too many requests were made" if reply.status == 429 else "it cannot for the moment"
        told = f": {said}" if said else ""
        advice = self.words.advice_for(said) if reply.status == 404 or reply.status == 500 else ""
        return UnexpectedAnswer(
            f"{self.host} answered HTTP {reply.status} and no token: {why}{told}.",
            advice=f"{wait}, then try again." + (f" {advice}" if advice else ""),
            was_sent=True,
        )

    def _unexpected(self, reply: HttpResponse, why: str) -> UnexpectedAnswer:
        return UnexpectedAnswer(
            f"{self.host} answered HTTP {reply.status} ({len(reply.body)} bytes) and no token: "
            f"{why}.",
            advice="Something else than the service may have answered: a proxy, or a sign-in page "
            f"of the network. {self.words.elsewhere}",
            was_sent=True,
        )


def absent(error: TransportError, words: ServiceWords) -> TransportError:
    """The error to be raised for one of the channel: in plain words where nothing is there."""
    if isinstance(error, ConnectFailed | DeadlineExceeded) and not error.was_sent:
        return ServiceAbsent(words.absent, advice=words.elsewhere)
    return error


def checked_endpoint(name: str, address: str) -> str:
    """The address in a variable, if what stands beside it may be sent there.

    In clear only to this machine or to a link-local address, which no router passes on.
    Raises `UsageError`.
    """
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
        near = is_loopback(host) or is_link_local(host)
        fits = parts.scheme == "https" or (parts.scheme == "http" and near)
        fits = fits and bool(host) and "@" not in parts.netloc and not parts.fragment
        fits = fits and address.isascii() and _visible(address) and (parts.port or 1) > 0
    except ValueError:
        fits = False
    if not fits:
        raise UsageError(
            f"{name} is no address that a token may be asked of: https, or http on this machine "
            "or at 169.254.…",
            advice=f"Leave {name} as the platform sets it.",
        )
    return address


_DIGITS = re.compile(r"-?[0-9]{1,12}")


def _visible(text: str) -> bool:
    return text.isprintable() and " " not in text


def _is_page(reply: HttpResponse) -> bool:
    start = reply.body[:200].lstrip().lower()
    return start.startswith((b"<!doctype html", b"<html", b"<head", b"<body"))


def _kind(reply: HttpResponse) -> str:
    """The words for an answer that is a page, or nothing; empty for any other."""
    if _is_page(reply):
        return "it is an HTML page"
    return "" if reply.body.strip() else "it is empty"


def _life_s(members: dict[str, Any], reply: HttpResponse, received_at: float) -> int | None:
    """Seconds that the token is good; None if the answer does not say.

    The services hand out tokens that they had before, and count `expires_in` from the moment of
    issue ("How to use managed identities … to acquire an access token"). So `expires_on` counts
    too, by the service's own clock if it tells that, and the shorter of the two.
    """
    lives = []
    if (life := _number(members.get("expires_in"))) is not None:
        lives.append(life)
    if (until := _number(members.get("expires_on"))) is not None:
        lives.append(until - int(http_date(reply.header("Date")) or received_at))
    return min(lives, default=None)


def _number(value: object) -> int | None:
    """A number of seconds, as a number or as a text of digits. Below zero it is long over."""
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 10**12:
        return None
    return int(value)
