import assert from "node:assert/strict";
import { findListener } from "./find-listener.js";
import type { Listener } from "./read-listeners.js";

const listener = (address: string, pid?: number, port = 80): Listener => ({
  address,
  port,
  family: address.includes(":") ? 6 : 4,
  inode: 1,
  pid,
});

describe("findListener", () => {
  const rows: readonly (readonly [listeners: readonly Listener[], address: string, pid: number | undefined])[] = [
    [[listener("0.0.0.0", 1), listener("127.0.0.1", 2)], "127.0.0.1", 2],
    [[listener("127.0.0.1", 2), listener("0.0.0.0", 1)], "127.0.0.9", 1],
    [[listener("::", 3)], "127.0.0.1", 3],
    [[listener("::", 3)], "::1", 3],
    [[listener("::ffff:127.0.0.1", 4), listener("::", 3)], "127.0.0.1", 4],
    [[listener("0.0.0.0", 1)], "::1", undefined],
    [[listener("127.0.0.1", 1, 81)], "127.0.0.1", undefined],
    [[listener("127.0.0.1"), listener("127.0.0.1", 5)], "127.0.0.1", 5],
    [[listener("0.0.0.0", 1)], "203.0.113.7", undefined],
  ];
  for (const [listeners, address, pid] of rows) {
    it(`finds ${pid} for ${address} among ${listeners.map((each) => each.address).join(", ")}`, () => {
      assert.equal(findListener(listeners, { address, port: 80 })?.pid, pid);
    });
  }
});
