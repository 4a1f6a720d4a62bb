// What stands beside and below the picture: the panel of what is selected, the legend, the tables.

import { button, cell, exact, html, path, table, when } from "./graph-html.js";
import { count, cut, keyOf, listed, money, nameOf, seen, short } from "./graph-model.js";
import { element } from "./graph-picture.js";

const by = (id) => document.getElementById(id);
const fact = (name, value) => html("div", {}, html("dt", {}, name), html("dd", {}, value));
const dollars = (usd) => (usd === null ? "–" : money(Number(usd)));
const tokenOf = (row) => seen(row.token_symbol ?? short(row.token_address ?? ""));

export class Panel {
  // `does` is what the page can do: choose, chooseEdge, expand, hide, pin, note, findWays, showWay, turn, ask, doing.
  constructor(graph, selection, given, does) {
    Object.assign(this, { graph, selection, given, does });
    this.room = by("panel");
    this.asked = 0;
  }

  // The panel is made anew: the keyboard stays on what has the same name; where there is none, `lost` is called.
  show(lost) {
    const held = this.room.contains(document.activeElement) ? document.activeElement.id : null;
    const { nodes, edge } = this.selection;
    const known = nodes.map((address) => this.graph.node(address)).filter((node) => node && !node.hidden);
    const found = edge && this.graph.drawn.find((one) => keyOf(one) === edge);
    this.asked++;
    const empty = "Nothing is selected. A click selects an address or an edge; + brings the counterparties.";
    this.room.replaceChildren(...(
      found ? this.#edge(found)
        : known.length === 2 ? this.#pair(...known)
          : known.length === 1 ? this.#node(known[0])
            : [html("p", { class: "soft" }, empty)]));
    if (held === null) return;
    const same = held && this.room.querySelector(`#${held}:not(:disabled)`);
    if (same) same.focus();
    else lost();
  }

  #node(node) {
    const { graph, given, does } = this;
    const { address } = node;
    const left = node.more ? node.more.others : node.counterparties;
    const next = Math.min(given.page, left).toLocaleString("en");
    const words = left <= 0 ? "All are shown" : node.more ? `Next ${next} of ${left.toLocaleString("en")}`
      : `Expand (${left.toLocaleString("en")})`;
    const edges = graph.drawn.filter((edge) => edge.source === address || edge.target === address);
    edges.sort((a, b) => graph.value(b) - graph.value(a) || keyOf(a).localeCompare(keyOf(b)));
    const text = html("textarea", { id: "note", rows: 2, maxlength: 500, "aria-labelledby": "note-title" });
    text.value = node.note;
    text.addEventListener("change", () => does.note(address, text.value));
    return [
      html("h2", {}, cut(nameOf(node), 80)),
      html("p", {}, html("a", { href: path("addresses", graph.state.chain, address) },
        html("code", {}, seen(address)))),
      html("dl", { class: "facts" },
        fact("Category", seen(node.category ?? "no label").replace("_", " ")),
        fact("Risk", node.risk_category ? `${node.risk_category} ${node.risk.toFixed(2)}` : "–"),
        fact("Findings", String(node.findings)),
        fact("Counterparties", node.counterparties.toLocaleString("en"))),
      html("div", { class: "does" },
        button(words, () => does.expand(address), { id: "expand", disabled: left <= 0 }),
        button("Hide", () => does.hide([address]), { class: "quiet", id: "hide" }),
        button(node.pinned ? "Unpin" : "Pin", () => does.pin(address), { class: "quiet", id: "pin" })),
      html("h3", { id: "note-title" }, "Note"), text,
      html("h3", {}, edges.length ? `What it sent and got here (${edges.length})` : "No transfers with those shown"),
      html("ul", { id: "node-edges" }, ...edges.map((edge) => html("li", {}, this.#edgeButton(edge, address)))),
    ];
  }

  // An edge as a button: as its address sees it, or as whoever looks from outside.
  #edgeButton(edge, from = null) {
    const { graph, does } = this;
    const [source, target] = [graph.node(edge.source), graph.node(edge.target)];
    const isOut = edge.source === from;
    const other = nameOf(isOut ? target : source);
    const shown = from ? `${isOut ? "→" : "←"} ${cut(other, 40)}, ${this.#worth(edge)}`
      : `${cut(nameOf(source), 40)} → ${cut(nameOf(target), 40)}`;
    const spoken = from ? `${isOut ? "to" : "from"} ${other}, ${this.#worth(edge)}: transfers`
      : `${nameOf(source)} to ${nameOf(target)}: transfers`;
    return button(shown, () => does.chooseEdge(keyOf(edge)), { class: "link", "aria-label": spoken });
  }

  #worth(edge) {
    if (this.graph.isOutside(edge)) return "none in these days";
    const [transfers, usd] = this.#sums(edge);
    return `${count(transfers, "transfer")}${usd === null ? "" : `, ${dollars(usd)}`}`;
  }

