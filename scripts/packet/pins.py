"""The pinned requirements: names, versions and the hashes of the files that may be installed."""

from __future__ import annotations

import re
from dataclasses import dataclass

from packet.installed import Distribution, NotAsRecorded

__all__ = ["Pin", "distributions", "read_pins"]

_PIN = re.compile(r"([A-Za-z0-9._-]+)==([^\s;\\]+)")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_VIA = re.compile(r"#(?:\s+via)?\s+([\w.-]+)")


@dataclass(frozen=True, slots=True)
class Pin:
    """One requirement."""

    name: str
    version: str
    hashes: tuple[str, ...]
    """SHA-256, in hexadecimal, of each file of that release."""
    wanted_by: tuple[str, ...]
    """Names of the distributions that need it; `entra-oauth` among them."""


def read_pins(text: str) -> tuple[Pin, ...]:
    """The pins of a requirements file. Raises `ValueError` for a line that pins nothing."""
    pins: list[Pin] = []
    for line in text.splitlines():
        if found := _PIN.match(line):
            pins.append(Pin(found[1], found[2], (), ()))
        elif found := _HASH.search(line):
            pins[-1] = _with(pins[-1], hashes=(found[1],))
        elif found := _VIA.search(line):
            pins[-1] = _with(pins[-1], wanted_by=(found[1],))
        elif line.strip() and not line.strip().startswith("#"):
            raise ValueError(f"a line of the pins is not understood: {line!r}")
    if loose := [pin.name for pin in pins if not pin.hashes]:
        raise ValueError(f"no hash is pinned for {', '.join(loose)}")
    return tuple(pins)


def _with(pin: Pin, *, hashes: tuple[str, ...] = (), wanted_by: tuple[str, ...] = ()) -> Pin:
    return Pin(pin.name, pin.version, (*pin.hashes, *hashes), (*pin.wanted_by, *wanted_by))


def distributions(pins: tuple[Pin, ...]) -> dict[str, Distribution]:
    """Those that are installed here, by name. Raises `NotAsRecorded` for another version."""
    found = {pin.name: Distribution.of(pin.name) for pin in pins}
    for pin in pins:
        if (here := found[pin.name].version) != pin.version:
            raise NotAsRecorded(f"{pin.name} {here} is installed, and {pin.version} is pinned")
    return found
