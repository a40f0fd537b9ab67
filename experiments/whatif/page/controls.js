// What can be set: the policies side by side with their levers, the patients, the clinic, single numbers.

const MOST_POLICIES = content.schema.properties.policies.maxItems;
let allLevers = false; // shown

/** Return the policies that can be chosen, by kind. */
function policyOptions() {
  const names = Object.keys(content.policies);
  const start = content.start.policies.map(({ policy }) => policy);
  const guided = names.filter((name) => !start.includes(name) && content.policies[name].guideline);
  const others = names.filter((name) => !start.includes(name) && !content.policies[name].guideline);
  const option = (name) => [name, content.words.policy[name]];
  const byWords = (a, b) => a[1].localeCompare(b[1]);
  return [
    [say("controls.group_start"), [...new Set(start)].map(option)],
    [say("controls.group_guided"), guided.map(option).sort(byWords)],
    [say("controls.group_others"), others.map(option).sort(byWords)],
  ];
}

/** Return the head of a policy's column: its letter, the shipped policy, what it is compared with. */
function policyHead(p) {
  const column = state.policies[p];
  const isComparator = p === state.comparator;
  return html("th", { scope: "col", class: isComparator ? "comparator" : "" },
    html("div", { class: "head" }, chip(p, state),
      state.policies.length > 1 ? html("label", { class: "role", title: say("controls.make_comparator", { policy: LETTERS[p] }) },
        html("input", { type: "radio", name: "comparator", checked: isComparator, "data-key": `comparator ${p}`,
          "aria-label": say("controls.make_comparator", { policy: LETTERS[p] }), onchange: () => change({ comparator: p }) }),
        isComparator ? html("span", {}, say("controls.comparator")) : null) : null,
      state.policies.length > 1 ? button("×", () => removePolicy(p), {
        class: "remove", "data-key": `remove ${p}`, "aria-label": say("controls.remove", { policy: LETTERS[p] }) }) : null),
    html("span", { class: "pick", title: capital(content.words.policy[column.policy]) }, html("span", {}, capital(content.words.policy[column.policy])), choice(column.policy, policyOptions(), {
      "data-key": `policy ${p}`, "aria-label": say("controls.policy", { policy: LETTERS[p] }), title: policyOf(column).description,
      onchange: (event) => changePolicy(p, { policy: event.target.value, levers: {} }),
    })));
}

function changePolicy(p, column) {
  const policies = copy(state.policies);
  policies[p] = column;
  change({ policies });
}

function removePolicy(p) {
  const policies = state.policies.filter((_, k) => k !== p);
  const comparator = state.comparator > p ? state.comparator - 1 : Math.min(state.comparator, policies.length - 1);
  change({ policies, comparator: state.comparator === p ? 0 : comparator });
}

const openGroups = new Set(); // levers of columns whose risk groups are shown

/** Return the controls of a lever in a policy's column: one for all patients, or one for each risk group. */
function leverCell(p, lever) {
  const control = (group, changed) => {
    const column = state.policies[p];
    const name = { lever: content.levers[lever].label, policy: LETTERS[p] };
    const place = html(group ? "div" : "td", { class: changed(column) ? "changed" : "" });
    place.append(...(group ? [html("span", {}, groupWords(group))] : []), leverControl(lever, leversIn(column, group)[lever], {
      "data-key": [lever, p, ...(group ? [group] : [])].join(" "), "data-lever": lever,
      "aria-label": group ? say("controls.lever_in_group", { ...name, group: groupWords(group) }) : say("controls.lever", name),
    }, (value, dragging = false) => {
      setLeverOf(p, lever, value, dragging, group);
      place.className = changed(state.policies[p]) ? "changed" : "";
    }, !group && groupsFor(column, lever).length ? () => divide(p, lever) : null));
    return place;
  };
  const column = state.policies[p];
  if (!isByGroup(column, lever)) return control(null, (now) => lever in now.levers);
  const key = `${lever} ${p}`;
  const isOpen = openGroups.has(key);
  return html("td", { class: "groups" }, html("details", { open: isOpen, ontoggle: ({ target }) => openGroups[target.open ? "add" : "delete"](key) },
    html("summary", { class: isChanged(column, lever) ? "changed" : "", "data-key": `groups ${key}` }, say("controls.by_group")),
    groupsFor(column, lever).map((group) => control(group, (now) => lever in (now.groups?.[group] ?? {}))),
    isChanged(column, lever) ? button(say("controls.as_before"), () => undivide(p, lever), { class: "link", "data-key": `undo ${key}` }) : null));
}

