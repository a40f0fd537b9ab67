// What it costs, what it gains: the choice of prices, what the money buys, a table, the cost-effectiveness plane.

/** Return the choice of a file of prices and utilities. */
function pricesChoice(key) {
  const options = Object.entries(content.economics).map(([name, { counted, currency }]) => [
    name, counted ? say("value.file", { name: name.replaceAll("_", " "), currency }) : say("value.not_counted")]);
  const first = options.findIndex(([name]) => name === content.command.defaults.economics);
  options.unshift(...options.splice(first, 1));
  return choice(state.economics.file, options, { "data-key": key, title: say("value.file_title"), onchange: (event) => changePrices(event.target.value) });
}

/** Count costs by a file; what was changed of another file's prices and terms is not taken over. */
function changePrices(file) {
  const numbers = Object.fromEntries(Object.entries(state.numbers).filter(([key]) => !key.startsWith("economics.")));
  if (content.economics[file].counted) pictureName = "value";
  change({ economics: { file }, numbers });
}

function drawValue(result, size) {
  if (!isValued(result.state)) return offer();
  const parts = html("div", {}, valueParts(result, size));
  return {
    svg: result.others.length ? drawPlane(result, size) : null,
    html: html("div", { class: "value" }, html("h2", {}, say("value.title")), termControls(result, () => fill(parts, valueParts(result, size))), parts),
    says: basisWords(result.state),
    table: everyQuantity(result),
  };
}

/** Return what depends on the perspective and the threshold: sentences, the plane, the table, the order. */
function valueParts(result, size) {
  const { state: of, comparator: c } = result;
  if (!result.others.length) return [html("p", {}, say("pictures.one_policy")), valueTable(result)];
  const bought = result.others.map((p) => html("li", { "data-bought": p }, chip(p, of), " ", html("b", {}, capital(nameOf(of.policies[p]))), ": ", boughtWords(result, p), " ", worthWords(result, p)));
  return [
    html("p", { class: "lead" }, say("value.lead", { policy: LETTERS[c], name: nameOf(of.policies[c]) })), html("ul", {}, bought),
    html("p", { class: "best" }, html("b", {}, bestWords(result))),
    html("figure", {}, drawPlane(result, size), html("figcaption", { class: "note" }, say("value.plane_says"))),
    valueTable(result),
    result.others.length > 1 ? [html("h3", {}, say("value.order.title")), html("ol", { class: "order" }, orderWords(result).map(([p, words]) => html("li", {}, chip(p, of), " ", words)))] : null,
  ];
}

/** Return the plane of a result alone, with what the money buys, as a lesson shows it. */
function drawWorth(result, size) {
  const made = drawPlane(result, size);
  const bought = result.others.map((p) => `${LETTERS[p]}, ${nameOf(result.state.policies[p])}: ${boughtWords(result, p)}`);
  return { svg: made, says: [say("value.lead", { policy: LETTERS[result.comparator], name: nameOf(result.state.policies[result.comparator]) }),
    ...bought, basisWords(result.state)].join(" "), table: everyQuantity(result) };
}

/** Return what is shown where costs are not counted: what could be, and by which prices. */
function offer() {
  const files = Object.entries(content.economics).filter(([, { counted }]) => counted);
  return {
    svg: null,
    html: html("div", { class: "value" }, html("h2", {}, say("value.title")), html("p", {}, say("value.offer")),
      html("div", { class: "bar" }, files.map(([name, { currency, price_year: year }]) => button(
        say("value.count", { name: capital(name.replaceAll("_", " ")), currency, year }), () => changePrices(name), { class: "main", "data-key": `count ${name}` })))),
    says: say("value.offer_note"),
    table: null,
  };
}

const LARGEST_WITHOUT_ANY = 1e5; // of the slider, where the file's thresholds are 0

