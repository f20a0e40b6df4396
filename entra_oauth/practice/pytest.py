"""A pytest fixture: a fresh practice tenant, served over TLS for one test.

No plugin: pytest knows it where a `conftest.py` has these two lines.

    from entra_oauth.practice.pytest import practice_tenant
    __all__ = ["practice_tenant"]

Or this one: `pytest_plugins = ["entra_oauth.practice.pytest"]`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from entra_oauth.practice.tenant import PracticeTenant

__all__ = ["practice_tenant"]


@pytest.fixture
def practice_tenant() -> Iterator[PracticeTenant]:
    """An Entra-shaped authority on a free port of this machine; `.authority`, `.ca`."""
    from entra_oauth.practice.tenant import PracticeTenant

    with PracticeTenant() as tenant:
        yield tenant
