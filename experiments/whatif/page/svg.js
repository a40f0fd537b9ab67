// Small functions that draw SVG. Lengths are pixels; colours are written out, so that a picture can leave the page.

const SVG = "http://www.w3.org/2000/svg";
const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', Arial, sans-serif";
const TEXT = 13;
const SMALL = 11.5;

const darkness = matchMedia("(prefers-color-scheme: dark)");
// Of the pictures' colours, what is too dark to be seen on a dark ground.
const LIGHTER = { "#1A1A1A": "#F2F2F2", "#0072B2": "#4DA6DE", "#882255": "#C75B8E", "#595959": "#B4B9C0",
  "#D9D9D9": "#4A505A", "#DDDDDD": "#565C66", "#8C8C8C": "#8C929B" };

/** Return the colours of a picture, on a dark ground or a light one. */
function palette(dark = darkness.matches) {
  const shade = (colour) => (dark ? LIGHTER[colour.toUpperCase()] ?? colour : colour);
  const { colours, looks } = content;
  return {
    dark,
    ground: dark ? "#1B1F26" : "#FFFFFF",
    ink: shade(colours.ink),
    grey: shade(colours.grey),
    pale: dark ? "#343A44" : colours.pale,
    stack: colours.stack.map(shade),
    better: shade(colours.better),
    worse: colours.worse,
    lit: colours.lit,
    looks: looks.map((look) => ({ ...look, colour: shade(look.colour) })),
    shade,
  };
}

