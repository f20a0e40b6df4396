"""npm's oidc-provider as a process, and what is registered there."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from entra_oauth.practice.directory.model import DATABRICKS
from kit import needs

__all__ = ["CLIENT", "SCOPE", "TENANT", "WHO", "serving"]

TENANT = "8c1f0b52-6f0a-4d36-9f55-1f2d3c4b5a60"
CLIENT = "3f6a1d0e-7c9b-4e1e-9c55-0b7f5a3d2e11"
"""The public app that signs people in with a code."""
SCOPE = f"{DATABRICKS}/.default"
WHO = "alice@certified.example"

_PROGRAM = Path(__file__).parent / "oidc_provider.mjs"


@contextmanager
def serving(more: Sequence[Mapping[str, Any]] = ()) -> Iterator[str]:
    """Serve it, with `more` clients, as long as the block lasts: scheme, host and port."""
    assert needs.NODE
    assert needs.NODE_MODULES
    program = [needs.NODE, str(_PROGRAM), str(needs.NODE_MODULES)]
    process = subprocess.Popen(
        [*program, TENANT, CLIENT, SCOPE, json.dumps(more)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={"PATH": os.environ["PATH"]},
        text=True,
    )
    try:
        assert process.stdout
        port = process.stdout.readline().strip()
        if not port.isdigit():
            process.kill()
            pytest.fail(f"oidc-provider did not start: {process.communicate(timeout=60)}")
        yield f"http://localhost:{port}"
    finally:
        try:
            process.communicate(timeout=60)  # it ends with its standard input
        finally:
            process.kill()
