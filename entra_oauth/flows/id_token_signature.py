"""The signature of an ID token, without anybody waiting for the keys.

The keys are fetched in a thread while the person signs in, through a channel of
their own (`Channels.aside`), and reused for a day. The token request does not wait for
them; what it brought is checked afterwards. A bad signature is fatal. Keys that
cannot be had are a warning: the token came over TLS from the authority itself, which
OpenID Connect Core §3.1.3.7(6) lets stand.
"""

from __future__ import annotations

import threading

from entra_oauth.channels.base import say_nothing
from entra_oauth.errors import EntraOAuthError, IdTokenRefused, LocalError, TimedOut, bare
from entra_oauth.light import TYPE_CHECKING, dataclass, field, is_installed, replace

if TYPE_CHECKING:
    from typing import Self

    from entra_oauth.channels.base import BackChannel, Channels
    from entra_oauth.protocol.authority import Authority
    from entra_oauth.protocol.endpoints.signing_keys import SigningKeys
    from entra_oauth.protocol.endpoints.token import TokenResponse

__all__ = ["KeyStore", "SignatureCheck", "require_library"]

_FETCH_S = 15.0
"""Seconds for one request for keys."""

_PATIENCE_S = 5.0
"""Seconds that a finished sign-in waits for keys that are still under way."""

_SLICE_S = 0.25

_IMPORT_S = 5.0
"""The most seconds that a sign-in which failed waits for an import that has begun."""

_AFTER_S = 0.06
"""Seconds before the fetch begins: until then the machine is busy with opening the browser."""

_NOT_HAD = (
    "The authority's keys could not be had, so the ID token's signature was not checked. "
    "It came over TLS from the authority."
)


class KeyStore:
    """Keys that were fetched, by authority, in this process's memory. Safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stored: dict[Authority, SigningKeys] = {}

    def fresh(self, authority: Authority, *, now: float) -> SigningKeys | None:
        """Keys of less than a day's age. `now` is in seconds since 1970."""
        with self._lock:
            stored = self._stored.get(authority)
        if stored is None:
            return None
        from entra_oauth.protocol.endpoints.signing_keys import KEYS_LIFE_S

        return stored if 0 <= now - stored.fetched_at < KEYS_LIFE_S else None

    def put(self, authority: Authority, keys: SigningKeys) -> None:
        """Keep keys in the place of older ones."""
        with self._lock:
            self._stored[authority] = keys


def require_library(channels: Channels) -> None:
    """Raise `LocalError` where signatures are to be checked and nothing here can do that.

    To be called before anything is sent that cannot be taken back.
    """
    if channels.aside is not None and not is_installed("cryptography"):
        raise LocalError(
            "The package cryptography is missing, without which no signature can be checked.",
            advice="Install it in the Python that runs entra-oauth, then sign in again: "
            "python -m pip install cryptography",
        )


