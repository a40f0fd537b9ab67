// Workers that simulate: at most one request at a time; another one takes its place.

const FIRST = 5000; // patients of the first picture
const BLOCK = 5000; // that a worker simulates before it looks whether the request still counts
const SHOWN_ONE_BY_ONE = 1000; // whose states are kept
const WINDOW_DAYS = 365; // of patients who are seen to move through a clinic
const FEW_WORKERS = 4;

class Pool {
  #workers = [];
  #source;
  #bytes;
  #request = 0;
  #settled = new Map(); // after how many patients a policy's waits settle, null: not; by what they depend on
  #waiting = new Map(); // by worker: what to do with its next answer

  constructor(source, bytes) {
    this.#source = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
    this.#bytes = bytes;
    const { schemas, ...called } = layout;
    this.called = called;
    const count = Math.min(Math.max(navigator.hardwareConcurrency || 2, 1), FEW_WORKERS);
    this.#workers = Array.from({ length: count }, () => this.#start());
  }

  get size() {
    return this.#workers.length;
  }

  #start() {
    const worker = new Worker(this.#source);
    worker.onmessage = ({ data }) => this.#answered(worker, data);
    worker.onerror = (event) => this.failed?.(event.message);
    worker.postMessage({ kind: "start", bytes: this.#bytes, layout: this.called, horizons: content.horizons });
    this.#waiting.set(worker, [{ done: () => {}, failed: (error) => this.failed?.(error.message) }]);
    return worker;
  }

  #answered(worker, data) {
    const next = this.#waiting.get(worker).shift();
    if (data.kind === "failed") next.failed(new Error(data.words));
    else next.done(data);
  }

  #ask(worker, message, transfer = []) {
    return new Promise((done, failed) => {
      this.#waiting.get(worker).push({ done, failed });
      worker.postMessage(message, transfer);
    });
  }

