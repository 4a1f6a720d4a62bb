"""Landing files: what `netraflow fetch` and `netraflow watch` write; every column says itself what it is.

They are known by their columns and types, so that nothing in them is decided from values: amounts are exact token
units, times are UTC, the chain stands in each row. A missing amount is one that nobody could tell, and stays NULL.
"""

from __future__ import annotations

import base64
import zlib

from flow_pipeline.sources.evidence import Reading
from flow_pipeline.sources.fields import Amount, Plan, Shape, TransferFields, hash_of, literal, quoted
from flow_pipeline.sources.files import InputFile

NAME, IS_WHOLE = "landing", True
SHAPE = (
    "Parquet of `netraflow fetch` and `netraflow watch`: one range of blocks of one chain, with the hashes of blocks"
)
EXAMPLE = (
    "000022384201-000022384201.parquet",
    zlib.decompress(
        base64.b64decode(
            "eNqllb9v00AUx8/GcUJwU1r1rFjykKGxoHKrJgImFiKWVhmq0G5I5uJc5ai1HfyjBLEydKg6MXTgL+AfYGdGSCwM/RvyFyAGnn80uaR2EilPl4v1"
            "3vdz7+7eS3z0qtPACG/jbR3z8CBiUUUI8dGHK8FMA4t6NLQhpmI1Q3RwfcLBA8oVoHfc9+IzcY4gNfDfcDAyJC2Y94dkRcvdQXGyAwtbGYKdOL+5"
            "pOXmEWA+PnnzekGexpK2YJnmkga0jvU5hdn6vbn2SUYcxCUs3Rcurlx3RVuYoLeiYUH5t/4cVUXftKhNsApHrfPVgmmRvlNH7SgfFsAjdc9d88xw"
            "QrtLvcS1nriCvk39gNiD+lb7alPVk46KBBuBRxyfmEHfdYy+06PDZPViMDQs4lvs+pVYe0o9VrgWuGfUMUiv51Hfv5NHESmJ+B/trns+FTj1XDuL"
            "KAfurLuCa5ivisR2Qyeol+HfoK2/jeZJsJwEjdDvgUCKBVIiiBdNroA9TOR+NCAeBYrxy7yiKiMNqVhS6iJS0ivGEJAP5UOtdKDiqJ949FJ+rIiK"
            "Fpc50guJfqoAMdaSW1pngj3NgGZLNOa+cPPB+6Ubo3/y0PRgd9WNgR8cDO2GZ073mcs63kz9x9luH8zPNt0iMXbNwdC+CkzOYyUDneqhccJvBYYr"
            "ZXJsizEZR4VFGZkeZLi/Yi5XSbi0RWOmI3e0y1LOpaR6pmtjpik3tdsZJkKm9jZpZaZyVw/zK5eCbLMz5K9yNilfSjKvleALPakB+j6kwa45GOwS"
            "z3M/1C6o50PP1Zov9vb3GsoIfjtLDvQTXjNH8F7/DxGRcZE="
        )
    ),
)
_TYPES = {
    "chain": "VARCHAR",
    "block_number": "BIGINT",
    "block_timestamp": "TIMESTAMP",
    "transaction_index": "BIGINT",
    "tx_hash": "VARCHAR",
    "transfer_index": "BIGINT",
    "token_address": "VARCHAR",
    "token_symbol": "VARCHAR",
    "from_address": "VARCHAR",
    "to_address": "VARCHAR",
    "amount": "DECIMAL(38,18)",
    "amount_usd": "DECIMAL(38,6)",
    "block_hash": "VARCHAR",
    "parent_hash": "VARCHAR",
}
_SURE = 1_000


def recognise(file: InputFile) -> int:
    """By all columns and their types, and no others."""
    return _SURE if file.kind == "parquet" and file.types == _TYPES else 0


def shape(file: InputFile) -> Shape:
    """Its rows are the rows."""
    return Shape()


def plan(reading: Reading) -> Plan:
    """Columns as they stand; a file of no rows is one too: nothing moved in its blocks."""
    chain = literal(reading.file.constants["chain"]) if "chain" in reading.file.constants else quoted("chain")
    amount = Amount(
        "amount",
        "case when amount < 0 then 'negative_amount' "
        "when amount >= 1_000_000_000_000_000_000 then 'amount_out_of_range' end",
        None,
    )
    return Plan(
        TransferFields(
            chain=chain,
            timestamp="block_timestamp",
            time_text="block_timestamp",
            from_address="from_address",
            to_address="to_address",
            amount=amount,
            block_number="block_number",
            transaction_index="transaction_index",
            tx_hash=hash_of("tx_hash", chain),
            transfer_index="transfer_index",
            token_address="token_address",
            token_symbol="token_symbol",
            amount_usd="amount_usd",
        )
    )
