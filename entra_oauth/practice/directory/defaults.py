"""The directory that is there when none is given, and what stands in for a file's missing tables.

It is `default_directory.toml` beside this module, read as strictly as any other.
"""

from __future__ import annotations

import pkgutil
from typing import TYPE_CHECKING

from entra_oauth.practice.directory.model import DEFAULT_PASSWORD
from entra_oauth.practice.directory.toml import directory_of, tables_of

if TYPE_CHECKING:
    from entra_oauth.practice.directory.model import Directory

__all__ = ["DEFAULT", "DEFAULT_PASSWORD", "read_directory"]

_FILE = pkgutil.get_data("entra_oauth.practice.directory", "default_directory.toml") or b""
# fidelity: cae-databricks
_TABLES = tables_of(_FILE.decode("utf-8"))
DEFAULT = directory_of(_TABLES)
"""The default directory."""


def read_directory(text: str) -> Directory:
    """Read a directory from a file's text; a table that is left out is the default's.

    Raises `UsageError`, which names what is not understood.
    """
    given = {name: table for name, table in tables_of(text).items() if table != []}
    return directory_of({**_TABLES, **given})
