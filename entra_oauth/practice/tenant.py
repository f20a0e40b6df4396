"""The practice tenant as one value: a function from request to answer."""

from __future__ import annotations

from collections import deque
from contextlib import ExitStack
from enum import StrEnum
from threading import Lock
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from entra_oauth.channels.base import now
from entra_oauth.channels.loopback.host import HangUp
from entra_oauth.errors import DestinationRefused, TransportError, UsageError, plain
from entra_oauth.practice import routes
from entra_oauth.practice.directory.client_keys import ClientKeys
from entra_oauth.practice.directory.defaults import DEFAULT
from entra_oauth.practice.faults.active_faults import Faults
from entra_oauth.practice.http.call import read_call
from entra_oauth.practice.http.chance import Chance
from entra_oauth.practice.server.host_names import stands_in_for
from entra_oauth.practice.signing.key_ring import key_for
from entra_oauth.practice.state.context import Context
from entra_oauth.practice.state.issued import Issued
from entra_oauth.practice.state.limits import Limits
from entra_oauth.practice.state.own_sign_ins import OwnSignIns
from entra_oauth.practice.state.program_secrets import ProgramSecrets
from entra_oauth.practice.state.sign_in_log import SignInLog
from entra_oauth.protocol.messages import HttpResponse

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

    from entra_oauth.practice.browser.user_agent import BrowserPage
    from entra_oauth.practice.directory.client_keys import ClientCertificate
    from entra_oauth.practice.directory.model import Directory, RegisteredApp, User
    from entra_oauth.practice.server.hosts import Hosted
    from entra_oauth.protocol.messages import HttpRequest

__all__ = ["PracticeTenant", "Trailer"]

_LOG_SIZE = 2_000
_MOST_NAMED = 12
_NO_ANSWER = HttpResponse(status=444, reason="No answer")
"""Stands in the log where the connection was ended instead."""


class Trailer(StrEnum):
    """The separator of the parts of an `error_description` in JSON."""

    BLANK = " "
    """As in answers recorded in 2025 and 2026."""
    LINES = "\r\n"
    """As in Microsoft's documentation, and in answers up to 2023."""


