import assert from "node:assert/strict";
import type { PageRequest } from "../store/page.js";
import { maximumPageBytes, maximumPageRecords, readPage } from "./page.js";

describe("readPage", () => {
  /** Lists the numbers from 1 to `count`, each in a record with `text`. */
  const listing = (count: number, text = "") => {
    const list = async ({ after: [after] = [0], limit }: PageRequest) =>
      Array.from({ length: Math.min(limit, Math.max(0, count - Number(after))) }, (_, i) => Number(after) + i + 1);
    const read = (pageToken: string) =>
      readPage(pageToken, list, {
        key: [0],
        keyOf: (n) => [n],
        toItem: (n) => (n % 10 === 0 ? undefined : { n, text }),
      });
    return async () => {
      const pages: number[][] = [];
      let pageToken = "";
      do {
        const page = await read(pageToken);
        pages.push(page.items.map(({ n }) => n));
        pageToken = page.nextPageToken;
      } while (pageToken !== "");
      return pages;
    };
  };
  const expected = (count: number) => Array.from({ length: count }, (_, i) => i + 1).filter((n) => n % 10 !== 0);

  it("gives every record once, in pages of a bounded number", async () => {
    for (const count of [0, 1, maximumPageRecords, maximumPageRecords + 1, 3 * maximumPageRecords]) {
      const pages = await listing(count)();
      assert.deepEqual(pages.flat(), expected(count));
      assert.ok(pages.every(({ length }) => length <= maximumPageRecords));
      assert.equal(pages.length, Math.max(1, Math.ceil(count / maximumPageRecords)));
    }
  });

  it("gives pages of a bounded size, and of one record where that is larger", async () => {
    const pages = await listing(95, "x".repeat(maximumPageBytes / 8))();
    assert.deepEqual(pages.flat(), expected(95));
    assert.ok(pages.every(({ length }) => length <= 8));
    const large = await listing(3, "x".repeat(2 * maximumPageBytes))();
    assert.deepEqual(large, [[1], [2], [3]]);
  });

  it("reads no more records at once than a listing of large ones allows", async () => {
    const asked: number[] = [];
    const list = async ({ after: [after] = [0], limit }: PageRequest) => {
      asked.push(limit);
      return Array.from({ length: Math.min(limit, 9 - Number(after)) }, (_, i) => Number(after) + i + 1);
    };
    const read = (pageToken: string) =>
      readPage(pageToken, list, { key: [0], keyOf: (n) => [n], toItem: (n) => n, most: 4 });
    const first = await read("");
    const second = await read(first.nextPageToken);
    const third = await read(second.nextPageToken);
    assert.deepEqual([first.items, second.items, third.items], [[1, 2, 3, 4], [5, 6, 7, 8], [9]]);
    assert.deepEqual([asked, third.nextPageToken], [[5, 5, 5], ""]);
  });

  it("refuses a token that is not of the listing", async () => {
    const list = async () => [];
    const listing = { key: ["", 0], keyOf: () => [], toItem: () => undefined };
    const token = (key: unknown) => Buffer.from(JSON.stringify(key)).toString("base64url");
    await readPage(token(["a", 1]), list, listing);
    const bad = [
      "x",
      token({}),
      token([1, "a"]),
      token(["a"]),
      token(["a\0", 1]),
      token(["a", 2 ** 63]),
      token(["a", 1, 2]),
    ];
    for (const pageToken of [...bad, "A".repeat(100_000)]) {
      await assert.rejects(readPage(pageToken, list, listing), { code: "INVALID_ARGUMENT" });
    }
  });
});
