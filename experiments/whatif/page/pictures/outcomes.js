// Every outcome that is counted, under every policy, with its interval.

let outcomesSearch = "";

/** Return what an outcome's key is about, in words. */
function keyWords(key) {
  const splits = ["mechanism", "compartment", "group"].filter((column) => key[column] !== "all").map((column) => called(column, key[column]));
  return [capital(outcomeLabel(key.outcome)), ...splits].join(", ");
}

function drawOutcomes(result) {
  const at_ = result.state.horizon_years;
  const c = result.comparator;
  const rows = result.keys.flatMap((key, place) => (key.horizon_years === 0 || key.horizon_years === at_ ? [{
    name: keyWords(key), key, place,
    levels: result.policies.map((_, p) => result.share(p, place)), changes: result.others.map((p) => result.difference(p, place)),
  }] : []));
  const cells = ({ name, key, levels, changes }) => [
    `${name}${key.horizon_years ? `, ${say("table.at", { years: years(key.horizon_years) })}` : ""}`,
    ...levels.map((found) => (found.n ? `${percent(found.estimate)} (${interval(found.low, found.high, percent)})` : DASH)),
    ...changes.map((found) => (found.n ? `${signed(100 * found.estimate)} (${interval(100 * found.low, 100 * found.high, signed)})` : DASH)),
  ];
  const columns = [say("table.outcome"), ...result.policies.map((_, p) => `${LETTERS[p]}, %`), ...result.others.map((p) => say("table.less_points", { policy: LETTERS[p], other: LETTERS[c] }))];
  const amounts = result.layout.outcomes.amounts.map((key, place) => [
    `${capital(called("outcome", key.outcome))} (${result.layout.outcomes.amount_units[place]})`,
    ...result.policies.map((_, p) => ranged(result.amount(p, place), (value) => fixed(value, 2))),
    ...result.others.map((p) => ranged(result.amount(p, place, "differences"), (value) => signed(value, 2))),
  ]);
  const table = { columns, rows: [...rows.map(cells), ...amounts], note: say("pictures.outcomes.note") };
  const list = html("div", { class: "list" });
  const show_ = () => {
    const wanted = outcomesSearch.toLowerCase().split(/\s+/).filter(Boolean);
    fill(list, tableOf({ ...table, rows: table.rows.filter(([name]) => wanted.every((word) => name.toLowerCase().includes(word))) }));
  };
  show_();
  return {
    svg: null,
    html: html("div", { class: "outcomes" }, html("input", { type: "search", value: outcomesSearch, placeholder: say("pictures.outcomes.search"),
      "aria-label": say("pictures.outcomes.search"), "data-key": "outcomes search", oninput: (event) => { outcomesSearch = event.target.value; show_(); } }), list),
    says: say("pictures.outcomes.says", { n: whole(table.rows.length) }),
    table,
  };
}