class PracticeTenant:
    """An Entra-shaped authority for one process, offline.

    `handle` is the whole of it, and may be called from many threads. Give it to a
    `LoopbackHost`, or use the tenant in a `with` block to have it served over TLS::

        with PracticeTenant() as tenant:
            tenant.authority, tenant.ca

    `directory` says who exists. With `seed`, ids, codes, lives and the signing key
    come from a known sequence, and with a `clock` that stands still every byte is
    the same on each run; requests must then come one after another. `clock` gives
    seconds since 1970.

    What the tenant keeps and logs holds practice passwords and tokens; it stays in
    memory.
    """

    def __init__(
        self,
        *,
        directory: Directory | None = None,
        seed: int | None = None,
        clock: Callable[[], float] = now,
        trailer: Trailer = Trailer.BLANK,
    ) -> None:
        book = directory or DEFAULT
        self._clock = clock
        self._trailer = trailer
        self._ahead_s = 0.0
        self._log: deque[tuple[HttpRequest, HttpResponse]] = deque(maxlen=_LOG_SIZE)
        self._lock = Lock()
        self._hosted: Hosted | None = None
        self._azure: dict[str, str] = {}
        self._open = ExitStack()
        self.faults = Faults()
        """Rules by which the tenant misbehaves; none at first."""
        chance = Chance(seed)
        self._context = Context(
            directory=book,
            issued=Issued(frozenset((c.oid, c.client_id, c.resource_id) for c in book.consents)),
            keys=key_for(seed),
            client_keys=ClientKeys(seed),
            limits=Limits(),
            sign_ins=SignInLog(),
            secrets=ProgramSecrets(chance),
            own_sign_ins=OwnSignIns(),
            chance=chance,
            now=self.now,
        )

    @property
    def directory(self) -> Directory:
        return self._context.directory

    def handle(self, request: HttpRequest) -> HttpResponse:
        """Answer one request. Raises `HangUp` where a fault says that nobody answers."""
        try:
            response = self._answer(request)
        except HangUp:
            self._log.append((request, _NO_ANSWER))
            raise
        self._log.append((request, response))
        self._context.keys.warm()  # not before the first answer, which does not need it
        return response

    def _answer(self, request: HttpRequest) -> HttpResponse:
        try:
            call = read_call(
                request, chance=self._context.chance, now=self.now(), trailer=self._trailer
            )
        except ValueError:
            return HttpResponse(status=400, reason="Bad Request")
        answer = self.faults.answer(self._context, call, routes.answer)
        return answer if isinstance(answer, HttpResponse) else answer.render()

    def connect(self, host: str) -> int:
        """The status of the proxy's answer to a CONNECT: 200, if no fault shuts the way there.

        Raises `HangUp` where a fault says that nobody answers.
        """
        return self.faults.connect(self._context, host, self.now())

    @property
    def log(self) -> tuple[tuple[HttpRequest, HttpResponse], ...]:
        """The requests and answers so far, oldest first; the last two thousand."""
        return tuple(self._log)

    # ---- what happens to the tenant ------------------------------------------------

    def now(self) -> float:
        """Seconds since 1970, by the tenant's clock."""
        return self._clock() + self._ahead_s

    def advance(self, seconds: float) -> None:
        """Put the tenant's clock forward (or back): codes and tokens age at once."""
        with self._lock:
            self._ahead_s += seconds

    def throttle(self, *, after: int | None, retry_after_s: int = 60) -> None:
        """Answer 429 to every client after so many token requests; None ends that.

        A client that has waited `retry_after_s` seconds may ask as often again.
        """
        self._context.limits.throttle(after, retry_after_s)

    def revoke_sessions(self, user: str) -> None:
        """As an administrator does: the person's refresh tokens are dead (AADSTS50173)."""
        self._context.issued.revoke(self.person(user).oid, self.now())

    def challenge(self, user: str) -> None:
        """The APIs turn down the person's tokens until they are newer than this moment.

        They do so to clients that have said that they can handle it (`cp1`).
        """
        self._context.issued.challenge(self.person(user).oid, self.now())

    def person(self, name: str) -> User:
        """By sign-in name, or by what stands before its @. Raises `UsageError`."""
        name = name.strip().lower()
        for user in self.directory.users:
            if name in (user.name, user.name.partition("@")[0]):
                return user
        called = f"called {plain(name)[:60]}" if self.directory.users else "in it"
        raise UsageError(
            f"The practice directory has nobody {called}.", advice=self._who_is_there()
        )

    def _who_is_there(self) -> str:
        names = [plain(user.name)[:60] for user in self.directory.users]
        more = " …" if len(names) > _MOST_NAMED else ""
        named = ", ".join(names[:_MOST_NAMED]) + more
        return f"Name one who is there: {named}." if names else "Give the directory [[users]]."

    # ---- what an app holds ----------------------------------------------------------

    def certificate_of(self, client_id: str) -> ClientCertificate:
        """Certificate and private key that were made for an app. Raises `UsageError`."""
        return self._context.client_keys.own(self._app(client_id))

    def federated_token(self, client_id: str, *, life_s: int = 3600) -> str:
        """A token of the foreign issuer whom that app trusts first. Raises `UsageError`.

        It is what a build server, or another cloud, would hand to the app's program.
        """
        app = self._app(client_id)
        if not app.federated:
            raise UsageError(
                "That app trusts no other issuer.",
                advice="Give the app a federated credential in the practice directory.",
            )
        from entra_oauth.practice.token.signed_tokens import sign

        trusted = app.federated[0]
        start = int(self.now())
        key = self._context.keys.key()
        claims: dict[str, object] = {
            "iss": trusted.issuer,
            "sub": trusted.subject,
            "aud": trusted.audience,
            "jti": self._context.chance.guid(),
            "iat": start,
            "nbf": start,
            "exp": start + life_s,
        }
        return sign(key, {"typ": "JWT", "alg": "RS256", "kid": key.kid}, claims)

    def issuer_token(self, kind: str, *, audience: str | None = None, life_s: int = 0) -> str:
        """A token of the directory's issuer of that kind, such as `github`. Raises `UsageError`.

        Without an audience it has the issuer's usual one, and without `life_s` (seconds) the
        issuer's usual life.
        """
        from entra_oauth.practice.directory.workloads import IssuerKind
        from entra_oauth.practice.token.outside_tokens import outside_token

        for issuer in self.directory.issuers:
            if issuer.kind == kind:
                return outside_token(self._context, issuer, audience, life_s=life_s)
        can_be = kind in list(IssuerKind)
        raise UsageError(
            f"The practice directory has no issuer of the kind {plain(kind)[:60]}.",
            advice="Give it one as [[issuers]]."
            if can_be
            else f"Name one of {', '.join(IssuerKind)}.",
        )

    def _app(self, client_id: str) -> RegisteredApp:
        app = self.directory.app(client_id)
        if app is None:
            raise UsageError(
                "The practice directory has no app with that id.",
                advice="The tenant's start page shows which apps are there.",
            )
        return app

    # ---- served on this machine --------------------------------------------------

    def __enter__(self) -> Self:
        from entra_oauth.practice.server.hosts import serve

        hosted = serve(self, tls=True, proxy_port=0)
        self._open.enter_context(hosted)
        self._hosted = hosted
        return self

    def __exit__(self, *exc: object) -> None:
        self._hosted, self._azure = None, {}
        self._open.close()

    @property
    def _served(self) -> Hosted:
        if self._hosted is None:
            raise UsageError(
                "This practice tenant is not being served.",
                advice="Use it in a `with` block, or give its `handle` to a host.",
            )
        return self._hosted

    @property
    def base_url(self) -> str:
        """The address at which it is served, inside a `with` block."""
        return self._served.base_url

    @property
    def authority(self) -> str:
        """The URL of its first tenant, as clients want it, inside a `with` block."""
        return self._served.authority_url()

    @property
    def ca(self) -> str:
        """The file with the certificate that clients must trust, inside a `with` block."""
        return self._served.ca_file

    @property
    def _proxy_url(self) -> str:
        proxy = self._served.proxy
        return proxy.url if proxy is not None else ""

    def env(self) -> dict[str, str]:
        """Variables that lead an unmodified client here, inside a `with` block.

        The certificate for the usual TLS stacks; authority and workspace for clients of
        Azure and Databricks that read them; and for those that do not, a proxy that plays
        the real hosts and refuses all others. What Azure's own programs keep is in a folder of
        this block's, and not in `~/.azure`. Add them to a copy of `os.environ`.
        """
        from entra_oauth.practice.run.program import azure_settings

        ca, tenant_id, proxy = self.ca, self.directory.tenants[0].id, self._proxy_url
        with self._lock:
            self._azure = self._azure or self._open.enter_context(azure_settings())
        return {
            **self._azure,
            "HTTPS_PROXY": proxy,
            "https_proxy": proxy,
            "HTTP_PROXY": proxy,
            "http_proxy": proxy,
            "REQUESTS_CA_BUNDLE": ca,
            "SSL_CERT_FILE": ca,
            "CURL_CA_BUNDLE": ca,
            "NODE_EXTRA_CA_CERTS": ca,
            "NO_PROXY": "localhost,127.0.0.1,::1",
            "no_proxy": "localhost,127.0.0.1,::1",
            "AZURE_AUTHORITY_HOST": self.base_url,
            "AZURE_TENANT_ID": tenant_id,
            "ARM_TENANT_ID": tenant_id,
            "DATABRICKS_HOST": self.base_url,
        }

    def workload_env(self, workload: str) -> dict[str, str]:
        """Variables of a program that runs at `imds`, `app-service`, `github`, `azure-devops` or in
        `kubernetes`, inside a `with` block; to be added to `env()`.

        Raises `UsageError` for another place, or an issuer that the directory does not have.
        """
        hosted = self._served
        return self.variables_of(workload, hosted, authority_url=hosted.base_url)

    def variables_of(self, workload: str, hosted: Hosted, *, authority_url: str) -> dict[str, str]:
        """The same where the tenant is `hosted`, for clients that take `authority_url` for Entra's.

        Raises `UsageError`.
        """
        from entra_oauth.practice.workload.variables import Workload, workload_variables

        if workload not in list(Workload):
            raise UsageError(
                f"No program runs at {plain(workload)[:60]}.",
                advice=f"Name one of {', '.join(Workload)}.",
            )
        return workload_variables(
            self._context,
            Workload(workload),
            base_url=hosted.base_url,
            authority_url=authority_url,
            folder=hosted.folder,
        )

    def sign_in(self, url: str, user: str = "alice") -> BrowserPage:
        """Open `url` and sign `user` in, as a person with a browser would, inside a `with` block.

        `user` is a sign-in name, or what stands before its @. The result is where the
        browser ended up. An address at which nobody answers is such a place as well: its
        status is 502, and its `url` what the address bar would show.
        """
        return self._browse(url, user)

    def enter_code(self, user_code: str, user: str = "alice") -> BrowserPage:
        """Type a device's code on the tenant's page and sign `user` in, inside a `with` block."""
        return self._browse(f"{self.base_url}/devicelogin", user, user_code)

    def _browse(self, url: str, user: str, user_code: str = "") -> BrowserPage:
        from entra_oauth.practice.browser.transport import http_send
        from entra_oauth.practice.browser.user_agent import PracticeBrowser

        ca, here = self.ca, urlsplit(self.base_url).netloc
        person = self.person(user)

        def send(request: HttpRequest) -> HttpResponse:
            parts = urlsplit(request.url)
            if parts.netloc == here or stands_in_for(parts.hostname or ""):
                return self.handle(request)
            try:
                return http_send(request, ca_file=ca)
            except (TransportError, DestinationRefused):
                return HttpResponse(status=502, reason="Nobody answers there")

        browser = PracticeBrowser(send, person.name, person.password, user_code=user_code)
        return browser.open(url)