@dataclass(frozen=True, slots=True)
class SignatureCheck:
    """One sign-in's check. `begin` it before the person is asked, `check` at the end.

    To be used in a `with` block: a fetch that has to wait is given up when it is left.
    """

    authority: Authority
    channels: Channels
    store: KeyStore
    aside: BackChannel | None
    """None: no keys are fetched, and nothing is checked."""
    _ready: threading.Event = field(default_factory=threading.Event, repr=False)
    _hurry: threading.Event = field(default_factory=threading.Event, repr=False)
    _over: threading.Event = field(default_factory=threading.Event, repr=False)
    _importing: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @classmethod
    def begin(
        cls, authority: Authority, channels: Channels, store: KeyStore, *, wanted: bool = True
    ) -> SignatureCheck:
        """Begin to fetch the keys, unless they are stored; returns at once.

        Not `wanted`, nothing is fetched and nothing checked: the article's procedure
        declares no such request. Raises `LocalError` where nothing could be checked for want
        of a library: before the person is asked, and never a warning in its place.
        """
        begun = cls(authority, channels, store, channels.aside if wanted else None)
        if wanted:
            require_library(channels)
        if begun.aside is None or store.fresh(authority, now=channels.now()):
            begun._ready.set()
            return begun
        thread = threading.Thread(
            target=begun._fetch_and_tell, args=(begun.aside,), name="keys", daemon=True
        )
        try:
            thread.start()
        except RuntimeError:  # the system has no more threads
            begun._ready.set()
        return begun

    @classmethod
    def at_hand(cls, authority: Authority, channels: Channels, store: KeyStore) -> SignatureCheck:
        """A check for which no keys are fetched; without any that are stored, there is none.

        For a refresh: nobody signs in meanwhile, and it is to be one request. Only for a
        key that is not among those stored are they asked for again.
        """
        stored = store.fresh(authority, now=channels.now()) is not None
        check = cls(
            authority, channels, store, (channels.aside or channels.back) if stored else None
        )
        check._ready.set()
        return check

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._over.set()
        # A program may end now. Python would stop the thread in the middle of an import of
        # foreign code (Rust, in cryptography), and that aborts the whole process.
        if self._importing.acquire(timeout=_IMPORT_S):
            self._importing.release()

    def check(self, tokens: TokenResponse) -> TokenResponse:
        """The same tokens, with a warning if nothing could be checked.

        Raises `IdTokenRefused` for a signature that is not the authority's.
        """
        if tokens.id_token is None or self.aside is None:
            return tokens
        from entra_oauth.protocol.endpoints.signing_keys import check_signature

        try:
            keys = self._keys_for(tokens.id_token, self.aside)
            if keys is None:
                return replace(tokens, warnings=(*tokens.warnings, _NOT_HAD))
            check_signature(tokens.id_token, keys)
            return tokens
        except IdTokenRefused as error:
            refused = bare(error)
        raise refused

    def _keys_for(self, token: str, aside: BackChannel) -> SigningKeys | None:
        from entra_oauth.protocol.endpoints.signing_keys import REFETCH_S

        self._hurry.set()
        until = self.channels.monotonic() + _PATIENCE_S
        # In slices, because Windows lets no Ctrl-C into a long wait.
        while not self._ready.wait(_SLICE_S) and self.channels.monotonic() < until:
            pass
        now = self.channels.now()
        keys = self.store.fresh(self.authority, now=now)
        if keys is not None and now - keys.fetched_at >= REFETCH_S and not keys.knows(token):
            # Keys are changed at any time; the new one is known by its name.
            keys = self._fetch(aside) or keys
        return keys

    def _fetch_and_tell(self, aside: BackChannel) -> None:
        self._hurry.wait(_AFTER_S)
        try:
            keys = self._fetch(aside)
            with self._importing:
                if keys is not None and not self._over.is_set():
                    from entra_oauth.protocol.endpoints.signing_keys import make_ready

                    make_ready(keys)  # here nobody waits for it
        finally:
            self._ready.set()

    def _fetch(self, aside: BackChannel) -> SigningKeys | None:
        from entra_oauth.flows.patience import send_patiently
        from entra_oauth.protocol.endpoints.signing_keys import KeysRequest, SigningKeys

        request = KeysRequest(self.authority)
        # Without a word: it may come after the end, and `_NOT_HAD` is said in its place.
        quiet = replace(self.channels, say=say_nothing, sleep=self._pause)
        try:
            reply = send_patiently(request.to_http(), aside, quiet, timeout_s=_FETCH_S)
            keys = SigningKeys.read(reply, answering=request, received_at=self.channels.now())
        except EntraOAuthError:
            return None
        self.store.put(self.authority, keys)
        return keys

    def _pause(self, seconds: float) -> None:
        # No longer than the sign-in itself: after its end nobody wants the keys.
        if self._over.wait(seconds):
            raise TimedOut("The sign-in is over.", advice="Nothing is to be done.")
