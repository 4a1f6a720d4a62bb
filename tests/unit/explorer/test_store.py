"""The database of cases: made once by many, migrated, refused when it is too new, and never losing a write."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from flow_pipeline.domain.errors import Conflict, FlowError, UsageError
from flow_pipeline.explorer.store.models import Base, Case, Event, View
from flow_pipeline.explorer.store.opening import Store, open_store, store_trouble
from flow_pipeline.explorer.store.words import now
from flow_pipeline.settings import Settings
from tests.casefiles import on_postgres
from tests.servers import Server, postgres_server
from tests.worlds import environment


@pytest.fixture(scope="module")
def postgres() -> Iterator[Server]:
    with postgres_server() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgres"])
def where(request: pytest.FixtureRequest, settings: Settings) -> Settings:
    """Settings with a fresh database of each kind."""
    return settings if request.param == "sqlite" else on_postgres(settings, request.getfixturevalue("postgres"))


def processes(settings: Settings, program: str, count: int) -> list[str]:
    """What so many processes say that run a program at once; each begins when all have said that they are there."""
    url = settings.explorer.database
    variables = environment(**({"NETRAFLOW_EXPLORER__DATABASE": url} if url else {}))
    head = (
        "import sys\nfrom pathlib import Path\nfrom flow_pipeline.settings import load_settings\n"
        "from flow_pipeline.explorer.store.models import View\n"
        "from flow_pipeline.explorer.store.opening import Store\n"
        f"settings = load_settings(Path({str(settings.data_dir)!r}))\n"
        "print('there', flush=True)\nsys.stdin.readline()\n"
    )
    started = [
        subprocess.Popen(
            [sys.executable, "-c", head + program], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, env=variables,
        )
        for _ in range(count)
    ]  # fmt: skip
    for process in started:
        assert process.stdout
        assert process.stdout.readline() == "there\n"
    for process in started:
        assert process.stdin
        process.stdin.write("\n")
        process.stdin.flush()
    said = []
    for process in started:
        out, error = process.communicate(timeout=120)
        assert process.returncode == 0, error
        said.append(out.strip())
    return said


def a_view(store: Store) -> None:
    with store.session() as session:
        session.add(View(id="v", title="0", state="{}", author="mira", created_at=now(), changed_at=now()))


def test_migrations_give_the_schema_of_the_models(where: Settings) -> None:
    with open_store(where) as store, store._engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, Base.metadata) == []
        found = sa.inspect(connection)
        for table in Base.metadata.sorted_tables:
            constraint = found.get_pk_constraint(table.name)
            assert constraint["constrained_columns"] == [column.name for column in table.primary_key], table.name
            assert {column["name"] for column in found.get_columns(table.name) if not column["nullable"]} == {
                column.name for column in table.columns if not column.nullable
            }


def test_six_processes_open_it_at_once(where: Settings) -> None:
    said = processes(where, "Store(settings).close(); print('opened')", 6)
    assert said == ["opened"] * 6
    with open_store(where) as store, store.reading() as session:
        assert session.scalars(sa.text("select version_num from alembic_version")).all() == ["0001"]


def test_of_two_processes_that_write_the_same_row_none_loses(where: Settings) -> None:
    with open_store(where) as store:
        a_view(store)
    program = """
store = Store(settings)
for _ in range(200):
    with store.session() as session:
        view = session.get(View, "v", with_for_update=True)
        view.title = str(int(view.title) + 1)
