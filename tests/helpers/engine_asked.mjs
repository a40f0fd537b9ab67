// What tests ask the engine; each answer is bytes.
async function answers({ loadEngine, fromBase64, worldOf, setNumber, statesOf, addCounts, longestWarmUp }, given) {
  const layout = JSON.parse(given.layout);
  const numbers = JSON.parse(given.numbers);
  const engine = await loadEngine(fromBase64(given.module), layout);
  const bytes = (array) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  const joined = (arrays) => {
    const all = new Uint8Array(arrays.reduce((sum, one) => sum + one.byteLength, 0));
    arrays.reduce((at, one) => (all.set(bytes(one), at), at + one.byteLength), 0);
    return all;
  };
  const world = ({ policy, described = numbers.policies[policy], packed, levers = {}, groups = {}, changed = {} }) => {
    const made = packed ? fromBase64(packed) : worldOf(layout, numbers.shared, {
      ...described, levers: { ...described.levers, ...levers }, groups: { ...described.groups, ...groups },
    });
    Object.entries(changed).forEach(([key, value]) => setNumber(layout, made, key, value));
    return made;
  };
  const clinic = {
    arrivals_per_year: numbers.clinic.numbers.arrivals_per_year,
    resources: fromBase64(numbers.clinic.resources),
    times: fromBase64(numbers.clinic.times),
  };
  const settled = (request) => request.worlds.map((one) => (
    engine.settledAfter({ ...request, world: world(one), clinic })));
  const asked = {
    luck: (request) => [engine.luck(request)],
    world: (request) => [world(request)],
    derived: (request) => [engine.derived(world(request))],
    // The rows of each world, then its counts.
    simulate: (request) => engine
      .simulate({ ...request, worlds: request.worlds.map(world), keepRows: true })
      .flatMap(({ rows, counts }) => [rows, joined(Object.values(counts).map((part) => part.values))]),
    // The states of each outcome of the first world, in two halves of the patients that are added up; the counts so
    // added, and those of halves that were counted one after the other.
    states: ({ stop, ...request }) => {
      const middle = Math.floor(stop / 2) + 1;
      const [one, other] = [[0, middle], [middle, stop]].map(([first, end]) => (
        engine.simulate({ ...request, first, stop: end, worlds: request.worlds.map(world) })[0].counts));
      addCounts(one, other);
      const whole = (counts) => joined(Object.values(counts).map((part) => part.values));
      engine.begin({ ...request, worlds: request.worlds.map(world) });
      engine.add({ first: 0, stop: middle });
      engine.add({ first: middle, stop });
      return [bytes(statesOf(one)), whole(one), whole(engine.counted()[0])];
    },
    // Events and their days, then the row after each.
    course: (request) => {
      const happened = engine.course({ ...request, world: world(request) });
      const times = happened.flatMap(({ day, event }) => [day, event]);
      return [bytes(Float64Array.from(times)), joined(happened.map(({ row }) => row))];
    },
    // As course, among all who come to the clinic.
    following: (request) => {
      const made = world(request);
      const steps = engine.following({
        ...request, world: made, clinic, warmUpPatients: engine.settledAfter({ ...request, world: made, clinic }) ?? 0,
      });
      let step = steps.next();
      while (!step.done) step = steps.next();
      const times = step.value.flatMap(({ day, event }) => [day, event]);
      return [bytes(Float64Array.from(times)), joined(step.value.map(({ row }) => row))];
    },
    // n, estimate and bounds of each.
    estimates: ({ call, given }) => [bytes(Float64Array.from(
      engine[call](...given).flatMap(({ n, estimate, low, high }) => [n, estimate, low, high]),
    ))],
    // By policy and treatment: the share, the number needed, its bounds.
    needed: ({ given }) => [bytes(Float64Array.from(
      engine.needed(...given).flat().flatMap(({ share, needed, low, high }) => [share, needed, low, high]),
    ))],
    // After how many patients each world's waits settle; NaN where they do not.
    settled: (request) => [bytes(Float64Array.from(settled(request), (patients) => patients ?? NaN))],
    // The rows of each world, its log, its ways, then the counts of each batch.
    attend: (request) => engine
      .simulateInClinic({
        ...request,
        worlds: request.worlds.map(world),
        keepRows: true,
        warmUpPatients: longestWarmUp(settled(request)),
        clinic,
      })
      .map(({ rows, log, flow, batches }) => [
        rows, log, bytes(flow.values),
        joined(batches.flatMap(({ joint, sums, differences, timed, monthly }) => (
          [joint, sums, differences, timed, monthly].map((part) => part.values)))),
      ])
      .flat(),
  };
  return given.requests.flatMap((request) => asked[request.ask](request));
}
