"""The only door for Dagster: everything in `defs` by being there."""

from pathlib import Path

from dagster import Definitions, definitions, load_from_defs_folder


@definitions
def defs() -> Definitions:
    """Assets, checks, jobs, schedules and sensors of the project."""
    return load_from_defs_folder(path_within_project=Path(__file__).parent)
