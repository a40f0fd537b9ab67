// Lessons: a question, a prediction that is committed, and only then what the model says.

let lessonName = null;
let predictor = ""; // who predicts, for a class's file
const predictions = []; // {lesson, who, prediction, words}
let gathered = []; // of a class

// The pictures that a lesson names, as this page draws them.
const REVEALED = {
  ...Object.fromEntries(["incidence", "incidence_by_mechanism"].map((name) => [name, drawRecurrence])),
  survival: drawSurvival,
  averted_and_harmed: drawAverted,
  averted_against_harmed: drawAverted,
  averted_by_mechanism: (found, size) => drawAverted(found, size, "mechanism"),
  averted_by_compartment: (found, size) => drawAverted(found, size, "compartment"),
  pelvis: drawPelvis,
  pelvis_change: drawPelvis,
  flow: drawFlow,
  icon_array: drawIcons,
  waits: drawWaits,
  economics: drawWorth,
};

/** Return the state of a lesson's scenario with a change of it, and with other luck. */
function lessonState(lesson, changes = {}, replication = 0) {
  const { scenario } = lesson;
  const all = { ...scenario.change, ...changes };
  const isLever = (key) => key in content.levers;
  const levers = Object.fromEntries(Object.entries(all).filter(([key]) => isLever(key)));
  const groups = ["cohort", "clinic", "disease"];
  return {
    version: content.start.version,
    ...Object.fromEntries(groups.map((group) => [group, all[group] ?? scenario[group]])),
    seed: content.command.defaults.seed,
    replication,
    patients: Math.max(all.patients ?? scenario.patients, 100),
    horizon_years: content.start.horizon_years,
    economics: { file: all.economics ?? scenario.economics, ...termsIn(all) },
    numbers: Object.fromEntries(Object.entries(all).filter(([key]) => key.includes(".") && !(key in TERMS))),
    policies: (all.policies ?? lesson.policies).map((policy) => ({ policy, levers: { ...levers } })),
    comparator: 0,
  };
}

// What a change can say of headline figures, and how the state of the page has it.
const TERMS = {
  "economics.perspective": (perspective) => ({ perspective }),
  "economics.thresholds_per_qaly": (thresholds) => ({ threshold_per_qaly: thresholds[Math.floor(thresholds.length / 2)] }),
};

/** Return the perspective and the threshold that a lesson's scenario sets, as the state of the page has them. */
const termsIn = (all) => Object.assign({}, ...Object.entries(TERMS).map(([key, make]) => (key in all ? make(all[key]) : {})));

/** Return a function that gives a lesson's figures: each run is simulated once, when it is first needed. */
function measured(lesson) {
  const runs = new Map();
  const named = Object.fromEntries(lesson.vary.filter(({ name }) => name).map((each) => [each.name, each.change]));
  const run = (setting, replication) => {
    const name = `${setting} ${replication}`;
    if (!runs.has(name)) {
      runs.set(name, new Promise((done) => {
        pool.run(lessonState(lesson, setting ? named[setting] : {}, replication), (found, isAll) => { if (isAll) done(found); }).catch(fail);
      }));
    }
    return runs.get(name);
  };
  const { repetitions } = lesson.scenario;
  const measure = async ({ kind, what, policy, years: at_, mechanism, compartment, group, setting, luck, unit }, repetition) => {
    const found = await run(setting, (luck === "own" ? repetitions : 0) + repetition);
    const p = found.state.policies.findIndex((column) => column.policy === policy);
    if (kind === "value") return PER * found.quantity(p, what).estimate;
    if (kind === "wait") return found.waits ? found.waits[p].steps[what].median : 0;
    if (unit !== "patients") return found.amount(p, found.layout.outcomes.amounts.findIndex((key) => key.outcome === what)).estimate;
    const { n, estimate } = found.share(p, found.place(what, { mechanism, compartment, group, years: at_ }));
    return PER * Math.round(estimate * n) / n; // as the command divides, so that both round alike
  };
  const value = async (name, repetition = 0) => {
    const figure = lesson.figures[name];
    const { kind, of, published } = figure;
    if (["outcome", "wait", "value"].includes(kind)) return measure(figure, repetition);
    if (kind === "evidence") return published;
    if (["lowest", "highest", "below_zero"].includes(kind)) {
      const each = [];
      for (let k = 0; k < repetitions; k++) each.push(await value(of[0], k));
      if (kind === "below_zero") return each.filter((one) => one < 0).length;
      return kind === "lowest" ? Math.min(...each) : Math.max(...each);
    }
    const [one, other] = [await value(of[0], repetition), await value(of[1], repetition)];
    if (kind === "ratio") return other ? one / other : NaN;
    return kind === "difference" ? one - other : one + other;
  };
  return { value, run };
}

