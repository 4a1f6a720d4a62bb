"""The only door for Dagster: everything in `defs` by being there."""

from pathlib import Path

from dagster import Definitions, definitions, in_process_executor, load_from_defs_folder


@definitions
def defs() -> Definitions:
    """Assets, checks, jobs, schedules and sensors of the project."""
    found = load_from_defs_folder(path_within_project=Path(__file__).parent)
    # Runs that the UI puts together take their steps one after the other too, without a process for each.
    return Definitions.merge(found, Definitions(executor=in_process_executor))
