"""Cases: opened from alerts with copies of what they name, worked on by two at once, merged, closed into the ledger."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as trying
from hypothesis import strategies as st

from flow_pipeline.alerts import ledger
from flow_pipeline.domain.errors import Conflict, FlowError, NotThere, UsageError
from flow_pipeline.explorer.evidence.bundle import bundle
from flow_pipeline.explorer.store import asking, cases, closing, copies, views
from flow_pipeline.explorer.store.opening import Store, open_store
from flow_pipeline.settings import Settings
from tests import casefiles
from tests.casefiles import HOARD, alerts
from tests.servers import Server, postgres_server
from tests.worlds import environment


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return casefiles.build_world(tmp_path_factory.mktemp("cases"))


@pytest.fixture(scope="module")
def postgres() -> Iterator[Server]:
    with postgres_server() as server:
        yield server


@pytest.fixture
def desk(world: Path, tmp_path: Path) -> Settings:
    return casefiles.copied(world, tmp_path / "desk")


@pytest.fixture
def store(desk: Settings) -> Iterator[Store]:
    with open_store(desk) as opened:
        yield opened


def opened(store: Store, *alert_ids: str, **more: Any) -> int:
    with copies.open_for_copies(store.settings) as published:
        return cases.open_case(store, "mira", alert_ids, published=published, **more)


def kinds(store: Store, case_id: int) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for item in asking.shown(store, case_id)["items"]:
        found.setdefault(item["kind"], []).append(item["key"])
    return found


def acts(store: Store, case_id: int) -> list[str]:
    return [event["act"] for event in asking.shown(store, case_id)["timeline"]]


def test_a_case_opened_from_an_alert_has_copies_that_outlive_the_warehouse(store: Store, desk: Settings) -> None:
    (alert_id,) = [one for one in alerts(desk, "finding") if ledger.shown(desk, one)["severity"] == "HIGH"]
    case_id = opened(store, alert_id[:6])
    shutil.rmtree(desk.data_dir / "published")
    shutil.rmtree(desk.data_dir / "alerts")
    case = asking.shown(store, case_id)
    items = {item["kind"]: item["content"] for item in case["items"]}
    assert case["title"].startswith("rapid_chain: 898 ETH went through 3 transfers")
    assert (case["status"], case["priority"], case["version"], case["created_by"]) == ("open", "normal", 1, "mira")
    assert items["alert"]["alert_id"] == alert_id
    assert "messages" not in items["alert"]
    finding = items["finding"]
    assert [(row["from_address"], row["amount"]) for row in finding["transfers"]] == [
        (casefiles.THIEF, "900.000000000000000000"),
        (casefiles.HAND, "899.000000000000000000"),
        (casefiles.HELPER, "898.000000000000000000"),
    ]
    assert {row["source_file"] for row in finding["transfers"]} == {"t.csv"}
    assert all(len(row["source_sha256"]) == 64 for row in finding["transfers"])
    assert len(kinds(store, case_id)["address"]) == 4
    assert items["run"]["tables"]["raw.transfers"]
    assert [one["label_set"] for one in items["run"]["label_sets"] if one["label_set"] == "l.csv"] == ["l.csv"]
    for item in case["items"]:
        assert item["sha256"] == copies.sha256(copies.canonical(item["content"])), item["key"]
        assert item["run"] == items["run"]["run_id"]
    assert str(desk.data_dir.parent) not in json.dumps(case, default=str)


def test_an_address_is_copied_with_its_labels_their_conflict_and_its_risk(store: Store) -> None:
    case_id = opened(store, title="The hoard")
    with copies.open_for_copies(store.settings) as published:
        assert cases.add(store, case_id, "mira", "address", [f"ethereum:{HOARD}"], published) == [f"ethereum:{HOARD}"]
        assert (
            cases.add(store, case_id, "mira", "address", [f"ethereum:{HOARD.upper()}".replace("0X", "0x")], published)
            == []
        )
        cases.add(store, case_id, "mira", "entity", ["harbour"], published)
        with pytest.raises(UsageError, match="stands in no transfer and no label"):
            cases.add(store, case_id, "mira", "address", ["ethereum:0x" + "9" * 40], published)
        with pytest.raises(UsageError, match="stands in no transfer and no label"):
            cases.add(store, case_id, "mira", "address", [f"dogecoin:{casefiles.THIEF}"], published)
        with pytest.raises(UsageError, match="no address with its chain"):
            cases.add(store, case_id, "mira", "address", [HOARD], published)
        with pytest.raises(UsageError, match="there is no finding nothing"):
            cases.add(store, case_id, "mira", "finding", ["nothing"], published)
    with pytest.raises(UsageError, match="nothing is published"):
        cases.add(store, case_id, "mira", "entity", ["Lantern"], None)
    content = {(item["kind"], item["key"]): item["content"] for item in asking.shown(store, case_id)["items"]}
    hoard = content["address", f"ethereum:{HOARD}"]
    assert [(label["entity"], label["source"]) for label in hoard["labels"]] == [
        ("Lantern", "one list"),
        ("Lamp", "another list"),
    ]
    assert hoard["has_conflict"]
    assert hoard["risk"] is None or 0 <= hoard["risk"] <= 1
    assert content["entity", "Harbour"]["labels"][0]["source"] == "a test"
    assert acts(store, case_id) == ["opened", "added", "added"]


def test_what_an_alert_names_and_nobody_publishes_any_more_is_told(store: Store, desk: Settings) -> None:
    alert_id = alerts(desk, "finding")[0]
    case_id = cases.open_case(store, "mira", [alert_id])
    assert list(kinds(store, case_id)) == ["alert"]
    (event,) = asking.shown(store, case_id)["timeline"]
    assert event["detail"]["missing"] == ["nothing is published that could be copied"]


def test_editing_says_what_was_before(store: Store) -> None:
    case_id = opened(store, title="A case")
    cases.edit(store, case_id, "mira", {"assignee": "ben", "priority": "urgent", "status": "waiting"}, seen=1)
    assert cases.edit(store, case_id, "mira", {"assignee": "ben"}, seen=2) == {}
    cases.edit(store, case_id, "ben", {"assignee": None, "title": "Another\u202ename"})
    case = asking.shown(store, case_id)
    assert (case["version"], case["title"], case["assignee"]) == (3, "Another\\u202ename", None)
    assert [event["detail"] for event in case["timeline"][1:]] == [
        {"assignee": [None, "ben"], "priority": ["normal", "urgent"], "status": ["open", "waiting"]},
        {"assignee": ["ben", None], "title": ["A case", "Another\\u202ename"]},
    ]
    for changes, told in (
        ({"status": "closed"}, "no status closed"),
        ({"priority": "huge"}, "no priority huge"),
        ({"title": " "}, "0 letters"),
        ({"title": None}, "needs its title"),
        ({"version": "7"}, "no field version"),
        ({"narrative": "x" * 100_001}, "100,001 letters"),
    ):
        with pytest.raises(UsageError, match=told):
            cases.edit(store, case_id, "mira", changes)
    with pytest.raises(NotThere, match="there is no case 99"):
        cases.edit(store, 99, "mira", {"title": "x"})


def test_of_two_who_saw_the_same_version_the_second_is_told(store: Store) -> None:
    case_id = opened(store, title="A case")
    cases.edit(store, case_id, "mira", {"assignee": "mira"}, seen=1)
    writes = [
        lambda: cases.edit(store, case_id, "ben", {"assignee": "ben"}, seen=1),
        lambda: cases.add_note(store, case_id, "ben", "mine", seen=1),
        lambda: closing.close(store, case_id, "ben", "known", "mine", seen=1),
        lambda: cases.drop(store, case_id, "ben", "address", "x", seen=1),
        lambda: cases.merge(store, case_id, opened(store, title="B"), "ben", seen=1),
    ]
    for write in writes:
        with pytest.raises(Conflict, match="is at version 2, and version 1 was seen"):
            write()
    case = asking.shown(store, case_id)
    assert (case["assignee"], case["status"], case["notes"], case["version"]) == ("mira", "open", [], 2)


def both_write(settings: Settings, case_id: int) -> None:
    """Two processes add fifty notes each, at once."""
    program = f"""
