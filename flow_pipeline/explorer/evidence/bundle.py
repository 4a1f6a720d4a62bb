"""Making a bundle: every file from the copies that the case keeps, then a ZIP that is the same each time."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flow_pipeline import __version__
from flow_pipeline.explorer.evidence import tables
from flow_pipeline.explorer.evidence.dossier import Dossier, dossier
from flow_pipeline.explorer.evidence.filing import filing
from flow_pipeline.explorer.evidence.narrative import narrative_of
from flow_pipeline.explorer.evidence.page import page
from flow_pipeline.explorer.evidence.pictures import Picture, pictures
from flow_pipeline.explorer.evidence.written import FACTS, written
from flow_pipeline.explorer.store.changing import tell
from flow_pipeline.explorer.store.copies import KINDS
from flow_pipeline.explorer.store.opening import Store
from flow_pipeline.questions.rows import jsonable
from flow_pipeline.reports.exports import write_whole

FORMAT = "netraflow evidence 1"
MANIFEST = "manifest.json"
CASE = "case.json"
"""What people wrote, and nothing else in the bundle can tell."""
COPIES = {kind: f"copies/{kind}.json" for kind in KINDS}
"""The file of each kind of copy."""
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The time of every entry: a bundle is the same whenever it is made."""


def write_bundle(store: Store, case_id: int, author: str, out: Path | None = None) -> Path:
    """Write the bundle of a case to a file, and its hash into the timeline; the file.

    Args:
        store: Where the case is.
        case_id: The case.
        author: Who makes it.
        out: The file; else `case-ID.zip` in the working directory.

    Raises:
        NotThere: there is no such case.
    """
    content = bundle(store, case_id, author)

    def write(path: Path) -> None:
        path.write_bytes(content)

    return write_whole(out or Path(f"case-{case_id}.zip"), write)


def bundle(store: Store, case_id: int, author: str) -> bytes:
    """The bundle of a case as the bytes of a ZIP; its hash goes into the timeline.

    Raises:
        NotThere: there is no such case.
    """
    told = dossier(store, case_id)
    content = zipped(files_of(told, store))
    mark = hashlib.sha256(content).hexdigest()
    with store.session() as session:
        tell(session, case_id, author, "bundled", sha256=mark, version=told.case["version"])
    return content


def files_of(told: Dossier, store: Store) -> dict[str, bytes]:
    """Every file of a bundle by its name, the manifest last."""
    drawn = pictures(told, store.settings)
    files = {COPIES[kind]: as_json(rows) for kind, rows in _copies(told).items()}
    for one in drawn:
        if not one.failure:
            files[f"graphs/{one.name}.svg"], files[f"graphs/{one.name}.png"] = one.svg.encode(), one.png
    files |= derived(told, drawn)
    files[MANIFEST] = as_json(manifest(told, files))
    return files


def derived(told: Dossier, drawn: list[Picture]) -> dict[str, bytes]:
    """Files that say again what copies, people and pictures say: whoever checks a bundle makes them anew."""
    findings = [{name: value for name, value in one.items() if name != "evidence_sql"} for one in told.findings]
    texts = {
        "transfers.csv": tables.transfers_csv(told),
        "addresses.csv": tables.addresses_csv(told),
        "timeline.csv": tables.timeline_csv(told),
        "narrative.md": narrative_of(told),
        "notes.md": _notes(told),
        "index.html": page(told, drawn),
        **{f"findings/{one['finding_id']}.sql": one["evidence_sql"] + "\n" for one in told.findings},
    }
    return {
        CASE: as_json(written(told, drawn)),
        "findings.json": as_json(findings),
        "report.json": as_json(filing(told)),
        **{name: text.encode() for name, text in texts.items()},
    }


def zipped(files: Mapping[str, bytes]) -> bytes:
    """Files as a ZIP whose bytes follow from theirs alone."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in sorted(files.items()):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type, entry.external_attr, entry.create_system = zipfile.ZIP_DEFLATED, 0o100644 << 16, 3
            archive.writestr(entry, content)
    return buffer.getvalue()


def _copies(told: Dossier) -> dict[str, list[dict[str, Any]]]:
    added = {(item["kind"], item["key"]): item for item in told.case["items"]}
    found: dict[str, list[dict[str, Any]]] = {}
    for copy in told.copies:
        item = added[copy.kind, copy.key]
        found.setdefault(copy.kind, []).append(
            {
                "key": copy.key,
                "run": copy.run,
                "sha256": copy.sha256,
                "added_by": item["added_by"],
                "added_at": item["added_at"],
                "content": json.loads(copy.content),
            }
        )
    return found


def manifest(told: Dossier, files: Mapping[str, bytes]) -> dict[str, Any]:
    """What the bundle is: the case, what its copies rest on, every other file with hash and size."""
    return {
        "format": FORMAT,
        "made_with": {"netraflow": __version__},
        "case": {name: told.case[name] for name in FACTS},
        "runs": [{name: value for name, value in run.items() if name != "tables"} for run in told.runs],
        "files": {
            name: {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
            for name, content in sorted(files.items())
        },
    }


def _notes(told: Dossier) -> str:
    return "\n".join(
        f"# {note['author']}, {note['made_at'].isoformat(' ', 'seconds')} UTC\n\n{note['body']}\n"
        for note in told.case["notes"]
    )


def as_json(value: Any) -> bytes:
    """JSON as every file of a bundle has it: in one form, for people too."""
    text = json.dumps(value, default=jsonable, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return f"{text}\n".encode()
