import type { Work } from "../operate.js";

/** Where every robot stands, as the floor has it; the same text as long as nobody moves. */
export function whereabouts(work: Pick<Work, "floor">): string {
  return JSON.stringify(work.floor().robots.map(({ name, position }) => [name, position]));
}
