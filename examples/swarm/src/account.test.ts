import assert from "node:assert/strict";
import { settle } from "./account.js";

const done = (taskId: string) => ({ taskId });
const recorded = (taskId: string, completed = true) => ({ taskId, completed });

describe("settle", () => {
  it("finds nothing wrong when both records agree", () => {
    const account = settle(new Set(["a", "b"]), [recorded("a"), recorded("b")], [done("a"), done("b")]);
    assert.deepEqual(account, { submitted: 2, completed: 2, lost: 0, duplicated: 0 });
  });

  it("counts as lost what is not completed, unknown, or was done by no machine", () => {
    const tasks = [recorded("a", false), recorded("c"), recorded("d")];
    const account = settle(new Set(["a", "b", "c", "d"]), tasks, [done("d")]);
    assert.deepEqual(account, { submitted: 4, completed: 2, lost: 3, duplicated: 0 });
  });

  it("counts every time more than once", () => {
    assert.equal(settle(new Set(["a"]), [recorded("a")], [done("a"), done("a"), done("a")]).duplicated, 2);
  });
});
