"""What the proofs against foreign software share: a browser, and a tenant to sign in at."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from entra_oauth.practice import PracticeTenant, serve
from entra_oauth.practice.server.hosts import Hosted
from kit import needs
from kit.foreign.chromium import Chromium, Page


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    assert needs.CHROMIUM
    with Chromium(needs.CHROMIUM, tmp_path_factory.mktemp("chromium")) as browser:
        yield browser


@pytest.fixture
def page(chromium: Chromium) -> Iterator[Page]:
    with chromium.page() as page:
        yield page


@pytest.fixture
def tenant() -> PracticeTenant:
    return PracticeTenant()


@pytest.fixture
def hosted(tenant: PracticeTenant) -> Iterator[Hosted]:
    with serve(tenant, tls=False) as hosted:
        yield hosted
