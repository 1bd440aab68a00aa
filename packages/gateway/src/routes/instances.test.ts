import assert from "node:assert/strict";
import { ejection, type Instance, Instances, maximumInstances } from "./instances.js";

const target = (port: number) => ({ address: `10.0.0.1:${port}`, servers: ["echo/*"] });

describe("the instances of a service", () => {
  let now: number;
  let drawn: number[];
  let instances: Instances;
  let all: readonly Instance[];

  beforeEach(() => {
    now = 1_000;
    drawn = [];
    instances = new Instances(
      () => now,
      () => drawn.shift() ?? 0,
    );
    instances.set([target(1), target(2), target(3)]);
    all = instances.all;
  });
  const one = () => all[0] as Instance;
  /** Who is picked, whatever is drawn. */
  function picked(): Set<Instance | undefined> {
    const found = new Set<Instance | undefined>();
    for (const first of [0, 0.5, 0.99]) {
      drawn = [first, first];
      found.add(instances.pick());
    }
    return found;
  }

  it("gives a call to the less busy one of two", () => {
    one().calls = 2;
    drawn = [0, 0.5];
    assert.equal(instances.pick(), all[1]);
    drawn = [0.5, 0];
    assert.equal(instances.pick(), all[1]);
    drawn = [0, 0];
    assert.equal(instances.pick(), one());
  });

  it("leaves out one that does not serve, and one that has failed, for longer each time", () => {
    one().serving = false;
    assert.deepEqual(picked(), new Set([all[1], all[2]]));
    one().serving = true;
    for (const pauseMs of [500, 1_000, 2_000]) {
      instances.failed(one());
      instances.failed(one()); // Calls that failed together count once.
      now += pauseMs - 1;
      assert.ok(!picked().has(one()), `after ${pauseMs - 1} ms`);
      now += 1;
    }
    for (let i = 0; i < 20; i++) {
      instances.failed(one());
      now += ejection.maximumMs;
    }
    assert.ok(picked().has(one()), "it is tried in the end");
  });

  it("has one call try an instance that has failed, and the others follow once it has answered", () => {
    instances.failed(one());
    now += ejection.firstMs;
    assert.ok(picked().has(one()));
    assert.ok(!picked().has(one()), "a second call");
    now += 2 * ejection.firstMs;
    assert.ok(picked().has(one()), "the next try");
    instances.answered(one());
    assert.ok(picked().has(one()));
    assert.ok(picked().has(one()));
    instances.failed(one());
    now += ejection.firstMs;
    assert.ok(picked().has(one()), "its failures count from the beginning");
  });

  it("tries them all the same where all have failed, and none twice for one call", () => {
    for (const instance of all) instances.failed(instance);
    assert.equal(picked().size, 3);
    assert.equal(instances.pick(new Set(all.slice(0, 2))), all[2]);
    assert.ok(instances.has(new Set(all.slice(0, 2))));
    assert.ok(!instances.has(new Set(all)));
    assert.equal(instances.pick(new Set(all)), undefined);
  });

  it("knows a place again, and holds 64", () => {
    one().calls = 7;
    instances.set([target(4), target(1)]);
    assert.deepEqual(
      instances.all.map(({ address, calls }) => [address, calls]),
      [
        ["10.0.0.1:4", 0],
        ["10.0.0.1:1", 7],
      ],
    );
    instances.set(Array.from({ length: 100 }, (_, i) => target(i)));
    assert.equal(instances.all.length, maximumInstances);
  });
});
