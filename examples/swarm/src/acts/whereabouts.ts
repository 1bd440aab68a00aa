import type { Work } from "../operate.js";

/** The place of every robot, according to the floor; the text stays the same while no robot moves. */
export function whereabouts(work: Pick<Work, "floor">): string {
  return JSON.stringify(work.floor().robots.map(({ name, position }) => [name, position]));
}
