"""Words of the trade for what an address is, and the entities that lists spell differently.

One list of labels says `cex`, another `exchange_hot_wallet`, a third `Custodial`. Each becomes a category of the closed
list; a word that says more about the risk than its category does brings its own level.
"""

from __future__ import annotations

import json
import re
from functools import cache
from typing import NamedTuple

from flow_pipeline.domain.vocabulary import CATEGORY_RISK, LABEL_CATEGORIES, RISK_LEVELS


class Meaning(NamedTuple):
    """What a word says: a category of the closed list, and a level of risk."""

    category: str
    risk_level: str


_BY_CATEGORY: dict[str, str] = {
    "sanctioned": (
        "sanctions sanction sanctioned_entity sanctioned_address sanctions_list ofac ofac_sdn ofac_sanctioned "
        "ofac_sanctions_list sdn sdn_list blocked_person specially_designated_national embargo eu_sanctions "
        "un_sanctions uk_sanctions ofsi nbctf ofac_listed ofac_list sanctioned_wallet sanctioned_person"
    ),
    "exploit": (
        "exploiter exploits hack hacker hacked hacks heist theft thief stolen stolen_fund stolen_funds stolen_assets "
        "ransomware ransom malware malicious malicious_contract malicious_actor attacker attack flash_loan_attack "
        "cyber_attack extortion blackmail sextortion drainer wallet_drainer wallet_hack exchange_hack bridge_hack "
        "hack_and_exploit lazarus service_hack stolen_crypto stolen_coins exploited hacker_wallet ransomware_operator "
        "ransomware_payment"
    ),
    "phishing": (
        "phish phish_hack fake_phishing phish_hack_scam scam scammer scams fraud fraudster ponzi ponzi_scheme "
        "pyramid_scheme high_yield_investment_program hyip investment_scam pig_butchering romance_scam rug_pull "
        "rugpull rug honeypot honeypot_related impersonation fake_token giveaway_scam airdrop_scam address_poisoning "
        "phishing_scam crypto_scam scam_token fraudulent spoofing investment_fraud fake_exchange fake_ico ico_scam "
        "recovery_scam"
    ),
    "mixer": (
        "mixers mixing mixing_service tumbler tumblers coinjoin coin_join tornado_cash privacy_pool coin_mixer "
        "bitcoin_mixer crypto_mixer cryptocurrency_mixer coin_tumbler mixer_service blender privacy_protocol"
    ),
    "exchange": (
        "cex exchanges exchange_hot_wallet exchange_cold_wallet exchange_wallet exchange_deposit hot_wallet "
        "cold_wallet centralized_exchange centralised_exchange custodial custodial_exchange custodian custody "
        "hosted_wallet deposit_wallet deposit_address otc otc_desk otc_broker broker brokerage vasp p2p_exchange "
        "crypto_exchange cryptocurrency_exchange bitcoin_exchange exchange_address trading_platform "
        "instant_exchange wallet_service exchange_with_kyc exchange_no_kyc atm crypto_atm bitcoin_atm"
    ),
    "dex": (
        "dexes amm defi_dex decentralized_exchange decentralised_exchange dex_aggregator aggregator swap router "
        "liquidity_pool pool lp automated_market_maker dex_router dex_pool perpetuals perps derivatives orderbook"
    ),
    "bridge": "bridges defi_bridge cross_chain cross_chain_bridge token_bridge l2_bridge rollup wormhole",
    "lending": (
        "lend lender loan loans defi_lending lending_protocol lending_and_borrowing borrowing money_market cdp "
        "collateralized_debt_position flash_loan"
    ),
    "mev_bot": "mev mevbot mev_bots arbitrage arbitrage_bot arb_bot sandwich sandwich_bot searcher frontrunner",
    "miner": (
        "miners mining mining_pool mining_service block_producer block_builder builder validator validators "
        "proposer_fee_recipient fee_recipient"
    ),
    "fund": (
        "funds market_maker market_making marketmaker investment_fund hedge_fund venture_capital vc institution "
        "institutional asset_manager investor treasury dao_treasury donation charity etf"
    ),
    "whale": "whales large_holder holder",
    "burn": "burn_address burned burner null null_address dead_address",
    "contract": (
        "contracts smart_contract token token_contract erc20 proxy multisig gnosis_safe factory_contract deployer "
        "contract_deployer staking staking_pool liquid_staking restaking yield yield_farming yield_aggregator vault "
        "defi dapp nft nft_marketplace oracle governance dao infrastructure payment_processor payment_processors "
        "payment_service merchant_services"
    ),
    "other": "unknown misc miscellaneous user individual person organization organisation identifier eoa service",
}
"""Words per category; their risk is the category's. What pays out for others or locks a stake is a contract."""

