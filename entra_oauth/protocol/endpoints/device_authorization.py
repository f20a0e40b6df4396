"""The device flow's first answer: a code for the person, another for us (RFC 8628 §3.1, §3.2)."""

from __future__ import annotations

from urllib.parse import urlsplit

from entra_oauth.errors import plain
from entra_oauth.light import TYPE_CHECKING, dataclass, field
from entra_oauth.protocol.endpoints.json_response import JsonAnswer, RequestFacts
from entra_oauth.protocol.messages import FORM, USER_AGENT, HttpRequest, encode_form, is_loopback

if TYPE_CHECKING:
    from entra_oauth.protocol.endpoints.access_request import AccessRequest
    from entra_oauth.protocol.messages import HttpResponse

__all__ = ["DEFAULT_INTERVAL_S", "DeviceRequest", "DeviceResponse"]

DEFAULT_INTERVAL_S = 5
"""RFC 8628 §3.2: "If no value is provided, clients MUST use 5 as the default."."""

_LONGEST_LIFE_S = 24 * 3600


@dataclass(frozen=True, slots=True)
class DeviceRequest:
    """The request that begins a device sign-in."""

    access_request: AccessRequest

    @property
    def facts(self) -> RequestFacts:
        """The facts that the answer is read against."""
        return RequestFacts(authority=self.access_request.authority, stage="devicecode")

    def to_http(self) -> HttpRequest:
        """The message."""
        fields = [
            ("client_id", self.access_request.client_id),
            ("scope", self.access_request.scope),
        ]
        if self.access_request.claims is not None:
            fields.append(("claims", self.access_request.claims))
        correlation = self.access_request.correlation_id
        return HttpRequest(
            method="POST",
            url=self.access_request.authority.device_authorization_endpoint,
            headers=(
                ("User-Agent", USER_AGENT),
                ("Accept", "application/json"),
                ("Content-Type", FORM),
                *((("client-request-id", correlation),) if correlation else ()),
            ),
            body=encode_form(tuple(fields)).encode("ascii"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceResponse:
    """Instructions for the person, and the terms on which the program may poll."""

    device_code: str = field(repr=False)
    user_code: str
    verification_uri: str
    message: str
    """Words for the person, safe to print."""
    interval_s: int
    """Seconds between two questions, at least."""
    expires_in: int
    """Seconds until both codes are dead."""

    @classmethod
    def read(
        cls, reply: HttpResponse, *, answering: DeviceRequest, received_at: float
    ) -> DeviceResponse:
        """Read an answer against the request it answers.

        Raises `AuthorityError`, and `UnexpectedAnswer` for anything that is not the
        answer of RFC 8628 §3.2, a page that is not https included.
        """
        answer = JsonAnswer.read(reply, answering.facts, received_at=received_at)
        uri = answer.required("verification_uri")
        user_code = answer.required("user_code")
        expires_in = answer.seconds("expires_in")
        if not _can_be_opened(uri):
            raise answer.unexpected("its verification_uri is not an https address")
        if expires_in is None:
            raise answer.unexpected("it has no expires_in")
        return cls(
            device_code=answer.required("device_code"),
            user_code=user_code,
            verification_uri=uri,
            message=_message(answer.members.get("message"), uri, user_code),
            interval_s=_interval(answer),
            expires_in=min(expires_in, _LONGEST_LIFE_S),
        )


def _interval(answer: JsonAnswer) -> int:
    if answer.members.get("interval") == 0:  # as fast as you like; but a second is fast enough
        return 1
    return answer.seconds("interval") or DEFAULT_INTERVAL_S


def _can_be_opened(uri: str) -> bool:
    try:
        parts = urlsplit(uri)
    except ValueError:
        return False
    host = parts.hostname or ""
    return bool(host) and (
        parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))
    )


def _message(said: object, uri: str, user_code: str) -> str:
    """The authority's own words, if they name page and code; Entra sends them translated."""
    if isinstance(said, str) and uri in said and user_code in said:
        return plain(" ".join(said.split()), limit=600)
    return f"To sign in, open {uri} in a browser and enter the code {user_code}."
