"""The folder described for others' programs: ``ro-crate-metadata.json``, from the manifest and the files.

It is an RO-Crate 1.3 (https://w3id.org/ro/crate/1.3) with one action, after the profile Process Run Crate 0.6
(https://w3id.org/ro/wfrun/process/0.6). Both addresses are names; nothing is fetched. What is not known is
left out: who ran it, and under which licence its results are.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any
from urllib.parse import quote

from conf.received import read_json
from experiments.results.partial import write_whole

CRATE, MANIFEST, DICTIONARY = "ro-crate-metadata.json", "manifest.json", "data_dictionary.csv"
SPECIFICATION = "https://w3id.org/ro/crate/1.3"
PROFILE = "https://w3id.org/ro/wfrun/process/0.6"
SOFTWARE, LICENCE = "#lrrc-sim", "#licence"
APACHE = "https://spdx.org/licenses/Apache-2.0"
LEDGER = "ledger"
MOST_FILES = 10_000
CHUNK_BYTES = 2**20

Entity = dict[str, Any]


def write_crate(folder: Path, ledger: bool) -> None:
    """Describe a folder that a run has just written; ``ledger``: whether its final place has a ledger too."""
    manifest = read_json(folder / MANIFEST) or {}
    digests = {name: table["file_sha256"] for name, table in manifest["tables"].items()}
    (folder / CRATE).write_bytes(content(crate(folder, manifest, ledger, digests)))


def renew(folder: Path) -> None:
    """Describe a run's folder again, after a command has added files to it; what people added stays.

    What is in it may have been received from somebody: nothing of it is followed or trusted. Raises OSError
    where nothing can be written.
    """
    manifest = read_json(folder / MANIFEST) or {}
    if not isinstance(manifest.get("experiment"), str):
        return
    ledger = (folder / LEDGER).is_dir() and not (folder / LEDGER).is_symlink()
    now = crate(folder, manifest, ledger, {})
    before = None if (folder / CRATE).is_symlink() else read_json(folder / CRATE)
    now["@graph"] = _with_additions(now["@graph"], _list((before or {}).get("@graph")))
    write_whole(folder / CRATE, content(now))


def _with_additions(now: list[Entity], before: list[Any]) -> list[Entity]:
    """Return the entities with what people have added to them: authors, a licence, entities of their own."""
    there = {entity["@id"]: entity for entity in now}
    more = []
    for entity in before:
        if not isinstance(entity, dict) or not isinstance(name := entity.get("@id"), str):
            continue
        if name in there:
            own = there[name]
            own.update({key: value for key, value in entity.items() if key not in own})
            if name == "./" and entity.get("license"):
                own["license"] = entity["license"]
        elif entity.get("@type") not in ("File", "Dataset"):  # these are as they are now
            more.append(entity)
    return [*now, *more]


def content(described: Mapping[str, Any]) -> bytes:
    """Return the text of the file."""
    return (json.dumps(described, indent=2, ensure_ascii=False) + "\n").encode("utf-8", "replace")


def crate(
    folder: Path, manifest: Mapping[str, Any], ledger: bool, digests: Mapping[str, str]
) -> dict[str, Any]:
    """Return the metadata of a folder; ``digests``: the SHA-256 of files that need not be read for it."""
    from analysis.words.files import about

    places = list(_places(folder))
    files, used, made = [], [], []
    for place in places:
        said = about(place)
        files.append(
            {
                "@id": quote(place),
                "@type": "File",
                "name": place,
                "description": said.description,
                "encodingFormat": said.media_type,
                "contentSize": str((folder / place).stat().st_size),
                "sha256": digests.get(place) or _digest(folder / place),
            }
        )
        if place == "config.yaml" or place.startswith("inputs/"):
            used.append({"@id": quote(place)})
        elif not said.later:
            made.append({"@id": quote(place)})
    parts = [{"@id": file["@id"]} for file in files]
    if ledger:
        files.append(
            {
                "@id": f"{LEDGER}/",
                "@type": "Dataset",
                "name": LEDGER,
                "description": "The finished work of the run: an entry for each task",
            }
        )
        parts.append({"@id": f"{LEDGER}/"})
    action = _action(folder, manifest, used, made)
    root = {
        "@id": "./",
        "@type": "Dataset",
        "name": action["name"],
        "description": _description(manifest),
        "datePublished": manifest.get("finished_utc"),
        "license": {"@id": LICENCE},
        "conformsTo": {"@id": PROFILE},
        "hasPart": parts,
        "mentions": {"@id": action["@id"]},
    }
    descriptor = {
        "@id": CRATE,
        "@type": "CreativeWork",
        "about": {"@id": "./"},
        "conformsTo": {"@id": SPECIFICATION},
    }
    graph = [descriptor, root, action, *_software(manifest), *_context(), *_settings(manifest), *files]
    return {"@context": f"{SPECIFICATION}/context", "@graph": graph}


def _places(folder: Path) -> Iterator[str]:
    """Yield the places of the files of a folder, sorted; no link, no hidden file and nothing of a ledger."""
    found = []
    for above, folders, names in os.walk(folder):
        at = Path(above)
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".")
            and not (at / name).is_symlink()
            and not (at == folder and name == LEDGER)
        )
        for name in names:
            path = at / name
            if name.startswith(".") or path.is_symlink() or (at == folder and name == CRATE):
                continue
            if path.is_file():
                found.append(path.relative_to(folder).as_posix())
        if len(found) > MOST_FILES:
            break
    yield from sorted(found)[:MOST_FILES]


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def _action(folder: Path, manifest: Mapping[str, Any], used: list[Entity], made: list[Entity]) -> Entity:
    experiment = str(manifest.get("experiment", "run"))
    policies = ", ".join(map(str, _list(manifest.get("policies"))))
    # The manifest has the times of the run, so that no two have the same.
    name = hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest()[:32]
    settings = [{"@id": f"#{key}"} for key in _numbers(manifest)]
    return {
        "@id": f"#run-{name}",
        "@type": "CreateAction",
        "name": f"lrrc {experiment}" + (f": {policies}" if policies else ""),
        "description": str(manifest.get("command", "")),
        "startTime": manifest.get("started_utc"),
        "endTime": manifest.get("finished_utc"),
        "instrument": {"@id": SOFTWARE},
        "object": [*used, *settings],
        "result": made,
        "actionStatus": "http://schema.org/CompletedActionStatus",
    }


def _description(manifest: Mapping[str, Any]) -> str:
    return (
        "A run of lrrc-sim, a simulation of local recurrence of rectal cancer, made by: "
        f"{manifest.get('command', 'an unknown command')}. A model for research and teaching, not advice for "
        "a patient."
    )


def _software(manifest: Mapping[str, Any]) -> list[Entity]:
    """Return the program, and what it ran on."""
    code = _mapping(manifest.get("code"))
    packages = {"Python": manifest.get("python"), **_mapping(manifest.get("packages"))}
    known = [("commit", code.get("commit")), ("sources_sha256", code.get("sources_sha256"))]
    identifiers: list[Entity] = [
        {"@id": f"#code-{name}", "@type": "PropertyValue", "name": name, "value": value}
        for name, value in known
        if isinstance(value, str)
    ]
    program = {
        "@id": SOFTWARE,
        "@type": "SoftwareApplication",
        "name": "lrrc-sim",
        "description": "Discrete-event simulation of local recurrence of rectal cancer",
        "version": str(code.get("version", "unknown")),
        **_address(),
        "license": {"@id": APACHE},
        "identifier": [{"@id": value["@id"]} for value in identifiers],
        "softwareRequirements": [f"{name} {version}" for name, version in packages.items()],
    }
    return [program, *identifiers]


def _address() -> Entity:
    """Return where the program is published: what its package says, which may be nothing."""
    for line in metadata.metadata("lrrc-sim").get_all("Project-URL") or []:
        return {"url": line.partition(",")[2].strip()}
    return {}


def _context() -> list[Entity]:
    return [
        {
            "@id": PROFILE,
            "@type": ["CreativeWork", "Profile"],
            "name": "Process Run Crate",
            "version": "0.6",
        },
        {
            "@id": LICENCE,
            "@type": "CreativeWork",
            "name": "No licence stated",
            "description": "Who made the run has stated no licence for its results.",
        },
        {
            "@id": APACHE,
            "@type": "CreativeWork",
            "name": "Apache License 2.0",
            "description": "The licence of lrrc-sim",
        },
    ]


def _settings(manifest: Mapping[str, Any]) -> list[Entity]:
    return [
        {"@id": f"#{key}", "@type": "PropertyValue", "name": key, "value": value}
        for key, value in _numbers(manifest).items()
    ]


def _numbers(manifest: Mapping[str, Any]) -> dict[str, int]:
    known = ((key, manifest.get(key)) for key in ("patients", "seed", "replication"))
    return {key: value for key, value in known if isinstance(value, int)}


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