/** Return a figure as a sentence has it, as conf.lesson_figures.written. */
function figureWords(value, unit) {
  if (Number.isNaN(value)) return DASH;
  if (unit === "percent") return `${fixed(100 * value, 0)} %`;
  if (value === 0) return "0";
  if (unit === "money") return amountWords(Number(value.toPrecision(3)));
  const wholeOnes = ["repetitions", "days"].includes(unit) || Math.abs(value) >= 10;
  return wholeOnes && Math.abs(value) >= 1000 ? whole(value) : fixed(value, wholeOnes ? 0 : 1);
}

/** Return an amount as a figure has it: whole from 10 on. */
const amountWords = (value) => (Math.abs(value) >= 10 ? `${value < 0 ? "−" : ""}${whole(Math.abs(value))}` : fixed(value));

/** Return the option that is right by the figures' values, or null. */
function rightOption({ prediction: { options }, answer }, values) {
  if (answer.extreme) {
    const sign = answer.extreme === "largest" ? 1 : -1;
    if (options.some(({ figure }) => Number.isNaN(values[figure]))) return null;
    return options.reduce((best, option) => (sign * values[option.figure] > sign * values[best.figure] ? option : best));
  }
  const value = values[answer.figure];
  return options.find(({ low, high }) => (low === null || value >= low) && (high === null || value < high)) ?? null;
}

function renderLessons() {
  if (lessonName === null) {
    fill(at("lessons"),
      html("div", { class: "card prose" }, html("h2", {}, say("lessons.title")), html("p", {}, say("lessons.lead"))),
      html("div", { class: "cards" }, Object.entries(content.lessons).map(([name, { title, goal, minutes }]) => html("div", { class: "card" },
        html("h3", {}, title), html("p", {}, goal),
        button(say("lessons.begin", { minutes: Number(minutes) }), () => { lessonName = name; renderLessons(); scrollTo(0, 0); }, { class: "main", "data-key": `lesson ${name}` })))),
      classCard());
    return;
  }
  const lesson = content.lessons[lessonName];
  const { scenario } = lesson;
  fill(at("lessons"),
    html("div", { class: "card prose" },
      button(say("lessons.all"), () => { lessonName = null; renderLessons(); }, { class: "link", "data-key": "all lessons" }),
      html("h2", {}, lesson.title), html("p", { class: "note" }, say("lessons.goal", { goal: lesson.goal, minutes: Number(lesson.minutes) })),
      html("p", {}, say(scenario.clinic === "unlimited" ? "lessons.compared" : "lessons.compared_in", {
        n: whole(scenario.patients), cohort: called("cohort", scenario.cohort), clinic: called("clinic", scenario.clinic),
        times: scenario.repetitions > 1 ? say("lessons.times", { n: scenario.repetitions }) : "" })),
      html("ul", { class: "plain" }, lesson.policies.map((policy, p) => html("li", {}, chip(p, lessonState(lesson)), " ", html("b", {}, capital(called("policy", policy))), ": ",
        withTerms(policyOf({ policy }, scenario.cohort).description)))),
      html("h3", {}, say("lessons.question")), html("p", { class: "question" }, withTerms(lesson.question)), predictionForm(lesson)),
    html("div", { id: "revealed", "aria-live": "polite" }));
}