/** Return the controls of prices, perspective and threshold; `redraw`: called while the threshold is dragged. */
function termControls(result, redraw) {
  const { state: of } = result;
  const { perspective, threshold, sign } = termsOf(of);
  const { thresholds_per_qaly: own } = pricesOf(of);
  const labelled = (words, ...controls) => html("label", {}, html("span", {}, words), controls);
  // Of health care alone both perspectives count the same.
  const both = Object.keys(content.value.totals);
  const differ = result.policies.some((_, p) => new Set(both.map((each) => result.quantity(p, `costs_${each}`).estimate)).size > 1);
  const most = 2 * lastOf(own) || LARGEST_WITHOUT_ANY;
  const output = html("output", {}, money(threshold, sign));
  return html("div", { class: "terms" },
    labelled(say("controls.economics"), pricesChoice("prices")),
    labelled(say("value.perspective"), differ ? choice(perspective, both.map((each) => [each, say(`value.perspectives.${each}`)]), {
      "data-key": "perspective", onchange: (event) => changeTerms({ perspective: event.target.value }) })
      : html("output", {}, say(`value.perspectives.${perspective}`))),
    html("div", {}, labelled(html("span", { "data-term": "threshold", tabindex: 0 }, say("value.threshold")), html("span", { class: "slide" }, html("input", {
      type: "range", min: 0, max: most, step: ticks(most, 160)[1], value: Math.min(threshold, most), "data-key": "threshold", "aria-label": say("value.threshold"),
      oninput: (event) => {
        output.textContent = money(event.target.valueAsNumber, sign);
        setTerms({ threshold_per_qaly: event.target.valueAsNumber });
        redraw();
      },
      onchange: (event) => changeTerms({ threshold_per_qaly: event.target.valueAsNumber }) }), output)),
    html("span", { class: "marks" }, own.map((each) => button(money(each, sign), () => changeTerms({ threshold_per_qaly: each }), {
      "aria-pressed": String(each === threshold), "data-key": `threshold ${each}` })))));
}

/** Return on what terms costs and quality of life are counted. */
function basisWords(of) {
  const { currency, price_year: year, horizon_years: horizon, assumptions } = pricesOf(of);
  const rate = (name) => Number((100 * numberIn(of, `economics.${name}_discount_rate_per_year`)).toPrecision(3));
  const lifetime = horizon >= LIFETIME_YEARS ? say("value.lifetime") : say("value.not_lifetime");
  return [say("value.basis", { years: years(horizon), lifetime, currency, year, perspective: content.value.perspectives[termsOf(of).perspective],
    costs: rate("costs"), effects: rate("effects") }), assumptions, say("value.luck")].filter(Boolean).join(" ");
}

const LIFETIME_YEARS = 50; // from diagnosis on nearly nobody lives longer

const VALUES_SHOWN = ["life_years", "discounted_life_years", "qalys"];

/** Return the table: what each policy costs and gives, and beside the comparator. */
function valueTable(result) {
  const { threshold, sign, total } = termsOf(result.state);
  const c = result.comparator;
  const policies = [...result.policies.keys()];
  const cell = (found, write, differs) => html("td", {}, html("b", { class: differs && !beyondLuck(found) ? "luck" : "" }, write(found.estimate)), " ",
    html("small", {}, `(${interval(found.low, found.high, write)})`));
  const row = (term, label, make) => html("tr", {}, html("th", { scope: "row", ...(term ? { ...explained(term), tabindex: 0 } : {}) }, label), policies.map(make));
  const head = (words) => html("tr", { class: "unit" }, html("th", { colspan: policies.length + 1, scope: "colgroup" }, words));
  const beside = (make) => (p) => (p === c ? html("td", { class: "luck" }, DASH) : make(p));
  const [fineMoney, fineYears] = [(amount) => moreMoney(amount, sign), (number) => signed(number, 3)];
  return html("div", { class: "table", tabindex: 0, role: "group", "aria-label": say("value.table") }, html("table", {},
    html("thead", {}, html("tr", {}, html("td", {}), policies.map((p) => html("th", { scope: "col", title: capital(nameOf(result.state.policies[p])) }, chip(p, result.state))))),
    html("tbody", {}, head(say("value.of_a_patient", { years: years(runYears(result.state)) })),
      row("costs", say("value.costs"), (p) => cell(result.quantity(p, total), (amount) => money(amount, sign))),
      VALUES_SHOWN.map((name) => row(name === "qalys" ? "QALY" : null, say(`value.${name}`), (p) => cell(result.quantity(p, name), (number) => fixed(number, 2)))),
      result.others.length ? [head(say("value.beside", { policy: LETTERS[c] })),
        row("costs", say("value.more_costs"), beside((p) => cell(result.quantity(p, total, c), fineMoney, true))),
        VALUES_SHOWN.map((name) => row(name === "qalys" ? "QALY" : null, say(`value.more_${name}`), beside((p) => cell(result.quantity(p, name, c), fineYears, true)))),
        row("cost_per_QALY", say("value.ratio.title", { sign: sign.trim() }), beside((p) => html("td", { "data-ratio": p }, ratioWords(valueOf(result, p), sign)))),
        row("net_benefit", say("value.net", { threshold: money(threshold, sign) }), beside((p) => cell(valueOf(result, p).net, fineMoney, true)))] : null)));
}

