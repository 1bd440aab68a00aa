import assert from "node:assert/strict";
import fc from "fast-check";
import { Task } from "../gen/interlock/swarm/v1/swarm.js";
import type { Entry } from "./entry.js";
import { createWaitingList } from "./waiting-list.js";

let sequence = 0;
const entry = (taskId: string, rest: Partial<Task> = {}): Entry => ({
  task: Task.fromPartial({ taskId, ...rest }),
  sequence: ++sequence,
  key: "",
  digest: "",
  stored: true,
  payloadWithin: false,
  sessionId: "",
  expiresAt: 0,
  bytes: 0,
  unwritable: false,
  avoid: "",
});
const all = new Set(["lift", "carry"]);
const fits = () => false;

/** Takes what is next out of the list, `count` times. */
function take(list: ReturnType<typeof createWaitingList>, count: number, capabilities: ReadonlySet<string> = all) {
  const taken: string[] = [];
  for (let i = 0; i < count; i++) {
    const next = list.next(capabilities, fits);
    if (!next) break;
    list.served(next);
    list.remove(next);
    taken.push(next.task.taskId);
  }
  return taken;
}

describe("waiting list", () => {
  it("gives the first of equals, and the higher priority before", () => {
    const list = createWaitingList(() => 1);
    for (const each of [entry("a"), entry("b", { priority: 5 }), entry("c", { priority: 2 }), entry("d")])
      list.add(each);
    assert.deepEqual(take(list, 9), ["b", "c", "a", "d"]);
    assert.equal(list.size, 0);
    assert.equal(list.next(all, fits), undefined);
  });

  it("gives a worker what it is capable of, in the order of submission", () => {
    const list = createWaitingList(() => 1);
    const needy = { requiredCapabilities: ["lift"] };
    for (const each of [entry("a", needy), entry("b"), entry("c", needy), entry("d")]) list.add(each);
    assert.deepEqual(take(list, 1, new Set()), ["b"]);
    assert.deepEqual(take(list, 9), ["a", "c", "d"]);
  });

  it("gives what came back in its old order, before what was submitted later", () => {
    const list = createWaitingList(() => 1);
    const [a, b, c, d] = [entry("a"), entry("b"), entry("c"), entry("d")];
    for (const each of [a, b, c, d]) list.add(each);
    assert.deepEqual(take(list, 3), ["a", "b", "c"]);
    for (const each of [c, a, b]) list.add(each);
    list.add(a);
    assert.equal(list.size, 4);
    list.remove(b);
    assert.deepEqual(take(list, 9), ["a", "c", "d"]);
  });

  it("leaves unfit tasks for other workers", () => {
    const list = createWaitingList(() => 1);
    list.add(entry("a"));
    list.add(entry("b"));
    assert.equal(list.next(all, ({ task }) => task.taskId === "a")?.task.taskId, "b");
  });

  it("lets fairness keys take turns, but not past a higher priority", () => {
    const list = createWaitingList(() => 1);
    for (const id of ["n1", "n2", "n3"]) list.add(entry(id, { fairnessKey: "noisy" }));
    for (const id of ["q1", "q2"]) list.add(entry(id, { fairnessKey: "quiet" }));
    list.add(entry("u", { fairnessKey: "noisy", priority: 1 }));
    assert.deepEqual(take(list, 9), ["u", "n1", "q1", "n2", "q2", "n3"]);
  });

  it("gives a key as many in its turn as it weighs", () => {
    const list = createWaitingList((key) => (key === "heavy" ? 3 : 1));
    for (let i = 0; i < 6; i++) list.add(entry(`h${i}`, { fairnessKey: "heavy" }));
    for (let i = 0; i < 2; i++) list.add(entry(`l${i}`, { fairnessKey: "light" }));
    assert.deepEqual(take(list, 9), ["h0", "h1", "h2", "l0", "h3", "h4", "h5", "l1"]);
  });

  it("starves no key, whatever the others submit", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 60 }), (keys) => {
        const list = createWaitingList(() => 1);
        for (const [i, key] of keys.entries()) list.add(entry(`${key}-${i}`, { fairnessKey: String(key) }));
        const taken = take(list, keys.length).map((id) => id[0]);
        assert.equal(taken.length, keys.length, "each once");
        for (const key of new Set(keys)) {
          const last = taken.lastIndexOf(String(key));
          const before = taken.slice(0, last + 1);
          const own = before.filter((each) => each === String(key)).length;
          for (const other of new Set(before)) {
            const others = before.filter((each) => each === other).length;
            assert.ok(others <= own + 1, `${other} has ${others} turns where ${key} has ${own}`);
          }
        }
      }),
    );
  });

  describe("with a share for the oldest", () => {
    it("begins one of a lower priority beside a steady stream of a higher, one in ten", () => {
      const list = createWaitingList(() => 1, 0.1);
      for (let i = 0; i < 3; i++) list.add(entry(`low-${i}`));
      const taken: string[] = [];
      for (let i = 0; i < 40; i++) {
        list.add(entry("high", { priority: 1 }));
        taken.push(...take(list, 1));
      }
      assert.deepEqual(
        taken.flatMap((each, place) => (each === "high" ? [] : [[each, place + 1]])),
        [
          ["low-0", 10],
          ["low-1", 20],
          ["low-2", 30],
        ],
      );
    });

    it("gives each of several lower priorities and keys its turn, by the order of submission", () => {
      const list = createWaitingList(() => 1, 0.5);
      list.add(entry("a", { priority: -5, fairnessKey: "x" }));
      list.add(entry("b", { priority: 3, fairnessKey: "y" }));
      list.add(entry("c", { priority: 0, fairnessKey: "z" }));
      for (let i = 0; i < 10; i++) list.add(entry("high", { priority: 9 }));
      assert.deepEqual(
        take(list, 8).filter((each) => each !== "high"),
        ["a", "b", "c"],
      );
    });

    it("is counted for each kind of worker, so that none uses up the share of another", () => {
      const list = createWaitingList(() => 1, 0.1);
      const [lift, carry] = [new Set(["lift"]), new Set(["carry"])];
      for (let i = 0; i < 20; i++) list.add(entry("low lift", { requiredCapabilities: ["lift"] }));
      list.add(entry("low carry", { requiredCapabilities: ["carry"] }));
      const taken: string[] = [];
      for (let i = 0; i < 10; i++) {
        for (const kind of [lift, carry]) {
          list.add(entry("high", { priority: 1 }));
          taken.push(...take(list, 1, kind));
        }
      }
      assert.equal(taken.indexOf("low carry"), 19);
    });

    it("goes to the highest where a worker can do none of the lower, and is strict with 0", () => {
      const list = createWaitingList(() => 1, 1);
      list.add(entry("other", { requiredCapabilities: ["weld"] }));
      list.add(entry("high", { priority: 1 }));
      assert.deepEqual(take(list, 2), ["high"]);
      const strict = createWaitingList(() => 1, 0);
      strict.add(entry("low"));
      for (let i = 0; i < 50; i++) strict.add(entry("high", { priority: 1 }));
      assert.ok(!take(strict, 50).includes("low"));
    });
  });
});
