// The page: what is shown, and what happens when something is changed.

let state = copy(content.start);
let result = null; // what is shown
let view = "compare";
let pictureName = "incidence_by_mechanism";
let pool = null;

const at = (id) => document.getElementById(id);

const PICTURES = {
  incidence_by_mechanism: drawRecurrence,
  survival: drawSurvival,
  averted_and_harmed: drawBenefit,
  value: drawValue,
  pelvis: drawPelvis,
  flow: drawFlow,
  icon_array: drawIcons,
  waits: drawWaits,
  outcomes: drawOutcomes,
};

/** Change the state, and simulate it. `keep`: the controls are as they must be; `dragging`: more will follow. */
function change(parts, { keep = false } = {}) {
  state = { ...state, ...parts };
  if (!keep) renderControls();
  remember();
  simulate();
}

/** Set the perspective or the threshold, and show it: what was simulated stays as it is. */
function changeTerms(parts) {
  setTerms(parts);
  remember();
  render();
}

function setTerms(parts) {
  state = { ...state, economics: { ...state.economics, ...parts } };
  tellTerms();
}

/** Let what is shown have the perspective and the threshold that are set, where its costs are of the same file. */
function tellTerms() {
  if (result?.state.economics.file === state.economics.file) result.state = { ...result.state, economics: copy(state.economics) };
}

/** Write the state into the link. */
function remember() {
  try {
    history.replaceState(null, "", `#${encodeURIComponent(JSON.stringify(state))}`);
  } catch {
    // Where a browser does not allow it the state can still be kept in a file.
  }
}

/** Simulate the state, unless the command would refuse a policy. */
function simulate() {
  const wrong = state.policies.map((column) => refusal(column));
  const refused = wrong.flatMap((words, p) => (words ? [html("p", {}, chip(p, state), " ", say("refused", { words }))] : []));
  const broken = brokenRelation(state); // by another cohort or disease
  if (broken) refused.push(html("p", {}, broken));
  fill(at("refused"), refused);
  document.body.classList.toggle("stale", refused.length > 0);
  if (refused.length) {
    pool.cancel();
    return;
  }
  document.body.classList.add("busy");
  pool.run(copy(state), show).catch(fail);
}

function show(found, isAll) {
  result = found;
  tellTerms();
  document.body.classList.toggle("busy", !isAll);
  render();
  status(isAll);
  document.body.dataset.shown = `${found.patients}`;
  if (isAll) document.body.dataset.done = String(Number(document.body.dataset.done ?? 0) + 1);
}

/** Say how much was simulated, how fast, and what the intervals are of. */
function status(isAll) {
  const more = Math.min(result.patients * 4, content.schema.properties.patients.maximum);
  fill(at("status"),
    html("span", {}, say(isAll ? "status.done" : "status.first", {
      n: whole(result.patients), seconds: fixed(result.milliseconds / 1000), workers: pool.size })),
    " ", html("span", {}, say("status.luck")),
    " ", isAll && more > result.patients ? button(say("status.more", { n: whole(more) }), () => change({ patients: more }, { keep: true }), { class: "link", "data-key": "more" }) : null);
}

function fail(error) {
  fill(at("refused"), html("p", {}, say("failed", { words: String(error?.message ?? error) })));
  document.body.classList.remove("busy");
}

function renderControls() {
  fill(at("controls"), scenarioControls(), policyTable(), sharedControls(), numberControls());
  if (result) renderResults();
}

function renderResults() {
  if (result.policies.length === state.policies.length) fill(at("results"), resultRows(result));
}

/** Show the result in the view that is open. */
function render() {
  if (!result) return;
  renderResults();
  fill(at("headline"), headline(result));
  if (view === "compare") renderPicture();
}

/** Return the picture of a name at a size. */
function makePicture(name, size) {
  return PICTURES[name](result, { colours: palette(), ...size });
}

function pictureSize() {
  const width = Math.max(Math.floor(at("figure").clientWidth), 280);
  const room = innerHeight - at("figure").getBoundingClientRect().top - scrollY - 110;
  return { width, height: width < 520 ? 620 : Math.min(Math.max(room, 300), 520) };
}

let drawn = null;

function renderPicture() {
  if (pictureName === "waits" && !result.waits) pictureName = "incidence_by_mechanism";
  const tabs = Object.keys(PICTURES).filter((name) => name !== "waits" || result.waits).map((name) => (
    button(say(`pictures.${name}.tab`), () => openPicture(name), {
      role: "tab", "aria-selected": String(name === pictureName), "data-key": `picture ${name}`, tabindex: name === pictureName ? 0 : -1 })));
  fill(at("tabs"), tabs);
  drawn = makePicture(pictureName, pictureSize());
  fill(at("figure"), drawn.html ?? drawn.svg);
  fill(at("says"), drawn.says);
  fill(at("options"), drawn.options ?? []);
  if (at("data").open && drawn.table) fill(at("datatable"), tableOf(drawn.table));
}

