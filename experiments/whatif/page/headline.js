// The differences between policies in words, and the numbers below their columns.

const MOST_SAID = 4;
const HARDLY_ANYBODY = 0.0005; // of all patients: an outcome that fewer have under every policy is not tabled

/** Return a number of patients of 1,000: whole, or to one decimal where it is small. */
const patientsOf = (share) => (Math.abs(PER * share) >= 9.95 ? fixed(PER * share, 0) : fixed(PER * share));

/** Return the differences of a policy that are said first: recurrence and survival, then the largest of harm. */
function told(result, p) {
  const at = result.state.horizon_years;
  const found = (name) => ({ name, ...result.difference(p, result.place(name, { years: at })) });
  const always = [found("local_recurrence")];
  const alive = found("overall_survival");
  const harms = content.outcomes.harms.map(found).filter(beyondLuck)
    .sort((a, b) => Math.abs(b.estimate) - Math.abs(a.estimate));
  // A policy that keeps organs: that is what it is for.
  const kept = found("organ_preserved");
  const chosen = [...always, ...(beyondLuck(alive) ? [alive] : []), ...(beyondLuck(kept) ? [kept] : []), ...harms];
  return chosen.slice(0, MOST_SAID);
}

function differenceWords(found) {
  const n = patientsOf(Math.abs(found.estimate));
  const one = n === "1";
  const [low, high] = found.estimate < 0 ? [-found.high, -found.low] : [found.low, found.high];
  return [
    html("strong", { class: (found.estimate > 0) === content.outcomes.good.includes(found.name) ? "better" : "worse" }, say(found.estimate < 0 ? "headline.fewer" : "headline.more", { n })),
    ` ${verb(found.name, one)} `, html("span", { class: "interval" }, `(${interval(low, high, patientsOf)})`),
  ];
}

/** Return the headline: what each policy changes, in words. */
function headline(result) {
  const at = years(result.state.horizon_years);
  const c = result.comparator;
  const own = result.share(c, result.place("local_recurrence", { years: result.state.horizon_years }));
  const lead = html("p", { class: "lead" }, say(result.others.length ? "headline.lead" : "headline.alone", {
    years: at, policy: LETTERS[c], name: nameOf(result.state.policies[c]), n: patientsOf(own.estimate) }));
  const items = result.others.map((p) => {
    const parts = told(result, p);
    const same = result.others.length && parts.every((found) => !beyondLuck(found));
    const sentence = same ? say("headline.same") : parts.flatMap((found, k) => {
      const words = beyondLuck(found) ? differenceWords(found) : [say("headline.no_difference", {
        low: signed(PER * found.low), high: signed(PER * found.high) })];
      return [...(k === 0 ? [] : [k === parts.length - 1 ? ` ${say("headline.and")} ` : ", "]), ...words];
    });
    return html("li", {}, chip(p, result.state), " ", html("b", {}, capital(nameOf(result.state.policies[p]))), ": ", sentence, ".");
  });
  return [lead, html("ul", {}, items), uncertainWords(result)];
}

/** Return whether a state is the comparison that the page opened with: then more than luck is known. */
function isAsMade(of) {
  const { patients, horizon_years: years_, seed, replication, economics, ...asMade } = content.start;
  return Object.entries(asMade).every(([key, value]) => JSON.stringify(of[key]) === JSON.stringify(value));
}

/** Return the interval with uncertain parameters of a difference, or null where it is not known. */
function uncertainOf(result, p, outcome) {
  const names = result.state.policies.map(({ policy }) => policy);
  return content.uncertain.find((row) => row.policy === names[p] && row.outcome === outcome && row.horizon_years === result.state.horizon_years
    && row.comparator === (p === result.comparator ? null : names[result.comparator])) ?? null;
}

/** Return what the intervals hold: of the comparison that the page opened with also uncertain parameters. */
function uncertainWords(result) {
  if (!isAsMade(result.state) || !content.uncertain.length || !result.others.length) return null;
  const parts = result.others.flatMap((p) => {
    const found = uncertainOf(result, p, "local_recurrence");
    return found ? [say("headline.uncertain_part", { policy: LETTERS[p], low: signed(PER * found.low, 0), high: signed(PER * found.high, 0) })] : [];
  });
  return parts.length ? html("p", { class: "note" }, say("headline.uncertain", { list: listed(parts) })) : null;
}

/** Return the outcomes that stand below the policies: recurrence, survival, what is kept, every harm. */
function tabled(result) {
  const names = ["local_recurrence", "distant_metastasis", "overall_survival", "local_failure", "organ_preserved", ...content.outcomes.harms];
  const at = { years: result.state.horizon_years };
  const share = (p, name) => result.share(p, result.place(name, at)).estimate;
  return names.filter((name) => {
    const shares = [...result.policies.keys()].map((p) => share(p, name));
    // Local failure is something else only where an organ is kept, or a patient is not operated on.
    if (name === "local_failure") return shares.some((value, p) => value !== share(p, "local_recurrence"));
    return shares.some((value) => value > HARDLY_ANYBODY);
  });
}

/** Return the rows of numbers below the policies' columns. */
function resultRows(result) {
  const at = result.state.horizon_years;
  const head = html("tr", { class: "unit" }, html("th", { colspan: result.policies.length + 1, scope: "colgroup" },
    say("results.unit"), " ", choice(String(at), layout.horizons_years.map((year) => [String(year), years(year)]), {
      "data-key": "horizon", "aria-label": say("results.horizon"), onchange: (event) => change({ horizon_years: Number(event.target.value) }, { keep: true }) })));
  return [head, ...tabled(result).map((name) => {
    const place = result.place(name, { years: at });
    return html("tr", {}, html("th", { scope: "row", "data-term": name, tabindex: 0 }, capital(outcomeLabel(name))),
      [...result.policies.keys()].map((p) => {
        const found = result.share(p, place);
        const change_ = p === result.comparator ? null : result.difference(p, place);
        const hint = `${patientsOf(found.estimate)} (${interval(found.low, found.high, patientsOf)})`
          + (change_ ? `; ${signed(PER * change_.estimate)} (${interval(PER * change_.low, PER * change_.high, signed)})` : "");
        return html("td", { title: `${hint} ${say("luck")}` }, fixed(PER * found.estimate),
          " ", change_ ? html("small", { class: beyondLuck(change_) ? "" : "luck" }, beyondLuck(change_) ? signed(PER * change_.estimate) : `(${signed(PER * change_.estimate)})`) : null);
      }));
  }), ...neededRows(result), ...valueRows(result)];
}

/** Return a row for each treatment: who has it, and how many more for each recurrence averted. */
function neededRows(result) {
  const found = Object.entries(result.needed(result.state.horizon_years)).filter(([, own]) => own.some(({ share }) => share > HARDLY_ANYBODY));
  return found.map(([name, own]) => html("tr", { "data-treatment": name },
    html("th", { scope: "row", "data-term-words": say("results.needed_words"), tabindex: 0 }, capital(name)),
    own.map(({ share, needed, low, high }) => html("td", {}, fixed(PER * share, 0), " ",
      Number.isFinite(needed) ? html("small", { class: "needed", title: `${interval(low, high, fixed)} ${say("luck")}` }, say("results.needed", { n: fixed(needed) })) : null))));
}
