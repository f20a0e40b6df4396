"""The directory that is there when none is given, and what stands in for a file's missing tables.

It is `default_directory.toml` beside this module, read as strictly as any other. What
Microsoft has in every tenant is `microsoft.toml`.
"""

from __future__ import annotations

import pkgutil
from typing import TYPE_CHECKING

from entra_oauth.practice.directory.model import DEFAULT_PASSWORD
from entra_oauth.practice.directory.toml import directory_of, tables_of

if TYPE_CHECKING:
    from entra_oauth.practice.directory.model import Directory

__all__ = ["DEFAULT", "DEFAULT_PASSWORD", "read_directory"]


def _beside(name: str) -> dict[str, object]:
    data = pkgutil.get_data("entra_oauth.practice.directory", name) or b""
    return tables_of(data.decode("utf-8"))


# fidelity: cae-databricks, microsoft-apps, microsoft-resources
_MICROSOFT = _beside("microsoft.toml")
_TABLES = _beside("default_directory.toml")
_NAMED_BY_POLICIES = {"tenants", "apps", "issuers"}
DEFAULT = directory_of(_TABLES, _MICROSOFT)
"""The default directory."""


def read_directory(text: str, *, admin_consent: bool = False) -> Directory:
    """Read a directory from a file's text; a table that is left out is the default's.

    Microsoft's own apps and APIs are in every directory. An API may be described anew, an app
    not. The default's federation policies are left out where a file has tenants, apps or issuers of
    its own, of which they do not speak. With `admin_consent`, a text that says nothing of consents
    is that of a tenant whose administrator has consented to everything. Raises `UsageError`, which
    names what is not understood, and its line.
    """
    tables = tables_of(text)
    given = {name: table for name, table in tables.items() if table != []}
    usual = dict(_TABLES)
    if given.keys() & _NAMED_BY_POLICIES:
        del usual["federation_policies"]
    book = directory_of({**usual, **given}, _MICROSOFT, text=text)
    return book.with_admin_consent() if admin_consent and "consents" not in tables else book