import sys
from pathlib import Path
from flow_pipeline.settings import load_settings
from flow_pipeline.explorer.store import cases
from flow_pipeline.explorer.store.opening import open_store
with open_store(load_settings(Path({str(settings.data_dir)!r}))) as store:
    print("there", flush=True)
    sys.stdin.readline()
    for n in range(50):
        cases.add_note(store, {case_id}, sys.argv[1], f"note {{n}}")
"""
    url = settings.explorer.database
    variables = environment(**({"NETRAFLOW_EXPLORER__DATABASE": url} if url else {}))
    started = [
        subprocess.Popen(
            [sys.executable, "-c", program, name], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, env=variables,
        )
        for name in ("mira", "ben")
    ]  # fmt: skip
    for process in started:
        assert process.stdout
        assert process.stdout.readline() == "there\n"
    for process in started:
        _, error = process.communicate("\n", timeout=60)
        assert process.returncode == 0, error


def test_two_processes_that_write_to_one_case_lose_nothing(store: Store, desk: Settings) -> None:
    case_id = opened(store, title="A case")
    both_write(desk, case_id)
    case = asking.shown(store, case_id)
    assert (len(case["notes"]), len(case["timeline"]), case["version"]) == (100, 101, 101)
    for name in ("mira", "ben"):
        assert [note["body"] for note in case["notes"] if note["author"] == name] == [f"note {n}" for n in range(50)]


def test_a_server_keeps_cases_as_a_file_does(desk: Settings, postgres: Server) -> None:
    with open_store(casefiles.on_postgres(desk, postgres)) as store:
        first, second, *_ = alerts(desk, "finding")
        one, two = opened(store, first), opened(store, second)
        cases.add_note(store, one, "mira", "tab\tand \x00 and é", seen=1)
        with pytest.raises(Conflict):
            cases.edit(store, one, "ben", {"assignee": "ben"}, seen=1)
        cases.edit(store, two, "ben", {"assignee": "ben"}, seen=1)
        cases.merge(store, one, two, "ben", seen=2, seen_into=2)
        assert set(closing.close(store, two, "mira", "true", "a thief", seen=3)) == {first, second}
        case = asking.shown(store, two)
        assert (case["status"], case["merged"], case["version"]) == ("closed", [one], 5)
        assert [note["body"] for note in case["notes"]] == ["tab and \\x00 and é"]
        assert [row[:3] for row in asking.listed(store, "all")[1]] == [
            (two, case["title"], "closed"), (one, asking.shown(store, one)["title"], "merged"),
        ]  # fmt: skip
        assert bundle(store, two, "mira") == bundle(store, two, "ben")
        assert acts(store, two)[-2:] == ["bundled", "bundled"]
    assert not desk.cases_dir.exists()


def test_two_processes_write_to_one_case_on_a_server(desk: Settings, postgres: Server) -> None:
    settings = casefiles.on_postgres(desk, postgres)
    with open_store(settings) as store:
        case_id = opened(store, title="A case")
        both_write(settings, case_id)
        case = asking.shown(store, case_id)
        assert (len(case["notes"]), len(case["timeline"]), case["version"]) == (100, 101, 101)


def test_what_is_taken_out_stays_in_the_timeline(store: Store, desk: Settings) -> None:
    case_id = opened(store, alerts(desk, "finding")[0])
    (key,) = kinds(store, case_id)["finding"]
    before = {copy.key: copy.sha256 for copy in asking.copies_of(store, case_id)}
    cases.drop(store, case_id, "ben", "finding", key)
    assert "finding" not in kinds(store, case_id)
    event = asking.shown(store, case_id)["timeline"][-1]
    assert (event["act"], event["author"]) == ("removed", "ben")
    assert event["detail"] == {"kind": "finding", "key": key, "sha256": before[key]}
    with pytest.raises(NotThere, match=f"has no finding {key}"):
        cases.drop(store, case_id, "ben", "finding", key)
    with pytest.raises(NotThere, match="has no run"):
        cases.drop(store, case_id, "ben", "run", kinds(store, case_id)["run"][0])


def test_a_merged_case_gives_all_it_has_and_points_to_the_other(store: Store, desk: Settings) -> None:
    first, second, *_ = alerts(desk, "finding")
    one, two, three = opened(store, first), opened(store, second), opened(store, title="A third")
    cases.add_note(store, one, "mira", "seen at *noon*")
    cases.edit(store, one, "mira", {"narrative": "What I know."})
    before = kinds(store, one), kinds(store, two)
    cases.merge(store, one, two, "ben")
    cases.merge(store, one, two, "ben")
    cases.merge(store, two, three, "ben")
    after = kinds(store, three)
    for kind in before[0]:
        assert set(after[kind]) == set(before[0][kind]) | set(before[1].get(kind, []))
    case = asking.shown(store, three)
    assert (case["merged"], case["narrative"]) == ([two, one], "What I know.")
    assert [note["body"] for note in case["notes"]] == ["seen at *noon*"]
    assert {(event["case_id"], event["act"]) for event in case["timeline"]} >= {
        (one, "opened"), (one, "noted"), (one, "merged into"), (two, "merged"), (two, "merged into"), (three, "merged"),
    }  # fmt: skip
    assert asking.shown(store, one)["merged_into"] == two
    assert asking.cases_with(store, "alert", [first, second, "none"]) == {first: [three], second: [three]}
    for write in (
        lambda: cases.edit(store, one, "ben", {"title": "x"}),
        lambda: cases.add_note(store, one, "ben", "x"),
        lambda: cases.merge(store, one, three, "ben"),
        lambda: closing.close(store, one, "ben", "true", "x"),
    ):
        with pytest.raises(UsageError, match=f"case {one} was merged into case {two}"):
            write()
    with pytest.raises(UsageError, match="into itself"):
        cases.merge(store, three, three, "ben")


@given(
    st.lists(
        st.tuples(st.sampled_from(["add", "drop", "merge", "note"]), st.integers(0, 3), st.integers(0, 3)), max_size=12
    )
)
@trying(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_merged_nothing_is_lost_and_doing_it_again_changes_nothing(
    store: Store, steps: list[tuple[str, int, int]]
) -> None:
    saved = [views.save(store, "mira", f"view {n}", {"n": n})[0] for n in range(4)]
    numbers = [opened(store, title=f"case {n}") for n in range(4)]
    held: dict[int, set[str]] = {number: set() for number in numbers}
    notes: dict[int, int] = dict.fromkeys(numbers, 0)
    into: dict[int, int] = {}
    for step, a, b in steps:
        case_id, other = numbers[a], numbers[b]
        is_open = case_id not in into
        try:
            if step == "add":
                new = cases.add(store, case_id, "mira", "view", [saved[b]])
                assert new == ([] if saved[b] in held[case_id] else [saved[b]])
                assert cases.add(store, case_id, "mira", "view", [saved[b]]) == []
                held[case_id].add(saved[b])
            elif step == "drop":
                cases.drop(store, case_id, "mira", "view", saved[b])
                held[case_id].remove(saved[b])
            elif step == "note":
                cases.add_note(store, case_id, "mira", "x")
                notes[case_id] += 1
            else:
                for _ in range(2):
                    cases.merge(store, case_id, other, "mira")
                if is_open:
                    held[other] |= held[case_id]
                    into[case_id] = other
        except NotThere:
            assert step == "drop"
            assert saved[b] not in held[case_id]
        except UsageError:
            assert not is_open or (step == "merge" and (other in into or other == case_id))
    for number in numbers:
        case = asking.shown(store, number)
        family = {number}
        while more := {child for child, parent in into.items() if parent in family} - family:
            family |= more
        assert {item["key"] for item in case["items"]} == held[number]
        assert len(case["notes"]) == sum(notes[one] for one in family)
        assert (case["status"] == "merged", case["merged_into"]) == (number in into, into.get(number))


# ------------------------------------------------------------------------------------------------ closing


def judged(settings: Settings) -> dict[str, int]:
    columns, rows = ledger.reviewed(settings)
    return {name: sum(row[columns.index(name)] for row in rows) for name in ("judged", "true", "known", "noise")}


def actions(settings: Settings, alert_id: str) -> list[tuple[str, str, str]]:
    return [(row["author"], row["verdict"], row["reason"]) for row in ledger.shown(settings, alert_id)["actions"]]


def test_a_verdict_reaches_the_ledger_and_its_review(store: Store, desk: Settings) -> None:
    first, second, *_ = alerts(desk, "finding")
    case_id = opened(store, first, second)
    assert sorted(closing.close(store, case_id, "mira", "true", "the hoard of a thief", seen=1)) == sorted(
        [first, second]
    )
    assert judged(desk) == {"judged": 2, "true": 2, "known": 0, "noise": 0}
    assert actions(desk, first) == [("mira", "true", f"case {case_id}: the hoard of a thief")]
    assert ledger.shown(desk, first)["status"] == "acknowledged"
    case = asking.shown(store, case_id)
    assert (case["status"], case["verdict"], case["closed_by"]) == ("closed", "true", "mira")
    assert acts(store, case_id) == ["opened", "closing", "closed"]
    cases.add_note(store, case_id, "mira", "handed in under number 7")
    for write in (
        lambda: cases.edit(store, case_id, "ben", {"title": "x"}),
        lambda: closing.close(store, case_id, "ben", "true", "x"),
        lambda: cases.merge(store, opened(store, title="x"), case_id, "ben"),
    ):
        with pytest.raises(UsageError, match=f"case {case_id} is closed"):
            write()
    closing.reopen(store, case_id, "ben", "one more transfer")
    assert asking.shown(store, case_id)["verdict"] is None
    with pytest.raises(UsageError, match="is open"):
        closing.reopen(store, case_id, "ben", "again")
    closing.close(store, case_id, "ben", "known", "a treasury")
    assert judged(desk) == {"judged": 2, "true": 0, "known": 2, "noise": 0}
    assert len(actions(desk, first)) == 2


def test_a_case_can_be_closed_though_the_ledger_forgot_its_alerts(store: Store, desk: Settings) -> None:
    first = alerts(desk, "finding")[0]
    case_id = opened(store, first)
    shutil.rmtree(desk.data_dir / "alerts")
    assert closing.close(store, case_id, "mira", "noise", "a test") == []
    assert asking.shown(store, case_id)["timeline"][-1]["detail"] == {"verdict": "noise", "not_in_ledger": [first]}


@pytest.mark.parametrize("dies", ["before the ledger", "behind the ledger"])
def test_a_closing_that_was_cut_off_is_completed_by_calling_again(
    dies: str, store: Store, desk: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = alerts(desk, "finding")[0]
    case_id = opened(store, first)

    def die(*given: Any) -> list[str]:
        if dies == "behind the ledger":
            ledger.acknowledge_together(*given)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(closing, "acknowledge_together", die)
        with pytest.raises(KeyboardInterrupt):
            closing.close(store, case_id, "mira", "true", "a thief")
    assert asking.shown(store, case_id)["status"] == "closing"
    assert len(actions(desk, first)) == (dies == "behind the ledger")
    with pytest.raises(UsageError, match="is closing"):
        cases.edit(store, case_id, "ben", {"title": "x"})
    with pytest.raises(UsageError, match="is being closed as true, not as noise"):
        closing.close(store, case_id, "ben", "noise", "nothing")
    assert closing.close(store, case_id, "ben") == [first]
    assert actions(desk, first) == [("mira", "true", f"case {case_id}: a thief")]
    assert asking.shown(store, case_id)["status"] == "closed"
    assert judged(desk)["judged"] == 1


def test_a_process_killed_while_it_closes_leaves_what_the_next_completes(store: Store, desk: Settings) -> None:
    first = alerts(desk, "finding")[0]
    case_id = opened(store, first)
    program = f"""