/** Return every quantity under every policy, and beside the comparator, as a table. */
function everyQuantity(result) {
  const { sign } = termsOf(result.state);
  const c = result.comparator;
  return {
    columns: [say("value.quantity"), ...result.policies.map((_, p) => LETTERS[p]), ...result.others.map((p) => say("table.less", { policy: LETTERS[p], other: LETTERS[c] }))],
    rows: content.value.quantities.map((name) => {
      const isMoney = name.startsWith("cost");
      const [level, change_] = isMoney ? [(amount) => money(amount, sign), (amount) => moreMoney(amount, sign)] : [(number) => fixed(number, 3), (number) => signed(number, 4)];
      return [capital(content.value.words[name]), ...result.policies.map((_, p) => ranged(result.quantity(p, name), level)),
        ...result.others.map((p) => ranged(result.quantity(p, name, c), change_))];
    }),
    note: say("value.note"),
  };
}

/** Return round numbers within a range that holds 0. */
function roundSteps(low, high, count) {
  const [, step] = ticks(high - low, count);
  const found = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; k++) found.push(Number((k * step).toPrecision(10)));
  return found;
}

/** Return the cost-effectiveness plane: each policy beside the comparator, with the line of the threshold. */
function drawPlane(result, { width, colours }) {
  const { state: of } = result;
  const { threshold, sign } = termsOf(of);
  const looks = looksOf(of, colours);
  const points = result.others.map((p) => ({ p, ...valueOf(result, p) }));
  const height = width < 520 ? 340 : 380;
  const [left, top, right, bottom] = [64, 42, 16, 46];
  const [wide, tall] = [width - left - right, height - top - bottom];
  const range = (name) => {
    const ends = [0, ...points.flatMap(({ [name]: { estimate, low, high } }) => [estimate, low, high].filter(Number.isFinite))];
    const [low, high] = [Math.min(...ends), Math.max(...ends)];
    const air = 0.14 * (high - low || 1);
    return [low - air, high + air];
  };
  const [x0, x1] = range("qalys");
  const [y0, y1] = range("costs");
  const x = (qalys) => left + (qalys - x0) / (x1 - x0) * wide;
  const y = (costs) => top + tall - (costs - y0) / (y1 - y0) * tall;
  const halo = { "paint-order": "stroke", stroke: colours.ground, "stroke-width": 3, "stroke-linejoin": "round" };
  const quiet = { fill: colours.grey, "font-size": SMALL };
  const inside = { "clip-path": "url(#plane)" };
  // Policies at one place have one label.
  const together = (one, other) => Math.hypot(x(one.qalys.estimate) - x(other.qalys.estimate), y(one.costs.estimate) - y(other.costs.estimate)) < 5;
  const sizes = (found) => `${interval(found.low, found.high, (value) => String(Number(value.toPrecision(4))).replace("-", "−"))}`;
  const children = [
    draw("defs", {}, draw("clipPath", { id: "plane" }, draw("rect", { x: left, y: top, width: wide, height: tall }))),
    // Below the line a policy is worth its costs.
    draw("polygon", { points: [[x0, threshold * x0], [x1, threshold * x1], [x1, Math.min(y0, threshold * x0)], [x0, Math.min(y0, threshold * x0)]].map(([a, b]) => `${round(x(a))},${round(y(b))}`).join(" "),
      fill: colours.better, "fill-opacity": colours.dark ? 0.16 : 0.09, ...inside }),
    ...roundSteps(x0, x1, width < 520 ? 4 : 6).flatMap((tick) => [
      draw("line", { x1: x(tick), x2: x(tick), y1: top, y2: top + tall, stroke: colours.pale }),
      text(x(tick), top + tall + 16, String(tick).replace("-", "−"), { ...quiet, "text-anchor": "middle" })]),
    ...roundSteps(y0, y1, 6).flatMap((tick) => [
      draw("line", { x1: left, x2: left + wide, y1: y(tick), y2: y(tick), stroke: colours.pale }),
      text(left - 6, y(tick) + 4, money(tick, sign), { ...quiet, "text-anchor": "end" })]),
    draw("line", { x1: left, x2: left + wide, y1: y(0), y2: y(0), stroke: colours.grey, "stroke-width": 1.4 }),
    draw("line", { x1: x(0), x2: x(0), y1: top, y2: top + tall, stroke: colours.grey, "stroke-width": 1.4 }),
    draw("line", { x1: x(x0), y1: y(threshold * x0), x2: x(x1), y2: y(threshold * x1), stroke: colours.ink, "stroke-width": 1.5, "stroke-dasharray": "6 4", ...inside }),
    text(0, 14, say("value.plane.y"), { "font-weight": 600 }),
    text(left + wide, height - 8, say("value.plane.x"), { "font-weight": 600, "text-anchor": "end" }),
    ...corners({ left, top, wide, tall, x: x(0), y: y(0) }, { ...quiet, ...halo }),
    ...points.flatMap(({ p, costs, qalys }) => [
      draw("line", { x1: x(qalys.low), x2: x(qalys.high), y1: y(costs.estimate), y2: y(costs.estimate), stroke: looks[p].colour, "stroke-width": 2 }),
      draw("line", { x1: x(qalys.estimate), x2: x(qalys.estimate), y1: y(costs.low), y2: y(costs.high), stroke: looks[p].colour, "stroke-width": 2 }),
      draw("g", {}, mark(x(qalys.estimate), y(costs.estimate), looks[p], 6, colours.ground), draw("title", {}, say("value.plane.point", {
        policy: LETTERS[p], costs: moreMoney(costs.estimate, sign), qalys: signed(qalys.estimate, 3), cost_range: sizes(costs), qaly_range: sizes(qalys) })))]),
    mark(x(0), y(0), looks[result.comparator], 6, colours.ground),
    // Beside the line, which rises to the right.
    text(x(0) - 10, y(0) - 8, LETTERS[result.comparator], { "font-weight": 700, "text-anchor": "end", ...halo }),
    ...points.flatMap((point, k) => (points.findIndex((one) => together(one, point)) < k ? []
      : [text(x(point.qalys.estimate) + 11, y(point.costs.estimate) - 8, points.filter((one) => together(one, point)).map(({ p }) => LETTERS[p]).join(", "), { "font-weight": 700, ...halo })])),
    thresholdLabel({ left, top, wide, tall }, { x, y, x0, x1, y1 }, threshold, say("value.plane.line", { threshold: money(threshold, sign) }), colours),
  ];
  return picture(width, height, say("value.plane.title", { policy: LETTERS[result.comparator] }), colours, children);
}

