// The state of the page, and what is simulated for it.

const copy = (value) => structuredClone(value);

/** Return a column's shipped policy; what usual care is depends on the cohort. */
function policyOf(column, cohort = state.cohort) {
  return content.cohorts[cohort].policies[column.policy] ?? content.policies[column.policy];
}

/** Return the guideline of a column's policy, or null. */
const guidelineOf = (column, cohort) => content.guidelines[policyOf(column, cohort).guideline] ?? null;

/** Return the levers of a policy's column: those of the shipped policy, as they were changed. */
const leversOf = (column, cohort) => ({ ...policyOf(column, cohort).levers, ...column.levers });

/** Return what each risk group of a policy's column sets, as it was changed; the guideline names the groups. */
function groupsOf(column, cohort) {
  const shipped = policyOf(column, cohort).groups;
  const names = (guidelineOf(column, cohort)?.groups ?? []).map(({ name }) => name);
  return Object.fromEntries(names.map((name) => [name, { ...shipped[name], ...column.groups?.[name] }]));
}

/** Return the levers that a risk group gets, or all patients (null). */
const leversIn = (column, group) => ({ ...leversOf(column), ...(group ? leversOfGroup(groupsOf(column)[group]) : {}) });

/** Return a policy's column as the engine takes it. */
function policyAsSet(column, cohort) {
  return { levers: leversOf(column, cohort), groups: groupsOf(column, cohort), guideline: guidelineOf(column, cohort) };
}

/** Return the names of the risk groups that may set a lever: those that are found before it acts. */
function groupsFor(column, lever) {
  const { latest } = layout.levers[lever];
  const groups = guidelineOf(column)?.groups ?? [];
  return groups.filter(({ moment }) => latest !== null && moment <= latest).map(({ name }) => name);
}

/** Return whether a risk group of a policy's column sets a lever. */
const isByGroup = (column, lever) => Object.values(groupsOf(column)).some((own) => lever in leversOfGroup(own));

/** Return whether a lever of a policy's column was changed. */
const isChanged = (column, lever) => lever in column.levers || Object.values(column.groups ?? {}).some((own) => lever in own);

/** Return whether anything of a policy's column was changed. */
const isAsShipped = (column) => !Object.keys(content.levers).some((lever) => isChanged(column, lever));

/** Return what a policy's column is called: the shipped policy, and what was changed. */
function nameOf(column) {
  const words = (lever, setting) => ({ lever: content.levers[lever].label, setting: settingWords(lever, setting) });
  const changes = Object.entries(column.levers).map(([lever, setting]) => say("changed_lever", words(lever, setting)));
  const shipped = { policy: column.policy, levers: column.levers };
  const inGroups = Object.entries(column.groups ?? {}).flatMap(([group, own]) => Object.entries(own)
    .filter(([lever, setting]) => setting !== leversIn(shipped, group)[lever])
    .map(([lever, setting]) => say("changed_in_group", { group: groupWords(group), ...words(lever, setting) })));
  return [content.words.policy[column.policy], ...changes, ...inGroups].join(say("changes_join"));
}

const groupWords = (group) => group.replaceAll("_", " ");

/** Return a lever's setting as people read it. */
function settingWords(lever, setting) {
  const { unit, settings } = content.levers[lever];
  if (typeof setting === "boolean") return say(setting ? "yes" : "no");
  if (typeof setting === "number") return `${Number(setting.toPrecision(4))} ${unit}`.trim();
  return settings[setting] ?? setting;
}

/** Return why the command would refuse a policy's column, or null: what conf.policies.Policy refuses. */
function refusal(column, cohort = state.cohort) {
  if (content.by_cohort.includes(column.policy) && !content.cohorts[cohort].policies[column.policy]) {
    return say("no_usual_care", { cohort: called("cohort", cohort) });
  }
  const policy = policyAsSet(column, cohort);
  const groups = policy.guideline?.groups ?? [];
  for (const [group, own] of Object.entries(column.groups ?? {})) {
    const found = groups.find(({ name }) => name === group);
    if (!found) return say("no_group", { group: shown(group) });
    const late = Object.keys(own).find((lever) => layout.levers[lever].latest === null || layout.levers[lever].latest < found.moment);
    if (late) return say("too_late", { group: groupWords(group), lever: content.levers[late].label });
  }
  const plans = plansOf(layout, policy);
  if (plans.length > layout.most_plans) return say("too_many_plans", { n: plans.length, most: layout.most_plans });
  const never = plans.every(({ levers }) => layout.not_restaged.includes(levers.neoadjuvant))
    && groups.find(({ name, moment }) => moment === layout.restaging && Object.keys(policy.groups[name]).length);
  if (never) return say("never_restaged", { group: groupWords(never.name) });
  return contradiction(plans, policy.groups);
}

