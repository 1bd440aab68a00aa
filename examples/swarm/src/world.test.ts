import assert from "node:assert/strict";
import { createWorld, findPath, keyOf, neighbors } from "./world.js";

const world = createWorld();

describe("world", () => {
  it("has a way from every station to every shelf", () => {
    for (const station of world.stations) {
      const [start] = neighbors(station).filter(world.isFree);
      assert.ok(start);
      for (const shelf of world.shelves) {
        const path = findPath(world, start, neighbors(shelf).filter(world.isFree), []);
        assert.ok(path, `no way to ${keyOf(shelf)}`);
      }
    }
  });

  it("finds a shortest way, one cell at a time, over free cells", () => {
    const path = findPath(world, { x: 0, y: 0 }, [{ x: 8, y: 4 }], []) ?? [];
    assert.equal(path.length, 12);
    let before = { x: 0, y: 0 };
    for (const cell of path) {
      assert.ok(neighbors(before).some((next) => keyOf(next) === keyOf(cell)));
      assert.ok(world.isFree(cell));
      before = cell;
    }
    assert.deepEqual(before, { x: 8, y: 4 });
  });

  it("goes around other robots, and reports when there is no path", () => {
    const around = findPath(world, { x: 0, y: 0 }, [{ x: 2, y: 0 }], [{ x: 1, y: 0 }]);
    assert.equal(around?.length, 4);
    const shutIn = [
      { x: 1, y: 0 },
      { x: 0, y: 1 },
    ];
    assert.equal(findPath(world, { x: 0, y: 0 }, [{ x: 2, y: 0 }], shutIn), undefined);
    assert.deepEqual(findPath(world, { x: 0, y: 0 }, [{ x: 0, y: 0 }], []), []);
  });
});
