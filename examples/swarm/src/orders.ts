import { CarryTask } from "./gen/warehouse/v1/warehouse.js";
import { createRandom } from "./random.js";
import type { World } from "./world.js";

const items = ["bolts", "cups", "lamps", "books", "beans", "tiles", "gears", "ropes"];

/** So many items to carry, the same for the same seed. */
export function makeOrders(world: World, count: number, seed: number): CarryTask[] {
  const random = createRandom(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  return Array.from({ length: count }, (_, i) =>
    CarryTask.fromPartial({
      item: `${pick(items)} ${i + 1}`,
      shelf: pick(world.shelves),
      station: pick(world.stations),
    }),
  );
}
