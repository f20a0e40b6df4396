"""The place of a chapter: a practice tenant on this machine, and what was found out so far."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from entra_oauth.channels.https.back_channel import RequestsBack
from entra_oauth.child_program import answer_of
from entra_oauth.errors import LocalError, UsageError, plain
from entra_oauth.lessons.masking import Masks
from entra_oauth.practice import PracticeBrowser, PracticeTenant, http_send, serve
from entra_oauth.protocol.messages import (
    FORM,
    Fields,
    HttpRequest,
    HttpResponse,
    encode_form,
    is_loopback,
    parse_form,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

    from entra_oauth.channels.exchange import Exchange
    from entra_oauth.practice.browser.user_agent import BrowserPage

__all__ = ["CLIENT", "DATABRICKS", "SCOPE", "TENANT", "Classroom", "members"]

TENANT = "a1bc2d34-5e67-8f89-01ab-c2345d6c78de"
CLIENT = "12a34b56-789c-0d12-e3fa-b456789c0123"
"""The article's example values; the practice tenant knows them."""

DATABRICKS = "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d"
SCOPE = f"{DATABRICKS}/.default"
_TIMEOUT_S = 20.0
_BY_CHANCE = random.SystemRandom().shuffle


class Classroom:
    """One chapter's tenant, served on loopback in a `with` block.

    `values` holds what the learner has made so far, by name. `curl` is the path of curl;
    None: there is none, or `--no-curl` was given. `shuffle` puts the options of a question into
    the order of this run.
    """

    def __init__(
        self, *, curl: str | None = None, shuffle: Callable[[list[int]], None] = _BY_CHANCE
    ) -> None:
        self.tenant = PracticeTenant()
        self.values: dict[str, str] = {}
        self.parts: dict[str, Any] = {}
        """The other things that a chapter needs later: answers, a listener that waits."""
        self.curl = curl
        self.masks = Masks()
        self.at_program: list[tuple[int, HttpRequest, HttpResponse | None]] = []
        """What a browser brought to the program, with the number of messages in the tenant's log
        by then, and the answer; None where nobody listened."""
        self.carried: list[Exchange] = []
        """What passed through the tenant's port, with the bytes of both directions."""
        self.open = ExitStack()
        """All that is to be closed with the classroom."""
        self.base_url = ""
        self._back: RequestsBack | None = None
        self._shuffle = shuffle
        self._orders: dict[tuple[str, ...], tuple[int, ...]] = {}

    @classmethod
    def with_curl(cls, *, wanted: bool = True) -> Classroom:
        """A classroom with the curl of this machine, if there is one and it is wanted."""
        return cls(curl=shutil.which("curl") if wanted else None)

    def __enter__(self) -> Self:
        hosted = serve(self.tenant, tls=False, witness=self.carried.append)
        self.base_url = self.open.enter_context(hosted).base_url
        return self

    def __exit__(self, *exc: object) -> None:
        self.open.close()

    def order_of(self, options: tuple[str, ...]) -> tuple[int, ...]:
        """The order in which these options are shown in this classroom, each by its place."""
        if options not in self._orders:
            places = list(range(len(options)))
            self._shuffle(places)
            self._orders[options] = tuple(places)
        return self._orders[options]

    # ---- addresses ------------------------------------------------------------------------

    @property
    def authorize_endpoint(self) -> str:
        return f"{self.base_url}/{TENANT}/oauth2/v2.0/authorize"

    @property
    def token_endpoint(self) -> str:
        return f"{self.base_url}/{TENANT}/oauth2/v2.0/token"

    def authorize_url(self, fields: Fields) -> str:
        """The authorize URL with these parameters."""
        query = "&".join(f"{name}={quote(value, safe='')}" for name, value in fields)
        return f"{self.authorize_endpoint}?{query}"

    # ---- messages -------------------------------------------------------------------------

    def browse(self, url: str, user: str = "alice") -> BrowserPage:
        """Open an address as `user` would, and sign in and consent where that is asked.

        Where nobody answers, the page's status is 502 and its address that of the address bar.
        """
        person = self.tenant.person(user)

        def send(request: HttpRequest) -> HttpResponse:
            if urlsplit(request.url).netloc != urlsplit(self.base_url).netloc:
                self.at_program.append((len(self.tenant.log), request, None))
                return HttpResponse(status=502, reason="Nobody answers there")
            return self.tenant.handle(request)

        return PracticeBrowser(send, person.name, person.password).open(url)

    def get(self, url: str) -> HttpResponse:
        """GET an address of this machine; nothing is followed."""
        if not is_loopback(urlsplit(url).hostname or ""):
            raise UsageError(
                "That address is not on this machine.",
                advice="Lessons stay here: use the address that is shown.",
            )
        request = HttpRequest(method="GET", url=url)
        reply = http_send(request)
        self.at_program.append((len(self.tenant.log), request, reply))
        return reply

    def send(self, request: HttpRequest) -> HttpResponse:
        """Send a request of ours to the tenant, by the real back channel."""
        if self._back is None:
            # Nothing is encrypted on the way to this machine, so a key log is no matter.
            self._back = self.open.enter_context(RequestsBack(allow_keylog=True))
        return self._back.send(request, timeout_s=_TIMEOUT_S)

    def post(self, fields: Fields) -> HttpResponse:
        """A token request with these fields."""
        return self.send(
            HttpRequest(
                method="POST",
                url=self.token_endpoint,
                headers=(("Accept", "application/json"), ("Content-Type", FORM)),
                body=encode_form(fields).encode("ascii"),
            )
        )

    def call_api(self, *headers: tuple[str, str]) -> HttpResponse:
        """List the clusters of the toy workspace."""
        return self.send(
            HttpRequest(
                method="GET",
                url=f"{self.base_url}/api/2.0/clusters/list",
                headers=(("Accept", "application/json"), *headers),
            )
        )

    def sign_in(self, scope: str, user: str = "alice") -> dict[str, Any]:
        """Tokens for `user`, by the code flow, at one go."""
        fields = (
            ("client_id", CLIENT),
            ("response_type", "code"),
            ("redirect_uri", "http://localhost"),
            ("response_mode", "query"),
            ("scope", scope),
            ("state", "lesson"),
            ("nonce", "a-nonce-of-the-lesson"),
        )
        answer = dict(parse_form(urlsplit(self.browse(self.authorize_url(fields), user).url).query))
        reply = self.post(
            (
                ("client_id", CLIENT),
                ("scope", scope),
                ("code", answer.get("code", "")),
                ("redirect_uri", "http://localhost"),
                ("grant_type", "authorization_code"),
            )
        )
        return members(reply)

    # ---- curl -----------------------------------------------------------------------------

    def run_curl(self, arguments: list[str]) -> bytes:
        """Run the real curl, to this machine only. Raises `LocalError`."""
        if self.curl is None:
            raise LocalError("There is no curl.", advice="Install it, or use --no-curl.")
        try:
            done = answer_of(
                [self.curl, "--silent", "--show-error", "--noproxy", "*", *arguments],
                timeout_s=_TIMEOUT_S,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise LocalError(
                f"curl could not be run ({type(error).__name__}).", advice="Try --no-curl."
            ) from None
        if done.returncode != 0:
            raise LocalError(
                f"curl ended with {done.returncode}: "
                f"{plain(done.stderr.decode('utf-8', 'replace').strip(), limit=200)}.",
                advice="Try again, or use --no-curl.",
            )
        return done.stdout

    # ---- what is shown --------------------------------------------------------------------

    def form_lines(self, fields: Fields) -> str:
        """A form, one parameter on each line, secrets masked."""
        return "\n".join(f"     {name} = {self.masks.value(name, value)}" for name, value in fields)

    def answer_lines(self, reply: HttpResponse) -> str:
        """Status and members of an answer, secrets masked."""
        shown = [f"     HTTP {reply.status}"]
        for name, value in members(reply).items():
            text = value if isinstance(value, str) else json.dumps(value)
            if name in ("error_uri", "timestamp", "trace_id", "correlation_id"):
                continue
            if name in ("error_description", "message"):
                shown.append(f"     {name} = {plain(text.partition(' Trace ID')[0], limit=400)}")
                continue
            shown.append(f"     {name} = {self.masks.value(name, text)}")
        return "\n".join(shown)


def members(reply: HttpResponse) -> dict[str, Any]:
    """The members of a JSON answer; none where it is something else."""
    try:
        found = json.loads(reply.body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
