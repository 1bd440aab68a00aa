import assert from "node:assert/strict";
import { create, type DescMessage } from "@bufbuild/protobuf";
import { readRequestTypes } from "../request-types.js";
import { describeGripper, gripPath } from "../testing/described-service.js";
import { compileCondition } from "./compile-condition.js";
import { conditionFault } from "./condition-fault.js";

const types = readRequestTypes(describeGripper());
const request = types.of(gripPath) as DescMessage;
const message = create(request, {
  newtons: 4.5,
  count: 7,
  id: 9_007_199_254_740_993n,
  name: "käse",
  gently: true,
  kind: 1,
  item: { weight: 3 },
  tags: ["a", "b"],
  raw: new Uint8Array([1, 2]),
  labels: { x: "y" },
} as never);

const isTrue = (condition: string, of = message) => compileCondition(condition, request, types.registry)(of);

describe("a condition", () => {
  for (const condition of [
    "newtons <= 5",
    "5 >= newtons && newtons < 5u",
    "this.newtons <= 5",
    "newtons * 2.0 == 9.0",
    "-newtons <= 0",
    "count == 7 && count in [6, 7]",
    "id == 9007199254740993 && id > 9007199254740992",
    "id % 2 == 1",
    "name == 'käse' && size(name) == 4 && name.size() == 4",
    "name.startsWith('k') && name.endsWith('e') && name.contains('äs')",
    "gently && !(!gently)",
    "gently ? newtons <= 5 : false",
    "kind == 1",
    "item.weight <= 3 && has(this.item) && has(item.weight) && !has(item.inner)",
    "item.inner.inner.weight == 0",
    "'a' in tags && tags[1] == 'b' && size(tags) == 2",
    "raw == b'\\x01\\x02'",
    "'x' in labels && labels['x'] == 'y'",
    "newtons == 4.5 || id / 0 == 1",
    "true",
  ])
    it(`is true: ${condition}`, () => {
      assert.equal(conditionFault(condition, request), undefined);
      assert.equal(conditionFault(condition), undefined, "what fits a type fits none, too");
      assert.equal(isTrue(condition), true);
    });

  for (const condition of [
    "newtons <= 4",
    "id == 9007199254740992.0",
    "!gently",
    "tags[5] == 'a'",
    "labels['z'] == 'y'",
    "id / 0 == 1",
    "id + 9223372036854775807 > 0",
  ])
    it(`is not true, also where it cannot be evaluated: ${condition}`, () => {
      assert.equal(conditionFault(condition, request), undefined);
      assert.equal(isTrue(condition), false);
    });

  it("is not true of a number that is none", () => {
    assert.equal(isTrue("newtons <= 5", create(request, { newtons: Number.NaN } as never)), false);
  });

  const misfits: Readonly<Record<string, RegExp>> = {
    newtons: /^it is a double, and not true or false$/,
    "item.weight": /^it is an int, and not/,
    "nwtons <= 5": /^cafe\.v1\.GripRequest has no field "nwtons"; it has newtons, count, .* and others$/,
    "item.wght <= 5": /^cafe\.v1\.Item has no field "wght"; it has weight, inner$/,
    "newtons.x == 1": /^a double has no field "x"$/,
    "labels.x == 'y'": /^a map has no field "x"$/,
    "name <= 5": /^a string is compared with an int$/,
    "newtons * 2 <= 5": /^CEL does not calculate with a double and an int: write 2\.0/,
    "item == item": /^a cafe\.v1\.Item stands where a number or a text is needed$/,
    "tags == ['a']": /^a list stands where/,
    "name && gently": /^a string stands where true or false is needed$/,
    "gently ? name : newtons": /^one end of \?: is a string, the other a double$/,
    "name in name": /^"in" looks in a list or a map, and not in a string$/,
    "1 in tags": /^a string is compared with an int$/,
    "newtons[0] == 1": /^\[\] reads a list or a map, and not a double$/,
    "size(newtons) == 1": /^a double stands where a text, bytes, a list or a map is needed$/,
    "gently < true": /^a bool stands where a number or a text is needed$/,
  };
  for (const [condition, fault] of Object.entries(misfits))
    it(`does not fit the request: ${condition}`, () => {
      assert.match(conditionFault(condition, request) ?? "", fault);
      assert.throws(() => compileCondition(condition, request, types.registry), { message: fault });
    });

  const refused: Readonly<Record<string, RegExp>> = {
    "newtons <=": /^it is no CEL expression$/,
    "": /^it is no CEL expression$/,
    "tags.all(t, t == 'a')": /^all, exists, filter and map are not taken: their cost has no bound$/,
    "tags.exists(t, t == 'a')": /their cost has no bound/,
    "name.matches('(a+)+$')": /^"matches" is not taken; a condition may use/,
    "name.contains(name)": /^contains takes a text that stands in the condition$/,
    "name + 'x' == 'y'": /^a string stands where a number is needed$/,
    "timestamp('2020-01-01T00:00:00Z') < x": /^"timestamp" is not taken/,
    "int(newtons) < 5": /^"int" is not taken/,
    "dyn(newtons) == 1": /^"dyn" is not taken/,
    "type(newtons) == int": /^"type" is not taken/,
    "null == null": /^null is not taken: /,
    "Item{weight: 1}.weight == 1": /^messages and maps cannot be made in it$/,
    "{'a': 1}['a'] == 1": /^messages and maps cannot be made in it$/,
    "[] == []": /^a list in it is empty$/,
    "1": /^it is an int, and not true or false$/,
    [`${"(".repeat(40)}gently${")".repeat(40)}`]: /^it is nested too deeply$/,
    [`${"!".repeat(40)}gently`]: /^it is nested too deeply$/,
    [`name == '${"x".repeat(1_024)}'`]: /^it has more than 1024 characters$/,
  };
  for (const [condition, fault] of Object.entries(refused))
    it(`cannot be used over any request: ${condition.slice(0, 40)}`, () => {
      assert.match(conditionFault(condition) ?? "", fault);
      assert.ok(conditionFault(condition, request));
    });

  it("costs little however long the request is", () => {
    const long = create(request, { name: "a".repeat(2_000_000), tags: Array(100_000).fill("a") } as never);
    const clauses = Array.from({ length: 20 }, (_, i) => `!name.contains('aaaaaaaaaaaaaaab${i}')`).join(" && ");
    assert.equal(isTrue(`${clauses} && !('b' in tags)`, long), true);
  });
});
