"""Serving a practice tenant on this machine, over http or https."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from entra_oauth.channels.base import now
from entra_oauth.channels.loopback import LoopbackHost
from entra_oauth.practice.tls import LOGIN_HOSTS, Certificates
from entra_oauth.protocol.messages import HttpResponse, is_loopback

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from entra_oauth.practice.tenant import PracticeTenant
    from entra_oauth.protocol.messages import HttpRequest

__all__ = ["Hosted", "serve"]


def serve(tenant: PracticeTenant, *, port: int = 0, tls: bool = True) -> Hosted:
    """Serve `tenant` on loopback; use the result in a `with` block.

    `port=0` picks a free one. With `tls` the certificate is a throw-away one, whose
    authority is in `ca_file`. Raises `PortBusy` when entered.
    """
    return Hosted(tenant, port=port, tls=tls)


class Hosted:
    """A practice tenant that is being served."""

    def __init__(self, tenant: PracticeTenant, *, port: int, tls: bool) -> None:
        self._tenant = tenant
        self._wanted_port = port
        self._tls = tls
        self._open = ExitStack()
        self.port = port
        self.ca_file = ""
        """The certificate that clients must trust; empty for plain http."""

    @property
    def base_url(self) -> str:
        """Scheme, host and port, without a slash at the end."""
        return f"{'https' if self._tls else 'http'}://localhost:{self.port}"

    def authority_url(self, tenant: str | None = None) -> str:
        """What a client calls its authority; the first tenant, if none is named."""
        return f"{self.base_url}/{tenant or self._tenant.directory.tenants[0].id}"

    def __enter__(self) -> Self:
        with ExitStack() as opening:
            files = opening.enter_context(Certificates(now())) if self._tls else None
            host = LoopbackHost(
                self._handle,
                port=self._wanted_port,
                tls=files.context if files else None,
                keep_alive=True,
            )
            opening.enter_context(host)
            self.port = host.port
            self.ca_file = files.ca_file if files else ""
            self._open = opening.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._open.close()

    def _handle(self, request: HttpRequest) -> HttpResponse:
        # A page elsewhere may point its own name at this machine (DNS rebinding).
        host = urlsplit(request.url).hostname or ""
        if not is_loopback(host) and host not in LOGIN_HOSTS:
            return HttpResponse(status=421, reason="Misdirected Request")
        return self._tenant.handle(request)
