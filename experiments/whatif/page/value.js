// What policies cost and are worth: amounts in words, what the money buys, which policy is dominated.

const COHORT = 1000; // patients, in sentences
const MILLION = 1e6; // of the currency

/** Return the perspective and the threshold of a state: as they were set, or as the file has them. */
function termsOf(of) {
  const { perspective, threshold_per_qaly: threshold } = { ...pricesOf(of), ...of.economics };
  return { perspective, threshold, sign: pricesOf(of).sign, total: `costs_${perspective}` };
}

/** Return an amount of money with its sign before the currency, with decimals below 100; a dash where there is none. */
function money(amount, sign) {
  if (!Number.isFinite(amount)) return DASH;
  const size = Math.abs(amount);
  const text = size >= 99.95 || size === 0 ? whole(size) : fixed(size, size >= 9.995 ? 1 : 2);
  return `${amount < 0 && Number(text.replaceAll(",", "")) !== 0 ? "−" : ""}${sign}${text}`;
}

/** Return a difference in money with its sign. */
const moreMoney = (amount, sign) => (amount > 0 && /[1-9]/.test(money(amount, "")) ? `+${money(amount, sign)}` : money(amount, sign));

/** Return a size of money to three digits, for sentences: millions from a million. */
function roundMoney(amount, sign) {
  const size = Number(Math.abs(amount).toPrecision(3));
  return size >= MILLION ? say("value.million", { n: `${sign}${Number((size / MILLION).toPrecision(3))}` }) : money(size, sign);
}

/** Return a sentence in which no line ends between a sign and a currency. */
const unbroken = (words) => words.replace(/[−+](?=[^\d\s])/g, "$&\u2060");

/** Return a number of QALYs of many patients: whole, or to one decimal where it is small. */
const qalysOf = (number) => (Math.abs(number) >= 9.95 ? whole(Math.abs(number)) : fixed(Math.abs(number)));

/** Return what a policy costs and gains beside the comparator: estimates of costs, QALYs and net benefit. */
function valueOf(result, p) {
  const terms = termsOf(result.state);
  const c = result.comparator;
  const [costs, qalys] = [terms.total, "qalys"].map((name) => result.quantity(p, name, c));
  return { costs, qalys, net: result.netBenefit(p, c, terms), ratio: costs.estimate / qalys.estimate };
}

/** Return what a QALY costs, in words that hold in every quadrant: as value_words of analysis/words/economics.py. */
function ratioWords({ costs, qalys, ratio }, sign) {
  if (!beyondLuck(qalys)) return say("value.ratio.luck");
  const gains = qalys.estimate > 0;
  if (costs.estimate <= 0 && gains) return say(beyondLuck(costs) ? "value.ratio.dominates" : "value.ratio.gains_alone");
  if (costs.estimate > 0 && !gains) return say(beyondLuck(costs) ? "value.ratio.dominated" : "value.ratio.loses_alone");
  return gains ? money(ratio, sign) : say("value.ratio.lost", { n: money(ratio, sign) });
}

/** Return in a sentence what a decision-maker gets for the money with a policy in place of the comparator. */
function boughtWords(result, p) {
  const { costs, qalys, ratio } = valueOf(result, p);
  const { sign } = termsOf(result.state);
  const of = { cost: roundMoney(COHORT * costs.estimate, sign), qalys: qalysOf(COHORT * qalys.estimate) };
  const within = (found, write) => ({ low: write(COHORT * found.low), high: write(COHORT * found.high) });
  if (!beyondLuck(qalys)) {
    const range = within(qalys, (n) => signed(n, 0));
    if (!beyondLuck(costs)) return say("value.bought.nothing", range);
    return say(costs.estimate > 0 ? "value.bought.costs_only" : "value.bought.saves_only", { ...range, ...of });
  }
  const gains = qalys.estimate > 0;
  if (!beyondLuck(costs)) {
    return unbroken(say(gains ? "value.bought.gains_only" : "value.bought.loses_only", { ...of, ...within(costs, (n) => moreMoney(Number(n.toPrecision(3)), sign)) }));
  }
  if (costs.estimate > 0 !== gains) return say(gains ? "value.bought.dominates" : "value.bought.dominated", of);
  const patients = MILLION / Math.abs(costs.estimate);
  return say(gains ? "value.bought.for_money" : "value.bought.for_savings", {
    ...of, ratio: money(Math.abs(ratio), sign), million: say("value.million", { n: `${sign}1` }), patients: whole(patients),
    n: qalysOf(patients * qalys.estimate) });
}

/** Return in a sentence whether a policy is worth its costs at the threshold. */
function worthWords(result, p) {
  const { threshold, sign } = termsOf(result.state);
  const { net } = valueOf(result, p);
  const write = (amount) => moreMoney(Math.round(amount), sign);
  const key = !beyondLuck(net) ? "luck" : net.low > 0 ? "yes" : "no";
  return unbroken(say(`value.worth.${key}`, { threshold: money(threshold, sign), n: write(net.estimate), low: write(net.low), high: write(net.high) }));
}

