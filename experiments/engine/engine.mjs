// The compiled model, in a browser or in Node: luck, patients and counts, the same as those of the command.
//
// `layout` is what experiments/engine/layout.py writes; nothing in it is repeated here. An array in the
// module's memory is {at, shape, itemBytes}: its address, its shape and the size of an element.
// Without its last line this is a classic script: a page that is opened from disk may start no module in a worker.

const BLOCK_PATIENTS = 1024; // that are simulated under every policy before the next, so that memory stays small
const ALIGNED_BYTES = 64;
const PAGE_BYTES = 65536;

/** Return the engine in a module's bytes (Uint8Array). */
async function loadEngine(bytes, layout) {
  const { instance } = await WebAssembly.instantiate(bytes, {});
  instance.exports._initialize?.();
  return new Engine(instance.exports, layout);
}

/** Return bytes from their base64. */
const fromBase64 = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

/** Return the packed world of a policy's plans (Uint8Array), from trees of numbers and flat lists. */
function packWorld(layout, trees) {
  const { bytes, fields } = layout.records.world;
  const world = new Uint8Array(trees.length * bytes);
  trees.forEach((tree, plan) => {
    for (const [key, field] of Object.entries(fields)) {
      const value = key.split(".").reduce((part, name) => part?.[name], tree);
      if (value === undefined) throw new Error(`${key}: missing`);
      writeField(world, plan * bytes, field, value, key);
    }
  });
  return world;
}

/**
 * Return the packed world of a policy, `{levers, groups, guideline}`, over the numbers that policies share. `levers`
 * and those of `groups` are as a policy file writes them; `guideline`: its groups, {name, moment} in order, and their
 * diagram; null for none.
 */
function worldOf(layout, shared, policy) {
  const { records, levers: known, no_guideline: none } = layout;
  const most = records.world.fields["guideline.plans"].length;
  return packWorld(layout, plansOf(layout, policy).map(({ levers, next }, here) => {
    const tree = { ...shared, policy: {} };
    for (const [lever, setting] of Object.entries(levers)) {
      if (!known[lever]) throw new Error(`${lever}: there is no such lever`);
      const { kind, settings } = known[lever];
      if (settings && !(setting in settings)) throw new Error(`${lever}=${setting}: there is no such setting`);
      if (kind === "schedule") tree[lever] = settings[setting];
      else tree.policy[lever] = kind === "choice" ? settings[setting] : setting;
    }
    tree.guideline = {
      ...(policy.guideline?.diagram ?? none), plans: Array.from({ length: most }, (_, k) => next[k] ?? here),
    };
    return tree;
  }));
}

/**
 * Return the plans of a policy, as conf.policies.Policy.plans: {groups, levers, next}, first that of patients in no
 * group. `groups`: the names of those by which it was reached first; `next`: the plan to which each group leads.
 */
function plansOf(layout, { levers, groups = {}, guideline = null }) {
  const plans = [{ groups: [], levers, next: {} }];
  const all = (guideline?.groups ?? []).map((group, number) => ({ ...group, number }));
  for (const moment of [...new Set(all.map((group) => group.moment))].sort()) {
    for (const plan of [...plans]) {
      if (moment === layout.restaging && layout.not_restaged.includes(plan.levers.neoadjuvant)) continue;
      for (const { name, number } of all.filter((group) => group.moment === moment)) {
        const own = { ...plan.levers, ...leversOfGroup(groups[name] ?? {}) };
        let place = plans.findIndex((other) => Object.keys(own).every((lever) => other.levers[lever] === own[lever]));
        if (place < 0) place = plans.push({ groups: [...plan.groups, name], levers: own, next: {} }) - 1;
        plan.next[number] = place;
      }
    }
  }
  return plans;
}

/** Return the levers that a group sets: its treatment is for all of the group, unless it says otherwise. */
const leversOfGroup = (own) => ("neoadjuvant" in own ? { neoadjuvant_for: "everyone", ...own } : own);

/** Set a number, by its full key (surgery.leak_probability), in all plans of a packed world. */
function setNumber(layout, world, key, value) {
  const { bytes, fields } = layout.records.world;
  if (!fields[key]) throw new Error(`${key}: there is no such number`);
  for (let plan = 0; plan < world.length; plan += bytes) writeField(world, plan, fields[key], value, key);
}

/** Return a number, or a list of them, of a plan of a packed world. */
function getNumber(layout, world, key, plan = 0) {
  const { bytes, fields } = layout.records.world;
  const values = Array.from(readColumn(world, bytes, fields[key]).values)
    .slice(plan * fields[key].length, (plan + 1) * fields[key].length);
  return fields[key].length === 1 ? values[0] : values;
}

/** Return a field of records (Uint8Array) as a typed array, one element or `length` for each record. */
function column(layout, kind, records, name) {
  const { bytes, fields } = layout.records[kind];
  if (!fields[name]) throw new Error(`${kind} has no field ${name}`);
  return readColumn(records, bytes, fields[name]).values;
}

const TYPES = {
  float64: [Float64Array, "Float64"], float32: [Float32Array, "Float32"], int32: [Int32Array, "Int32"],
  uint8: [Uint8Array, "Uint8"], bool: [Uint8Array, "Uint8"],
  // Whole numbers of the model stay far below 2^53.
  int64: [Float64Array, "BigInt64"],
};

function readColumn(records, bytes, { offset, type, length }) {
  const [Kind, name] = TYPES[type];
  const view = new DataView(records.buffer, records.byteOffset, records.byteLength);
  const step = type === "int64" ? 8 : Kind.BYTES_PER_ELEMENT;
  const n = records.byteLength / bytes;
  const values = new Kind(n * length);
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < length; k++) {
      values[i * length + k] = Number(view[`get${name}`](i * bytes + offset + k * step, true));
    }
  }
  return { values };
}

