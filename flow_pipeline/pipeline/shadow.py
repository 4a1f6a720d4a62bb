"""Another set of rules beside the one in force, on the same data: what it would tell; nothing is published."""

from __future__ import annotations

import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flow_pipeline.detection.daily import run_all
from flow_pipeline.detection.findings import run_typologies
from flow_pipeline.detectors import daily
from flow_pipeline.detectors.typology import check_parameters
from flow_pipeline.domain.errors import UsageError
from flow_pipeline.pipeline import Progress
from flow_pipeline.questions.rows import Rows
from flow_pipeline.questions.shadow import changed_findings
from flow_pipeline.settings import Settings
from flow_pipeline.warehouse.publish import copy_file
from flow_pipeline.warehouse.store import open_build, run_lock, set_state

SECTIONS = ("rules", "verdicts", "typologies", "anomalies")
"""Sections of the settings that make a set of rules."""


@dataclass(frozen=True)
class Shadow:
    """What another set of rules would change.

    Attributes:
        name: Its name.
        counts: Per kind of finding: suspicious in force and under the set, new, gone, and moved to another severity.
        examples: The rarest of each kind and change.
    """

    name: str
    counts: Rows
    examples: Rows


def read_set(settings: Settings, file: Path) -> Settings:
    """The settings in force with those of a set over them.

    Args:
        settings: In force.
        file: TOML with any of the sections `SECTIONS`, in the form of the settings file.

    Raises:
        UsageError: it can not be read, holds another section, or a value is refused.
    """
    try:
        given: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"--set {file}: {error.strerror}", "give a file in the form of netraflow.toml") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"--set {file} is not valid TOML: {error}", "mend the line it names") from None
    if others := set(given) - set(SECTIONS):
        raise UsageError(
            f"--set {file}: section {', '.join(sorted(others))} is no part of a set of rules",
            f"a set has the sections {', '.join(SECTIONS)}",
        )
    trial = settings.with_changes(**given)
    check_parameters(trial.typologies)
    daily.check_parameters(trial.anomalies)
    return trial


def run_shadow(settings: Settings, file: Path, examples: int, say: Progress = lambda text: None) -> Shadow:
    """Search the data of the last build under another set of rules, in a copy that is thrown away.

    Args:
        settings: In force.
        file: The set, see read_set.
        examples: Findings shown per kind and change.
        say: Called with each step.

    Raises:
        UsageError: nothing is published yet, or the set is refused.
    """
    published = settings.published_link
    if not published.exists():
        raise UsageError(f"there is no published warehouse at {published}", "run `netraflow analyze INPUT_DIR` first")
    trial = read_set(settings, file)
    with run_lock(settings), tempfile.TemporaryDirectory(prefix="shadow-", dir=settings.build_file.parent) as name:
        trial = trial.model_copy(update={"data_dir": Path(name)})
        trial.build_file.parent.mkdir(parents=True, exist_ok=True)
        say("copy the build file")
        copy_file(settings.build_file, trial.build_file)
        say("detect under the set")
        with open_build(trial) as connection:
            set_state(connection, "typologies_through", "")
            run_all(connection, trial)
            run_typologies(connection, trial)
            counts, found = changed_findings(connection, published, examples)
        return Shadow(trial.rules.name, counts, found)
