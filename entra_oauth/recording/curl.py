"""A recorded request as a command for curl that sends the same bytes again (HTTP/1.1).

curl adds headers of its own unless it is told not to, sends its own `Host` first, and
tidies addresses up; each of these is switched off. Secrets are variables of the
environment. Whatever holds one goes through standard input (`--config -`), so that no
other program can see it on a command line.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

from entra_oauth.protocol.messages import split_origin
from entra_oauth.recording.compare.sameness import PLACEHOLDERS
from entra_oauth.recording.raw import RawMessage

__all__ = ["CurlCommand", "curl_command"]

_ADDED = ("User-Agent", "Accept")
"""Headers that curl adds where they are not given."""
_EXPECTS = 1000
"""Bytes of a body from which on some versions of curl ask first, with `Expect`."""
_PARAMETER = re.compile(rb"([A-Za-z][A-Za-z0-9_.-]{0,40})=\Z")
_MEMBER = re.compile(rb'"([A-Za-z][A-Za-z0-9_.-]{0,40})"\s*:\s*"\Z')
_TAKEN_OUT = re.compile(
    rb"(?:ey[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.)?(?:" + PLACEHOLDERS.pattern + rb")"
)
"""A placeholder; of a token whose claims stayed readable, all of it."""
_BEARER = re.compile(rb"(?i)\Aauthorization:\s*bearer\s+\Z")
_HEADER = re.compile(rb"[A-Za-z0-9!#$%&'*+.^_`|~-]+:")
_PRINTABLE = re.compile(rb"[\x20-\x7e\n\t]*")
_UNPRINTABLE = re.compile(r"[^\x20-\x7e]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class CurlCommand:
    """A command for a POSIX shell, and what is to be known of it."""

    text: str
    variables: tuple[tuple[str, str], ...] = ()
    """Names of the variables that it needs, and what each stands for."""
    remarks: tuple[str, ...] = ()
    """Where it cannot send the same bytes, and why."""


def curl_command(message: RawMessage, url: str, *, options: tuple[str, ...] = ()) -> CurlCommand:
    """The command for a request. `url` is absolute; `options` are more words for curl."""
    names = _Names()
    origin, _ = split_origin(url)
    method, _, rest = message.start.decode("latin-1").partition(" ")
    target = rest.rpartition(" ")[0] or "/"
    body = message.body
    have = {name.lower() for name, _ in message.headers}
    words: list[tuple[str, ...]] = [
        ("curl", "-q", "--http1.1", "--path-as-is", "--globoff", "--no-progress-meter", *options)
    ]
    if method != ("POST" if body else "GET"):
        words.append(("-X", method))
    fed: list[str] = []
    words += _headers(message, names, fed)
    added = (*_ADDED, *(("Content-Type",) if body else ()))
    added += ("Expect",) if len(body) > _EXPECTS else ()
    words += [("-H", f"{name}:") for name in added if name.lower() not in have]
    secret_target = PLACEHOLDERS.search(target.encode("latin-1"))
    if secret_target:
        fed.append(f'url = "{names.config(f"{origin}{target}".encode("latin-1"))}"')
    piped = ""
    if body:
        if PLACEHOLDERS.search(body):
            fed.append(f'data-raw = "{names.config(body)}"')
        elif _PRINTABLE.fullmatch(body):
            words.append(("--data-raw", body.decode("ascii")))
        else:
            piped = f"printf '%b' '{_octal(body)}' | "
            words.append(("--data-binary", "@-"))
    if fed and not any(pair == ("--config", "-") for pair in words):
        words.append(("--config", "-"))
    if not secret_target:
        words.append((f"{origin}{target}",))
    return CurlCommand(
        text=piped + _joined(words) + _document(fed),
        variables=tuple(names.found.items()),
        remarks=_remarks(message, bool(piped and fed)),
    )


def _headers(message: RawMessage, names: _Names, fed: list[str]) -> list[tuple[str, ...]]:
    """One `-H` for each; those with a secret through standard input, in their place."""
    words: list[tuple[str, ...]] = []
    counted = PLACEHOLDERS.search(message.body) is not None
    for line in message.lines:
        if counted and line.lower().startswith(b"content-length:"):
            continue  # the values that are filled in may be longer: curl counts, and puts it last
        if not _HEADER.match(line):
            continue  # curl would take @name for the name of a file
        if PLACEHOLDERS.search(line):
            fed.append(f'header = "{names.config(line)}"')
            # Only one place can read standard input: later ones follow there.
            if ("--config", "-") not in words:
                words.append(("--config", "-"))
            continue
        text = line.decode("latin-1")
        name, _, value = text.partition(":")
        # `-H 'Name:'` would take a header away; a semicolon sends it empty.
        words.append(("-H", text if value.strip() else f"{name};"))
    return words


class _Names:
    """Gives each value that was taken out a variable."""

    def __init__(self) -> None:
        self.found: dict[str, str] = {}
        self._of: dict[bytes, str] = {}

    def config(self, text: bytes) -> str:
        """The text as a quoted value of curl's config, in a here-document of the shell."""
        pieces, at = [], 0
        for match in _TAKEN_OUT.finditer(text):
            pieces.append(_config_escaped(text[at : match.start()]))
            pieces.append(f"${{{self._name(text[: match.start()], match)}:?}}")
            at = match.end()
        return "".join([*pieces, _config_escaped(text[at:])])

    def _name(self, before: bytes, match: re.Match[bytes]) -> str:
        called = _PARAMETER.search(before) or _MEMBER.search(before)
        header = before.partition(b":")[0] if b":" in before else b""
        plain = called[1] if called else header or b"value"
        stands = f"{'header' if not called and header else 'parameter'} {plain.decode('latin-1')}"
        if _BEARER.match(before):
            plain, stands = b"access_token", "access token"
        key = match[0] if match[1] else match[0] + plain
        if key not in self._of:
            base = re.sub(r"\A(?=[0-9])|[^A-Z0-9]+", "_", plain.decode("latin-1").upper())[:40]
            name, number = base, 2
            while name in self.found:
                name, number = f"{base}_{number}", number + 1
            self._of[key] = name
            self.found[name] = stands
        return self._of[key]


