// What each policy averts and what it costs: both sides on one scale.

let avertedBy = "harm";

/** Return the picture by harm, by mechanism or by compartment, as it is chosen below it. */
function drawBenefit(result, size) {
  const options = ["harm", "mechanism", "compartment"].map((by) => button(say(`pictures.averted.by_${by}`), () => {
    avertedBy = by;
    renderPicture();
  }, { "aria-pressed": String(by === avertedBy), "data-key": `averted ${by}` }));
  return { ...drawAverted(result, size, avertedBy), options };
}

function drawAverted(result, { width, colours }, by = "harm") {
  const { state } = result;
  const at = state.horizon_years;
  const kinds = by === "harm" ? content.outcomes.harms : by === "mechanism" ? MECHANISMS : COMPARTMENTS;
  const placeOfRow = (name) => (by === "harm" || name === "local_recurrence" ? result.place(name, { years: at })
    : result.place("local_recurrence", { [by]: name, years: at }));
  const names = ["local_recurrence", ...kinds].filter((name) => result.policies.some((_, p) => (
    result.share(p, placeOfRow(name)).estimate > HARDLY_ANYBODY)));
  const outcomeLabel = (name) => (by === "harm" || name === "local_recurrence" ? labelOf(name) : short(name));
  if (!result.others.length) return { svg: null, says: say("pictures.one_policy"), table: null };
  const sides = result.others.map((p) => names.map((name) => {
    const place = placeOfRow(name);
    return {
      name, better: result.change(p, place, YES, NO), worse: result.change(p, place, NO, YES), net: result.difference(p, place),
    };
  }));
  const label = Math.max(...names.map((name) => textWidth(outcomeLabel(name), 12.5, "600"))) + 14;
  const narrow = width < 560;
  const panels = narrow ? 1 : sides.length;
  const room = (width - label - 14 * panels) / panels;
  const row = 24;
  const block = 44 + names.length * row;
  const most = Math.max(...sides.flat().flatMap(({ better, worse }) => [better.high, worse.high])) * PER;
  // Room for the number beside the longest bar.
  const half = room / 2 - 34;
  const length = (share) => Math.min(share * PER / most, 1) * half;
  const looks = looksOf(state, colours);
  const height = (narrow ? sides.length : 1) * block + 42;
  const children = [draw("defs", {}, hatch("worse", colours.worse, colours.ground))];
  sides.forEach((rows, s) => {
    const p = result.others[s];
    const left = label + (narrow ? 0 : s * (room + 14));
    const top = narrow ? s * block : 0;
    const middle = left + room / 2;
    children.push(mark(middle - 40, top + 12, looks[p]), text(middle - 28, top + 17, say("pictures.averted.panel", {
      policy: LETTERS[p], other: LETTERS[result.comparator] }), { "font-weight": 600 }));
    rows.forEach(({ name, better, worse, net }, k) => {
      const y = top + 32 + k * row;
      if (s === 0 || narrow) {
        children.push(text(label - 8, y + 14, outcomeLabel(name), { "text-anchor": "end", "font-size": 12.5,
          "font-weight": name === "local_recurrence" ? 600 : 400, "data-term": name }));
      }
      if (k === 0) children.push(draw("line", { x1: left, x2: left + room, y1: y + row - 1, y2: y + row - 1, stroke: colours.pale }));
      for (const [found, sign, fill] of [[better, -1, colours.better], [worse, 1, "url(#worse)"]]) {
        const wide = length(found.estimate);
        children.push(draw("rect", { x: sign < 0 ? middle - wide : middle, y: y + 3, width: wide, height: row - 8, fill },
          draw("title", {}, `${fixed(PER * found.estimate)} (${interval(PER * found.low, PER * found.high, fixed)})`)));
        const words = PER * found.estimate >= 99.95 ? whole(PER * found.estimate) : fixed(PER * found.estimate);
        children.push(text(middle + sign * (wide + 4), y + 15, words, { "font-size": SMALL, "text-anchor": sign < 0 ? "end" : "start",
          fill: beyondLuck(net) ? colours.ink : colours.grey }));
      }
    });
    children.push(draw("line", { x1: middle, x2: middle, y1: top + 28, y2: top + 32 + names.length * row, stroke: colours.grey }));
  });
  const base = height - 16;
  children.push(
    draw("rect", { x: label, y: base - 10, width: 12, height: 12, fill: colours.better }),
    text(label + 18, base, say("pictures.averted.better"), { "font-size": SMALL }),
    draw("rect", { x: label + 150, y: base - 10, width: 12, height: 12, fill: "url(#worse)" }),
    text(label + 168, base, say("pictures.averted.worse"), { "font-size": SMALL }),
  );
  const says = result.others.map((p, s) => {
    const beyond = sides[s].filter(({ net }) => beyondLuck(net)).sort((a, b) => Math.abs(b.net.estimate) - Math.abs(a.net.estimate));
    const part = (chosen) => listed(beyond.filter(chosen).slice(0, 3).map(({ name, net }) => (
      say("pictures.averted.part", { n: fixed(PER * Math.abs(net.estimate)), what: outcomeLabel(name) }))));
    const [fewer, more] = [part(({ net }) => net.estimate < 0), part(({ net }) => net.estimate > 0)];
    if (!fewer && !more) return say("pictures.averted.nothing", { policy: LETTERS[p] });
    const key = fewer && more ? "both" : fewer ? "fewer" : "more";
    return say(`pictures.averted.${key}`, { policy: LETTERS[p], ...(fewer ? { fewer } : {}), ...(more ? { more } : {}) });
  });
  return {
    svg: picture(width, height, say(`pictures.averted.title_${by}`), colours, children),
    says: says.join(" "),
    table: {
      columns: [say("table.policy"), say("table.outcome"), say("pictures.averted.better"), say("pictures.averted.worse"), say("table.net")],
      rows: result.others.flatMap((p, s) => sides[s].map(({ name, better, worse, net }) => [
        LETTERS[p], outcomeLabel(name), ...[better, worse].map((found) => (
          `${fixed(PER * found.estimate)} (${interval(PER * found.low, PER * found.high, fixed)})`)),
        `${signed(PER * net.estimate)} (${interval(PER * net.low, PER * net.high, signed)})`,
      ])),
      note: say("pictures.averted.note", { years: years(at) }),
    },
  };
}