/** Return a control of a lever. `divided`: called where it is to be set by risk group; null where it cannot. */
function leverControl(lever, setting, shared, set, divided) {
  const { kind, low, high } = layout.levers[lever];
  if (kind === "flag") {
    return html("label", { class: "flag" }, html("input", {
      type: "checkbox", checked: setting, ...shared, onchange: (event) => set(event.target.checked) }), html("span", {}, say("yes")));
  }
  if (kind === "number") {
    const output = html("output", {}, settingWords(lever, setting));
    return html("span", { class: "slide" }, html("input", {
      type: "range", min: low, max: Math.min(high, 20), step: 0.5, value: setting, ...shared,
      oninput: (event) => {
        output.textContent = settingWords(lever, event.target.valueAsNumber);
        set(event.target.valueAsNumber, true);
      },
      onchange: (event) => set(event.target.valueAsNumber),
    }), output);
  }
  const settings = Object.entries(content.levers[lever].settings);
  return choice(setting, divided ? [...settings, [BY_GROUP, say("controls.divide")]] : settings, {
    ...shared, title: content.levers[lever].settings[setting],
    onchange: (event) => (event.target.value === BY_GROUP ? divided() : set(event.target.value)),
  });
}

const BY_GROUP = ""; // no setting has this name

function setLeverOf(p, lever, value, dragging, group) {
  const policies = copy(state.policies);
  const column = policies[p];
  const shipped = group ? leversOfGroup(policyOf(column).groups[group]) : policyOf(column).levers;
  const own = group ? ((column.groups ??= {})[group] ??= {}) : column.levers;
  if (value === shipped[lever]) delete own[lever];
  else own[lever] = value;
  // A slider that is being moved stays.
  change({ policies: policies.map(withoutEmpty) }, { keep: layout.levers[lever].kind === "number", dragging });
}

/** Let each risk group set a lever: at first as it is set for all. */
function divide(p, lever) {
  const policies = copy(state.policies);
  const column = policies[p];
  openGroups.add(`${lever} ${p}`);
  for (const group of groupsFor(column, lever)) ((column.groups ??= {})[group] ??= {})[lever] = leversIn(column, group)[lever];
  change({ policies });
}

/** Let risk groups set a lever as they did in the shipped policy. */
function undivide(p, lever) {
  const policies = copy(state.policies);
  for (const own of Object.values(policies[p].groups)) delete own[lever];
  change({ policies: policies.map(withoutEmpty) });
}

/** Return a policy's column without risk groups of which nothing was changed. */
function withoutEmpty({ groups = {}, ...column }) {
  const changed = Object.entries(groups).filter(([, own]) => Object.keys(own).length);
  return changed.length ? { ...column, groups: Object.fromEntries(changed) } : column;
}

let scenarioName = ""; // from which was started

/** Return the choice of a scenario, and the question that it asks. */
function scenarioControls() {
  const options = Object.entries(content.scenarios).map(([name, { words }]) => [name, words]);
  const { question } = content.scenarios[scenarioName] ?? {};
  return html("div", { class: "scenario" },
    html("label", {}, html("span", {}, say("controls.scenario")), choice(scenarioName, [["", say("controls.no_scenario")], ...options], {
      "data-key": "scenario", onchange: (event) => {
        scenarioName = event.target.value;
        const scenario = content.scenarios[scenarioName];
        if (scenario?.question?.waits.length) pictureName = "waits";
        // Costs stay counted where the question itself does not say by which prices.
        if (scenario) change({ economics: state.economics, ...withoutDefaults(copy(scenario.state)) });
        else renderControls();
      } })),
    question ? [html("p", {}, question.asks), html("p", { class: "note" }, say("controls.cannot_say", { words: question.cannot_say }))] : null);
}

