"""dbt on the build file, in this process: a warm run costs half a second, a subprocess five to nine."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from flow_pipeline.domain.chains import chains_of
from flow_pipeline.domain.errors import FlowError
from flow_pipeline.domain.imports import import_large
from flow_pipeline.domain.shipped import IS_INSTALLED, shipped
from flow_pipeline.settings import Settings
from flow_pipeline.warehouse.faults import cause_of, without_advice
from flow_pipeline.warehouse.store import engine_config, open_published

PROJECT = shipped("dbt_project")
Built = dict[str, str]
"""What became of each model and test by its name: success, pass, warn."""
_NOTHING_FROM_OUTSIDE = (
    '<meta http-equiv="Content-Security-Policy" '
    "content=\"default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:\">"
)
"""dbt's page knows an address to report visits to."""


def project_fingerprint() -> str:
    """Hash of every file of the dbt project: a changed model rebuilds every day."""
    digest = hashlib.sha256()
    for path in sorted(PROJECT.rglob("*")):
        if path.suffix in (".sql", ".yml") and "target" not in path.relative_to(PROJECT).parts:
            digest.update(path.relative_to(PROJECT).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()


def contract_types(relation: str) -> dict[str, str]:
    """Columns of a mart with their types, in order; none of a relation whose model has no contract."""
    for model in described_models():
        if f"{model['schema']}.{model['name']}" == relation:
            return {column["name"]: column["data_type"] for column in model.get("columns", []) if "data_type" in column}
    return {}


def described_models() -> list[dict[str, Any]]:
    """Every model as the YAML beside it describes it, with its `schema`."""
    import yaml

    # The loader in C is seven times as fast; wheels have it, a build from source may not.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    folder = PROJECT / "models"
    return [
        {**model, "schema": path.relative_to(folder).parts[0]}
        for path in sorted(folder.rglob("*.yml"))
        for model in yaml.load(path.read_text(encoding="utf-8"), loader).get("models", [])
    ]


def variables(settings: Settings) -> dict[str, Any]:
    """The dbt variables that the settings decide."""
    return {
        "home_regions": list(settings.regions.home),
        "scanned_wallets_are_home": settings.regions.scanned_wallets_are_home,
        "evm_chains": list(chains_of("evm")),
        "top_windows": list(settings.destinations.windows_days),
        "top_n": settings.destinations.top_n,
        "unknown_token_days": settings.anomalies.unknown_token_days,
        "labels_as_known_on": settings.labels.as_known_on.isoformat() if settings.labels.as_known_on else "9999-12-31",
    }


def arguments(settings: Settings, full_refresh: bool) -> list[str]:
    """Arguments of `dbt build`, for this process and for Dagster alike. Unit tests belong to the test suite."""
    given = ["build", "--exclude-resource-type", "unit_test", "--vars", json.dumps(variables(settings))]
    if full_refresh:
        given.append("--full-refresh")
    return given


def environment(settings: Settings, file: Path | None = None) -> dict[str, str]:
    """Environment variables that profiles.yml reads, for the build file or another."""
    config = engine_config(settings)
    return {
        "NETRAFLOW_DBT_FILE": str((file or settings.build_file).resolve()),
        "NETRAFLOW_DBT_MEMORY": str(config["memory_limit"]),
        "NETRAFLOW_DBT_THREADS": str(config["threads"]),
        "NETRAFLOW_DBT_UNSAFE_OPTIMIZERS": str(config["disabled_optimizers"]),
        "NETRAFLOW_DBT_SPILL": str(config["temp_directory"]),
        "NETRAFLOW_DBT_STORAGE_VERSION": str(config["storage_compatibility_version"]),
    }


def write_docs(settings: Settings) -> Path:
    """dbt's pages about the models: lineage, columns, SQL, tables as published. One file, which asks for no other.

    It is written anew when another file is published or the project changed.

    Raises:
        UsageError: nothing is published yet.
    """
    with open_published(settings):
        published = settings.published_link.resolve()
    folder = (settings.data_dir / "docs").resolve()
    page, mark, now = folder / "index.html", folder / "made-from", f"{published.name} {project_fingerprint()}"
    if page.exists() and mark.exists() and mark.read_text() == now:
        return page
    # Read-only, so that a run that writes the build file is not in the way. The project is parsed for the name of the
    # published file, under which dbt looks for the columns.
    given = ["docs", "generate", "--static", "--target", "published", "--vars", json.dumps(variables(settings))]
    invoke(settings, given, target=folder / "dbt", file=published)
    made = (folder / "dbt" / "static_index.html").read_text(encoding="utf-8")
    page.write_text(made.replace("<head>", f"<head>{_NOTHING_FROM_OUTSIDE}", 1), encoding="utf-8")
    mark.write_text(now)
    return page


def compiled_models(settings: Settings) -> dict[str, str]:
    """The SELECT of every model by its relation, as dbt compiles it for a build of all days. No warehouse is opened."""
    folder = target_path(settings) / "compiled-models"
    given = ["compile", "--no-introspect", "--vars", json.dumps(variables(settings))]
    folder.mkdir(parents=True, exist_ok=True)
    result = invoke(settings, given, target=folder, file=folder / "nothing.duckdb")
    nodes = [item.node for item in result.results if str(item.node.resource_type) == "model"]
    return {f"{node.schema}.{node.name}": str(node.compiled_code) for node in nodes}


def target_path(settings: Settings) -> Path:
    """Where dbt writes its manifest and logs: in the data directory; the project holds only what all of them share."""
    return (settings.data_dir / "build" / "dbt").resolve()


def prepare_manifest(settings: Settings) -> Path:
    """The manifest, parsed anew when it is missing or the project changed: a fresh clone has none."""
    manifest, mark = target_path(settings) / "manifest.json", target_path(settings) / "manifest.sha256"
    if not manifest.exists() or not mark.exists() or mark.read_text() != project_fingerprint():
        invoke(settings, ["parse", "--vars", json.dumps(variables(settings))])
        mark.write_text(project_fingerprint())
    return manifest


def parsed_project(settings: Settings) -> Any:
    """The parsed project: parsing takes two seconds, so that it is kept: in a checkout for every data directory."""
    import_large("dbt.cli.main")
    from dbt.contracts.graph.manifest import Manifest
    from dbt.parser.manifest import extended_mashumuro_decoder

    # Whatever else of a profile decides about parsing comes from this module and is the same for all.
    project = _mark([project_fingerprint(), *(version(name) for name in ("dbt-core", "dbt-adapters", "dbt-duckdb"))])
    folder = target_path(settings) if IS_INSTALLED else PROJECT / "target"
    kept = folder / f"parsed-{project}-{_mark(variables(settings))}.msgpack"
    try:
        found = kept.read_bytes()
    except OSError:
        invoke(settings, ["--no-write-json", "parse", "--vars", json.dumps(variables(settings))])
        found = (target_path(settings) / "partial_parse.msgpack").read_bytes()
        with contextlib.suppress(OSError):  # a project that can not be written to is parsed each time
            _keep(kept, found, project)
    manifest: Any = Manifest.from_msgpack(found, decoder=extended_mashumuro_decoder)
    manifest.build_flat_graph()
    return manifest


def _keep(path: Path, content: bytes, project: str) -> None:
    """Write a parsed project and remove those of other versions of it."""
    path.parent.mkdir(exist_ok=True)
    for other in path.parent.glob("parsed-*"):
        if not other.name.startswith(f"parsed-{project}-"):
            other.unlink(missing_ok=True)
    incoming = path.with_suffix(f".{os.getpid()}")
    incoming.write_bytes(content)
    incoming.replace(path)


def _mark(facts: Any) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]


