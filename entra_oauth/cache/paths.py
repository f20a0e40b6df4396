"""The places of stored tokens, and the form of an access token's file.

One folder for each app (authority, tenant, client id), in it one for each account,
in that one small file for each scope. Its text is read without a parser, and every
file says itself whose token it holds, so a file under a wrong name is not believed.

NOTE: the fast path of `entra-oauth token` shares this module. That is why it imports
neither `typing` nor `re` nor `dataclasses`: all of it takes a millisecond.
"""

from __future__ import annotations

import os
import sys

from entra_oauth.sha256 import sha256

try:
    from fcntl import LOCK_EX, LOCK_NB, LOCK_SH, flock
except ImportError:  # Windows: there the full program waits
    flock = None  # type: ignore[assignment, unused-ignore]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "SIZE_LIMIT",
    "account_folder",
    "app_folder",
    "config_file",
    "flock",
    "held",
    "is_private",
    "line_file",
    "named_tokens_folder",
    "note_wait",
    "read_line",
    "read_token",
    "seconds_left",
    "stamp",
    "take_over",
    "tokens_folder",
    "wait_for_holder",
    "wait_left_s",
    "write_line",
    "write_token",
]

SIZE_LIMIT = 256 * 1024
"""The largest file that is read, in bytes. An access token has two to four thousand."""

_TOKEN, _LINE = "entra-oauth token", "entra-oauth line"
_VERSION = "1"
_END = "end"
_SKEW_S = 60
"""Seconds that the clock may have gone back since a token came."""


def tokens_folder(environ: Mapping[str, str], platform: str = sys.platform) -> str | None:
    """The folder of all tokens; None where there is no home to have it in."""
    return _below(environ, platform, "ENTRA_OAUTH_CACHE_DIR", "STATE", "tokens")


def named_tokens_folder(environ: Mapping[str, str]) -> str | None:
    """The folder of all tokens, if a variable names one."""
    return tokens_folder(environ) if environ.get("ENTRA_OAUTH_CACHE_DIR") else None


def config_file(environ: Mapping[str, str], platform: str = sys.platform) -> str | None:
    """The file of the profiles; None where there is no home to have it in."""
    return _below(environ, platform, "ENTRA_OAUTH_CONFIG", "CONFIG", "config.toml")


def _below(
    environ: Mapping[str, str], platform: str, variable: str, kind: str, name: str
) -> str | None:
    if named := environ.get(variable):
        return named if os.path.isabs(named) else None
    if platform == "win32":
        base = environ.get("LOCALAPPDATA") or os.path.expanduser("~/AppData/Local")
    elif platform == "darwin":
        base = os.path.expanduser("~/Library/Application Support")
    else:
        base = environ.get(f"XDG_{kind}_HOME", "")
        if not os.path.isabs(base):  # the specification: a relative one is to be ignored
            base = os.path.expanduser("~/.config" if kind == "CONFIG" else "~/.local/state")
    return os.path.join(base, "entra-oauth", name) if os.path.isabs(base) else None


# ---- names ---------------------------------------------------------------------------


def app_folder(tokens: str, base: str, tenant: str, client_id: str) -> str:
    """The folder of one app at one authority; `base` is scheme, host and port."""
    return os.path.join(tokens, _hash(base, tenant.lower(), client_id.lower()))


def account_folder(app: str, account: str) -> str:
    """The folder of one account of an app."""
    return os.path.join(app, _hash(account.lower()))


def line_file(folder: str, *names: str) -> str:
    """The file, in some folder, that is called by these names."""
    return os.path.join(folder, _hash(*names))


def _hash(*names: str) -> str:
    # The lengths go in too, so that no two lists of names are spelled alike.
    spelled = "".join(f"{len(name)}:{name}" for name in names)
    digest: str = sha256(spelled.encode("utf-8", "surrogatepass")).hexdigest()
    return digest[:32]


# ---- the file of an access token -------------------------------------------------------


def write_token(key: tuple[str, ...], times: tuple[int, int, int], token: str, more: str) -> str:
    """The file's text.

    `key` is base, tenant, client id, account and scopes; `times` are the second of
    expiry, that of arrival, and the machine's monotonic clock at arrival. `more` is one
    line that the fast path does not read.
    """
    head = f"{_TOKEN} {_VERSION}\n" + "".join(f"{part}\n" for part in key)
    return f"{head}{' '.join(map(str, times))}\n{token}\n{more}\n{_END}\n"


