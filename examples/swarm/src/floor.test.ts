import assert from "node:assert/strict";
import { createFloor } from "./floor.js";
import { createWorld } from "./world.js";

const load = { carrying: "", battery: 0.5, status: "" };

describe("floor", () => {
  it("puts each robot on its own cell, and a robot only once", () => {
    const floor = createFloor(createWorld());
    const first = floor.enter("worker/1");
    const second = floor.enter("worker/2");
    assert.notDeepEqual(first.position, second.position);
    assert.deepEqual(second.occupied, [first.position]);
    assert.deepEqual(floor.enter("worker/1").position, first.position);
    floor.move("worker/1", first.position, load);
    assert.equal(floor.enter("worker/1").battery, 0.5, "it has what was left");
  });

  it("moves by one cell, and never into another, a shelf or a wall", () => {
    const floor = createFloor(createWorld());
    const { position } = floor.enter("worker/1");
    const up = { x: position.x, y: position.y - 1 };
    assert.deepEqual(floor.move("worker/1", up, { ...load, carrying: "bolt" }).position, up);
    const refused = [
      { x: up.x, y: up.y - 2 },
      { x: up.x + 1, y: up.y - 1 },
      { x: 3, y: 1 },
      createWorld().coffeeMaker,
      { x: up.x, y: 99 },
    ];
    for (const to of refused) assert.deepEqual(floor.move("worker/1", to, load).position, up);
    floor.enter("worker/2");
    const there = floor.move("worker/1", position, load).position;
    assert.deepEqual(there, up, "the door is taken");
  });

  it("frees the cell of a robot that leaves", () => {
    const floor = createFloor(createWorld());
    const { position } = floor.enter("worker/1");
    floor.leave("worker/1");
    assert.deepEqual(floor.enter("worker/2").position, position);
    assert.throws(() => floor.move("worker/1", position, load), /not on the floor/);
  });
});