function predictionForm(lesson) {
  const { kind, options, unit, low, high } = lesson.prediction;
  const commit = html("button", { type: "submit", class: "main", disabled: true, "data-key": "commit" }, say("lessons.commit"));
  const number = html("input", { type: "number", min: low, max: high, step: "any", "data-key": "prediction", "aria-label": say("lessons.prediction"),
    oninput: () => { commit.disabled = !(number.value !== "" && number.valueAsNumber >= low && number.valueAsNumber <= high); } });
  const choices = kind === "choice" ? html("div", { class: "choices" }, options.map(({ says }, k) => html("label", {}, html("input", {
    type: "radio", name: "prediction", value: String(k), "data-key": `option ${k}`, onchange: () => { commit.disabled = false; } }), html("span", {}, says))))
    : html("p", {}, number, " ", unit, " ", html("span", { class: "note" }, say("lessons.range", { low, high })));
  const who = html("input", { type: "text", value: predictor, maxlength: 60, "data-key": "who", oninput: () => { predictor = who.value; } });
  const form = html("form", { onsubmit: (event) => {
    event.preventDefault();
    const chosen = kind === "choice" ? Number(form.querySelector("input[type=radio]:checked").value) : number.valueAsNumber;
    for (const control of form.elements) control.disabled = true;
    predictions.push({ lesson: lessonName, who: predictor.trim(), prediction: chosen, words: kind === "choice" ? options[chosen].says : `${chosen} ${unit}` });
    reveal(lessonName, lesson, chosen).catch(fail);
  } }, html("h3", {}, say("lessons.predict")), choices, html("div", { class: "bar" }, html("label", {}, say("lessons.who"), " ", who), commit));
  return form;
}

/** Simulate a lesson; show what the model says, why, and what comes next. */
async function reveal(name, lesson, chosen) {
  const place = at("revealed");
  fill(place, html("p", { class: "card" }, say("lessons.simulating")));
  const { value, run } = measured(lesson);
  const values = {};
  for (const figure of Object.keys(lesson.figures)) values[figure] = await value(figure);
  const shown_ = await run("", 0);
  if (lessonName !== name || !place.isConnected) return;
  const { kind, options, unit, near } = lesson.prediction;
  const right = kind === "choice" ? rightOption(lesson, values) : null;
  const words = (figure) => figureWords(values[figure], lesson.figures[figure].unit);
  let verdict;
  if (kind === "choice") {
    verdict = right === null ? [say("lessons.cannot_say")] : [html("p", {}, html("b", {}, say("lessons.model_says")), " ", right.says),
      html("p", {}, options[chosen] === right ? say("lessons.same") : say("lessons.other", { words: options[chosen].says }))];
  } else {
    verdict = [html("p", {}, html("b", {}, say("lessons.model_says")), ` ${words(lesson.answer.figure)} ${unit}.`),
      html("p", {}, say(Math.abs(chosen - values[lesson.answer.figure]) <= near ? "lessons.near" : "lessons.far", { n: chosen }))];
  }
  const fillIn = (text_) => text_.replace(/\{([^{}]*)\}/g, (_, figure) => words(figure));
  const broken = lesson.holds.filter(({ figure, low, high }) => !(values[figure] >= low && values[figure] <= high));
  const drawnOnce = new Set();
  const pictures = lesson.reveal.filter((picture_) => {
    const draws = REVEALED[picture_];
    if (!draws || drawnOnce.has(draws) || (picture_ === "waits" && !shown_.waits) || (picture_ === "icon_array" && !shown_.states)) return false;
    drawnOnce.add(draws);
    return true;
  });
  const width = Math.min(Math.max(place.clientWidth - 30, 280), 900);
  fill(place,
    html("div", { class: "card prose verdict", "data-lesson-right": right ? String(options.indexOf(right)) : null }, verdict),
    html("div", { class: "card prose" }, html("h3", {}, say("lessons.why")), lesson.explanation.map((paragraph) => html("p", {}, withTerms(fillIn(paragraph)))),
      broken.map(({ figure, low, high }) => html("p", { class: "note" }, say("lessons.broken", { figure: figure.replaceAll("_", " "), value: words(figure), low: low <= -1e9 ? DASH : low, high: high >= 1e9 ? DASH : high })))),
    pictures.map((picture_) => {
      const made = REVEALED[picture_](shown_, { width, height: width < 520 ? 560 : 340, colours: palette() });
      return html("figure", { class: "card" }, made.svg ?? made.html, html("figcaption", {}, made.says),
        made.table ? html("details", {}, html("summary", {}, say("keep.table")), tableOf(made.table)) : null);
    }),
    lesson.vary.length ? html("div", { class: "card prose" }, html("h3", {}, say("lessons.vary")), html("ul", { class: "plain" }, lesson.vary.map(({ says, change: changes }, k) => html("li", {}, says, " ",
      button(say("lessons.try"), () => tryOut(lesson, changes), { "data-key": `vary ${k}` }))))) : null,
    html("div", { class: "card prose" }, html("h3", {}, say("lessons.discuss")), html("ol", {}, lesson.discuss.map((words_) => html("li", {}, words_))),
      html("h3", {}, say("lessons.evidence")), html("ul", {}, lesson.evidence.map(([words_, id]) => html("li", {}, words_, " ", html("code", {}, id)))),
      lesson.licence ? html("p", { class: "note" }, say("lessons.licence", { licence: lesson.licence })) : null),
    classCard());
}