function writeField(records, at, { offset, type, length }, value, key) {
  const [Kind, name] = TYPES[type];
  const view = new DataView(records.buffer, records.byteOffset, records.byteLength);
  const given = Array.isArray(value) ? value : [value];
  if (given.length !== length) throw new Error(`${key}: takes ${length} numbers, not ${given.length}`);
  given.forEach((one, k) => {
    const step = type === "int64" ? 8 : Kind.BYTES_PER_ELEMENT;
    view[`set${name}`](at + offset + k * step, type === "int64" ? BigInt(one) : Number(one), true);
  });
}

/** How many patients are absent from an outcome, do not have it, have it: Float64Array, by state and outcome. */
function statesOf(counts) {
  const [, joint, outcomes] = counts.joint.shape;
  const states = new Float64Array(3 * outcomes);
  for (let both = 0; both < joint; both++) {
    for (let k = 0; k < outcomes; k++) states[(both % 3) * outcomes + k] += counts.joint.values[both * outcomes + k];
  }
  return states;
}

/** Return the warm-up of a clinic, from what `settledAfter` found for each policy: the longest of those that settle. */
const longestWarmUp = (settled) => Math.max(0, ...settled.filter((patients) => patients !== null));

/** Add the counts of other patients under the same policy to the first. */
function addCounts(counts, others) {
  for (const name of Object.keys(counts)) {
    const mine = counts[name].values;
    others[name].values.forEach((value, k) => { mine[k] += value; });
  }
}

class Engine {
  #exports;
  #free;
  #counted = null; // what `begin` began
  #used; // memory from here on has never been written: it is all zeros, and takes none of the machine's
  #keys = new Map();

  constructor(exports, layout) {
    this.#exports = exports;
    this.layout = layout;
    this.#free = this.#used = exports.__heap_base.value;
    this.blank = this.place(fromBase64(layout.blank), layout.records.row.bytes);
    this.horizonDays = this.place(new Uint8Array(Float64Array.from(layout.horizon_days).buffer), 8);
  }

