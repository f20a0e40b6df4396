"""The names that a client and a browser give themselves in their requests.

Libraries of Microsoft's send their name and version with each request (`x-client-SKU`,
`x-client-Ver`); any other may stand in `User-Agent` (RFC 9110 §10.1.5). It is their own word.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from entra_oauth.errors import plain
from entra_oauth.protocol.glossary.message_stories import Actor
from entra_oauth.protocol.messages import FORM, parse_form
from entra_oauth.recording.compare.sameness import has_placeholder
from entra_oauth.recording.story import cast_of, step_story

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from entra_oauth.protocol.messages import HttpRequest
    from entra_oauth.recording.step import Step

__all__ = ["client_names"]

_MOST = 5
_LONGEST = 200


def client_names(steps: Sequence[Step]) -> dict[str, list[str]]:
    """The names in these steps, from which secrets were taken out: of library, program, browser."""
    found: dict[str, list[str]] = {}
    cast = cast_of(steps)
    for step in steps:
        request = step.http_request
        for name in _libraries(request):
            _add(found, "library", name)
        by_browser = step_story(step, cast).sender is Actor.BROWSER
        agent = request.header("user-agent") or ""
        _add(found, "browser_calls_itself" if by_browser else "program_calls_itself", agent)
    return found


def _libraries(request: HttpRequest) -> Iterator[str]:
    fields = [*request.headers, *parse_form(request.query)]
    if (request.header("content-type") or "").lower().startswith(FORM):
        fields += parse_form(request.body.decode("latin-1"))
    named = {name.lower(): value for name, value in fields}
    if sku := named.get("x-client-sku"):
        yield f"{sku} {named.get('x-client-ver', '')}".strip()


def _add(found: dict[str, list[str]], kind: str, name: str) -> None:
    names = found.get(kind, [])
    usable = name and not has_placeholder(name.encode("utf-8", "replace"))
    if usable and (shown := plain(name, limit=_LONGEST)) not in names and len(names) < _MOST:
        found[kind] = [*names, shown]