/** Return in words where settings contradict each other in a plan, or null. */
function contradiction(plans, groups) {
  const found = plans.map(({ levers }) => content.refused.filter((pair) => (
    Object.entries(pair.levers).every(([lever, setting]) => levers[lever] === setting))));
  const everywhere = (lever) => found.every((pairs) => pairs.some((pair) => pair.lever === lever));
  for (const [k, pairs] of found.entries()) {
    const here = plans[k].groups;
    const setHere = here.flatMap((group) => Object.keys(leversOfGroup(groups[group])));
    for (const pair of pairs) {
      // What a policy does after treatment is done to those who had it.
      if (pair.needs_treatment && !setHere.includes(pair.lever) && !everywhere(pair.lever)) continue;
      const words = pair.words.replaceAll("_", " ");
      return here.length ? say("in_groups", { groups: listed(here.map(groupWords)), words }) : words;
    }
  }
  return null;
}

/** Return the numbers of a state before policies: cohort, life table, disease, with what was changed. */
function sharedNumbers(state) {
  const cohort = content.cohorts[state.cohort];
  const shared = {
    cohort: copy(cohort.numbers), life_table: content.life_tables[cohort.life_table], derived: content.derived,
    economics: copy(pricesOf(state).numbers),
    ...copy(content.diseases[state.disease]),
  };
  for (const [key, value] of Object.entries(state.numbers)) setIn(shared, key, value);
  return { ...shared, economics: worldEconomics(pricesOf(state).counted, shared.economics) };
}

/** Return what a file of economics says: that of a state; one without costs where it names none. */
const pricesOf = (state) => content.economics[state.economics?.file ?? content.command.defaults.economics];

/** Return whether costs and quality of life are counted in a state. */
const isValued = (state) => pricesOf(state).counted === 1;

/** Return what a patient's world holds of the numbers of a file of economics, as conf.economics.world_economics. */
function worldEconomics(counted, numbers) {
  const { lists, forces, products } = content.value.world;
  const valueOf = (part) => (typeof part === "string" ? numbers[part] : part ?? 0);
  const each = (tree, make) => Object.fromEntries(Object.entries(tree).map(([name, of]) => [name, make(of)]));
  return {
    ...numbers, counted,
    ...each(lists, (keys) => keys.map(valueOf)),
    ...each(forces, (key) => Math.log1p(numbers[key])),
    ...each(products, (factors) => factors.map(valueOf).reduce((product, factor) => product * factor, 1)),
  };
}

/** Return the name of the horizon of a state among those of the page; "" for the page's own. */
const horizonOf = (state) => pricesOf(state).horizon;

/** Return the layout of what is counted in a state: it depends on the horizon. */
const layoutOf = (state) => ({ ...layout, ...content.horizons[horizonOf(state)] });