  /** Return the module's memory as bytes; another after the memory has grown. */
  get memory() {
    return new Uint8Array(this.#exports.memory.buffer);
  }

  /** Return a new array of zeros in the module's memory. */
  array(shape, itemBytes) {
    const bytes = shape.reduce((product, length) => product * length, itemBytes);
    const at = Math.ceil(this.#free / ALIGNED_BYTES) * ALIGNED_BYTES;
    this.#free = at + bytes;
    const lacking = this.#free - this.#exports.memory.buffer.byteLength;
    if (lacking > 0) this.#exports.memory.grow(Math.ceil(lacking / PAGE_BYTES));
    this.memory.fill(0, at, Math.max(at, Math.min(this.#used, this.#free)));
    this.#used = Math.max(this.#used, this.#free);
    return { at, shape, itemBytes };
  }

  /** Return a new array that holds these bytes. */
  place(bytes, itemBytes) {
    const array = this.array([bytes.length / itemBytes], itemBytes);
    this.memory.set(bytes, array.at);
    return array;
  }

  /** Return the bytes of an array, copied out. */
  bytesOf(array) {
    return this.memory.slice(array.at, array.at + array.shape.reduce((a, b) => a * b, array.itemBytes));
  }

  /** Call a function of the module with its arguments by name. */
  call(name, given) {
    const words = [];
    for (const { name: argument, axes } of this.layout.functions[name]) {
      const value = given[argument];
      if (value === undefined) throw new Error(`${name}: ${argument} is missing`);
      if (axes === 0) words.push(value);
      else words.push(value.at, ...value.shape);
    }
    const result = this.#exports[`lrrc_${name}`](...words);
    if (Number.isNaN(result)) throw new Error(`${name} failed`);
    return result;
  }

  /** Return a packed world with what follows from its cohort and disease renewed, as `simulate` does first. */
  derived(world) {
    return this.#scratch(() => this.bytesOf(this.#world(world)));
  }

  /** Return the luck of patients `first` to `stop - 1`, as records. */
  luck({ seed, replication = 0, first, stop }) {
    return this.#scratch(() => {
      const luck = this.#newLuck(stop - first);
      this.#draw(luck, seed, replication, first);
      return this.bytesOf(luck);
    });
  }

  /**
   * Simulate patients `first` to `stop - 1` under each packed world, where nobody waits, and count them beside
   * the same patients under the world of index `comparator`.
   *
   * Returns for each world {counts, rows, states}: counts.joint, sums, differences, timed, monthly and flow are
   * {shape, values (Float64Array)} as sim.counting.tally.Parts; rows are records (Uint8Array), or null; states
   * are those of the first `keepStates` patients in each outcome (Uint8Array, by patient and outcome).
   */
  simulate({ seed, replication = 0, first, stop, worlds, comparator = 0, keepRows = false, keepStates = 0 }) {
    return this.#scratch(() => {
      const counters = this.#counters(worlds);
      const found = this.#add({ counters, seed, replication, comparator }, { first, stop, keepRows, keepStates });
      return counters.map((counter, k) => ({ counts: this.#countsOf(counter.parts), ...found[k] }));
    });
  }

  /** Begin to count patients under packed worlds, as `simulate`; what was counted before is given up. */
  begin({ seed, replication = 0, worlds, comparator = 0 }) {
    this.#free = this.#counted?.free ?? this.#free;
    this.#counted = { free: this.#free, counters: this.#counters(worlds), seed, replication, comparator };
  }

  /** Simulate patients `first` to `stop - 1` and count them beside those so far; return for each world as `simulate`. */
  add({ first, stop, keepStates = 0 }) {
    return this.#scratch(() => this.#add(this.#counted, { first, stop, keepStates }));
  }

  /** Return the counts of each world so far, as `simulate`. */
  counted() {
    return this.#counted.counters.map((counter) => this.#countsOf(counter.parts));
  }

  #counters(worlds) {
    return worlds.map((world) => this.#counter(this.#world(world)));
  }

  #add({ counters, seed, replication, comparator }, { first, stop, keepRows = false, keepStates = 0 }) {
    const { row } = this.layout.records;
    const order = [counters[comparator], ...counters.filter((_, k) => k !== comparator)];
    const luck = this.#newLuck(Math.min(BLOCK_PATIENTS, stop - first));
    const rows = this.array([this.layout.chunk_patients], row.bytes);
    const kept = counters.map(() => (keepRows ? new Uint8Array((stop - first) * row.bytes) : null));
    const states = counters.map(() => []);
    const own = this.#measures(luck.shape[0]);
    const others = this.#measures(luck.shape[0]);
    for (let start = first; start < stop; start += luck.shape[0]) {
      const block = slice(luck, 0, Math.min(luck.shape[0], stop - start));
      this.#draw(block, seed, replication, start);
      order.forEach((counter, k) => {
        const measures = k === 0 ? others : own;
        for (let at = 0; at < block.shape[0]; at += rows.shape[0]) {
          const some = slice(rows, 0, Math.min(rows.shape[0], block.shape[0] - at));
          this.#newLives(start + at, some, slice(block, at, at + some.shape[0]), counter.world);
          this.#count(some, counter, measures, others, at);
          kept[counters.indexOf(counter)]?.set(this.bytesOf(some), (start + at - first) * row.bytes);
        }
        const wanted = Math.min(keepStates - (start - first), block.shape[0]);
        if (wanted > 0) states[counters.indexOf(counter)].push(this.#eachState(slice(measures.states, 0, wanted)));
      });
    }
    return counters.map((_, k) => ({ rows: kept[k], states: joined(states[k]) }));
  }

  /**
   * Return what happens to one patient who waits for nobody, under a packed world: {event, day, row} of each
   * event in order, the row (a record, Uint8Array) as it is after it. `luck`: a record of it, in place of the
   * patient's own.
   */
  course({ seed, replication = 0, number, world, luck = null }) {
    return this.#scratch(() => {
      const { records: { row }, enumerations: { Event }, end, end_days: endDays } = this.layout;
      const given = { worlds: this.#world(world), i: 0, horizon_days: endDays };
      given.luck_table = luck ? this.place(luck, this.layout.records.luck.bytes) : this.#newLuck(1);
      if (!luck) this.#draw(given.luck_table, seed, replication, number);
      given.rows = this.array([1], row.bytes);
      this.call("enter", { first: number, blank: this.blank, rows: given.rows });
      const happened = [];
      for (let event = Event.diagnosis; event !== end;) {
        const agenda = column(this.layout, "row", this.bytesOf(given.rows), "agenda");
        const next = this.call("react", { ...given, event });
        happened.push({ event, day: agenda[event], row: this.bytesOf(given.rows) });
        event = next;
      }
      return happened;
    });
  }

  /**
   * Simulate one patient for each record of luck (Uint8Array), where nobody waits: {rows, states}, the state in
   * each outcome by record (Uint8Array).
   */
  repeat({ number, luck, world }) {
    return this.#scratch(() => {
      const { records: { row, luck: { bytes } }, chunk_patients: chunk } = this.layout;
      const counter = this.#counter(this.#world(world));
      const table = this.place(luck, bytes);
      const rows = this.array(table.shape, row.bytes);
      const own = this.#measures(rows.shape[0]);
      for (let at = 0; at < rows.shape[0]; at += chunk) {
        const stop = Math.min(at + chunk, rows.shape[0]);
        const some = slice(rows, at, stop);
        this.#newLives(number, some, slice(table, at, stop), counter.world);
        this.#count(some, counter, own, own, at);
      }
      return { rows: this.bytesOf(rows), states: this.#eachState(own.states) };
    });
  }

  /**
   * Return after how many patients the waits of a clinic that opens empty have settled under a packed world, by a
   * pilot; null where they do not. `clinic` as of `simulateInClinic`; its theatre is never closed meanwhile.
   */
  settledAfter({ seed, replication = 0, world, clinic }) {
    return this.#scratch(() => {
      const { crowd, records, horizons_years: years, week_days: weekDays, not_settled: notSettled } = this.layout;
      const perYear = clinic.arrivals_per_year;
      const n = Math.max(crowd.least_pilot, roundHalfEven(crowd.pilot_horizons * years[years.length - 1] * perYear));
      const days = this.#arrivalDays(seed, replication, [{ number: crowd.pilot, start: 0, stop: n }], perYear);
      const luck = this.#newLuck(n);
      this.#draw(luck, seed, replication, crowd.pilot);
      const one = this.#clinic(world, this.#openAllAlong(clinic.resources), clinic.times, n, n);
      this.#admit(one, crowd.pilot, days, 0);
      this.#simulateUntil(one, luck, Infinity, 0, n);
      const log = slice(one.given.log, 0, this.#logged(one));
      const weeks = Math.max(Math.ceil(days[n - 1] / weekDays) - 1, 0);
      const patients = this.call("settled", {
        rows: one.rows, log, days: this.#numbers([days], [n]),
        "series.waits": this.array([n], 8),
        "series.census": this.array([weeks], 8),
        "series.came": this.array([weeks], 8),
        "series.lengths": this.array([records.resources.fields.units.length, weeks], 8),
        "series.means": this.array([Math.max(n, weeks)], 8),
      });
      return patients === notSettled ? null : patients;
    });
  }

  /**
   * Simulate a cohort that comes to a clinic where patients queue, under each packed world; count as `simulate`.
   *
   * `clinic`: {arrivals_per_year, resources, times} (records, Uint8Array); so many patients come before the
   * cohort as `warmUpPatients` says. Returns for each world {batches, flow, log, rows}: the counts of each batch
   * of neighbours, in order of arrival, as of `simulate` but for the recurrences' ways (flow), which are those of
   * all; timed adds up the folds. `log`: records of all who queued.
   */
  simulateInClinic(asked) {
    const steps = this.attending(asked);
    for (;;) {
      const { done, value } = steps.next();
      if (done) return value;
    }
  }

  /**
   * As `simulateInClinic`, in steps: a generator that returns the same. Between two steps nothing else may be asked
   * of the engine; it can be given up there (`return`).
   */
  * attending(asked) {
    const free = this.#free;
    try {
      return yield* this.#attend(asked);
    } finally {
      this.#free = free;
    }
  }

  /**
   * Return what happens to patient `number` of a cohort that comes to a clinic where patients queue, under a packed
   * world, as `course` does; in steps, as `attending`. The turns are those of the clinic with all who come.
   */
  * following({ number, world, ...asked }) {
    const free = this.#free;
    try {
      const [{ log, day }] = yield* this.#attend({ ...asked, worlds: [world], follow: number });
      return this.#followed({ ...asked, number, world, day, requests: this.#linesOf(log) });
    } finally {
      this.#free = free;
    }
  }

  #linesOf(log) {
    const of = (name) => column(this.layout, "log", log, name);
    const [events, granted, asked, left] = ["event", "granted", "asked_day", "left_day"].map(of);
    return Array.from(events, (event, k) => ({ event, granted: granted[k] === 1, asked: asked[k], left: left[k] }));
  }

