-- Gives: the number of days of entities that do not balance, and stretches of addresses that end before they begin
-- Reads: marts.fct_entity_clusters, store.address_clusters
select
    (
        select count(*) from marts.fct_entity_clusters
        where
            block_date >= date '{first_changed_day}'
            and (netflow <> inflow - outflow or inflow < 0 or outflow < 0 or deposit_address_count > address_count)
    )
    + (
        select count(*) from store.address_clusters
        where known_to <= known_from
    )
