"""Every exception of the package, and the exit code the command line gives it.

EntraOAuthError                     1   anything below; also: something unexpected
├── ApiRefused                      1   an API, not the authority, answered HTTP 400 or above
├── UsageError                      2   a value that must not be sent, an option that does not fit
│   └── ProofMissing                    an app has nothing to prove itself with
├── AuthorityError                  3   the authority said no (RFC 6749 §4.1.2.1, §5.2)
├── SignInRequired                  4   only a person can go on
├── SecurityError                   5   a check that protects the person failed
│   ├── CallbackRefused                 a redirect that is not the answer to our request
│   │   └── StateMismatch                   … because its state is not ours
│   ├── IdTokenRefused                  an ID token that does not say what it must
│   └── DestinationRefused              a secret was about to go where it must not
├── TransportError                  6   no OAuth answer was had
│   ├── ConnectFailed                   name, address, proxy: nothing was sent
│   │   ├── ProxyRefused                    … and another try is of no use
│   │   └── ServiceAbsent                   the service of another kind of machine than this one
│   ├── TlsFailed                       the certificate or the handshake
│   ├── DeadlineExceeded                the authority took longer than it may
│   ├── ExchangeBroken                  the connection ended in the middle
│   └── UnexpectedAnswer                HTML, plain text, a redirect, broken JSON …
├── TimedOut                        7   the person did not finish in time
└── LocalError                      8   this machine: a port, a file, a browser
    ├── PortBusy
    └── StoreSilent                     the system's password store does not answer

Ctrl-C stays `KeyboardInterrupt` (130); SIGTERM is 143.

The text of every error says what happened and ends with what to do next. No
error ever holds a code, a verifier, a state, a token or a password: not in its
text, its repr, its arguments, nor in an exception chained to it.
"""

from __future__ import annotations

from entra_oauth.light import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeVar

    E = TypeVar("E", bound=Exception)

__all__ = [
    "ApiRefused",
    "AuthorityError",
    "CallbackRefused",
    "ConnectFailed",
    "DeadlineExceeded",
    "DestinationRefused",
    "EntraOAuthError",
    "ExchangeBroken",
    "IdTokenRefused",
    "LocalError",
    "PortBusy",
    "ProofMissing",
    "ProxyRefused",
    "SecurityError",
    "ServiceAbsent",
    "SignInRequired",
    "StateMismatch",
    "StoreSilent",
    "TimedOut",
    "TlsFailed",
    "TransportError",
    "UnexpectedAnswer",
    "UsageError",
    "bare",
    "plain",
    "plain_lines",
]


class EntraOAuthError(Exception):
    """An error that says what happened (`what`) and what to do about it (`advice`)."""

    exit_code = 1

    def __init__(self, what: str, *, advice: str) -> None:
        super().__init__(what, advice)
        self.what = what
        self.advice = advice

    def __str__(self) -> str:
        return f"{self.what} {self.advice}"

    def __reduce__(self) -> tuple[object, ...]:
        # The usual way calls the class with `args` alone, which lack `advice` by
        # name: the error of a worker process would never reach its parent.
        return _again, (type(self), self.args), self.__dict__


def bare(error: E) -> E:
    """The error without the frames that it went through: values in them may be secrets.

    There are tools that print the values of every frame that an error leaves behind.
    """
    error.__context__ = None
    return error.with_traceback(None)


def _again(kind: type[EntraOAuthError], args: tuple[object, ...]) -> EntraOAuthError:
    return kind.__new__(kind, *args)


class ApiRefused(EntraOAuthError):
    """An API that a token was sent to answered HTTP 400 or above.

    `claims` is a claims challenge, JSON to be passed to the next sign-in as it is.
    """

    def __init__(
        self, what: str, *, advice: str, http_status: int | None = None, claims: str | None = None
    ) -> None:
        super().__init__(what, advice=advice)
        self.http_status = http_status
        self.claims = claims


class UsageError(EntraOAuthError):
    """A value that must not be sent, or options that do not fit together."""

    exit_code = 2


class ProofMissing(UsageError):
    """An app has nothing to prove itself with: no secret, certificate or federated token."""