  // Event by event: a request is made when one of the log was made, and its turn comes when it came there.
  #followed({ seed, replication = 0, number, world, day: arrival, requests }) {
    const { records: { row }, enumerations: { Event }, end, end_days: endDays } = this.layout;
    const rows = this.array([1], row.bytes);
    this.#admit({ rows }, number, [arrival], 0);
    const given = { rows, luck_table: this.#newLuck(1), worlds: this.#world(world), i: 0, horizon_days: endDays };
    this.#draw(given.luck_table, seed, replication, number);
    const made = new Set();
    const ready = new Set(); // events whose turn has come
    const happened = [];
    let waits = [];
    for (let event = Event.diagnosis; ;) {
      const now = this.bytesOf(rows);
      const [waiting] = column(this.layout, "row", now, "waiting");
      waits = waits.filter((request) => Math.floor(waiting / 2 ** request.event) % 2 === 1);
      const day = event === end ? Infinity : column(this.layout, "row", now, "agenda")[event];
      const turn = Math.min(...waits.map(({ left }) => left));
      const request = requests.find((one) => one.event === event && one.asked === day && !made.has(one));
      if (turn < day) {
        // At one instant events come first, then the turns.
        for (const { event: next, asked: asked_day } of waits.filter(({ left }) => left === turn)) {
          event = this.call("be_served", { ...given, event: next, asked_day, now: turn });
          ready.add(next);
        }
      } else if (event === end) return happened;
      else if (request && !ready.delete(event)) {
        made.add(request);
        if (request.granted) waits.push(request);
        event = this.call("wait", { ...given, event, now: day });
      } else {
        ready.delete(event);
        const next = this.call("react", { ...given, event });
        happened.push({ event, day, row: this.bytesOf(rows) });
        event = next;
      }
    }
  }

