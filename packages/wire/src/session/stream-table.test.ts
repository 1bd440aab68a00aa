import assert from "node:assert/strict";
import type { Stream } from "../stream/stream.js";
import { StreamTable } from "./stream-table.js";

const stream = (id: number) => ({ id }) as Stream;

describe("StreamTable", () => {
  it("finds streams by their ids, and forgets them", () => {
    const table = new StreamTable();
    const [one, three] = [stream(1), stream(3)];
    table.add(one);
    table.add(three);
    assert.deepEqual([table.size, table.get(1), table.get(3), table.get(5)], [2, one, three, undefined]);
    table.delete(one);
    table.delete(one);
    assert.deepEqual([table.size, table.get(1), table.all()], [1, undefined, [three]]);
  });

  it("keeps what is open for long beside what comes and goes", () => {
    const table = new StreamTable();
    const known = new Map<number, Stream>();
    for (let id = 1; id < 20_000; id += 2) {
      const added = stream(id);
      table.add(added);
      known.set(id, added);
      // Every hundredth stays; the others live for a while.
      const old = known.get(id - 2 * (id % 37));
      if (old && (old.id - 1) % 200 !== 0) {
        table.delete(old);
        known.delete(old.id);
      }
      if (id % 1_000 === 1) {
        assert.equal(table.size, known.size);
        assert.deepEqual(new Set(table.all()), new Set(known.values()));
        for (let asked = 1; asked <= id + 2; asked += 2) assert.equal(table.get(asked), known.get(asked));
      }
    }
    for (const old of known.values()) table.delete(old);
    assert.deepEqual([table.size, table.all()], [0, []]);
  });
});