def _config_escaped(text: bytes) -> str:
    shown = text.decode("latin-1").replace("\\", "\\\\").replace('"', '\\"')
    shown = shown.replace("\r", "\\r").replace("\n", "\\n").replace("\t", "\\t")
    shown = re.sub(r"([\\$`])", r"\\\1", shown)
    return _UNPRINTABLE.sub(lambda run: _printed(run[0]), shown)


def _quoted(word: str) -> str:
    """A word of the shell. Whatever a terminal would obey is written as its number."""
    if re.fullmatch(r"[\x20-\x7e\n\t]*", word):
        return shlex.quote(word)
    return f'"{_printed(word)}"'


def _printed(text: str) -> str:
    # Bytes that were read as Latin-1; an address may hold more.
    narrow = all(ord(character) < 0x100 for character in text)
    data = text.encode("latin-1") if narrow else text.encode("utf-8", "replace")
    return f"$(printf '%b' '{_octal(data)}')"


def _octal(body: bytes) -> str:
    plain = re.compile(rb"[A-Za-z0-9 ._/:;,=&+-]")
    return "".join(
        chr(byte) if plain.fullmatch(bytes([byte])) else f"\\0{byte:03o}" for byte in body
    )


def _joined(words: list[tuple[str, ...]]) -> str:
    lines = [" ".join(_quoted(word) for word in pair) for pair in words]
    return " \\\n  ".join(lines)


def _document(fed: list[str]) -> str:
    if not fed:
        return ""
    return "\n".join([" <<END_OF_CONFIG", *fed, "END_OF_CONFIG"])


def _remarks(message: RawMessage, torn: bool) -> tuple[str, ...]:
    remarks = []
    names = [name.lower() for name, _ in message.headers]
    if PLACEHOLDERS.search(message.body) and "content-length" in names[:-1]:
        remarks.append("curl sends Content-Length last; here it stood further up.")
    if "host" in names and names[0] != "host":
        remarks.append("curl sends Host first; here it stood further down.")
    if not all(map(_HEADER.match, message.lines)):
        remarks.append("A line that is no header was left out.")
    if any(line.endswith((b": ", b":\t")) for line in message.lines):
        remarks.append("curl sends an empty header without the space that stood there.")
    if message.is_chunked:
        remarks.append("curl cuts the body into chunks of its own.")
    if not message.start.endswith(b"HTTP/1.1"):
        remarks.append("The request was not HTTP/1.1; curl sends it as HTTP/1.1.")
    if torn:
        remarks.append("Both a body and a secret need standard input: fill the secret in by hand.")
    if names.count("content-length") > 1 or names.count("host") > 1:
        remarks.append("A header that curl sends once stands there twice.")
    return tuple(remarks)
