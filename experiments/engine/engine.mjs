// The compiled model, in a browser or in Node: luck, patients and counts, the same as those of the command.
//
// `layout` is what experiments/engine/layout.py writes; nothing in it is repeated here. An array in the
// module's memory is {at, shape, itemBytes}: its address, its shape and the size of an element.

const BLOCK_PATIENTS = 1024; // that are simulated under every policy before the next, so that memory stays small
const ALIGNED_BYTES = 64;
const PAGE_BYTES = 65536;

/** Return the engine in a module's bytes (Uint8Array). */
export async function loadEngine(bytes, layout) {
  const { instance } = await WebAssembly.instantiate(bytes, {});
  instance.exports._initialize?.();
  return new Engine(instance.exports, layout);
}

/** Return bytes from their base64. */
export const fromBase64 = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

/** Return the packed world of a policy's plans (Uint8Array), from trees of numbers and flat lists. */
export function packWorld(layout, trees) {
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

/** Return the packed world of a policy of what `numbers` of experiments/engine/layout.py exports. */
export function worldOf(layout, numbers, policy) {
  return packWorld(layout, numbers.policies[policy].plans.map((plan) => ({ ...numbers.shared, ...plan })));
}

/** Set a number, by its full key (surgery.leak_probability), in all plans of a packed world. */
export function setNumber(layout, world, key, value) {
  const { bytes, fields } = layout.records.world;
  if (!fields[key]) throw new Error(`${key}: there is no such number`);
  for (let plan = 0; plan < world.length; plan += bytes) writeField(world, plan, fields[key], value, key);
}

/** Set a lever, as a policy file writes it, in all plans of a packed world. */
export function setLever(layout, world, lever, setting) {
  const { kind, settings } = layout.levers[lever];
  if (settings && !(setting in settings)) throw new Error(`${lever}=${setting}: there is no such setting`);
  if (kind === "schedule") {
    for (const [name, days] of Object.entries(settings[setting])) {
      setNumber(layout, world, `follow_up.${name}`, days);
    }
  } else setNumber(layout, world, `policy.${lever}`, kind === "choice" ? settings[setting] : setting);
}

/** Return a number, or a list of them, of a plan of a packed world. */
export function getNumber(layout, world, key, plan = 0) {
  const { bytes, fields } = layout.records.world;
  const values = Array.from(readColumn(world, bytes, fields[key]).values)
    .slice(plan * fields[key].length, (plan + 1) * fields[key].length);
  return fields[key].length === 1 ? values[0] : values;
}

/** Return a field of records (Uint8Array) as a typed array, one element or `length` for each record. */
export function column(layout, kind, records, name) {
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
export function statesOf(counts) {
  const [, joint, outcomes] = counts.joint.shape;
  const states = new Float64Array(3 * outcomes);
  for (let both = 0; both < joint; both++) {
    for (let k = 0; k < outcomes; k++) states[(both % 3) * outcomes + k] += counts.joint.values[both * outcomes + k];
  }
  return states;
}

/** Add the counts of other patients under the same policy to the first. */
export function addCounts(counts, others) {
  for (const name of Object.keys(counts)) {
    const mine = counts[name].values;
    others[name].values.forEach((value, k) => { mine[k] += value; });
  }
}

class Engine {
  #exports;
  #free;
  #keys = new Map();

  constructor(exports, layout) {
    this.#exports = exports;
    this.layout = layout;
    this.#free = exports.__heap_base.value;
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
    this.memory.fill(0, at, at + bytes);
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
   * Returns for each world {counts, rows}: counts.joint, sums, differences, timed, monthly and flow are
   * {shape, values (Float64Array)} as sim.counting.tally.Parts; rows are records (Uint8Array), or null.
   */
  simulate({ seed, replication = 0, first, stop, worlds, comparator = 0, keepRows = false }) {
    return this.#scratch(() => {
      const { row } = this.layout.records;
      const counters = worlds.map((world) => this.#counter(world));
      const order = [counters[comparator], ...counters.filter((_, k) => k !== comparator)];
      const luck = this.#newLuck(Math.min(BLOCK_PATIENTS, stop - first));
      const rows = this.array([this.layout.chunk_patients], row.bytes);
      const kept = worlds.map(() => (keepRows ? new Uint8Array((stop - first) * row.bytes) : null));
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
        });
      }
      return counters.map((counter, k) => ({ counts: this.#countsOf(counter), rows: kept[k] }));
    });
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
      keys: { at: keys.at, shape: [columns, 2] },
    });
    this.#free = keys.at;
  }

  // Each column is a stream of its own, keyed by (seed, replication, name): see sim/luck.py.
  #keysOf(seed, replication) {
    const name = `${seed}/${replication}`;
    if (!this.#keys.has(name)) {
      const { luck_columns: columns } = this.layout;
      const keys = new Uint8Array(16 * columns.length);
      columns.forEach((column, k) => keys.set(sha256(`${name}/${column}`).subarray(0, 16), 16 * k));
      this.#keys.set(name, keys);
    }
    return this.#keys.get(name);
  }

  #world(bytes) {
    const world = this.place(bytes, this.layout.records.world.bytes);
    this.call("derive", { worlds: world });
    return world;
  }

  #newLives(first, rows, luck, worlds) {
    const failed = this.call("simulate", {
      first, rows, luck, worlds, blank: this.blank, horizon_days: this.layout.end_days,
    });
    if (failed > 0) throw new Error("a reaction failed");
  }

  #counter(bytes) {
    const counter = { world: this.#world(bytes), parts: {}, scratch: {} };
    for (const [name, shape] of Object.entries(this.layout.counts)) counter.parts[name] = this.array(shape, 8);
    for (const [name, { shape, type }] of Object.entries(this.layout.scratch)) {
      counter.scratch[`scratch.${name}`] = this.array(shape, type === "int64" ? 8 : TYPES[type][0].BYTES_PER_ELEMENT);
    }
    return counter;
  }

  #measures(patients) {
    const { binary, amounts } = this.layout.outcomes;
    return {
      states: this.array([patients, binary.length], 1),
      amounts: this.array([patients, amounts.length], 8),
    };
  }

  #count(rows, counter, own, others, first) {
    const given = { rows, world: counter.world, first, part: 0, ...counter.scratch };
    for (const [name, part] of Object.entries(counter.parts)) given[`parts.${name}`] = part;
    this.call("count", {
      ...given,
      "own.states": own.states, "own.amounts": own.amounts,
      "others.states": others.states, "others.amounts": others.amounts,
      horizon_days: this.horizonDays,
      end_days: this.layout.end_days,
    });
  }

  #countsOf(counter) {
    const counts = {};
    for (const [name, { at, shape }] of Object.entries(counter.parts)) {
      const words = new Uint32Array(this.#exports.memory.buffer, at, 2 * shape.reduce((a, b) => a * b, 1));
      const values = new Float64Array(words.length / 2);
      for (let k = 0; k < values.length; k++) values[k] = words[2 * k] + (words[2 * k + 1] | 0) * 2 ** 32;
      counts[name] = { shape, values };
    }
    return counts;
  }
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
export function sha256(text) {
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