  // `follow`: the number of a patient; then only the log of that patient is returned, and the day of arrival.
  * #attend({
    seed, replication = 0, patients, worlds, comparator = 0, clinic, warmUpPatients, keepRows = false, follow = null,
  }) {
    const { records: { row }, crowd, end_days: endDays } = this.layout;
    const parts = this.#parts(patients, clinic.arrivals_per_year, warmUpPatients);
    const days = this.#arrivalDays(seed, replication, parts, clinic.arrivals_per_year);
    const blocks = parts.flatMap(({ number, start, stop }) => Array.from(
      { length: Math.ceil((stop - start) / crowd.block) },
      (_, k) => ({ number: number + k * crowd.block, start: start + k * crowd.block,
        stop: Math.min(start + (k + 1) * crowd.block, stop) }),
    ));
    const abreast = abreastOf(days, blocks, endDays);
    const luck = this.#newLuck(abreast * crowd.block);
    const open = this.#closedLater(clinic.resources, Math.floor(days[warmUpPatients]));
    const clinics = worlds.map((world) => this.#clinic(world, open, clinic.times, luck.shape[0], days.length));
    const counting = new Batches(patients, this.layout.batches);
    const counters = clinics.map(({ worlds: world }) => this.#counter(world));
    const others = this.#measures(crowd.block);
    const own = this.#measures(crowd.block);
    const order = [comparator, ...worlds.keys()].filter((k, at) => at === 0 || k !== comparator);
    const day = follow === null ? null : days[warmUpPatients + follow];
    const made = worlds.map(() => ({ day, batches: [], flow: null, log: [], rows: [] }));
    for (let k = 0; k < blocks.length + abreast; k++) {
      if (day !== null && k < blocks.length && days[blocks[k].start] > day + endDays) break;
      const left = blocks[k - abreast];
      if (day === null && left && left.number < crowd.before) {
        const place = (k % abreast) * crowd.block;
        for (const { first, stop, ends } of counting.next(left.stop - left.start)) {
          for (const w of order) {
            const measures = w === comparator ? others : own;
            for (let at = first; at < stop; at += this.layout.chunk_patients) {
              const end = Math.min(at + this.layout.chunk_patients, stop);
              const some = slice(clinics[w].rows, place + at, place + end);
              this.#count(some, counters[w], measures, others, at);
              if (keepRows) made[w].rows.push(this.bytesOf(some));
            }
          }
          if (ends) worlds.forEach((_, w) => this.#endBatch(counters[w], made[w]));
        }
      }
      if (k < blocks.length) {
        const { number, start, stop } = blocks[k];
        const place = (k % abreast) * crowd.block;
        this.#draw(slice(luck, place, place + stop - start), seed, replication, number);
        clinics.forEach((one, w) => {
          this.#admit(one, number, days.subarray(start, stop), place);
          const until = stop < days.length ? days[stop] : Infinity;
          this.#simulateUntil(one, luck, until, place, place + stop - start);
          const log = this.#drainedLog(one);
          made[w].log.push(day === null ? log : this.#ofPatient(log, follow));
        });
      }
      yield;
    }
    return made.map(({ log, rows, ...counts }) => ({
      ...counts, log: joined(log), rows: keepRows ? joined(rows) : null,
    }));
  }

  /**
   * Return the share yes / (no + yes) of outcomes with its 95 % interval, as the tables have it: {n, estimate, low,
   * high} of each; NaN where there was nobody. `outcomes`: for each the counts [absent, no, yes] of each group of
   * patients; where patients queue (`byBatch`), the groups are batches of neighbours.
   */
  shares(outcomes, byBatch = false) {
    return this.#scratch(() => this.#estimatesOf("shares", outcomes, byBatch));
  }

  /** Return means, as `shares`; of [n, sum, sum of squares], in units of 1 / scale (`scales`: one for each). */
  means(amounts, scales, byBatch = false) {
    return this.#scratch(() => (
      this.#estimatesOf("means", amounts, byBatch, { scales: this.#numbers([scales], [scales.length]) })));
  }

  /** Return means, as `shares`; of [n, sum] of each group of patients, folds or batches, in units of 1 / scale. */
  groupMeans(amounts, scales, byBatch = false) {
    return this.#scratch(() => (
      this.#estimatesOf("group_means", amounts, byBatch, { scales: this.#numbers([scales], [scales.length]) })));
  }

  /** Return shares less those of the comparator, as `shares`; of nine joint counts, the comparator's state first. */
  shareDifferences(outcomes, byBatch = false) {
    return this.#scratch(() => this.#estimatesOf("share_differences", outcomes, byBatch));
  }

  /** Return the share of patients whose state is `before` under the comparator and `after` under the policy. */
  shareChanges(outcomes, before, after, byBatch = false) {
    return this.#scratch(() => {
      const [counts, [length, groups]] = this.#placed(outcomes);
      const changes = this.array([length, groups, 3], 8);
      this.call("changes", { counts, before, after, changes });
      return this.#estimates("shares", changes, byBatch, length);
    });
  }

  /**
   * Return by policy, for each treatment, {share, needed, low, high}: the share of all patients who have it, and
   * how many more have it for each event averted; NaN where that says nothing. `shares`: by policy and treatment
   * {n, estimate}, n of the first of all patients; `changes`: by policy {estimate, low, high} of the event less
   * the comparator's; `comparator`: its index.
   */
  needed(shares, changes, comparator) {
    return this.#scratch(() => {
      const treatments = shares[0].length;
      const found = this.array([shares.length, treatments, 4], 8);
      this.call("needed", {
        shares: this.#numbers(shares.map((own) => own.flatMap(({ n, estimate }) => [n, estimate])), [shares.length, treatments, 2]),
        changes: this.#numbers(changes.map(({ estimate, low, high }) => [estimate, low, high]), [changes.length, 3]),
        comparator, found,
      });
      const values = new Float64Array(this.#exports.memory.buffer, found.at, 4 * shares.length * treatments);
      return shares.map((own, p) => own.map((_, k) => {
        const [share, needed, low, high] = values.subarray(4 * (p * treatments + k));
        return { share, needed, low, high };
      }));
    });
  }

  /**
   * Return product-limit survivals at some days, as `shares`. `groups`: for each fold, or batch of neighbours
   * (`byBatch`), the deaths and censorings of each whole day, one after the other.
   */
  survivals(groups, days, byBatch = false) {
    return this.#scratch(() => {
      const [counts] = this.#placed([groups]);
      const flat = { ...counts, shape: counts.shape.slice(1) };
      return this.#estimates("survivals", flat, byBatch, days.length, { days: this.#numbers([days], [days.length]) });
    });
  }

  /** Return the survivals less the comparator's (`others`), of the same patients in each group. */
  survivalDifferences(groups, others, days, byBatch = false) {
    return this.#scratch(() => {
      const [mine, theirs] = [groups, others].map((side) => {
        const [counts] = this.#placed([side]);
        return { ...counts, shape: counts.shape.slice(1) };
      });
      return this.#estimates("survival_differences", mine, byBatch, days.length, {
        others: theirs, days: this.#numbers([days], [days.length]), ...this.#roomOf("beside", theirs.shape),
      });
    });
  }

  #estimatesOf(name, outcomes, byBatch, given) {
    const [counts] = this.#placed(outcomes);
    return this.#estimates(name, counts, byBatch, outcomes.length, given);
  }

  #estimates(name, counts, byBatch, length, given = {}) {
    const found = this.array([length, 4], 8);
    const room = this.#roomOf("scratch", counts.shape.slice(-2));
    this.call(name, { ...given, ...room, counts, by_batch: Number(byBatch), found });
    const values = new Float64Array(this.#exports.memory.buffer, found.at, 4 * length);
    return Array.from({ length }, (_, k) => {
      const [n, estimate, low, high] = values.subarray(4 * k, 4 * k + 4);
      return { n, estimate, low, high };
    });
  }

  #roomOf(argument, [groups, cells]) {
    const lengths = { groups, cells };
    return Object.fromEntries(Object.entries(this.layout.estimates_scratch).map(([name, axis]) => (
      [`${argument}.${name}`, this.array([lengths[axis]], 8)])));
  }

  // Counts by outcome and group, and their shape.
  #placed(outcomes) {
    const shape = [outcomes.length, outcomes[0]?.length ?? 1, outcomes[0]?.[0]?.length ?? 0];
    return [this.#numbers(outcomes.flat(), shape), shape];
  }

  #numbers(rows, shape) {
    const array = this.array(shape, 8);
    const length = shape.reduce((a, b) => a * b, 1);
    const view = new Float64Array(this.#exports.memory.buffer, array.at, length);
    const filled = rows.reduce((at, row) => (view.set(row, at), at + row.length), 0);
    if (filled !== length) throw new Error("counts of unlike length");
    return array;
  }

  // A warm-up, the cohort, and those who come after it for as long as it is followed.
  #parts(patients, arrivalsPerYear, warmUpPatients) {
    const { crowd, horizons_years: years } = this.layout;
    const cohortStop = warmUpPatients + patients;
    const after = roundHalfEven(arrivalsPerYear * years[years.length - 1]) + 1;
    return [
      { number: crowd.before, start: 0, stop: warmUpPatients },
      { number: 0, start: warmUpPatients, stop: cohortStop },
      { number: crowd.after, start: cohortStop, stop: cohortStop + after },
    ];
  }

  #arrivalDays(seed, replication, parts, arrivalsPerYear) {
    const { luck_columns: columns, year_days: yearDays, grid_per_day: grid } = this.layout;
    const k = columns.indexOf("arrival");
    const { rounds } = this.layout.philox;
    const key = this.#keysOf(seed, replication).subarray(16 * rounds * k, 16 * rounds * (k + 1));
    const days = new Float64Array(parts[parts.length - 1].stop);
    let day = 0;
    for (const { number, start, stop } of parts) {
      this.#scratch(() => {
        const keys = this.place(key, 8);
        const gaps = this.array([stop - start, 1], 8);
        this.call("fill", { plain: gaps, first: number, keys: { at: keys.at, shape: [1, 2 * rounds] }, normal: 0 });
        new Float64Array(this.#exports.memory.buffer, gaps.at, stop - start).forEach((uniform, i) => {
          day += -Math.log(uniform) * yearDays / arrivalsPerYear;
          days[start + i] = Math.floor(day * grid) / grid;
        });
      });
    }
    return days;
  }

  // The closure is counted from the cohort's first arrival.
  #closedLater(resources, days) {
    const { fields } = this.layout.records.resources;
    const open = resources.slice();
    for (const key of ["closed_from_day", "closed_until_day"]) {
      const later = Array.from(column(this.layout, "resources", open, key), (day) => day + days);
      writeField(open, 0, fields[key], later, key);
    }
    return open;
  }

  #openAllAlong(resources) {
    const { fields } = this.layout.records.resources;
    const open = resources.slice();
    for (const key of ["closed_from_day", "closed_until_day"]) {
      writeField(open, 0, fields[key], Array(fields[key].length).fill(Infinity), key);
    }
    return open;
  }

  #clinic(world, resources, times, n, patients) {
    const { records, enumerations, unlimited_count: unlimited, calendar_children: children } = this.layout;
    const events = Object.keys(enumerations.Event).length;
    const units = column(this.layout, "resources", resources, "units");
    const limited = units.filter((count) => count < unlimited);
    const requests = 2 * patients + 2;
    // Served events come once per patient, a few looks at a response among them, except visits.
    const visits = column(this.layout, "world", world, "follow_up.mri");
    const plans = world.length / records.world.bytes;
    const length = visits.length / plans;
    const watched = column(this.layout, "world", world, "follow_up.watch_days").length / plans;
    const most = events + watched + Math.max(...Array.from({ length: plans }, (_, plan) => (
      visits.subarray(plan * length, (plan + 1) * length).reduce((a, b) => a + b, 0))));
    const clinic = {
      world,
      worlds: this.#world(world),
      rows: this.array([n], records.row.bytes),
      given: {
        times: this.place(times, records.times.bytes),
        "calendar.heap": this.array([n + 1], 8),
        "calendar.days": this.array([n + children], 8),
        "calendar.size": this.array([1], 8),
        "calendar.at": this.array([n], 8),
        "calendar.upcoming": this.array([n], 8),
        "calendar.asked": this.array([n], 8),
        "calendar.places": this.array([n, events], 4),
        "queues.resources": this.place(resources, records.resources.bytes),
        "queues.releases": this.array([units.length, Math.max(0, ...limited) + 1], 8),
        "queues.heaps": this.array([units.length, requests], 8),
        "queues.pool": this.array([requests], records.request.bytes),
        log: this.array([most * n], records.log.bytes),
        turns: this.array([2 * n + 2, 2], 8),
      },
    };
    new Float64Array(this.#exports.memory.buffer, clinic.given["calendar.days"].at, n + children).fill(Infinity);
    this.memory.fill(255, clinic.given["calendar.at"].at, clinic.given["calendar.at"].at + 8 * n); // -1
    return clinic;
  }

  #admit({ rows }, number, days, place) {
    const { records: { row }, enumerations } = this.layout;
    const some = slice(rows, place, place + days.length);
    this.call("enter", { first: number, blank: this.blank, rows: some });
    const view = new DataView(this.#exports.memory.buffer, some.at, days.length * row.bytes);
    const at = row.fields.agenda.offset + 8 * enumerations.Event.diagnosis;
    days.forEach((day, i) => view.setFloat64(i * row.bytes + at, day, true));
  }

  #simulateUntil({ worlds, rows, given }, luck, day, first, stop) {
    this.call("simulate_until", {
      ...given, day, first, stop, rows, luck, worlds, horizon_days: this.layout.end_days,
    });
  }

  // How many lines the log has.
  #logged({ given }) {
    return Number(new DataView(this.#exports.memory.buffer).getBigInt64(this.#loggedAt(given), true));
  }

  #loggedAt(given) {
    return given["queues.resources"].at + this.layout.records.resources.fields.logged.offset;
  }

  // The log is emptied, so that it stays as short as the clinic is small.
  #drainedLog(one) {
    const lines = slice(one.given.log, 0, this.#logged(one));
    new DataView(this.#exports.memory.buffer).setBigInt64(this.#loggedAt(one.given), 0n, true);
    return this.bytesOf(lines);
  }

  #ofPatient(log, number) {
    const { bytes } = this.layout.records.log;
    const lines = Array.from(column(this.layout, "log", log, "number")).flatMap((one, k) => (
      one === number ? [log.subarray(k * bytes, (k + 1) * bytes)] : []));
    return joined(lines);
  }

  #endBatch(counter, made) {
    const { timed, ...others } = counter.parts;
    const { flow, ...counts } = this.#countsOf(others);
    if (made.flow) flow.values.forEach((value, k) => { made.flow.values[k] += value; });
    else made.flow = flow;
    made.batches.push({ ...counts, timed: this.#withoutFolds(timed) });
    for (const { at, shape } of Object.values(counter.parts)) {
      this.memory.fill(0, at, at + shape.reduce((a, b) => a * b, 8));
    }
  }

  // The counts of one batch are far below 2^32.
  #withoutFolds({ at, shape: [, outcomes, cells] }) {
    const words = new Uint32Array(this.#exports.memory.buffer, at, 2 * outcomes * cells);
    const kept = this.layout.outcomes.timed.length;
    const folds = outcomes - kept + 1; // of the first outcome
    const sums = new Float64Array(kept * cells);
    for (let row = 0; row < outcomes; row++) {
      const to = Math.max(row - folds + 1, 0) * cells;
      for (let k = 0; k < cells; k++) {
        const count = words[2 * (row * cells + k)];
        if (count) sums[to + k] += count;
      }
    }
    return { shape: [1, kept, cells], values: sums };
  }

  // What is made in the module's memory meanwhile is free again afterwards.
  #scratch(work) {
    const free = this.#free;
    try {
      return work();
    } finally {
      this.#free = free;
    }
  }

  #newLuck(patients) {
    return this.array([patients], this.layout.records.luck.bytes);
  }

  #draw(luck, seed, replication, first) {
    const columns = this.layout.luck_columns.length;
    const keys = this.place(this.#keysOf(seed, replication), 8);
    this.call("fill", {
      plain: { at: luck.at, shape: [luck.shape[0], columns] },
      first,
      keys: { at: keys.at, shape: [columns, 2 * this.layout.philox.rounds] },
      normal: this.layout.normal_columns,
    });
    this.#free = keys.at;
  }

  // Each column is a stream of its own, keyed by (seed, replication, name), two keys for each round: see sim/luck.py.
  #keysOf(seed, replication) {
    const name = `${seed}/${replication}`;
    if (!this.#keys.has(name)) {
      const { luck_columns: columns, philox: { rounds, key_steps: steps } } = this.layout;
      const keys = new BigUint64Array(2 * rounds * columns.length);
      columns.forEach((column, k) => {
        const first = new BigUint64Array(sha256(`${name}/${column}`).slice(0, 16).buffer);
        for (let round = 0; round < rounds; round += 1) {
          for (const half of [0, 1]) keys[2 * (rounds * k + round) + half] = first[half] + BigInt(round) * BigInt(steps[half]);
        }
      });
      this.#keys.set(name, new Uint8Array(keys.buffer));
    }
    return this.#keys.get(name);
  }

  #world(bytes) {
    const world = this.place(bytes, this.layout.records.world.bytes);
    this.call("derive", { worlds: world });
    return world;
  }

  #newLives(first, rows, luck, worlds) {
    this.call("simulate", {
      first, rows, luck, worlds, blank: this.blank, horizon_days: this.layout.end_days,
    });
  }

  #counter(world) {
    const counter = { world, parts: {}, scratch: {} };
    for (const [name, shape] of Object.entries(this.layout.counts)) counter.parts[name] = this.array(shape, 8);
    for (const [name, { shape, bytes }] of Object.entries(this.layout.scratch)) {
      counter.scratch[`scratch.${name}`] = this.array(shape, bytes);
    }
    return counter;
  }

  #measures(patients) {
    const { state_words: words, amounts, places, values } = this.layout.outcomes;
    return {
      states: this.array([patients, ...words], 8),
      amounts: this.array([amounts.length, patients], 8),
      places: this.array([patients, places], 8),
      values: this.array([patients, values.length], 8),
    };
  }

  /** Return the state of each patient in each outcome (Uint8Array, by patient and outcome). */
  #eachState(states) {
    const each = this.array([states.shape[0], this.layout.outcomes.binary.length], 1);
    this.call("each_state", { states, horizons: this.horizonDays.shape[0], each });
    return this.bytesOf(each);
  }

  #count(rows, counter, own, others, first) {
    const given = { rows, world: counter.world, first, part: 0, ...counter.scratch };
    for (const [name, part] of Object.entries(counter.parts)) given[`parts.${name}`] = part;
    this.call("count", {
      ...given,
      "own.states": own.states, "own.amounts": own.amounts, "own.places": own.places, "own.values": own.values,
      "others.states": others.states, "others.amounts": others.amounts, "others.places": others.places,
      "others.values": others.values,
      horizon_days: this.horizonDays,
      end_days: this.layout.end_days,
    });
  }

  #countsOf(parts) {
    const counts = {};
    for (const [name, { at, shape }] of Object.entries(parts)) {
      const words = new Uint32Array(this.#exports.memory.buffer, at, 2 * shape.reduce((a, b) => a * b, 1));
      const values = new Float64Array(words.length / 2);
      for (let k = 0; k < values.length; k++) values[k] = words[2 * k] + (words[2 * k + 1] | 0) * 2 ** 32;
      counts[name] = { shape, values };
    }
    return counts;
  }
}

