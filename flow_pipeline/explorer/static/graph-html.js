// Elements of a page, and what is written in them.

export function html(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "onclick") made.addEventListener("click", value);
    else if (value !== false && value !== null) made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null && child !== false));
  return made;
}

export const button = (text, onclick, more = {}) => html("button", { type: "button", ...more, onclick }, text);

export const cell = (content, kind = null) => html("td", { class: kind }, content);

export const table = (id, title, heads, body) => html("div", { class: "table" },
  html("table", { id, "aria-label": title },
    html("thead", {}, html("tr", {}, ...heads.map((head) => html("th", { scope: "col" }, head)))), body));

export const path = (...parts) => `/${parts.map(encodeURIComponent).join("/")}`;

export const when = (text) => (text ? text.slice(0, 16).replace("T", " ") : "–");

// An exact amount, without zeros at its end.
export function exact(text) {
  if (text === null) return "–";
  const [whole, part = ""] = text.split(".");
  const rest = part.replace(/0+$/, "");
  return `${BigInt(whole).toLocaleString("en")}${rest && `.${rest}`}`;
}
