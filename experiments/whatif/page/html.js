// Small functions that make HTML. Text is text: nothing of it is read as markup.

/** Return an element with attributes, listeners (onclick) and children, which are elements or text. */
function html(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (key === "value" || key === "checked") element[key] = value;
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat(3).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Return a choice: `options` are [value, words] or [group, [[value, words], ...]]. */
function choice(value, options, attributes = {}) {
  const option = ([name, words]) => (Array.isArray(words)
    ? html("optgroup", { label: name }, words.map(option))
    : html("option", { value: name, selected: name === value }, words));
  const select = html("select", attributes, options.map(option));
  select.value = value;
  return select;
}

const button = (words, onclick, attributes = {}) => html("button", { type: "button", onclick, ...attributes }, words);

/** Put children in an element in place of what it holds; the same control keeps the focus. */
function fill(element, ...children) {
  const focus = element.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
  element.replaceChildren(...children.flat(3).filter((child) => child !== null && child !== undefined && child !== false));
  if (focus !== undefined) element.querySelector(`[data-key="${CSS.escape(focus)}"]`)?.focus();
}

/** Return a table; the first column of a row is its heading. */
function tableOf({ columns, rows, note }) {
  return html("div", { class: "table", tabindex: 0, role: "group", "aria-label": say("keep.table") },
    note ? html("p", { class: "note" }, note) : null,
    html("table", {},
      html("thead", {}, html("tr", {}, columns.map((name) => html("th", { scope: "col" }, name)))),
      html("tbody", {}, rows.map(([heading, ...cells]) => html("tr", {},
        html("th", { scope: "row" }, String(heading)),
        cells.map((cell) => html("td", {}, typeof cell === "number" ? tableNumber(cell) : String(cell))))))));
}

const tableNumber = (value) => (Number.isInteger(value) ? whole(value) : Number.isNaN(value) ? DASH : String(Number(value.toPrecision(5))));

/** Let the browser keep a text or a blob as a file. */
function download(name, parts, type) {
  const url = URL.createObjectURL(parts instanceof Blob ? parts : new Blob([parts], { type }));
  const link = html("a", { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}

/** Return a policy's letter with its mark, in its colour. */
function chip(p, state) {
  const colours = palette();
  const look = looksOf(state, colours)[p];
  const svg = draw("svg", { viewBox: "0 0 14 14", width: 14, height: 14, "aria-hidden": "true" }, mark(7, 7, look, 5));
  return html("span", { class: "chip" }, svg, html("b", {}, LETTERS[p]));
}
