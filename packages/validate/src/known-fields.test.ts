import assert from "node:assert/strict";
import { create, type DescMessage, fromBinary, toBinary } from "@bufbuild/protobuf";
import { knownFields } from "./known-fields.js";
import { createRequestChecks } from "./request-checks.js";
import { readRequestTypes } from "./request-types.js";
import { describeGripper, gripPath } from "./testing/described-service.js";

const request = readRequestTypes(describeGripper()).of(gripPath) as DescMessage;

describe("what a codec has read of a message", () => {
  it("stays, whatever kinds of fields there are", () => {
    const init = {
      newtons: 4.5,
      count: 7,
      id: -3n,
      name: "käse",
      gently: true,
      kind: 1,
      item: { weight: 3, inner: { weight: 4 } },
      tags: ["a", ""],
      raw: new Uint8Array([1, 2]),
      labels: { x: "y", "": "z" },
      items: [{ weight: 1 }, {}],
    };
    const bytes = toBinary(request, create(request, init as never));
    assert.deepEqual(fromBinary(request, knownFields(request, bytes)), fromBinary(request, bytes));
    assert.deepEqual([...knownFields(request, new Uint8Array())], []);
  });

  it("is not what it has kept unread: a known field in the wire type of another one", () => {
    const checks = createRequestChecks(describeGripper())(gripPath);
    // newtons = 100 as a double; then the same number as a varint of eight bytes, which a double of about 0 could be.
    const strong = Buffer.from([0x09, 0, 0, 0, 0, 0, 0, 0x59, 0x40]);
    const misread = Buffer.from([0x08, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00]);
    for (const bytes of [Buffer.concat([strong, misread]), Buffer.concat([misread, strong])])
      assert.equal(checks.unmet(bytes, ["newtons <= 5"]), "newtons <= 5");
    // Within a message: item { weight = 100, and again in four bytes }.
    const weight = Buffer.from([0x08, 0x64, 0x0d, 0x01, 0xf8, 0x01, 0x00]);
    const item = Buffer.concat([Buffer.from([0x3a, weight.length]), weight]);
    assert.equal(checks.unmet(item, ["item.weight <= 5"]), "item.weight <= 5");
    assert.deepEqual([...knownFields(request, item)], [0x3a, 2, 0x08, 0x64]);
    // And a field that the type does not have.
    assert.deepEqual([...knownFields(request, Buffer.from([0xf8, 0x07, 0x01]))], []);
  });
});