  /** Give up what is being simulated. */
  cancel() {
    this.#request += 1;
    for (const worker of this.#workers) worker.postMessage({ kind: "newest", request: this.#request });
    return this.#request;
  }

  /**
   * Simulate a state; call `show` with a Result, first of few patients, then of all. Another call supersedes it.
   */
  async run(state, show) {
    const request = this.cancel();
    const begun = performance.now();
    const clinic = clinicOf(state);
    const worlds = worldsOf(state);
    const common = {
      request, seed: state.seed, replication: state.replication, worlds, comparator: state.comparator,
      horizon: horizonOf(state),
    };
    const steps = [...new Set([Math.min(FIRST, state.patients), state.patients])];
    let done = 0;
    let states = null;
    for (const patients of steps) {
      const found = clinic ? await this.#attend(common, patients, clinic, state)
        : await this.#simulate(common, done, patients, (kept) => { states = kept; });
      if (!found || request !== this.#request) return;
      done = patients;
      show(new Result({
        state, ...found, states, comparator: state.comparator, byBatch: clinic !== null, patients,
        milliseconds: performance.now() - begun,
      }), patients === state.patients);
    }
  }

  /** Simulate patients `first` to `stop - 1` in blocks by all workers; return the counts of all so far. */
  async #simulate(common, first, stop, keep) {
    const even = Math.ceil((stop - first) / this.size);
    const block = Math.min(BLOCK, Math.max(even, SHOWN_ONE_BY_ONE));
    const starts = [];
    for (let at = first; at < stop; at += block) starts.push(at);
    await Promise.all(this.#workers.map(async (worker) => {
      while (starts.length && common.request === this.#request) {
        const at = starts.shift();
        const keepStates = at === 0 ? Math.min(SHOWN_ONE_BY_ONE, block, stop) : 0;
        const answer = await this.#ask(worker, {
          kind: "simulate", ...common, first: at, stop: Math.min(at + block, stop), keepStates,
        });
        if (answer.states) keep(answer.states);
      }
    }));
    if (common.request !== this.#request) return null;
    const answers = await Promise.all(this.#workers.map((worker) => (
      this.#ask(worker, { kind: "counts", request: common.request, horizon: common.horizon }))));
    const parts = answers.map(({ counts }) => counts).filter(Boolean);
    const [totals, ...others] = parts;
    for (const other of others) totals.forEach((counts, k) => addCounts(counts, other[k]));
    return { policies: totals.map((counts) => ({ batches: [counts], flow: counts.flow })) };
  }

  /** Simulate in a clinic: each worker some of the policies, beside the comparator. */
  async #attend(common, patients, clinic, state) {
    const { worlds, comparator } = common;
    const others = [...worlds.keys()].filter((k) => k !== comparator);
    const shares = this.#workers.map((_, w) => others.filter((_, k) => k % this.size === w))
      .filter((share, w) => share.length || (w === 0 && !others.length));
    const { numbers } = content.clinics[state.clinic];
    const steps = Object.fromEntries(Object.entries(content.outcomes.steps).map(([step, events]) => (
      [step, { events, target: numbers[`${step}_target_days`] }])));
    // After the clinic has filled, as far as the cohort lasts.
    const arrive = patients / clinic.arrivals_per_year * layout.year_days;
    const start = Math.max(arrive / 2 - WINDOW_DAYS / 2, 0);
    const warmUpPatients = await this.#warmUp(common, clinic, state);
    if (warmUpPatients === null) return null;
    const answers = await Promise.all(shares.map((share, w) => this.#ask(this.#workers[w], {
      kind: "clinic", ...common, patients, clinic, warmUpPatients, steps, window: [start, start + WINDOW_DAYS],
      worlds: [worlds[comparator], ...share.map((k) => worlds[k])], comparator: 0,
    })));
    if (answers.some(({ policies }) => !policies)) return null;
    const found = [];
    answers.forEach((answer, w) => answer.policies.forEach((policy, k) => {
      found[k === 0 ? comparator : shares[w][k - 1]] = policy;
    }));
    return {
      policies: found, waits: found.map(({ waits, moves }) => ({ steps: waits, moves, window: [start, start + WINDOW_DAYS] })),
    };
  }

  /** Return the warm-up of a state's clinic, as the command finds it; null where the request is given up. */
  async #warmUp({ request, seed, replication, worlds, horizon }, clinic, state) {
    const { cohort, disease, numbers } = state;
    const keys = state.policies.map((column) => (
      JSON.stringify([state.clinic, cohort, disease, numbers, seed, replication, horizon, column])));
    const lacking = [...keys.keys()].filter((p) => !this.#settled.has(keys[p]) && keys.indexOf(keys[p]) === p);
    await Promise.all(this.#workers.map(async (worker) => {
      while (lacking.length && request === this.#request) {
        const p = lacking.shift();
        const { patients } = await this.#ask(worker, { kind: "settled", request, seed, replication, horizon, clinic, world: worlds[p] });
        this.#settled.set(keys[p], patients);
      }
    }));
    return request === this.#request ? longestWarmUp(keys.map((key) => this.#settled.get(key))) : null;
  }

  /**
   * Return {courses, repeated}: a patient's course under each policy of a state, and the states with other luck; null
   * where something else is simulated meanwhile. Where patients queue, the course is the one among all who come.
   */
  async course(state, number, times) {
    const { seed, replication, patients } = state;
    const worlds = worldsOf(state);
    const clinic = clinicOf(state);
    const request = clinic ? this.cancel() : this.#request;
    const horizon = horizonOf(state);
    const common = { request, seed, replication, worlds, horizon };
    const alone = await this.#ask(this.#workers[this.size - 1], { kind: "course", ...common, number, times });
    if (!clinic) return alone;
    const warmUpPatients = await this.#warmUp(common, clinic, state);
    const courses = warmUpPatients === null ? [] : await Promise.all(worlds.map((world, p) => (
      this.#ask(this.#workers[p % this.size], {
        kind: "following", request, seed, replication, horizon, patients, number, world, clinic, warmUpPatients }))));
    return courses.length && courses.every(({ course }) => course)
      ? { courses: courses.map(({ course }) => course), repeated: alone.repeated } : null;
  }
}
