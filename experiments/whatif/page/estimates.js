// Estimates and 95 % intervals from counts: the formulas of analysis/tables/estimates.py, which says where they
// are from. An estimate is {n, estimate, low, high}; NaN where there was nobody.

const Z95 = 1.959963984540054;
const MOST_ALIKE = 0.9;
const [ABSENT, NO, YES] = [0, 1, 2];
const NOBODY = { n: 0, estimate: NaN, low: NaN, high: NaN };

const sum = (values) => values.reduce((total, value) => total + value, 0);

/** Return Wilson's interval of a share p of n: [low, high]. */
function wilson(p, n, quantile = Z95) {
  if (!(n > 0)) return [0, 1];
  const square = quantile ** 2;
  const centre = (p + square / (2 * n)) / (1 + square / n);
  const half = quantile / (1 + square / n) * Math.sqrt(p * (1 - p) / n + square / (4 * n ** 2));
  return [p === 0 ? 0 : Math.max(centre - half, 0), p === 1 ? 1 : Math.min(centre + half, 1)];
}

/** Return yes over (no + yes), from [absent, no, yes] of each batch; alone, one batch is independent patients. */
function shareOf(batches, byBatch) {
  const yesOf = batches.map((counts) => counts[YES]);
  const nOf = batches.map((counts) => counts[NO] + counts[YES]);
  const [yes, n] = [sum(yesOf), sum(nOf)];
  if (n === 0) return NOBODY;
  const p = yes / n;
  let [restsOn, quantile] = [n, Z95];
  if (byBatch) {
    const leftOut = yesOf.map((own, k) => (yes - own) / (n - nOf[k]));
    let effect;
    [effect, quantile] = dependence(leftOut, nOf.map((own) => own > 0), p * (1 - p) / n);
    restsOn = n / effect;
  }
  const [low, high] = wilson(p, restsOn, quantile);
  return { n, estimate: p, low, high };
}

/** Return the mean with its interval, from [n, sum, sum of squares] of each batch, in units of 1 / scale. */
function meanOf(batches, scale, byBatch) {
  const [n, total, squares] = [0, 1, 2].map((k) => sum(batches.map((sums) => sums[k])));
  if (n === 0) return NOBODY;
  const centre = total / n;
  if (BigInt(n) * BigInt(squares) === BigInt(total) ** 2n) {
    return { n, estimate: centre / scale, low: NaN, high: NaN };
  }
  let variance = Math.max(squares / n - centre ** 2, 0) / Math.max(n - 1, 1);
  let quantile = Z95;
  if (byBatch) {
    const leftOut = batches.map(([nOf, totalOf]) => (total - totalOf) / (n - nOf));
    let effect;
    [effect, quantile] = dependence(leftOut, batches.map(([nOf]) => nOf > 0), variance);
    variance *= effect;
  }
  const half = quantile * Math.sqrt(variance);
  return { n, estimate: centre / scale, low: (centre - half) / scale, high: (centre + half) / scale };
}

/** Return the policy's share less the comparator's, paired, from nine joint counts of each batch. */
function shareDifference(batches, byBatch) {
  const all = added(batches);
  const before = sum(all.slice(3));
  const after = sum(all.filter((_, both) => both % 3 !== ABSENT));
  if (!before || !after) return NOBODY;
  const [difference, error] = differenceAndError(all);
  let [effect, quantile] = [1, Z95];
  if (byBatch) {
    const leftOut = batches.map((own) => differenceAndError(all.map((count, k) => count - own[k]))[0]);
    const counted = batches.map((own) => own.some((count, both) => both !== 0 && count > 0));
    [effect, quantile] = dependence(leftOut, counted, error ** 2);
  }
  const adjusted = all.map((count, both) => count + (both >= 3 && both % 3 !== ABSENT ? 0.5 : 0));
  const [centre, errorThere] = differenceAndError(adjusted);
  const half = quantile * errorThere * Math.sqrt(effect);
  return { n: after, estimate: difference, low: Math.max(centre - half, -1), high: Math.min(centre + half, 1) };
}

/** Return [absent, no, yes] of a change from one state to another, from nine joint counts. */
function changedFrom(joint, before, after) {
  const yes = joint[3 * before + after];
  return [0, sum(joint) - yes, yes];
}

