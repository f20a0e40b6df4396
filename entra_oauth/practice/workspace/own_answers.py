"""The scopes of Databricks' own authority, and how it refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from entra_oauth.practice.workspace.api_caller import as_json
from entra_oauth.practice.workspace.own_tokens import ALL_APIS

if TYPE_CHECKING:
    from entra_oauth.practice.workspace.federation import NotIssued
    from entra_oauth.protocol.messages import HttpResponse

__all__ = ["SCOPES", "refusal"]

SCOPES = (ALL_APIS, "offline_access", "openid", "email", "profile", "sql")


def refusal(no: NotIssued) -> HttpResponse:
    """RFC 6749 §5.2."""
    return as_json(no.status, {"error": no.error, "error_description": no.description})
