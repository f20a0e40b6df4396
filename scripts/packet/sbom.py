"""The bill of materials, in CycloneDX by its own library, from the pins and without a time."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

from packet.installed import Distribution
from packet.pins import Pin

__all__ = ["bill_of_materials"]

ROOT_NAME = "entra-oauth"


def bill_of_materials(
    version: str, pins: tuple[Pin, ...], found: Mapping[str, Distribution]
) -> bytes:
    """The bill as JSON. `version` is that of entra-oauth; `found` has what is installed.

    Parts inside a wheel (PEP 770) stand inside its component, as that wheel tells them.
    """
    model: Any = import_module("cyclonedx.model.bom")
    parts: Any = import_module("cyclonedx.model.component")
    root = _component(ROOT_NAME, version, "MIT")
    root.type = parts.ComponentType.APPLICATION
    components = {
        pin.name: _component(
            pin.name, pin.version, found[pin.name].licence, tuple(_inside(found[pin.name]))
        )
        for pin in pins
    }
    bill = model.Bom(components=components.values())
    bill.metadata.component = root
    bill.metadata.timestamp = bill.serial_number = None
    everything = {ROOT_NAME: root, **components}
    for name, component in everything.items():
        needed = [components[pin.name] for pin in pins if name in pin.wanted_by]
        bill.register_dependency(component, needed)
    return _as_json(bill)


def _component(
    name: str, version: str, licence: str, inside: tuple[Any, ...] = (), purl: str = ""
) -> Any:
    parts: Any = import_module("cyclonedx.model.component")
    licences: Any = import_module("cyclonedx.contrib.license.factories").LicenseFactory()
    urls: Any = import_module("packageurl").PackageURL
    address = urls.from_string(purl or f"pkg:pypi/{name}@{version}")
    plain = urls(address.type, address.namespace, address.name, address.version)
    return parts.Component(
        name=name,
        version=version,
        bom_ref=plain.to_string(),
        purl=plain,
        licenses=[licences.make_from_string(licence)] if licence else [],
        components=inside,
    )


def _inside(distribution: Distribution) -> Iterator[Any]:
    """The components that a wheel says are compiled into it, each once."""
    seen = set()
    for text in distribution.fact_files("sboms").values():
        for told in json.loads(text).get("components", []):
            licence = next((each.get("expression", "") for each in told.get("licenses", [])), "")
            if told.get("purl") and told["purl"] not in seen:
                seen.add(told["purl"])
                yield _component(told["name"], told["version"], licence, (), told["purl"])


def _as_json(bill: Any) -> bytes:
    output: Any = import_module("cyclonedx.output")
    schema: Any = import_module("cyclonedx.schema")
    with warnings.catch_warnings():
        # It misses the dependencies of the parts inside a wheel, of which nothing is told.
        warnings.simplefilter("ignore")
        made = output.make_outputter(bill, schema.OutputFormat.JSON, schema.SchemaVersion.V1_6)
        members = json.loads(made.output_as_string())
    return (json.dumps(members, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()
