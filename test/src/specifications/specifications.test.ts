import assert from "node:assert/strict";
import { table } from "./table.js";

describe("the specifications", () => {
  for (const group of table) {
    describe(group.title, () => {
      let stage: Awaited<ReturnType<typeof group.open>>;
      before(async () => {
        stage = await group.open();
      });
      after(() => stage.close());
      for (const [at, { name, section, expected }] of group.cases.entries()) {
        it(`${name}: ${expected} (${section})`, async () => {
          const { verdict, detail } = await stage.see(at);
          assert.equal(verdict, expected, detail);
        });
      }
    });
  }
});
