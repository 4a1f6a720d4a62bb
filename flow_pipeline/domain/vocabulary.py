"""Closed lists: reject reasons, label categories, flow types. Each word with its meaning."""

REJECT_REASONS: dict[str, str] = {
    "malformed_row": (
        "the row can not be split into the file's columns, is not valid text, or is longer than the line limit"
    ),
    "missing_column_value": "a value that every transfer needs (time, sender, receiver) is empty",
    "bad_timestamp": "the time can not be read or lies outside the believable range",
    "bad_address": "an address does not have the form of its chain",
    "bad_amount": "the amount is not a number",
    "negative_amount": "the amount is below zero",
    "amount_out_of_range": "the amount is 10^18 token units or more",
    "amount_too_precise": "the amount has more than 18 decimals and would lose digits",
    "unknown_decimals": "an integer base-unit amount whose token has no known decimals",
    "failed_transaction": "the transaction failed, so nothing moved",
    "removed_log": "the log was removed: its block is no longer part of the chain",
    "approval": "the row allows somebody to move tokens and moves none",
    "nft": "the row moves an NFT, not an amount of a token",
    "not_a_transfer": "the row is of a kind that moves nothing",
    "inputs_without_values": "the inputs of the transaction have no values, so nobody can say who paid how much",
    "bad_checksum": "a label's address fails its checksum (EIP-55, Base58Check, Bech32)",
    "bad_label": "a label lacks its address or chain, or has an impossible value",
}

LABEL_CATEGORIES: dict[str, str] = {
    "exchange": "custodial or centralised exchange",
    "bridge": "moves tokens between chains",
    "mixer": "breaks the link between sender and receiver",
    "dex": "decentralised exchange",
    "lending": "lending protocol",
    "contract": "other contract",
    "sanctioned": "on a sanctions list",
    "phishing": "known phishing address",
    "exploit": "hack or exploit proceeds",
    "mev_bot": "extracts value by ordering transactions",
    "fund": "investment fund or market maker",
    "whale": "large private holder",
    "miner": "miner or validator",
    "burn": "nobody can spend from it",
    "other": "anything else",
}

RISK_LEVELS = ("LOW", "MEDIUM", "HIGH", "CRITICAL")

CATEGORY_RISK: dict[str, str] = {
    "sanctioned": "CRITICAL",
    "exploit": "CRITICAL",
    "mixer": "HIGH",
    "phishing": "HIGH",
}

FLOW_TYPES: dict[str, str] = {
    "self": "sender and receiver are the same address",
    "internal": "both ends belong to the same exchange",
    "cross_exchange": "from one exchange to another",
    "inflow": "onto an exchange from an address that is not one",
    "outflow": "off an exchange to an address that is not one",
    "mint": "from a burn address (the zero address) to a non-exchange address",
    "burn": "from a non-exchange address to a burn address",
    "external": "no exchange at either end",
}

DESTINATION_CLASSES: dict[str, str] = {
    "domestic_cex": "an exchange whose regions all lie in the home region",
    "foreign_cex": "any other exchange, one with several or no known regions included",
    "foreign_wallet": "a labelled, non-service address with a region outside the home region",
    "domestic_wallet": "a labelled, non-service address in the home region",
    "bridge": "a bridge",
    "mixer": "a mixer",
    "dex": "a decentralised exchange",
    "other_labelled": "a labelled address of any other category",
    "unlabelled": "an address without a label",
}

SCOPE_TYPES = ("exchange", "wallet", "total")
TOTAL_SCOPE = "TOTAL"
SEVERITIES = ("MEDIUM", "HIGH", "CRITICAL")
