"""The software bill of materials of a release: CycloneDX 1.6, as JSON.

It lists what `pip install platewire` brings along, in the versions and with the hashes of the lock
files: the dependencies as `required`, those of the extras as `optional`. Licenses and the graph of
dependencies come from the metadata of what is installed in `.venv`; a package for another system is
not installed here and has neither. Nothing is fetched.
"""

from __future__ import annotations

import importlib.metadata
import itertools
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple
from uuid import NAMESPACE_URL, uuid5

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, XsUri
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentScope, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from scripts.audit import installed
from scripts.locks import read

PRODUCT = "platewire"
REGISTRY = "https://pypi.org/simple/"
SYSTEMS: Sequence[Mapping[str, str]] = (
    {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"},
    {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix"},
    {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt"},
)
"""A dependency on one of them is a dependency."""


class Need(NamedTuple):
    name: str
    extras: frozenset[str] = frozenset()


def bom_json(root: Path, version: str, released: datetime) -> str:
    """Of the project in this folder; the same text for the same version, time, lock and `.venv`.

    Raises ValueError where the lock does not fit pyproject.toml.
    """
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    required, optional = needs_of(project)
    scopes = dict.fromkeys(reachable([*required, *optional]), ComponentScope.OPTIONAL)
    scopes |= dict.fromkeys(reachable(required), ComponentScope.REQUIRED)
    parts = components(root / "requirements-dev.lock", scopes)
    product = Component(
        name=PRODUCT,
        version=version,
        type=ComponentType.APPLICATION,
        description=project["description"],
        licenses=[LicenseFactory().make_from_string(project["license"])],
        purl=PackageURL("pypi", None, PRODUCT, version),
        bom_ref=PRODUCT,
    )
    bom = Bom(components=parts.values(), serial_number=uuid5(NAMESPACE_URL, str(product.purl)))
    bom.metadata.timestamp, bom.metadata.component = released, product
    for component, needs in ((product, [*required, *optional]), *graph(parts)):
        bom.register_dependency(component, [parts[each.name] for each in needs])
    return str(JsonV1Dot6(bom).output_as_string(indent=2)) + "\n"


def components(lock: Path, scopes: Mapping[str, ComponentScope]) -> dict[str, Component]:
    """By name. Raises ValueError where the lock does not have all of them."""
    versions = {pin.name: pin.version for pin in read(lock)}
    if missing := sorted(scopes.keys() - versions.keys()):
        raise ValueError(f"{lock.name} lacks {', '.join(missing)}: run `python3 run.py lock`")
    hashes = hashes_by_name(lock.read_text("utf-8"))
    licenses = {each.name: each.license for each in installed()}
    return {
        name: component(name, versions[name], scope, licenses.get(name, ""), hashes[name])
        for name, scope in sorted(scopes.items())
    }


def component(
    name: str, version: str, scope: ComponentScope, license_said: str, sha256: Iterable[str]
) -> Component:
    files = ExternalReference(
        type=ExternalReferenceType.DISTRIBUTION,
        url=XsUri(f"{REGISTRY}{name}/"),
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=each) for each in sha256],
    )
    return Component(
        name=name,
        version=version,
        type=ComponentType.LIBRARY,
        scope=scope,
        licenses=[LicenseFactory().make_from_string(license_said)] if license_said else (),
        purl=PackageURL("pypi", None, name, version),
        bom_ref=f"{name}=={version}",
        external_references=[files],
    )


def hashes_by_name(lock: str) -> dict[str, list[str]]:
    """SHA-256 of each file of each package, as the text of a lock has them."""
    found: dict[str, list[str]] = {}
    for block in re.split(r"\n(?=[A-Za-z0-9])", lock):
        name = canonicalize_name(re.split(r"[=\[]", block, maxsplit=1)[0])
        found.setdefault(name, []).extend(re.findall(r"--hash=sha256:([0-9a-f]{64})\b", block))
    return found


# --- who needs whom ------------------------------------------------------------------------------


def needs_of(project: Mapping[str, Mapping[str, Sequence[str]]]) -> tuple[list[Need], list[Need]]:
    """What pyproject.toml's table [project] always needs, and what its extras need."""
    extras = itertools.chain.from_iterable(project["optional-dependencies"].values())
    return [need(each) for each in project["dependencies"]], [need(each) for each in extras]


def need(requirement: str | Requirement) -> Need:
    parsed = Requirement(str(requirement))
    return Need(canonicalize_name(parsed.name), frozenset(parsed.extras))


def graph(parts: Mapping[str, Component]) -> Iterator[tuple[Component, list[Need]]]:
    """Each component with what it needs of the others, without extras of its own."""
    for name, part in parts.items():
        yield part, [each for each in needs_of_package(Need(name)) if each.name in parts]


def reachable(needs: Iterable[Need]) -> set[str]:
    """The names of these and of all that they need in turn."""
    seen: set[Need] = set()
    waiting = list(needs)
    while waiting:
        if (each := waiting.pop()) not in seen:
            seen.add(each)
            waiting += needs_of_package(each)
    return {each.name for each in seen}


def needs_of_package(package: Need) -> list[Need]:
    """As its metadata says; nothing for one that is not installed."""
    try:
        said = importlib.metadata.requires(package.name) or ()
    except importlib.metadata.PackageNotFoundError:
        return []
    requirements = map(Requirement, said)
    return sorted({need(each) for each in requirements if applies(each, package.extras)})


def applies(requirement: Requirement, extras: Iterable[str]) -> bool:
    if requirement.marker is None:
        return True
    return any(
        requirement.marker.evaluate({**system, "extra": extra})
        for system in SYSTEMS
        for extra in ("", *extras)
    )