/** Compare a lesson's policies with a change; a lesson on costs opens with them. */
function tryOut(lesson, changes) {
  if (lesson.reveal.includes("economics")) pictureName = "value";
  state = lessonState(lesson, changes);
  change({});
  openView("compare");
}

/** Return the card with one's predictions as a file, and a class's files laid together. */
function classCard() {
  const list = html("div", {});
  const showClass = () => fill(list, Object.keys(content.lessons).map((name) => classOf(name)));
  showClass();
  return html("div", { class: "card prose" }, html("h3", {}, say("lessons.class")), html("p", {}, say("lessons.class_note")),
    html("div", { class: "bar" },
      button(say("lessons.save", { n: predictions.length }), () => download("predictions.json", `${JSON.stringify({ predictions }, null, 1)}\n`, "application/json"), {
        disabled: !predictions.length, "data-key": "save predictions" }),
      html("label", {}, say("lessons.gather"), " ", html("input", { type: "file", multiple: true, accept: ".json,application/json", "data-key": "gather",
        onchange: async (event) => {
          const files = [...event.target.files];
          event.target.value = "";
          for (const file of files) {
            const found = file.size > 1e6 ? null : readPredictions(await file.text());
            if (found) gathered.push(...found);
            else notice(say("lessons.no_predictions", { name: file.name }));
          }
          showClass();
        } })),
      gathered.length ? button(say("lessons.forget"), () => { gathered = []; showClass(); }, { "data-key": "forget" }) : null), list);
}

/** Return the predictions in a file, or null where it holds none that this page can use. */
function readPredictions(text_) {
  try {
    const { predictions: found } = JSON.parse(text_);
    const fits = ({ lesson, prediction, who }) => Object.hasOwn(content.lessons, lesson) && Number.isFinite(prediction) && typeof who === "string"
      && (content.lessons[lesson].prediction.kind !== "choice" || content.lessons[lesson].prediction.options[prediction] !== undefined);
    return Array.isArray(found) && found.every(fits) ? found : null;
  } catch {
    return null;
  }
}

/** Return how a class predicted in one lesson: so many for each option, or the numbers in order. */
function classOf(name) {
  const own = gathered.filter(({ lesson }) => lesson === name);
  if (!own.length) return null;
  const { title, prediction: { kind, options, unit } } = content.lessons[name];
  const table = kind === "choice" ? { columns: [say("lessons.option"), say("table.n")], rows: options.map(({ says }, k) => [says, own.filter(({ prediction }) => prediction === k).length]) }
    : { columns: [say("lessons.who_column"), unit], rows: [...own].sort((a, b) => a.prediction - b.prediction).map(({ who, prediction }) => [who || DASH, prediction]) };
  return html("div", { "data-class": name }, html("h3", {}, say("lessons.class_of", { title, n: own.length })), tableOf(table));
}
