"""The narrative of a case: who, what, when, where, how, why it is suspicious and what would clear it.

It is drafted from the copies that the case keeps; a person edits it, and then the case keeps the edited text.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flow_pipeline.domain.markdown import item, plain, wrapped
from flow_pipeline.explorer.evidence.dossier import Dossier
from flow_pipeline.questions.findings import clears
from flow_pipeline.reports.page import in_words

_LISTED = 20
"""Of addresses, transfers and sources the narrative names so many; the tables beside it have all."""
_SERVICES = ("exchange", "bridge", "mixer", "dex", "lending")


def narrative_of(dossier: Dossier) -> str:
    """The text that a person edited, else the draft."""
    return str(dossier.case["narrative"]) if dossier.case["narrative"] else draft(dossier)


def draft(dossier: Dossier) -> str:
    """The narrative as Markdown, from the copies alone."""
    sections = {
        "Who": _who(dossier),
        "What": _what(dossier),
        "When": _when(dossier),
        "Where": _where(dossier),
        "How": _how(dossier),
        "Why it is suspicious": _why(dossier),
        "What would clear it": _clearing(dossier),
    }
    head = f"# Case {dossier.case['id']}: {plain(dossier.case['title'])}\n\n"
    return f"{head}A draft out of the findings: read it, and edit it.\n" + "".join(
        f"\n## {title}\n\n{text}" for title, text in sections.items()
    )


def _who(dossier: Dossier) -> str:
    subjects = dossier.subjects() or sorted(dossier.addresses)
    if not subjects:
        return "The case names no address yet.\n"
    lines = [item(_about(dossier, *place)) for place in subjects[:_LISTED]]
    return "".join(lines) + _more(len(subjects), "addresses.csv")


def _about(dossier: Dossier, chain: str, address: str) -> str:
    known = dossier.addresses.get((chain, address), {})
    text = f"`{address}` on {plain(chain)}"
    for label in known.get("labels") or []:
        text += (
            f"; {plain(label['entity'])} ({label['category']}, confidence {label['confidence']:g}) "
            f"by {plain(str(label['source']))}"
        )
    if not known.get("labels"):
        text += "; no label names its owner"
    if known.get("has_conflict"):
        text += "; these labels contradict each other"
    if known.get("risk") is not None:
        text += f"; risk {known['risk']:.2f} ({known['risk_category']})"
    return text + "."


def _what(dossier: Dossier) -> str:
    if not dossier.findings:
        alerts = [item(plain(one["title"])) for one in dossier.contents("alert")]
        return "".join(alerts) or "The case has no finding yet.\n"
    total = dossier.moved_usd()
    lines = [item(f"{plain(one['reason'])} (finding {one['finding_id']})") for one in dossier.findings]
    told = (
        f"{in_words(total)} US dollars moved in all" if total is not None else "What moved in US dollars is not known"
    )
    return "".join(lines) + "\n" + wrapped(f"{told}, each coin counted once.") + "\n"


def _when(dossier: Dossier) -> str:
    span = dossier.span()
    if span is None:
        return "The case has no transfer yet.\n"
    first, last = (time.replace("T", " ") for time in span)
    return wrapped(f"From {first} to {last} UTC.") + "\n"


def _where(dossier: Dossier) -> str:
    chains = sorted({one["chain"] for one in dossier.findings} | {chain for chain, _ in dossier.addresses})
    text = wrapped(f"On {', '.join(map(plain, chains))}.") + "\n" if chains else "No chain is named yet.\n"
    met: dict[str, None] = {}
    for (_, address), known in sorted(dossier.addresses.items()):
        for label in known["labels"]:
            if label["category"] in _SERVICES:
                met[f"{plain(label['entity'])} ({label['category']}), `{address}`."] = None
    return text + ("\nServices that were used:\n\n" if met else "") + "".join(map(item, met))


def _how(dossier: Dossier) -> str:
    texts = []
    for finding in dossier.findings:
        rows = finding["transfers"]
        lines = [_numbered(number, _step(dossier, row)) for number, row in enumerate(rows[:_LISTED], 1)]
        name = plain(finding["typology"].replace("_", " "))
        texts.append(f"Finding {finding['finding_id']}, {name}:\n\n{''.join(lines)}{_more(len(rows), 'transfers.csv')}")
    return "\n".join(texts) or "The case has no transfer yet.\n"


def _numbered(number: int, text: str) -> str:
    return f"{number}. {text}\n"


def _step(dossier: Dossier, row: dict[str, Any]) -> str:
    amount = "an unknown amount" if row["amount"] is None else in_words(Decimal(row["amount"]))
    usd = f" ({in_words(Decimal(row['amount_usd']))} USD)" if row["amount_usd"] is not None else ""
    ends = [_end(dossier, row["chain"], row[name]) for name in ("from_address", "to_address")]
    token = plain(row["token_symbol"] or row["token_address"] or "")
    return wrapped(
        f"{row['block_timestamp'].replace('T', ' ')}: {amount} {token}{usd} from {ends[0]} to {ends[1]}.", "   "
    )


def _end(dossier: Dossier, chain: str, address: str) -> str:
    name = dossier.name_of(chain, address)
    return f"{plain(name)} (`{address}`)" if name else f"`{address}`"


def _why(dossier: Dossier) -> str:
    lines = [item(f"{plain(one['verdict'])} (finding {one['finding_id']})") for one in dossier.findings]
    parts: dict[str, None] = {}
    for (_, address), known in sorted(dossier.addresses.items()):
        for part in known["components"]:
            if part["is_active"] and part["finding_id"] is None:
                parts[f"`{address}`: {plain(part['evidence'])}."] = None
    lines += [item(text) for text in list(parts)[:_LISTED]]
    return "".join(lines) + _more(len(parts), "addresses.csv") or "Nobody has said why yet.\n"


def _clearing(dossier: Dossier) -> str:
    ways = dict.fromkeys(plain(way) for finding in dossier.findings for way in clears(finding))
    return "".join(map(item, ways)) or "Nothing is said against anybody yet.\n"


def _more(count: int, file: str) -> str:
    return f"\n{count - _LISTED:,} more stand in {file}.\n" if count > _LISTED else ""
