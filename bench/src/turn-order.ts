/**
 * The order of the turns, a row for each of `items`. Each item is once in each place, and for an even number each comes once
 * after each other (a Williams design), so that the aftereffects of one item are spread over all others evenly.
 *
 * `turnOrder([0, 1, 2, 3])` is `[[0, 1, 3, 2], [1, 2, 0, 3], [2, 3, 1, 0], [3, 0, 2, 1]]`.
 */
export function turnOrder<T>(items: readonly T[]): T[][] {
  const zigzag = items.map((_, i) => (i % 2 === 1 ? (i + 1) / 2 : (items.length - i / 2) % items.length));
  return items.map((_, row) => zigzag.map((place) => items[(place + row) % items.length] as T));
}
