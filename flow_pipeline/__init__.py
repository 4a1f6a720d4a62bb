"""netraflow: raw crypto token transfers to audited netflow, anomalies and destinations.

The rooms and the direction of their imports are described in docs/architecture.md. For notebooks:
`import flow_pipeline as nf; nf.open("data").netflow(token="LPT")`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flow_pipeline.domain.errors import FlowError
    from flow_pipeline.notebook import open_warehouse as open

__version__ = "0.1.0"
__all__ = ["FlowError", "__version__", "open"]


def __getattr__(name: str) -> Any:
    """What notebooks take, loaded when it is asked for: whoever imports the package for less waits for nothing."""
    if name == "open":
        from flow_pipeline.notebook import open_warehouse

        return open_warehouse
    if name == "FlowError":
        from flow_pipeline.domain.errors import FlowError

        return FlowError
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
