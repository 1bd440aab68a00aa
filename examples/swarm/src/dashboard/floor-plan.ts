import type { World } from "../world.js";
import type { Fixture, FloorPlan } from "./model/entry.js";

/** The floor as the page draws it. */
export function floorPlan({ width, height, shelves, stations }: World): FloorPlan {
  const fixtures: Fixture[] = [
    ...shelves.map(({ x, y }) => ({ kind: "shelf" as const, name: "", x, y })),
    ...stations.map(({ x, y }, i) => ({ kind: "station" as const, name: `${i + 1}`, x, y })),
  ];
  return { width, height, fixtures };
}