class AuthorityError(EntraOAuthError):
    """The authority answered with an OAuth error (RFC 6749 §4.1.2.1 and §5.2).

    Entra adds numbers, a sub-error, a claims challenge and three values that its
    support asks for. All of them are kept, as far as they were sent. `stage` is
    where it was said: `authorize`, `token` or `devicecode`. `claims` is a JSON text
    to be passed to the next request as it is. `meaning`, `cause` and `helps` come from
    the catalogue of Entra's codes; `helps` holds those of `retry`, `person` (a sign-in
    in the browser) and `administrator` that can make it good.
    """

    exit_code = 3

    def __init__(
        self,
        what: str,
        *,
        advice: str,
        stage: str,
        error: str,
        description: str = "",
        error_codes: Sequence[int] = (),
        suberror: str | None = None,
        claims: str | None = None,
        trace_id: str | None = None,
        correlation_id: str | None = None,
        timestamp: str | None = None,
        error_uri: str | None = None,
        http_status: int | None = None,
        retry_after_s: float | None = None,
        meaning: str | None = None,
        cause: str | None = None,
        helps: Sequence[str] = (),
    ) -> None:
        super().__init__(what, advice=advice)
        self.stage = stage
        self.error = error
        self.description = description
        self.error_codes = tuple(error_codes)
        self.suberror = suberror
        self.claims = claims
        self.trace_id = trace_id
        self.correlation_id = correlation_id
        self.timestamp = timestamp
        self.error_uri = error_uri
        self.http_status = http_status
        self.retry_after_s = retry_after_s
        self.meaning = meaning
        self.cause = cause
        self.helps = tuple(helps)


class SignInRequired(EntraOAuthError):
    """Nothing on this machine can give a token: a person must sign in."""

    exit_code = 4
    was_refused = False
    """True where the authority was asked, and said no."""


class SecurityError(EntraOAuthError):
    """A check that protects the person failed; nothing was used or kept."""

    exit_code = 5


class CallbackRefused(SecurityError):
    """A redirect that cannot be the answer to our request. Waiting goes on."""


class StateMismatch(CallbackRefused):
    """A redirect whose `state` is missing, doubled or not ours (RFC 6749 §10.12)."""


class IdTokenRefused(SecurityError):
    """An ID token that does not say what it must (OpenID Connect Core §3.1.3.7)."""


class DestinationRefused(SecurityError):
    """A secret was about to be sent to a place where it must not go."""


class TransportError(EntraOAuthError):
    """No OAuth answer was had from the authority.

    `was_sent` tells whether any of the request may have gone out.
    """

    exit_code = 6

    def __init__(self, what: str, *, advice: str, was_sent: bool = False) -> None:
        super().__init__(what, advice=advice)
        self.was_sent = was_sent


class ConnectFailed(TransportError):
    """No connection: nothing was sent, so trying again is safe."""


class ProxyRefused(ConnectFailed):
    """The proxy, as it is named, cannot be used: trying again would not help."""


class ServiceAbsent(ConnectFailed):
    """Nothing is at the address of a managed identity's service: this is no such machine."""


class TlsFailed(TransportError):
    """The certificate or the handshake: nothing was sent."""


class DeadlineExceeded(TransportError):
    """The authority took longer than it may."""


class ExchangeBroken(TransportError):
    """The connection ended while a request was under way."""


class UnexpectedAnswer(TransportError):
    """An answer that is not OAuth: a proxy's page, a redirect, broken JSON."""


class TimedOut(EntraOAuthError):
    """The person did not finish in time."""

    exit_code = 7


class LocalError(EntraOAuthError):
    """Something on this machine is in the way: a port, a file, a browser."""

    exit_code = 8


class PortBusy(LocalError):
    """Another program owns the port of the redirect URI."""


class StoreSilent(LocalError):
    """The system's password store did not answer: it may be locked, and nobody sees its prompt."""


_NAMED = {0x09: "<TAB>", 0x0A: "<LF>", 0x0D: "<CR>", 0x1B: "<ESC>", 0x7F: "<DEL>"}
# Python calls these unprintable, like every control and format character; they
# are ordinary typography (Japanese and French descriptions hold some).
_SPACES = frozenset("\u00a0\u1680\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B))))


def plain(text: str, *, limit: int = 2000) -> str:
    """Text from outside, safe for a terminal: control and bidi characters by name.

    So is whatever else is there without being seen, or reorders what is (Unicode
    categories Cc, Cf, Cs, Co, Cn, Zl, Zp): a description could otherwise show a
    person something else. `limit` is the number of characters kept; a longer text
    ends in `…`.
    """
    shown = [c if c.isprintable() or c in _SPACES else _name(c) for c in text[:limit]]
    return "".join(shown) + ("…" if len(text) > limit else "")


def plain_lines(text: str) -> str:
    """The same of whole lines: their ends and tabs stay, and so does all of the text."""
    if text.isprintable():
        return text
    return "".join(c if c in "\n\t" or c.isprintable() or c in _SPACES else _name(c) for c in text)


def _name(character: str) -> str:
    return _NAMED.get(ord(character)) or f"<U+{ord(character):04X}>"
