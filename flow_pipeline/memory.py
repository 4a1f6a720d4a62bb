"""What a data directory remembers of its runs: what a run changes of it, in words, and the file that keeps it.

What lives here: comparing the settings in force with what is remembered. What must not: the layers themselves and the
form of the file (layers.py), the keys (settings.py).
"""

from __future__ import annotations

from typing import Any

from flow_pipeline import layers
from flow_pipeline.domain.errors import UsageError
from flow_pipeline.layers import Flat, Key
from flow_pipeline.settings import Settings, defaults


def changes(settings: Settings) -> dict[Key, tuple[Any, Any]]:
    """What the settings in force change of what is remembered, before and after; None where nothing is remembered."""
    kept, now, usual = _kept(settings), settings.changed_values(), defaults()
    found = {}
    for key in (*kept, *(key for key in now if key not in kept)):
        before, after = kept.get(key), now.get(key)
        # A value that somebody wrote into the file although it is the default is no change.
        if before != (usual.get(key) if after is None else after):
            found[key] = (before, after)
    return found


def told_changes(settings: Settings) -> list[str]:
    """The changes as lines: `labels: adds a.csv`, `sources.chain: ethereum -> polygon`; what was to be forgotten and
    still holds.
    """
    usual = defaults()
    lines = []
    for key, (before, after) in changes(settings).items():
        if key in layers.ADDED:
            old, new = before or [], after or []
            parts = {"adds": [one for one in new if one not in old], "drops": [one for one in old if one not in new]}
            said = "; ".join(f"{word} {_shown(key, items)}" for word, items in parts.items() if items)
            lines.append(f"{layers.named(key)}: {said or 'in another order'}")
        else:
            pair = (_shown(key, usual.get(key) if value is None else value) for value in (before, after))
            lines.append(f"{layers.named(key)}: {' -> '.join(pair)}")
    return [*lines, *settings.recall.notes]


def told_memory(settings: Settings) -> str:
    """What holds because it is remembered, in one line; empty when all of it is said elsewhere too."""
    now = settings.changed_values()
    held = [
        f"{layers.named(key)} {_shown(key, value)}"
        for key, value in _kept(settings).items()
        if settings.recall.origins.get(key) == "remembered" and now.get(key) == value
    ]
    return "; ".join(held)


def _kept(settings: Settings) -> Flat:
    return {key: value for key, value in settings.recall.kept.items() if key[0] not in layers.NOT_REMEMBERED}


def _shown(key: Key, value: Any) -> str:
    """A value in a line; files by their names."""
    if value is None or value in ([], {}):
        return "none"
    if isinstance(value, list):
        return ", ".join(_shown(key, item) for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{name}={_shown(key, item)}" for name, item in value.items())
    if isinstance(value, bool):
        return str(value).lower()
    return layers.item_name(value) if key in layers.INPUTS else str(value)


def refuse_vanished(settings: Settings) -> None:
    """Stop before a run that would build without a file that it is remembered to be built with.

    Raises:
        UsageError: names the files, and how they are forgotten.
    """
    now = settings.changed_values()
    gone = {
        f"{layers.named(key)}/{path.name}" if key in layers.ADDED else layers.named(key): path
        for key, value in _kept(settings).items()
        for path in layers.files_of(key, value)
        if path in layers.files_of(key, now.get(key)) and not path.exists()
    }
    if gone:
        raise UsageError(
            f"{layers.memory_file(settings.data_dir)} remembers {', '.join(map(str, gone.values()))}: no such file",
            f"put it back, or drop it: `netraflow run --forget {' '.join(gone)}`",
        )


def prepare(settings: Settings, run_id: str) -> None:
    """Write what is to be remembered when a run is what readers see; nothing when nothing changes.

    Only what the run changes is changed: what another run wrote since this one read its settings stays.

    Args:
        settings: Settings in force for the run.
        run_id: The run that is to be published.
    """
    complete(settings)
    for leftover in settings.build_file.parent.glob("warehouse-*.toml"):
        leftover.unlink()
    if changed := changes(settings):
        file = settings.data_dir / layers.SETTINGS_FILE
        text = file.read_text(encoding="utf-8") if file.exists() else layers.HEAD
        values = layers.relative({key: after for key, (_, after) in changed.items()}, settings.data_dir)
        layers.write_whole(layers.pending_file(settings.data_dir, f"warehouse-{run_id}"), layers.edited(text, values))


def complete(settings: Settings) -> None:
    """Put what the published run is to be remembered by into its place."""
    waiting = layers.memory_file(settings.data_dir)
    file = settings.data_dir / layers.SETTINGS_FILE
    if waiting != file:
        waiting.replace(file)


def origin(settings: Settings, key: Key) -> str:
    """Where the value of a key comes from: default, remembered, file, environment."""
    found = [place for known, place in settings.recall.origins.items() if known[: len(key)] == key]
    return ", ".join(dict.fromkeys(found)) or "default"
