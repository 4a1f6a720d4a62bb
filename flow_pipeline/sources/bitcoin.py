"""Bitcoin: bitcoin-etl transactions and Bitcoin Core `getblock` (verbosity 3) as transfers between addresses, exact to the satoshi.

An output is shared over the input addresses in proportion to what they put in, whole satoshis by largest remainder; what comes back to an input
address is change and no transfer; new coins come from `coinbase`; what no output takes goes to `fees`. A transaction without outputs is none on
Bitcoin, so it is refused: its inputs are not taken for fees.
"""

from __future__ import annotations

from flow_pipeline.settings import SourceSettings
from flow_pipeline.sources.fields import Amount, Plan, TransferFields
from flow_pipeline.sources.files import InputFile

NAME = "bitcoin"
SHAPE = "JSON of blocks (Bitcoin Core getblock, verbosity 3) or of transactions (bitcoin-etl), with the values and addresses of inputs"
EXAMPLE = (
    "block.json",
    b'{"hash":"00aa","height":800000,"time":1690168629,"tx":[{"txid":"aa","vin":[{"coinbase":"00"}],"vout":[{"value":6.25000100,"n":0,"scriptPubKey":'
    b'{"address":"1BoatSLRHtKNngkdXEeobR76b53LETtpyT","type":"pubkeyhash"}}]},{"txid":"bb","vin":[{"txid":"cc","vout":0,"prevout":{"value":1.00000000,'
    b'"scriptPubKey":{"address":"1BoatSLRHtKNngkdXEeobR76b53LETtpyT","type":"pubkeyhash"}}}],"vout":[{"value":0.99999900,"n":0,"scriptPubKey":'
    b'{"address":"1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa","type":"pubkeyhash"}}]}]}\n',
)

_FROM_BTC = "(try_cast({} AS DECIMAL(20, 8)) * 100000000)::HUGEINT"
_UNKNOWN = "'nonstandard' || left(sha256(coalesce({}, 'none')), 40)"

