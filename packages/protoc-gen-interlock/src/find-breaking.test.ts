import assert from "node:assert/strict";
import { findBreaking } from "./find-breaking.js";
import { GenerateError } from "./generate-error.js";
import { type TempWorkspace, tempWorkspace } from "./temp-workspace.test.fixture.js";

const proto = (type: string) => `syntax = "proto3";
package cafe.v1;
message Cup {
  ${type} milliliters = 1;
}
`;

describe("breaking changes", () => {
  let before: TempWorkspace;
  let after: TempWorkspace;

  beforeEach(async () => {
    [before, after] = [await tempWorkspace(), await tempWorkspace()];
    await before.write("protos/cafe/v1/cup.proto", proto("int32"));
  });
  afterEach(() => Promise.all([before.remove(), after.remove()]));

  const compare = () => findBreaking({ workspace: after.path, protos: "protos", against: before.path });

  for (const hasConfig of [true, false]) {
    it(`are found with their place, ${hasConfig ? "with" : "without"} buf.yaml`, async () => {
      await after.write("protos/cafe/v1/cup.proto", proto("string"));
      if (hasConfig)
        for (const one of [before, after]) await one.write("buf.yaml", "version: v2\nmodules: [{path: protos}]\n");
      const [change, ...others] = await compare();
      assert.deepEqual(others, []);
      assert.equal(change?.rule, "FIELD_SAME_TYPE");
      assert.deepEqual([change.file, change.line, change.column], ["protos/cafe/v1/cup.proto", 4, 3]);
    });
  }

  it("are none in the same files, and none where there were no files", async () => {
    await after.write("protos/cafe/v1/cup.proto", proto("int32"));
    assert.deepEqual(await compare(), []);
    assert.deepEqual(await findBreaking({ workspace: after.path, protos: "protos", against: "/nowhere" }), []);
  });

  it("are not known when a file does not compile", async () => {
    await after.write("protos/cafe/v1/cup.proto", proto("no_such_type"));
    await assert.rejects(compare(), GenerateError);
  });
});
