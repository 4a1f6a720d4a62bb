"""Evidence bundles: the same bytes each time, proved against a published file, and every tampering told by name."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import shutil
import struct
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from flow_pipeline.alerts.ledger import listed
from flow_pipeline.domain.errors import NotThere, UsageError
from flow_pipeline.domain.text import harmless
from flow_pipeline.explorer.evidence import bundle as bundles
from flow_pipeline.explorer.evidence.bundle import MANIFEST, as_json, bundle, write_bundle, zipped
from flow_pipeline.explorer.evidence.dossier import dossier
from flow_pipeline.explorer.evidence.filing import filing
from flow_pipeline.explorer.evidence.narrative import draft
from flow_pipeline.explorer.evidence.pictures import kept
from flow_pipeline.explorer.evidence.verify import Verification, verify_bundle
from flow_pipeline.explorer.evidence.written import read_back
from flow_pipeline.explorer.store import asking, cases, closing, copies, views
from flow_pipeline.explorer.store.opening import Store, open_store
from flow_pipeline.settings import Settings
from flow_pipeline.warehouse.publish import published_run
from tests import casefiles
from tests.casefiles import DESK, HOARD, HOSTILE, THIEF, alerts
from tests.conftest import build, transfer, write_csv
from tests.worlds import at, browse, command

VIEW = {
    "version": 1,
    "chain": "ethereum",
    "run": "a run",
    "nodes": [
        {"address": THIEF, "x": 0, "y": 0, "note": "</svg><script>alert(1)</script>"},
        {"address": DESK, "entity": "Harbour", "category": "exchange", "x": 200, "y": 50},
    ],
    "edges": [{"source": 0, "target": 1, "transfers": 3, "usd": "12.5"}],
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A world, and a case in it about everything there is."""
    folder = tmp_path_factory.mktemp("evidence")
    data = casefiles.build_world(folder)
    settings = casefiles.copied(data, folder / "with a case")
    with open_store(settings) as store, copies.open_for_copies(settings) as published:
        case_id = cases.open_case(store, "mira", alerts(settings, "finding"), "The <b>hoard</b>", published=published)
        view_id, _ = views.save(store, "mira", "From thief to desk", VIEW)
        cases.add(store, case_id, "mira", "view", [view_id])
        cases.add(store, case_id, "mira", "entity", ["Lantern"], published)
        cases.add_note(store, case_id, "mira", "# Seen\n\n<script>alert(1)</script> ![x](http://evil.example/x.png)")
    return settings.data_dir


@pytest.fixture
def desk(world: Path, tmp_path: Path) -> Settings:
    return casefiles.copied(world, tmp_path / "desk")


@pytest.fixture
def store(desk: Settings) -> Iterator[Store]:
    with open_store(desk) as opened:
        yield opened


@pytest.fixture(scope="module")
def file(world: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundle")
    with open_store(casefiles.copied(world, folder / "data")) as opened:
        return write_bundle(opened, 1, "mira", folder / "case.zip")


def unpacked(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rows_of(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode())))


def said(found: Verification) -> str:
    return "\n".join(f"{check.name}: {text}" for check in found.checks for text in check.differences)


# ------------------------------------------------------------------------------------------------ made


def test_the_same_case_gives_the_same_bytes_without_a_warehouse(store: Store, desk: Settings, file: Path) -> None:
    shutil.rmtree(desk.data_dir / "published")
    shutil.rmtree(desk.data_dir / "alerts")
    assert bundle(store, 1, "ben") == bundle(store, 1, "mira") == file.read_bytes()
    last = asking.shown(store, 1)["timeline"][-1]
    assert (last["act"], last["detail"]["sha256"]) == ("bundled", hashlib.sha256(file.read_bytes()).hexdigest())
    cases.add_note(store, 1, "mira", "one more")
    assert bundle(store, 1, "mira") != file.read_bytes()
    with pytest.raises(NotThere):
        bundle(store, 99, "mira")