import os
from pathlib import Path
from flow_pipeline.settings import load_settings
from flow_pipeline.explorer.store import closing
from flow_pipeline.explorer.store.opening import open_store
closing.acknowledge_together = lambda *given: os.kill(os.getpid(), 9)
with open_store(load_settings(Path({str(desk.data_dir)!r}))) as store:
    closing.close(store, {case_id}, "mira", "true", "a thief")
"""
    done = subprocess.run([sys.executable, "-c", program], env=environment(), capture_output=True, check=False)
    assert done.returncode == -9
    assert asking.listed(store)[1][0][2] == "closing"
    assert closing.close(store, case_id, "mira") == [first]


def test_a_ledger_that_can_not_be_written_leaves_the_case_closing(store: Store, desk: Settings) -> None:
    case_id = opened(store, alerts(desk, "finding")[0])
    file = ledger.ledger_file(desk)
    kept = file.read_bytes()
    file.write_bytes(b"no ledger at all")
    with pytest.raises(FlowError, match="ledger"):
        closing.close(store, case_id, "mira", "true", "a thief")
    file.write_bytes(kept)
    assert len(closing.close(store, case_id, "mira")) == 1


# ------------------------------------------------------------------------------------------------ views


def test_a_view_is_saved_changed_and_copied_into_a_case_as_it_was(store: Store) -> None:
    view_id, version = views.save(store, "mira", "The hoard", {"nodes": [{"id": f"ethereum:{HOARD}"}]})
    assert (len(view_id) >= 20, version) == (True, 1)
    case_id = opened(store, title="A case")
    cases.add(store, case_id, "mira", "view", [view_id])
    assert views.save(store, "ben", "The hoard, again", {"nodes": []}, view_id, seen=1) == (view_id, 2)
    with pytest.raises(Conflict, match="is at version 2, and version 1 was seen"):
        views.save(store, "mira", "Mine", {}, view_id, seen=1)
    found = views.saved_view(store, view_id)
    assert (found["title"], found["state"], found["author"], found["version"]) == (
        "The hoard, again",
        {"nodes": []},
        "ben",
        2,
    )
    (item,) = asking.shown(store, case_id)["items"]
    assert (item["content"]["title"], item["content"]["version"]) == ("The hoard", 1)
    with pytest.raises(NotThere):
        views.saved_view(store, "nothing")
    with pytest.raises(NotThere):
        cases.add(store, case_id, "mira", "view", ["nothing"])


def test_states_that_can_not_be_kept_are_refused(store: Store) -> None:
    most = store.settings.explorer.max_view_bytes
    deep: dict[str, Any] = {}
    for _ in range(100_000):
        deep = {"deeper": deep}
    for state, told in (
        ({"x": "y" * most}, r"262,\d{3} bytes"),
        ([], "no JSON object"),
        ({"x": "\ud800"}, "no JSON object"),
        ({"x": deep}, "no JSON object"),
    ):
        with pytest.raises(UsageError, match=told):
            views.save(store, "mira", "x", state)  # type: ignore[arg-type]
    view_id, _ = views.save(store, "mira", "x", {"x": float("nan"), "y": "\x00 é"})
    assert views.saved_view(store, view_id)["state"] == {"x": None, "y": "\x00 é"}
