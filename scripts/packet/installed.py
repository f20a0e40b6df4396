"""Distributions that are installed here, each file checked against what its wheel recorded."""

from __future__ import annotations

import base64
import hashlib
import importlib.metadata as metadata
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

__all__ = ["Distribution", "NotAsRecorded", "normalized"]

_LICENCE = ("LICENSE", "LICENCE", "COPYING", "NOTICE")
_COMPILED = (".so", ".pyd", ".dylib", ".dll", ".pyc")


class NotAsRecorded(Exception):
    """A distribution is not there, or a file of it is not the one that its wheel brought."""


def normalized(name: str) -> str:
    """The name of a distribution as the index writes it."""
    return re.sub(r"[-_.]+", "-", name).lower()


@dataclass(frozen=True, slots=True)
class Distribution:
    """One of them, by its normalized name."""

    name: str
    facts: metadata.Distribution

    @classmethod
    def of(cls, name: str) -> Distribution:
        """The one that is installed. Raises `NotAsRecorded`."""
        try:
            return cls(normalized(name), metadata.distribution(name))
        except metadata.PackageNotFoundError:
            raise NotAsRecorded(f"{name} is not installed in this Python") from None

    @property
    def version(self) -> str:
        return self.facts.version

    @property
    def licence(self) -> str:
        """The licence, as an expression of SPDX or in its own words; empty if none is told."""
        told = self.facts.metadata
        return (told["License-Expression"] or told["License"] or "").strip()

    def licence_files(self) -> dict[str, bytes]:
        """The texts of its licence, by name. Raises `NotAsRecorded`."""
        return self.fact_files("licenses") or {
            path.name: data
            for path, data in self._recorded().items()
            if path.parts[0].endswith(".dist-info") and path.name.startswith(_LICENCE)
        }

    def source_files(self) -> dict[str, bytes]:
        """Its importable files but for compiled ones, by their paths. Raises `NotAsRecorded`."""
        return {
            path.as_posix(): data
            for path, data in self._recorded().items()
            if not path.parts[0].endswith((".dist-info", ".data"))
        }

    def fact_files(self, folder: str) -> dict[str, bytes]:
        """The files of a folder of its `.dist-info`, by name. Raises `NotAsRecorded`."""
        return {
            "/".join(path.parts[2:]): data
            for path, data in self._recorded().items()
            if path.parts[0].endswith(".dist-info") and path.parts[1:2] == (folder,)
        }

    def _recorded(self) -> dict[PurePosixPath, bytes]:
        found = {}
        for file in self.facts.files or ():
            # What lies outside, such as a program of its own, was written by the installer.
            if file.hash is None or file.suffix in _COMPILED or file.parts[0] == "..":
                continue
            data = Path(str(file.locate())).read_bytes()
            digest = base64.urlsafe_b64encode(hashlib.new(file.hash.mode, data).digest())
            if digest.rstrip(b"=").decode() != file.hash.value:
                raise NotAsRecorded(f"{file} of {self.name} was changed after its installation")
            found[PurePosixPath(file)] = data
        return found
