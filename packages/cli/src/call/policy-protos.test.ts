import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { policyProtos } from "./policy-protos.js";

describe("the proto files of the access policy", () => {
  it("are found in their package, wherever its code is", () => {
    assert.ok(existsSync(join(policyProtos(), "interlock/policy/v1/policy.proto")), policyProtos());
  });
});
