"""Chapter 8: the token is used, and where it must not go."""

from __future__ import annotations

import json
import re
from difflib import SequenceMatcher
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from entra_oauth.errors import DestinationRefused, plain
from entra_oauth.lessons.learn.chapter_words import chapter_from
from entra_oauth.lessons.learn.classroom import SCOPE
from entra_oauth.lessons.learn.steps import Feedback, right, wrong
from entra_oauth.protocol.authority import Authority
from entra_oauth.protocol.resource.destination import check_destination

if TYPE_CHECKING:
    from entra_oauth.lessons.learn.classroom import Classroom
    from entra_oauth.protocol.messages import HttpResponse

__all__ = ["CHAPTER"]

_RESOURCE_ID = (
    "/subscriptions/00000000-0000-4000-8000-000000000001/resourceGroups/lesson/providers/"
    "Microsoft.Databricks/workspaces/lesson"
)
_REAL = (".azuredatabricks.net", ".databricks.azure.us", ".databricks.azure.cn", ".databricks.com")
"""The ends of Databricks' hosts, in all clouds."""
_LETTERS = str.maketrans("01345", "oieas")
_A_TENANT = "a1bc2d34-5e67-8f89-01ab-c2345d6c78de"


def _begin(classroom: Classroom) -> None:
    classroom.values["token"] = classroom.sign_in(SCOPE)["access_token"]


def _header(typed: str, classroom: Classroom) -> Feedback:
    name, colon, value = typed.partition(":")
    value = value.strip()
    if not colon:
        return wrong("A header is a name, a colon, and a value.")
    if name.strip().lower() != "authorization":
        return wrong("The header's name is Authorization (RFC 6750 section 2.1).")
    scheme, _, token = value.partition(" ")
    if value == "TOKEN":
        return wrong("Before the token stands its kind, as token_type in the answer: Bearer.")
    if scheme.lower() == "basic":
        return wrong("Basic is for a user name and a password. This is a Bearer token.")
    if scheme.lower() != "bearer" or token.strip() != "TOKEN":
        return wrong("The value is: Bearer, one blank, then TOKEN. No quotes, nothing else.")
    reply = classroom.call_api(("Authorization", f"Bearer {classroom.values['token']}"))
    return right(f"It was sent with your token, and the workspace answered:\n\n{_shown(reply)}")


def _shown(reply: HttpResponse) -> str:
    lines = [f"    HTTP {reply.status}"]
    try:
        clusters = json.loads(reply.body).get("clusters", [])
        lines += [f"    {each['cluster_name']:<12} {each['state']}" for each in clusters]
    except (ValueError, AttributeError):
        page = re.sub(r"<head>.*?</head>|<[^>]*>", " ", reply.body.decode("utf-8", "replace"))
        lines.append(f"     {plain(' '.join(page.split()), limit=200)}")
    return "\n".join(lines)


def _wrong_audience(classroom: Classroom) -> str:
    graph = classroom.sign_in("https://graph.microsoft.com/.default")["access_token"]
    reply = classroom.call_api(("Authorization", f"Bearer {graph}"))
    return (
        "Now the same call with another token of Alice's: a genuine, fresh one, but made for "
        f"Microsoft Graph.\n\n{_shown(reply)}\n\nWhy?"
    )


def _grace(classroom: Classroom) -> str:
    token = classroom.sign_in(SCOPE, "grace")["access_token"]
    bearer = ("Authorization", f"Bearer {token}")
    without = classroom.call_api(bearer)
    named = classroom.call_api(bearer, ("X-Databricks-Azure-Workspace-Resource-Id", _RESOURCE_ID))
    return (
        "Grace has signed in too. Her token is for Databricks, and still:\n\n"
        f"{_shown(without)}\n\n"
        "She is not a member of this workspace. A token says who you are; whether you may is the "
        "API's own decision. But she has a role on the workspace's Azure resource (Contributor or "
        "Owner). With one more header, X-Databricks-Azure-Workspace-Resource-Id, which names that "
        f"resource:\n\n{_shown(named)}\n\n"
        "AS ENTRA: Databricks documents this header. UNKNOWN: the exact text of the refusal. "
        "The article has this header for Contributors and Owners."
    )


def _host(typed: str, classroom: Classroom) -> Feedback:
    text = typed if "://" in typed else f"https://{typed}"
    try:
        host = (urlsplit(text).hostname or "").rstrip(".")
    except ValueError:
        return wrong("That cannot be read as a host name.")
    if host.endswith(_REAL):
        return wrong(
            "That is a real Databricks host; nobody else can have it, whatever stands around it. "
            "Make one that only looks like it."
        )
    if not _looks_like_databricks(text):
        return wrong(
            "It is refused, but it does not look like Databricks; nobody would fall for it."
        )
    try:
        check_destination(text, scopes=(SCOPE,), authority=Authority.of(_A_TENANT))
    except DestinationRefused as error:
        return right(f"It is refused by this project's own check of destinations: {error.what}")
    return wrong("That host may have a token. Make one that only looks like Databricks.")


def _looks_like_databricks(text: str) -> bool:
    """True where a hurried person could take it for Databricks: digits for letters, one off."""
    words = re.split(r"[^\w]+", text.lower().translate(_LETTERS))
    meant = ("databricks", "azuredatabricks")
    return any(m in w or SequenceMatcher(None, w, m).ratio() > 0.75 for w in words for m in meant)


CHAPTER = chapter_from(
    "chapter_08_api_call",
    checks={"header": _header, "host": _host},
    parts={"wrong_audience": _wrong_audience, "grace": _grace},
    prepare=_begin,
)
