// The tables of a result: those of analysis/tables/run.py, from counts of the engine.

/**
 * What was simulated of some policies: `policies`: for each {batches: counts of each batch, flow}; `byBatch`:
 * whether patients queued, so that batches are neighbours; `comparator`: its index.
 */
class Result {
  #kept = new Map();

  constructor({ state, policies, comparator, byBatch, patients, states, waits, milliseconds }) {
    Object.assign(this, { state, policies, comparator, byBatch, patients, states, waits, milliseconds });
    this.layout = layoutOf(state);
    this.keys = this.layout.outcomes.binary;
    this.horizons = this.layout.horizons_years;
  }

  /** Return the indices of the policies that are compared with another. */
  get others() {
    return [...this.policies.keys()].filter((k) => k !== this.comparator);
  }

  /** Return the place of a yes-or-no outcome among all, or -1. */
  place(outcome, { mechanism = "all", compartment = "all", group = "all", years: at = 0 } = {}) {
    return this.keys.findIndex((key) => key.outcome === outcome && key.mechanism === mechanism
      && key.compartment === compartment && key.group === group && key.horizon_years === at);
  }

  /** Return the joint counts of an outcome, nine numbers for each batch. */
  joint(policy, place) {
    return this.policies[policy].batches.map(({ joint }) => (
      Array.from({ length: 9 }, (_, both) => joint.values[both * this.keys.length + place])));
  }