/** Return the place of a number's full key, such as metastasis.rate[2]: [names, place or null]. */
function placeOf(key) {
  const [, names, , place] = /^([^[]+)(\[(\d+)\])?$/.exec(key);
  return [names.split("."), place === undefined ? null : Number(place)];
}

function setIn(tree, key, value) {
  const [names, place] = placeOf(key);
  const last = names[names.length - 1];
  const at = names.slice(0, -1).reduce((part, name) => part[name], tree);
  if (place === null) at[last] = value;
  else at[last][place] = value;
}

/** Return a number of a state, by its full key. */
function numberIn(state, key) {
  if (key in state.numbers) return state.numbers[key];
  return shippedNumber(state, key);
}

/** Return the numbers of a state's files, before what was changed. */
const treesOf = (state) => ({
  cohort: content.cohorts[state.cohort].numbers, economics: pricesOf(state).numbers, ...content.diseases[state.disease],
});

function shippedNumber(state, key) {
  const [names, place] = placeOf(key);
  const value = names.reduce((part, name) => part[name], treesOf(state));
  return place === null ? value : value[place];
}

/** Return the packed worlds of a state's policies. */
function worldsOf(state) {
  const shared = sharedNumbers(state);
  return state.policies.map((column) => worldOf(layout, shared, policyAsSet(column, state.cohort)));
}

/** Return the clinic of a state as the engine takes it; null where nobody waits. */
function clinicOf(state) {
  const clinic = content.clinics[state.clinic];
  if (clinic.unlimited) return null;
  return {
    arrivals_per_year: clinic.numbers.arrivals_per_year,
    resources: fromBase64(clinic.resources),
    times: fromBase64(clinic.times),
  };
}

/** Return the first thing that is wrong with a state that came from outside, as a sentence; null for none. */
function wrongWith(state) {
  const wrong = breach(content.schema, state, "");
  if (wrong) return wrong;
  if (state.comparator >= state.policies.length) {
    return say("wrong.value", { key: "comparator", value: state.comparator, allowed: say("wrong.comparator") });
  }
  const priced = Object.keys(state.numbers).find((key) => key.startsWith("economics."));
  if (priced && !isValued(state)) return say("wrong.not_counted", { key: priced });
  for (const [key, value] of Object.entries(state.numbers)) {
    if (Array.isArray(value) && !isWhole(key, value)) return say(content.lists[key].shares ? "wrong.shares" : "wrong.bounds", { key, value: shown(value) });
  }
  const broken = brokenRelation(state);
  if (broken) return broken;
  for (const [k, column] of state.policies.entries()) {
    const words = refusal(column, state.cohort);
    if (words) return say("wrong.refused", { policy: LETTERS[k], words });
  }
  return null;
}

const RELATIONS = {
  not_above: ([low, high]) => low <= high,
  parts_of_one: (lists) => lists[0].every((_, k) => sum(lists.map((list) => list[k])) <= 1 + TOLERANCE),
};
const TOLERANCE = 1e-6; // of sums: shares are written with few digits

/** Return which relation between the numbers of a state does not hold, as the command says it; null for none. */
function brokenRelation(of) {
  const tree = sharedNumbers(of);
  const valueOf = (key) => {
    const [, names, place] = /^([^[]+)(?:\[(-?\d+)\])?$/.exec(key);
    const value = names.split(".").reduce((part, name) => part[name], tree);
    return place === undefined ? value : value.at(Number(place));
  };
  for (const { keys, kind, words } of content.relations) {
    const values = keys.map(valueOf);
    if (!RELATIONS[kind](values)) return say("wrong.relation", { values: keys.map((key, k) => `${key}=${shown(values[k])}`).join(", "), words });
  }
  return null;
}

/** Return whether a list is what its name says: shares of a whole, or bounds that rise. */
function isWhole(key, list) {
  if (content.lists[key].shares) return Math.abs(sum(list) - 1) <= TOLERANCE;
  return list.every((value, k) => k === 0 || value > list[k - 1]);
}

/** Return how a value breaks a JSON Schema, as a sentence; null where it does not. Of the keywords that are used. */
function breach(schema, value, key) {
  const wrong = (allowed) => say("wrong.value", {
    key: key || say("wrong.whole"), value: shown(value), allowed,
  });
  if ("const" in schema && value !== schema.const) return wrong(say("wrong.be", { what: schema.const }));
  if (schema.enum && !schema.enum.includes(value)) {
    return wrong(say("wrong.one_of", { what: schema.enum.slice(0, 60).join(", ") }));
  }
  const types = {
    object: (given) => typeof given === "object" && given !== null && !Array.isArray(given),
    array: Array.isArray,
    string: (given) => typeof given === "string",
    boolean: (given) => typeof given === "boolean",
    number: (given) => typeof given === "number" && Number.isFinite(given),
    integer: Number.isInteger,
  };
  if (schema.type && !types[schema.type](value)) return wrong(say(`wrong.types.${schema.type}`));
  if (value < schema.minimum || value > schema.maximum || value <= schema.exclusiveMinimum) {
    return wrong(say("wrong.range", { low: schema.minimum ?? schema.exclusiveMinimum, high: schema.maximum }));
  }
  if (schema.type === "array") {
    if (value.length < schema.minItems || value.length > schema.maxItems) {
      return wrong(say("wrong.length", { low: schema.minItems, high: schema.maxItems }));
    }
    return first(value.map((item, k) => breach(schema.items, item, `${key}[${k}]`)));
  }
  if (schema.type === "object") {
    const { properties: known = {}, additionalProperties: others } = schema;
    const of = (name) => (Object.hasOwn(known, name) ? known[name] : others);
    const path = (name) => (key ? `${key}.${name}` : name);
    const unknown = Object.keys(value).find((name) => !of(name));
    if (unknown !== undefined) return say("wrong.unknown", { key: shown(path(unknown)) });
    const missing = (schema.required ?? []).find((name) => !Object.hasOwn(value, name));
    if (missing !== undefined) return say("wrong.missing", { key: path(missing) });
    return first(Object.entries(value).map(([name, item]) => breach(of(name), item, path(name))));
  }
  return null;
}

const first = (found) => found.find((words) => words !== null) ?? null;
const shown = (value) => {
  const text = typeof value === "string" ? value : JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
};
