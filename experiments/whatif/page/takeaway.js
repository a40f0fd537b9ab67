// What can be taken away: the configuration, the command that makes the numbers again, tables, the state.

/** Return a text as YAML writes it; names and words of the page are plain, others are quoted. */
const yamlText = (value) => (typeof value === "string" && !/^[a-z][\w+ ]*$/i.test(value) ? JSON.stringify(value) : String(value));

/** Return the name that each policy has on the command line, and the files of those that are not shipped. */
function commandPolicies(of) {
  const names = [];
  const files = {};
  of.policies.forEach((column, p) => {
    const plain = isAsShipped(column) && !names.includes(column.policy);
    const name = plain ? column.policy : `what_if_${LETTERS[p].toLowerCase()}`;
    names.push(name);
    if (!plain) files[`policy/${name}.yaml`] = policyFile(column);
  });
  return { names, files };
}

/** Return a policy as a file: the levers that differ from the base, and those of its groups. */
function policyFile(column) {
  const { guideline } = policyOf(column);
  const base = content.policies[content.command.base].levers;
  const levers = Object.entries(leversOf(column)).filter(([lever, setting]) => setting !== base[lever] || lever === "adherence");
  const inLine = (own) => `{${Object.entries(own).map(([lever, setting]) => `${lever}: ${yamlText(setting)}`).join(", ")}}`;
  return [
    `description: ${JSON.stringify(capital(nameOf(column)))}`,
    ...(guideline ? [`guideline: ${guideline}`] : []),
    ...levers.map(([lever, setting]) => `${lever}: ${yamlText(setting)}`),
    ...Object.entries(groupsOf(column)).filter(([, own]) => Object.keys(own).length).map(([group, own]) => `${group}: ${inLine(own)}`),
  ].join("\n") + "\n";
}

/** Return changed numbers by their full key, lists whole: what a file or a command line says. */
function changedNumbers(of) {
  const trees = treesOf(of);
  const found = {};
  for (const [key, value] of Object.entries(of.numbers)) {
    const [names, place] = placeOf(key);
    const name = names.join(".");
    if (place === null) found[name] = value;
    else {
      found[name] ??= [...names.reduce((part, own) => part[own], trees)];
      found[name][place] = value;
    }
  }
  return found;
}

/** Return a word as a shell takes it. */
const quoted = (word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);

const wordOf = (value) => (Array.isArray(value) ? `[${value.join(",")}]` : String(value));

/** Return the command that makes a state's numbers again, and the files that it needs, by their path. */
function commandOf(of) {
  const { names, files } = commandPolicies(of);
  const { defaults, clinic_words: clinicWords, config_dir: own } = content.command;
  const folder = own ?? "mine";
  const words = ["lrrc", "compare"];
  if (own || Object.keys(files).length) words.push("--config-dir", folder);
  for (const group of ["cohort", "disease", "clinic"]) if (of[group] !== defaults[group]) words.push(`${group}=${of[group]}`);
  if (of.clinic === content.start.clinic) words.push(...clinicWords);
  const prices = pricesOf(of);
  const terms = termsOf(of);
  if (of.economics.file !== defaults.economics) words.push(`economics=${of.economics.file}`);
  if (isValued(of)) {
    if (terms.perspective !== prices.perspective) words.push(`economics.perspective=${terms.perspective}`);
    if (terms.threshold !== prices.threshold_per_qaly) words.push(`economics.thresholds_per_qaly=[${terms.threshold}]`);
  }
  words.push(`patients=${of.patients}`);
  for (const key of ["seed", "replication"]) if (of[key] !== defaults[key]) words.push(`${key}=${of[key]}`);
  const usual = isValued(of) ? prices.horizon_years_of_file : defaults.horizon_years;
  if (runYears(of) !== usual) words.push(`horizon_years=${runYears(of)}`);
  if (names.join() !== defaults.policies.join()) words.push(`policies=[${names.join(",")}]`);
  if (of.comparator !== 0) words.push(`comparator=${names[of.comparator]}`);
  for (const [key, value] of Object.entries(changedNumbers(of))) words.push(`${key}=${wordOf(value)}`);
  return { line: words.map(quoted).join(" "), folder, files, names };
}

/** Return how many years a state's patients are followed. */
const runYears = (of) => pricesOf(of).horizon_years;

