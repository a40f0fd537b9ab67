// One patient: the course under each policy, where the courses diverge, and what other luck would have brought.

const TIMES = 200; // other luck
let number = null;
let life = null; // {state, courses, repeated} of the patient that is shown
let hiddenToo = true;

function openPatient(n) {
  number = n;
  openView("patient");
}

async function renderPatient() {
  // At first somebody for whom something changes.
  number ??= (result?.states && result.others.length ? nextWith(result.others[0], YES, NO) ?? nextWith(result.others[0], NO, YES) : null) ?? 0;
  if (clinicOf(state)) number = Math.min(number, state.patients - 1);
  fill(at("patient"), html("div", { class: "card" }, html("h2", {}, say("patient.title")), html("p", {}, say("patient.lead")), patientPicker()),
    html("div", { id: "life" }));
  if (clinicOf(state)) fill(at("life"), html("p", { class: "card", role: "status" }, say("patient.among", { n: whole(state.patients) })));
  const asked = JSON.stringify([state, number]);
  const found = await pool.course(state, number, TIMES).catch(fail);
  if (!found || asked !== JSON.stringify([state, number])) return;
  life = { state: copy(state), ...found };
  showLife();
}

function patientPicker() {
  const input = html("input", { type: "number", min: 0, step: 1, value: number, "aria-label": say("patient.number"), "data-key": "patient",
    onchange: () => {
      const n = Math.round(input.valueAsNumber);
      if (n >= 0 && n < (clinicOf(state) ? state.patients : 1e9)) { number = n; renderPatient(); } else input.value = number;
    } });
  const finds = result?.states && result.states.length === state.policies.length ? result.others.flatMap((p) => [
    ["averted", YES, NO], ["caused", NO, YES]].map(([key, before, after]) => {
    const next = nextWith(p, before, after);
    return button(say(`patient.next_${key}`, { policy: LETTERS[p] }), () => { number = next; renderPatient(); }, {
      disabled: next === null, "data-key": `next ${key} ${p}` });
  })) : [];
  return [html("div", { class: "bar" }, html("label", {}, say("patient.number"), " ", input),
    button(say("patient.another"), () => { number += 1; renderPatient(); }, { "data-key": "another" }), finds),
  html("label", { class: "flag" }, html("input", { type: "checkbox", checked: hiddenToo, "data-key": "hidden",
    onchange: (event) => { hiddenToo = event.target.checked; showLife(); } }), say("patient.hidden"))];
}

/** Return the next of the first patients whose local recurrence a policy averts, or causes; null where there is none. */
function nextWith(p, before, after) {
  const place = result.place("local_recurrence", { years: result.state.horizon_years });
  const outcomes = result.keys.length;
  const [mine, theirs] = [result.states[p], result.states[result.comparator]];
  const n = mine.length / outcomes;
  for (let k = 1; k <= n; k++) {
    const i = ((number ?? -1) + k) % n;
    if (theirs[i * outcomes + place] === before && mine[i * outcomes + place] === after) return i;
  }
  return null;
}

const HIDDEN = ["regrowth_onset", "recurrence_onset", "recurrence_progression", "metastasis_onset", "primary_progression", "metastasis_seeding"];
const eventName = (event) => Object.keys(layout.enumerations.Event).find((name) => layout.enumerations.Event[name] === event);

/** Return the values of a row by column, as the patients' table names them. */
function valuesOf(row) {
  const found = {};
  for (const [name, { length }] of Object.entries(layout.records.row.fields)) {
    const values = column(layout, "row", row, name);
    for (let k = 0; k < length; k++) found[length === 1 ? name : `${name}_${k}`] = values[k];
  }
  return found;
}

