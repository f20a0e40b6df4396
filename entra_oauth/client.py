"""For programs: sign a person in with one call.

```python
from entra_oauth import PublicClient

client = PublicClient.of("TENANT", "CLIENT")
tokens = client.sign_in("databricks")
print(tokens.identity.username, tokens.expires_in)
```
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from entra_oauth.channels.base import Channels
from entra_oauth.flows.authorization_code import SignIn, sign_in
from entra_oauth.protocol.authority import Authority
from entra_oauth.protocol.authorize import NO_HINTS, Hints, Procedure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from entra_oauth.protocol.token import TokenResponse

__all__ = ["PublicClient", "local_channels"]


@contextmanager
def local_channels(*, ca_bundle: str | None = None) -> Iterator[Channels]:
    """A listener on this machine with its default browser, and `requests`.

    What the person must know is written to standard error.
    """
    from entra_oauth.channels.back import RequestsBack
    from entra_oauth.channels.browser import launch
    from entra_oauth.channels.front import Listener

    def say(line: str) -> None:
        if sys.stderr is not None:  # else print() would turn to standard output
            print(line, file=sys.stderr, flush=True)

    with RequestsBack(ca_bundle=ca_bundle, say=say) as back:
        yield Channels(front=Listener(launch=launch, say=say), back=back)


@dataclass(frozen=True, slots=True)
class PublicClient:
    """An app registration without a secret: a native app."""

    authority: Authority
    client_id: str

    @classmethod
    def of(cls, tenant: str, client_id: str, *, cloud: str = "public") -> PublicClient:
        """The client of a tenant in one of Entra's clouds."""
        return cls(Authority.of(tenant, cloud=cloud), client_id)

    def sign_in(
        self,
        *scopes: str,
        hints: Hints = NO_HINTS,
        timeout_s: float = 300.0,
        channels: Channels | None = None,
    ) -> TokenResponse:
        """Sign a person in with the hardened procedure, in the browser of this machine.

        `scopes` may use short names (`databricks`, `graph`, `arm`). `timeout_s` is
        what the person has. Raises an `EntraOAuthError`.
        """
        plan = SignIn(
            procedure=Procedure.HARDENED,
            authority=self.authority,
            client_id=self.client_id,
            scopes=scopes,
            hints=hints,
            timeout_s=timeout_s,
        )
        if channels is not None:
            return sign_in(plan, channels)
        with local_channels() as local:
            return sign_in(plan, local)
