import assert from "node:assert/strict";
import { findStatic, findStaticName, staticEntries, staticTable } from "./static-table.js";

const at = (index: number) => staticTable.slice(index * 2 - 2, index * 2);

// nghttp2.test.ts compares every entry with the table of nghttp2, but for transfer-encoding, which that refuses.
describe("staticTable", () => {
  it("has the entries of RFC 7541, appendix A, at their indices", () => {
    assert.equal(staticEntries, 61);
    assert.equal(staticTable.length, 122);
    assert.deepEqual(at(1), [":authority", ""]);
    assert.deepEqual(at(3), [":method", "POST"]);
    assert.deepEqual(at(7), [":scheme", "https"]);
    assert.deepEqual(at(8), [":status", "200"]);
    assert.deepEqual(at(14), [":status", "500"]);
    assert.deepEqual(at(16), ["accept-encoding", "gzip, deflate"]);
    assert.deepEqual(at(23), ["authorization", ""]);
    assert.deepEqual(at(31), ["content-type", ""]);
    assert.deepEqual(at(38), ["host", ""]);
    assert.deepEqual(at(57), ["transfer-encoding", ""]);
    assert.deepEqual(at(58), ["user-agent", ""]);
    assert.deepEqual(at(61), ["www-authenticate", ""]);
  });

  it("has no field twice, and its names in groups", () => {
    const fields = Array.from({ length: staticEntries }, (_, index) => at(index + 1).join("\0"));
    assert.equal(new Set(fields).size, staticEntries);
    const names = fields.map((field) => field.split("\0")[0]);
    const starts = names.filter((name, index) => name !== names[index - 1]);
    assert.equal(new Set(starts).size, starts.length);
  });

  it("is searched by field and by name", () => {
    for (let index = 1; index <= staticEntries; index++) {
      const [name, value] = at(index) as [string, string];
      assert.equal(findStatic(name, value), index);
      assert.equal(at(findStaticName(name))[0], name);
      assert.ok(findStaticName(name) <= index);
    }
    assert.equal(findStatic(":method", "PUT"), 0);
    assert.equal(findStatic("x", ""), 0);
    assert.equal(findStaticName("x"), 0);
    assert.equal(findStaticName(":status"), 8);
  });
});
