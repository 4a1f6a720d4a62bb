-- Gives: detection.smart_money_wallets: one row per wallet scored, ranked by the model or by the formula.
-- Reads: store.addresses, intermediate.int_address_labels__intervals
-- Takes: $scorer, ${columns}; the relations scored, comparisons, probabilities
insert into detection.smart_money_wallets (${columns})
select ${columns}
from (
    select
        s.*,
        c.day_usd,
        c.usual_day_usd,
        c.activity_zscore,
        l.entity,
        coalesce(p.probability, s.formula_score) as score,
        rank() over (order by coalesce(p.probability, s.formula_score) desc) as rank,
        $scorer as scored_by,
        s.block_date - s.age_days + 1 as first_seen,
        s.block_date as last_active
    from scored as s
    left join comparisons as c using (chain, wallet, block_date)
    inner join store.addresses as a on a.address = s.wallet
    inner join probabilities as p on p.chain = s.chain and p.wallet = s.wallet
    left join intermediate.int_address_labels__intervals as l
        on
            l.chain = s.chain
            and l.address_id = a.address_id
            and holds_at(l.valid_from, l.valid_to, s.block_date)
)
order by rank, wallet, chain