/** Return the configuration as a scenario's file. */
function scenarioFile(of) {
  const { names } = commandPolicies(of);
  const { perspective, threshold } = termsOf(of);
  const sections = isValued(of) ? { economics: [`  perspective: ${perspective}`, `  thresholds_per_qaly: [${threshold}]`] } : {};
  for (const [key, value] of Object.entries(changedNumbers(of))) {
    const [section, ...rest] = key.split(".");
    (sections[section] ??= []).push(`  ${rest.join(".")}: ${Array.isArray(value) ? `[${value.join(", ")}]` : value}`);
  }
  return [
    `# ${say("takeaway.scenario_comment", { version: content.version })}`,
    "defaults:", ...["cohort", "clinic", "disease"].map((group) => `  - override /${group}: ${of[group]}`),
    ...(isValued(of) ? [`  - override /economics: ${of.economics.file}`] : []), "",
    `patients: ${of.patients}`, `seed: ${of.seed}`, `replication: ${of.replication}`, `horizon_years: ${runYears(of)}`,
    `policies: [${names.join(", ")}]`, `comparator: ${names[of.comparator]}`,
    ...Object.entries(sections).flatMap(([section, own]) => ["", `${section}:`, ...own]),
  ].join("\n") + "\n";
}

function renderTakeaway() {
  const { line, folder, files } = commandOf(state);
  const all = { ...files, "scenario/what_if.yaml": scenarioFile(state) };
  const waits = result?.waits;
  const file = html("input", { type: "file", accept: ".json,application/json", "aria-label": say("takeaway.open"), "data-key": "open file",
    onchange: async (event) => {
      const [chosen] = event.target.files;
      if (!chosen) return;
      const wrong = chosen.size > 1e6 ? say("wrong.unreadable", { from: chosen.name }) : restore(await chosen.text(), say("wrong.file", { name: chosen.name }));
      event.target.value = "";
      if (wrong) notice(wrong);
      else {
        fill(at("notice"));
        change({});
        openView("compare");
      }
    } });
  fill(at("takeaway"),
    html("div", { class: "card" }, html("h2", {}, say("takeaway.command")), html("p", {}, say(Object.keys(files).length ? "takeaway.command_files" : "takeaway.command_plain", { folder })),
      copied(line, "command-line"),
      Object.entries(all).map(([path, words]) => html("div", {}, html("h3", {}, `${folder}/${path}`),
        path.startsWith("scenario") ? html("p", { class: "note" }, say("takeaway.scenario", { folder })) : null,
        copied(words, path), button(say("takeaway.save"), () => download(path.split("/").pop(), words, "text/yaml"), { "data-key": `save ${path}` })))),
    html("div", { class: "card" }, html("h2", {}, say("takeaway.state")), html("p", {}, say("takeaway.state_note")),
      html("div", { class: "bar" },
        button(say("takeaway.save_state"), () => download("what_if.json", `${JSON.stringify(state, null, 1)}\n`, "application/json"), { class: "main", "data-key": "save state" }),
        html("label", {}, say("takeaway.open"), " ", file),
        button(say("takeaway.copy_link"), (event) => copyText(location.href, event.target), { "data-key": "copy link" }),
        button(say("takeaway.start_again"), () => { scenarioName = ""; state = copy(content.start); change({}); openView("compare"); }, { "data-key": "start again" }))),
    result ? html("div", { class: "card" }, html("h2", {}, say("takeaway.tables")), html("p", {}, say("takeaway.tables_note")),
      html("div", { class: "bar" }, ["outcomes", "differences", "averted", "harmed", "curves", "flow", ...(isValued(result.state) ? ["economics"] : []), ...(waits ? ["waits"] : [])].map((name) => (
        button(`${name}.csv`, () => download(`${name}.csv`, csvOf(tablesOf(result, commandOf(result.state).names)[name]), "text/csv"), { "data-key": `table ${name}` })))),
      html("p", { class: "note" }, say("takeaway.pictures_note")),
      html("div", { class: "bar" }, button(say("takeaway.print"), () => print(), { "data-key": "print" }))) : null);
}

/** Return a text that can be copied. */
function copied(words, key) {
  return html("div", { class: "copied" }, html("pre", { tabindex: 0, "data-text": key }, words),
    button(say("takeaway.copy"), (event) => copyText(words, event.target), { "data-key": `copy ${key}` }));
}

async function copyText(words, from) {
  try {
    await navigator.clipboard.writeText(words);
    from.textContent = say("takeaway.copied");
  } catch {
    // A page from disk may not be allowed to: what was meant is marked, to be copied by hand.
    const text_ = from.parentElement.querySelector("pre");
    if (text_) getSelection().selectAllChildren(text_);
    else prompt(say("takeaway.copy"), words);
  }
}