  /** Return the share of an outcome under a policy. */
  share(policy, place) {
    return this.#once(`share ${policy} ${place}`, () => shareOf(
      this.joint(policy, place).map((nine) => [0, 1, 2].map((state) => nine[state] + nine[3 + state] + nine[6 + state])),
      this.byBatch,
    ));
  }

  /** Return the share of an outcome less that under the comparator, on the same patients. */
  difference(policy, place) {
    return this.#once(`difference ${policy} ${place}`, () => shareDifference(this.joint(policy, place), this.byBatch));
  }

  /** Return the share of patients who change from a state under the comparator to one under the policy. */
  change(policy, place, before, after) {
    return shareOfChanged(this.joint(policy, place), before, after, this.byBatch);
  }

  /**
   * Return by treatment and policy {share, needed, low, high}: the share of patients who have it, and how many more
   * have it for each local recurrence averted at a horizon; NaN where that says nothing.
   */
  needed(years_) {
    return this.#once(`needed ${years_}`, () => {
      const policies = [...this.policies.keys()];
      const names = Object.entries(content.outcomes.treatments);
      const recurrence = this.place("local_recurrence", { years: years_ });
      const found = estimator.needed(
        policies.map((p) => names.map(([, outcome]) => this.share(p, this.place(outcome)))),
        policies.map((p) => (p === this.comparator ? {} : this.difference(p, recurrence))),
        this.comparator,
      );
      return Object.fromEntries(names.map(([name], k) => [name, found.map((own) => own[k])]));
    });
  }

  /** Return the mean of an amount, or of its difference from the comparator. */
  amount(policy, place, of = "sums") {
    const { outcome } = this.layout.outcomes.amounts[place];
    const amounts = this.layout.outcomes.amounts.length;
    const batches = this.policies[policy].batches.map(({ joint, [of]: sums }) => {
      let n = 0;
      for (let both = 0; both < 9; both++) n += joint.values[both * this.keys.length];
      return [n, sums.values[place], sums.values[amounts + place]];
    });
    return meanOf(batches, content.outcomes.scale[outcome] ?? 1, this.byBatch);
  }

  /** Return patients and the sum of each value, of each fold of a policy's patients, or of each batch. */
  values(policy) {
    return this.policies[policy].batches.flatMap(({ values: { shape: [, folds, length], values } }) => {
      const rows = Array.from({ length: folds }, (_, k) => values.subarray(k * length, (k + 1) * length));
      return this.byBatch ? [rows[0].map((_, k) => sum(rows.map((row) => row[k])))] : rows;
    });
  }

  /**
   * Return the mean a patient of a quantity of content.value.quantities, in the currency or years; less that of another
   * policy on the same patients, where one is given.
   */
  quantity(policy, name, beside = null) {
    return this.#once(`quantity ${policy} ${name} ${beside}`, () => {
      const { quantities, scale, totals } = content.value;
      const at = quantities.indexOf(name);
      const parts = at < scale.length ? [at] : totals[name.replace("costs_", "")];
      return this.#meanOfValues(policy, beside, scale[parts[0]], (row) => sum(parts.map((k) => row[1 + k])));
    });
  }

  /** Return the net benefit a patient beside another policy: QALYs gained at a threshold each, less costs. */
  netBenefit(policy, beside, { threshold, perspective }) {
    return this.#once(`net ${policy} ${beside} ${threshold} ${perspective}`, () => {
      const { quantities, scale, totals } = content.value;
      const at = quantities.indexOf("qalys");
      const costs = totals[perspective];
      return this.#meanOfValues(policy, beside, 1, (row) => (
        threshold * row[1 + at] / scale[at] - sum(costs.map((k) => row[1 + k])) / scale[costs[0]]));
    });
  }

  #meanOfValues(policy, beside, scale, amount) {
    const others = beside === null ? null : this.values(beside);
    const groups = this.values(policy).map((row, k) => [row[0], amount(row) - (others ? amount(others[k]) : 0)]);
    return groupMeansOf([groups], [scale], this.byBatch)[0];
  }

  /** Return the counts of deaths and censorings by day, of each fold or batch. */
  folds(policy, place) {
    const kept = this.layout.outcomes.timed.length;
    return this.policies[policy].batches.flatMap(({ timed: { shape: [, rows, cells], values } }) => {
      const first = rows - kept + 1; // folds of the first outcome
      const places = place === 0 ? Array.from({ length: first }, (_, k) => k) : [first - 1 + place];
      return places.map((row) => values.subarray(row * cells, (row + 1) * cells));
    });
  }

  /** Return a curve by month: an estimate for each, from month 0 on. */
  curve(policy, place) {
    return this.#once(`curve ${policy} ${place}`, () => {
      const falls = FALLING.includes(this.layout.outcomes.monthly[place].outcome);
      const months = this.policies[policy].batches.map(({ monthly: { shape: [, , length], values } }) => (
        values.subarray(place * length, (place + 1) * length)));
      const n = months.map((own) => sum(Array.from(own)));
      const reached = months.map(() => 0);
      return sharesOf(Array.from({ length: months[0].length - 1 }, (_, month) => (
        months.map((own, k) => {
          reached[k] += own[month];
          const yes = falls ? n[k] - reached[k] : reached[k];
          return [0, n[k] - yes, yes];
        }))), this.byBatch);
    });
  }

  /** Return the years over which curves are shown: those of the page, also where costs are counted over more. */
  get shownYears() {
    return lastOf(layout.horizons_years);
  }

  /** Return a curve over the years that are shown. */
  shownCurve(policy, place) {
    return this.curve(policy, place).slice(0, Math.round(this.shownYears * 12) + 1);
  }

  /** Return the place of a curve by month, or -1. */
  curvePlace(outcome, mechanism = "all") {
    return this.layout.outcomes.monthly.findIndex((key) => key.outcome === outcome && key.mechanism === mechanism);
  }

  /** Return the ways of the recurrences found: [{nodes, n}], nodes by stage. */
  ways(policy) {
    const { flow } = this.policies[policy];
    const stages = this.layout.outcomes.flow.map((kind) => Object.keys(kind));
    const found = [];
    flow.values.forEach((n, index) => {
      if (!n) return;
      let left = index;
      const nodes = stages.map(() => "");
      for (let k = stages.length - 1; k >= 0; k--) {
        nodes[k] = stages[k][left % stages[k].length];
        left = Math.floor(left / stages[k].length);
      }
      found.push({ nodes, n });
    });
    return found;
  }

  #once(name, make) {
    if (!this.#kept.has(name)) this.#kept.set(name, make());
    return this.#kept.get(name);
  }
}

const FALLING = ["overall_survival", "disease_free_survival"]; // curves of those still free of the event
const SURVIVAL_YEARS = [1, 3, 5]; // after a recurrence or its resection
const ESTIMATE = ["n", "estimate", "ci_low", "ci_high"];
const written = ({ n, estimate, low, high }) => [n, estimate, low, high];