/** Return a scenario's state without what it leaves as it is by default: whether costs are counted. */
function withoutDefaults({ economics, ...rest }) {
  return economics.file === content.command.defaults.economics ? rest : { ...rest, economics };
}

/** Return the table of the policies: levers above, what follows from them below. */
function policyTable() {
  const shown = Object.entries(content.levers).filter(([lever, { first }]) => (
    first || allLevers || state.policies.some((column) => isChanged(column, lever))));
  const columns = [...state.policies.keys()];
  const rest = Object.keys(content.levers).length - shown.length;
  return html("table", { class: `policies n${columns.length}` },
    html("thead", {}, html("tr", {},
      html("td", {}, state.policies.length < MOST_POLICIES
        ? button(say("controls.add"), addPolicy, { class: "add", "data-key": "add" }) : null),
      columns.map(policyHead))),
    html("tbody", { class: "levers" },
      shown.map(([lever, { label, words }]) => html("tr", {},
        html("th", { scope: "row", "data-term-words": words, tabindex: 0 }, capital(label)),
        columns.map((p) => leverCell(p, lever)))),
      html("tr", { class: "more" }, html("td", { colspan: columns.length + 1 }, button(
        allLevers ? say("controls.fewer_levers") : say("controls.more_levers", { n: rest }),
        () => { allLevers = !allLevers; renderControls(); },
        { class: "link", "data-key": "more levers", "aria-expanded": String(allLevers) })))),
    html("tbody", { class: "results", id: "results" }));
}

function addPolicy() {
  const policies = copy(state.policies);
  policies.push(copy(policies[policies.length - 1]));
  change({ policies });
}

/** Return the controls of what all policies share. */
function sharedControls() {
  const labelled = (key, control) => html("label", {}, html("span", {}, say(`controls.${key}`)), control);
  const named = (group) => Object.keys(content[`${group}s`]).map((name) => [name, called(group, name)]);
  const pick = (group) => labelled(group, choice(state[group], named(group), {
    "data-key": group, title: say(`controls.${group}_title`), onchange: (event) => change({ [group]: event.target.value }) }));
  return html("div", { class: "shared" }, pick("cohort"), pick("clinic"), pick("disease"),
    labelled("economics", pricesChoice("economics")),
    labelled("seed", html("input", {
      type: "number", min: 0, step: 1, value: state.seed, "data-key": "seed", title: say("controls.seed_title"),
      onchange: (event) => {
        const seed = Math.round(event.target.valueAsNumber);
        if (seed >= 0 && Number.isSafeInteger(seed)) change({ seed });
        else event.target.value = state.seed;
      },
    })));
}

/** Return the part in which single numbers of the model are changed. */
function numberControls() {
  const found = html("div", { class: "numbers" });
  const search = html("input", {
    type: "search", placeholder: say("numbers.search"), "aria-label": say("numbers.search"), "data-key": "search",
    oninput: () => listNumbers(search.value, found),
  });
  const changed = Object.keys(state.numbers).length;
  const part = html("details", { class: "all-numbers", open: numbersOpen, ontoggle: (event) => { numbersOpen = event.target.open; } },
    html("summary", {}, changed ? say("numbers.changed", { n: changed }) : say("numbers.title")),
    html("p", { class: "note" }, say("numbers.note")), search, found);
  listNumbers("", found);
  return part;
}

let numbersOpen = false;
const MOST_LISTED = 12;

function listNumbers(words, list) {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = (key) => wanted.every((word) => `${key} ${numberWords(key)}`.toLowerCase().replaceAll("_", " ").includes(word.replaceAll("_", " ")));
  const changed = Object.keys(state.numbers);
  const all = [...Object.keys(content.keys), ...Object.keys(content.lists)]
    .filter((key) => isValued(state) || !key.startsWith("economics."));
  const keys = wanted.length ? all.filter(fits) : changed;
  fill(list, keys.slice(0, MOST_LISTED).map(numberControl),
    keys.length > MOST_LISTED ? html("p", { class: "note" }, say("numbers.more", { n: keys.length - MOST_LISTED })) : null,
    wanted.length && !keys.length ? html("p", { class: "note" }, say("numbers.none")) : null);
}

