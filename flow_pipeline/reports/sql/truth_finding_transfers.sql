-- Gives: one row per finding that stands for itself and is rarer than some budget, or suspicious by itself: its rarity
--   and its transfers.
-- Reads: detection.findings, detection.finding_transfers
-- Takes: $most, the largest budget; $proofs, the typologies that are suspicious whatever their rarity
select
    f.typology,
    f.finding_id,
    coalesce(f.e_value, 'inf'::double) as e_value,
    list_contains($proofs, f.typology)
    or f.judged_by in ('label', 'limit', 'own_rate')
    or f.suspect is not null
    or f.exceeds_limit as is_itself,
    list((t.tx_hash, t.transfer_index)) as transfers
from detection.findings as f
inner join detection.finding_transfers as t using (finding_id)
where f.instance_of is null and (f.is_suspicious or f.e_value < $most)
group by all
