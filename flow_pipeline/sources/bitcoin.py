"""Bitcoin: bitcoin-etl transactions and Bitcoin Core `getblock` (verbosity 3) as transfers between addresses.

They are exact to the satoshi. An output is shared over the input addresses in proportion to what they put in, whole
satoshis by largest remainder; what comes back to an input address is change and no transfer; new coins come from
`coinbase`; what no output takes goes to `fees`. A transaction without outputs is none on Bitcoin, so it is refused: its
inputs are not taken for fees.
"""

from __future__ import annotations

from flow_pipeline.domain.sql import statements
from flow_pipeline.settings import SourceSettings
from flow_pipeline.sources.fields import Amount, Plan, TransferFields
from flow_pipeline.sources.files import InputFile

NAME = "bitcoin"
SHAPE = (
    "JSON of blocks (Bitcoin Core getblock, verbosity 3) or of transactions (bitcoin-etl), "
    "with the values and addresses of inputs"
)
EXAMPLE = (
    "block.json",
    b'{"hash":"00aa","height":800000,"time":1690168629,"tx":['
    b'{"txid":"aa","vin":[{"coinbase":"00"}],"vout":[{"value":6.25000100,"n":0,'
    b'"scriptPubKey":{"address":"1BoatSLRHtKNngkdXEeobR76b53LETtpyT","type":"pubkeyhash"}}]},'
    b'{"txid":"bb","vin":[{"txid":"cc","vout":0,"prevout":{"value":1.00000000,'
    b'"scriptPubKey":{"address":"1BoatSLRHtKNngkdXEeobR76b53LETtpyT","type":"pubkeyhash"}}}],'
    b'"vout":[{"value":0.99999900,"n":0,'
    b'"scriptPubKey":{"address":"1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa","type":"pubkeyhash"}}]}]}\n',
)

sql = statements(__package__)


def recognise(file: InputFile) -> int:
    """By inputs and outputs, or by a block with its transactions."""
    if file.kind not in ("json", "jsonl"):
        return 0
    answer = file.record.get("result")
    is_answer = isinstance(answer, dict) and isinstance(answer.get("tx"), list)
    is_transaction = (file.has("vin", "vout") or file.has("inputs", "outputs")) and bool(file.find("txid", "hash"))
    return 10 if is_answer or is_transaction or file.has("tx", "height", "time") else 0


def plan(file: InputFile, settings: SourceSettings, chain: str) -> Plan:
    """Transfers are made while the file is staged; amounts are whole satoshis."""
    return Plan(
        TransferFields(
            chain="'bitcoin'",
            timestamp="flow_time(time)",
            from_address="sender",
            to_address="receiver",
            amount=Amount(
                "(sat::decimal(20, 0) * 0.00000001::decimal(9, 8))::decimal(38, 18)",
                "case when sat < 0 then 'negative_amount' end",
                "sat",
            ),
            block_number="try_cast(height as bigint)",
            tx_hash="txid",
            transfer_index="position",
            token_symbol="'BTC'",
        ),
        explode=sql("bitcoin_transfers"),
        notes=["outputs are shared over input addresses in proportion; change is no transfer; fees go to `fees`"],
    )
