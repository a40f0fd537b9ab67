// What becomes of local recurrences: from mechanism to fate.

let flowOf = null; // index of the policy that is shown
const NODE_WIDTH = 10;

function drawFlow(result, { width, height, colours }) {
  const stages = content.outcomes.flow;
  const free = "alive_free";
  if (flowOf === null || flowOf >= result.policies.length) flowOf = result.comparator;
  const ways = result.ways(flowOf);
  const narrow = width < 520;
  const total = sum(ways.map(({ n }) => n));
  const order = layout.outcomes.flow.map((kind) => Object.keys(kind));
  // Those not resected stand below the others.
  const marginAt = stages.indexOf("margin");
  if (marginAt >= 0) order[marginAt] = [...order[marginAt].slice(1), order[marginAt][0]];
  const nodes = stages.map((_, s) => order[s].map((name) => ({
    name, n: sum(ways.filter((way) => way.nodes[s] === name).map(({ n }) => n)),
    free: sum(ways.filter((way) => way.nodes[s] === name && way.nodes[stages.length - 1] === free).map(({ n }) => n)),
  })).filter(({ n }) => n));
  const top = 26;
  const tall = height - top - 10;
  const least = 16;
  const fits = (scale) => nodes.every((list) => sum(list.map(({ n }) => Math.max(n * scale + 4, least))) <= tall);
  let [low, high] = [0, tall / Math.max(total, 1)];
  for (let k = 0; k < 40; k++) {
    const middle = (low + high) / 2;
    if (fits(middle)) low = middle;
    else high = middle;
  }
  const scale = low;
  const labelled = narrow ? 74 : 150;
  const step = (width - labelled - NODE_WIDTH) / (stages.length - 1);
  const starts = new Map();
  const children = [];
  const front = [];
  nodes.forEach((list, s) => {
    const slots = list.map(({ n }) => Math.max(n * scale + 4, least));
    const spare = (tall - sum(slots)) / Math.max(list.length, 1);
    let y = top;
    const x = s * step;
    front.push(text(x, 14, capital(say(`pictures.flow.stages.${stages[s]}`)), { "font-weight": 600, "font-size": narrow ? 11 : TEXT }));
    list.forEach(({ name, n, free: ofThem }, k) => {
      const middle = y + (slots[k] + spare) / 2;
      const begin_ = middle - n * scale / 2;
      starts.set(`${s} ${name}`, begin_);
      front.push(
        draw("rect", { x, y: begin_, width: NODE_WIDTH, height: Math.max(ofThem * scale, 0), fill: colours.better }),
        draw("rect", { x, y: begin_ + ofThem * scale, width: NODE_WIDTH, height: Math.max((n - ofThem) * scale, 0.8), fill: colours.grey }),
        text(narrow && s === stages.length - 1 ? x + NODE_WIDTH + 2 : x + NODE_WIDTH + 4, middle + 4, `${short(name)} ${fixed(PER * n / result.patients)}`, {
          "font-size": narrow ? 10 : SMALL, stroke: colours.ground, "stroke-width": 3, "paint-order": "stroke", "stroke-opacity": 0.75 }));
      y += slots[k] + spare;
    });
  });
  for (let s = 0; s + 1 < stages.length; s++) {
    const [from, to] = [new Map(starts), new Map(starts)];
    for (const isFree of [true, false]) {
      for (const a of nodes[s]) {
        for (const b of nodes[s + 1]) {
          const n = sum(ways.filter((way) => way.nodes[s] === a.name && way.nodes[s + 1] === b.name
            && (way.nodes[stages.length - 1] === free) === isFree).map((way) => way.n));
          if (!n) continue;
          const thick = n * scale;
          const [y0, y1] = [from.get(`${s} ${a.name}`), to.get(`${s + 1} ${b.name}`)];
          from.set(`${s} ${a.name}`, y0 + thick);
          to.set(`${s + 1} ${b.name}`, y1 + thick);
          const [x0, x1] = [s * step + NODE_WIDTH, (s + 1) * step];
          const middle = (x0 + x1) / 2;
          children.push(draw("path", {
            d: `M${round(x0)},${round(y0)}C${round(middle)},${round(y0)} ${round(middle)},${round(y1)} ${round(x1)},${round(y1)}`
              + `L${round(x1)},${round(y1 + thick)}C${round(middle)},${round(y1 + thick)} ${round(middle)},${round(y0 + thick)} ${round(x0)},${round(y0 + thick)}Z`,
            fill: isFree ? colours.lit : colours.pale, "fill-opacity": 0.85,
          }, draw("title", {}, `${short(a.name)} → ${short(b.name)}: ${fixed(PER * n / result.patients)}`)));
        }
      }
    }
  }
  const count = (chosen) => fixed(PER * sum(ways.filter(chosen).map(({ n }) => n)) / result.patients);
  const end = result.horizons[result.horizons.length - 1];
  const says = say("pictures.flow.says", {
    policy: LETTERS[flowOf], found: count(() => true), resected: count(({ nodes: way }) => way[marginAt] !== "none"),
    free: count(({ nodes: way }) => way[stages.length - 1] === free), years: years(end) });
  return {
    svg: picture(width, height, say("pictures.flow.title"), colours, total ? [...children, ...front] : text(0, 30, say("pictures.flow.none"))),
    says,
    options: result.policies.length > 1 ? [html("span", {}, say("pictures.flow.policy")), result.policies.map((_, p) => button(LETTERS[p], () => {
      flowOf = p;
      renderPicture();
    }, { "aria-pressed": String(p === flowOf), "data-key": `flow ${p}` }))] : [],
    table: {
      columns: [...stages.map((stage) => capital(say(`pictures.flow.stages.${stage}`))), say("table.n"), say("table.per")],
      rows: [...ways].sort((a, b) => b.n - a.n).map(({ nodes: way, n }) => [...way.map(short), n, PER * n / result.patients]),
      note: say("pictures.flow.note", { policy: LETTERS[flowOf] }),
    },
  };
}
