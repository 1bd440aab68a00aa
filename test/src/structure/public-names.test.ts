import assert from "node:assert/strict";
import { publicNames } from "./public-names.js";

describe("the public names of @interlock/bot", () => {
  const names = publicNames("packages/bot/src/index.ts");
  const internal = publicNames("packages/bot/src/internal.ts");

  it("are 62 at most", () => {
    assert.equal(names.length, 62, "62 is the bound: a new name takes the place of another");
  });

  it("have a doc comment each, those for the sister packages as well", () => {
    const undocumented = [...names, ...internal].filter(({ documented }) => !documented);
    assert.deepEqual(undocumented, []);
  });

  it("are in one entry only", () => {
    const known = new Set(names.map(({ name }) => name));
    assert.deepEqual(
      internal.filter(({ name }) => known.has(name)),
      [],
    );
  });
});
