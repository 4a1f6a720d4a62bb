"""The page "What can be read", from the plug room of sources and the words of its vocabulary."""

from __future__ import annotations

from pathlib import Path

from flow_pipeline.domain.markdown import item, wrapped
from flow_pipeline.sources import discover, vocabulary
from flow_pipeline.sources.layouts import Layout
from flow_pipeline.sources.maps import FIELDS
from flow_pipeline.sources.tabular import Tabular

_HEAD = """# What can be read

Written by `make docs` from the sources and their vocabulary.

`netraflow inspect FILE…` shows how a file would be read: its format, the column of each field, what was decided and
why, the first rows as they would load. It loads nothing.

A file is known by its content, never by its name. CSV (any separator; a `sep=` line, comments and blank lines before
the header; the row numbers of pandas and R), JSON, JSON Lines and Parquet are read, plain or in gzip, bzip2, xz, zstd,
zip or UTF-16, also one in another, and workbooks (xlsx, xls, ods) with one sheet of rows. JSON and the objects of
Parquet are flattened (`token_info.symbol`), and the answers of APIs are entered (`result`, `data.items`). An answer
that tells of an error is refused with its own words. Delta, Iceberg and Postgres tables, and what lies in S3, are read
as files are: [Lakes, databases and S3](lake.md).

## What is decided, and by what

Each column is read in one way, decided from all of its values. The decisions and their evidence stand in
`raw.loads.decisions`. What the values leave open refuses the file and names the setting.

| question | evidence | setting `sources.…` |
|---|---|---|
| coins or base units | a fraction: coins; whole numbers over 10^15 or beside decimals: base units | `value_unit` |
| decimal point or comma | values that can be read in one way only, then other columns of figures | `decimal_mark` |
| day or month first | numbers over 12 | `date_order` |
| time zone | an offset or the name of a zone in the value, else UTC | `time_zone` |
| did it fail | closed lists of words; an unknown word refuses the file | `[status]` of a map |
| is it a transfer | closed lists of kinds; approvals, NFTs and removed logs are rejects | – |

A transfer told twice counts once where it is equal in content; a transaction in two blocks counts in the later one.

## Formats
"""


def readable() -> str:
    """The page as Markdown."""
    parts = [_HEAD]
    for name, source in sorted(discover().items()):
        parts.append(f"### {name}\n")
        if isinstance(source, Tabular):
            parts += [_table(layout) for layout in source.layouts]
        else:
            parts.append(wrapped(f"{source.SHAPE}.") + "\n")
    parts.append(_names())
    return "\n".join(parts)


def _table(layout: Layout) -> str:
    columns = ", ".join(f"`{column}`" for column in layout.columns)
    lines = [f"**{layout.table}**: {layout.origin}"]
    if columns:
        lines.append(f"Known by {columns.replace('|', '` or `')}.")
    if layout.refusal[0]:
        lines.append(f"Refused: {layout.refusal[0]}; {layout.refusal[1]}.")
    return wrapped(" ".join(lines)) + "\n"


def _names() -> str:
    names = {field: name for name, field in FIELDS.items()}
    lines = [
        "## Names of columns\n",
        wrapped(
            "Case, spaces and signs do not count. What no name fits is named in a map file (`--map FILE`, or "
            "`[sources.map]` of the settings; `netraflow inspect FILE --write-map MAP` drafts one)."
        )
        + "\n",
    ]
    for field, spellings in vocabulary.COLUMNS.items():
        lines.append(item(f"**{names.get(field, field)}**: {', '.join(f'`{one}`' for one in spellings)}").rstrip())
    return "\n".join(lines) + "\n"


def main(folder: Path = Path("docs")) -> None:
    """Write the page."""
    (folder / "reading.md").write_text(readable())


if __name__ == "__main__":
    main()
