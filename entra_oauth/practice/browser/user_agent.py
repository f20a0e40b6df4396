"""A browser without a screen: it follows redirects and fills in the tenant's forms.

The demo and the tests sign in with it. It reads pages as a browser would, with an
HTML parser, and knows nothing of how the tenant makes them, but for one name (`VISIT`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urljoin, urlsplit

from entra_oauth.errors import DestinationRefused, TransportError, UnexpectedAnswer
from entra_oauth.protocol.messages import FORM, HttpRequest, HttpResponse

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["VISIT", "BrowserPage", "PracticeBrowser"]

_REDIRECTS = (301, 302, 303, 307, 308)
_MOST_STEPS = 20
VISIT = "visit"
"""The name of a frame in which a fault sends the browser on. Frames of other pages stay shut."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BrowserPage:
    """The page on which the browser ended up."""

    status: int
    url: str = field(repr=False)
    """As in the address bar, fragment included."""
    text: str = field(repr=False)
    """The page's source."""


@dataclass(slots=True)
class _Form:
    action: str
    method: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    typed: list[str] = field(default_factory=list)
    """Names of the fields that a person fills in."""
    buttons: list[tuple[str, str, str]] = field(default_factory=list)
    """Name, value and words of each submit button."""


class PracticeBrowser:
    """Signs `user` in with `password` on whatever page asks for it.

    `send` carries one request and returns its answer; it follows nothing. With
    `consents=False` the consent page is declined, with `cancels=True` the sign-in
    page is left by its cancel button; with `approves=False` the second step is denied
    once and then left. `user_code` is typed where a device's code is asked for.

    Cookies are kept by origin, which is stricter than a real browser: it ignores the
    port.
    """

    def __init__(
        self,
        send: Callable[[HttpRequest], HttpResponse],
        user: str,
        password: str,
        *,
        consents: bool = True,
        cancels: bool = False,
        approves: bool = True,
        user_code: str = "",
    ) -> None:
        self._send = send
        self.user = user
        self._password = password
        self._consents = consents
        self._cancels = cancels
        self._approves = approves
        self._denied = False
        self._user_code = user_code
        self._cookies: dict[str, dict[str, str]] = {}

    def open(self, url: str) -> BrowserPage:
        """Go to `url` and on, until a page asks for nothing more.

        A page that asks for the same thing twice is returned as it is. A page with frames
        called `VISIT` leads on to them, and the last one is where it ends. Raises what `send`
        raises, and `UnexpectedAnswer` if the way has no end.
        """
        self._denied = False
        page = self._walk(HttpRequest(method="GET", url=url))
        outside = page
        for frame in _read(page.text).frames if page.status == 200 else ():
            form = _first_form(frame.text)
            if form is not None:
                page = self._look_into(self._submit(form, outside.url))
            else:
                url = urljoin(outside.url, frame.source)
                page = self._look_into(HttpRequest(method="GET", url=url))
        return page

    def _look_into(self, request: HttpRequest) -> BrowserPage:
        """The page in a frame; it is no failure of the page around it that nobody answers there."""
        try:
            return self._walk(request)
        except (TransportError, DestinationRefused):
            return BrowserPage(status=502, url=request.url, text="")

    def _walk(self, request: HttpRequest) -> BrowserPage:
        typed: set[str] = set()
        for _ in range(_MOST_STEPS):
            response = self._exchange(request)
            location = response.header("Location")
            if response.status in _REDIRECTS and location is not None:
                request = _redirected(request, response.status, location)
                continue
            page = BrowserPage(
                status=response.status,
                url=request.url,
                text=response.body.decode("utf-8", errors="replace"),
            )
            form = _first_form(page.text) if response.status == 200 else None
            if form is None or typed.intersection(form.typed):
                return page
            typed.update(form.typed)
            request = self._submit(form, page.url)
        raise UnexpectedAnswer(
            "The sign-in pages led nowhere.", advice="Open the address in a real browser."
        )

    def _exchange(self, request: HttpRequest) -> HttpResponse:
        origin = _origin(request.url)
        jar = self._cookies.setdefault(origin, {})
        cookie = "; ".join(f"{name}={value}" for name, value in jar.items())
        sent = HttpRequest(
            method=request.method,
            url=request.url.partition("#")[0],
            headers=(*request.headers, *((("Cookie", cookie),) if cookie else ())),
            body=request.body,
        )
        response = self._send(sent)
        for name, value in response.headers:
            if name.lower() == "set-cookie":
                _keep_cookie(jar, value)
        return response

    def _submit(self, form: _Form, page_url: str) -> HttpRequest:
        answers = {"login": self.user, "passwd": self._password, "otc": self._user_code}
        fields = [*form.fields, *((name, answers.get(name, "")) for name in form.typed)]
        button = self._choose(form)
        if button is not None and button[0]:
            fields.append(button[:2])
        action = urljoin(page_url, form.action)
        if form.method != "post":
            return HttpRequest(method="GET", url=f"{action.partition('?')[0]}?{urlencode(fields)}")
        # What Chromium says when a form goes from an https page to an http address.
        same = _origin(action) == _origin(page_url)
        return HttpRequest(
            method="POST",
            url=action,
            headers=(("Origin", _origin(page_url) if same else "null"), ("Content-Type", FORM)),
            body=urlencode(fields).encode("ascii"),
        )

    def _choose(self, form: _Form) -> tuple[str, str, str] | None:
        """The button that this person would press; the first one is a form's default."""
        named = {button[1]: button for button in form.buttons}
        if "passwd" in form.typed and self._cancels:
            return named.get("cancel")
        if "deny" in named and not self._approves:
            choice = named["cancel" if self._denied else "deny"]
            self._denied = True
            return choice
        if "decline" in named and not self._consents:
            return named["decline"]
        if "other" in named:
            mine = (b for b in form.buttons if self.user.lower() in b[2].lower())
            return next(mine, named["other"])
        return form.buttons[0] if form.buttons else None


