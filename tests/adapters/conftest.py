"""One practice tenant for all tests of the adapters, with alice signed in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from entra_oauth.adapters.stored_tokens import StoredTokens
from entra_oauth.cache.file_store import FileStore
from entra_oauth.channels.loopback.host import LoopbackHost
from kit import signed_in as at_hand
from kit.challenging import Api


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[at_hand.AtHand]:
    store = FileStore(str(tmp_path_factory.mktemp("store") / "tokens"))
    with at_hand.at_hand(store) as signed_in:
        yield signed_in


@pytest.fixture
def tokens(ours: at_hand.AtHand) -> StoredTokens:
    return ours.tokens()


@pytest.fixture
def api() -> Iterator[tuple[Api, str]]:
    served = Api()
    with LoopbackHost(served.handle) as host:
        yield served, f"http://127.0.0.1:{host.port}"
