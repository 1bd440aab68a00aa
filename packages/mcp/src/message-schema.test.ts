import assert from "node:assert/strict";
import { messageSchema } from "./message-schema.js";
import { messageOf } from "./testing/test-messages.js";

describe("messageSchema", () => {
  it("writes each kind of field as the JSON mapping does", () => {
    const { type, properties, additionalProperties } = messageSchema(messageOf("Everything"));
    const { inner, ...fields } = properties as Record<string, object>;
    assert.deepEqual([type, additionalProperties], ["object", false]);
    assert.deepEqual(fields, {
      text: { type: "string" },
      big: { type: "string", pattern: "^-?[0-9]+$" },
      data: { type: "string", contentEncoding: "base64" },
      at: { type: "string", format: "date-time" },
      mode: { type: "string", enum: ["MODE_UNSPECIFIED", "MODE_SOFT"] },
      many: { type: "array", items: { type: "string" } },
      one: { type: "boolean", description: "At most one of one, other." },
      other: { type: "string", description: "At most one of one, other." },
      counts: { type: "object", additionalProperties: { type: "number" } },
    });
    assert.ok(inner);
  });

  it("ends where a message holds itself", () => {
    let schema: object = messageSchema(messageOf("Everything"));
    let depth = 0;
    for (; "properties" in schema; depth++) schema = (schema.properties as { inner: object }).inner;
    assert.deepEqual([depth, schema], [6, { type: "object" }]);
  });

  it("names fields in camel case", () => {
    const { properties } = messageSchema(messageOf("GripRequest"));
    assert.deepEqual(Object.keys(properties as object), ["newtons", "holdOpen"]);
  });
});
