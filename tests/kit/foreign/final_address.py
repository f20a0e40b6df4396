"""The browser part of the article's procedure: sign in, and copy the address it ends on."""

from __future__ import annotations

from collections.abc import Callable

from entra_oauth.practice import PracticeBrowser, http_send
from entra_oauth.protocol.messages import HttpRequest, HttpResponse

__all__ = ["final_address"]


def final_address(url: str, redirect_uri: str, *, user: str, ca_file: str | None = None) -> str:
    """Sign `user` in at `url`; nothing listens at `redirect_uri`, and the address stays."""

    def is_the_end(request: HttpRequest) -> bool:
        return request.url.startswith((f"{redirect_uri}?", f"{redirect_uri}/?"))

    page = PracticeBrowser(_until(is_the_end, ca_file), user, "practice").open(url)
    assert page.url.startswith(redirect_uri), page
    return page.url


def _until(
    is_the_end: Callable[[HttpRequest], bool], ca_file: str | None
) -> Callable[[HttpRequest], HttpResponse]:
    def send(request: HttpRequest) -> HttpResponse:
        if is_the_end(request):
            return HttpResponse(status=502, body=b"This site cannot be reached")
        return http_send(request, ca_file=ca_file)

    return send
