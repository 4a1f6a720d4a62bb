"""What a data directory remembers: layers, names, paths, refusals, and a file that is whole at any moment."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import pytest

from flow_pipeline import layers
from flow_pipeline.cli import ui
from flow_pipeline.domain.errors import UsageError
from flow_pipeline.memory import complete, origin, prepare, refuse_vanished, told_changes, told_memory
from flow_pipeline.settings import Section, Settings, load_settings
from tests.worlds import command


def published(settings: Settings, run_id: str = "r1") -> None:
    """Readers see a run, and its process ends before it does anything else."""
    prepare(settings, run_id)
    settings.published_link.unlink(missing_ok=True)
    settings.published_link.symlink_to(f"published/warehouse-{run_id}.duckdb")


def remembered(data: Path, **sections: Any) -> None:
    settings = load_settings(data).with_changes(**sections)
    published(settings)
    complete(settings)


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("NETRAFLOW_REPORTS__EACH_RUN")
    for name in ("a.csv", "b.csv", "g.yaml", "data/in.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path / "data"


def test_the_most_explicit_of_a_call_wins(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    remembered(data, anomalies={"top_k": 2, "window_days": 20}, sources={"chain": "bsc"}, rules={"name": "ours"})
    Path("netraflow.toml").write_text('[anomalies]\ntop_k = 3\nwindow_days = 21\n[sources]\nchain = "ethereum"\n')
    monkeypatch.setenv("NETRAFLOW_ANOMALIES__TOP_K", "4")
    found = load_settings(data)
    assert (found.anomalies.top_k, found.anomalies.window_days) == (4, 21)
    assert (found.sources.chain, found.rules.name, found.reports.rows) == ("ethereum", "ours", 15)
    keys = ("anomalies", "top_k"), ("anomalies", "window_days"), ("rules", "name"), ("reports", "rows"), ("data_dir",)
    assert [origin(found, key) for key in keys] == ["environment", "file", "remembered", "default", "command line"]
    assert set(told_changes(found)) == {
        "anomalies.top_k: 2 -> 4",
        "anomalies.window_days: 20 -> 21",
        "sources.chain: bsc -> ethereum",
    }
    assert told_memory(found) == "rules.name ours"
    published(found, "r2")
    Path("netraflow.toml").unlink()
    monkeypatch.delenv("NETRAFLOW_ANOMALIES__TOP_K")
    again = load_settings(data)
    assert (again.anomalies.top_k, again.sources.chain, told_changes(again)) == (4, "ethereum", [])


def test_files_are_added_and_dropped_by_name_only(data: Path) -> None:
    remembered(data, labels={"files": ("a.csv",)}, sources={"prices": "ETH=a.csv"})
    Path("netraflow.toml").write_text('[labels]\nfiles = ["b.csv"]\n')
    more = load_settings(data).with_files(prices=["BTC=b.csv"])
    more = more.with_files(labels=[Path("a.csv")])
    assert [path.name for path in more.labels.files] == ["a.csv", "b.csv"]
    assert [layers.item_name(entry) for entry in more.sources.price_files] == ["ETH=a.csv", "BTC=b.csv"]
    assert origin(load_settings(data), ("labels", "files")) == "remembered, file"
    assert set(told_changes(more)) == {"labels: adds b.csv", "prices: adds BTC=b.csv"}
    published(more)
    held = load_settings(data, forget=["labels/b.csv", "prices/ETH=a.csv"])
    assert set(told_changes(held)) == {
        "prices: drops ETH=a.csv",
        "labels/b.csv holds all the same: the settings file or the environment gives it",
    }
    Path("netraflow.toml").unlink()
    assert told_changes(load_settings(data, forget=["labels/b.csv"])) == ["labels: drops b.csv"]
    assert load_settings(data, forget=["labels"]).labels.files == ()


def test_patterns_of_chains_and_a_map_are_remembered(data: Path) -> None:
    columns = {"from": "src.address", "to": "dst", "time": "t", "amount": "v"}
    remembered(data, sources={"chains": {"b.*.csv": "BNB", "p*": "matic"}, "map": {"columns": columns}})
    found = load_settings(data)
    assert found.sources.chain_of(Path("b.1.csv")) == "bsc"
    assert found.sources.map is not None
    assert found.sources.map.columns == columns
    left = load_settings(data, forget=["chains/b.*.csv", "map"]).sources
    assert (left.chains, left.map) == ({"p*": "polygon"}, None)


@pytest.mark.parametrize("name", ["label", "labels/c.csv", "sources.chain/x", "sources.value_unit", ""])
def test_a_name_that_is_not_remembered_is_refused_with_those_that_are(data: Path, name: str) -> None:
    remembered(data, labels={"files": ("a.csv", "b.csv")}, sources={"chain": "bsc"}, tracing={"groups": "g.yaml"})
    with pytest.raises(UsageError, match=f"--forget {name}: that is not remembered") as refusal:
        load_settings(data, forget=["labels/a.csv", name])
    assert refusal.value.hint == "what is: sources.chain, labels, labels/a.csv, labels/b.csv, groups"


def test_a_directory_can_be_moved_with_its_files(data: Path, tmp_path: Path) -> None:
    remembered(data, labels={"files": ("a.csv", "data/in.csv")})
    assert 'files = [\n    "' in (data / "netraflow.toml").read_text()
    assert '    "in.csv",\n' in (data / "netraflow.toml").read_text()
    data.rename(tmp_path / "moved")
    assert load_settings(tmp_path / "moved").labels.files == (tmp_path / "a.csv", tmp_path / "moved" / "in.csv")


def test_a_remembered_file_that_vanished_is_refused_with_the_way_out(data: Path) -> None:
    remembered(data, labels={"files": ("a.csv", "b.csv")}, tracing={"groups": "g.yaml"})
    refuse_vanished(load_settings(data))
    Path("b.csv").unlink()
    Path("g.yaml").unlink()
    with pytest.raises(UsageError, match=r"remembers .*/b\.csv, .*/g\.yaml: no such file") as refusal:
        refuse_vanished(load_settings(data))
    assert refusal.value.hint.endswith("`netraflow run --forget labels/b.csv groups`")
    refuse_vanished(load_settings(data, forget=["labels/b.csv", "groups"]))


def test_only_what_is_published_is_remembered(data: Path) -> None:
    """A run killed before the swap has changed nothing, one killed after it is remembered, whatever it had written."""
    remembered(data, sources={"chain": "bsc"})
    other = load_settings(data).with_changes(sources={"chain": "polygon"})
    prepare(other, "r2")
    assert load_settings(data).sources.chain == "bsc"
    published(other, "r2")
    assert (data / "netraflow.toml").read_text().count("bsc") == 1
    found = load_settings(data)
    assert found.sources.chain == "polygon"
    published(found.with_changes(sources={"time_zone": "Asia/Jakarta"}), "r3")
    assert (load_settings(data).sources.chain, load_settings(data).sources.time_zone) == ("polygon", "Asia/Jakarta")
    complete(load_settings(data))
    assert list((data / "build").iterdir()) == []
    assert "polygon" in (data / "netraflow.toml").read_text()


def test_a_run_leaves_what_another_has_written_since_it_began(data: Path) -> None:
    begun = load_settings(data).with_changes(rules={"name": "ours"})
    remembered(data, labels={"files": ("a.csv",)})
    published(begun, "r2")
    found = load_settings(data)
    assert (found.rules.name, [path.name for path in found.labels.files]) == ("ours", ["a.csv"])


def test_what_somebody_wrote_into_the_file_stays(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file may be the settings file of whoever works inside the directory."""
    (data / "netraflow.toml").write_text(
        '# ours\ndata_dir = "."\n[sources]\nchain = "bsc" # BNB\nvalue_unit = "auto"\n[warehouse]\nthreads = 1\n'
    )
    monkeypatch.chdir(data)
    found = load_settings()
    assert (found.sources.chain, found.warehouse.threads, found.data_dir) == ("bsc", 1, Path())
    assert told_changes(found) == []
    published(found.with_changes(anomalies={"top_k": 3}))
    complete(found)
    written = Path("netraflow.toml").read_text()
    assert "# ours" in written
    assert 'chain = "bsc" # BNB' in written
    assert "top_k = 3" in written


