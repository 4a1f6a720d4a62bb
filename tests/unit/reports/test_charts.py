"""Charts: a picture for each question, with the sign in its title, drawn without a browser."""

from __future__ import annotations

from pathlib import Path

from flow_pipeline.reports import charts
from flow_pipeline.reports.drawing import Painter
from flow_pipeline.settings import Settings
from tests.conftest import U, build, transfer, write_csv

BINANCE = "0x28c6c06298d514db089934071355e5743bf21d60"


def test_published_pictures_are_png_and_say_the_sign(settings: Settings, tmp_path: Path) -> None:
    write_csv(tmp_path / "in" / "t.csv", [transfer(n, U, BINANCE, n, at=f"2025-05-{n:02d}") for n in range(1, 20)])
    build(settings, tmp_path / "in")
    pictures = charts.published_pictures(settings)
    assert set(pictures) == {"netflow", "inflow and outflow", "top destinations"}
    assert all(picture.startswith("![chart](data:image/png;base64,iVBOR") for picture in pictures.values())
    from flow_pipeline.warehouse.store import open_published

    with open_published(settings) as connection:
        scores = charts._busiest(connection)
    assert scores is not None
    with Painter(60) as painter:
        drawn = painter.draw(lambda: charts.netflow_with_band(scores, settings.anomalies).to_dict()).svg
    assert "positive = coins moving onto exchanges" in drawn
    assert (
        "grey = range (cut at the frame) that the series leaves once a year, around the median of the previous 28 days"
        in drawn
    )


def test_nothing_built_gives_no_picture(settings: Settings, tmp_path: Path) -> None:
    write_csv(tmp_path / "in" / "t.csv", [transfer(1, U, "0x" + "9" * 40, 1)])
    build(settings, tmp_path / "in")
    assert charts.published_pictures(settings) == {}