@dataclass(frozen=True, slots=True)
class _Frame:
    source: str
    text: str
    """The page in it, if it stands in the page around it."""


class _Reader(HTMLParser):
    """Collects the forms and frames of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[_Form] = []
        self.frames: list[_Frame] = []
        self._inside = False
        self._words: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        have = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(_Form(have.get("action", ""), have.get("method", "get").lower()))
            self._inside = True
        elif tag == "iframe" and have.get("name") == VISIT:
            self.frames.append(_Frame(have.get("src", ""), have.get("srcdoc", "")))
        elif self._inside and tag == "input" and have.get("name"):
            if have.get("type") == "hidden":
                self.forms[-1].fields.append((have["name"], have.get("value", "")))
            else:
                self.forms[-1].typed.append(have["name"])
        elif self._inside and tag == "button":
            self.forms[-1].buttons.append((have.get("name", ""), have.get("value", ""), ""))
            self._words = []

    def handle_data(self, data: str) -> None:
        if self._words is not None:
            self._words.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False
        elif tag == "button" and self._words is not None:
            name, value, _ = self.forms[-1].buttons[-1]
            self.forms[-1].buttons[-1] = (name, value, " ".join(self._words))
            self._words = None


def _read(html: str) -> _Reader:
    parser = _Reader()
    parser.feed(html)
    parser.close()
    return parser


def _first_form(html: str) -> _Form | None:
    return next(iter(_read(html).forms), None)


def _redirected(request: HttpRequest, status: int, location: str) -> HttpRequest:
    url = urljoin(request.url, location)
    if status in (307, 308):
        return HttpRequest(
            method=request.method, url=url, headers=request.headers, body=request.body
        )
    return HttpRequest(method="GET", url=url)


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _keep_cookie(jar: dict[str, str], line: str) -> None:
    first, *rest = (piece.strip() for piece in line.split(";"))
    name, _, value = first.partition("=")
    if any(piece.lower() == "max-age=0" for piece in rest):
        jar.pop(name, None)
    else:
        jar[name] = value
