// The drawn pelvis: where recurrences begin under two policies, and where the second changes them.

const COMPARTMENTS = Object.keys(layout.enumerations.Compartment);
let pelvisOf = null; // index of the policy beside the comparator

/** Return a colour between the ground and a strong one, by a value from 0 to 1. */
function ramp(value, [r, g, b], dark) {
  const from = dark ? [43, 49, 58] : [250, 246, 240];
  const part = Math.min(Math.max(value, 0), 1);
  const mixed = [r, g, b].map((strong, k) => Math.round(from[k] + (strong - from[k]) * part));
  return { fill: `rgb(${mixed.join(",")})`, light: mixed[0] * 0.299 + mixed[1] * 0.587 + mixed[2] * 0.114 > 140 };
}

const STRONG = { level: [170, 40, 20], better: [0, 114, 178], worse: [213, 94, 0] };

function drawPelvis(result, { width, height: room, colours }) {
  const at_ = result.state.horizon_years;
  const c = result.comparator;
  if (!result.others.includes(pelvisOf)) pelvisOf = result.others[0] ?? null;
  const level = (p) => Object.fromEntries(COMPARTMENTS.map((name) => (
    [name, scaled(result.share(p, result.place("local_recurrence", { compartment: name, years: at_ })))])));
  const shown = [{ p: c, values: level(c), kind: "level" }];
  if (pelvisOf !== null) {
    shown.push({ p: pelvisOf, values: level(pelvisOf), kind: "level" });
    shown.push({ p: pelvisOf, kind: "change", values: Object.fromEntries(COMPARTMENTS.map((name) => (
      [name, scaled(result.difference(pelvisOf, result.place("local_recurrence", { compartment: name, years: at_ })))]))) });
  }
  const most = Math.max(...shown.filter(({ kind }) => kind === "level").flatMap(({ values }) => Object.values(values).map(({ estimate }) => estimate)), 0.1);
  const widest = Math.max(...shown.filter(({ kind }) => kind === "change").flatMap(({ values }) => Object.values(values).map(({ estimate }) => Math.abs(estimate))), 0.1);
  const narrow = width < 520;
  const columns = narrow ? 1 : shown.length;
  const { sagittal, axial } = content.pelvis;
  const wide = (width - 18 * (columns - 1)) / columns;
  const gap = 18;
  // As large as the room allows.
  const ratio = sagittal.size[1] / sagittal.size[0] + axial.size[1] / axial.size[0];
  const drawnWide = narrow ? wide * 0.8 : Math.min(wide * 0.94, (room - 84) / ratio);
  const head = narrow ? 26 : 40;
  const high = (view) => drawnWide * view.size[1] / view.size[0];
  const block = head + high(sagittal) + 8 + high(axial) + 8;
  const legend = wrapped(say("pictures.pelvis.legend", { years: years(at_) }), width, SMALL);
  const height = block * (narrow ? shown.length : 1) + 12 + 15 * legend.length;
  const looks = looksOf(result.state, colours);
  const children = [draw("defs", {}, hatch("caused", "rgb(213,94,0)", colours.ground, 5))];
  shown.forEach(({ p, values, kind }, k) => {
    const left = narrow ? 0 : k * (wide + gap);
    const top = narrow ? k * block : 0;
    children.push(kind === "level" ? mark(left + 7, top + 12, looks[p]) : null,
      ...lines(left + (kind === "level" ? 18 : 0), top + 16, wrapped(kind === "level" ? say("pictures.pelvis.panel", { policy: LETTERS[p], name: nameOf(result.state.policies[p]) })
        : say("pictures.pelvis.change", { policy: LETTERS[p], other: LETTERS[c] }), wide - 16, TEXT, "bold", 2), { "font-weight": 600 }));
    const colour = (value) => (kind === "level" ? ramp(value.estimate / most, STRONG.level, colours.dark)
      : !beyondLuck(value) ? ramp(0, STRONG.level, colours.dark)
        : ramp(0.15 + 0.85 * Math.abs(value.estimate) / widest, value.estimate < 0 ? STRONG.better : STRONG.worse, colours.dark));
    const middle = left + (wide - drawnWide) / 2;
    children.push(viewOf(sagittal, middle, top + head, drawnWide, values, colour, kind, colours),
      viewOf(axial, middle, top + head + 8 + high(sagittal), drawnWide, values, colour, kind, colours));
  });
  children.push(lines(0, height - 15 * legend.length + 8, legend, { "font-size": SMALL, fill: colours.grey }));
  const leader = (values) => COMPARTMENTS.reduce((best, name) => (values[name].estimate > values[best].estimate ? name : best));
  const first_ = leader(shown[0].values);
  const says = [say("pictures.pelvis.leader", { policy: LETTERS[c], where: called("compartment", first_) === first_ ? short(first_) : short(first_), n: fixed(shown[0].values[first_].estimate), years: years(at_) })];
  if (shown[2]) {
    const changed = COMPARTMENTS.filter((name) => beyondLuck(shown[2].values[name]))
      .sort((a, b) => Math.abs(shown[2].values[b].estimate) - Math.abs(shown[2].values[a].estimate));
    says.push(changed.length ? say("pictures.pelvis.changed", { policy: LETTERS[pelvisOf], list: listed(changed.slice(0, 3).map((name) => (
      say("pictures.pelvis.part", { n: signed(shown[2].values[name].estimate), where: short(name) })))) })
      : say("pictures.pelvis.same", { policy: LETTERS[pelvisOf] }));
  }
  return {
    svg: picture(width, height, say("pictures.pelvis.title"), colours, children),
    says: says.join(" "),
    options: result.others.length > 1 ? [html("span", {}, say("pictures.pelvis.beside")), result.others.map((p) => button(LETTERS[p], () => {
      pelvisOf = p;
      renderPicture();
    }, { "aria-pressed": String(p === pelvisOf), "data-key": `pelvis ${p}` }))] : [],
    table: {
      columns: [say("table.compartment"), ...result.policies.map((_, p) => LETTERS[p]), ...result.others.map((p) => say("table.less", { policy: LETTERS[p], other: LETTERS[c] }))],
      rows: COMPARTMENTS.map((name) => [capital(short(name)),
        ...result.policies.map((_, p) => ranged(scaled(result.share(p, result.place("local_recurrence", { compartment: name, years: at_ }))), fixed)),
        ...result.others.map((p) => ranged(scaled(result.difference(p, result.place("local_recurrence", { compartment: name, years: at_ }))), signed))]),
      note: say("table.per_thousand", { years: years(at_) }),
    },
  };
}

