"""The kinds of alert as Markdown, from the rules' own words."""

from __future__ import annotations

from pathlib import Path

from flow_pipeline.alerts.rules import RUN_FAILED, RUN_FAILED_SAYS, discover
from flow_pipeline.domain.markdown import item, wrapped

_HEAD = """# Kinds of alert

`make docs` generates this page from the files of `flow_pipeline/alerts/rules`. A test compares it with them. When an
alert is told, changed or withdrawn is in [Operations](operations.md#alerts).
"""

_RUN_FAILED_DO = "Read the reason in the alert, repair the cause, run again. The last publication stays in force."


def alert_kinds() -> str:
    """Markdown with a section per kind of alert."""
    rules = [_kind(name, rule.SAYS, rule.SEVERITY, rule.DO) for name, rule in sorted(discover().items())]
    return "".join([_HEAD, *rules, _kind(RUN_FAILED, RUN_FAILED_SAYS, "HIGH", _RUN_FAILED_DO)])


def _kind(name: str, says: str, severity: str, do: str) -> str:
    sentence = wrapped(f"{says[0].upper()}{says[1:]}.")
    return f"\n## {name}\n\n{sentence}\n\n{item(f'Severity: {severity}.')}{item(f'Do: {do}')}"


def main(folder: Path = Path("docs")) -> None:
    """Write the page."""
    (folder / "alerts.md").write_text(alert_kinds())


if __name__ == "__main__":
    main()
