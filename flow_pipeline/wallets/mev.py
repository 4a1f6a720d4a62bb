"""Value taken by the order of transactions (MEV), found by pattern: sandwiches, arbitrage, liquidations.

The definitions follow Qin, Zhou, Gervais, "Quantifying Blockchain Extractable Value" (2022), and Torres et al., "Frontrunner Jones and the Raiders of the
Dark Forest" (2021), restated for token transfers: a pool is whoever gives one token and gets another in a transaction and has never sent one itself.
"""

from __future__ import annotations

from datetime import date

from flow_pipeline.settings import SmartMoneySettings
from flow_pipeline.warehouse.store import Connection


def find_mev(connection: Connection, settings: SmartMoneySettings, first: date) -> None:
    """Replace detection.mev_events from a day on, from the temp tables parties, sent and swaps.

    Args:
        connection: The build.
        settings: Tolerance of a sandwich, methods that liquidate.
        first: First day, inclusive.
    """
    connection.execute(
        """
        CREATE OR REPLACE TEMP TABLE pool_swaps AS
        WITH passive AS (
            SELECT DISTINCT a.address_id, a.address FROM parties p JOIN sent x ON x.chain = p.chain AND x.tx_hash = p.tx_hash JOIN store.addresses a ON a.address_id = p.id
            WHERE p.gives = 1 AND p.gets = 1 AND p.id IS DISTINCT FROM x.sender_id
        ),
        -- Who sent before the first day is a known wallet, so that earlier transactions are searched for those few only.
        senders AS (
            SELECT chain, from_address, min(block_timestamp) AS since FROM (
                FROM raw.transactions WHERE block_timestamp >= $first AND from_address IN (SELECT address FROM passive)
                UNION ALL
                FROM raw.transactions WHERE block_timestamp < $first
                    AND from_address IN (SELECT address FROM passive SEMI JOIN (FROM store.wallets WHERE first_day < $first) USING (address_id)))
            GROUP BY ALL
        )
        SELECT p.chain, p.tx_hash, p.block_number, p.block_timestamp, p.block_date, p.id AS pool_id, p.gave_key, p.gave_amount, p.gave_usd, p.got_key, p.got_amount, p.got_usd,
               x.transaction_index, x.sender_id, x.gas_usd, coalesce(t.id, x.sender_id) AS wallet_id
        FROM parties p JOIN sent x ON x.chain = p.chain AND x.tx_hash = p.tx_hash LEFT JOIN swaps t ON t.chain = p.chain AND t.tx_hash = p.tx_hash
        JOIN store.addresses a ON a.address_id = p.id LEFT JOIN senders s ON s.chain = p.chain AND s.from_address = a.address AND s.since <= p.block_timestamp
        WHERE p.gives = 1 AND p.gets = 1 AND p.id IS DISTINCT FROM t.id AND p.id IS DISTINCT FROM x.sender_id AND s.chain IS NULL
    """,
        {"first": first},
    )
    connection.execute(
        """
        CREATE OR REPLACE TEMP TABLE mev AS
        WITH own AS (
            SELECT *, lag(tx_hash) OVER same AS front_tx, lag(transaction_index) OVER same AS front_index, lag(gave_key) OVER same AS front_gave_key, lag(got_key) OVER same AS front_got_key,
                   lag(gave_amount) OVER same AS front_gave, lag(got_amount) OVER same AS front_got, lag(got_usd) OVER same AS front_usd, lag(gas_usd) OVER same AS front_gas,
                   lag(sender_id) OVER same AS front_sender
            FROM pool_swaps WHERE transaction_index IS NOT NULL WINDOW same AS (PARTITION BY chain, block_number, pool_id, wallet_id ORDER BY transaction_index)
        ),
        sandwiches AS (
            SELECT o.*, list(v.tx_hash ORDER BY v.transaction_index) AS victims
            FROM own o JOIN pool_swaps v ON v.chain = o.chain AND v.block_number = o.block_number AND v.pool_id = o.pool_id AND v.wallet_id <> o.wallet_id
                AND v.gave_key = o.front_gave_key AND v.got_key = o.front_got_key AND v.transaction_index > o.front_index AND v.transaction_index < o.transaction_index
            WHERE o.got_key = o.front_gave_key AND o.gave_key = o.front_got_key AND abs(o.got_amount - o.front_gave) <= $tolerance * o.front_gave
            GROUP BY ALL
        ),
        rounds AS (
            SELECT chain, tx_hash, list_sort(list(DISTINCT pool_id)) AS pools, list(DISTINCT got_key) AS tokens
            FROM pool_swaps GROUP BY ALL HAVING count(*) > 1 AND list_sort(list(DISTINCT got_key)) = list_sort(list(DISTINCT gave_key))
        ),
        arbitrages AS (
            SELECT p.*, r.pools, x.sender_id, x.gas_usd,
                   row_number() OVER (PARTITION BY p.chain, p.tx_hash ORDER BY p.id = x.sender_id DESC) AS place
            FROM rounds r JOIN parties p ON p.chain = r.chain AND p.tx_hash = r.tx_hash JOIN sent x ON x.chain = p.chain AND x.tx_hash = p.tx_hash
            WHERE p.gives = 0 AND p.gets = 1 AND p.id IN (x.sender_id, x.called_id) AND list_contains(r.tokens, p.got_key)
        )
        SELECT row_number() OVER () AS n, * FROM (
        SELECT 'sandwich' AS kind, chain, block_date, block_timestamp, block_number, wallet_id, front_sender AS sender_id, [front_tx, tx_hash] AS tx_hashes, victims, [pool_id] AS pools,
               gave_key AS token_key, gave_amount - front_got AS gain_amount, gave_usd - front_usd - coalesce(gas_usd, 0) - coalesce(front_gas, 0) AS gain_usd, gas_usd + front_gas AS gas_usd
        FROM sandwiches
        UNION ALL
        SELECT 'arbitrage', chain, block_date, block_timestamp, block_number, id, sender_id, [tx_hash], [], pools, got_key, got_amount, got_usd - coalesce(gas_usd, 0), gas_usd
        FROM arbitrages WHERE place = 1
        UNION ALL
        SELECT 'liquidation', p.chain, p.block_date, p.block_timestamp, p.block_number, p.id, x.sender_id, [p.tx_hash], [], [], p.got_key, CASE WHEN p.gives = 0 AND p.gets = 1 THEN p.got_amount END,
               CASE WHEN p.gets = 1 AND p.gives <= 1 THEN p.got_usd - CASE WHEN p.gives = 1 THEN p.gave_usd ELSE 0 END - coalesce(x.gas_usd, 0) END, x.gas_usd
        FROM sent x JOIN parties p ON p.chain = x.chain AND p.tx_hash = x.tx_hash AND p.id = x.sender_id WHERE x.method_id IN (SELECT unnest($liquidations::VARCHAR[])) AND p.gets > 0)
    """,
        {"tolerance": settings.sandwich_tolerance, "liquidations": list(settings.liquidation_methods)},
    )
    connection.execute("DELETE FROM detection.mev_events WHERE block_date >= ?", [first])
    connection.execute("""
        INSERT INTO detection.mev_events BY NAME
        WITH pools AS (SELECT n, list(address ORDER BY address) AS pools FROM (SELECT n, unnest(pools) AS address_id FROM mev) JOIN store.addresses USING (address_id) GROUP BY n)
        SELECT left(md5(concat_ws('|', m.kind, m.chain, w.address, array_to_string(m.tx_hashes, '|'), array_to_string(p.pools, '|'))), 16) AS event_id, m.kind, m.block_date, m.block_timestamp, m.chain,
               m.block_number, w.address AS wallet, s.address AS sender, m.tx_hashes, m.victims AS victim_tx_hashes,
               coalesce(p.pools, []) AS pools,
               t.token_symbol, t.token_address, m.gain_amount, m.gain_usd, m.gas_usd,
               CASE m.kind
                   WHEN 'sandwich' THEN format('bought {} before and sold it after {} of others in the same pool and block', coalesce(f.token_symbol, f.token_address, '?'),
                       CASE len(m.victims) WHEN 1 THEN 'a purchase' ELSE len(m.victims) || ' purchases' END)
                   WHEN 'arbitrage' THEN format('went round {} pools in one transaction and ended with more {}', len(m.pools), coalesce(t.token_symbol, t.token_address, '?'))
                   ELSE 'called a method that liquidates a loan' END AS reason
        FROM mev m JOIN store.addresses w ON w.address_id = m.wallet_id JOIN store.addresses s ON s.address_id = m.sender_id
        JOIN intermediate.int_tokens__keys t USING (token_key) LEFT JOIN pools p USING (n)
        LEFT JOIN pool_swaps b ON m.kind = 'sandwich' AND b.chain = m.chain AND b.tx_hash = m.tx_hashes[1] AND b.pool_id = m.pools[1]
        LEFT JOIN intermediate.int_tokens__keys f ON f.token_key = b.gave_key
        ORDER BY m.block_timestamp, m.block_number, m.tx_hashes[1]
    """)
    connection.execute("DROP TABLE temp.pool_swaps")
    connection.execute("DROP TABLE temp.mev")
