/** The longest text that is compared, in characters. */
const maximumLength = 256;

/** How many characters may differ. */
const maximumDistance = 3;

/**
 * Finds the candidate that is most like a misspelled text: at most 3 characters are missing, added, exchanged or in
 * another order, and at most a third of them. The work is bounded by 3 × 256 steps for a candidate.
 */
export function didYouMean(text: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let least = Math.min(maximumDistance, Math.floor(text.length / 3));
  if (text.length > maximumLength) return undefined;
  const written = text.toLowerCase();
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - text.length) > least || candidate === text) continue;
    const distance = distanceWithin(written, candidate.toLowerCase(), least);
    if (distance > least || (distance === least && best !== undefined)) continue;
    [best, least] = [candidate, distance];
  }
  return best;
}

/** The rows of the distance table. A text has one element more than characters, and lower case may lengthen it. */
const rows = [0, 1, 2].map(() => new Uint16Array(3 * (maximumLength + maximumDistance) + 1));

/** The optimal string alignment distance of two texts; more than `most` when it is above. */
function distanceWithin(a: string, b: string, most: number): number {
  let [beforeLast, last, row] = rows as [Uint16Array, Uint16Array, Uint16Array];
  for (let j = 0; j <= b.length; j++) last[j] = j;
  for (let i = 1; i <= a.length; i++) {
    row.fill(most + 1, 0, b.length + 1);
    if (i <= most) row[0] = i;
    let least = row[0] as number;
    for (let j = Math.max(1, i - most); j <= Math.min(b.length, i + most); j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min(at(last, j) + 1, at(row, j - 1) + 1, at(last, j - 1) + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        cost = Math.min(cost, at(beforeLast, j - 2) + 1);
      row[j] = cost;
      least = Math.min(least, cost);
    }
    if (least > most) return most + 1;
    [beforeLast, last, row] = [last, row, beforeLast];
  }
  return at(last, b.length);
}

function at(row: Uint16Array, index: number): number {
  return row[index] as number;
}