_BY_RISK: dict[str, tuple[str, str]] = {
    "CRITICAL": (
        "other",
        "terrorist terrorism terrorist_organization terrorist_organisation terrorist_financing terrorism_financing "
        "terror_financing csam csem child_abuse "
        "child_abuse_material child_exploitation weapons_of_mass_destruction proliferation_financing",
    ),
    "HIGH": (
        "other",
        "darknet_market darknet_marketplace dark_market darkmarket dark_web_market darknet_service darknet darkweb "
        "dark_web dark_net dnm darknet_vendor drug_market drug_vendor drugs drug_trade "
        "narcotics fraud_shop carding carding_shop card_shop cvv_shop illicit illicit_actor illicit_actor_org illegal "
        "criminal crime cybercrime money_laundering money_mule mule human_trafficking weapons counterfeit "
        "malware_market hacking_services blacklisted blacklist black_list blocked banned frozen perpetrator abuse "
        "extremism",
    ),
    "MEDIUM": ("other", "gambling casino betting lottery sports_betting market high_risk_exchange high_risk privacy"),
}
"""Words that no category of the closed list says: the level of risk says it, and `entity_type` keeps the word."""

ENTITY_ALIASES = {
    "huobi": "HTX",
    "htx": "HTX",
    "okex": "OKX",
    "okx": "OKX",
    "gate": "Gate.io",
    "gateio": "Gate.io",
    "cryptocom": "Crypto.com",
    "mexcglobal": "MEXC",
    "mtgox": "Mt. Gox",
    "tornadocash": "Tornado Cash",
}


def _meanings() -> dict[str, Meaning]:
    found = {word: Meaning(word, CATEGORY_RISK.get(word, "LOW")) for word in LABEL_CATEGORIES}
    for category, words in _BY_CATEGORY.items():
        found |= {word: Meaning(category, CATEGORY_RISK.get(category, "LOW")) for word in words.split()}
    for level, (category, words) in _BY_RISK.items():
        found |= {word: Meaning(category, level) for word in words.split()}
    return found


MEANINGS = _meanings()
"""Every word that is understood, with small letters and `_` between its parts."""

_ORDER = {category: place for place, category in enumerate(LABEL_CATEGORIES)}


@cache
def meaning_of(word: str) -> Meaning | None:
    """What one word says, whatever its case, signs and plural; None for a word that nobody wrote down."""
    key = re.sub(r"[^a-z0-9]+", "_", word.lower()).strip("_")
    return MEANINGS.get(key) or MEANINGS.get(key.removesuffix("s"))


def words_of(text: str) -> list[str]:
    """The words of a cell: `dex;uniswap`, `dex, uniswap` and `["dex", "uniswap"]` hold two."""
    text = text.strip()
    if text.startswith("["):
        try:
            return [str(word).strip() for word in json.loads(text.replace("'", '"')) if str(word).strip()]
        except (ValueError, TypeError):
            text = text.strip("[]")
    return [word.strip() for word in re.split(r"[;,|]", text) if word.strip()]


@cache
def category_of(text: str) -> tuple[Meaning, str | None]:
    """What a cell of categories says, and the word that says it: of several the riskiest, then the first of the list.

    Nothing that is understood is `other`, and the word is None.
    """
    known = [(found, word) for word in words_of(text) if (found := meaning_of(word))]
    if not known:
        return Meaning("other", "LOW"), None
    return min(known, key=lambda item: (-RISK_LEVELS.index(item[0].risk_level), _ORDER[item[0].category]))


_LISTED = re.compile(r"ofac|sdn|sanction", re.IGNORECASE)


def says_sanctions(text: str) -> bool:
    """True for a name or title of a list of sanctions."""
    return bool(_LISTED.search(text))


def category_of_name(name: str) -> str | None:
    """The word in a file's name that says what is in it: `ofac_eth.txt` → `sanctioned`, `cex-wallets.txt` → `cex`."""
    if says_sanctions(name):
        return "sanctioned"
    parts = [part for part in re.split(r"[^a-z0-9]+", name.lower().partition(".")[0]) if part]
    runs = ["_".join(parts[i:j]) for i in range(len(parts)) for j in range(len(parts), i, -1)]
    known = [run for run in sorted(runs, key=len, reverse=True) if (found := meaning_of(run)) and found != _NOTHING]
    return known[0] if known else None


_NOTHING = Meaning("other", "LOW")


def canonical_entity(name: str) -> str:
    """One spelling per entity where lists are known to differ: `huobi` → `HTX`."""
    key = "".join(letter for letter in name.lower() if letter.isalnum())
    return ENTITY_ALIASES.get(key, name)
