// What pages do beyond links and forms: charts, hits while one types, times of the alerts chosen for a case.

const dark = matchMedia("(prefers-color-scheme: dark)");

function colours() {
  const style = getComputedStyle(document.documentElement);
  const of = (name) => style.getPropertyValue(name).trim();
  const axis = { labelColor: of("--soft"), titleColor: of("--soft"), gridColor: of("--line"), domainColor: of("--line"), tickColor: of("--line") };
  return { axis, legend: { labelColor: of("--ink"), titleColor: of("--ink") } };
}

async function draw(figure) {
  const [{ embed }, answer] = await Promise.all([import("/charts/vega.js"), fetch(figure.dataset.chart)]);
  if (!answer.ok) {
    figure.querySelector("p").textContent = "The chart could not be drawn.";
    return;
  }
  const place = document.createElement("div");
  place.className = "canvas";
  figure.querySelector("p")?.remove();
  figure.querySelector(".canvas")?.remove();
  figure.prepend(place);
  await embed(place, await answer.json(), {
    actions: false,
    ast: true,
    config: colours(),
    defaultStyle: false,
    renderer: "svg",
    tooltip: { disableDefaultStyle: true },
  });
}

const figures = [...document.querySelectorAll("[data-chart]")];
for (const figure of figures) draw(figure);
dark.addEventListener("change", () => figures.forEach(draw));

// Parts of a page that take longer, each of which is a page of its own.
for (const place of document.querySelectorAll("[data-part]")) {
  fetch(place.dataset.part).then(async (answer) => {
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const part = page.querySelector("#part");
    if (answer.ok && part) {
      place.append(...part.childNodes);
    }
  });
}

// What was typed is not lost without a word, neither by leaving nor by sending another form of the page.
const changed = new Set();
document.addEventListener("input", (event) => {
  const form = event.target.closest('form[method="post"]');
  if (form) changed.add(form);
});
document.addEventListener("submit", (event) => {
  const others = [...changed].filter((form) => form !== event.target);
  if (others.length && !confirm("Something else on this page was typed and is not sent. Go on without it?")) {
    event.preventDefault();
    return;
  }
  changed.clear();
});
addEventListener("beforeunload", (event) => {
  if (changed.size) event.preventDefault();
});

// Hits while one types: arrow keys choose, Enter goes there, Escape closes.
const field = document.querySelector('.search input[name="q"]');
const list = document.querySelector("#hits");
let waiting = 0;
let asked = null;
let chosen = -1;

function close() {
  list.hidden = true;
  chosen = -1;
  field.setAttribute("aria-expanded", "false");
  field.removeAttribute("aria-activedescendant");
}

function choose(place) {
  const items = [...list.children];
  chosen = (place + items.length) % items.length;
  items.forEach((item, n) => item.setAttribute("aria-selected", String(n === chosen)));
  field.setAttribute("aria-activedescendant", items[chosen].id);
  items[chosen].scrollIntoView({ block: "nearest" });
}

async function suggest() {
  const text = field.value.trim();
  asked?.abort();
  if (text.length < 3) return close();
  asked = new AbortController();
  try {
    const answer = await fetch(`/hits?${new URLSearchParams({ q: text })}`, { signal: asked.signal });
    if (!answer.ok) return close();
    const { items } = await answer.json();
    list.replaceChildren(
      ...items.map((hit, n) => {
        const item = document.createElement("li");
        item.id = `hit-${n}`;
        item.role = "option";
        item.dataset.href = hit.href;
        const name = document.createElement("span");
        name.textContent = hit.title;
        const about = document.createElement("span");
        about.className = "soft";
        about.textContent = ` ${hit.kind}${hit.chain ? `, ${hit.chain}` : ""}${hit.detail ? ` · ${hit.detail}` : ""}`;
        item.append(name, about);
        return item;
      }),
    );
    list.hidden = items.length === 0;
    field.setAttribute("aria-expanded", String(items.length > 0));
    chosen = -1;
  } catch (error) {
    if (error.name !== "AbortError") close();
  }
}

if (field && list) {
  field.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(suggest, 120);
  });
  field.addEventListener("keydown", (event) => {
    if (list.hidden) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      choose(event.key === "ArrowDown" ? chosen + 1 : chosen < 0 ? -1 : chosen - 1);
    } else if (event.key === "Enter" && chosen >= 0) {
      event.preventDefault();
      location.assign(list.children[chosen].dataset.href);
    } else if (event.key === "Escape") {
      close();
    }
  });
  list.addEventListener("pointerdown", (event) => {
    const item = event.target.closest("li");
    if (item) location.assign(item.dataset.href);
  });
  field.addEventListener("blur", close);
}

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select, [contenteditable]");
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    field.focus();
  }
});
