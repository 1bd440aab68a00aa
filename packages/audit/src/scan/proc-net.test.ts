import assert from "node:assert/strict";
import { parseListeners } from "./proc-net.js";

const head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode";
const row = (local: string, state: string, inode: number) =>
  `   0: ${local} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000  1000        0 ${inode} 1 0000000000000000 100 0 0 10 0`;
const table = (...rows: string[]) => `${[head, ...rows].join("\n")}\n`;

describe("the tables of /proc/net", () => {
  it("gives the sockets that listen, and no others", () => {
    const text = table(
      row("0100007F:C383", "0A", 101),
      row("00000000:0016", "0A", 102),
      row("0700000A:9C40", "01", 103),
    );
    assert.deepEqual(parseListeners(text, 4), [
      { address: "127.0.0.1", port: 50_051, family: 4, inode: 101 },
      { address: "0.0.0.0", port: 22, family: 4, inode: 102 },
    ]);
  });

  it("writes IPv6 addresses as everyone does", () => {
    const addresses = [
      ["00000000000000000000000000000000", "::"],
      ["00000000000000000000000001000000", "::1"],
      ["000000FD000000000000000007000000", "fd00::7"],
      ["0000000000000000FFFF00000700000A", "::ffff:10.0.0.7"],
      ["B80D0120000000000000010001000000", "2001:db8::1:0:0:1"],
    ];
    const text = table(...addresses.map(([hex]) => row(`${hex}:C383`, "0A", 7)));
    assert.deepEqual(
      parseListeners(text, 6).map(({ address }) => address),
      addresses.map(([, address]) => address),
    );
  });

  it("reads the byte order of the machine", () => {
    assert.equal(parseListeners(table(row("7F000001:0016", "0A", 1)), 4, false)[0]?.address, "127.0.0.1");
  });

  it("skips what is no row of the family", () => {
    const text = table(
      "",
      "nonsense",
      row("0100007F:C383", "0A", 1),
      row(`${"0".repeat(32)}:C383`, "0A", 2),
      "  9: 01",
    );
    assert.deepEqual(
      parseListeners(text, 4).map(({ inode }) => inode),
      [1],
    );
    assert.deepEqual(
      parseListeners(text, 6).map(({ inode }) => inode),
      [2],
    );
    assert.deepEqual(parseListeners("", 4), []);
  });
});
