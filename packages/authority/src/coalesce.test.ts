import assert from "node:assert/strict";
import { coalesce } from "./coalesce.js";

describe("coalesce", () => {
  const turns = () => new Promise<void>((resolve) => setImmediate(resolve));

  it("gives every call a run that begins after it, and shares what it can", async () => {
    let runs = 0;
    let finish: () => void = () => {};
    const refresh = coalesce(() => {
      runs++;
      return new Promise((resolve) => {
        finish = resolve;
      });
    });
    const first = refresh();
    await turns();
    assert.equal(runs, 1);
    const later = [refresh(), refresh(), refresh()];
    await turns();
    assert.equal(runs, 1, "one at a time");
    finish();
    await first;
    await turns();
    assert.equal(runs, 2, "one for the three");
    finish();
    await Promise.all(later);
  });

  it("continues after a run that failed, whose callers get the error", async () => {
    let failing = true;
    const refresh = coalesce(async () => {
      if (failing) throw new Error("away");
    });
    await assert.rejects(refresh(), /away/);
    failing = false;
    await refresh();
  });
});
