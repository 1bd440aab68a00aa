import assert from "node:assert/strict";
import { readFault } from "./read-fault.js";

describe("a fault of a proto file", () => {
  it("is taken apart, as far as it says where it is", () => {
    assert.deepEqual(readFault("protos/a/v1/a.proto:5:3: a.v1.S/Do has no access policy: add one"), {
      file: "protos/a/v1/a.proto",
      line: 5,
      column: 3,
      method: "a.v1.S/Do",
      message: "has no access policy: add one",
    });
    assert.deepEqual(readFault('protos/a.proto:5:1: a.v1.S has served_by "a//b"'), {
      file: "protos/a.proto",
      line: 5,
      column: 1,
      message: 'a.v1.S has served_by "a//b"',
    });
    assert.deepEqual(readFault("protos/a.proto: it is empty"), { file: "protos/a.proto", message: "it is empty" });
    assert.deepEqual(readFault("buf cannot be run"), { message: "buf cannot be run" });
  });
});
