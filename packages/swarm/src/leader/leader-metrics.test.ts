import assert from "node:assert/strict";
import { createFakeLeader } from "../testing/fake-leader.js";
import { settle } from "../testing/fake-time.js";
import { connectWorker } from "../testing/memory-worker.js";
import { leaderMetrics } from "./leader-metrics.js";

describe("metrics of a leader", () => {
  it("are its queue, its tasks and its workers; and only that it does not lead, while it stands by", async () => {
    const fake = await createFakeLeader();
    const source = leaderMetrics(fake.leader, fake.time);
    function values(): Record<string, number> {
      const found: Record<string, number> = {};
      source.observe(({ name }, value, attributes = {}) => {
        assert.ok(source.definitions.some((definition) => definition.name === name));
        if (value !== 0) found[[name, ...Object.values(attributes)].join(" ")] = value as number;
      });
      return found;
    }
    await fake.submit();
    await fake.submit();
    assert.deepEqual(values(), { "interlock.swarm.leads": 1, "interlock.swarm.tasks SUBMITTED": 2 });
    await fake.time.pass(1_500);
    assert.equal(values()["interlock.swarm.queue.age"], 1.5);
    connectWorker(fake.dispatcher, "worker/1");
    await settle();
    const busy = values();
    assert.equal(busy["interlock.swarm.workers ONLINE"], 1);
    assert.equal(busy["interlock.swarm.tasks SUBMITTED"], 1);
    await fake.time.pass(20_000);
    assert.equal(values()["interlock.swarm.workers LOST"], 1);
    await fake.leader.close();
    assert.deepEqual(values(), {});
  });
});