store.close()
"""
    processes(where, program, 2)
    with open_store(where) as store, store.reading() as session:
        view = session.get(View, "v")
        assert view is not None
        assert (view.title, view.version) == ("400", 401)


def test_who_read_before_another_wrote_is_told(where: Settings) -> None:
    with open_store(where) as store:
        a_view(store)
        with store.reading() as session:
            seen = session.get(View, "v")
            assert seen is not None
            session.expunge(seen)
        with store.session() as session:
            first = session.get(View, "v")
            assert first is not None
            first.title = "first"

        def too_late() -> None:
            with store.session() as session:
                session.add(seen)
                seen.title = "second"

        with pytest.raises(Conflict):
            too_late()
        with store.reading() as session:
            left = session.get(View, "v")
            assert left is not None
            assert left.title == "first"


def test_readers_do_not_wait_for_a_writer(where: Settings) -> None:
    with open_store(where.with_changes(explorer={"busy_seconds": 0.2})) as store:
        a_view(store)
        with store.session() as writing:
            view = writing.get(View, "v")
            assert view is not None
            view.title = "not yet"
            writing.flush()
            with store.reading() as session:
                seen = session.get(View, "v")
                assert seen is not None
                assert seen.title == "0"


def test_a_writer_waits_no_longer_than_it_is_told(settings: Settings) -> None:
    with open_store(settings.with_changes(explorer={"busy_seconds": 0.05})) as store:
        a_view(store)

        def second() -> None:
            with store.session() as session:
                session.get(View, "v")

        with store.session() as first:
            first.get(View, "v")
            with pytest.raises(FlowError, match="locked") as refusal:
                second()
        assert "busy_seconds" in refusal.value.hint


def test_who_only_reads_can_not_write(where: Settings) -> None:
    if where.explorer.database is None:
        pytest.skip("SQLite knows no transaction that may not write")
    with open_store(where) as store:

        def writes() -> None:
            with store.reading() as session:
                session.add(View(id="v", title="0", state="{}", author="m", created_at=now(), changed_at=now()))

        with pytest.raises(FlowError, match="read-only"):
            writes()


def test_a_database_of_a_later_version_is_refused_by_name(where: Settings) -> None:
    with open_store(where) as store, store.session() as session:
        session.execute(sa.text("update alembic_version set version_num = '9999'"))
    with pytest.raises(
        FlowError, match=r"later version of netraflow wrote .*cases.*9999, and this one knows up to 0001"
    ):
        Store(where)


def test_what_people_did_is_only_added_to(settings: Settings) -> None:
    with open_store(settings) as store:
        moment = now()
        with store.session() as session:
            session.add(
                Case(
                    title="t", status="open", priority="normal", created_by="m", created_at=moment, changed_at=moment,
                )
            )  # fmt: skip
            session.flush()
            session.add(Event(case_id=1, act="opened", detail="{}", author="m", made_at=moment))

        def rewrite() -> None:
            with store.session() as session:
                event = session.get(Event, 1)
                assert event is not None
                event.author = "somebody else"

        with pytest.raises(RuntimeError, match="only added to"):
            rewrite()


def test_only_its_owner_reads_the_file(settings: Settings) -> None:
    with open_store(settings) as store:
        a_view(store)
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in settings.cases_dir.glob("cases.sqlite*")}
        assert set(modes.values()) == {0o600}, modes


def test_a_file_that_is_no_database_is_named(settings: Settings) -> None:
    settings.cases_dir.mkdir(parents=True)
    (settings.cases_dir / "cases.sqlite").write_text("no database, but long enough to be looked into" * 30)
    with pytest.raises(FlowError, match=r"cases\.sqlite: file is not a database") as refusal:
        Store(settings)
    assert "backup" in refusal.value.hint


def test_the_doctor_reads_it_in_whole(where: Settings) -> None:
    assert store_trouble(where) is None
    with open_store(where) as store:
        a_view(store)
    assert store_trouble(where) is None
    if where.explorer.database is None:
        file = where.cases_dir / "cases.sqlite"
        content = bytearray(file.read_bytes())
        content[8_192:12_288] = b"\xff" * 4_096
        file.write_bytes(content)
        trouble = store_trouble(where)
        assert trouble
        assert "cases.sqlite" in trouble.message
        assert "backup" in trouble.hint


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("nonsense", "no address of a database"),
        ("mysql://h/d", "mysql is no database that keeps cases"),
        ("sqlite://", "sqlite is no database"),
        ("env:NETRAFLOW_SECRET_CASES", "NETRAFLOW_SECRET_CASES is not set"),
    ],
)
def test_addresses_that_lead_nowhere_are_refused(settings: Settings, url: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        Store(settings.with_changes(explorer={"database": url}))


def test_settings_hold_no_password_and_the_environment_may(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="it holds a password"):
        settings.with_changes(explorer={"database": "postgresql://mira:secret@127.0.0.1/cases"})
    monkeypatch.setenv("NETRAFLOW_SECRET_CASES", "postgresql://mira:hunter22@127.0.0.1:1/cases")
    with pytest.raises(FlowError) as refusal:
        Store(settings.with_changes(explorer={"database": "env:NETRAFLOW_SECRET_CASES", "busy_seconds": 1}))
    assert "hunter22" not in refusal.value.message + refusal.value.hint
    assert "127.0.0.1" in refusal.value.message
    assert not (tmp_path / "data" / "netraflow.toml").exists()


def test_without_its_client_the_way_out_is_named(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(UsageError, match="psycopg is not installed") as refusal:
        Store(settings.with_changes(explorer={"database": "postgresql://h/d"}))
    assert "netraflow[streams]" in refusal.value.hint


def test_where_the_cases_are_is_not_remembered(settings: Settings) -> None:
    changed = settings.with_changes(explorer={"database": "postgresql://h/d"})
    assert [key for key in changed.changed_values() if key[0] == "explorer"] == []


def test_a_database_may_stand_elsewhere(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "elsewhere" / "own.sqlite"
    with open_store(settings.with_changes(explorer={"database": f"sqlite:///{file}"})) as store:
        a_view(store)
    assert file.is_file()
    assert not settings.cases_dir.exists()


def test_a_folder_that_can_not_be_written_is_named(settings: Settings) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write anywhere")
    settings.cases_dir.mkdir(parents=True)
    settings.cases_dir.chmod(0o500)
    with pytest.raises(FlowError, match="can not be written"):
        Store(settings)
