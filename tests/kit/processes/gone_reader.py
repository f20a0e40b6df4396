"""A standard output that nobody reads any more, as after `| head -1`."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from entra_oauth.cli import main
from kit.command_line import Ran

__all__ = ["call_unread", "closed_pipe"]


@contextmanager
def closed_pipe() -> Iterator[int]:
    """The end to write to of a pipe whose other end is closed."""
    read_end, write_end = os.pipe()
    os.close(read_end)
    try:
        yield write_end
    finally:
        os.close(write_end)


def call_unread(*arguments: str) -> Ran:
    """Run a command in this process, as `call` does, where nobody reads its results."""
    said = io.BytesIO()
    err = io.TextIOWrapper(said, encoding="utf-8")
    before = sys.stdout, sys.stderr
    with closed_pipe() as pipe, os.fdopen(os.dup(pipe), "w", encoding="utf-8") as out:
        sys.stdout, sys.stderr = out, err
        try:
            code = main(list(arguments))
        finally:
            sys.stdout, sys.stderr = before
    return Ran(code, "", said.getvalue().decode())
