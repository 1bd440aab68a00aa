import assert from "node:assert/strict";
import { createMachines, type Effect } from "./machines.js";
import { createWorld } from "./world.js";

const world = createWorld();
const [station = { x: 0, y: 0 }] = world.stations;
const never = new AbortController().signal;
const attempt = (taskId: string, leaseToken = 1n, robot = "worker/1") => ({ taskId, leaseToken, robot });

describe("machines", () => {
  let effects: Effect[];
  /** Ends the machines' current waiting time. */
  let finish: () => void;
  let machines: ReturnType<typeof createMachines>;

  beforeEach(() => {
    effects = [];
    const waiting = new Set<() => void>();
    finish = () => {
      for (const resolve of waiting) resolve();
      waiting.clear();
    };
    machines = createMachines({
      world,
      gripMs: 1,
      brewMs: 1,
      onEffect: (effect) => effects.push(effect),
      wait: (_, signal) =>
        new Promise<void>((resolve, reject) => {
          waiting.add(resolve);
          signal.addEventListener("abort", () => reject(signal.reason));
        }),
    });
  });

  const turn = () => new Promise((resolve) => setImmediate(resolve));

  it("does a task once, however often it is requested", async () => {
    const first = machines.place(station, attempt("a"), never);
    await turn();
    assert.deepEqual(machines.all()[0], { name: "arm 1", state: "gripping", user: "worker/1" });
    finish();
    assert.equal(await first, false);
    assert.equal(await machines.place(station, attempt("a", 2n), never), true);
    assert.deepEqual(
      effects.map(({ taskId, machine }) => [taskId, machine]),
      [["a", "arm 1"]],
    );
    assert.equal(machines.all()[0]?.user, "");
  });

  it("does nothing for an outdated attempt, even if the new attempt comes while the machine works", async () => {
    const slow = machines.place(station, attempt("a", 1n), never);
    await turn();
    const [, other = station] = world.stations;
    const next = machines.place(other, attempt("a", 2n, "worker/2"), never);
    await turn();
    finish();
    await assert.rejects(slow, { code: "FAILED_PRECONDITION", reason: "LEASE_STALE" });
    assert.equal(await next, false);
    await assert.rejects(machines.place(station, attempt("a", 1n), never), { reason: "LEASE_STALE" });
    assert.deepEqual(
      effects.map(({ leaseToken }) => leaseToken),
      [2n],
    );
  });

  it("serves one robot at a time, and stops when that robot is stopped", async () => {
    const stop = new AbortController();
    const stopped = machines.place(station, attempt("a"), stop.signal);
    const next = machines.place(station, attempt("b", 2n, "worker/2"), never);
    await turn();
    assert.equal(machines.all()[0]?.user, "worker/1");
    stop.abort(new Error("EMERGENCY_STOP"));
    await assert.rejects(stopped, /EMERGENCY_STOP/);
    await turn();
    assert.equal(machines.all()[0]?.user, "worker/2");
    finish();
    await next;
    assert.deepEqual(
      effects.map(({ taskId }) => taskId),
      ["b"],
    );
  });

  it("brews only while a supervisor watches", async () => {
    const absent = { code: "FAILED_PRECONDITION", reason: "SUPERVISOR_ABSENT" };
    await assert.rejects(machines.brew(attempt("c"), never), absent);
    const [one, two] = [machines.supervise(), machines.supervise()];
    const brewing = machines.brew(attempt("c"), never);
    await turn();
    one();
    one();
    two();
    await assert.rejects(brewing, absent);
    assert.equal(effects.length, 0, "it stopped in the middle");
    machines.supervise();
    const again = machines.brew(attempt("c"), never);
    await turn();
    finish();
    assert.equal(await again, false);
    assert.equal(effects.length, 1);
  });

  it("has no arm where there is no station", async () => {
    await assert.rejects(machines.place({ x: 0, y: 0 }, attempt("a"), never), { code: "INVALID_ARGUMENT" });
  });
});
