import assert from "node:assert/strict";
import { Task } from "../gen/interlock/swarm/v1/swarm.js";
import type { Entry } from "./entry.js";
import { fromStored, toStored } from "./stored-task.js";

function entry(payload: Buffer): Entry {
  return {
    task: Task.fromPartial({ taskId: "t1", payload }),
    bytes: 0,
    sequence: 1,
    key: "",
    digest: "",
    stored: true,
    payloadWithin: false,
    sessionId: "",
    expiresAt: 0,
    unwritable: false,
    avoid: "",
  };
}

describe("a stored task", () => {
  it("has a long payload apart, which is given once, and is whole again when it is read", () => {
    for (const [bytes, apart] of [
      [0, 0],
      [4_096, 0],
      [4_097, 1],
    ] as const) {
      const payload = Buffer.alloc(bytes, 7);
      const one = entry(payload);
      const [created] = toStored([one], new Set([one])).stored;
      const [changed] = toStored([one], new Set()).stored;
      assert.ok(created && changed);
      assert.deepEqual([created.payloadApart, changed.payloadApart], [apart, apart]);
      assert.deepEqual([created.payload?.length, changed.payload], [apart ? bytes : undefined, undefined]);
      assert.equal(Task.decode(changed.task).payload.length, apart ? 0 : bytes);
      assert.deepEqual(Buffer.from(fromStored(created, 0).task.payload), payload);
    }
  });

  it("keeps a long payload where an earlier version has written it: within the task, with each change", () => {
    const payload = Buffer.alloc(5_000, 7);
    const task = Task.encode(Task.fromPartial({ taskId: "t1", payload })).finish();
    const [whole] = toStored([entry(Buffer.alloc(0))], new Set()).stored;
    assert.ok(whole);
    const inherited = fromStored({ ...whole, task, payloadApart: 0, payload: undefined }, 0);
    const [changed] = toStored([inherited], new Set()).stored;
    assert.ok(changed);
    assert.equal(changed.payloadApart, 0);
    assert.deepEqual(Buffer.from(fromStored(changed, 0).task.payload), payload);
  });

  it("cannot be read without its payload: a worker must not be given another task than was submitted", () => {
    const [stored] = toStored([entry(Buffer.alloc(5_000))], new Set()).stored;
    assert.ok(stored);
    assert.throws(() => fromStored(stored, 0), /payload is missing/);
  });
});
