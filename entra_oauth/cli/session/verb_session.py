"""The session of a command: the console, and all that goes around its channels."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from entra_oauth.channels.base import now

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from entra_oauth.channels.base import Channels, FrontChannel
    from entra_oauth.cli.session.console import Console
    from entra_oauth.lessons.live_explain import Explained
    from entra_oauth.recording import Recorder

__all__ = ["Session"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """The values that a verb gets beside its options."""

    verb: str
    """Its name."""
    console: Console
    environ: Mapping[str, str]
    recorder: Recorder | None = None
    """Writes down what passes, with `--record`."""
    explainer: Explained | None = None
    """Explains each message, with `--explain`, `--pause` or `--predict`."""
    now: Callable[[], float] = now
    """Seconds since 1970."""

    @property
    def is_watched(self) -> bool:
        """True if messages are recorded or explained."""
        return self.recorder is not None or self.explainer is not None

    def watched(self, channels: Channels) -> Channels:
        """The same channels, recorded and explained as was asked for.

        The explainer is the outer one: it speaks before a message is sent.
        """
        if self.recorder is not None:
            channels = self.recorder.wrap(channels)
        return channels if self.explainer is None else self.explainer.wrap(channels)

    def with_front(self, channels: Channels, front: FrontChannel) -> Channels:
        """Channels that are watched already, with this front, which is not yet."""
        channels = replace(channels, front=front)
        if self.recorder is not None:
            channels = replace(channels, front=self.recorder.wrap(channels).front)
        return channels if self.explainer is None else self.explainer.wrap_front(channels)
