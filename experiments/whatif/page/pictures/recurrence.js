// Local recurrence over time under each policy, and by mechanism at the horizon.

const MECHANISMS = Object.keys(layout.enumerations.Mechanism);

function drawRecurrence(result, { width, height, colours }) {
  const { state } = result;
  const at = state.horizon_years;
  const looks = looksOf(state, colours);
  const place = result.curvePlace("local_recurrence");
  const curves = result.policies.map((_, p) => result.shownCurve(p, place));
  const end = result.shownYears;
  const upTo = Math.max(...curves.flatMap((curve) => curve[curve.length - 1].high), 0.01);
  const grid = ticks(upTo);
  const most = grid[grid.length - 1];
  const narrow = width < 520;
  const left = 48;
  const barsWidth = narrow ? width - left - 8 : Math.max(width * 0.4, 210);
  const chartWidth = narrow ? width - left - 66 : width - barsWidth - left - 90;
  const tall = narrow ? (height - 120) / 2 : height - 74;
  const { parts, x, y } = chart({ left, top: 30, width: chartWidth, height: tall, end, most, colours });
  const ends = curves.map((curve) => curve[curve.length - 1].estimate);
  const centres = spread(ends.map((value) => y(value) - 30), ends.map(() => 17), tall).map((centre) => centre + 30);
  const whole_ = result.place("local_recurrence", { years: at });
  const children = [
    text(0, 14, say("pictures.recurrence.over_time"), { "font-weight": 600 }),
    ...parts,
    text(left + chartWidth, 30 + tall + 32, say("pictures.years_axis"), { fill: colours.grey, "font-size": SMALL, "text-anchor": "end" }),
    draw("line", { x1: x(at), x2: x(at), y1: 30, y2: 30 + tall, stroke: colours.grey, "stroke-dasharray": "2 3" }),
    ...curves.flatMap((curve, p) => curveOf(curve, x, y, looks[p], curves.length > 2)),
    ...curves.map((curve, p) => mark(x(at), y(result.share(p, whole_).estimate), looks[p], 5, colours.ground)),
    ...ends.flatMap((value, p) => [
      draw("line", { x1: x(end), y1: y(value), x2: x(end) + 9, y2: centres[p], stroke: looks[p].colour }),
      mark(x(end) + 15, centres[p], looks[p], 4.5),
      text(x(end) + 24, centres[p] + 4, `${LETTERS[p]} ${percent(value)}`, { "font-weight": 600, "font-size": 12 }),
    ]),
    ...byMechanism(result, narrow
      ? { left, top: 30 + tall + 76, width: barsWidth, height: tall - 40 }
      : { left: width - barsWidth + 20, top: 30, width: barsWidth - 20, height: tall }, colours, looks),
  ];
  return {
    svg: picture(width, height, say("pictures.recurrence.title"), colours, children),
    table: recurrenceTable(result),
    says: recurrenceSays(result),
  };
}

