"""Files and folders that only their owner can read, replaced whole or not at all.

No link is followed, nothing but an ordinary file is opened, a stranger's file is
refused, and looser modes are tightened. Everything raises `LocalError`.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress

from entra_oauth.cache import paths
from entra_oauth.cache.paths import SIZE_LIMIT
from entra_oauth.channels.base import now
from entra_oauth.errors import LocalError, plain
from entra_oauth.light import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = [
    "Damaged",
    "check_file",
    "check_folder",
    "check_way",
    "empty",
    "folders",
    "make_folder",
    "names",
    "not_ours",
    "read",
    "remove",
    "set_aside",
    "standard_folder",
    "sweep",
    "unusable",
    "write",
    "write_lightly",
]

_TEMPORARY = ".new-"
_ASIDE = ".damaged-"
_LONGEST_WRITE_S = 3600.0
"""Seconds after which a temporary file is left over where its writer cannot be asked for."""
_READ = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)  # a FIFO must not hold us
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)
_CREATE = (
    os.O_WRONLY
    | os.O_CREAT
    | os.O_EXCL
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)
_POSIX = os.name == "posix"


class Damaged(Exception):
    """A file that is ours, but not what it should be. Holds nothing of its content."""


def standard_folder(environ: Mapping[str, str]) -> str:
    """The folder of this person's tokens, which need not be there yet."""
    folder = paths.tokens_folder(environ)
    if folder is None:
        raise LocalError(
            "There is no folder to keep tokens in: no home is known, or ENTRA_OAUTH_CACHE_DIR "
            "is not a whole path.",
            advice="Set HOME, or ENTRA_OAUTH_CACHE_DIR to a folder of your own, or use "
            "--cache none.",
        )
    return folder


def check_folder(folder: str) -> None:
    """Find out whether anything can be stored there."""
    make_folder(folder)
    # Not `write`: what is empty and removed at once need not get to the disk.
    probe = _temporary(folder)
    try:
        _fill(probe, b"", sync=False)
    except OSError as error:
        raise unusable(probe, error) from None
    remove(probe)


def make_folder(path: str) -> None:
    """Make a folder 0700, with its parents, or check and tighten the one that is there."""
    try:
        with suppress(FileExistsError):
            try:
                os.mkdir(path, 0o700)
            except FileNotFoundError:
                os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
                os.mkdir(path, 0o700)
        _tighten(path)
    except OSError as error:
        raise unusable(path, error) from None


def check_way(*folders: str) -> None:
    """Check and tighten the folders on the way to a file, as far as they are there."""
    for folder in folders:
        try:
            _tighten(folder)
        except FileNotFoundError:
            return
        except OSError as error:
            raise unusable(folder, error) from None


def _tighten(folder: str) -> None:
    if not _POSIX:
        return
    status = os.lstat(folder)
    if not stat.S_ISDIR(status.st_mode):
        raise not_ours(folder, "is not a folder")
    _check_owner(folder, status)
    if status.st_mode & 0o777 != 0o700:
        os.chmod(folder, 0o700)


def read(path: str, *, limit: int = SIZE_LIMIT) -> str | None:
    """The text of a file; None if there is none.

    Raises `Damaged` for what is no UTF-8 text of at most `limit` bytes.
    """
    try:
        handle = os.open(path, _READ)
    except FileNotFoundError:
        return None
    except OSError as error:
        if stat.S_ISLNK(_kind(path)):  # a link: O_NOFOLLOW refuses it, by several numbers
            raise not_ours(path, "is a link") from None
        raise unusable(path, error) from None
    try:
        status = os.fstat(handle)
        check_file(path, status)
        if _POSIX and status.st_mode & 0o077:
            os.fchmod(handle, 0o600)
        data = b""
        while more := os.read(handle, limit + 1 - len(data)):
            data += more
    except OSError as error:
        raise unusable(path, error) from None
    finally:
        os.close(handle)
    if len(data) > limit:
        raise Damaged
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise Damaged from None


def write(path: str, text: str) -> None:
    """Replace a file whole: a temporary file beside it, fsync, rename.

    Whatever stood there before, a link included, is replaced and never written to.
    """
    _replace(path, text, sync=True)


def write_lightly(path: str, text: str) -> None:
    """Replace a file whole, as `write` does, without waiting for the disk.

    For what can be had again: after a power cut it may be the old one, damaged or gone.
    """
    _replace(path, text, sync=False)


def _replace(path: str, text: str, *, sync: bool) -> None:
    folder = os.path.dirname(path)
    temporary = _temporary(folder)
    try:
        _fill(temporary, text.encode("utf-8"), sync=sync)
        try:
            _again(lambda: os.replace(temporary, path))
        except BaseException:
            _discard(temporary)
            raise
        if sync:
            _sync_folder(folder)
    except OSError as error:
        raise unusable(path, error) from None


