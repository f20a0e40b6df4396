"""The fast path of `entra-oauth token`: a token that is at hand, in a few milliseconds.

It reads what it needs without a parser, takes no lock, and imports nothing but `os`,
`time` and `cache.paths`; a test holds it to that. Whatever is out of the
ordinary, from an option that it does not know to a file with a looser mode, is left to
the full program, which decides the same things again and says what is wrong.
"""

from __future__ import annotations

import os
import time

from entra_oauth.cache import paths

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ALIASES", "Place", "locate", "try_token"]

ALIASES = {
    "databricks": "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d/.default",
    "graph": "https://graph.microsoft.com/.default",
    "arm": "https://management.azure.com/.default",
}
"""What `protocol.scopes` says, without its imports; a test compares them."""

_OF_A_CLOUD = ("graph", "arm")
"""Called otherwise in other clouds, of which the full program knows."""

_PUBLIC = "https://login.microsoftonline.com"
_MIN_VALIDITY_S = 300
_WAIT_S = 10.0
"""Seconds; the full program then looks why the other one does not finish."""
_NAMES = ("tenant", "client-id", "scope", "authority-host", "account", "profile", "min-validity")
_NUMBERS = ("min-validity", "http-timeout")
_FOR_REQUESTS = ("ca-bundle", "http-timeout")
"""Options that a token which is at hand has no use for."""

_KEPT = ("authority-host", "tenant", "client-id", "account", "scope")
_SHORT = {"-p": "--profile", "-o": "--output"}
_AZURE = {
    "tenant": "AZURE_TENANT_ID",
    "client-id": "AZURE_CLIENT_ID",
    "authority-host": "AZURE_AUTHORITY_HOST",
}
_FOLDERS = ("ENTRA_OAUTH_CACHE_DIR", "ENTRA_OAUTH_CONFIG")
_OUTPUTS = {"token": "", "header": "Authorization: Bearer "}
_REG, _DIR = 0o100000, 0o040000
_READ = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)


def try_token(arguments: list[str]) -> None:
    """Print the token and end the process; return if the full program has to do it."""
    try:
        if os.isatty(1):  # there a note is added for the person
            return
        place = locate(arguments, os.environ)
        if place is None:
            return
        # The clock is read here too: `channels.base` would cost more than the rest.
        token = place.token(time.time(), time.monotonic()) or _wait_for_another(place)
        if token is None:
            return
        data = f"{place.start}{token}\n".encode("ascii")
        done = os.write(1, data)
    except (OSError, ValueError):
        return
    try:
        while data := data[done:]:
            done = os.write(1, data)
    except BrokenPipeError:  # the reader has seen enough
        os._exit(0)
    except OSError:
        os._exit(1)
    # Nothing is open and nothing is buffered; tearing down the interpreter takes as
    # long as all of this.
    os._exit(0)


class Place:
    """The place of the token that is asked for, and how good it has to be."""

    def __init__(
        self,
        path: str,
        lock: str,
        key: tuple[str, ...],
        min_validity_s: int,
        start: str,
        ca_bundle: str | None,
    ) -> None:
        self.path = path
        self.lock = lock
        self.key = key
        self.min_validity_s = min_validity_s
        self.start = start
        self.ca_bundle = ca_bundle
        self.seen = ""

    def token(self, now: float, monotonic: float) -> str | None:
        """The token, if it is good; one that has come since we first looked need only last.

        Raises `OSError` and `ValueError` for a file that is out of the ordinary.
        """
        text = _read(self.path)
        found = paths.read_token(text, self.key)
        if found is None:
            raise ValueError
        is_news, self.seen = self.seen not in ("", text), self.seen or text
        left = paths.seconds_left(found[:3], now, monotonic)
        return found[3] if left > 0 and (is_news or left >= self.min_validity_s) else None


def locate(arguments: list[str], environ: Mapping[str, str]) -> Place | None:
    """The token that these arguments ask for; None if it takes the full program to tell."""
    given = _given(arguments, environ)
    folder = paths.tokens_folder(environ)
    if given is None or folder is None:
        return None
    if not paths.is_private(os.lstat(folder), _DIR):
        return None
    values = _values(given, environ, folder)
    if values is None:
        return None
    base, tenant, client_id, account, scope = values
    app = paths.app_folder(folder, base, tenant, client_id)
    if not account:
        known = paths.read_line(_read(os.path.join(app, "default")))
        if not known:
            return None
        account = known[0]
    key = (base, tenant.lower(), client_id.lower(), account.lower(), scope)
    within = paths.account_folder(app, account)
    return Place(
        paths.line_file(within, *key),
        os.path.join(within, "lock"),
        key,
        int(given.get("min-validity") or _MIN_VALIDITY_S),
        _OUTPUTS[given.get("output", "token")],
        given.get("ca-bundle"),
    )


