import type { World } from "../world.js";
import type { Fixture, FloorPlan } from "./model/entry.js";

/** The floor plan for the page. */
export function floorPlan({ width, height, shelves, stations, arms, coffeeMaker, chargers }: World): FloorPlan {
  const fixtures: Fixture[] = [
    ...shelves.map(({ x, y }) => ({ kind: "shelf" as const, name: "", x, y })),
    ...stations.map(({ x, y }, i) => ({ kind: "station" as const, name: `${i + 1}`, x, y })),
    ...arms.map(({ x, y }, i) => ({ kind: "arm" as const, name: `arm ${i + 1}`, x, y })),
    { kind: "coffee", name: "coffee", ...coffeeMaker },
    ...chargers.map(({ x, y }) => ({ kind: "charger" as const, name: "", x, y })),
  ];
  return { width, height, fixtures };
}