// Patients in order of arrival, and where each batch of them ends: see batch_stops of sim/counting/tally.py.
class Batches {
  constructor(patients, most) {
    const batches = Math.max(Math.min(most, Math.floor(patients / 2)), 1);
    this.stops = Array.from({ length: batches }, (_, k) => Math.floor((k + 1) * patients / batches));
    this.counted = 0;
  }

  /** Yield the parts of the next `patients` that belong to one batch, and whether it ends with them. */
  * next(patients) {
    for (let first = 0; first < patients;) {
      const stop = Math.min(patients, first + this.stops[0] - this.counted);
      this.counted += stop - first;
      const ends = this.counted === this.stops[0];
      yield { first, stop, ends };
      if (ends) this.stops.shift();
      first = stop;
    }
  }
}

// How many blocks are in the clinic at most, the last of whom has not reached the horizon.
function abreastOf(days, blocks, horizonDays) {
  let most = 0;
  let gone = 0;
  blocks.forEach(({ start }, k) => {
    while (days[blocks[gone].stop - 1] + horizonDays < days[start]) gone++;
    most = Math.max(most, k - gone);
  });
  return most + 1;
}

function joined(parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  parts.reduce((at, part) => (whole.set(part, at), at + part.length), 0);
  return whole;
}

// As Python rounds.
function roundHalfEven(value) {
  const below = Math.floor(value);
  return value - below === 0.5 ? below + (below % 2) : Math.round(value);
}

