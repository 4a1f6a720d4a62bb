"""Bitcoin and its sisters: blocks and transactions of nodes and APIs as transfers between addresses.

They are exact to the satoshi. An address of a transaction has a net: its outputs less its inputs. Net payers pay, net
receivers receive, and each of them is paid by all payers in proportion to their net; `fees` receives what no output
takes, and new coins come from `coinbase`. What comes back to an address that put more in is change and no transfer.
Whole satoshis, so that both sums hold: every payer gives its net, every receiver gets its own. A transaction without
outputs is none, one whose inputs have no values does not say who paid how much, and one that pays out more than it
takes in is not true: all three are refused, one row each.
"""

from __future__ import annotations

from flow_pipeline.domain.chains import canonical_chain, family_of, native_of
from flow_pipeline.domain.sql import statements
from flow_pipeline.sources.evidence import Reading, of_address_forms
from flow_pipeline.sources.fields import Amount, Plan, Shape, TransferFields, literal
from flow_pipeline.sources.files import InputFile, plain

NAME, VERSION = "bitcoin", "2"
SHAPE = (
    "JSON of blocks (Bitcoin Core getblock, verbosity 3) or of transactions (bitcoin-etl, Esplora and mempool.space, "
    "BlockCypher, blockchain.info), with the values and addresses of inputs"
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
    names = {plain(name) for name in (*file.lists, *file.columns)}
    both = {"vin", "vout"}, {"inputs", "outputs"}, {"inputs", "out"}
    is_transaction = any(ends <= names for ends in both) and names & {"txid", "hash"}
    return 100 if is_transaction or {"tx", "height", "time"} <= names else 0


def shape(file: InputFile) -> Shape:
    """Inputs and outputs become transfers while the file is staged."""
    return Shape(explode=transfers_of_lines())


def transfers_of_lines() -> str:
    """The rule, as a SELECT over `lines`."""
    return sql("bitcoin_transfers")


def _chain_of_addresses(reading: Reading) -> str:
    """The sister of Bitcoin whose form the receivers have; Bitcoin where they say nothing."""
    found = of_address_forms(reading, "receiver")
    if found is None or family_of(found[0]) != "bitcoin":
        return "bitcoin"
    reading.decide("chain", "addresses", found[0], f"{found[1]:,} receivers of its form")
    return found[0]


def plan(reading: Reading) -> Plan:
    """Amounts are whole satoshis of the chain's own coin.

    Raises:
        Unreadable: the block names its transactions only, or the chain given is none of Bitcoin's family.
    """
    if reading.file.find("tx.0"):
        raise reading.refuse(
            "the block names its transactions only (Bitcoin Core getblock, verbosity 1)", "ask getblock for verbosity 3"
        )
    chain = canonical_chain(reading.chain) if reading.is_chain_given else _chain_of_addresses(reading)
    coin = native_of(chain)
    if family_of(chain) != "bitcoin" or coin is None:
        raise reading.refuse(
            f"inputs and outputs do not go with --chain {chain}", "leave --chain out for Bitcoin, or name its sister"
        )
    reading.notes.append(
        "who puts in more than comes back pays, in proportion; change is no transfer; fees go to `fees`"
    )
    return Plan(transfer_fields(chain, coin.native_symbol))


def transfer_fields(chain: str, symbol: str) -> TransferFields:
    """How the rows of `sql/bitcoin_transfers.sql` read on a chain with a coin."""
    return TransferFields(
        chain=literal(chain),
        timestamp="flow_time(time)",
        time_text="time",
        from_address="sender",
        to_address="receiver",
        amount=Amount(
            "(sat::decimal(20, 0) * 0.00000001::decimal(9, 8))::decimal(38, 18)",
            "case when sat < 0 then 'negative_amount' end",
            "sat",
        ),
        block_number="try_cast(height as bigint)",
        transaction_index="try_cast(tx_index as bigint)",
        tx_hash="txid",
        transfer_index="position",
        token_symbol=literal(symbol),
        reason="case when lacks_input_values then 'inputs_without_values' end",
    )
