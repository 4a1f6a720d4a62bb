-- Gives: the name of each exchange that has a day, those with most transfers first
-- Reads: marts.fct_daily_exchange_netflow
-- Takes: nothing
select exchange
from marts.fct_daily_exchange_netflow
group by exchange
order by sum(inflow_count + outflow_count) desc, exchange
