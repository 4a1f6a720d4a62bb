"""`netraflow settings`: what is in force, and why."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from flow_pipeline.cli.common import JsonOption, emit, settings_of


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("settings", epilog="Example: netraflow settings --explain")(settings)


def settings(
    context: typer.Context,
    explain: Annotated[bool, typer.Option("--explain", help="Add the default and the reason of every key.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Every setting, its value in force and where that comes from: default, remembered, file, environment.

    netraflow.toml or NETRAFLOW_<SECTION>__<KEY> changes it; a run that publishes makes its data directory remember it.
    """
    found = settings_of(context, builds=True)
    columns = ["key", "value", "from", *(["default", "reason"] if explain else [])]
    emit(columns, [row[: len(columns)] for row in explained(found)], as_json, False)


def explained(found: Any) -> list[list[Any]]:
    """(key, value, where it comes from, default, reason) of every setting."""
    from flow_pipeline.memory import origin

    rows: list[list[Any]] = []
    for name, field in type(found).model_fields.items():
        section = getattr(found, name)
        if not hasattr(section, "model_dump"):
            rows.append([name, str(section), origin(found, (name,)), str(field.default), field.description])
            continue
        for key, inner in type(section).model_fields.items():
            value = _plain(getattr(section, key))
            rows.append([f"{name}.{key}", value, origin(found, (name, key)), _plain(inner.default), inner.description])
        for key, value, *rest in _of_detectors(name, section):
            rows.append([f"{name}.{key}", value, origin(found, (name, *key.split("."))), *rest])
    return rows


def _of_detectors(name: str, section: Any) -> list[list[Any]]:
    from flow_pipeline.detectors import daily, discover, typology

    if name == "typologies":
        typology.check_parameters(section)
        found = {one: typology.parameters_of(one, section) for one in sorted(typology.typologies())}
    elif name == "anomalies":
        daily.check_parameters(section)
        found = {one: daily.parameters_of(one, section) for one in sorted(discover())}
    else:
        return []
    rows: list[list[Any]] = []
    for detector, parameters in found.items():
        for key, inner in type(parameters).model_fields.items() if parameters else ():
            rows.append(
                [
                    f"{detector}.{key}",
                    _plain(getattr(parameters, key)),
                    _plain(inner.default),
                    inner.description,
                ]
            )
    return rows


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, dict):
        return ", ".join(f"{key} {_plain(item)}" for key, item in value.items()) or "none"
    if isinstance(value, float):
        return f"{value:g}"
    if hasattr(value, "model_dump"):
        return (
            "("
            + ", ".join(f"{key} {_plain(item)}" for key, item in value.model_dump(exclude_defaults=True).items())
            + ")"
        )
    return "none" if value is None else str(value)
