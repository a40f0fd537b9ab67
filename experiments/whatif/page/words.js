// What the page holds, and how its sentences and numbers are written.

const content = JSON.parse(document.getElementById("content").textContent);
const { layout } = content;
const LETTERS = ["A", "B", "C", "D"];
const PER = 1000; // patients, in sentences and pictures
const DASH = "–";

/** Return a sentence by its key, with {name} replaced by what `values` holds. Throws for a key that is missing. */
function say(key, values = {}) {
  const text = key.split(".").reduce((part, name) => part?.[name], content.sentences);
  if (typeof text !== "string") throw new Error(`${key}: no such sentence`);
  return text.replace(/\{(\w+)\}/g, (whole, name) => {
    if (values[name] === undefined) throw new Error(`${key}: ${name} is missing`);
    return String(values[name]);
  });
}

/** Return a number with a comma between thousands. */
const whole = (number) => Math.round(number).toLocaleString("en");

/** Return a number to so many decimals, with a true minus sign; a dash where there is none. Halves as Python rounds. */
function fixed(number, decimals = 1) {
  if (!Number.isFinite(number)) return DASH;
  const size = Math.abs(number);
  let text = size.toFixed(decimals);
  // Of all halves of the last decimal only those of a power of two are exact.
  if (Number.isInteger(size * 2 ** (decimals + 1)) && (size * 2 ** (decimals + 1)) % 2) {
    const below = Math.floor(size * 10 ** decimals);
    text = ((below + below % 2) / 10 ** decimals).toFixed(decimals);
  }
  return number < 0 && Number(text) !== 0 ? `−${text}` : text;
}

/** Return a difference with its sign; none of a zero. */
function signed(number, decimals = 1) {
  const text = fixed(number, decimals);
  return number > 0 && Number(text) !== 0 ? `+${text}` : text;
}

/** Return a share in percent to one decimal, without the sign. */
const percent = (share) => (share > 0 && share < 0.0005 ? "<0.1" : fixed(100 * share));

/** Return an estimate's interval as words, each end of it written by `write`. */
const interval = (low, high, write) => say("interval", { low: write(low), high: write(high) });

const lastOf = (list) => list[list.length - 1];

const capital = (text) => text.slice(0, 1).toUpperCase() + text.slice(1);

/** Return `1 year`, `5 years`. */
const years = (number) => say(number === 1 ? "year" : "years", { n: Number(number.toPrecision(3)) });

/** Return `a`, `a and b` or `a, b and c`. */
function listed(parts) {
  if (parts.length < 2) return parts.join("");
  return say("and", { first: parts.slice(0, -1).join(", "), last: parts[parts.length - 1] });
}

/** Return what something is called, in a column of the tables. */
const called = (column, name) => content.words[column]?.[name] ?? name.replaceAll("_", " ");

/** Return the short name of something, as a label has it. */
const short = (name) => content.words.short[name] ?? name.replaceAll("_", " ");

/** Return what a harm or another outcome is called as a label. */
const labelOf = (name) => (content.outcomes.harms.includes(name) ? called("label", name) : short(name));

const outcomeLabel = labelOf;

/** Return what patients with an outcome do, to follow a number: `live with a permanent stoma`. */
function verb(name, one = false) {
  const own = content.sentences.verbs[name];
  const number = one ? "one" : "many";
  if (own) return own[number];
  const kind = content.outcomes.lasting.includes(name) ? "lasting" : "passing";
  return say(`verbs.${kind}.${number}`, { what: outcomeLabel(name) });
}
