// Where patients queue: how long they wait, and patients moving through the clinic.

let clock = { day: 0, plays: false, policy: null, frame: 0 };

function drawWaits(result, { width, colours }) {
  const steps = Object.keys(content.outcomes.steps).filter((step) => result.waits.some(({ steps: own }) => own[step].served));
  const looks = looksOf(result.state, colours);
  const label = 120;
  const row = 17;
  const block = 12 + result.policies.length * row;
  const most = Math.max(...result.waits.flatMap(({ steps: own }) => steps.flatMap((step) => [own[step].p90 || 0, own[step].target])), 1);
  const x = (days) => label + Math.min(days, most) / most * (width - label - 170);
  const height = steps.length * block + 56;
  const axis = ticks(most).filter((tick) => tick <= most);
  const children = axis.flatMap((tick) => [
    draw("line", { x1: x(tick), x2: x(tick), y1: 6, y2: height - 44, stroke: colours.pale }),
    text(x(tick), height - 28, whole(tick), { "font-size": SMALL, fill: colours.grey, "text-anchor": "middle" }),
  ]);
  steps.forEach((step, s) => {
    const top = 8 + s * block;
    children.push(text(0, top + block / 2 + 2, capital(short(step)), { "font-weight": 600, "font-size": 12.5 }),
      draw("line", { x1: x(result.waits[0].steps[step].target), x2: x(result.waits[0].steps[step].target), y1: top, y2: top + block - 10, stroke: colours.worse, "stroke-width": 2, "stroke-dasharray": "3 2" }));
    result.waits.forEach(({ steps: own }, p) => {
      const { median, p90, served } = own[step];
      const y = top + 10 + p * row;
      if (!served) return;
      children.push(
        draw("line", { x1: x(median), x2: x(p90), y1: y, y2: y, stroke: looks[p].colour, "stroke-width": 4, "stroke-opacity": 0.4 }),
        draw("line", { x1: x(p90), x2: x(p90), y1: y - 5, y2: y + 5, stroke: looks[p].colour, "stroke-width": 1.5 }),
        mark(x(median), y, looks[p], 5, colours.ground),
        text(x(Math.max(p90, median)) + 8, y + 4, `${LETTERS[p]} ${say("pictures.waits.days", { median: fixed(median, 0), p90: fixed(p90, 0) })}`, { "font-size": SMALL }));
    });
  });
  children.push(text(label, height - 8, say("pictures.waits.axis"), { "font-size": SMALL, fill: colours.grey }));
  const longest = (p) => steps.reduce((best, step) => (result.waits[p].steps[step].median > result.waits[p].steps[best].median ? step : best), steps[0]);
  const says = result.waits.map(({ steps: own }, p) => say("pictures.waits.says", {
    policy: LETTERS[p], step: short(longest(p)), n: fixed(own[longest(p)].median, 0), beyond: percent(own[longest(p)].beyond) }));
  const svg = picture(width, height, say("pictures.waits.title"), colours, children);
  return {
    svg,
    html: html("div", {}, svg, moving(result, width, colours)),
    says: says.join(" "),
    table: {
      columns: [say("table.policy"), say("table.step"), say("table.n"), say("table.served"), say("table.median"), say("table.p90"), say("table.mean"), say("table.target"), say("table.beyond")],
      rows: result.waits.flatMap(({ steps: own }, p) => steps.map((step) => {
        const { n, served, median, p90, mean, target, beyond } = own[step];
        return [LETTERS[p], capital(short(step)), n, served, fixed(median), fixed(p90), fixed(mean), fixed(target, 0), percent(beyond)];
      })),
    },
  };
}

/** Return `waits` as the command's table has it. */
function waitsTable(result, names) {
  return {
    columns: ["policy", "clinic", "step", "n", "served", "median_days", "p90_days", "mean_days", "target_days", "share_beyond_target"],
    rows: result.waits.flatMap(({ steps }, p) => Object.entries(steps).map(([step, own]) => [
      names[p], result.state.clinic, step, own.n, own.served, own.median, own.p90, own.mean, own.target, own.beyond])),
  };
}

