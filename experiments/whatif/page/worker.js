// What a worker does: simulate patients and add up their counts. It follows the engine's script in one text.

let engine = null; // of the horizon that is asked for
let model = null;
let horizons = null; // what of the layout depends on the horizon, by its name
let module = null;
const engines = new Map(); // by the name of the horizon
let asked = null; // the request that is counted

let newest = 0; // request: one before it is given up

// One message after the other: the engine is ready before anything is asked of it.
let before = Promise.resolve();
onmessage = ({ data }) => {
  if (data.kind === "newest") newest = data.request;
  else before = before.then(() => answer(data));
};

async function answer(data) {
  try {
    if (data.kind === "start") {
      ({ layout: model, horizons, bytes: module } = data);
      await useHorizon("");
      postMessage({ kind: "ready" });
    } else {
      await useHorizon(data.horizon ?? "");
      const found = await ANSWERS[data.kind](data);
      postMessage(found, { transfer: buffersOf(found) });
    }
  } catch (error) {
    postMessage({ kind: "failed", request: data.request, words: String(error) });
  }
}

/** Let the engine of a horizon answer; it is made when it is first asked. */
async function useHorizon(name) {
  if (!engines.has(name)) engines.set(name, await loadEngine(module, { ...model, ...horizons[name] }));
  engine = engines.get(name);
}

/** Return the buffers of an answer's counts: they are made for it, and need not be copied. */
function buffersOf({ counts, policies }) {
  const all = counts ?? policies?.flatMap(({ batches, flow }) => [...batches, { flow }]) ?? [];
  return all.flatMap((parts) => Object.values(parts).map(({ values }) => values.buffer));
}

const ANSWERS = {
  simulate({ request, seed, replication, first, stop, worlds, comparator, keepStates }) {
    if (asked !== request) engine.begin({ seed, replication, worlds, comparator });
    asked = request;
    const found = engine.add({ first, stop, keepStates });
    return { kind: "simulated", request, states: keepStates ? found.map(({ states }) => states) : null };
  },

  counts({ request }) {
    return { kind: "counts", request, counts: asked === request ? engine.counted() : null };
  },

  settled({ request, seed, replication, world, clinic }) {
    return { kind: "settled", request, patients: engine.settledAfter({ seed, replication, world, clinic }) };
  },

  /** Return the counts and the waits of each policy; no `policies` where the request was given up. */
  async clinic({ request, seed, replication, patients, worlds, comparator, clinic, warmUpPatients, steps, window }) {
    const asked = { seed, replication, patients, worlds, comparator, clinic, warmUpPatients };
    const found = await inSlices(engine.attending(asked), request);
    if (!found) return { kind: "clinic", request };
    return {
      kind: "clinic",
      request,
      policies: found.map(({ batches, flow, log }) => ({
        batches, flow, ...readLog(log, steps, patients, window),
      })),
    };
  },

  /** Return a patient's course under each world, and what follows with other luck after the diagnosis. */
  course({ request, seed, replication, number, worlds, times }) {
    const own = engine.luck({ seed, replication, first: number, stop: number + 1 });
    const courses = worlds.map((world) => engine.course({ seed, replication, number, world }));
    const others = Array.from({ length: times }, (_, k) => (
      engine.luck({ seed, replication: replication + 1 + k, first: number, stop: number + 1 })));
    const kept = traits(own, others[0], number, worlds[0]);
    const luck = joined(others.map((other) => withColumns(other, own, kept)));
    return { kind: "course", request, courses, repeated: worlds.map((world) => engine.repeat({ number, luck, world }).states) };
  },

  /** Return a patient's course among all who come to a clinic; no `course` where the request was given up. */
  async following({ request, ...asked }) {
    const course = await inSlices(engine.following(asked), request);
    return { kind: "following", request, ...(course ? { course } : {}) };
  },
};

/** Return what steps of the engine come to; null where another request is asked meanwhile. */
async function inSlices(steps, request) {
  for (let heard = performance.now(); ;) {
    const { done, value } = steps.next();
    if (done) return value;
    if (performance.now() - heard > SLICE_MILLISECONDS) {
      await hear();
      if (request !== newest) {
        steps.return();
        return null;
      }
      heard = performance.now();
    }
  }
}

