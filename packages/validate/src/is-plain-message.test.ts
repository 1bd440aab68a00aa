import assert from "node:assert/strict";
import { create, type DescMessage, toBinary } from "@bufbuild/protobuf";
import { isPlainMessage } from "./is-plain-message.js";
import { readRequestTypes } from "./request-types.js";
import { describeGripper, gripPath } from "./testing/described-service.js";

const request = readRequestTypes(describeGripper()).of(gripPath) as DescMessage;
const field = (name: string) => request.fields.find((one) => one.name === name)?.number ?? 0;
const tag = (name: string, wireType: number) => Buffer.from([(field(name) << 3) | wireType]);
const text = (name: string, value: string) =>
  Buffer.concat([tag(name, 2), Buffer.from([value.length]), Buffer.from(value)]);

describe("isPlainMessage", () => {
  it("takes what is written by a codec, in whatever order of its fields", () => {
    const full = create(request, {
      newtons: 4.5,
      count: 7,
      name: "a",
      gently: true,
      kind: 1,
      item: { weight: 3 },
      tags: ["a", "b"],
      raw: new Uint8Array([1, 2]),
      labels: { x: "y", z: "" },
    } as never);
    const bytes = toBinary(request, full);
    assert.equal(isPlainMessage(request, bytes), true);
    assert.equal(isPlainMessage(request, Buffer.alloc(0)), true);
    assert.equal(
      isPlainMessage(request, Buffer.concat([text("tags", "a"), text("name", "a"), text("tags", "b")])),
      true,
    );
  });

  const item = (inner: Uint8Array) => Buffer.concat([tag("item", 2), Buffer.from([inner.length]), inner]);
  for (const [what, bytes] of [
    ["a field twice", Buffer.concat([text("name", "a"), text("name", "b")])],
    [
      "a message twice, which some readers put together",
      Buffer.concat([item(Buffer.from("0803", "hex")), item(Buffer.alloc(0))]),
    ],
    ["a field within a message twice", item(Buffer.from("08030804", "hex"))],
    ["a field in another wire type", Buffer.concat([tag("name", 1), Buffer.from("04736f6674208000", "hex")])],
    ["a field that the type does not have", Buffer.from("f83f01", "hex")],
    ["a field within a message that its type does not have", item(Buffer.from("f83f01", "hex"))],
    ["a key of a map twice in one entry", Buffer.concat([tag("labels", 2), Buffer.from("060a01780a0179", "hex")])],
    ["an end within a field", text("name", "abc").subarray(0, 4)],
    ["no message", Buffer.from("ff", "hex")],
  ] as const) {
    it(`does not take ${what}`, () => assert.equal(isPlainMessage(request, bytes), false));
  }
});
