/** The names of `count` rounds as parts of a run: `round 1`, `round 2`, … */
export function roundNames(count: number, prefix = ""): string[] {
  return Array.from({ length: count }, (_, i) => roundName(i + 1, prefix));
}

/** The name of one round; the first is 1. */
export function roundName(round: number, prefix = ""): string {
  return `${prefix}round ${round}`;
}
