// Estimates and 95 % intervals from counts, by the functions that the tables call, in an engine of the page's own
// beside those of the workers. An estimate is {n, estimate, low, high}; NaN where there was nobody. Of an outcome
// the counts of each batch are given; `byBatch`: batches are neighbours in a queue, and not independent.

const [, NO, YES] = [0, 1, 2]; // states of an outcome; the first is absent
let estimator = null;

const sum = (values) => values.reduce((total, value) => total + value, 0);

/** Return yes over (no + yes) of outcomes, from [absent, no, yes] of each batch. */
const sharesOf = (outcomes, byBatch) => estimator.shares(outcomes, byBatch);
const shareOf = (batches, byBatch) => sharesOf([batches], byBatch)[0];

/** Return the mean with its interval, from [n, sum, sum of squares] of each batch, in units of 1 / scale. */
const meanOf = (batches, scale, byBatch) => estimator.means([batches], [scale], byBatch)[0];

/** Return means with their intervals, from [n, sum] of each fold or batch of patients, in units of 1 / scale. */
const groupMeansOf = (amounts, scales, byBatch) => estimator.groupMeans(amounts, scales, byBatch);

/** Return the policy's share less the comparator's, paired, from nine joint counts of each batch. */
const shareDifference = (batches, byBatch) => estimator.shareDifferences([batches], byBatch)[0];

/** Return the share of those who change from one state to another, from nine joint counts of each batch. */
const shareOfChanged = (batches, before, after, byBatch) => estimator.shareChanges([batches], before, after, byBatch)[0];

/** Return the product-limit survival at some days, from folds of patients. */
const survivalsAt = (folds, days, byBatch) => estimator.survivals(folds, days, byBatch);

/** Return the survivals less the comparator's at some days, by the paired jackknife. */
const survivalDifferences = (folds, others, days, byBatch) => estimator.survivalDifferences(folds, others, days, byBatch);

/** Return whether an interval leaves out zero. */
const beyondLuck = ({ low, high }) => low > 0 || high < 0;
