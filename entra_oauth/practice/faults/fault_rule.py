"""One rule of a fault: where it stands, when it counts, what it does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from entra_oauth.channels.base import sleep
from entra_oauth.errors import plain

__all__ = ["PLACES", "FaultRule", "Scene", "place_of"]
if TYPE_CHECKING:
    from collections.abc import Callable

    from entra_oauth.practice.http.call import Call
    from entra_oauth.practice.pages.reply_to_app import Answer
    from entra_oauth.practice.state.context import Context
    from entra_oauth.protocol.messages import Fields

    Endpoint = Callable[[Context, Call], Answer]


_MOST_SHOWN = 120
PLACES = (
    "discovery",
    "instance",
    "userrealm",
    "keys",
    "authorize",
    "page",
    "redirect",
    "token",
    "devicecode",
    "userinfo",
    "workspace",
    "graph",
    "management",
    "workload",
    "connect",
)
"""The places of rules; `any` is all that the tenant itself answers. `redirect` is the answer
that goes back to the app, by whichever page it came about. `connect` is the proxy's answer to
a client that asks for the way to a host."""


_ENDINGS = (
    ("/.well-known/openid-configuration", "discovery"),
    ("/discovery/instance", "instance"),
    ("/discovery/keys", "keys"),
    ("/discovery/v2.0/keys", "keys"),
    ("/oauth2/authorize", "authorize"),
    ("/oauth2/v2.0/authorize", "authorize"),
    ("/oauth2/token", "token"),
    ("/oauth2/v2.0/token", "token"),
    ("/devicecode", "devicecode"),
    ("/userinfo", "userinfo"),
)


_STARTS = (
    ("/api/", "workspace"),
    ("/aad/", "workspace"),
    ("/oidc/oauth2/", "workspace"),
    ("/oidc/v1/", "workspace"),
    ("/oidc/.well-known/", "workspace"),
    ("/.well-known/databricks-config", "workspace"),
    ("/metadata/identity/", "workload"),
    ("/msi/", "workload"),
    ("/arc/", "workload"),
    ("/github/", "workload"),
    ("/azure-devops/", "workload"),
    ("/v1.0/", "graph"),
    ("/beta/", "graph"),
    ("/tenants", "management"),
    ("/subscriptions", "management"),
    ("/providers/", "management"),
    ("/metadata/endpoints", "management"),
)


def place_of(path: str) -> str:
    """The place to which a path belongs."""
    for start, place in _STARTS:
        if path.startswith(start):
            return place
    if "/userrealm/" in path.lower():
        return "userrealm"
    return next((place for ending, place in _ENDINGS if path.endswith(ending)), "page")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One request that a rule applies to."""

    place: str
    context: Context
    call: Call
    go_on: Endpoint
    """The endpoint, or the next rule, that would have answered without this one."""
    fault: str = ""
    """The rule that is played, as people know it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultRule:
    """One fault. Without `instead` the tenant's own answer goes through the edits."""

    text: str
    """As it was written down."""
    name: str = ""
    """The scenario that it is part of."""
    where: tuple[str, ...]
    match: Fields = ()
    """Parameters that the request must have, with these values."""
    after: int = 0
    """So many matching requests pass before the first one it touches."""
    times: int | None = None
    """So many it touches; None: all."""
    probability: float = 1.0
    delay_s: float = 0.0
    before: tuple[Callable[[Scene], Scene], ...] = ()
    """Changes of the context or the request, for this one answer."""
    instead: Callable[[Scene], Answer] | None = None
    edits: tuple[Callable[[Scene, Answer], Answer], ...] = ()
    outermost: bool = False
    """True if it must see what the other rules made of the answer."""

    @property
    def lasts(self) -> bool:
        """True if it touches every request that it is about, until it is cleared."""
        return not self.after and self.times is None and self.probability >= 1

    @property
    def shown(self) -> str:
        """For people: the scenario's name, or the rule itself."""
        return self.name or plain(self.text)[:_MOST_SHOWN]

    def play(self, scene: Scene) -> Answer:
        """Answer as the rule says. Raises `HangUp` where it says that nobody answers."""
        if self.delay_s:
            sleep(self.delay_s)
        for change in self.before:
            scene = change(scene)
        answer = self.instead(scene) if self.instead else scene.go_on(scene.context, scene.call)
        for edit in self.edits:
            answer = edit(scene, answer)
        return answer

    def fits(self, place: str, sent: Fields) -> bool:
        """True if it is about a request at that place which had these parameters."""
        if place not in self.where and ("any" not in self.where or place == "connect"):
            return False
        return all(wanted in sent for wanted in self.match)