function added(batches) {
  return batches.reduce((total, own) => total.map((count, k) => count + own[k]), new Array(batches[0].length).fill(0));
}

function differenceAndError(joint) {
  const before = [0, 1, 2].map((state) => joint[3 * state] + joint[3 * state + 1] + joint[3 * state + 2]);
  const after = [0, 1, 2].map((state) => joint[state] + joint[3 + state] + joint[6 + state]);
  const [nBefore, nAfter] = [before[NO] + before[YES], after[NO] + after[YES]];
  const [pBefore, pAfter] = [before[YES] / nBefore, after[YES] / nAfter];
  const ownBefore = [0, -pBefore / nBefore, (1 - pBefore) / nBefore];
  const ownAfter = [0, -pAfter / nAfter, (1 - pAfter) / nAfter];
  let squares = 0;
  joint.forEach((count, both) => {
    squares += count * (ownAfter[both % 3] - ownBefore[Math.floor(both / 3)]) ** 2;
  });
  return [pAfter - pBefore, Math.sqrt(squares)];
}

/** Return the design effect of batches, at least 1, and the quantile of Student's t. */
function dependence(leftOut, counted, independent) {
  const [error, quantile] = batchError(leftOut, counted);
  const effect = error ** 2 / independent;
  return [Number.isFinite(effect) ? Math.max(effect, 1) : 1, quantile];
}

function batchError(leftOut, counted) {
  const batches = counted.filter(Boolean).length;
  const centre = sum(leftOut.filter((_, k) => counted[k])) / batches;
  const apart = leftOut.map((value, k) => (counted[k] ? value - centre : 0));
  let alike = sum(apart.slice(1).map((value, k) => value * apart[k])) / sum(apart.map((value) => value ** 2));
  alike += (1 + 3 * alike) / batches;
  alike = Math.min(Math.max(Number.isNaN(alike) ? 0 : alike, 0), MOST_ALIKE);
  const inflation = (1 + alike) / (1 - alike);
  const degrees = Math.max(batches - 1, 1);
  const quantile = studentQuantile(0.975, Math.max(degrees / inflation, Math.min(degrees, 2)));
  return [jackknife(leftOut, counted) * Math.sqrt(inflation), quantile];
}

/** Return the standard error of an estimate from its values without each group; NaN where all are in one. */
function jackknife(leftOut, counted) {
  const kept = leftOut.filter((_, k) => counted[k]);
  const groups = kept.length;
  const centre = sum(kept) / groups;
  const squares = sum(kept.map((value) => (value - centre) ** 2));
  return groups > 1 ? Math.sqrt((groups - 1) / groups * squares) : NaN;
}

