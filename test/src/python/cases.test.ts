import assert from "node:assert/strict";
import { makeCases } from "./cases.js";
import { replay } from "./replay.js";

describe("the cases that every language replays", () => {
  it("are answered by the TypeScript server as they say", async () => {
    const file = JSON.parse(JSON.stringify(await makeCases()));
    const played = await replay(file);
    assert.equal(played.length, file.cases.length);
    assert.ok(played.length > 200, `${played.length} cases`);
    for (const { case: one, code, recorded } of played) {
      assert.equal(code, one.peer ? 14 : one.code, `${one.row}: ${one.name}`);
      if (one.reason === undefined) continue;
      const reason = recorded.at(-1) ?? "nothing";
      assert.ok((one.recorded ?? [one.reason]).includes(reason), `${one.row}: ${one.name}: ${reason}`);
    }
  });
});