def read_token(text: str, key: tuple[str, ...]) -> tuple[int, int, int, str, str] | None:
    """Expiry, arrival, monotonic arrival, token and the last line; None for any other file.

    A file of another version, of another key or cut short is another file.
    """
    lines = text.split("\n")
    if len(lines) != len(key) + 6 or lines[-2:] != [_END, ""]:
        return None
    if lines[0] != f"{_TOKEN} {_VERSION}" or tuple(lines[1 : len(key) + 1]) != key:
        return None
    times = lines[-5].split(" ")
    if len(times) != 3 or not all(t.isascii() and t.isdigit() and len(t) < 13 for t in times):
        return None
    token = lines[-4]
    if not token or not token.isascii() or not token.isprintable():
        return None
    expires, arrived, clock = map(int, times)
    return expires, arrived, clock, token, lines[-3]


def is_newer(text: str) -> bool:
    """Tell if a later version of this program has written a file."""
    return text.startswith((f"{_TOKEN} ", f"{_LINE} ")) and text.partition("\n")[0][-2:] != (
        f" {_VERSION}"
    )


def seconds_left(times: tuple[int, int, int], now: float, monotonic: float) -> float:
    """Seconds that an access token is still good, by the more careful of two clocks.

    Zero if it seems to have come in the future: somebody has set the clock back. The
    monotonic clock counts from the machine's start, so the time that has passed is at
    least what it has gone on, whether or not the machine was started anew meanwhile.
    """
    expires, arrived, clock = times
    if arrived > now + _SKEW_S:
        return 0.0
    passed = max(0.0, now - arrived, monotonic - clock)
    return max(0.0, min(expires - now, expires - arrived - passed))


# ---- small files of a few lines --------------------------------------------------------


def write_line(*values: str) -> str:
    """The text of a file that holds a few values, none with a line break."""
    return f"{_LINE} {_VERSION}\n" + "".join(f"{value}\n" for value in values) + f"{_END}\n"


def read_line(text: str) -> list[str] | None:
    """Its values; None for any other file."""
    lines = text.split("\n")
    if lines[0] != f"{_LINE} {_VERSION}" or lines[-2:] != [_END, ""]:
        return None
    return lines[1:-2]


def stamp(path: str, status: os.stat_result) -> str:
    """By which a file is known not to have changed."""
    return f"{status.st_mtime_ns} {status.st_size} {status.st_ino} {path}"


_held: dict[str, int] = {}


def take_over(lock: str) -> bool:
    """Tell if a lock was free; it is then ours, for whoever in this process takes it next.

    Raises `OSError` where there is no such lock.
    """
    handle = _open_lock(lock)
    try:
        flock(handle, LOCK_EX | LOCK_NB)
        status = os.fstat(handle)
        is_ours = is_private(status, 0o100000) and os.path.samestat(status, os.lstat(lock))
    except OSError:
        os.close(handle)
        return False
    if is_ours:
        _held[lock] = handle
    else:
        os.close(handle)
    return True


def wait_for_holder(lock: str) -> None:
    """Wait until the holder of a lock is done, without a bound: that is the caller's."""
    handle = _open_lock(lock)
    try:
        flock(handle, LOCK_SH)  # shared: all who wait go on at once
    finally:
        os.close(handle)


def _open_lock(lock: str) -> int:
    return os.open(lock, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)


def held(lock: str) -> int | None:
    """The handle of a lock that `take_over` has got; it is the caller's from now on."""
    return _held.pop(lock, None)


_waited_s: dict[str, float] = {}


def note_wait(lock: str, seconds: float) -> None:
    """Note that this process has waited so long for a lock, in vain."""
    _waited_s[lock] = seconds


def wait_left_s(lock: str, seconds: float) -> float:
    """The seconds that are left of a wait for a lock, after those that were noted."""
    return max(0.0, seconds - _waited_s.get(lock, 0.0))


def is_private(status: os.stat_result, kind: int) -> bool:
    """Tell if a file or folder (`kind`: `stat.S_IFREG`, `S_IFDIR`) is ours and nobody else's."""
    if status.st_mode & 0o170000 != kind:
        return False
    if os.name != "posix":  # Windows: what lies in the person's profile is theirs
        return True
    return status.st_uid == os.geteuid() and not status.st_mode & 0o077
