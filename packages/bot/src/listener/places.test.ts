import assert from "node:assert/strict";
import { createPlaces } from "./places.js";

describe("places for strangers", () => {
  it("go to the newest; the oldest that does nothing makes room, then the oldest", () => {
    const busy = new Set(["a"]);
    const places = createPlaces<string>(3, (entry) => !busy.has(entry));
    for (const entry of ["a", "b", "c"]) assert.equal(places.add(entry, "x"), undefined);
    assert.equal(places.add("d", "x"), "b");
    for (const entry of ["c", "d"]) busy.add(entry);
    assert.equal(places.add("e", "x"), "a");
    assert.deepEqual([...places.entries()], ["c", "d", "e"]);
  });

  it("are taken from the source that has the most", () => {
    const places = createPlaces<string>(3, () => true);
    places.add("honest", "y");
    for (const entry of ["a", "b"]) places.add(entry, "x");
    assert.equal(places.add("c", "x"), "a");
    assert.equal(places.add("late", "z"), "b");
    assert.deepEqual([...places.entries()], ["honest", "c", "late"]);
  });

  it("are free again once they are given back, once", () => {
    const places = createPlaces<string>(1, () => true);
    places.add("a", "x");
    places.remove("a");
    places.remove("a");
    assert.equal(places.size, 0);
    assert.equal(places.add("b", "x"), undefined);
  });
});