/** Return what each corner of the plane means, where there is room for it. */
function corners({ left, top, wide, tall, x, y }, quiet) {
  const [right, bottom] = [left + wide, top + tall];
  return [
    ["dearer_worse", left + 6, top + 14, "start", x - left, y - top], ["dearer_better", right - 6, top + 14, "end", right - x, y - top],
    ["cheaper_worse", left + 6, bottom - 7, "start", x - left, bottom - y], ["cheaper_better", right - 6, bottom - 7, "end", right - x, bottom - y],
  ].flatMap(([name, at_, line, anchor, room, high]) => {
    const words = say(`value.plane.${name}`);
    return textWidth(words, SMALL) + 14 < room && high > 36 ? [text(at_, line, words, { ...quiet, "font-style": "italic", "text-anchor": anchor })] : [];
  });
}

/** Return the words of the threshold's line, where it leaves the plane: at the top, or on the right. */
function thresholdLabel({ left, top, wide }, { x, y, x1, y1 }, threshold, words, colours) {
  const atTop = threshold * x1 > y1;
  const half = textWidth(words, SMALL) / 2;
  const [at_, line] = atTop ? [Math.min(Math.max(x(y1 / threshold), left + half), left + wide - half), top - 5] : [left + wide - half - 2, y(threshold * x1) - 7];
  return text(at_, line, words, { fill: colours.ink, "font-size": SMALL, "text-anchor": "middle" });
}
