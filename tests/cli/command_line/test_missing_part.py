"""A module that is not there is named in one line, and nothing else is taken for that."""

from __future__ import annotations

import pytest

from entra_oauth.cli.command_line.missing_part import missing_part

MISSING = [
    (ModuleNotFoundError("x", name="entra_oauth.audit.lint"), "not in this build of entra-oauth"),
    (ModuleNotFoundError("x", name="requests.adapters"), "The package requests is missing"),
    (ModuleNotFoundError("x", name="cryptography.x509"), "The package cryptography is missing"),
    (ModuleNotFoundError("x", name="_cffi_backend"), "The package cryptography is missing"),
    (ImportError("x", name="cryptography.hazmat"), "The package cryptography is missing"),
]
OTHER = [
    ImportError("x", name="entra_oauth.audit"),
    ImportError("x", name="requests"),
    ModuleNotFoundError("x"),
    ValueError("x"),
]


@pytest.mark.parametrize(("error", "said"), MISSING)
def test_what_is_missing_is_named(error: Exception, said: str) -> None:
    found = missing_part(error, "login")
    assert found is not None
    assert (found.exit_code, said in found.what) == (8, True)


@pytest.mark.parametrize("error", OTHER)
def test_another_error_is_left_alone(error: Exception) -> None:
    assert missing_part(error, "login") is None
