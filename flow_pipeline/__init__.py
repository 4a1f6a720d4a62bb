"""netraflow: raw crypto token transfers to audited netflow, anomalies and destinations.

The rooms and the direction of their imports are described in docs/architecture.md.
"""

__version__ = "0.1.0"