EXPLODE = f"""
WITH documents AS (
    SELECT line_row, CASE WHEN json_type(line->'$.result') = 'OBJECT' THEN line->'$.result' ELSE line END AS doc FROM lines
),
listed AS (
    SELECT line_row, generate_subscripts((doc->'$.tx')::JSON[], 1) AS place, doc, unnest((doc->'$.tx')::JSON[]) AS tx FROM documents WHERE json_type(doc->'$.tx') = 'ARRAY'
    UNION ALL
    SELECT line_row, 0, doc, doc FROM documents WHERE json_type(coalesce(doc->'$.vout', doc->'$.outputs')) = 'ARRAY'
),
txs AS (
    SELECT row_number() OVER (ORDER BY line_row, place) AS tx_no, line_row, coalesce(doc->>'$.height', doc->>'$.block_number') AS height,
           coalesce(doc->>'$.time', doc->>'$.block_timestamp', doc->>'$.timestamp') AS time, lower(coalesce(tx->>'$.txid', tx->>'$.hash')) AS txid,
           coalesce(tx->'$.vin', tx->'$.inputs')::JSON[] AS vin, coalesce(tx->'$.vout', tx->'$.outputs')::JSON[] AS vout,
           coalesce(try_cast(coalesce(tx->>'$.coinbase', tx->>'$.is_coinbase') AS BOOLEAN), json_type(tx->'$.vin[0].coinbase') IS NOT NULL) AS is_coinbase
    FROM listed
),
spent AS (
    SELECT tx_no, coalesce(i->>'$.address', i->>'$.addresses[0]', i->>'$.prevout.scriptPubKey.address', flow_script_address(i->>'$.prevout.scriptPubKey.hex'),
                           CASE WHEN sat IS NOT NULL THEN {_UNKNOWN.format("coalesce(i->>'$.prevout.scriptPubKey.hex', i->>'$.script_hex', i->>'$.txid')")} END) AS address, sat
    FROM (SELECT tx_no, i, coalesce(try_cast(i->>'$.value_sat' AS HUGEINT), {_FROM_BTC.format("(i->>'$.prevout.value')")}, try_cast(i->>'$.value' AS HUGEINT)) AS sat
          FROM (SELECT tx_no, unnest(vin) AS i FROM txs WHERE NOT is_coinbase))
),
senders AS (
    SELECT tx_no, address, sum(sat)::HUGEINT AS sat, row_number() OVER (PARTITION BY tx_no ORDER BY address) - 1 AS place FROM spent GROUP BY tx_no, address
    UNION ALL SELECT tx_no, 'coinbase', 1, 0 FROM txs WHERE is_coinbase
),
put_in AS (SELECT tx_no, count(*) = count(sat) AND count(*) = count(address) AS is_known, sum(sat)::HUGEINT AS sat FROM spent GROUP BY tx_no),
made AS (
    SELECT tx_no, place, coalesce(o->>'$.address', o->>'$.addresses[0]', o->>'$.scriptPubKey.address', o->>'$.scriptPubKey.addresses[0]', flow_script_address(script),
                                  {_UNKNOWN.format("script")}) AS address, sat
    FROM (SELECT tx_no, o, coalesce(try_cast(coalesce(o->>'$.index', o->>'$.n') AS BIGINT), place - 1) AS place, coalesce(o->>'$.scriptPubKey.hex', o->>'$.script_hex') AS script,
                 CASE WHEN o->>'$.value_sat' IS NOT NULL THEN try_cast(o->>'$.value_sat' AS HUGEINT) WHEN json_type(o->'$.scriptPubKey') = 'OBJECT'
                      THEN {_FROM_BTC.format("(o->>'$.value')")} ELSE try_cast(o->>'$.value' AS HUGEINT) END AS sat
          FROM (SELECT tx_no, unnest(vout) AS o, generate_subscripts(vout, 1) AS place FROM txs))
),
totals AS (SELECT tx_no, count(*) AS outputs, max(place) AS last_place, sum(sat)::HUGEINT AS sat FROM made GROUP BY tx_no),
taken AS (
    SELECT * FROM made
    UNION ALL
    SELECT t.tx_no, t.last_place + 1, 'fees', p.sat - t.sat FROM totals t JOIN put_in p USING (tx_no) WHERE p.is_known
),
shares AS (
    SELECT o.tx_no, o.place AS out_place, s.place AS in_place, o.address AS receiver, CASE WHEN p.is_known OR p.tx_no IS NULL THEN s.address END AS sender, o.sat,
           CASE WHEN p.tx_no IS NULL THEN o.sat ELSE o.sat * s.sat // p.sat END AS part, CASE WHEN p.tx_no IS NULL THEN 0 ELSE o.sat * s.sat % p.sat END AS rest
    FROM taken o JOIN senders s USING (tx_no) LEFT JOIN put_in p USING (tx_no)
    WHERE o.sat <> 0 AND NOT EXISTS (FROM senders c WHERE c.tx_no = o.tx_no AND c.address = o.address)
),
split AS (
    SELECT tx_no, out_place, in_place, sender, receiver,
           part + CASE WHEN row_number() OVER (PARTITION BY tx_no, out_place ORDER BY rest DESC, in_place) <= sat - sum(part) OVER (PARTITION BY tx_no, out_place) THEN 1 ELSE 0 END AS sat
    FROM shares
),
moves AS (
    SELECT tx_no, s.out_place + s.in_place * (u.last_place + 2) AS position, sender, receiver, s.sat FROM split s JOIN totals u USING (tx_no) WHERE s.sat <> 0
    UNION ALL SELECT tx_no, 0, NULL, NULL, NULL FROM txs ANTI JOIN totals USING (tx_no)
)
SELECT line_row, row_number() OVER (ORDER BY tx_no, position) AS ordinal, height, time, txid, position, sender, receiver, sat FROM moves JOIN txs USING (tx_no)
"""


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
                "(sat::DECIMAL(20, 0) * 0.00000001::DECIMAL(9, 8))::DECIMAL(38, 18)",
                "CASE WHEN sat < 0 THEN 'negative_amount' END",
                "sat",
            ),
            block_number="try_cast(height AS BIGINT)",
            tx_hash="txid",
            transfer_index="position",
            token_symbol="'BTC'",
        ),
        explode=EXPLODE,
        notes=["outputs are shared over input addresses in proportion; change is no transfer; fees go to `fees`"],
    )