const scaled = ({ n, estimate, low, high }) => ({ n, estimate: PER * estimate, low: PER * low, high: PER * high });
const ranged = (found, write) => `${write(found.estimate)} (${interval(found.low, found.high, write)})`;

function viewOf(view, left, top, width, values, colour, kind, colours) {
  const scale = width / view.size[0];
  const thin = 0.035;
  const shapes = (part, attributes) => Object.entries(view[part]).map(([name, d]) => draw("path", { d, ...attributes(name) }));
  const bone = colours.dark ? "#39404B" : "#F1EBDD";
  const muscle = colours.dark ? "#4A3437" : "#F5DEDC";
  const numbers = Object.entries(view.spots).filter(([name]) => values[name]).map(([name, [x, y]]) => {
    const { light } = colour(values[name]);
    const words = kind === "change" ? signed(values[name].estimate) : fixed(values[name].estimate);
    const sure = kind === "level" || beyondLuck(values[name]);
    return draw("text", { x: x * scale, y: y * scale + 4, "text-anchor": "middle", "font-size": 11.5, "font-weight": 600,
      fill: light ? "#1A1A1A" : "#FFFFFF", "paint-order": "stroke" }, sure ? words : `(${words})`);
  });
  return draw("g", { transform: `translate(${round(left)} ${round(top)})` },
    draw("g", { transform: `scale(${scale.toFixed(4)})`, "stroke-width": thin, stroke: colours.grey, fill: "none" },
      shapes("muscles", () => ({ fill: muscle, stroke: "none" })),
      shapes("bones", () => ({ fill: bone })),
      shapes("compartments", (name) => {
        const value = values[name];
        return { fill: value ? colour(value).fill : "none", "data-compartment": name };
      }),
      shapes("organs", () => ({ stroke: colours.ink })),
      shapes("lines", (name) => ({ stroke: colours.ink, "stroke-dasharray": name === "anastomosis" ? "0.12 0.1" : null,
        "stroke-width": name === "anastomosis" ? 3 * thin : thin }))),
    numbers);
}
