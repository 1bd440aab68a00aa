import assert from "node:assert/strict";
import { create, type DescMessage, toBinary } from "@bufbuild/protobuf";
import { createRequestChecks } from "./request-checks.js";
import { readRequestTypes } from "./request-types.js";
import { describeGripper, type FieldRules, gripPath } from "./testing/described-service.js";

function bytesOf(init: object): Uint8Array {
  const request = readRequestTypes(describeGripper()).of(gripPath) as DescMessage;
  return toBinary(request, create(request, init as never));
}

const atMost: FieldRules = { type: { case: "double", value: { lessThan: { case: "lte", value: 5 } } } };
const short: FieldRules = {
  type: { case: "repeated", value: { items: { type: { case: "string", value: { maxLen: 3n } } } } },
};

describe("the checks of a request", () => {
  it("find what does not satisfy the constraints, by field and rule", () => {
    const checks = createRequestChecks(describeGripper({ newtons: atMost, tags: short }))(gripPath);
    assert.deepEqual(checks.violations(bytesOf({ newtons: 5, tags: ["a"] })), []);
    const found = checks.violations(bytesOf({ newtons: 5.5, tags: ["a", "long"] }));
    assert.deepEqual(
      found.map(({ field, rule }) => [field, rule]),
      [
        ["newtons", "double.lte"],
        ["tags[1]", "string.max_len"],
      ],
    );
    assert.match(found[0]?.description ?? "", /less than or equal to 5/);
  });

  it("find no more than a message can tell, and of a large request only the first", () => {
    const checks = createRequestChecks(describeGripper({ tags: short }))(gripPath);
    const tags = (count: number) => bytesOf({ tags: Array(count).fill("long") });
    assert.equal(checks.violations(tags(100)).length, 32);
    assert.equal(checks.violations(tags(100_000)).length, 1);
  });

  it("are not made of constraints that do not compile", () => {
    const broken: FieldRules = { cel: [{ id: "x", message: "x", expression: "this <" }] };
    assert.throws(() => createRequestChecks(describeGripper({ newtons: broken }))(gripPath), {
      message: /^The constraints of cafe\.v1\.GripRequest do not compile: /,
    });
    const misfit: FieldRules = { type: { case: "string", value: { minLen: 1n } } };
    assert.throws(() => createRequestChecks(describeGripper({ newtons: misfit }))(gripPath), /do not compile/);
  });

  it("match regular expressions in linear time", () => {
    const pattern: FieldRules = { type: { case: "string", value: { pattern: "^(a+)+$" } } };
    const checks = createRequestChecks(describeGripper({ name: pattern }))(gripPath);
    assert.equal(checks.violations(bytesOf({ name: `${"a".repeat(5_000)}!` })).length, 1);
  });

  it("find the first condition that is not true; one that does not fit the request is true of none", () => {
    const checks = createRequestChecks(describeGripper())(gripPath);
    const request = bytesOf({ newtons: 4, name: "a" });
    assert.equal(checks.unmet(request, []), undefined);
    assert.equal(checks.unmet(request, ["newtons <= 5", "name == 'a'"]), undefined);
    assert.equal(checks.unmet(request, ["newtons <= 5", "name == 'b'", "newtons <= 3"]), "name == 'b'");
    for (const misfit of ["weight <= 5", "newtons", "newtons <=", "tags.all(t, true)"])
      assert.equal(checks.unmet(request, [misfit]), misfit);
    for (let i = 0; i < 1_000; i++) assert.equal(checks.unmet(request, [`newtons <= ${i + 4}`]), undefined);
  });

  it("are made for methods that the descriptors have", () => {
    assert.throws(
      () => createRequestChecks(describeGripper())("/cafe.v1.GripperService/Open"),
      /is not in the descriptors/,
    );
  });
});