/** Return what an event changed in the row, as sentences: the columns' meanings with their new values. */
function changesOf(before, after, day) {
  return Object.entries(content.fields).flatMap(([name, { meaning, unit, kind, codes, of_set: ofSet }]) => {
    const value = after[name];
    if (value === undefined || Object.is(value, before?.[name]) || !meaning) return [];
    if (!before && (value === 0 || !Number.isFinite(value) || value === -1)) return [];
    if (name.endsWith("_day") || /_day_\d+$/.test(name)) return [];
    if (!Number.isFinite(value)) return [];
    const of = ofSet ? listed(Object.entries(codes).filter(([code]) => value & Number(code)).map(([, label]) => label)) || say("patient.none")
      : codes[String(value)] ?? (kind === "flag" ? say(value ? "yes" : "no") : `${Number(value.toPrecision(4))} ${unit === "proportion" ? "" : unit}`.trim().replace("-", "−"));
    const plain = meaning.replace(/^hidden( trait)?: /, "");
    // What the codes stand for follows a colon, and is said by the value.
    return [[capital(Object.keys(codes).length ? plain.split(":")[0] : plain), of, meaning.startsWith("hidden")]];
  });
}

/** Return a course as steps: {event, name, days since diagnosis, hidden, changes}. */
function stepsOf(course) {
  const start = course[0].day;
  let before = null;
  return course.map(({ event, day, row }) => {
    const after = valuesOf(row);
    const name = eventName(event);
    const step = { name, days: day - start, hidden: HIDDEN.includes(name), changes: changesOf(before, after, day), row: String(row) };
    before = after;
    return step;
  });
}

/** Return how long after diagnosis, in words. */
function since(days) {
  if (days < 60) return say("patient.days", { n: Math.round(days) });
  return days < 730 ? say("patient.months", { n: Math.round(days / layout.year_days * 12) }) : say("patient.years", { n: fixed(days / layout.year_days) });
}

/** Return the index of the first step at which two courses differ; null where they are the same. */
function divergence(mine, theirs) {
  for (let k = 0; k < Math.max(mine.length, theirs.length); k++) {
    if (mine[k]?.name !== theirs[k]?.name || mine[k].days !== theirs[k].days || mine[k].row !== theirs[k].row) return k;
  }
  return null;
}

function showLife() {
  if (!life) return;
  const steps = life.courses.map(stepsOf);
  const c = life.state.comparator;
  const columns = life.state.policies.map((policy, p) => {
    const from = p === c ? null : divergence(steps[p], steps[c]);
    return html("div", { class: "course" }, html("h3", {}, chip(p, life.state), " ", capital(nameOf(policy))),
      p === c ? html("p", { class: "note" }, say("patient.compared"))
        : html("p", { class: "note" }, from === null ? say("patient.same", { other: LETTERS[c] })
          : say("patient.diverges", { other: LETTERS[c], event: called2("Event", steps[p][from]?.name ?? steps[c][from].name), when: since(steps[p][from]?.days ?? steps[c][from].days) })),
      html("ol", {}, steps[p].map((step, k) => (step.hidden && !hiddenToo ? null : html("li", { "data-day": step.days, class: `${step.hidden ? "hidden" : ""} ${from !== null && k >= from ? "apart" : ""}` },
        html("span", { class: "when" }, since(step.days)), html("b", {}, capital(called2("Event", step.name))), step.hidden ? html("i", {}, ` ${say("patient.unseen")}`) : null,
        step.changes.length ? html("ul", {}, step.changes.filter(([, , hidden]) => hiddenToo || !hidden).slice(0, 24).map(([what, value, hidden]) => (
          html("li", { class: hidden ? "hidden" : "" }, `${what}: `, html("b", {}, value))))) : null)))));
  });
  fill(at("life"),
    html("div", { class: "card" }, html("h2", {}, say("patient.at_a_glance", { n: number })), lifeLines(steps)),
    html("div", { class: "card" }, html("h2", {}, say("patient.luck")), html("p", {}, say("patient.luck_note", { n: TIMES })), luckTable()),
    html("div", { class: "courses card", tabindex: 0, role: "group", "aria-label": say("patient.title") }, columns));
}

const called2 = (kind, name) => layout.words[kind]?.[name] ?? name.replaceAll("_", " ");