/** Return the moving clinic: who waits and who is treated at each step, day by day, under one policy. */
function moving(result, width, colours) {
  cancelAnimationFrame(clock.frame);
  if (clock.policy === null || clock.policy >= result.policies.length) clock.policy = result.comparator;
  const { moves, window: [from, until] } = result.waits[clock.policy];
  const steps = Object.entries(content.outcomes.steps);
  const stepOf = new Map(steps.flatMap(([step, events], s) => events.map((event) => [event, s])));
  const ratio = devicePixelRatio || 1;
  const height = 190;
  const canvas = html("canvas", { width: width * ratio, height: height * ratio, style: `width:${width}px;height:${height}px`, role: "img", "aria-label": say("pictures.waits.moving_label") });
  const context = canvas.getContext("2d");
  context.scale(ratio, ratio);
  const room = width / steps.length;
  const day = html("output", {});
  const slider = html("input", { type: "range", min: 0, max: Math.floor(until - from), step: 1, value: clock.day, "aria-label": say("pictures.waits.day_label"),
    "data-key": "day", oninput: () => { clock.day = slider.valueAsNumber; paint(); } });
  const paint = () => {
    const now = from + clock.day;
    context.clearRect(0, 0, width, height);
    context.font = `${SMALL}px ${FONT}`;
    const waiting = steps.map(() => 0);
    const treated = steps.map(() => 0);
    for (let k = 0; k < moves.event.length; k++) {
      const s = stepOf.get(moves.event[k]);
      if (s === undefined) continue;
      if (moves.asked[k] <= now && now < moves.left[k]) waiting[s] += 1;
      else if (moves.left[k] <= now && now < moves.left[k] + Math.max(moves.held[k], 1)) treated[s] += 1;
    }
    const dot = 7;
    const across = Math.max(Math.floor((room - 16) / dot), 1);
    steps.forEach(([step], s) => {
      const x = s * room + 6;
      context.fillStyle = colours.ink;
      context.fillText(capital(short(step)), x, 14);
      const dots = (n, top, colour, rows) => {
        context.fillStyle = colour;
        for (let k = 0; k < Math.min(n, across * rows); k++) {
          context.beginPath();
          context.arc(x + (k % across + 0.5) * dot, top + (Math.floor(k / across) + 0.5) * dot, dot * 0.4, 0, 7);
          context.fill();
        }
      };
      context.fillStyle = colours.grey;
      context.fillText(say("pictures.waits.waiting", { n: waiting[s] }), x, 32);
      dots(waiting[s], 38, colours.worse, 12);
      context.fillStyle = colours.grey;
      context.fillText(say("pictures.waits.treated", { n: treated[s] }), x, 140);
      dots(treated[s], 146, colours.better, 6);
      context.strokeStyle = colours.pale;
      if (s) { context.beginPath(); context.moveTo(s * room, 4); context.lineTo(s * room, height); context.stroke(); }
    });
    day.textContent = say("pictures.waits.day", { n: clock.day });
    slider.value = clock.day;
  };
  let last = 0;
  const run = (time) => {
    if (!clock.plays || !canvas.isConnected) return;
    if (time - last > 90) {
      last = time;
      clock.day = clock.day >= Math.floor(until - from) ? 0 : clock.day + 1;
      paint();
    }
    clock.frame = requestAnimationFrame(run);
  };
  const play = button(say(clock.plays ? "pictures.waits.pause" : "pictures.waits.play"), () => {
    clock.plays = !clock.plays;
    play.textContent = say(clock.plays ? "pictures.waits.pause" : "pictures.waits.play");
    if (clock.plays) clock.frame = requestAnimationFrame(run);
  }, { class: "main", "data-key": "play" });
  paint();
  if (clock.plays) clock.frame = requestAnimationFrame(run);
  return html("div", { class: "moving" },
    html("h3", {}, say("pictures.waits.moving")),
    html("div", { class: "bar" }, play, slider, day, result.policies.map((_, p) => button(LETTERS[p], () => { clock.policy = p; renderPicture(); }, {
      "aria-pressed": String(p === clock.policy), "data-key": `moving ${p}` }))),
    canvas, html("p", { class: "note" }, say("pictures.waits.moving_note")));
}
