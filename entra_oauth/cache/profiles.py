"""Profiles: the values that somebody does not want to type each time, in one TOML file.

    default_profile = "work"

    [profile.work]
    tenant = "…"
    client_id = "…"
    scope = ["databricks"]
    workspace_url = "https://adb-….azuredatabricks.net"

No profile holds a secret: of a proof it has the path. Only the table that changes is
rewritten, so that comments and order elsewhere stay as they are.
"""

from __future__ import annotations

import itertools
import os
import re

from entra_oauth.cache import paths, private_files
from entra_oauth.errors import LocalError, UsageError, plain
from entra_oauth.light import TYPE_CHECKING, dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

__all__ = ["LISTS", "NAMES", "Profile", "Profiles"]

TEXTS = (
    "tenant",
    "client_id",
    "cloud",
    "authority_host",
    "workspace_url",
    "account",
    "redirect_uri",
    "login_hint",
    "domain_hint",
    "flow",
    "username",
    "certificate",
    "certificate_algorithm",
    "federated_token_source",
    "federated_token_file",
    "federated_token_env",
    "service_connection_id",
    "managed_identity_source",
    "managed_identity_id",
    "exchange",
    "subject_token",
    "exchange_client_id",
    "exchange_account",
    "exchange_audience",
    "cache",
    "ca_bundle",
)
LISTS = ("scope", "also", "hosts")
NAMES = (*TEXTS, *LISTS)
"""The keys of a profile: options of the command line, and two names of its own.
`also` are scopes that the credential helpers may hand out beside `scope`; `hosts` are
hosts that a token may be sent to beside those that are known for it."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_HEADER = re.compile(r"^[ \t]*\[", re.MULTILINE)
_DEFAULT_LINE = re.compile(r"^[ \t]*default_profile[ \t]*=.*\n?", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Profile:
    """One profile: values by name. A name that is not in `NAMES` cannot be in it."""

    name: str
    values: Mapping[str, str | tuple[str, ...]]

    def text(self, name: str) -> str | None:
        """A value that is one text."""
        value = self.values.get(name)
        return value if isinstance(value, str) else None

    def texts(self, name: str) -> tuple[str, ...]:
        """A value that is a list."""
        value = self.values.get(name, ())
        return (value,) if isinstance(value, str) else value


class Profiles:
    """The file. Raises `UsageError` for what cannot be in it, `LocalError` for the disk."""

    def __init__(self, path: str) -> None:
        self.path = path

    @classmethod
    def standard(cls, environ: Mapping[str, str]) -> Profiles:
        """The file of this person."""
        path = paths.config_file(environ)
        if path is None:
            raise LocalError(
                "There is no folder for profiles: no home is known, or ENTRA_OAUTH_CONFIG is not "
                "a whole path.",
                advice="Set HOME, or ENTRA_OAUTH_CONFIG to the whole path of a file.",
            )
        return cls(path)

    def names(self) -> tuple[str, ...]:
        """All profiles, in the order of the file."""
        return tuple(self._tables(self._content()))

    def default(self) -> str | None:
        """The profile that is used where none is named."""
        name = self._content().get("default_profile")
        return name if isinstance(name, str) else None

    def get(self, name: str | None) -> Profile | None:
        """A profile by name; the default one for None, which need not be there."""
        content = self._content()
        chosen = name or content.get("default_profile")
        if chosen is None:
            return None
        tables = self._tables(content)
        if chosen not in tables:
            known = ", ".join(tables) or "none yet"
            raise UsageError(
                f"There is no profile of that name ({plain(str(chosen), limit=64)}).",
                advice=f"The profiles are: {known}. See entra-oauth profile list.",
            )
        return Profile(str(chosen), self._checked(tables[chosen]))

    def without_default(self) -> str:
        """The file's text with none of its profiles as the default; empty if it has no such text.

        Raises no error for a file that cannot be read: a copy may go without it.
        """
        import tomllib

        try:
            text = _DEFAULT_LINE.sub("", self._text(), count=1)
            content = tomllib.loads(text)
        except (LocalError, ValueError, RecursionError):
            return ""
        return "" if "default_profile" in content else text

    def put(self, profile: Profile, *, as_default: bool = False) -> None:
        """Write one profile, in the place of an older one of its name."""
        check_name(profile.name)
        self._checked(
            {n: list(v) if isinstance(v, tuple) else v for n, v in profile.values.items()}
        )
        values = ((name, profile.values.get(name)) for name in NAMES)
        lines = [f"{name} = {_toml(value)}" for name, value in values if value]
        lines.insert(0, f"[profile.{_key(profile.name)}]")
        text = self._without(self._text(), profile.name)
        text = f"{text.rstrip()}\n\n" if text.strip() else ""
        self._write(f"{text}{chr(10).join(lines)}\n")
        if as_default or len(self.names()) == 1:
            self.use(profile.name)

    def use(self, name: str) -> None:
        """Make a profile the default."""
        self.get(name)
        text = _DEFAULT_LINE.sub("", self._text(), count=1)
        self._write(f"default_profile = {_toml(name)}\n{text}")

    def delete(self, name: str) -> None:
        """Remove a profile, and what made it the default."""
        self.get(name)
        text = self._without(self._text(), name)
        if self.default() == name:
            text = _DEFAULT_LINE.sub("", text, count=1)
        self._write(text)

    # ---- within --------------------------------------------------------------------

    def _text(self) -> str:
        try:
            # NOTE: a link is followed here: people keep such files in a repository of theirs.
            with open(self.path, encoding="utf-8") as file:
                return file.read(paths.SIZE_LIMIT)
        except FileNotFoundError:
            return ""
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or "it is not UTF-8"
            raise LocalError(
                f"The profiles in {plain(self.path)} cannot be read: {why}.",
                advice="Repair or remove that file.",
            ) from None

    def _content(self) -> dict[str, Any]:
        text = self._text()
        if not text.strip():
            return {}
        import tomllib

        try:
            return tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise UsageError(
                f"The profiles in {plain(self.path)} are not TOML: {plain(str(error), limit=200)}.",
                advice="Repair that file.",
            ) from None
        except (ValueError, RecursionError):
            raise UsageError(
                f"The profiles in {plain(self.path)} cannot be read: they are nested too deeply, "
                "or hold a number out of all range.",
                advice="Repair that file.",
            ) from None

    def _tables(self, content: dict[str, Any]) -> dict[str, dict[str, Any]]:
        tables = content.get("profile", {})
        if not isinstance(tables, dict):
            return {}
        return {name: table for name, table in tables.items() if isinstance(table, dict)}

    def _checked(self, table: dict[str, Any]) -> dict[str, str | tuple[str, ...]]:
        checked: dict[str, str | tuple[str, ...]] = {}
        for name, value in table.items():
            if name not in NAMES:
                raise UsageError(
                    f"A profile has no value {plain(name, limit=40)}.",
                    advice=f"It may have {', '.join(NAMES)}. No secret belongs there.",
                )
            if isinstance(value, str) and value:
                checked[name] = (value,) if name in LISTS else value
            elif name in LISTS and isinstance(value, list) and all(map(_is_text, value)):
                checked[name] = tuple(value)
            else:
                raise UsageError(
                    f"The value {name} of the profile is not what it should be.",
                    advice="Write it in quotes; scope, also and hosts may be lists.",
                )
        return checked

    def _without(self, text: str, name: str) -> str:
        """The text without one profile's table; the rest stays as it stands."""
        starts = [match.start() for match in _HEADER.finditer(text)]
        edges = [0, *starts, len(text)]
        pieces = [text[a:b] for a, b in itertools.pairwise(edges)]
        spellings = {f"[profile.{key}]" for key in (name, f'"{name}"', f"'{name}'")}
        kept = [
            p for p in pieces if p.partition("\n")[0].partition("#")[0].strip() not in spellings
        ]
        return "".join(kept)

    def _write(self, text: str) -> None:
        import tomllib

        try:
            # Half of a pair of surrogates passes for TOML, and cannot be written.
            tomllib.loads(text.encode("utf-8").decode("utf-8"))
        except (ValueError, RecursionError):
            raise UsageError(
                f"{plain(self.path)} is written in a way that cannot be changed from here.",
                advice="Change it in an editor.",
            ) from None
        path = os.path.realpath(self.path)
        folder = os.path.dirname(path)
        if not os.path.isdir(folder):
            private_files.make_folder(folder)
        private_files.write(path, text)


def check_name(name: str) -> None:
    """Raise `UsageError` for what cannot be the name of a profile."""
    if not _NAME.fullmatch(name):
        raise UsageError(
            "That cannot be the name of a profile.",
            advice="Use letters, digits, dots, dashes and underscores.",
        )


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _key(name: str) -> str:
    return f'"{name}"' if "." in name else name


def _toml(value: str | tuple[str, ...]) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(_toml, value))}]"
    import json

    # A JSON string is a TOML basic string, but for U+007F, which no value holds.
    return json.dumps(value, ensure_ascii=False)