/** Return columns of the recurrences at the horizon by mechanism, with their legend. */
function byMechanism(result, { left, top, width, height }, colours, looks) {
  const at = result.state.horizon_years;
  const amounts = result.policies.map((_, p) => MECHANISMS.map((mechanism) => (
    result.share(p, result.place("local_recurrence", { mechanism, years: at })).estimate * PER)));
  const grid = ticks(Math.max(...amounts.map(sum), 1), 5);
  const most = grid[grid.length - 1];
  const legend = Math.min(112, width * 0.45);
  const room = width - legend - 30;
  const step = room / amounts.length;
  const y = (value) => top + height - value / most * height;
  const last = amounts[amounts.length - 1];
  let reached = 0;
  const middles = last.map((value) => {
    reached += value;
    return y(reached - value / 2) - top;
  });
  const centres = spread(middles, middles.map(() => 16), height).map((centre) => centre + top);
  return [
    text(left - 26, top - 16, say("pictures.recurrence.by_mechanism", { years: years(at) }), { "font-weight": 600 }),
    ...grid.flatMap((tick) => [
      draw("line", { x1: left, x2: left + room, y1: y(tick), y2: y(tick), stroke: colours.pale }),
      text(left - 5, y(tick) + 4, whole(tick), { fill: colours.grey, "font-size": SMALL, "text-anchor": "end" }),
    ]),
    ...amounts.flatMap((own, p) => {
      let below = 0;
      const bars = own.map((value, k) => {
        const bar = draw("rect", {
          x: left + p * step + step * 0.14, width: step * 0.72, y: y(below + value), height: Math.max(y(below) - y(below + value), 0),
          fill: colours.stack[k % colours.stack.length], stroke: colours.ground, "stroke-width": 0.6,
        }, draw("title", {}, `${LETTERS[p]}, ${short(MECHANISMS[k])}: ${fixed(value)}`));
        below += value;
        return bar;
      });
      return [...bars,
        text(left + (p + 0.5) * step, y(below) - 5, fixed(below), { "text-anchor": "middle", "font-size": SMALL, "font-weight": 600 }),
        mark(left + (p + 0.5) * step - 8, top + height + 13, looks[p], 4),
        text(left + (p + 0.5) * step + 1, top + height + 17, LETTERS[p], { "font-size": SMALL, "font-weight": 600 })];
    }),
    ...MECHANISMS.flatMap((mechanism, k) => [
      draw("line", { x1: left + room - step * 0.14, y1: middles[k] + top, x2: left + room + 8, y2: centres[k], stroke: colours.grey, "stroke-width": 0.7 }),
      draw("rect", { x: left + room + 10, y: centres[k] - 5, width: 10, height: 10, fill: colours.stack[k % colours.stack.length] }),
      text(left + room + 25, centres[k] + 4, short(mechanism), { "font-size": SMALL, "data-term": mechanism }),
    ]),
  ];
}

function recurrenceTable(result) {
  const at = result.state.horizon_years;
  return {
    columns: [say("table.policy"), say("table.mechanism"), ...result.horizons.map((year) => say("table.at_percent", { years: years(year) }))],
    rows: result.policies.flatMap((_, p) => ["all", ...MECHANISMS].map((mechanism) => [
      LETTERS[p], mechanism === "all" ? say("table.all") : short(mechanism),
      ...result.horizons.map((year) => withInterval(result.share(p, result.place("local_recurrence", { mechanism, years: year })))),
    ])),
    note: say("pictures.recurrence.note", { years: years(at) }),
  };
}

const withInterval = (found) => `${percent(found.estimate)} (${interval(found.low, found.high, percent)})`;

function recurrenceSays(result) {
  const at = result.state.horizon_years;
  const amount = (p, mechanism) => result.share(p, result.place("local_recurrence", { mechanism, years: at })).estimate * PER;
  const c = result.comparator;
  const leader = MECHANISMS.reduce((best, mechanism) => (amount(c, mechanism) > amount(c, best) ? mechanism : best));
  const parts = [say("pictures.recurrence.leader", {
    policy: LETTERS[c], n: fixed(amount(c, "all")), years: years(at), leader: short(leader), of: fixed(amount(c, leader)),
  })];
  for (const p of result.others) {
    const changes = MECHANISMS.map((mechanism) => [mechanism, result.difference(p, result.place("local_recurrence", { mechanism, years: at }))])
      .filter(([, found]) => beyondLuck(found)).sort((a, b) => Math.abs(b[1].estimate) - Math.abs(a[1].estimate));
    if (changes.length) {
      parts.push(say("pictures.recurrence.change", {
        policy: LETTERS[p], list: listed(changes.slice(0, 3).map(([mechanism, found]) => (
          say("pictures.recurrence.part", { n: signed(found.estimate * PER), mechanism: short(mechanism) })))),
      }));
    }
  }
  return parts.join(" ");
}