def test_a_bundle_has_all_that_is_asked_for(file: Path, store: Store, world: Path) -> None:
    files = unpacked(file)
    findings = [copy.key for copy in asking.copies_of(store, 1) if copy.kind == "finding"]
    assert len(findings) == 3
    drawn = [*(f"finding-{one}" for one in findings), f"view-{json.loads(files['copies/view.json'])[0]['key']}"]
    assert set(files) == {
        "index.html", MANIFEST, "narrative.md", "report.json", "transfers.csv", "addresses.csv", "findings.json",
        "case.json", "notes.md", "timeline.csv", *(f"copies/{kind}.json" for kind in copies.KINDS),
        *(f"findings/{one}.sql" for one in findings),
        *(f"graphs/{name}.{end}" for name in drawn for end in ("svg", "png")),
    }  # fmt: skip
    manifest = json.loads(files[MANIFEST])
    assert {name: entry["sha256"] for name, entry in manifest["files"].items()} == {
        name: hashlib.sha256(content).hexdigest() for name, content in files.items() if name != MANIFEST
    }
    (run,) = manifest["runs"]
    assert (run["run_id"], run["netraflow"]) == (published_run(store.settings), manifest["made_with"]["netraflow"])
    assert run["duckdb"] == f"v{duckdb.__version__}"
    assert {"l.csv"} < {one["label_set"] for one in run["label_sets"]}
    assert all(one["content_hash"] for one in run["label_sets"])
    assert {one["typology"] for one in run["detectors"]} >= {"fan_in", "rapid_chain"}
    assert run["settings"]["labels"] == ["l.csv"]
    assert run["settings"]["typologies.fan_in.amount_by_token.ETH"] == 50
    for name, content in files.items():
        assert str(world.parent).encode() not in content, name
        if name.endswith(".png"):
            assert content.startswith(b"\x89PNG"), name


