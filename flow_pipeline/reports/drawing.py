"""Drawing charts in a process of its own: what it can not draw fails one chart and nothing else."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

from flow_pipeline.domain.text import harmless


class ChartFailed(Exception):
    """A chart could not be drawn; the text says why, in a line."""


class Drawn(NamedTuple):
    """A chart as text and as bytes; `png` is empty where none was asked for."""

    svg: str
    png: bytes


class Painter:
    """Draws Vega-Lite charts, one after the other; a process that dies or takes too long is replaced by the next.

    Args:
        seconds: How long a chart may take.
        program: The file that is run; else `painter.py`.
    """

    def __init__(self, seconds: float, program: Path = Path(__file__).with_name("painter.py")) -> None:
        self._seconds, self._program = seconds, program
        self._process: subprocess.Popen[str] | None = None
        self._thread = ThreadPoolExecutor(1)

    def __enter__(self) -> Painter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()
        self._thread.shutdown()

    def draw(self, make: Callable[[], dict[str, Any]], png: bool = False) -> Drawn:
        """Draw what `make` describes.

        Args:
            make: Gives the chart as Vega-Lite; data of strangers may make it fail.
            png: Whether PNG is wanted too.

        Raises:
            ChartFailed: it could not be described or drawn in time.
        """
        try:
            line = json.dumps({"spec": make(), "png": png}, default=str, allow_nan=False)
        except Exception as error:
            # Whatever a chart's description stumbles over is that chart's failure.
            raise ChartFailed(_line(f"{type(error).__name__}: {error}")) from error
        answer = self._ask(line)
        if "error" in answer:
            raise ChartFailed(_line(answer["error"]))
        return Drawn(answer["svg"], base64.b64decode(answer["png"]))

    def _ask(self, line: str) -> dict[str, str]:
        process = self._running()
        waiting = self._thread.submit(_exchange, process, line)
        try:
            answer = waiting.result(self._seconds)
        except TimeoutError:
            self._stop()
            raise ChartFailed(f"not drawn within {self._seconds:g} s (reports.chart_seconds)") from None
        if not answer:
            self._stop()
            raise ChartFailed("the process that draws ended")
        return dict(json.loads(answer))

    def _running(self) -> subprocess.Popen[str]:
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-P", str(self._program)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                encoding="utf-8",
            )
        return self._process

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            with suppress(OSError):
                if stream:
                    stream.close()


def _exchange(process: subprocess.Popen[str], line: str) -> str:
    """One line to the process and one back; nothing where it ended."""
    try:
        if process.stdin is None or process.stdout is None:
            return ""
        process.stdin.write(line + "\n")
        process.stdin.flush()
        return process.stdout.readline()
    except (OSError, ValueError):
        return ""


def _line(text: str) -> str:
    return harmless(text.strip().partition("\n")[0], 300)