def invoke(
    settings: Settings,
    given: list[str],
    manifest: Any = None,
    target: Path | None = None,
    file: Path | None = None,
) -> Any:
    """Run one dbt command in this process.

    Args:
        settings: In force.
        given: The command and its options.
        manifest: A parsed project; None to have it parsed.
        target: Where dbt writes; else `target_path`.
        file: The warehouse; else the build file.

    Raises:
        FlowError: dbt failed; the message names the model or test and its error.
    """
    import_large("dbt.cli.main")
    from dbt.cli.main import dbtRunner

    target = target or target_path(settings)
    paths = [
        "--project-dir",
        str(PROJECT),
        "--profiles-dir",
        str(PROJECT),
        "--target-path",
        str(target),
        "--log-path",
        str(target / "logs"),
    ]
    with _environment(environment(settings, file)):
        result = dbtRunner(manifest).invoke(["--quiet", "--no-use-colors", "--log-level-file", "none", *given, *paths])
    _release_file()
    if result.exception:
        raise _failed(f"dbt could not run: {result.exception}", "see `netraflow doctor`")
    if not result.success:
        failures = [
            f"{item.node.name}: {item.message}"
            for item in getattr(result.result, "results", [])
            if str(item.status) in ("error", "fail")
        ]
        raise _failed(
            "dbt failed at " + "; ".join(failures),
            "the build is kept as it was published; mend the model or the data it names",
        )
    return result.result


def _failed(text: str, way_out: str) -> FlowError:
    """A failure of dbt; where disk or memory made it, with their way out."""
    what, way_out = cause_of(text) or ("", way_out)
    return FlowError(f"{what}: {without_advice(text)}" if what else text, way_out)


def transform(settings: Settings, full_refresh: bool) -> Built:
    """Build every model for all days, or the tables that new days change: views and label tables stand as built."""
    unchanged = [] if full_refresh else ["--exclude", "config.materialized:view", "dim_address_labels"]
    # Nobody reads the artifacts of a run in this process; writing them costs a third of a second.
    given = ["--no-write-json", *arguments(settings, full_refresh), *unchanged]
    return _statuses(invoke(settings, given, parsed_project(settings)))


def build_in_lake(settings: Settings, lake: str, name: str, full_refresh: bool) -> Built:
    """Build every model with the Spark session of this process, into files of the lake that nobody reads yet.

    The session has `spark_macros`, and each source as the view `schema__table`; afterwards it has each model as such a
    view too. When only new days are built it also has, as `schema__table__before`, what stood of each table.

    Args:
        settings: In force.
        lake: Folder or address of the tables; a model's files come to `lake/schema/table/name`.
        name: Of this build, and new: files of a build that was killed stay where they are.
        full_refresh: Build all days, not only those in store.dirty_days.
    """
    with _environment({"NETRAFLOW_DBT_LAKE": lake, "NETRAFLOW_DBT_BUILD": name}):
        given = ["--no-write-json", *arguments(settings, full_refresh), "--target", "lake"]
        return _statuses(invoke(settings, given, target=target_path(settings) / "lake"))


def _statuses(result: Any) -> Built:
    return {item.node.name: str(item.status) for item in result.results}


@contextlib.contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _release_file() -> None:
    """Close dbt-duckdb's cached connection: within one process it would keep the file open."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    DuckDBConnectionManager.close_all_connections()
