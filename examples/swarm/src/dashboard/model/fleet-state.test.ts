import assert from "node:assert/strict";
import type { Entry, News, TaskStage, TaskView } from "./entry.js";
import { applyEntry, createFleetState, type FleetState, throughput } from "./fleet-state.js";

const task = (id: string, stage: TaskStage): TaskView => ({
  id,
  stage,
  kind: "warehouse.carry",
  title: `bolts ${id}`,
  worker: "",
  attempt: 1,
  lease: "",
  progress: 0,
  doing: "",
  submittedBy: "operator/1",
  priority: 0,
  reason: "",
});
const denial = {
  at: 0,
  attacker: "",
  caller: "visitor/1",
  address: "",
  method: "/a.B/C",
  code: "",
  detail: "",
  refusedBy: "",
};

function stateAfter(...news: readonly (News & { at?: number })[]): FleetState {
  const state = createFleetState();
  for (const each of news) applyEntry(state, { at: 1_000, ...each } as Entry);
  return state;
}

describe("fleet state", () => {
  it("keeps open tasks, counts closed ones, and starts over with a complete list", () => {
    const changed = { kind: "tasks", complete: false } as const;
    const before = [
      { ...changed, tasks: [task("1", "SUBMITTED"), task("2", "RUNNING")] },
      { ...changed, tasks: [task("2", "COMPLETED"), task("3", "FAILED")] },
    ];
    const state = stateAfter(...before);
    assert.deepEqual(Object.keys(state.tasks), ["1"]);
    assert.deepEqual(state.closed, { COMPLETED: 1, FAILED: 1, CANCELED: 0, REJECTED: 0 });
    assert.deepEqual(
      state.recent.map(({ id }) => id),
      ["3", "2"],
    );
    const anew = stateAfter(...before, { kind: "tasks", complete: true, tasks: [task("2", "COMPLETED")] });
    assert.deepEqual(Object.keys(anew.tasks), []);
    assert.deepEqual(anew.closed, { COMPLETED: 1, FAILED: 0, CANCELED: 0, REJECTED: 0 });
  });

  it("computes the pace of the last whole seconds", () => {
    const done = (at: number) => ({ kind: "tasks", complete: false, tasks: [task(`${at}`, "COMPLETED")], at }) as const;
    const state = stateAfter(done(10_000), done(11_100), done(11_900), done(12_500));
    assert.equal(throughput(state, 12_600), 1.5, "three in two seconds; the third has only begun");
    assert.equal(throughput(state, 15_000, 2), 0);
    assert.equal(throughput(state, 10_500), 0);
    const long = stateAfter(...Array.from({ length: 500 }, (_, second) => done(10_000 + second * 1_000)));
    assert.equal(long.pace.length, 120);
  });

  it("counts a growing denial once, and keeps the latest hundred", () => {
    const told = (id: string, count: number) =>
      ({ kind: "denial", denial: { ...denial, id, count, reason: "RATE_LIMITED" } }) as const;
    const state = stateAfter(told("1", 1), told("2", 1), told("1", 2_000));
    assert.equal(state.denied, 2_001);
    assert.deepEqual(
      state.denials.map(({ id, count }) => [id, count]),
      [
        ["1", 2_000],
        ["2", 1],
      ],
    );
    const many = stateAfter(...Array.from({ length: 300 }, (_, i) => told(`${i}`, 1)));
    assert.deepEqual([many.denied, many.denials.length, many.denials[0]?.id], [300, 100, "299"]);
  });

  it("moves robots, and removes them", () => {
    const at = (name: string, x: number) => ({ name, x, y: 0, carrying: "", status: "" });
    const state = stateAfter(
      { kind: "robots", complete: true, robots: [at("worker/1", 0), at("worker/2", 1)], gone: [] },
      { kind: "robots", complete: false, robots: [at("worker/1", 5)], gone: ["worker/2"] },
    );
    assert.deepEqual(state.robots, { "worker/1": at("worker/1", 5) });
  });

  it("keeps acts in their order, each with its latest state", () => {
    const act = (name: string, state: "planned" | "ended") =>
      ({ kind: "act", act: { act: name, title: "", expected: "", state, seen: "", ms: 0, ok: true } }) as const;
    const { acts } = stateAfter(act("a", "planned"), act("b", "planned"), act("a", "ended"));
    assert.deepEqual(
      acts.map(({ act: name, state }) => [name, state]),
      [
        ["a", "ended"],
        ["b", "planned"],
      ],
    );
  });

  it("ignores unknown entries, such as those of a later version", () => {
    const state = stateAfter({ kind: "weather", sunny: true } as unknown as News);
    assert.deepEqual(state, { ...createFleetState(), startedAt: 1_000, at: 1_000 });
  });
});