/** Return the courses as lines on one axis of time, with what was found and done. */
function lifeLines(steps) {
  const colours = palette();
  const looks = looksOf(life.state, colours);
  const width = Math.max(at("life").clientWidth - 30, 260);
  const horizons = layoutOf(life.state).horizons_years;
  const longest = Math.max(...steps.map((own) => own[own.length - 1].days)) / layout.year_days;
  const end = Math.min(horizons[horizons.length - 1], Math.max(lastOf(layout.horizons_years), Math.ceil(longest)));
  const left = 34;
  const x = (days) => left + Math.min(days / layout.year_days / end, 1) * (width - left - 20);
  const shown = { resection: "operation", local_excision: "excision", recurrence_onset: "grows", recurrence_meeting: "found", salvage_resection: "salvage", metastasis_onset: "spread" };
  const marks = { operation: ["s", colours.ink], excision: ["s", colours.grey], grows: ["o", colours.worse], found: ["D", colours.shade("#D55E00")], salvage: ["^", colours.better], spread: ["v", colours.shade("#882255")] };
  const height = steps.length * 30 + 62;
  const children = ticks(end, 5).filter((tick) => tick <= end).flatMap((tick) => [
    draw("line", { x1: x(tick * layout.year_days), x2: x(tick * layout.year_days), y1: 4, y2: height - 50, stroke: colours.pale }),
    text(x(tick * layout.year_days), height - 34, String(tick), { "font-size": SMALL, fill: colours.grey, "text-anchor": "middle" })]);
  steps.forEach((own, p) => {
    const y = 18 + p * 30;
    const last = own[own.length - 1];
    const died = last.name.startsWith("death");
    children.push(mark(7, y, looks[p]), text(16, y + 4, LETTERS[p], { "font-weight": 600 }),
      draw("line", { x1: x(0), x2: x(died ? last.days : end * layout.year_days), y1: y, y2: y, stroke: looks[p].colour, "stroke-width": 3 }));
    if (died) children.push(draw("path", { d: `M${x(last.days) - 4},${y - 5}l8,10m0,-10l-8,10`, stroke: colours.ink, "stroke-width": 2, fill: "none" }));
    for (const step of own) {
      const kind = marks[shown[step.name]];
      if (kind) children.push(draw("g", {}, mark(x(step.days), y, { marker: kind[0], colour: kind[1] }, 5.5, colours.ground), draw("title", {}, `${called2("Event", step.name)}, ${since(step.days)}`)));
    }
  });
  let at_ = left;
  for (const [name, [marker, colour]] of Object.entries(marks)) {
    const words = say(`patient.marks.${name}`);
    children.push(mark(at_ + 5, height - 12, { marker, colour }, 5), text(at_ + 14, height - 8, words, { "font-size": SMALL }));
    at_ += textWidth(words, SMALL) + 32;
  }
  children.push(text(at_, height - 8, `✕ ${say("patient.marks.death")}`, { "font-size": SMALL }));
  return html("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": say("patient.title") }, picture(Math.max(width, at_ + 60), height, say("patient.at_a_glance", { n: number }), colours, children));
}

/** Return how often what happens, with other luck after the diagnosis, under each policy. */
function luckTable() {
  const years_ = life.state.horizon_years;
  const keys = layoutOf(life.state).outcomes.binary;
  const place = (name) => keys.findIndex((key) => key.outcome === name && key.group === "all" && key.mechanism === "all" && key.compartment === "all" && key.horizon_years === years_);
  const share = (p, name) => shareOf([[0, 1, 2].map((value) => {
    let n = 0;
    for (let i = 0; i < TIMES; i++) n += life.repeated[p][i * keys.length + place(name)] === value;
    return n;
  })], false);
  const names = ["local_recurrence", "distant_metastasis", "overall_survival", "organ_preserved", ...content.outcomes.harms]
    .filter((name) => life.state.policies.some((_, p) => share(p, name).estimate > 0));
  return tableOf({
    columns: [say("patient.luck_column", { years: years(years_) }), ...life.state.policies.map((_, p) => LETTERS[p])],
    rows: names.map((name) => [capital(outcomeLabel(name)), ...life.state.policies.map((_, p) => {
      const { estimate, low, high } = share(p, name);
      return `${Math.round(100 * estimate)} % (${interval(100 * low, 100 * high, (value) => fixed(value, 0))})`;
    })]),
  });
}
