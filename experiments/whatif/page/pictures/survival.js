// Survival: of all causes, and free of cancer.

const SURVIVALS = ["overall_survival", "disease_free_survival"];

function drawSurvival(result, { width, height, colours }) {
  const { state } = result;
  const looks = looksOf(state, colours);
  const end = result.shownYears;
  const all = SURVIVALS.map((name) => result.policies.map((_, p) => result.shownCurve(p, result.curvePlace(name))));
  const least = Math.floor(10 * Math.min(...all.flat().map((curve) => curve[curve.length - 1].low))) / 10;
  const narrow = width < 520;
  const panel = narrow ? width : width / 2;
  const tall = narrow ? height / 2 - 66 : height - 76;
  const children = SURVIVALS.flatMap((name, k) => {
    const left = (narrow ? 0 : k * panel) + 46;
    const top = (narrow ? k * height / 2 : 0) + 30;
    const wide = panel - 46 - 76;
    const { parts, x, y } = chart({ left, top, width: wide, height: tall, end, most: 1, least, colours });
    const ends = all[k].map((curve) => curve[curve.length - 1].estimate);
    const centres = spread(ends.map((value) => y(value) - top), ends.map(() => 17), tall).map((centre) => centre + top);
    return [
      text(left - 46, top - 16, capital(called("outcome", name)), { "font-weight": 600 }), ...parts,
      text(left + wide, top + tall + 32, say("pictures.years_axis"), { fill: colours.grey, "font-size": SMALL, "text-anchor": "end" }),
      draw("line", { x1: x(state.horizon_years), x2: x(state.horizon_years), y1: top, y2: top + tall, stroke: colours.grey, "stroke-dasharray": "2 3" }),
      ...all[k].flatMap((curve, p) => curveOf(curve, x, y, looks[p], all[k].length > 2)),
      ...ends.flatMap((value, p) => [
        draw("line", { x1: x(end), y1: y(value), x2: x(end) + 9, y2: centres[p], stroke: looks[p].colour }),
        mark(x(end) + 15, centres[p], looks[p], 4.5),
        text(x(end) + 24, centres[p] + 4, `${LETTERS[p]} ${percent(value)}`, { "font-weight": 600, "font-size": 12 }),
      ]),
    ];
  });
  const difference = (p) => result.difference(p, result.place("overall_survival", { years: state.horizon_years }));
  const says = result.others.map((p) => {
    const found = difference(p);
    return say(beyondLuck(found) ? "pictures.survival.change" : "pictures.survival.same", {
      policy: LETTERS[p], other: LETTERS[result.comparator], years: years(state.horizon_years), n: signed(PER * found.estimate),
      low: signed(PER * found.low), high: signed(PER * found.high),
    });
  });
  return {
    svg: picture(width, height, say("pictures.survival.title"), colours, children),
    says: says.join(" ") || say("pictures.survival.alone", {
      n: fixed(PER * result.share(0, result.place("overall_survival", { years: state.horizon_years })).estimate), years: years(state.horizon_years),
    }),
    table: {
      columns: [say("table.policy"), say("table.outcome"), ...result.horizons.map((year) => say("table.at_percent", { years: years(year) }))],
      rows: SURVIVALS.flatMap((name) => result.policies.map((_, p) => [
        LETTERS[p], called("outcome", name),
        ...result.horizons.map((year) => withInterval(result.share(p, result.place(name, { years: year })))),
      ])),
    },
  };
}
