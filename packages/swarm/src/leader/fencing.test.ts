import assert from "node:assert/strict";
import fc from "fast-check";
import { type Lease, type Task, TaskState } from "../gen/interlock/swarm/v1/swarm.js";
import { isClosed, mayFollow } from "../task-state.js";
import { createFakeLeader, type FakeLeader } from "../testing/fake-leader.js";
import { settle } from "../testing/fake-time.js";
import { connectWorker, type MemoryWorker } from "../testing/memory-worker.js";

const workers = ["worker/1", "worker/2", "worker/3"];
const worker = fc.constantFrom(...workers);
const pick = fc.nat(50);

/** What may happen, in any order. */
const step = fc.oneof(
  fc.record({ do: fc.constant("submit" as const) }),
  fc.record({ do: fc.constant("connect" as const), worker, resume: fc.boolean() }),
  fc.record({ do: fc.constant("detach" as const), worker }),
  fc.record({ do: fc.constantFrom("accept", "progress", "complete", "fail", "forfeit", "beat"), worker, pick }),
  fc.record({ do: fc.constantFrom("cancel" as const, "pause" as const, "resume" as const), pick }),
  fc.record({ do: fc.constant("pass" as const), ms: fc.constantFrom(100, 600, 2_100) }),
  fc.record({ do: fc.constant("restart" as const) }),
  fc.record({ do: fc.constant("stop" as const) }),
);

describe("leases, whatever happens", () => {
  it("let one worker at a time have a task, with a token that grows, and each task end once", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), async (steps) => {
        let fake = await createFakeLeader();
        const connected = new Map<string, MemoryWorker>();
        const given = new Map<bigint, { worker: string; lease: Lease }>();
        const seen = new Map<string, { state: TaskState; revision: bigint; attempt: number; token: bigint }>();
        const ended = new Map<string, number>();
        const ids: string[] = [];
        const faults: unknown[] = [];

        function observe(to: FakeLeader): void {
          to.leader.onTask((task) => {
            try {
              check(task);
            } catch (error) {
              faults.push(error); // What a listener throws is only a warning.
            }
          });
        }

        function check({ taskId, state, revision, attempt, leaseToken }: Task): void {
          const before = seen.get(taskId);
          if (before) {
            assert.ok(mayFollow(before.state, state), `${before.state} → ${state}`);
            assert.ok(revision > before.revision, "revisions grow");
            assert.ok(attempt >= before.attempt, "attempts grow");
            const again = state === TaskState.TASK_STATE_SUBMITTED;
            if (again) assert.equal(attempt, before.attempt + 1, "back means: the next attempt");
          }
          if (state === TaskState.TASK_STATE_ASSIGNED) {
            assert.ok(leaseToken > (before?.token ?? 0n), "the fencing token grows");
          }
          if (isClosed(state)) ended.set(taskId, (ended.get(taskId) ?? 0) + 1);
          const token = leaseToken > (before?.token ?? 0n) ? leaseToken : (before?.token ?? 0n);
          seen.set(taskId, { state, revision, attempt, token });
        }
        observe(fake);

        /** Takes down what a worker has been given since. */
        function note(name: string): void {
          for (const { lease } of connected.get(name)?.assigned() ?? []) {
            if (!lease) continue;
            const before = given.get(lease.leaseToken);
            assert.ok(!before || before.worker === name, "no token is given to two workers");
            given.set(lease.leaseToken, { worker: name, lease });
          }
        }

        const some = (n: number) => [...given.values()].at(n % Math.max(given.size, 1))?.lease;
        const quietly = async (work: () => unknown) => {
          try {
            await work();
          } catch (error) {
            assert.ok((error as { reason?: string }).reason, String(error));
          }
        };

        for (const each of steps) {
          const lease = "pick" in each ? some(each.pick) : undefined;
          const taskId = "pick" in each ? (ids[each.pick % Math.max(ids.length, 1)] ?? "none") : "";
          const who = "worker" in each ? connected.get(each.worker) : undefined;
          await quietly(async () => {
            switch (each.do) {
              case "submit":
                ids.push((await fake.submit({ maximumAttempts: 3 })).taskId);
                break;
              case "connect": {
                const held = [...given.values()].filter((g) => g.worker === each.worker).map((g) => g.lease);
                const session = each.resume ? { sessionId: who?.sessionId() ?? "", held } : {};
                connected.set(each.worker, connectWorker(fake.dispatcher, each.worker, session));
                break;
              }
              case "detach":
                who?.detach();
                break;
              case "pass":
                await fake.time.pass(each.ms);
                break;
              case "cancel":
                await fake.dispatcher.cancel(taskId, "");
                break;
              case "pause":
                await fake.dispatcher.pause(taskId);
                break;
              case "resume":
                await fake.dispatcher.resume(taskId);
                break;
              case "restart":
                await fake.leader.close();
                fake = await createFakeLeader({}, fake);
                observe(fake);
                break;
              case "stop": {
                const [{ safety }] = await Promise.all([fake.dispatcher.safety.stop("o", "", 1), fake.time.pass(1)]);
                await fake.dispatcher.safety.reset("o", safety.stopId, "");
                break;
              }
              case "beat":
                who?.beat(lease ? [lease] : []);
                break;
              default: {
                // Any worker with any lease, also with another's: it counts only if the lease is its own and current.
                if (!lease || !who) break;
                const before = await fake.dispatcher.get(lease.taskId);
                const own = before.worker === each.worker && before.leaseToken === lease.leaseToken;
                const value = { lease, reason: "r", result: Buffer.from(String(lease.leaseToken)), sequence: 0 };
                const rest = { progress: { fraction: 0.5, stage: "" }, checkpoint: Buffer.alloc(0), permanent: false };
                const cases = { accept: "acceptTask", progress: "reportProgress", complete: "completeTask" } as const;
                const $case = { ...cases, fail: "failTask", forfeit: "forfeitTask" }[each.do] as "acceptTask";
                try {
                  who.say({ $case, value: { ...value, ...rest } });
                } finally {
                  const after = await fake.dispatcher.get(lease.taskId);
                  if (!own) assert.equal(after.revision, before.revision, "a report of another worker changes nothing");
                }
              }
            }
          });
          await settle();
          for (const name of workers) note(name);
        }
        await fake.leader.close();
        assert.deepEqual(faults, []);
        for (const [taskId, times] of ended) assert.equal(times, 1, `${taskId} ended ${times} times`);
      }),
      { numRuns: 150 },
    );
  });
});
