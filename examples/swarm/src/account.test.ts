import assert from "node:assert/strict";
import { type Executed, type Recorded, settle } from "./account.js";

const ours = new Set(["worker/1", "worker/2"]);
const executed = (taskId: string, worker = "worker/1", attempt = 1): Executed => ({ taskId, worker, attempt });
const recorded = (taskId: string, rest: Partial<Recorded> = {}): Recorded => ({
  ...{ taskId, completed: true, worker: "worker/1", attempt: 1, ...rest },
});

describe("settle", () => {
  it("finds nothing wrong when both ledgers agree", () => {
    const account = settle(["a", "b"], [recorded("a"), recorded("b")], [executed("a"), executed("b")], ours);
    assert.deepEqual(account, { submitted: 2, completed: 2, lost: 0, duplicated: 0 });
  });

  it("counts as lost what is not completed, unknown, or in nobody's ledger", () => {
    const tasks = [recorded("a", { completed: false }), recorded("c"), recorded("d", { attempt: 2 })];
    const account = settle(["a", "b", "c", "d"], tasks, [executed("d")], ours);
    assert.deepEqual(account, { submitted: 4, completed: 2, lost: 4, duplicated: 0 });
  });

  it("counts every time more than once", () => {
    const twice = [executed("a"), executed("a", "worker/2", 2), executed("a", "worker/1", 3)];
    assert.deepEqual(settle(["a"], [recorded("a")], twice, ours).duplicated, 2);
  });

  it("takes the leader's word for a guest", () => {
    const account = settle(["a"], [recorded("a", { worker: "worker/9" })], [], ours);
    assert.equal(account.lost, 0);
  });
});