def test_what_belongs_to_the_machine_and_secrets_are_not_written(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NETRAFLOW_SECRET_OPS", "s3cr3t")
    channel = {"kind": "webhook", "url_env": "NETRAFLOW_SECRET_OPS"}
    remembered(data, alerts={"channels": {"ops": channel}}, warehouse={"threads": 1})
    written = (data / "netraflow.toml").read_text()
    assert 'url_env = "NETRAFLOW_SECRET_OPS"' in written
    assert "s3cr3t" not in written
    assert "threads" not in written
    assert "data_dir" not in written


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[sources]\nchan = 1", r"bad settings in .*data/netraflow\.toml: sources\.chan: there is no such setting"),
        ("[labels]\nfiles = 3", r"bad settings in .*data/netraflow\.toml: labels\.files"),
        ("not toml", r"data/netraflow\.toml is not valid TOML"),
    ],
)
def test_what_is_remembered_is_checked_like_any_settings(data: Path, text: str, named: str) -> None:
    (data / "netraflow.toml").write_text(text)
    with pytest.raises(UsageError, match=named):
        load_settings(data)


def _paths(section: type[Section] | type[Settings], above: tuple[str, ...] = ()) -> set[tuple[str, ...]]:
    """Keys with paths for values, those of channels under `*`."""
    found: set[tuple[str, ...]] = set()
    for name, field in section.model_fields.items():
        for kind in (
            field.annotation,
            *get_args(field.annotation),
            *sum(map(get_args, get_args(field.annotation)), ()),
        ):
            if isinstance(kind, type) and issubclass(kind, Section):
                found |= _paths(kind, (*above, name, *(["*"] if kind is not field.annotation else [])))
            found |= {(*above, name)} if kind is Path else set()
    return found


def test_every_path_of_the_settings_is_known_as_one() -> None:
    known = {*layers.INPUTS, *layers.OUTPUTS}
    texts = {("sources", "prices"), ("exports", "delta"), ("exports", "parquet")}
    assert _paths(Settings) | texts == known | {("data_dir",)}


def test_the_web_ui_gets_the_settings_file(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, str] = {}
    monkeypatch.setattr(ui, "_served", lambda words, environment: given.update(environment) or 0)
    monkeypatch.setattr(ui, "refuse_busy_port", lambda host, port: None)
    assert command("--data-dir", data, "ui") == 0
    assert "NETRAFLOW_CONFIG" not in given
    Path("other.toml").write_text("[anomalies]\ntop_k = 3\n")
    assert command("--data-dir", data, "--config", "other.toml", "ui") == 0
    monkeypatch.setenv("NETRAFLOW_CONFIG", given["NETRAFLOW_CONFIG"])
    monkeypatch.chdir("/")
    assert load_settings(data).anomalies.top_k == 3
