"""Serving a practice tenant on this machine, over http or https."""

from __future__ import annotations

import os
from contextlib import ExitStack
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from entra_oauth.channels.base import now
from entra_oauth.channels.exchange import Exchange
from entra_oauth.channels.loopback.host import LoopbackHost
from entra_oauth.practice.server.host_names import METADATA_HOST, stands_in_for
from entra_oauth.protocol.messages import HttpResponse, is_loopback, split_origin

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable
    from typing import Self

    from entra_oauth.practice.directory.model import Directory
    from entra_oauth.practice.server.proxy import Proxy
    from entra_oauth.protocol.messages import HttpRequest

__all__ = ["Hosted", "Servable", "serve"]


class Servable(Protocol):
    """All that serving knows of a `PracticeTenant`."""

    @property
    def directory(self) -> Directory:
        """The directory, whose first tenant is the authority's."""
        ...

    def handle(self, request: HttpRequest) -> HttpResponse:
        """Answer a request. Called from many threads; raises `HangUp`."""
        ...

    def connect(self, host: str) -> int:
        """The status for a client that wants to be connected with `host`; raises `HangUp`."""
        ...


def serve(
    tenant: Servable,
    *,
    port: int = 0,
    tls: bool = True,
    proxy_port: int | None = None,
    plays_metadata: bool = False,
    witness: Callable[[Exchange], None] | None = None,
) -> Hosted:
    """Serve `tenant` on loopback; use the result in a `with` block.

    `port=0` picks a free one. With `tls` the certificate is a throw-away one, whose
    authority is in `ca_file`. With a `proxy_port` (0: a free one) there is a proxy as
    well, behind which it plays the real hosts; with `plays_metadata` Azure's metadata service
    (IMDS) too. `witness` gets every exchange
    with either, in the thread of its connection. Raises `PortBusy` when entered.
    """
    return Hosted(
        tenant,
        port=port,
        tls=tls,
        proxy_port=proxy_port,
        plays_metadata=plays_metadata,
        witness=witness,
    )


@lru_cache(maxsize=64)
def _is_ours(origin: str) -> bool:
    host = urlsplit(origin).hostname or ""
    return is_loopback(host) or stands_in_for(host) or host == METADATA_HOST


class Hosted:
    """A practice tenant that is being served."""

    def __init__(
        self,
        tenant: Servable,
        *,
        port: int,
        tls: bool,
        proxy_port: int | None,
        plays_metadata: bool,
        witness: Callable[[Exchange], None] | None,
    ) -> None:
        self._tenant = tenant
        self._wanted_port = port
        self._tls = tls
        self._proxy_port = proxy_port
        self._plays_metadata = plays_metadata
        self._witness = witness
        self._certificate = b""
        self._open = ExitStack()
        self.port = port
        self.ca_file = ""
        """The certificate that clients must trust; empty where there is no TLS."""
        self.proxy: Proxy | None = None

    @property
    def base_url(self) -> str:
        """Scheme, host and port, without a slash at the end."""
        return f"{'https' if self._tls else 'http'}://localhost:{self.port}"

    @property
    def folder(self) -> str:
        """Where files for clients may lie as long as this is served: nobody else reads there."""
        return os.path.dirname(self.ca_file)

    def authority_url(self, tenant: str | None = None) -> str:
        """The authority as clients name it, of the first tenant if none is named."""
        return f"{self.base_url}/{tenant or self._tenant.directory.tenants[0].id}"

    def __enter__(self) -> Self:
        # What is open already is closed again if the next thing fails, such as a busy port.
        # Only when all is open does the outer stack take it over.
        with ExitStack() as opening:
            context = self._certify(opening) if self._tls or self._proxy_port is not None else None
            witness = self._report if self._witness else None
            host = LoopbackHost(
                self._handle,
                port=self._wanted_port,
                tls=context if self._tls else None,
                witness=witness,
                keep_alive=True,
            )
            self.port = opening.enter_context(host).port
            if context is not None and self._proxy_port is not None:
                from entra_oauth.practice.server.proxy import Proxy

                proxy = Proxy(
                    self._handle,
                    tls=context,
                    connect=self._tenant.connect,
                    port=self._proxy_port,
                    plays_metadata=self._plays_metadata,
                    witness=witness,
                )
                self.proxy = opening.enter_context(proxy)
            self._open = opening.pop_all()
        return self

    def _certify(self, opening: ExitStack) -> ssl.SSLContext:
        from entra_oauth.practice.server.tls import Certificates  # ssl is slow to import

        files = opening.enter_context(Certificates(now()))
        self.ca_file, self._certificate = files.ca_file, files.certificate
        return files.context

    def __exit__(self, *exc: object) -> None:
        self._open.close()

    def _report(self, exchange: Exchange) -> None:
        """Hand an exchange to the witness, with the certificate that was presented.

        Called by the thread of the connection; the witness must be safe between threads.
        """
        if self._witness is None:
            return
        if exchange.wire is not None and exchange.wire.tls_version:
            wire = replace(exchange.wire, certificates=(self._certificate,))
            exchange = replace(exchange, wire=wire)
        self._witness(exchange)

    def _handle(self, request: HttpRequest) -> HttpResponse:
        # A page elsewhere may point its own name at this machine (DNS rebinding): its script
        # would then read our answers as its own site's. Only names that we answer to get one.
        if not _is_ours(split_origin(request.url)[0]):
            return HttpResponse(status=421, reason="Misdirected Request")
        return self._tenant.handle(request)