const SLICE_MILLISECONDS = 50; // of what is simulated before a worker hears what else is asked
const channel = new MessageChannel();

/** Let messages that have come be heard. */
const hear = () => new Promise((heard) => {
  channel.port1.onmessage = heard;
  channel.port2.postMessage(null);
});

/**
 * Return what a log says: `waits`, by step how long patients waited, as analysis.tables.queueing.waits; `moves`,
 * who waited and who was treated in a window of days, typed arrays with an element for each request.
 */
function readLog(log, steps, patients, [from, until]) {
  const { bytes, fields } = model.records.log;
  const view = new DataView(log.buffer, log.byteOffset, log.byteLength);
  const [number, event, granted, asked, left, held] = [
    "number", "event", "granted", "asked_day", "left_day", "holds_days"].map((name) => fields[name].offset);
  const found = Object.entries(steps).map(([step, { events, target }]) => ({ step, events, target, served: [], n: 0, beyond: 0 }));
  const stepOf = [];
  for (const one of found) for (const each of one.events) stepOf[each] = one;
  const moves = { event: [], asked: [], left: [], held: [] };
  for (let at = 0; at < log.byteLength; at += bytes) {
    const what = view.getInt32(at + event, true);
    const step = stepOf[what];
    if (!step) continue;
    const askedDay = view.getFloat64(at + asked, true);
    const leftDay = view.getFloat64(at + left, true);
    // The cohort's numbers are below that of its patients; those before and after it have larger ones.
    if (view.getInt32(at + number + 4, true) === 0 && view.getUint32(at + number, true) < patients) {
      const days = leftDay - askedDay;
      step.n += 1;
      step.beyond += days > step.target;
      if (view.getUint8(at + granted)) step.served.push(days);
    }
    if (askedDay >= until || leftDay + LONGEST_HELD_DAYS <= from) continue;
    let longest = 0;
    for (let k = 0; k < fields.holds_days.length; k++) longest = Math.max(longest, view.getFloat32(at + held + 4 * k, true));
    moves.event.push(what);
    moves.asked.push(askedDay);
    moves.left.push(leftDay);
    moves.held.push(longest);
  }
  return {
    waits: Object.fromEntries(found.map(({ step, n, beyond, target, served }) => {
      const sorted = Float64Array.from(served).sort();
      return [step, {
        n,
        served: sorted.length,
        median: quantile(sorted, 0.5),
        p90: quantile(sorted, 0.9),
        mean: sorted.length ? sorted.reduce((total, days) => total + days, 0) / sorted.length : NaN,
        target,
        beyond: n ? beyond / n : NaN,
      }];
    })),
    moves: Object.fromEntries(Object.entries(moves).map(([name, values]) => [name, Float64Array.from(values)])),
  };
}

const LONGEST_HELD_DAYS = 60; // so long a patient may be in hand

function quantile(sorted, p) {
  if (!sorted.length) return NaN;
  const at = (sorted.length - 1) * p;
  const below = Math.floor(at);
  return sorted[below] + (at - below) * ((sorted[below + 1] ?? sorted[below]) - sorted[below]);
}

/** Return the columns of luck that a patient's traits follow from: another draw shows in the row once staged. */
function traits(own, other, number, world) {
  const { diagnosis, staging_mri: staging } = model.enumerations.Event;
  const staged = (luck) => {
    const events = engine.course({ number, world, luck }).filter(({ event }) => event === diagnosis || event === staging);
    const { offset } = model.records.row.fields.agenda;
    const bytes = events[events.length - 1].row.slice();
    bytes.fill(0, offset, offset + 8 * Object.keys(model.enumerations.Event).length); // what is booked is no trait
    return String(bytes);
  };
  const before = staged(own);
  return model.luck_columns.flatMap((_, k) => (staged(withColumns(own, other, [k])) === before ? [] : [k]));
}

/** Return a record of luck with some columns of another. */
function withColumns(luck, other, columns) {
  const changed = luck.slice();
  for (const k of columns) changed.set(other.subarray(8 * k, 8 * (k + 1)), 8 * k);
  return changed;
}