function openPicture(name) {
  pictureName = name;
  renderPicture();
}

/** Keep the picture as a file; on a light ground, as it is printed. */
function keepPicture(kind) {
  const { width, height } = pictureSize();
  const { svg } = PICTURES[pictureName](result, { width: Math.max(width, 760), height: Math.max(height, 420), colours: palette(false) });
  if (!svg) return;
  const words = state.policies.map((column, p) => `${LETTERS[p]}: ${nameOf(column)}`).join("; ");
  svg.append(draw("desc", {}, say("pictures.desc", { policies: words, n: whole(result.patients), seed: state.seed })));
  const source = new XMLSerializer().serializeToString(svg);
  if (kind === "svg") {
    download(`${pictureName}.svg`, source, "image/svg+xml");
    return;
  }
  const image = new Image();
  image.onload = () => {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [2 * image.width, 2 * image.height];
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    canvas.toBlob((blob) => download(`${pictureName}.png`, blob, "image/png"));
  };
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(source)}`;
}

const VIEWS = {
  compare: () => {
    render();
    // A lesson takes the place of what was being simulated.
    const whole_ = result && result.patients === state.patients && JSON.stringify(result.state) === JSON.stringify(state);
    if (pool && !whole_ && !document.body.classList.contains("stale")) simulate();
  },
  patient: () => renderPatient(),
  lessons: () => renderLessons(),
  takeaway: () => renderTakeaway(),
  about: () => renderAbout(),
};

function openView(name) {
  view = name;
  for (const section of document.querySelectorAll("main > section")) section.hidden = section.id !== name;
  for (const tab of at("views").children) tab.setAttribute("aria-selected", String(tab.dataset.view === name));
  VIEWS[name]();
}

/** Let the arrow keys go from tab to tab. */
function arrows(event) {
  const tabs = [...event.currentTarget.querySelectorAll("[role=tab]")];
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  const here = tabs.indexOf(document.activeElement);
  if (!step || here < 0) return;
  event.preventDefault();
  const next = tabs[(here + step + tabs.length) % tabs.length];
  const { key } = next.dataset;
  next.click();
  document.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus();
}

/** Read a state from a link or a file; say kindly what is wrong with it. */
function restore(text, from) {
  let given;
  try {
    given = JSON.parse(text);
  } catch {
    return say("wrong.unreadable", { from });
  }
  const wrong = wrongWith(given);
  if (wrong) return say("wrong.refused_state", { from, words: wrong });
  state = { economics: { file: content.command.defaults.economics }, ...given };
  return null;
}

/** Read the state in the link, where there is one. */
function restoreLink() {
  const hash = location.hash.slice(1);
  if (!hash) return null;
  try {
    return restore(decodeURIComponent(hash), say("wrong.link"));
  } catch (error) {
    if (error instanceof URIError) return say("wrong.unreadable", { from: say("wrong.link") });
    throw error;
  }
}

async function begin() {
  const wrong = restoreLink();
  const bytes = fromBase64(at("module").textContent.trim());
  pool = new Pool(at("worker").textContent, bytes);
  pool.failed = fail;
  estimator = await loadEngine(bytes, layout);
  buildViews();
  beginTerms();
  renderControls();
  if (wrong) notice(wrong);
  if (isValued(state)) pictureName = "value";
  remember();
  simulate();
  let wait = null;
  addEventListener("resize", () => {
    clearTimeout(wait);
    wait = setTimeout(render, 80);
  });
  darkness.addEventListener("change", () => { renderControls(); render(); });
  addEventListener("hashchange", () => {
    const words = restoreLink();
    if (words) notice(words);
    else { renderControls(); simulate(); }
  });
}

/** Show a message that can be closed. */
function notice(words) {
  fill(at("notice"), html("p", {}, words, " ", button(say("close"), () => fill(at("notice")), { class: "link" })));
}

function buildViews() {
  document.title = say("title");
  at("title").textContent = say("title");
  fill(at("views"), Object.keys(VIEWS).map((name) => button(say(`views.${name}`), () => openView(name), {
    role: "tab", "data-view": name, "data-key": `view ${name}`, "aria-selected": String(name === view) })));
  at("views").addEventListener("keydown", arrows);
  at("tabs").addEventListener("keydown", arrows);
  fill(at("keep"),
    html("span", {}, say("keep.picture")),
    button("SVG", () => keepPicture("svg"), { "data-key": "svg" }), button("PNG", () => keepPicture("png"), { "data-key": "png" }),
    button("CSV", () => drawn.table && download(`${pictureName}.csv`, csvOf(drawn.table), "text/csv"), { "data-key": "csv" }));
  at("data").querySelector("summary").textContent = say("keep.table");
  at("data").addEventListener("toggle", () => at("data").open && drawn?.table && fill(at("datatable"), tableOf(drawn.table)));
  fill(at("foot"), say("foot", { version: content.version }));
}

begin().catch(fail);