/** Return in a sentence which policy has the largest net benefit, and whether luck could have chosen it. */
function bestWords(result) {
  const terms = termsOf(result.state);
  const c = result.comparator;
  const net = (p) => (p === c ? 0 : result.netBenefit(p, c, terms).estimate);
  const [best, second] = [...result.policies.keys()].sort((a, b) => net(b) - net(a));
  const apart = result.netBenefit(best, second, terms);
  return say(beyondLuck(apart) ? "value.best" : "value.best_luck", {
    threshold: money(terms.threshold, terms.sign), policy: LETTERS[best], name: nameOf(result.state.policies[best]), second: LETTERS[second] });
}

/**
 * Return the order of policies by cost, {order, status, by}, as frontier of analysis/economics/incremental.py: each is
 * on the frontier, dominated (another costs no more and gives no fewer QALYs) or extendedly dominated (by a mixture of
 * two others); `by`: which ones dominate it.
 */
function frontierOf(costs, qalys) {
  const order = [...costs.keys()].sort((a, b) => costs[a] - costs[b] || qalys[b] - qalys[a] || a - b);
  const status = costs.map(() => "frontier");
  const by = costs.map(() => []);
  const hull = [];
  const slope = (one, other) => (costs[other] - costs[one]) / (qalys[other] - qalys[one]);
  let best = order[0]; // of those no dearer
  for (const k of order) {
    if (k !== best && qalys[k] <= qalys[best]) {
      status[k] = "dominated";
      by[k] = [best];
      continue;
    }
    best = k;
    while (hull.length > 1 && slope(hull[hull.length - 2], hull[hull.length - 1]) >= slope(hull[hull.length - 1], k)) status[hull.pop()] = "extended";
    hull.push(k);
  }
  for (const k of order.filter((one) => status[one] === "extended")) {
    const right = hull.findIndex((one) => qalys[one] > qalys[k]);
    by[k] = [hull[right - 1], hull[right]];
  }
  return { order, status, by };
}

/** Return the policies from the cheapest, each with what a further QALY costs, or what dominates it, in words. */
function orderWords(result) {
  const { total, sign } = termsOf(result.state);
  const means = (name) => [...result.policies.keys()].map((p) => result.quantity(p, name).estimate);
  const [costs, qalys] = [means(total), means("qalys")];
  const { order, status, by } = frontierOf(costs, qalys);
  let before = null;
  return order.map((p) => {
    const others = listed(by[p].map((k) => LETTERS[k]));
    const [other] = by[p];
    if (status[p] === "dominated" && costs[p] === costs[other] && qalys[p] === qalys[other]) return [p, say("value.order.same", { others })];
    if (status[p] !== "frontier") return [p, say(`value.order.${status[p]}`, { others })];
    const words = before === null ? say("value.order.cheapest") : say("value.order.next", {
      other: LETTERS[before], ratio: money((costs[p] - costs[before]) / (qalys[p] - qalys[before]), sign) });
    before = p;
    return [p, words];
  });
}

/** Return the attributes by which a heading explains itself: what costs are, or a term. */
const explained = (term) => (term === "costs" ? { "data-term-words": say("value.costs_words") } : { "data-term": term });

/** Return the rows of costs and QALYs below the policies' columns; none where they are not counted. */
function valueRows(result) {
  if (!isValued(result.state)) return [];
  const { total, sign } = termsOf(result.state);
  const c = result.comparator;
  const head = html("tr", { class: "unit" }, html("th", { colspan: result.policies.length + 1, scope: "colgroup" },
    say("value.of_a_patient", { years: years(runYears(result.state)) })));
  const row = (name, label, write, signedly) => html("tr", { "data-value": name }, html("th", { scope: "row", ...explained(name === "qalys" ? "QALY" : "costs"), tabindex: 0 }, label),
    [...result.policies.keys()].map((p) => {
      const change_ = p === c ? null : result.quantity(p, name, c);
      const found = result.quantity(p, name);
      const hint = `${write(found.estimate)} (${interval(found.low, found.high, write)})${change_ ? `; ${signedly(change_.estimate)} (${interval(change_.low, change_.high, signedly)})` : ""}`;
      return html("td", { title: `${hint} ${say("luck")}` }, write(found.estimate), " ", change_ ? html("small", { class: beyondLuck(change_) ? "" : "luck" },
        beyondLuck(change_) ? signedly(change_.estimate) : `(${signedly(change_.estimate)})`) : null);
    }));
  return [head,
    row(total, say("value.costs_in", { currency: sign.trim() }), whole, (amount) => signed(amount, 0).replace(/\d+$/, (digits) => whole(Number(digits)))),
    row("qalys", say("value.qalys"), (number) => fixed(number, 2), (number) => signed(number, 3))];
}

/** Return the table that the command writes as economics.csv. */
function economicsTable(result, names) {
  const { quantities } = content.value;
  const { currency, horizon_years: horizon } = pricesOf(result.state);
  return {
    columns: ["policy", "comparator", "quantity", "horizon_years", ...ESTIMATE, "unit"],
    rows: [...result.policies.keys()].flatMap((p) => [null, result.comparator].filter((beside) => beside !== p).flatMap((beside) => (
      quantities.map((name) => [names[p], beside === null ? "" : names[beside], name, horizon,
        ...written(result.quantity(p, name, beside)), name.startsWith("cost") ? currency : "years"])))),
  };
}
