import assert from "node:assert/strict";
import { createSwarmAccount } from "./swarm-account.js";

describe("the account of a soak", () => {
  it("has nothing lost and nothing done twice if each task is done once", () => {
    const account = createSwarmAccount();
    for (const task of ["a", "b"]) {
      account.submitted(task);
      account.done(task);
      account.completed(task);
      account.completed(task);
    }
    assert.deepEqual(account.totals(), { submitted: 2, completed: 2, lost: 0, duplicated: 0 });
  });

  it("finds tasks that are not completed, that were not done, and that were done twice", () => {
    const account = createSwarmAccount();
    for (const task of ["open", "claimed", "twice"]) account.submitted(task);
    account.done("twice");
    assert.deepEqual([account.isDone("twice"), account.isDone("open")], [true, false]);
    account.done("twice");
    account.completed("claimed");
    account.completed("twice");
    assert.deepEqual(account.totals(), { submitted: 3, completed: 2, lost: 2, duplicated: 1 });
    assert.equal(account.open, 1);
  });
});