/** Return the quantile of Student's t with these degrees of freedom, of p above a half. */
function studentQuantile(p, degrees) {
  let [low, high] = [0, 2];
  while (studentDistribution(high, degrees) < p) high *= 2;
  for (let k = 0; k < 80; k++) {
    const middle = (low + high) / 2;
    if (studentDistribution(middle, degrees) < p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

function studentDistribution(t, degrees) {
  return 1 - incompleteBeta(degrees / (degrees + t ** 2), degrees / 2, 0.5) / 2;
}

/** Return the regularised incomplete beta function, by its continued fraction (Lentz). */
function incompleteBeta(x, a, b) {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a);
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log(1 - x)) / a;
  const least = 1e-300;
  const away = (value) => (Math.abs(value) < least ? least : value);
  let c = 1;
  let d = 1 / away(1 - (a + b) * x / (a + 1));
  let fraction = d;
  for (let m = 1; m <= 500; m++) {
    const even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / away(1 + even * d);
    c = away(1 + even / c);
    fraction *= d * c;
    const odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / away(1 + odd * d);
    c = away(1 + odd / c);
    fraction *= d * c;
    if (Math.abs(d * c - 1) < 1e-15) break;
  }
  return front * fraction;
}

// Lanczos' approximation, with the coefficients of Press et al.
function logGamma(x) {
  const series = [
    57.1562356658629235, -59.5979603554754912, 14.1360979747417471, -0.491913816097620199, 0.339946499848118887e-4,
    0.465236289270485756e-4, -0.983744753048795646e-4, 0.158088703224912494e-3, -0.210264441724104883e-3,
    0.217439618115212643e-3, -0.164318106536763890e-3, 0.844182239838527433e-4, -0.261908384015814087e-4,
    0.368991826595316234e-5,
  ];
  const shifted = x + 5.24218750000000000;
  let total = 0.999999999999997092;
  series.forEach((coefficient, k) => { total += coefficient / (x + 1 + k); });
  return (x + 0.5) * Math.log(shifted) - shifted + Math.log(2.5066282746310005 * total / x);
}

/** Return the product-limit survival by day, from deaths and censorings of each day, one after the other. */
function productLimit(counts) {
  const days = counts.length / 2;
  const atRisk = new Float64Array(days);
  for (let day = days - 1, left = 0; day >= 0; day--) {
    left += counts[2 * day] + counts[2 * day + 1];
    atRisk[day] = left;
  }
  const curve = new Float64Array(days);
  for (let day = 0, survived = 1; day < days; day++) {
    survived *= 1 - counts[2 * day] / Math.max(atRisk[day], 1);
    curve[day] = survived;
  }
  return { curve, atRisk };
}

function greenwood(counts, { curve, atRisk }, k) {
  let total = 0;
  for (let day = 0; day <= k; day++) {
    const died = counts[2 * day];
    if (died) total += died / Math.max(atRisk[day] * (atRisk[day] - died), 1);
  }
  return curve[k] * Math.sqrt(total);
}

const foldsAdded = (folds) => folds.reduce((total, fold) => total.map((count, k) => count + fold[k]));
const without = (all, fold) => all.map((count, k) => count - fold[k]);
const anybody = (fold) => fold.some((count) => count > 0);

/** Return the product-limit survival at some days, from folds of patients; `byBatch`: folds of neighbours. */
function survivalsAt(folds, days, byBatch) {
  const all = foldsAdded(folds);
  const limit = productLimit(all);
  const n = sum(Array.from(all));
  if (n === 0) return days.map(() => NOBODY);
  const curves = byBatch ? folds.map((fold) => productLimit(without(all, fold)).curve) : [];
  return days.map((day) => {
    const k = Math.min(Math.floor(day), limit.curve.length - 1);
    const s = limit.curve[k];
    const error = greenwood(all, limit, k);
    let [effect, quantile] = [1, Z95];
    if (byBatch) [effect, quantile] = dependence(curves.map((curve) => curve[k]), folds.map(anybody), error ** 2);
    if (s > 0 && s < 1) {
      const width = quantile * error * Math.sqrt(effect) / (s * Math.abs(Math.log(s)));
      return { n, estimate: s, low: s ** Math.exp(width), high: s ** Math.exp(-width) };
    }
    const [low, high] = wilson(s, restsOn(limit, k), quantile);
    return { n, estimate: s, low, high };
  });
}

function restsOn({ curve, atRisk }, k) {
  const at = curve[k] === 0 ? curve.findIndex((value) => !(value > 0)) : k;
  return atRisk[at] / (at ? curve[at - 1] : 1);
}

/** Return the survivals less the comparator's at some days, by the paired jackknife. */
function survivalDifferences(folds, others, days, byBatch) {
  const [all, beside] = [foldsAdded(folds), foldsAdded(others)];
  const n = sum(Array.from(all));
  if (n === 0 || !anybody(beside)) return days.map(() => NOBODY);
  const [limit, other] = [productLimit(all), productLimit(beside)];
  const counted = folds.map((fold, k) => anybody(fold) || anybody(others[k]));
  const curves = folds.map((fold, k) => [
    productLimit(without(all, fold)).curve, productLimit(without(beside, others[k])).curve,
  ]);
  return days.map((day) => {
    const k = Math.min(Math.floor(day), limit.curve.length - 1);
    const leftOut = curves.map(([mine, theirs]) => mine[k] - theirs[k]);
    let [error, quantile] = [jackknife(leftOut, counted), Z95];
    if (byBatch) [error, quantile] = batchError(leftOut, counted);
    const least = 1 / (Math.min(restsOn(limit, k), restsOn(other, k)) + 2);
    error = Number.isNaN(error) ? least : Math.max(error, least);
    const centre = limit.curve[k] - other.curve[k];
    return {
      n, estimate: centre, low: Math.max(centre - quantile * error, -1), high: Math.min(centre + quantile * error, 1),
    };
  });
}

/** Return whether an interval leaves out zero. */
const beyondLuck = ({ low, high }) => low > 0 || high < 0;
