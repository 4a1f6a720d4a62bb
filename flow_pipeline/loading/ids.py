"""Ids of the addresses and tokens of a file: known ones by the store, new ones the next free numbers."""

from __future__ import annotations

from flow_pipeline.domain.chains import family_of
from flow_pipeline.domain.sql import statements
from flow_pipeline.sources.fields import form_of, literal
from flow_pipeline.warehouse.store import Connection, number

sql = statements(__package__)

_PATTERNS = {"evm": "0x[0-9a-f]{40}", "bitcoin": "[A-Za-z0-9]{14,90}|coinbase|fees"}
_LAST_ID = "select max(address_id) from store.addresses"
_OTHER_PATTERN = r"[^\s\p{C}\p{Z}]{1,128}"


def pattern_of(chain: str) -> str:
    """What an address of a chain looks like, as a regular expression."""
    return _PATTERNS.get(family_of(chain), _OTHER_PATTERN)


def give_ids(connection: Connection) -> None:
    """Every new token and address of the candidates gets an id: `address_texts` and `bad_addresses` are filled."""
    run = connection.execute
    known = (
        "insert into address_texts "
        "select a.address_id, t.text from store.addresses as a inner join chain_texts as t using (address)"
    )
    run("create or replace temp table bad_addresses (chain varchar, text varchar)")
    run("create or replace temp table address_texts (address_id integer, text varchar)")
    run(sql("ids_tokens"))
    for (chain,) in run("select distinct chain from candidate_rows where is_transfer").fetchall():
        run(
            sql("ids_chain_texts", form=form_of("text", literal(chain))), {"chain": chain, "pattern": pattern_of(chain)}
        )
        run("insert into bad_addresses select $chain, text from chain_texts where not is_good", {"chain": chain})
        run("delete from chain_texts where not is_good or text in (select text from address_texts)")
        last = number(connection, _LAST_ID)
        run(known)
        # Most files spell addresses as they are kept: those need neither be told apart nor found again.
        run(sql("ids_plain_texts"), {"last": last})
        run(f"insert into store.addresses select address_id, text from address_texts where address_id > {last}")
        if number(connection, "select count(*) from chain_texts where text <> address"):
            run("delete from chain_texts where text = address or text in (select text from address_texts)")
            run(f"{known} where a.address_id > {last}")
            last = number(connection, _LAST_ID)
            run(sql("ids_addresses"), {"last": last})
            run(f"{known} where a.address_id > {last}")
        run("drop table chain_texts")