/** Return what a number is, in the schema's words. */
function numberWords(key) {
  const [[section, ...names]] = placeOf(key);
  const schema = layout.schemas[section] ?? layout.schemas.disease.properties?.[section];
  return names.reduce((part, name) => part?.properties?.[name], schema)?.description ?? "";
}

/** Return whether numbers fit together; say it where they do not. */
function fits(numbers) {
  const broken = brokenRelation({ ...state, numbers });
  fill(at("notice"));
  if (broken) notice(broken);
  return !broken;
}

/** Return the control of a list that is changed as a whole. */
function listControl(key) {
  const value = numberIn(state, key);
  const input = html("input", { type: "text", value: value.join(", "), "aria-label": key, "data-key": `number ${key}` });
  const set = (given) => {
    const numbers = { ...state.numbers, [key]: given };
    if (JSON.stringify(given) === JSON.stringify(shippedNumber(state, key))) delete numbers[key];
    else if (breach(content.schema.properties.numbers, numbers, "numbers") || !isWhole(key, given) || !fits(numbers)) {
      input.value = numberIn(state, key).join(", ");
      return;
    }
    input.value = given.join(", ");
    change({ numbers }, { keep: true });
  };
  input.addEventListener("change", () => set(input.value.split(",").map(Number)));
  return html("div", { class: "number" },
    html("div", {}, html("code", {}, key), html("span", {}, numberWords(key).replace(/\.$/, ""))),
    html("div", { class: "set" }, input, button(say("numbers.reset"), () => set(shippedNumber(state, key)), { class: "link", "data-key": `reset ${key}` })));
}

function numberControl(key) {
  if (key in content.lists) return listControl(key);
  const { low, high, unit, sure_low: sureLow, sure_high: sureHigh } = content.keys[key];
  const shippedValue = shippedNumber(state, key);
  const value = numberIn(state, key);
  const most = high <= 1 ? 1 : Math.min(high, Math.max(4 * Math.abs(shippedValue), sureHigh ?? 0, 1));
  const least = low < 0 ? -most : low;
  const input = html("input", { type: "number", step: "any", value, min: low, max: high, "aria-label": key, "data-key": `number ${key}` });
  const slider = html("input", { type: "range", min: least, max: most, step: (most - least) / 200, value, "aria-label": say("numbers.slider", { key }), tabindex: -1 });
  const set = (given, dragging) => {
    const numbers = { ...state.numbers };
    if (given === shippedValue) delete numbers[key];
    else numbers[key] = given;
    if (!Number.isFinite(given) || breach(content.schema.properties.numbers, numbers, "numbers") || !fits(numbers)) {
      input.value = numberIn(state, key);
      return;
    }
    input.value = slider.value = given;
    change({ numbers }, { keep: true, dragging });
  };
  slider.addEventListener("input", () => set(Number(slider.valueAsNumber.toPrecision(4)), true));
  slider.addEventListener("change", () => set(Number(slider.valueAsNumber.toPrecision(4)), false));
  input.addEventListener("change", () => set(input.valueAsNumber, false));
  const known = sureLow === undefined ? "" : say("numbers.sure", { low: Number(sureLow.toPrecision(3)), high: Number(sureHigh.toPrecision(3)) });
  return html("div", { class: "number" },
    html("div", {}, html("code", {}, key), html("span", {}, numberWords(key).replace(/\.$/, ""))),
    html("div", { class: "set" }, slider, input, html("span", { class: "unit" }, unit),
      button(say("numbers.reset"), () => { set(shippedValue, false); }, { class: "link", "data-key": `reset ${key}` })),
    html("small", {}, say("numbers.shipped", { value: Number(shippedValue.toPrecision(5)) }), " ", known));
}
