"""The fixture of `pytest` beside this module, for projects that name it in `pytest_plugins`."""

from __future__ import annotations

from entra_oauth.practice.pytest import practice_tenant

__all__ = ["practice_tenant"]
