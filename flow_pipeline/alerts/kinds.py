"""The kinds of alert as Markdown, from the rules' own words."""

from __future__ import annotations

from pathlib import Path

from flow_pipeline.alerts.rules import WITHOUT_RULE, discover
from flow_pipeline.domain.markdown import item, wrapped

_HEAD = """# Kinds of alert

`make docs` generates this page from the files of `flow_pipeline/alerts/rules`. A test compares it with them. When an
alert is told, changed or withdrawn is in [Operations](operations.md#alerts).
"""

_MEASURED = """
## How many there are

Counted on data of real chains (`REAL_DATA_DIR`) and on the sample, each loaded at once into an empty data directory,
with the settings as they come:

```
netraflow analyze $REAL_DATA_DIR/bridge_polygon --chain polygon --out /tmp/counted
netraflow --data-dir /tmp/counted alerts list --status all --csv
```

| data | transfers | told | waiting | parts | told as |
|---|---:|---:|---:|---:|---|
| `lpt_study/raw`, one wallet, 2021 to 2025 | 198 | 3 | 0 | 2 | one digest |
| `bridge_polygon`, a week of bridges | 20,154 | 3 | 0 | 1 | one digest |
| `eth_raphtory`, nine hours of ETH and two lists | 18,086 | 17 | 0 | 1 | one digest |
| the sample (`netraflow demo`), 140 planted crimes and 477 traders | 42,464 | 51 | 41 | 5 | no channel is set |

Of those told, `lpt_study` has 1 CRITICAL, 1 HIGH and 1 MEDIUM, `bridge_polygon` 3 MEDIUM, `eth_raphtory` 1 HIGH and 16
MEDIUM, the sample 26 CRITICAL, 24 HIGH and 1 MEDIUM.
"""


def alert_kinds() -> str:
    """Markdown with a section per kind of alert."""
    rules = [_kind(name, rule.SAYS, rule.SEVERITY, rule.DO) for name, rule in sorted(discover().items())]
    others = [_kind(name, kind.says, kind.severity, kind.do) for name, kind in WITHOUT_RULE.items()]
    return "".join([_HEAD, *rules, *others, _MEASURED])


def does(rule: str) -> str:
    """What to do about an alert of a kind; empty for one that this version does not know."""
    if rule in WITHOUT_RULE:
        return WITHOUT_RULE[rule].do
    known = discover().get(rule)
    return known.DO if known else ""


def _kind(name: str, says: str, severity: str, do: str) -> str:
    sentence = wrapped(f"{says[0].upper()}{says[1:]}.")
    return f"\n## {name}\n\n{sentence}\n\n{item(f'Severity: {severity}.')}{item(f'Do: {do}')}"


def main(folder: Path = Path("docs")) -> None:
    """Write the page."""
    (folder / "alerts.md").write_text(alert_kinds())


if __name__ == "__main__":
    main()