def _temporary(folder: str) -> str:
    # It names its writer, so that it is known whether that one is gone.
    return os.path.join(folder, f"{_TEMPORARY}{os.getpid()}-{os.urandom(8).hex()}")


def _fill(path: str, data: bytes, *, sync: bool) -> None:
    handle = os.open(path, _CREATE, 0o600)
    try:
        try:
            if _POSIX:
                os.fchmod(handle, 0o600)  # a strange umask could have taken more away
            while data:
                data = data[os.write(handle, data) :]
            if sync:
                os.fsync(handle)
        finally:
            os.close(handle)
    except BaseException:
        _discard(path)
        raise


def _again(act: Callable[[], None]) -> None:
    """Rename or remove something, for half a second where another may have it open."""
    for attempt in range(20):
        try:
            act()
            return
        except OSError as error:
            # Windows: a virus scanner or a reader holds the file for a moment, and
            # a folder is not empty as long as a file in it that was removed is held.
            passing = isinstance(error, PermissionError) or error.errno == errno.ENOTEMPTY
            if _POSIX or attempt == 19 or not passing:
                raise
            from entra_oauth.channels.base import sleep

            sleep(0.025)


def _discard(path: str) -> None:
    with suppress(OSError):
        _again(lambda: os.unlink(path))


def _sync_folder(folder: str) -> None:
    if not _POSIX:
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # some file systems have no such thing
            os.fsync(handle)
    finally:
        os.close(handle)


def set_aside(path: str, at: float) -> str:
    """Give a damaged file another name beside its own; the new path. `at` is a time."""
    aside = f"{path}{_ASIDE}{int(at)}"
    try:
        _again(lambda: os.replace(path, aside))
    except FileNotFoundError:  # somebody else was quicker
        return aside
    except OSError as error:
        raise unusable(path, error) from None
    return aside


def sweep(folder: str) -> None:
    """Remove what a writer left that was killed. For whoever holds an account's lock."""
    with suppress(OSError):
        for name in os.listdir(folder):
            if name.startswith(_TEMPORARY) and _is_left(os.path.join(folder, name)):
                _discard(os.path.join(folder, name))


def _is_left(path: str) -> bool:
    """Tell if the writer of a temporary file is gone."""
    writer = os.path.basename(path)[len(_TEMPORARY) :].partition("-")[0]
    if _POSIX and writer.isascii() and writer.isdigit() and len(writer) < 10 and int(writer):
        try:
            os.kill(int(writer), 0)  # asks only; on Windows it would end the process
        except ProcessLookupError:
            return True
        except OSError:  # it is somebody else's
            return False
        return False
    return now() - os.lstat(path).st_mtime > _LONGEST_WRITE_S


def remove(path: str) -> None:
    """Remove a file, or a folder with all the files in it, if there is one.

    A link is removed itself, and nothing behind it. One file that cannot be removed keeps
    none of the others.
    """
    try:
        if not stat.S_ISDIR(_kind(path)):
            _again(lambda: os.unlink(path))
            return
        empty(path)
        _again(lambda: os.rmdir(path))
    except FileNotFoundError:
        pass
    except OSError as error:
        raise unusable(path, error) from None


def empty(folder: str, *, but: tuple[str, ...] = ()) -> None:
    """Remove all that is in a folder, except the files that are called `but`."""
    failure: LocalError | None = None
    for name in os.listdir(folder):
        if name in but:
            continue
        try:
            remove(os.path.join(folder, name))
        except LocalError as error:
            failure = failure or error
    if failure is not None:
        raise failure


def folders(folder: str) -> Iterator[str]:
    """The folders in a folder; none if it is not there."""
    try:
        with os.scandir(folder) as found:
            names = [each.path for each in found if each.is_dir(follow_symlinks=False)]
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise unusable(folder, error) from None
    yield from names


def names(folder: str) -> list[str]:
    """The names of all that is in a folder; none if it cannot be read."""
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _kind(path: str) -> int:
    try:
        return os.lstat(path).st_mode
    except OSError:
        return 0


def check_file(path: str, status: os.stat_result) -> None:
    """Raise `LocalError` unless it is an ordinary file of ours."""
    if not stat.S_ISREG(status.st_mode):
        raise not_ours(path, "is not an ordinary file")
    _check_owner(path, status)


def _check_owner(path: str, status: os.stat_result) -> None:
    if _POSIX and status.st_uid != os.geteuid():
        raise not_ours(path, "belongs to somebody else")


def not_ours(path: str, why: str) -> LocalError:
    return LocalError(
        f"{plain(path)} {why}, so no token is read from it or written to it.",
        advice="Look who made it, and remove it.",
    )


def unusable(path: str, error: OSError) -> LocalError:
    return LocalError(
        f"{plain(path)} cannot be used: {error.strerror or type(error).__name__}.",
        advice="Make room there or make it writable, or keep nothing with --cache none.",
    )