def test_a_spreadsheet_runs_nothing_and_nothing_is_lost(file: Path) -> None:
    files = unpacked(file)
    tokens = {row["token_symbol"] for row in rows_of(files["transfers.csv"])}
    assert tokens == {"ETH", f"'{HOSTILE}"}
    for name in ("transfers.csv", "addresses.csv", "timeline.csv"):
        for row in csv.reader(io.StringIO(files[name].decode())):
            assert not [cell for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r"))], name
    rows = rows_of(files["transfers.csv"])
    assert len(rows) == 3 + 6 + 6
    assert {row["source_file"] for row in rows} == {"t.csv"}
    (hoard,) = [row for row in rows_of(files["addresses.csv"]) if row["address"] == HOARD]
    assert (hoard["entity"], hoard["has_conflict"], hoard["sources"]) == ("Lantern", "yes", "one list; another list")
    assert hoard["labels"] == "Lantern (exploit, 0.9); Lamp (other, 0.4)"
    assert hoard["roles"] == "focus"


def test_the_narrative_answers_every_question_and_a_person_edits_it(store: Store) -> None:
    text = draft(dossier(store, 1))
    parts = dict(part.split("\n", 1) for part in text.split("\n## ")[1:])
    assert list(parts) == ["Who", "What", "When", "Where", "How", "Why it is suspicious", "What would clear it"]
    assert "Lantern (exploit, confidence 0.9) by one list" in parts["Who"]
    assert "contradict each other" in parts["Who"]
    assert "898 ETH went through 3 transfers" in parts["What"]
    assert "From 2025-05-01 00:00:00 to 2025-05-02" in parts["When"]
    assert "ethereum" in parts["Where"]
    assert "Harbour (exchange)" in parts["Where"]
    assert f"1. 2025-05-01 00:00:00: 900.00 ETH from `{THIEF}`" in parts["How"]
    assert len(parts["Why it is suspicious"]) > 100
    assert "evidence that the addresses belong to one owner" in parts["What would clear it"]
    assert all(len(line) <= 120 for line in text.splitlines() if "|" not in line)
    cases.edit(store, 1, "mira", {"narrative": "What I think.\n\n* one\n* two <i>"})
    files = bundles.files_of(dossier(store, 1), store)
    assert files["narrative.md"].decode() == "What I think.\n\n* one\n* two <i>"
    assert json.loads(files["report.json"])["fincen_sar"]["ActivityNarrativeInformation"] == [
        {"ActivityNarrativeSequenceNumber": 1, "ActivityNarrativeText": "What I think. one two <i>"}
    ]
    assert b"<li>two &lt;i&gt;</li>" in files["index.html"]


def test_fields_are_named_as_a_report_asks_for_them(store: Store) -> None:
    closing.close(store, 1, "mira", "true", "a thief")
    fields = filing(dossier(store, 1))
    activity = fields["fincen_sar"]["SuspiciousActivity"]
    assert activity["SuspiciousActivityFromDateText"] == "20250501"
    assert activity["SuspiciousActivityToDateText"] == "20250502"
    assert (activity["TotalSuspiciousAmountText"], activity["AmountUnknownIndicator"]) == (None, "Y")
    assert activity["SuspiciousActivityClassification"] == [
        {"OtherSuspiciousActivityTypeText": "fan_in"},
        {"OtherSuspiciousActivityTypeText": "rapid_chain"},
    ]
    assert {one["AccountNumberText"] for one in fields["fincen_sar"]["Subject"]} == {THIEF, HOARD}
    for piece in fields["fincen_sar"]["ActivityNarrativeInformation"]:
        assert 0 < len(piece["ActivityNarrativeText"]) <= 4_000
        assert piece["ActivityNarrativeText"].isprintable()
    goaml = fields["goaml"]
    assert (goaml["report_code"], goaml["report_indicators"]) == ("STR", ["fan_in", "rapid_chain"])
    assert goaml["action"] == "closed as true: a thief"


def test_what_moved_is_counted_once_and_unknown_is_not_zero(store: Store) -> None:
    told = dossier(store, 1)
    assert told.moved_usd() is None
    one, *others = told.findings
    shared = {**one, "moved_usd": "100.5"}
    also = {**one, "finding_id": "x", "moved_usd": "70"}
    apart = {**others[0], "moved_usd": "3"}
    told.__dict__["findings"] = [shared, also, apart]
    assert str(told.moved_usd()) == "103.5"


def test_the_page_opens_offline_and_runs_nothing(file: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(file) as archive:
        archive.extractall(tmp_path / "open")
    page, log, asked = browse(f"file://{tmp_path / 'open' / 'index.html'}", tmp_path)
    assert "CONSOLE" not in log
    assert asked == []
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "The &lt;b&gt;hoard&lt;/b&gt;" in page
    assert "<img" in page
    assert 'src="http' not in page
    assert "@media print" in page
    assert page.count("<figure>") == 4
    assert "could not be drawn" not in page
    assert "=cmd|" in page


def test_a_picture_that_can_not_be_drawn_is_named_and_the_rest_is_there(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    view_id, _ = views.save(store, "mira", "Not a graph", {"nodes": "none"})
    cases.add(store, 1, "mira", "view", [view_id])
    monkeypatch.setattr("flow_pipeline.explorer.evidence.pictures.transfers_graph", lambda *given: 1 / 0)
    files = bundles.files_of(dossier(store, 1), store)
    assert [name for name in files if name.startswith("graphs/finding")] == []
    assert len([name for name in files if name.startswith("graphs/view")]) == 2
    page = files["index.html"].decode()
    assert page.count("could not be drawn") == 4
    assert "its state is no graph" in page


@pytest.mark.parametrize("refusal", [UsageError("the picture is too large", "hide"), ValueError("is no place")])
def test_a_view_that_drawing_refuses_is_named_and_the_bundle_is_proved(
    refusal: Exception, store: Store, desk: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(view: object, seconds: float) -> bytes:
        raise refusal

    monkeypatch.setattr("flow_pipeline.explorer.graphs.paint", refuse)
    path = write_bundle(store, 1, "mira", tmp_path / "case.zip")
    files = unpacked(path)
    assert [name for name in files if name.startswith("graphs/view")] == []
    assert len([name for name in files if name.startswith("graphs/finding")]) == 6
    assert f"could not be drawn ({refusal})" in files["index.html"].decode()
    found = verify_bundle(desk, path)
    assert said(found) == ""
    assert found.is_proved


# ------------------------------------------------------------------------------------------------ proved


def test_a_bundle_is_proved_against_its_own_run(file: Path, desk: Settings) -> None:
    found = verify_bundle(desk, file)
    assert said(found) == ""
    assert found.is_proved
    assert (found.case_id, found.run, found.bundle_runs) == (1, published_run(desk), (published_run(desk),))
    assert {check.name: check.count for check in found.checks} == {
        "files": len(unpacked(file)), "derived": 13, "run": 1, "findings": 3, "transfers": 15, "addresses": 11,
        "entities": 1, "alerts": 3,
    }  # fmt: skip
    assert not [check.changes for check in found.checks if check.changes]


def test_when_its_run_is_gone_it_is_proved_against_another_and_says_which(
    file: Path, desk: Settings, tmp_path: Path
) -> None:
    first = published_run(desk)
    labels = tmp_path / "more.csv"
    write_csv(
        labels, [["ethereum", THIEF, "Somebody", "other", "x", 0.9, "a new list", "2020-01-01", ""]],
        ["chain", "address", "entity", "category", "label", "confidence", "source", "valid_from", "regions"],
    )  # fmt: skip
    write_csv(tmp_path / "more" / "t2.csv", [transfer(99, THIEF, DESK, 1, at=at(200_000))])
    build(desk.with_files(labels=[labels]).with_changes(reports={"each_run": False}), tmp_path / "more")
    second = published_run(desk)
    assert first != second
    assert verify_bundle(desk, file).run == first
    assert verify_bundle(desk, file, second).run == second
    for path in desk.published_dir.glob(f"*{first}*"):
        path.unlink()
    found = verify_bundle(desk, file)
    assert (found.is_proved, found.run, found.bundle_runs) == (True, second, (first,))
    changes = "\n".join(text for check in found.checks for text in check.changes)
    assert f"the copies are of run {first}, the file is of {second}" in changes
    assert f"ethereum:{THIEF}: labels was none, the file has Somebody (other) by a new list" in changes
    with pytest.raises(UsageError, match=f"no published file of run {first}") as refusal:
        verify_bundle(desk, file, first)
    assert str(second) in refusal.value.hint


def test_without_a_published_file_nothing_is_proved(file: Path, settings: Settings) -> None:
    found = verify_bundle(settings, file)
    assert said(found) == ""
    assert (found.is_proved, found.run) == (False, None)


def changed(file: Path, out: Path, change: Callable[[dict[str, bytes]], Any], repairs: bool = True) -> Path:
    """A bundle that somebody changed; `repairs` makes all hashes fit again, as a careful one would."""
    files = unpacked(file)
    change(files)
    if repairs:
        manifest = json.loads(files[MANIFEST])
        manifest["files"] = {
            name: {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
            for name, content in files.items()
            if name != MANIFEST
        }
        files[MANIFEST] = as_json(manifest)
    out.write_bytes(zipped(files))
    return out


def made_again(files: dict[str, bytes]) -> None:
    """Make everything fit the copies and what people wrote, as somebody who has this program can."""
    found = []
    for kind in copies.KINDS:
        rows = json.loads(files[f"copies/{kind}.json"])
        for row in rows:
            copy = copies.Copy(kind, row["key"], row["run"], copies.canonical(row["content"]))
            row["sha256"] = copy.sha256
            found.append(copy)
        files[f"copies/{kind}.json"] = as_json(rows)
    wrote = json.loads(files[bundles.CASE])
    told = read_back(wrote, found)
    for name in [name for name in files if name.startswith("findings/")]:
        del files[name]
    for finding in told.findings:  # a finding under another name keeps some picture
        for end in ("svg", "png"):
            some = next(name for name in files if name.startswith("graphs/finding-") and name.endswith(end))
            files.setdefault(f"graphs/finding-{finding['finding_id']}.{end}", files[some])
    files.update(bundles.derived(told, kept(told, files, wrote["undrawn"])))
    files[MANIFEST] = as_json(bundles.manifest(told, {k: v for k, v in files.items() if k != MANIFEST}))


def in_copies(kind: str, change: Callable[[list[dict[str, Any]]], Any]) -> Callable[[dict[str, bytes]], None]:
    """A change of the copies of a kind after which everything fits again."""

    def apply(files: dict[str, bytes]) -> None:
        rows = json.loads(files[f"copies/{kind}.json"])
        change(rows)
        files[f"copies/{kind}.json"] = as_json(rows)
        made_again(files)

    return apply


def in_json(name: str, change: Callable[[Any], Any]) -> Callable[[dict[str, bytes]], None]:
    """A change of a JSON file, and of nothing else but hashes."""

    def apply(files: dict[str, bytes]) -> None:
        found = json.loads(files[name])
        change(found)
        files[name] = as_json(found)

    return apply


def replaced(name: str, old: bytes, new: bytes) -> Callable[[dict[str, bytes]], None]:
    def apply(files: dict[str, bytes]) -> None:
        assert old in files[name]
        files[name] = files[name].replace(old, new)

    return apply


def put(name: str, content: bytes) -> Callable[[dict[str, bytes]], None]:
    return lambda files: files.update({name: content})


def amount(rows: list[dict[str, Any]]) -> None:
    rows[0]["content"]["transfers"][0]["amount"] = "1.000000000000000000"


def statement(rows: list[dict[str, Any]]) -> None:
    rows[0]["content"]["evidence_sql"] = "copy (select 1) to '/tmp/netraflow-was-here'"


def nobodys(rows: list[dict[str, Any]]) -> None:
    rows[0]["key"] = rows[0]["content"]["finding_id"] = "0123456789abcdef"


EMPTY = {
    "key": "a", "run": None, "sha256": copies.sha256("{}"), "added_by": "x", "added_at": "2025-05-01", "content": {},
}  # fmt: skip
TAMPERED: dict[str, tuple[Callable[[dict[str, bytes]], Any], bool, str]] = {
    "a changed file": (put("narrative.md", b"Nothing happened."), False, "files: narrative.md was changed"),
    "an added file": (put("extra.txt", b"x"), False, "files: extra.txt was added"),
    "a missing file": (lambda files: files.pop("notes.md"), False, "files: notes.md is missing"),
    "no manifest": (lambda files: files.pop(MANIFEST), False, "files: manifest.json is missing"),
    "a manifest that is no JSON": (put(MANIFEST, b"{"), False, "files: manifest.json is no JSON"),
    "a manifest of something else": (put(MANIFEST, b'{"format": "x", "files": {}}'), False, "the format is x"),
    "a deep manifest": (put(MANIFEST, b"[" * 200_000), False, "files: manifest.json is no JSON"),
    "a table": (put("transfers.csv", b"finding_id\n1\n"), True, "derived: transfers.csv does not say what the copies"),
    "a statement beside the copies": (
        put("findings/0.sql", b"select 1"), True, "derived: findings/0.sql does not say what the copies say",
    ),
    "a copy": (
        lambda files: files.update({"copies/alert.json": files["copies/alert.json"].replace(b"HIGH", b"LOW")}),
        True, "copies/alert.json: alert",
    ),
    "an amount of the report": (
        in_json("report.json", lambda report: report["fincen_sar"]["SuspiciousActivity"].update(
            TotalSuspiciousAmountText="1", AmountUnknownIndicator=None)),
        True, "derived: report.json does not say what the copies say",
    ),
    "a number of the page": (replaced("index.html", b"900.00", b"1.00"), True, "derived: index.html does not say"),
    "a drawing of a view": (
        lambda files: files.update({name: b"<svg/>" for name in files if "view" in name and name.endswith("svg")}),
        True, "svg does not say what the copies say",
    ),
    "a picture that is gone": (
        lambda files: files.pop(next(name for name in files if name.startswith("graphs/finding"))),
        True, "derived: there is no picture finding-",
    ),
    "acts": (put("timeline.csv", b"made_at,author,case_id,act,detail\n"), True, "derived: timeline.csv does not say"),
    "the draft": (put("narrative.md", b"Nothing happened."), True, "derived: narrative.md does not say"),
    "a note": (put("notes.md", b""), True, "derived: notes.md does not say"),
    "a file beside": (put("copies/more.json", b"[]"), True, "copies/more.json does not say what the copies say"),
    "settings of a run": (
        in_json(MANIFEST, lambda one: one["runs"][0]["settings"].update(labels=[])), True, "manifest.json: runs is not",
    ),
    "a verdict": (in_json(MANIFEST, lambda one: one["case"].update(verdict="noise")), True, "case.verdict is not"),
    "a title": (in_json(MANIFEST, lambda one: one["case"].update(title="x")), True, "json: case.title is not"),
    "a word beside": (in_json(MANIFEST, lambda one: one.update(signed="yes")), True, "json: signed is not"),
    "a word said twice": (
        replaced(MANIFEST, b'{\n "case"', b'{\n "case": 1,\n "case"'), False, "manifest.json is not written as",
    ),
    "a size": (
        in_json(MANIFEST, lambda one: one["files"]["notes.md"].update(bytes=1)), False, "files: notes.md has ",
    ),
    "a title of people alone": (
        in_json("case.json", lambda one: one["case"].update(title="x")), True, "derived: index.html does not say",
    ),
    "no people": (lambda files: files.pop("case.json"), True, "copies: the copies, or case.json, are not as"),
    "a copy twice": (
        in_json("copies/entity.json", lambda rows: rows.append(rows[0])), True, "entity Lantern is in it twice",
    ),
    "a word beside a copy": (
        in_json("copies/entity.json", lambda rows: rows[0].update(more=1)), True, "entity.json is not as a bundle",
    ),
    "days of a run": (
        in_copies("run", lambda rows: rows[0]["content"].update(window_first="2020-01-01")),
        True, "run: window_first of run",
    ),
    "an amount": (in_copies("finding", amount), True, "transfers: the file has no transfer"),
    "an amount, told by the finding": (in_copies("finding", amount), True, "has other transfers in the file"),
    "a finding nobody made": (
        in_copies("finding", nobodys),
        True, "findings: finding 0123456789abcdef is not in the file",
    ),
    "a figure": (
        in_copies("finding", lambda rows: rows[0]["content"].update(moved_amount="7")),
        True, "moved_amount was 7, the file has",
    ),
    "a label": (
        in_copies("address", lambda rows: rows[0]["content"].update(labels=[])), True, "addresses: ethereum:",
    ),
    "an entity": (
        in_copies("entity", lambda rows: rows[0]["content"].update(labels=[])),
        True, "entities: Lantern: labels was none, the file has Lantern (exploit) by one list",
    ),
    "an alert": (
        in_copies("alert", lambda rows: rows[0]["content"].update(severity="LOW")),
        True, "severity was LOW, the file has",
    ),
    "a label set": (
        in_copies("run", lambda rows: rows[0]["content"].update(label_sets=[])), True, "run: label_sets of run",
    ),
    "a hostile statement": (in_copies("finding", statement), True, "evidence_sql was copy"),
    "copies of nothing": (put("copies/finding.json", b'[{"key": 1}]'), True, "copies/finding.json is not as a bundle"),
    "copies that lack their fields": (
        put("copies/finding.json", as_json([EMPTY])),
        True, "copies: the copies, or case.json, are not as a bundle",
    ),
}  # fmt: skip


@pytest.mark.parametrize("how", TAMPERED)
def test_tampering_is_told_by_name(how: str, file: Path, desk: Settings, tmp_path: Path) -> None:
    change, repairs, told = TAMPERED[how]
    found = verify_bundle(desk, changed(file, tmp_path / "changed.zip", change, repairs))
    assert told in said(found)
    assert not found.is_proved
    assert not Path("/tmp/netraflow-was-here").exists()


def test_a_change_of_what_is_known_only_is_no_proof_against_another_run(
    file: Path, desk: Settings, tmp_path: Path
) -> None:
    """A bundle that claims another run is not held to this one's labels, and to its transfers all the same."""

    def claim(rows: list[dict[str, Any]]) -> None:
        for row in rows:
            row["run"] = "20200101T000000-aaaaaa"

    path = file
    for kind in ("finding", "address", "alert", "run", "entity"):
        path = changed(path, tmp_path / f"{kind}.zip", in_copies(kind, claim))
    assert verify_bundle(desk, path).is_proved
    path = changed(path, tmp_path / "labels.zip", in_copies("address", lambda rows: rows[0]["content"].update(risk=1)))
    found = verify_bundle(desk, path)
    assert found.is_proved
    assert "risk was 1" in "".join(text for check in found.checks for text in check.changes)
    path = changed(path, tmp_path / "amount.zip", in_copies("finding", amount))
    assert not verify_bundle(desk, path).is_proved


def test_what_its_hash_alone_speaks_for_is_named(file: Path, desk: Settings) -> None:
    alone = {check.name: check.by_hash_alone for check in verify_bundle(desk, file).checks if check.by_hash_alone}
    files = unpacked(file)
    own = alone.pop("derived")
    pictures = [name for name in files if name.startswith("graphs/")]
    assert [name for name in own if ":" not in name] == sorted(
        name for name in pictures if name.endswith("png") or "finding-" in name
    )
    named = dict(one.split(": ") for one in own if ":" in one)
    assert named.pop("case.json").split(", ")[:2] == ["case.id", "case.title"]
    assert named.pop("manifest.json") == "made_with"
    assert named.pop("copies/view.json") == "content"
    assert set(named) == {name for name in files if name.startswith("copies/") and "view" not in name}
    (run,) = alone.pop("run")
    assert run == f"copies/run.json: {published_run(desk)}, duckdb, netraflow, settings"
    ((alert),) = alone.pop("alerts")
    assert "explanation" in alert
    assert "severity" not in alert
    assert alone == {}


def test_what_people_wrote_can_be_forged_and_the_timeline_knows_the_file(
    file: Path, desk: Settings, settings: Settings, store: Store, tmp_path: Path
) -> None:
    """A hash alone proves no word: everything fits, and only who asks for the hash of the file sees it."""

    def forge(files: dict[str, bytes]) -> None:
        in_json("case.json", lambda one: one["case"].update(verdict="noise"))(files)
        made_again(files)

    path = changed(file, tmp_path / "forged.zip", forge)
    found = verify_bundle(desk, path)
    assert found.is_proved
    assert (found.sha256, found.told_by) == (hashlib.sha256(path.read_bytes()).hexdigest(), ())
    (tmp_path / "made.zip").write_bytes(bundle(store, 1, "mira"))
    assert verify_bundle(desk, tmp_path / "made.zip").told_by == (1,)
    assert verify_bundle(settings, path).told_by is None
    assert not settings.cases_dir.exists()


def test_a_bundle_of_another_version_that_reads_otherwise_is_sent_there(
    file: Path, desk: Settings, tmp_path: Path
) -> None:
    def change(files: dict[str, bytes]) -> None:
        in_json(MANIFEST, lambda one: one["made_with"].update(netraflow="0.0.7"))(files)
        files["index.html"] += b" "

    found = verify_bundle(desk, changed(file, tmp_path / "older.zip", change))
    assert not found.is_proved
    assert "ask netraflow 0.0.7, which made it" in said(found)


@pytest.mark.parametrize(
    "name",
    ["../evil.txt", "/etc/passwd", "a/../../b", "C:\\evil", "a//b", "deep/er/than", ".hidden", "b\x07ell", "ü.txt"],
)
def test_names_that_lead_elsewhere_are_refused_by_name(name: str, file: Path, desk: Settings, tmp_path: Path) -> None:
    path = changed(file, tmp_path / "names.zip", put("plain.txt", b"x"), False)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(zipfile.ZipInfo(name), b"x")
    found = verify_bundle(desk, path)
    assert "is no name of a file of a bundle" in said(found)
    assert repr(harmless(name)) in said(found)
    assert not (tmp_path.parent / "evil.txt").exists()


def test_an_entry_that_is_there_twice_is_refused(file: Path, desk: Settings, tmp_path: Path) -> None:
    path = tmp_path / "twice.zip"
    path.write_bytes(file.read_bytes())
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("narrative.md", "Nothing happened.")
    assert "narrative.md is in it twice" in said(verify_bundle(desk, path))


def test_a_bomb_is_not_unpacked(file: Path, desk: Settings, tmp_path: Path) -> None:
    small = desk.with_changes(explorer={"max_bundle_bytes": 1_048_576})
    path = changed(file, tmp_path / "bomb.zip", put("zeros.bin", bytes(2_000_000)), False)
    assert path.stat().st_size < 1_000_000
    assert "and 1,048,576 are read" in said(verify_bundle(small, path))
    # one that says it is small
    content = bytearray(path.read_bytes())
    real, told = struct.pack("<L", 2_000_000), struct.pack("<L", 10)
    assert content.count(real) == 2
    path.write_bytes(content.replace(real, told))
    assert "zeros.bin can not be unpacked" in said(verify_bundle(small, path))


@pytest.mark.parametrize("name", [MANIFEST, "copies/finding.json", "case.json"])
@pytest.mark.parametrize("content", [b"[" + b"[]," * 600_000 + b"[]]", b'["' + b"x" * 34_000_000 + b'"]'])
def test_json_that_grows_in_memory_is_not_parsed(
    name: str, content: bytes, file: Path, desk: Settings, tmp_path: Path
) -> None:
    path = changed(file, tmp_path / "grows.zip", put(name, content), name != MANIFEST)
    assert path.stat().st_size < 1_000_000
    tracemalloc.start()
    found = verify_bundle(desk, path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert f"files: {name} is not read: it has {len(content):,} bytes" in said(found)
    assert peak < 3 * len(content) + 8_000_000


def test_copies_of_a_bundle_with_troubles_are_not_parsed(file: Path, desk: Settings, tmp_path: Path) -> None:
    def change(files: dict[str, bytes]) -> None:
        files["copies/finding.json"] = b"["

    found = verify_bundle(desk, changed(file, tmp_path / "troubles.zip", change, False))
    assert said(found) == "files: copies/finding.json was changed: its SHA-256 is not that of the manifest"


def test_words_that_take_long_to_become_a_page_are_not_made_one(file: Path, desk: Settings, tmp_path: Path) -> None:
    path = changed(
        file, tmp_path / "words.zip", in_json("case.json", lambda one: one.update(narrative="word " * 250_000))
    )
    assert "letters, and no more than 1,000,000 are made a page" in said(verify_bundle(desk, path))


def entries(count: int, said_to_be: int) -> bytes:
    """A ZIP of nothing but a directory."""
    one = struct.pack("<4s6H3L5H2L", b"PK\x01\x02", 20, 20, 0, 0, 0, 33, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"a"
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, said_to_be, said_to_be, len(one) * count, 0, 0)
    return one * count + end


@pytest.mark.parametrize(
    ("count", "said_to_be", "told"),
    [
        (60_000, 60_000, "it has 60,000 files, and no bundle has more than 20,000"),
        (200_000, 1, "its directory has 9,400,000 bytes, which is more than 1 files"),
        (30_000, 20_000, "it has 30,000 files, and no bundle has more than 20,000"),
        (15_000, 15_000, "a is in it twice"),
    ],
)
def test_a_directory_is_as_small_as_that_of_a_bundle(
    count: int, said_to_be: int, told: str, desk: Settings, tmp_path: Path
) -> None:
    path = tmp_path / "many.zip"
    path.write_bytes(entries(count, said_to_be))
    tracemalloc.start()
    found = verify_bundle(desk, path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert told in said(found)
    assert peak < 30_000_000


def test_what_is_no_bundle_is_refused(desk: Settings, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="can not be read"):
        verify_bundle(desk, tmp_path / "none.zip")
    (tmp_path / "x.zip").write_bytes(b"no archive")
    with pytest.raises(UsageError, match="is no ZIP"):
        verify_bundle(desk, tmp_path / "x.zip")
    with zipfile.ZipFile(tmp_path / "empty.zip", "w") as archive:
        archive.comment = b"a word"
    with pytest.raises(UsageError, match="does not end as a bundle does"):
        verify_bundle(desk, tmp_path / "empty.zip")
    (tmp_path / "large.zip").write_bytes(b"PK\x06\x07" + bytes(16) + entries(0, 0))
    with pytest.raises(UsageError, match="ZIP64"):
        verify_bundle(desk, tmp_path / "large.zip")
    with zipfile.ZipFile(tmp_path / "empty.zip", "w"):
        pass
    assert "manifest.json is missing" in said(verify_bundle(desk, tmp_path / "empty.zip"))


# ------------------------------------------------------------------------------------------------ from the command


def test_from_the_first_alert_to_a_bundle_that_is_proved(
    world: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = casefiles.copied(world, tmp_path / "fresh")
    shutil.rmtree(desk.cases_dir)

    def ask(*words: object, code: int = 0) -> str:
        assert command("--data-dir", desk.data_dir, "case", *words) == code
        told = capsys.readouterr()
        return told.out if code == 0 else told.err + told.out

    first = listed(desk, None, None, "open", None)[1][0][0]
    other = alerts(desk, "finding")[0]
    assert ask("open", first, "--assignee", "mira", "--priority", "high", "--by", "mira") == "opened case 1\n"
    assert ask("open", other, "--title", "The other") == "opened case 2\n"
    assert "noted" in ask("note", 1, "Seen *before*.")
    assert "added entity Lantern" in ask("add", 1, "--entity", "lantern", "--address", f"ethereum:{THIEF}")
    assert "removed" in ask("remove", 1, "entity", "Lantern")
    assert "nothing is named" in ask("add", 1, code=2)
    assert "changed priority, status of case 1" in ask("edit", 1, "--priority", "urgent", "--status", "waiting")
    assert "case 1 is as it was" in ask("edit", 1, "--priority", "urgent")
    assert "somebody else changed it" in ask("edit", 1, "--priority", "low", "--seen", 1, code=1)
    assert "is of ben" in ask("assign", 1, "ben")
    text = ask("narrative", 1)
    assert "## What would clear it" in text
    (tmp_path / "mine.md").write_text(text.replace("A draft out of the findings: read it, and edit it.", "Read."))
    assert "has the text of" in ask("narrative", 1, "--set", tmp_path / "mine.md")
    assert "part of case 1" in ask("merge", 2, "--into", 1)
    assert {row["id"] for row in json.loads(ask("list"))} == {1}
    assert {row["status"] for row in json.loads(ask("list", "--status", "all"))} == {"waiting", "merged"}
    assert "closed case 1, with 2 of its alerts judged" in ask("close", 1, "--as", "true", "--reason", "reported")
    assert ask("bundle", 1, "--out", tmp_path / "case.zip") == f"{tmp_path / 'case.zip'}\n"
    found = json.loads(ask("verify", tmp_path / "case.zip"))
    assert found["is_proved"]
    assert found["run"] == published_run(desk)
    assert found["told_by"] == [1]
    assert any("case.json: case.id" in one for check in found["checks"] for one in check["by_hash_alone"])
    shown = json.loads(ask("show", 1))
    assert (shown["verdict"], shown["merged"], len(shown["notes"])) == ("true", [2], 1)
    assert "Read." in shown["narrative"]
    changed(tmp_path / "case.zip", tmp_path / "bad.zip", put("narrative.md", b"x"), False)
    assert "narrative.md was changed" in ask("verify", tmp_path / "bad.zip", code=1)
    assert "is open again" in ask("reopen", 1, "--reason", "more")
    assert command("--data-dir", desk.data_dir, "verdicts", "review") == 0
    assert '"true": 1' in capsys.readouterr().out


@pytest.mark.slow
def test_from_the_first_alert_of_the_demo_to_a_bundle_that_is_proved(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def ask(*words: object) -> str:
        assert command(*words, "--data-dir", tmp_path / "data") == 0
        return capsys.readouterr().out

    ask("demo")
    first = json.loads(ask("alerts", "list", "--json"))[0]["alert_id"]
    assert ask("case", "open", first) == "opened case 1\n"
    assert "closed case 1, with 1 of its alerts judged" in ask(
        "case", "close", 1, "--as", "true", "--reason", "reported"
    )
    ask("case", "bundle", 1, "--out", tmp_path / "case.zip")
    found = json.loads(ask("case", "verify", tmp_path / "case.zip"))
    assert found["is_proved"]
    assert {check["name"]: check["count"] for check in found["checks"]}["transfers"] >= 1
    assert found["bundle_runs"] == [found["run"]]
    files = unpacked(tmp_path / "case.zip")
    activity = json.loads(files["report.json"])["fincen_sar"]["SuspiciousActivity"]
    assert int(activity["TotalSuspiciousAmountText"]) > 1_000_000
