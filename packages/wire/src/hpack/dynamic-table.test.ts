import assert from "node:assert/strict";
import { DynamicTable, fieldSize } from "./dynamic-table.js";

const entries = (table: DynamicTable) =>
  Array.from({ length: table.length }, (_, at) => `${table.name(at + 1)}=${table.value(at + 1)}`);

describe("DynamicTable", () => {
  it("counts 32 bytes for an entry on top of its own", () => {
    assert.equal(fieldSize("", ""), 32);
    assert.equal(fieldSize("abc", "de"), 37);
  });

  it("has the newest entry first, and drops the oldest ones for it", () => {
    const table = new DynamicTable();
    table.resize(3 * 34);
    for (const name of ["a", "b", "c"]) table.add(name, "1");
    assert.deepEqual(entries(table), ["c=1", "b=1", "a=1"]);
    table.add("d", "1");
    assert.deepEqual(entries(table), ["d=1", "c=1", "b=1"]);
    table.add("e", "12");
    assert.deepEqual(entries(table), ["e=12", "d=1"]);
  });

  it("is emptied by an entry that is larger than it, which is no error (RFC 7541, section 4.4)", () => {
    const table = new DynamicTable();
    table.resize(40);
    table.add("a", "1");
    table.add("b", "12345678");
    assert.deepEqual(entries(table), []);
    table.add("c", "1234567");
    assert.deepEqual(entries(table), ["c=1234567"]);
  });

  it("drops what does not fit into a smaller size, and grows again", () => {
    const table = new DynamicTable();
    for (const name of ["a", "b", "c"]) table.add(name, "1");
    table.resize(2 * 34 + 33);
    assert.deepEqual(entries(table), ["c=1", "b=1"]);
    table.resize(0);
    assert.deepEqual(entries(table), []);
    table.add("d", "1");
    assert.deepEqual(entries(table), []);
    table.resize(4096);
    table.add("e", "1");
    assert.deepEqual(entries(table), ["e=1"]);
  });

  it("tells what it drops, and that it has changed", () => {
    const dropped: string[] = [];
    const table = new DynamicTable((name, value) => dropped.push(name + value));
    const { changes } = table;
    for (const name of ["a", "b", "c"]) table.add(name, "1");
    assert.equal(table.changes, changes + 3);
    table.resize(34);
    assert.deepEqual(dropped, ["a1", "b1"]);
    assert.equal(table.changes, changes + 4);
  });
});
