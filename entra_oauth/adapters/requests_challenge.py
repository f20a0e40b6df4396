"""For requests: the answer to a claims challenge, as a hook of one request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from entra_oauth.adapters.bearer_header import origin

if TYPE_CHECKING:
    from requests import PreparedRequest, Response

    from entra_oauth.adapters.bearer_header import BearerHeader

__all__ = ["ClaimsAnswer"]


class ClaimsAnswer:
    """Called with each answer to a request that had this header, and to where it redirects.

    A 401 with a claims challenge is answered once, by a renewal, as azure-core's policy does:
    only to the origin that was asked, only to a request that still has the header, and only
    with a body that can be sent again. Whatever comes of that is the answer.
    """

    def __init__(self, header: BearerHeader, request: PreparedRequest, value: str) -> None:
        self._header = header
        self._value = value
        self._origin = origin(request.url or "")

    def __call__(self, response: Response, **options: Any) -> Response:
        request = response.request
        if (
            response.status_code != 401
            # Once it was answered the header is another, and on the way to another host
            # requests takes it off.
            or request.headers.get("Authorization") != self._value
            or origin(request.url or "") != self._origin
        ):
            return response
        challenge = response.headers.get("WWW-Authenticate", "")
        try:
            better = self._header.better_value(challenge, self._value)
        except BaseException:
            response.close()
            raise
        if better is None or not _rewind(request):
            return response
        # Read to its end, so that the connection can be used again.
        _body: bytes = response.content
        response.close()
        # In its place, so that a redirect that follows has it too.
        request.headers["Authorization"] = better
        again: Response = response.connection.send(request, **options)
        again.history.append(response)
        return again


def _rewind(request: PreparedRequest) -> bool:
    """Put a file back to where it was; False for a body that is used up."""
    if request.body is None or isinstance(request.body, str | bytes):
        return True
    from requests.exceptions import UnrewindableBodyError
    from requests.utils import rewind_body

    try:
        rewind_body(request)
    except UnrewindableBodyError:
        return False
    return True
