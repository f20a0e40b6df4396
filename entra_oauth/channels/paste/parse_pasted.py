"""From what a person pasted to the request that a listener would have received.

Pure. What copying does to an address is undone (quotes, line breaks of a wrapped
terminal, an HTML or shell escape). What was percent-encoded stays so, byte for
byte: the state is compared and the code is sent on as they stood on the wire.

Whatever cannot be the answer is refused with what it looks like and what to
paste instead. No refusal repeats a part of a query.
"""

from __future__ import annotations

import hmac
import re
from urllib.parse import unquote, urlsplit

from entra_oauth.channels.terminal.line import LIMIT
from entra_oauth.errors import CallbackRefused, StateMismatch, plain
from entra_oauth.light import TYPE_CHECKING
from entra_oauth.protocol.messages import HttpRequest, parse_form, split_form

if TYPE_CHECKING:
    from urllib.parse import SplitResult

__all__ = ["parse_pasted"]


_QUOTES = "\"'`<>“”„‟‘’‚‛«»‹›"
# Put in by chat programs and word processors to steer line breaks and direction.
_INVISIBLE = re.compile("[\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_WRAPPING = "\t\n\r"
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
# After `=` or an encoded space an address is part of a value; elsewhere it is a second one.
_SECOND_ADDRESS = re.compile(r"(?<![=+])(?<!%20)https?://", re.IGNORECASE)
_ENCODED_WHOLE = re.compile(r"https?%3A%2F%2F", re.IGNORECASE)
_JWT = re.compile(r"(?:Authorization:)?(?:Bearer)?(?:eyJ[\w-]*)(?:\.[\w-]*){2,4}", re.IGNORECASE)
_CUT_ESCAPE = re.compile(r"%[0-9A-Fa-f]?\Z")
# Where terminals cut a line that is read the ordinary way: 1,024 bytes on macOS,
# 4,096 on Linux (termios(4), termios(3)), with and without the line's end.
_CUT_AT = frozenset([1022, 1023, 1024, 4094, 4095, 4096])

_SHORTEST_CODE = 40
"""Characters from which a word is taken for a code; Entra's have several hundred."""

_ANSWER = frozenset(["code", "error"])
_TOKENS = frozenset(["access_token", "id_token", "refresh_token"])


def parse_pasted(text: str, *, redirect_uri: str, state: str = "") -> HttpRequest:
    """The GET that a listener at `redirect_uri` would have been sent.

    `text` is the browser's final address, its query alone (with or without `?`),
    or the same fields as a form body. Its `state` is not judged here, only that
    there is one: hand the result to `AuthorizationResponse.read`.

    An answer that carries the `state` of this sign-in is taken from another spelling of the
    place too (127.0.0.1, `https://localhost`, a name or a port in between that leads here):
    a code that was not meant for this sign-in cannot be redeemed by it.

    Raises `CallbackRefused` for anything else; `StateMismatch` if there is no
    state (RFC 6749 §10.12).
    """
    address = _cleaned(text)
    _refuse_what_is_no_address(address)
    query, fragment = _query_of(address, urlsplit(redirect_uri), state)
    _refuse_a_fragment_answer(query, fragment)
    _refuse_what_was_cut(query, len(text))
    return HttpRequest(method="GET", url=f"{_listening_at(redirect_uri)}?{query}")


def _cleaned(text: str) -> str:
    if len(text) > LIMIT:
        raise CallbackRefused(
            f"What was pasted is longer than {LIMIT:,} characters.", advice=_PASTE_THE_ADDRESS
        )
    if any((ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0) and c not in _WRAPPING for c in text):
        raise CallbackRefused(
            "What was pasted holds a control character, such as that of an arrow key.",
            advice=_PASTE_THE_ADDRESS,
        )
    # A copied address has no white space of its own: it is that of the wrapping.
    one_line = "".join(_INVISIBLE.sub("", text).split())
    bare = one_line.strip(_QUOTES)
    strange = next((c for c in bare if not c.isascii()), None)
    if strange is not None:
        raise CallbackRefused(
            f"What was pasted holds a character that no copied address has (U+{ord(strange):04X}).",
            advice="A program in between may have changed it: copy it from the address bar itself.",
        )
    return _without_escapes(_without_outer_encoding(bare))


def _without_outer_encoding(text: str) -> str:
    """An address that was encoded whole, as a value of another one: that is undone once."""
    if _ENCODED_WHOLE.match(text) and not set("&=?") & set(text):
        return unquote(text)
    return text


def _without_escapes(text: str) -> str:
    text = re.sub(r"&(?:amp|#38|#x26);", "&", text, flags=re.IGNORECASE)
    for mark in "^\\":
        # Of a command line: then every `&` has one. Otherwise it belongs to a value.
        if text.count("&") and text.count("&") == text.count(f"{mark}&"):
            text = re.sub(rf"{re.escape(mark)}([?&=])", r"\1", text)
    return text


_PASTE_THE_ADDRESS = (
    "Paste the whole address of the page on which the browser ended, from the address bar, "
    "and nothing else."
)
_COPY_AGAIN = (
    "Click into the browser's address bar, select all of it (Ctrl-A or Cmd-A), copy, and paste "
    "it here again."
)


def _refuse_what_is_no_address(text: str) -> None:
    if not text:
        raise CallbackRefused("Nothing was pasted: the line is empty.", advice=_PASTE_THE_ADDRESS)
    if _JWT.fullmatch(text) or text.startswith("{"):
        raise CallbackRefused(
            "That looks like a token, not like an address. It was not used.",
            advice="Treat it as a password: do not paste it anywhere. " + _PASTE_THE_ADDRESS,
        )
    if _SECOND_ADDRESS.search(text, 1):
        raise CallbackRefused(
            "There is a second address in what was pasted, or something in front of it.",
            advice="Paste one address, once. Ctrl-U empties the line.",
        )


def _query_of(text: str, ours: SplitResult, state: str) -> tuple[str, str]:
    """Query and fragment, after a full address was seen to go to the redirect URI."""
    if not _SCHEME.match(text) and _starts_with_host(text, ours):
        # Address bars hide the scheme, and a part that is copied lacks it.
        text = f"{ours.scheme}://{text}"
    if _SCHEME.match(text):
        return _query_of_address(text, ours, state)
    query, _, fragment = text.removeprefix("?").partition("#")
    if not query and fragment:
        return "", fragment
    names = {name for name, _ in split_form(query)}
    if _TOKENS & names and not _ANSWER & names:
        raise _token_answer()
    if "=" not in query and len(query) >= _SHORTEST_CODE:
        raise StateMismatch(
            "That looks like the code alone.",
            advice="The state next to it is needed too: it proves that the code answers this "
            "sign-in and was not slipped in by somebody else. " + _PASTE_THE_ADDRESS,
        )
    if not names & _ANSWER:
        raise CallbackRefused(
            "That is neither an address nor the part of one after the question mark.",
            advice=_PASTE_THE_ADDRESS,
        )
    return query, fragment


def _starts_with_host(text: str, ours: SplitResult) -> bool:
    host = re.escape(re.sub(r":\d*\Z", "", ours.netloc))
    return re.match(rf"{host}(?::\d+)?[/?#]", text, re.IGNORECASE) is not None


def _query_of_address(address: str, ours: SplitResult, state: str) -> tuple[str, str]:
    try:
        seen = urlsplit(address)
        same_place = (_place(seen), _port(seen)) == (_place(ours), _port(ours))
    except ValueError:
        raise CallbackRefused(
            "What was pasted is not a well-formed address.", advice=_COPY_AGAIN
        ) from None
    if not same_place and not (_same_path(seen, ours) and _answers(seen.query, state)):
        raise _other_place(seen, ours)
    if not seen.query and not seen.fragment:
        raise CallbackRefused(
            "The address is the right one, but it carries no answer: nothing follows after it.",
            advice="Finish the sign-in in the browser first. " + _COPY_AGAIN,
        )
    return seen.query, seen.fragment


def _same_path(seen: SplitResult, ours: SplitResult) -> bool:
    """All but scheme, host and port are the same, and it is a page of the web."""
    web = seen.scheme in ("http", "https") and "@" not in seen.netloc
    return web and (seen.path or "/") == (ours.path or "/")


def _answers(query: str, state: str) -> bool:
    fields = parse_form(query)
    states = [value for name, value in fields if name == "state"]
    if not state or len(states) != 1 or not _ANSWER & {name for name, _ in fields}:
        return False
    return hmac.compare_digest(states[0].encode(), state.encode())


def _place(url: SplitResult) -> tuple[str, str, str, str]:
    """All but the port; the user before `@` is a part of it, so that one is seen."""
    user = url.netloc.rpartition("@")[0]
    return url.scheme, user, url.hostname or "", url.path or "/"


def _port(url: SplitResult) -> int | None:
    return url.port or {"http": 80, "https": 443}.get(url.scheme)


def _other_place(seen: SplitResult, ours: SplitResult) -> CallbackRefused:
    host = seen.hostname or ""
    if seen.path.rstrip("/").endswith("/authorize"):
        return CallbackRefused(
            "That is the address where the sign-in begins, not the one where it ended.",
            advice="Open it in a browser and sign in. " + _PASTE_THE_ADDRESS,
        )
    where = f"It goes to {_shown(seen)}; the answer comes to {_shown(ours)}."
    if seen.path.rstrip("/").endswith("/wrongplace"):
        return CallbackRefused(
            "The sign-in went through, but this page took its answer out of the address bar.",
            advice="Sign in again with http://localhost, if it is among the app's mobile and "
            "desktop redirect URIs, or with --flow device-code. Or take the address with code= in "
            "it from the network list of the browser's developer tools (F12).",
        )
    if host.startswith(("login.", "sts.")):
        return CallbackRefused(
            "That is a page of the sign-in itself: it is not finished.",
            advice=f"{where} Finish in the browser, then paste the address on which it ends.",
        )
    if _place(seen) == _place(ours):
        return CallbackRefused(
            "The port is another one: the address may be of an earlier sign-in.",
            advice=f"{where} Open the address that was printed last, and sign in there.",
        )
    return CallbackRefused(
        "The address that was pasted is not the one that the sign-in ends on.",
        advice=f"{where} {_PASTE_THE_ADDRESS}",
    )


def _shown(url: SplitResult) -> str:
    """Scheme, host, port and path, without anything long enough to be a secret."""
    host = url.hostname or ""
    if len(host) > 100 or any(len(label) > 40 for label in host.split(".")):
        host = "…"
    port = f":{url.port}" if url.port else ""
    path = url.path if re.fullmatch(r"(?:/[\w.~-]{0,40}){0,8}", url.path) else "/…"
    return plain(f"{url.scheme[:20]}://{host}{port}{path}")


def _refuse_a_fragment_answer(query: str, fragment: str) -> None:
    if _ANSWER & {name for name, _ in split_form(query)}:
        return
    names = {name for name, _ in split_form(fragment)}
    if _TOKENS & names:
        raise _token_answer()
    if _ANSWER & names:
        raise CallbackRefused(
            "The answer stands after a # (response mode fragment), where only a page's own "
            "script can read it. Another mode was asked for.",
            advice="Open the address that was printed last, unchanged, and sign in there.",
        )


def _token_answer() -> CallbackRefused:
    return CallbackRefused(
        "The address carries a token instead of a code: it answers another request. "
        "It was not used.",
        advice="Open the address that was printed last, unchanged, and sign in there.",
    )


def _refuse_what_was_cut(query: str, pasted: int) -> None:
    has_state = any(name == "state" for name, _ in split_form(query))
    cut = bool(_CUT_ESCAPE.search(query)) or (not has_state and pasted in _CUT_AT)
    if cut:
        at = f" It ends after {pasted:,} characters, where terminals cut a long line."
        raise CallbackRefused(
            f"The end of the address is missing.{at if pasted in _CUT_AT else ''}",
            advice=_COPY_AGAIN,
        )
    if not has_state:
        raise StateMismatch(
            "There is no state in what was pasted; its end may be missing.",
            advice="The state proves that the answer belongs to this sign-in. " + _COPY_AGAIN,
        )


def _listening_at(redirect_uri: str) -> str:
    parts = urlsplit(redirect_uri)
    # A browser always sends a path, so a listener always sees one.
    return f"{parts.scheme}://{parts.netloc}{parts.path or '/'}"
