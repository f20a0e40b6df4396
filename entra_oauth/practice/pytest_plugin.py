"""A pytest fixture: a fresh practice tenant, served over TLS for one test.

def test_my_client(practice_tenant):
    sign_in(practice_tenant.authority, verify=practice_tenant.ca)
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
