// A mark for each of the first thousand patients under each policy: the same patient at the same place.

let iconsBy = "fates";
let iconsSorted = false;
let iconsOnlyChanged = false;

/** Return what became of each of the first patients: the index of its kind, by policy. */
function kindsOf(result, kinds) {
  const at_ = result.state.horizon_years;
  const outcomes = result.keys.length;
  const place = (name) => result.place(name, { years: at_ });
  return result.states.map((states) => {
    const n = states.length / outcomes;
    const has = (i, name) => states[i * outcomes + place(name)] === YES;
    return Array.from({ length: n }, (_, i) => {
      const found = kinds.findIndex(({ name }) => {
        if (name === "died") return !has(i, "overall_survival");
        if (name === "neither") return has(i, "overall_survival");
        return has(i, name);
      });
      return found < 0 ? kinds.length - 1 : found;
    });
  });
}

function drawIcons(result, { width, height: room, colours }) {
  if (!result.states) return { svg: null, says: say("pictures.icon_array.clinic"), table: null };
  // Who has died lives with nothing, so death comes before what patients live with.
  const kinds = (iconsBy === "fates" ? content.fates : [...content.lived_with].sort((a, b) => (a.name === "died" ? -1 : b.name === "died" ? 1 : 0)))
    .map((kind) => ({ ...kind, colour: colours.shade(kind.colour) }));
  const found = kindsOf(result, kinds);
  const n = found[0].length;
  const changes = (p, i) => found[p][i] !== found[result.comparator][i];
  const columns = width < 520 ? 1 : Math.min(found.length, width > 1100 ? 4 : 2);
  const gap = 26;
  const wide = (width - gap * (columns - 1)) / columns;
  const rows = Math.ceil(found.length / columns);
  const legend = 20 * Math.ceil(kinds.length / (width < 520 ? 1 : 3)) + 8;
  const head = 24;
  // As many across as make the panel fit.
  const tall = Math.max((room - legend - rows * (head + 6)) / rows, 110);
  let across = Math.ceil(Math.sqrt(n * wide / tall));
  if (across < 25) across = 25;
  const pitch = wide / across;
  const block = head + Math.ceil(n / across) * pitch + 8;
  const height = rows * block + legend;
  const looks = looksOf(result.state, colours);
  const size = pitch * 0.38;
  const shape = { s: "s", o: "o", D: "D" };
  const marks = [];
  const counts = found.map((own) => kinds.map((_, kind) => own.filter((each) => each === kind).length));
  found.forEach((own, p) => {
    const left = (p % columns) * (wide + gap);
    const top = Math.floor(p / columns) * block;
    marks.push(mark(left + 6, top + 9, looks[p]), text(left + 17, top + 14, wrapped(`${LETTERS[p]} ${nameOf(result.state.policies[p])}`, wide - 20, TEXT, "bold", 1)[0], { "font-weight": 600 }));
    const order = [...own.keys()];
    if (iconsSorted) order.sort((a, b) => own[a] - own[b] || a - b);
    order.forEach((i, k) => {
      const kind = kinds[own[i]];
      const [x, y] = [left + (k % across + 0.5) * pitch, top + head + (Math.floor(k / across) + 0.5) * pitch];
      const faint = iconsOnlyChanged && p !== result.comparator && !changes(p, i);
      const one = mark(x, y, { colour: kind.colour, marker: shape[kind.mark] }, kind.mark === "o" ? size : size * 1.05);
      if (faint) one.setAttribute("fill-opacity", "0.18");
      one.setAttribute("data-patient", String(i));
      marks.push(one);
    });
  });
  const each = width < 520 ? width : width / 3;
  const perRow = Math.max(Math.floor(width / each), 1);
  kinds.forEach((kind, k) => {
    const [x, y] = [(k % perRow) * each, rows * block + 8 + Math.floor(k / perRow) * 20];
    marks.push(mark(x + 7, y + 4, { colour: kind.colour, marker: shape[kind.mark] }, 5.5), text(x + 19, y + 9, kind.words, { "font-size": SMALL }));
  });
  const svg = picture(width, height, say("pictures.icon_array.title"), colours, marks);
  svg.addEventListener("click", (event) => {
    const { patient } = event.target.dataset;
    if (patient !== undefined) openPatient(Number(patient));
  });
  const toggle = (key, on, flip) => button(say(`pictures.icon_array.${key}`), () => { flip(); renderPicture(); }, { "aria-pressed": String(on), "data-key": `icons ${key}` });
  const changed = result.others.map((p) => say("pictures.icon_array.changed", { policy: LETTERS[p], n: found[p].filter((_, i) => changes(p, i)).length }));
  return {
    svg,
    says: [say("pictures.icon_array.says", { n: whole(n), years: years(result.state.horizon_years), all: whole(result.patients) }), ...changed,
      say("pictures.icon_array.click")].join(" "),
    options: [
      toggle("sorted", iconsSorted, () => { iconsSorted = !iconsSorted; }),
      toggle("lived", iconsBy === "lived", () => { iconsBy = iconsBy === "lived" ? "fates" : "lived"; }),
      result.others.length ? toggle("only_changed", iconsOnlyChanged, () => { iconsOnlyChanged = !iconsOnlyChanged; }) : null,
    ],
    table: {
      columns: [say("table.what"), ...found.map((_, p) => LETTERS[p])],
      rows: kinds.map((kind, k) => [capital(kind.words), ...counts.map((own) => own[k])]),
      note: say("pictures.icon_array.note", { n: whole(n) }),
    },
  };
}
