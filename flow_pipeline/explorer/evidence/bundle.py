"""Making a bundle: every file from the copies that the case keeps, then a ZIP that is the same each time."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from flow_pipeline import __version__
from flow_pipeline.explorer.evidence import tables
from flow_pipeline.explorer.evidence.dossier import Dossier, dossier
from flow_pipeline.explorer.evidence.filing import filing
from flow_pipeline.explorer.evidence.narrative import narrative_of
from flow_pipeline.explorer.evidence.pictures import Picture, pictures
from flow_pipeline.explorer.markup import as_html
from flow_pipeline.explorer.store.changing import tell
from flow_pipeline.explorer.store.copies import KINDS
from flow_pipeline.explorer.store.opening import Store
from flow_pipeline.questions.rows import jsonable
from flow_pipeline.reports.exports import write_whole
from flow_pipeline.reports.page import in_words

FORMAT = "netraflow evidence 1"
MANIFEST = "manifest.json"
COPIES = {kind: f"copies/{kind}.json" for kind in KINDS}
"""The file of each kind of copy."""
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The time of every entry: a bundle is the same whenever it is made."""
_ROWS = 200
"""Transfers of a finding on the page; the table beside it has all."""
_CASE = (
    "id", "title", "status", "priority", "assignee", "verdict", "reason", "created_by", "created_at", "closed_by",
    "closed_at", "changed_at", "version", "merged",
)  # fmt: skip


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
    files = {name: text.encode() for name, text in derived(told).items()}
    files |= {COPIES[kind]: _json(rows) for kind, rows in _copies(told).items()}
    files["narrative.md"] = narrative_of(told).encode()
    files["report.json"] = _json(filing(told))
    files["notes.md"] = _notes(told).encode()
    files["timeline.csv"] = tables.timeline_csv(told).encode()
    for one in drawn:
        if not one.failure:
            files[f"graphs/{one.name}.svg"], files[f"graphs/{one.name}.png"] = one.svg.encode(), one.png
    files["index.html"] = _page(told, drawn).encode()
    files[MANIFEST] = _json(_manifest(told, files))
    return files


def derived(told: Dossier) -> dict[str, str]:
    """Files that say again what the copies say: whoever checks a bundle makes them anew."""
    statements = {f"findings/{one['finding_id']}.sql": one["evidence_sql"] + "\n" for one in told.findings}
    return {
        "transfers.csv": tables.transfers_csv(told),
        "addresses.csv": tables.addresses_csv(told),
        "findings.json": _json(
            [{k: v for k, v in one.items() if k != "evidence_sql"} for one in told.findings]
        ).decode(),
        **statements,
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


def _manifest(told: Dossier, files: Mapping[str, bytes]) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "made_with": {"netraflow": __version__},
        "case": {name: told.case[name] for name in _CASE},
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


def _page(told: Dossier, drawn: list[Picture]) -> str:
    by_name = {one.name: one for one in drawn}
    runs = {copy.key: copy.run for copy in told.copies if copy.kind == "finding"}
    columns = ("ordinal", "block_timestamp", "from_address", "to_address", "amount", "amount_usd", "tx_hash")
    shown = ("chain", "address", "entity", "labels", "has_conflict", "risk", "components")
    reported = filing(told)["fincen_sar"]["SuspiciousActivity"]
    values = {
        "case": told.case,
        "fields": [(name, value) for name, value in reported.items() if isinstance(value, str)],
        "narrative": as_html(narrative_of(told)),
        "alerts": [
            (one["alert_id"], one["severity"], one["rule"], one["block_date"], one["title"])
            for one in told.contents("alert")
        ],
        "findings": [
            {
                **one,
                "run": runs[one["finding_id"]],
                "picture": by_name[f"finding-{one['finding_id']}"],
                "columns": columns,
                "rows": [[_amount(name, row[name]) for name in columns] for row in one["transfers"][:_ROWS]],
                "more": max(len(one["transfers"]) - _ROWS, 0),
            }
            for one in told.findings
        ],
        "address_columns": shown,
        "addresses": tables.address_rows(told, shown),
        "views": [one for one in drawn if one.name.startswith("view-")],
        "notes": [{**note, "html": as_html(note["body"])} for note in told.case["notes"]],
        "timeline": [
            (event["made_at"], event["author"], event["case_id"], event["act"], event["detail"] or None)
            for event in told.timeline
        ],
        "runs": [
            {
                **run,
                "label_rows": [
                    (one["label_set"], one["labels"], one["sources"], one["content_hash"]) for one in run["label_sets"]
                ],
                "detector_rows": [
                    (one["typology"], one["detector_version"], f"{one['rule_set']} {one['rule_set_hash']}")
                    for one in run["detectors"]
                ],
            }
            for run in told.runs
        ],
    }
    return _environment().get_template("bundle.html.j2").render(values)


def _amount(name: str, value: Any) -> Any:
    if value is None or name not in ("amount", "amount_usd", "block_timestamp"):
        return value
    return str(value).replace("T", " ") if name == "block_timestamp" else in_words(float(value))


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader(__package__ or ""),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    made.filters |= {"show": in_words, "base64": lambda text: base64.b64encode(text.encode()).decode()}
    return made


def _json(value: Any) -> bytes:
    text = json.dumps(value, default=jsonable, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return f"{text}\n".encode()