/** Return every table of a result as {columns, rows}, by name. `names`: of the policies, as tables say them. */
function tablesOf(result, names) {
  const { key_fields: fields, mechanism_labels: labels, harms, flow: stages } = content.outcomes;
  const named = (key, years_) => fields.map((field) => (field === "horizon_years" ? years_ || "" : key[field]));
  const policies = [...result.policies.keys()];
  const timedYears = (key) => (key.outcome === "cancer_specific_survival" ? result.horizons
    : SURVIVAL_YEARS.filter((at) => at <= result.horizons[result.horizons.length - 1]));
  const days = (list) => list.map((at) => at * layout.year_days);
  const outcomes = policies.flatMap((p) => [
    ...result.keys.map((key, k) => [
      names[p], ...named(key, key.horizon_years), ...written(result.share(p, k)), "proportion"]),
    ...result.layout.outcomes.timed.flatMap((key, k) => {
      const at = timedYears(key);
      return survivalsAt(result.folds(p, k), days(at), result.byBatch).map((found, i) => [
        names[p], ...named(key, at[i]), ...written(found), "proportion"]);
    }),
    ...result.layout.outcomes.amounts.map((key, k) => [
      names[p], ...named(key, key.horizon_years), ...written(result.amount(p, k)), result.layout.outcomes.amount_units[k]]),
  ]);
  const other = names[result.comparator];
  const differences = result.others.flatMap((p) => [
    ...result.keys.map((key, k) => [
      names[p], other, ...named(key, key.horizon_years), ...written(result.difference(p, k)), "proportion"]),
    ...survivalDifferences(result.folds(p, 0), result.folds(result.comparator, 0), days(result.horizons), result.byBatch)
      .map((found, i) => [
        names[p], other, ...named(result.layout.outcomes.timed[0], result.horizons[i]), ...written(found), "proportion"]),
    ...result.layout.outcomes.amounts.map((key, k) => [
      names[p], other, ...named(key, key.horizon_years), ...written(result.amount(p, k, "differences")),
      result.layout.outcomes.amount_units[k]]),
  ]);
  const per = (found, sign = 1) => (sign > 0 ? [found.estimate, found.low, found.high]
    : [-found.estimate, -found.high, -found.low]).map((value) => PER * value);
  const patients = (p, k) => sum(result.joint(p, k).map(sum));
  const sides = (first, second) => [first, second, "net"].flatMap((name) => [name, `${name}_low`, `${name}_high`]);
  const changes = (chosen, label, first, before, net) => result.others.flatMap((p) => result.keys.flatMap((key, k) => (
    chosen(key) ? [[
      names[p], other, ...label(key), key.horizon_years, patients(p, k),
      ...per(result.change(p, k, before, before === YES ? NO : YES)),
      ...per(result.change(p, k, before === YES ? NO : YES, before)), ...per(result.difference(p, k), net)]] : [])));
  return {
    outcomes: { columns: ["policy", ...fields, ...ESTIMATE, "unit"], rows: outcomes },
    differences: { columns: ["policy", "comparator", ...fields, ...ESTIMATE, "unit"], rows: differences },
    averted: {
      columns: ["policy", "comparator", "mechanism", "compartment", "horizon_years", "n", ...sides("averted", "caused")],
      rows: changes((key) => key.outcome === "local_recurrence" && key.group === "all",
        (key) => [key.mechanism, key.compartment], "averted", YES, -1),
    },
    harmed: {
      columns: ["policy", "comparator", "harm", "horizon_years", "n", ...sides("harmed", "spared")],
      rows: changes((key) => harms.includes(key.outcome) && key.horizon_years > 0, (key) => [key.outcome], "harmed", NO, 1),
    },
    curves: {
      columns: ["policy", "outcome", "mechanism", "time_years", ...ESTIMATE],
      rows: policies.flatMap((p) => result.layout.outcomes.monthly.flatMap((key, k) => result.curve(p, k).map((found, month) => [
        names[p], key.outcome, key.mechanism, month / 12, ...written(found)]))),
    },
    flow: {
      columns: ["policy", ...stages, "n", "per_1000"],
      rows: policies.flatMap((p) => result.ways(p).map(({ nodes, n }) => [
        names[p], ...nodes, n, n / result.patients * PER])),
    },
    ...(isValued(result.state) ? { economics: economicsTable(result, names) } : {}),
    ...(result.waits ? { waits: waitsTable(result, names) } : {}),
  };
}

/** Return a table as CSV. */
function csvOf({ columns, rows }) {
  const cell = (value) => {
    if (typeof value === "number") return Number.isNaN(value) ? "" : String(value);
    return /[",\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
  };
  return [columns, ...rows].map((row) => row.map(cell).join(",")).join("\n") + "\n";
}