function slice({ at, shape: [, ...rest], itemBytes }, first, stop) {
  const bytes = rest.reduce((product, length) => product * length, itemBytes);
  return { at: at + first * bytes, shape: [stop - first, ...rest], itemBytes };
}

// FIPS 180-4. A page that is opened from disk has no crypto.subtle in every browser, and that answers late.
const [ROOTS, CUBES] = [2, 3].map((root) => {
  const primes = [];
  for (let n = 2; primes.length < 64; n++) if (primes.every((prime) => n % prime)) primes.push(n);
  return Uint32Array.from(primes, (prime) => (prime ** (1 / root) % 1) * 2 ** 32);
});

/** Return the SHA-256 of an ASCII text, 32 bytes. */
function sha256(text) {
  const length = Math.ceil((text.length + 9) / 64) * 64;
  const padded = new DataView(new ArrayBuffer(length));
  for (let i = 0; i < text.length; i++) padded.setUint8(i, text.charCodeAt(i));
  padded.setUint8(text.length, 0x80);
  padded.setUint32(length - 4, text.length * 8);
  const hash = ROOTS.slice(0, 8);
  const words = new Uint32Array(64);
  const turned = (word, by) => (word >>> by) | (word << (32 - by));
  for (let at = 0; at < length; at += 64) {
    for (let k = 0; k < 64; k++) {
      if (k < 16) words[k] = padded.getUint32(at + 4 * k);
      else {
        const [a, b] = [words[k - 15], words[k - 2]];
        words[k] = words[k - 16] + (turned(a, 7) ^ turned(a, 18) ^ (a >>> 3)) + words[k - 7]
          + (turned(b, 17) ^ turned(b, 19) ^ (b >>> 10));
      }
    }
    let [a, b, c, d, e, f, g, h] = hash;
    for (let k = 0; k < 64; k++) {
      const one = (h + (turned(e, 6) ^ turned(e, 11) ^ turned(e, 25)) + ((e & f) ^ (~e & g)) + CUBES[k] + words[k]) | 0;
      const two = ((turned(a, 2) ^ turned(a, 13) ^ turned(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      [h, g, f, e, d, c, b, a] = [g, f, e, (d + one) | 0, c, b, a, (one + two) | 0];
    }
    [a, b, c, d, e, f, g, h].forEach((word, k) => { hash[k] += word; });
  }
  const bytes = new DataView(new ArrayBuffer(32));
  hash.forEach((word, k) => bytes.setUint32(4 * k, word));
  return new Uint8Array(bytes.buffer);
}

export { loadEngine, fromBase64, packWorld, worldOf, plansOf, leversOfGroup, setNumber, getNumber, column, statesOf, addCounts, longestWarmUp, sha256 };
