"""Whether the files of a bundle say one thing: what follows from copies and people's words is made again.

What lives here: the bundle against itself. What must not: asking a published file, which is `verify`.
"""

from __future__ import annotations

import json
from typing import Any

from jinja2 import TemplateError

from flow_pipeline import __version__
from flow_pipeline.domain.errors import UsageError
from flow_pipeline.domain.text import harmless
from flow_pipeline.explorer.evidence.archive import Archive
from flow_pipeline.explorer.evidence.bundle import CASE, COPIES, MANIFEST, as_json, derived, manifest
from flow_pipeline.explorer.evidence.dossier import Dossier
from flow_pipeline.explorer.evidence.narrative import narrative_of
from flow_pipeline.explorer.evidence.pictures import drawn_again, kept
from flow_pipeline.explorer.evidence.written import FACTS

_MOST_WORDS = 1_000_000
"""Letters of narrative and notes together, ten of the longest (`explorer.max_text`): a million take seconds and half a
gigabyte to become a page."""


def contradictions(archive: Archive, told: Dossier, undrawn: dict[str, str]) -> tuple[int, list[str]]:
    """How many files were made again, and which files and fields say something else.

    Args:
        archive: The bundle, with the hashes of its manifest.
        told: The case as its copies and `case.json` have it.
        undrawn: Why pictures were not drawn, by name.

    Raises:
        LookupError, TypeError, ValueError, AttributeError, ArithmeticError: the copies lack what a bundle's have.
    """
    words = len(narrative_of(told)) + sum(len(note["body"]) for note in told.case["notes"])
    if words > _MOST_WORDS:
        return 0, [f"narrative and notes have {words:,} letters, and no more than {_MOST_WORDS:,} are made a page"]
    drawn = kept(told, archive.files, undrawn)
    try:
        expected = derived(told, drawn)
    except TemplateError as error:
        raise ValueError("the page can not be made") from error
    missing = [f"there is no picture {one.name}" for one in drawn if not one.failure and not (one.svg and one.png)]
    pictures = {f"graphs/{one.name}.{end}" for one in drawn if not one.failure for end in ("svg", "png")}
    try:
        expected |= drawn_again(told, {one.name for one in drawn if not one.failure})
    except (UsageError, ValueError) as error:
        missing.append(f"a saved view has a picture and can not be drawn: {harmless(str(error), 200)}")
    wrong = [name for name in sorted(expected) if archive.files.get(name) != expected[name]]
    beyond = sorted(set(archive.files) - set(expected) - pictures - set(COPIES.values()) - {MANIFEST})
    found = [f"{name} does not say what the copies say{_of_another(archive)}" for name in wrong]
    found += [f"{name} does not say what the copies say: it follows from none" for name in beyond]
    return len(expected), found + missing + _of_manifest(archive, told)


def by_hash_alone(archive: Archive, told: Dossier) -> list[str]:
    """Files and fields that follow from nothing else, so that their hash alone speaks for them."""
    facts = [f"case.{name}" for name in FACTS]
    narrative = ["narrative"] if told.case["narrative"] else []
    found = [f"{CASE}: {', '.join((*facts, *narrative, 'notes', 'timeline', 'undrawn'))}", f"{MANIFEST}: made_with"]
    found += [f"{name}: added_by, added_at" for name in sorted(COPIES.values()) if name in archive.files]
    if COPIES["view"] in archive.files:
        found.append(f"{COPIES['view']}: content")
    views = {f"graphs/view-{one['id']}.svg" for one in told.contents("view")}
    return found + [name for name in sorted(archive.files) if name.startswith("graphs/") and name not in views]


def _of_manifest(archive: Archive, told: Dossier) -> list[str]:
    """Fields of the manifest that do not follow from the other files; the program that made it is its own word."""
    others = {name: content for name, content in archive.files.items() if name != MANIFEST}
    expected = _flat(json.loads(as_json(manifest(told, others))))
    found = _flat(archive.manifest)
    names = {name for name in {*expected, *found} if expected.get(name) != found.get(name)} - {"made_with"}
    wrong = [f"{MANIFEST}: {harmless(name, 120)} is not what the other files say" for name in sorted(names)]
    if archive.files[MANIFEST] != as_json(archive.manifest):
        wrong.append(f"{MANIFEST} is not written as a bundle has it")
    return wrong


def _flat(manifest: dict[str, Any]) -> dict[str, Any]:
    """Fields of the manifest, those of the case each on its own."""
    case = manifest.get("case")
    named = {f"case.{name}": value for name, value in case.items()} if isinstance(case, dict) else {"case": case}
    return {**{name: value for name, value in manifest.items() if name != "case"}, **named}


def _of_another(archive: Archive) -> str:
    """What to think of where another version made the bundle, which may have written it in other words."""
    made = archive.manifest.get("made_with")
    version = made.get("netraflow") if isinstance(made, dict) else None
    if version == __version__:
        return ""
    return f" in the words of netraflow {__version__}; ask netraflow {harmless(str(version), 60)}, which made it"
