-- Gives: the number of clusters with a share outside [0, 1], or more parts and pairs than their addresses allow
-- Reads: detection.cluster_analysis
select count(*)
from detection.cluster_analysis
where block_date >= date '{first_changed_day}' and not (
    density between 0 and 1
    and clustering between 0 and 1
    and in_degree_gini between 0 and 1
    and out_degree_gini between 0 and 1
    and flow_gini between 0 and 1
    and weak_components <= strong_components
    and strong_components <= node_count
    and edge_count <= transfer_count
    and address_count <= node_count
    and diameter < node_count
)