def _wait_for_another(place: Place) -> str | None:
    """The token that another process is fetching; None if it is ours to fetch.

    The one that finds the lock free keeps it and goes on as the full program, so that
    the others, which come while it is still being imported, wait here at next to no cost.
    """
    if paths.flock is None:
        return None
    if paths.take_over(place.lock):
        if place.key[0].startswith("https:"):
            # A request follows, from this process alone. What it has to read is read beside
            # the imports of the full program.
            from entra_oauth.channels.https.trust import begin_ahead

            begin_ahead(place.ca_bundle)
        return None
    # The real signal module costs more than all of this; nothing else runs here.
    import _signal as signal  # type: ignore[import-not-found, unused-ignore]

    signal.signal(signal.SIGALRM, _give_up)
    signal.setitimer(signal.ITIMER_REAL, _WAIT_S)
    try:
        paths.wait_for_holder(place.lock)
    except TimeoutError:
        paths.note_wait(place.lock, _WAIT_S)
        raise
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
    return place.token(time.time(), time.monotonic())


def _give_up(number: int, frame: object) -> None:
    raise TimeoutError  # an OSError: the full program goes on from here


def _given(arguments: list[str], environ: Mapping[str, str]) -> dict[str, str] | None:
    """The options by name, the command line before the environment."""
    given: dict[str, str] = {}
    words = iter(arguments)
    for word in words:
        if word in ("-q", "--quiet"):
            continue
        name, equals, value = word.partition("=")
        name = _SHORT.get(name, name)
        name = name[2:] if name[:2] == "--" else ""
        if name not in (*_NAMES, *_FOR_REQUESTS, "output") or name in given:
            return None
        if not equals:
            value = next(words, "")
        if not value or value[0] == "-" or not value.isprintable() or value != value.strip():
            return None
        given[name] = value
    if given.get("output", "token") not in _OUTPUTS:
        return None
    variables = {
        f"ENTRA_OAUTH_{name.replace('-', '_').upper()}": name for name in (*_NAMES, *_FOR_REQUESTS)
    }
    for variable in environ:
        if variable.startswith("ENTRA_OAUTH_") and variable not in _FOLDERS:
            if variable not in variables:
                return None
            given.setdefault(variables[variable], environ[variable])
    numbers = (given[name] for name in _NUMBERS if given.get(name))
    return given if all(map(_is_number, numbers)) else None


def _is_number(text: str) -> bool:
    """As the full program has it: 1 to 999999 in digits."""
    return text.isascii() and text.isdigit() and len(text) < 10 and 0 < int(text) <= 999_999


def _values(
    given: dict[str, str], environ: Mapping[str, str], folder: str
) -> tuple[str, str, str, str, str] | None:
    """Authority, tenant, client id, account (perhaps empty) and scope."""
    settings = _profile(given.get("profile", ""), environ, folder)
    if settings is None:
        return None

    def value(name: str, otherwise: str = "") -> str:
        azure = environ.get(_AZURE[name], "") if name in _AZURE else ""
        return given.get(name) or settings.get(name) or azure or otherwise

    base = value("authority-host", _PUBLIC).rstrip("/").lower()
    tenant, client_id = value("tenant"), value("client-id")
    scope = value("scope", "databricks")
    if not tenant or not client_id or not base.startswith(("https://", "http://")):
        return None
    # The keys of a token for who can handle a claims challenge, and of one that was exchanged.
    if scope.endswith(" cp1") or " -> " in scope:
        return None
    if scope in _OF_A_CLOUD and base != _PUBLIC:
        return None
    return base, tenant, client_id, value("account"), ALIASES.get(scope, scope)


def _profile(name: str, environ: Mapping[str, str], folder: str) -> dict[str, str] | None:
    """The values that the full program last read for this profile, if its file is the same."""
    config = paths.config_file(environ)
    if config is None:
        return None
    try:
        status = os.stat(config)
    except FileNotFoundError:
        return None if name else {}
    values = paths.read_line(_read(paths.line_file(folder, "profile", name)))
    if values is None or len(values) != 6 or values[0] != paths.stamp(config, status):
        return None
    return dict(zip(_KEPT, values[1:], strict=True))


def _read(path: str) -> str:
    """The text of a file that is private. Raises `OSError` or `ValueError` for any other."""
    handle = os.open(path, _READ)
    try:
        status = os.fstat(handle)
        if not paths.is_private(status, _REG) or status.st_size > paths.SIZE_LIMIT:
            raise ValueError
        data = os.read(handle, paths.SIZE_LIMIT)
    finally:
        os.close(handle)
    return data.decode("utf-8")