/** Return an SVG element with attributes and children, which are elements or text. */
function draw(name, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== null) element.setAttribute(key, typeof value === "number" ? round(value) : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

const round = (length) => Math.round(length * 100) / 100;

/** Return a picture of a size; `label` is what it says to those who cannot see it. */
function picture(width, height, label, colours, children) {
  return draw("svg", {
    xmlns: SVG, viewBox: `0 0 ${round(width)} ${round(height)}`, width, height, role: "img", "aria-label": label,
    "font-family": FONT, "font-size": TEXT, fill: colours.ink,
  }, draw("title", {}, label), draw("rect", { width, height, fill: colours.ground }), children);
}

/** Return text at a place. */
const text = (x, y, words, attributes = {}) => draw("text", { x, y, ...attributes }, words);

const ruler = document.createElement("canvas").getContext("2d");

/** Return how wide a line of text is. */
function textWidth(words, size = TEXT, weight = "normal") {
  ruler.font = `${weight} ${size}px ${FONT}`;
  return ruler.measureText(words).width;
}

/** Return a text broken into lines of at most this width; at most `most` of them. */
function wrapped(words, width, size = TEXT, weight = "normal", most = 9) {
  const lines = [""];
  for (const word of words.split(/ +/)) {
    const longer = `${lines[lines.length - 1]} ${word}`.trim();
    if (textWidth(longer, size, weight) <= width || !lines[lines.length - 1]) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  if (lines.length > most) {
    lines.length = most;
    lines[most - 1] += "…";
  }
  return lines;
}

/** Return several lines of text, the first at y. */
function lines(x, y, parts, attributes = {}, step = 15) {
  return parts.map((words, k) => text(x, y + k * step, words, attributes));
}

/** Return ticks of an axis from 0 to at least `most`: about `count` round numbers. */
function ticks(most, count = 5) {
  const rough = (most || 1) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((k) => k * power).find((each) => each >= rough * 0.999);
  const found = [];
  for (let k = 0; k * step < most + step * 0.999; k++) found.push(Number((k * step).toPrecision(10)));
  return found;
}

/** Return the mark of a policy's look at a place. */
function mark(x, y, look, size = 5, ground = "none") {
  const s = size;
  const at = { fill: look.colour, stroke: ground, "stroke-width": ground === "none" ? 0 : 1.2 };
  const shape = (points) => draw("polygon", { points: points.map(([a, b]) => `${round(x + a)},${round(y + b)}`).join(" "), ...at });
  const turns = {
    "^": [[0, -s * 1.1], [s, s * 0.8], [-s, s * 0.8]], v: [[0, s * 1.1], [s, -s * 0.8], [-s, -s * 0.8]],
    D: [[0, -s * 1.15], [s * 1.15, 0], [0, s * 1.15], [-s * 1.15, 0]],
    "<": [[-s * 1.1, 0], [s * 0.8, s], [s * 0.8, -s]], ">": [[s * 1.1, 0], [-s * 0.8, s], [-s * 0.8, -s]],
    s: [[-s * 0.9, -s * 0.9], [s * 0.9, -s * 0.9], [s * 0.9, s * 0.9], [-s * 0.9, s * 0.9]],
    p: [[0, -s], [s, -s * 0.3], [s * 0.6, s], [-s * 0.6, s], [-s, -s * 0.3]],
  };
  return turns[look.marker] ? shape(turns[look.marker]) : draw("circle", { cx: x, cy: y, r: s, ...at });
}

/** Return the stroke of a policy's look. */
const stroke = (look, width = 2) => ({
  fill: "none", stroke: look.colour, "stroke-width": width, "stroke-linejoin": "round",
  "stroke-dasharray": look.dashes.length ? look.dashes.map((dash) => dash * width).join(" ") : null,
});

/** Return the look of each policy of a state: the comparator's first, the others' by their order. */
function looksOf(state, colours) {
  let k = 0;
  return state.policies.map((_, p) => colours.looks[p === state.comparator ? 0 : ++k]);
}

/** Return centres near the wanted ones, such that labels of these heights do not touch and stay within `room`. */
function spread(wanted, heights, room) {
  const order = [...wanted.keys()].sort((a, b) => wanted[a] - wanted[b]);
  const centres = [];
  let floor = 0;
  for (const k of order) {
    centres[k] = Math.max(wanted[k], floor + heights[k] / 2);
    floor = centres[k] + heights[k] / 2;
  }
  let ceiling = Math.max(room, sum(heights));
  for (const k of order.reverse()) {
    centres[k] = Math.min(centres[k], ceiling - heights[k] / 2);
    ceiling = centres[k] - heights[k] / 2;
  }
  return centres;
}

/** Return hatching to fill shapes with, by its id. */
function hatch(id, colour, ground, step = 6) {
  return draw("pattern", { id, width: step, height: step, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
    draw("rect", { width: step, height: step, fill: colour }),
    draw("line", { x1: 0, y1: 0, x2: 0, y2: step, stroke: ground, "stroke-width": 2 }));
}

/** Return axes of a chart over years, with a function for each axis: {parts, x, y}. */
function chart({ left, top, width, height, end, most, colours, percents = true, least = 0, steps = 4, yearly = 5 }) {
  const x = (year) => left + year / end * width;
  const y = (value) => top + height - (value - least) / (most - least) * height;
  const grid = ticks(most - least, steps).map((tick) => tick + least).filter((tick) => tick <= most + 1e-9);
  const quiet = { fill: colours.grey, "font-size": SMALL };
  const parts = [
    ...grid.map((tick) => draw("line", { x1: left, x2: left + width, y1: y(tick), y2: y(tick), stroke: colours.pale })),
    ...grid.map((tick) => text(left - 6, y(tick) + 4, percents ? `${Number((100 * tick).toPrecision(4))} %` : whole(tick),
      { ...quiet, "text-anchor": "end" })),
    ...ticks(end, yearly).filter((tick) => tick <= end).map((tick) => text(x(tick), top + height + 16, String(tick),
      { ...quiet, "text-anchor": "middle" })),
    draw("line", { x1: left, x2: left + width, y1: top + height, y2: top + height, stroke: colours.grey }),
  ];
  return { parts, x, y };
}

/** Return a curve by month with its band. */
function curveOf(curve, x, y, look, faint) {
  const at = (month) => round(x(month / 12));
  const points = (pick) => curve.map((found, month) => `${at(month)},${round(y(pick(found)))}`);
  const band = [...points((found) => found.high), ...points((found) => found.low).reverse()].join(" ");
  return [
    draw("polygon", { points: band, fill: look.colour, "fill-opacity": faint ? 0.1 : 0.18 }),
    draw("polyline", { points: points((found) => found.estimate).join(" "), ...stroke(look) }),
  ];
}
