"""The story of each message: who speaks to whom, what for, why so, and the section that says so.

The demo, the live explanation, the report and the diagrams all tell these. The rows are in
`message_stories.json` beside this file, by kind of message. Where a message carries a parameter
that is named under `with`, the members there take the place of the general ones.
"""

from __future__ import annotations

import json
import pkgutil
from enum import StrEnum
from functools import cache

from entra_oauth.light import TYPE_CHECKING, dataclass
from entra_oauth.protocol.glossary.message_kind import MessageKind

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from typing import Any

__all__ = ["Actor", "MessageStory", "Prediction", "story_of"]


class Actor(StrEnum):
    """Whoever sends or gets a message."""

    BROWSER = "Browser"
    PROGRAM = "Program"
    AUTHORITY = "Authority"
    API = "API"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """A question to be asked before a message is shown.

    `accepts` holds words, any of which will do.
    """

    asks: str
    accepts: tuple[str, ...]
    answer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageStory:
    """All that is said of one message as a whole."""

    title: str
    sender: Actor
    receiver: Actor
    way: str
    """Sender and receiver as one says it at the time, from the program's side."""
    purpose: str
    lesson: str
    """The reason why it is done so: for whoever learns."""
    source: str = ""
    prediction: Prediction | None = None


@cache
def _rows() -> Mapping[str, dict[str, Any]]:
    text = pkgutil.get_data("entra_oauth.protocol.glossary", "message_stories.json")
    return dict(json.loads(text or b"{}"))


def story_of(kind: MessageKind, parameters: Collection[str] = ()) -> MessageStory:
    """The story of a message that carries parameters of these names."""
    row = dict(_rows().get(kind) or _rows()[MessageKind.OTHER])
    # A message without PKCE must not be told with it: the article's flow has none.
    for name, texts in row.pop("with", {}).items():
        row |= texts if name in parameters else {}
    asked = row.pop("prediction", None)
    return MessageStory(
        sender=Actor(row.pop("sender")),
        receiver=Actor(row.pop("receiver")),
        prediction=asked and Prediction(**asked | {"accepts": tuple(asked["accepts"])}),
        **row,
    )