  // Transfers and dollars of an edge in the days chosen.
  #sums(edge) {
    return this.graph.state.window ? edge.inside ?? [0, null] : [edge.transfers, edge.usd];
  }

  #pair(first, last) {
    const { given, does } = this;
    const number = (id, more) => html("input", { id, type: "number", min: 1, required: true, ...more });
    const hops = number("hops", { max: given.hops, value: given.path_hops });
    const days = number("way-days", { step: "any", value: given.path_days });
    const form = html("form", { class: "row", id: "ways" },
      html("label", {}, "transfers at most", hops), html("label", {}, "days at most", days),
      html("button", { id: "find" }, "Find ways"));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      does.findWays(first.address, last.address, hops.value, days.value);
    });
    const way = ({ legs }, index) => html("li", {}, button(
      `${count(legs.length, "transfer")}, ${when(legs[0].block_timestamp)} to ${when(legs.at(-1).block_timestamp)}`,
      () => does.showWay(index), { class: "link", id: `way-${index}` }));
    return [
      html("h2", {}, `${cut(nameOf(first), 30)} → ${cut(nameOf(last), 30)}`),
      html("p", { class: "soft" }, "A way is made of transfers of which none is before the one before it."),
      form,
      html("ul", { id: "found-ways" }, ...this.selection.ways.map(way)),
      html("div", { class: "does" },
        button("Other direction", does.turn, { class: "quiet", id: "turn" }),
        button("Hide both", () => does.hide([first.address, last.address]), { class: "quiet" })),
    ];
  }

  #edge(edge) {
    const { graph, does, asked } = this;
    const { chain, window } = graph.state;
    const days = window ? { first: window[0], last: window[1] } : {};
    const ends = [graph.node(edge.source), graph.node(edge.target)];
    const tokens = html("tbody"), transfers = html("tbody");
    let cursor = null;
    const next = async () => {
      const wanted = { chain, source: edge.source, target: edge.target, ...days, cursor };
      const answer = await does.ask(`graph/transfers?${does.query(wanted)}`);
      if (asked !== this.asked) return;
      transfers.append(...answer.items.map((row) => html("tr", {},
        cell(when(row.block_timestamp), "time"), cell(exact(row.amount), "number"), cell(tokenOf(row)),
        cell(dollars(row.amount_usd), "number"),
        cell(html("a", { href: path("transactions", chain, row.tx_hash) }, short(row.tx_hash))))));
      cursor = answer.next_cursor;
      more.hidden = !cursor;
    };
    const more = button("More", () => does.doing(next), { class: "quiet", id: "more-transfers", hidden: true });
    does.doing(async () => {
      const found = await does.ask("graph/edges", { chain, addresses: [edge.source, edge.target], ...days });
      if (asked !== this.asked) return;
      const one = found.items.find((item) => item.source === `${chain}:${edge.source}`);
      tokens.append(...(one?.tokens ?? []).map((row) => html("tr", {},
        cell(tokenOf(row)), cell(row.transfers.toLocaleString("en"), "number"), cell(exact(row.amount), "number"),
        cell(dollars(row.usd), "number"))));
      await next();
    });
    const all = window ? ` (in all days ${edge.transfers.toLocaleString("en")})` : "";
    const ordinals = graph.mark(edge)?.ordinals;
    return [
      html("h2", { tabindex: -1 }, ends.map((node) => cut(nameOf(node), 40)).join(" → ")),
      html("p", {}, `${this.#worth(edge)}${all}`),
      ...(ordinals?.length ? [html("p", {}, `In the order shown: ${listed(ordinals)}`)] : []),
      html("div", { class: "does" },
        ...ends.map((node) => button(cut(nameOf(node), 24), () => does.choose(node.address), { class: "quiet" }))),
      html("h3", {}, "Per token"),
      table("tokens", "Sums per token", ["Token", "Transfers", "Amount", "USD"], tokens),
      html("h3", {}, "Transfers"),
      table("transfers", "Transfers", ["Time, UTC", "Amount", "Token", "USD", "Transaction"], transfers),
      more,
    ];
  }

  legend() {
    const { graph, given } = this;
    const kind = (node) => (!node.category ? "unlabelled" : node.category in given.looks ? node.category : "other");
    const used = new Set(graph.shown.map(kind));
    const items = Object.entries(given.looks).filter(([name]) => used.has(name)).map(([name, look]) => {
      const shape = element("path", { d: look.shape, class: `fill-${name}` });
      const words = name === "unlabelled" ? "" : `${name.replace("_", " ")}: `;
      return html("span", {}, element("svg", { viewBox: "-1.2 -1.2 2.4 2.4", "aria-hidden": "true" }, shape),
        `${words}${given.words[name]}`);
    });
    const words = [
      graph.state.weigh === "usd"
        ? "Width: US dollars of the transfers with a price, log scale; dotted: none has one."
        : "Width: number of transfers, log scale.",
      graph.state.window && "Pale: no transfer in the days chosen.",
      graph.shown.some((node) => given.high.includes(node.risk_category)) && "Dashed ring: high or critical risk.",
      graph.state.marks.length && "Yellow with numbers: the transfers in their order.",
      graph.state.left_out && `${count(graph.state.left_out, "edge")} of least value not drawn (explorer.graph_edges).`,
      `Sums of run ${graph.state.run}.`,
    ];
    by("legend").replaceChildren(...items, html("p", {}, words.filter(Boolean).join(" ")));
  }

  tables() {
    const { graph, does } = this;
    by("nodes").tBodies[0].replaceChildren(...graph.state.nodes.map((node) => {
      const address = node.hidden ? html("code", {}, seen(node.address))
        : button(seen(node.address), () => does.choose(node.address), { class: "link" });
      const state = [node.hidden && "hidden", node.pinned && "pinned", node.more && "expanded",
        node.note && `note: ${seen(node.note)}`];
      return html("tr", {},
        cell(address), cell(seen(node.entity ?? "–")), cell(seen(node.category ?? "–").replace("_", " ")),
        cell(node.risk_category ?? "–"), cell(String(node.findings), "number"),
        cell(node.counterparties.toLocaleString("en"), "number"), cell(state.filter(Boolean).join(", ") || "–"));
    }));
    by("edges").tBodies[0].replaceChildren(...graph.drawn.map((edge) => {
      const [transfers, usd] = this.#sums(edge);
      return html("tr", {},
        cell(this.#edgeButton(edge)), cell(transfers.toLocaleString("en"), "number"), cell(dollars(usd), "number"),
        cell(when(edge.first_at), "time"), cell(when(edge.last_at), "time"),
        cell(listed(graph.mark(edge)?.ordinals ?? []) || "–"));
    }));
    const hidden = graph.state.nodes.length - graph.shown.length;
    by("nodes-title").textContent = `Addresses as a table: ${graph.shown.length} shown, ${hidden} hidden`;
    by("edges-title").textContent = `Edges as a table: ${graph.drawn.length}`;
  }
}
