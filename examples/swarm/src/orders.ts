import { CarryTask } from "./gen/warehouse/v1/warehouse.js";
import { createRandom } from "./random.js";
import type { World } from "./world.js";

const items = ["bolts", "cups", "lamps", "books", "beans", "tiles", "gears", "ropes"];

/** An endless sequence of items to carry, the same for the same seed. */
export function* endlessOrders(world: World, seed: number): Generator<CarryTask, never> {
  const random = createRandom(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  for (let i = 1; ; i++) {
    yield CarryTask.fromPartial({
      item: `${pick(items)} ${i}`,
      shelf: pick(world.shelves),
      station: pick(world.stations),
    });
  }
}

/** The first `count` orders. */
export function makeOrders(world: World, count: number, seed: number): CarryTask[] {
  const orders = endlessOrders(world, seed);
  return Array.from({ length: count }, () => orders.next().value);
}
