import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { frame } from "../contract/raw-http2.js";
import { type Certificates, makeCertificates } from "./certificates.js";
import { startPlain } from "./plain-targets.js";
import { scanTarget } from "./scan-target.js";
import { startTls } from "./tls-target.js";

const settings = Buffer.from("000000040000000000", "hex");
/** Writes the same for as long as somebody reads. */
function flood(bytes: Buffer): (socket: Socket) => void {
  return (socket) => {
    const more = () => {
      while (!socket.destroyed && socket.write(bytes));
    };
    socket.on("drain", more);
    more();
  };
}

const options = { timeoutMs: 300, listenMs: 100 };

describe("a scan of servers that mean harm", () => {
  let certificates: Certificates;
  before(async () => {
    certificates = await makeCertificates();
  });
  after(() => certificates.remove());

  const rows: [string, (socket: Socket) => void][] = [
    ["sends without end", flood(Buffer.alloc(16_384, 0x41))],
    ["sends frames of HTTP/2 without end", flood(Buffer.concat([settings, frame(6, 0, 0, Buffer.alloc(8))]))],
    [
      "sends headers without end",
      (socket) => {
        socket.write(settings);
        socket.once("data", () => flood(frame(9, 0, 1, Buffer.alloc(16_384)))(socket));
      },
    ],
    ["says half a frame", (socket) => socket.write(settings.subarray(0, 5))],
    ["says half of a record of TLS", (socket) => socket.write(Buffer.from("160303ffff02", "hex"))],
    ["answers with garbage", (socket) => socket.once("data", () => socket.end(Buffer.alloc(100, 0xff)))],
    ["resets", (socket) => socket.once("data", () => socket.resetAndDestroy())],
  ];
  for (const [name, greet] of rows)
    it(`that ${name}: it ends in time, with a verdict`, async () => {
      const target = await startPlain(greet);
      try {
        const { sentences, connections = 0 } = await scanTarget(target, options);
        assert.ok(sentences.length > 0);
        assert.ok(connections <= 10, `${connections}`);
      } finally {
        await target.stop();
      }
    });

  it("that floods inside TLS: it ends in time, with a verdict", async () => {
    const target = await startTls(certificates, flood(Buffer.alloc(16_384, 0x41)));
    try {
      const { sentences, protocol } = await scanTarget(target, options);
      assert.ok(sentences.length > 0);
      assert.notEqual(protocol, "grpc");
    } finally {
      await target.stop();
    }
  });
});

describe("a scan of certificates", () => {
  const rows: [string, Parameters<typeof makeCertificates>[0], RegExp][] = [
    [
      "has expired",
      { notBefore: Date.now() - 86_400_000, notAfter: Date.now() - 60_000 },
      /Its certificate has expired, on /,
    ],
    ["expires tomorrow", { notAfter: Date.now() + 86_400_000 }, /Its certificate expires soon, on /],
    ["is for another name", { dns: ["other.example"] }, /is for another name: it names other\.example\./],
    ["has no name at all", { dns: [] }, /is for another name: it names nothing\./],
    ["is SPIFFE's", { dns: [], uris: ["spiffe://cafe/gripper/1"] }, /tells who it is: spiffe:\/\/cafe\/gripper\/1\./],
  ];
  for (const [name, leaf, form] of rows)
    it(`says that one ${name}`, async () => {
      const certificates = await makeCertificates(leaf);
      const target = await startTls(certificates, undefined, "http/1.1");
      try {
        const { sentences } = await scanTarget(target, options);
        assert.match(sentences.join(" "), form);
      } finally {
        await target.stop();
        await certificates.remove();
      }
    });
});
