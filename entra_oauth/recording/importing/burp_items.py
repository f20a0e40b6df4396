"""Burp's saved items: XML, in which each message is base64 of its bytes."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Iterator, Mapping
from contextlib import suppress

from entra_oauth.errors import UsageError, plain
from entra_oauth.protocol.messages import Wire, split_origin
from entra_oauth.recording.importing.containers.xml_nodes import XmlNode, nodes_of
from entra_oauth.recording.importing.entries import (
    Entry,
    ForeignFile,
    GivenFile,
    entry_of_bytes,
    refuse_many,
)

__all__ = ["START", "read_burp_items"]

START = re.compile(
    rb"\s*(?:<\?xml[^>]{0,200}>)?\s*<(?:!DOCTYPE\s+(?:items|issues)\b|(?:items|issues)\s+burpVersion)"
)
_KIND = "file of Burp's saved items"
_AGAIN = (
    "Save the items again from Burp's proxy history, with 'Base64-encode requests and responses' "
    "ticked."
)
_NO_TIME = "Burp's times are words with a zone of their own; they were not read."
_IN_TEXT = "Some messages are not in base64: their line ends are not those of the wire."


def read_burp_items(given: GivenFile) -> ForeignFile:
    """The exchanges of the items. Raises `UsageError`, which names line or item."""
    nodes = nodes_of(given.data, place=f"The {_KIND}", advice=_AGAIN)
    root = nodes[-1]
    if root.path != ("items",):
        raise UsageError(
            "This is a report of Burp's on issues, which holds no exchanges.",
            advice="Mark them in the proxy history, and choose 'Save items'.",
        )
    version = plain(root.attributes.get("burpVersion", ""), limit=40)
    entries: list[Entry] = []
    unusable: list[int] = []
    not_kept = [_NO_TIME]
    for number, parts in enumerate(_items(nodes), start=1):
        entry = _entry(number, parts)
        if entry is None:
            unusable.append(number)
        else:
            entries.append(entry)
        if not _is_coded(parts.get("request")) and _IN_TEXT not in not_kept:
            not_kept.append(_IN_TEXT)
    refuse_many(len(entries) + len(unusable), _KIND)
    return ForeignFile(
        kind=_KIND,
        origin=f"a {_KIND}, version {version}" if version else f"a {_KIND}",
        version=version,
        creator=f"Burp {version}".strip(),
        entries=tuple(entries),
        unusable=tuple(unusable),
        not_kept=tuple(not_kept),
    )


def _items(nodes: list[XmlNode]) -> Iterator[Mapping[str, XmlNode]]:
    parts: dict[str, XmlNode] = {}
    for node in nodes:
        if node.path == ("items", "item"):
            yield parts
            parts = {}
        elif node.path[:2] == ("items", "item") and len(node.path) == 3:
            parts[node.path[2]] = node


def _entry(number: int, parts: Mapping[str, XmlNode]) -> Entry | None:
    host = parts.get("host")
    address = host.attributes.get("ip", "") if host else ""
    port = _text(parts, "port")
    return entry_of_bytes(
        number,
        _message(number, parts.get("request")),
        _message(number, parts.get("response")),
        origin=_origin(parts),
        link=Wire(peer=plain(f"{address}:{port}", limit=80) if address else None),
        exact=_is_coded(parts.get("request")) and _is_coded(parts.get("response")),
    )


def _origin(parts: Mapping[str, XmlNode]) -> str:
    if "://" in (url := _text(parts, "url")):
        return split_origin(url)[0]
    scheme, host, port = (_text(parts, name) for name in ("protocol", "host", "port"))
    usual = {"http": "80", "https": "443"}.get(scheme) == port
    return f"{scheme}://{host}{'' if usual or not port else f':{port}'}" if scheme and host else ""


def _text(parts: Mapping[str, XmlNode], name: str) -> str:
    return parts[name].text.strip() if name in parts else ""


def _is_coded(node: XmlNode | None) -> bool:
    return node is None or not node.text or node.attributes.get("base64") == "true"


def _message(number: int, node: XmlNode | None) -> bytes:
    if node is None or not node.text:
        return b""
    if not _is_coded(node):
        return node.text.encode("utf-8", "surrogatepass")
    data: bytes | None = None
    with suppress(ValueError):  # raised below, without the bytes
        data = b64decode("".join(node.text.split()), validate=True)
    if data is None:
        raise UsageError(
            f"The {node.path[-1]} of item {number} is not the base64 it is said to be.",
            advice=_AGAIN,
        )
    return data
