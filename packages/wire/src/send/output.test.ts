import assert from "node:assert/strict";
import { Duplex } from "node:stream";
import { Output } from "./output.js";
import { slabBytes } from "./slabs.js";

/** A socket that keeps what is written to it, and takes it when the test says so. */
function createSocket(highWaterMark = 16_384) {
  const writes: Buffer[][] = [];
  const taking: (() => void)[] = [];
  const socket = new Duplex({
    highWaterMark,
    read() {},
    write(chunk, _encoding, done) {
      writes.push([chunk]);
      taking.push(done);
    },
    writev(chunks, done) {
      writes.push(chunks.map(({ chunk }) => chunk));
      taking.push(done);
    },
  });
  return { socket, writes, take: () => taking.shift()?.() };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

function put(output: Output, text: string): void {
  output.reserve(text.length);
  output.at += output.buffer.write(text, output.at, "latin1");
}

describe("Output", () => {
  it("makes one write of what comes together in a turn", async () => {
    const { socket, writes } = createSocket();
    const output = new Output(socket);
    for (const text of ["a", "b", "c"]) put(output, text);
    assert.equal(writes.length, 0);
    await turn();
    assert.deepEqual(writes.map(String), ["abc"]);
  });

  it("makes one write of short and long buffers, in their order", async () => {
    const { socket, writes } = createSocket();
    const output = new Output(socket);
    put(output, "a");
    output.pass(Buffer.from("long"));
    put(output, "b");
    output.pass(Buffer.from("longer"));
    await turn();
    assert.deepEqual(
      writes.map((buffers) => buffers.map(String)),
      [["a", "long", "b", "longer"]],
    );
  });

  it("writes of several connections in one turn", async () => {
    const both = [createSocket(), createSocket()];
    for (const { socket } of both) put(new Output(socket), "x");
    await turn();
    assert.deepEqual(
      both.map(({ writes }) => writes.length),
      [1, 1],
    );
  });

  it("uses a slab again only once the socket is done with it", async () => {
    const { socket, writes, take } = createSocket();
    const output = new Output(socket);
    put(output, "first");
    const { buffer: slab } = output;
    await turn();
    const other = new Output(createSocket().socket);
    put(other, "second");
    assert.notEqual(other.buffer, slab);
    assert.equal(String(writes[0]), "first");
    take();
    await turn();
    const third = new Output(createSocket().socket);
    put(third, "third");
    assert.equal(third.buffer, slab);
    other.flush();
    third.flush();
  });

  it("does not hold a slab for a few bytes that wait in the socket, nor copies a slab with much in it", async () => {
    const { socket } = createSocket();
    const output = new Output(socket);
    const given: Buffer[] = [];
    const write = socket.write.bind(socket) as (chunk: Buffer, written?: () => void) => boolean;
    socket.write = ((chunk: Buffer, written?: () => void) => {
      given.push(chunk);
      return write(chunk, written);
    }) as typeof socket.write;
    for (let i = 0; i < 100; i++) {
      put(output, "answer");
      await turn();
    }
    assert.deepEqual(given.map(String), Array(100).fill("answer"));
    const held = [...new Set(given.map(({ buffer }) => buffer))].reduce((sum, { byteLength }) => sum + byteLength, 0);
    assert.ok(held <= 2 * slabBytes, `${held} bytes`);
    put(output, "x".repeat(20_000));
    const { buffer } = output;
    await turn();
    assert.equal(given.at(-1)?.buffer, buffer.buffer);
  });

  it("takes another slab when one is full", async () => {
    const { socket, writes, take } = createSocket();
    const output = new Output(socket);
    const parts = ["a", "b", "c"].map((letter) => letter.repeat(40_000));
    for (const part of parts) put(output, part);
    for (let i = 0; i < 3; i++) {
      await turn();
      take();
    }
    assert.equal(writes.flat().map(String).join(""), parts.join(""));
    assert.equal(writes.flat().length, 3);
    put(output, "z".repeat(slabBytes));
    assert.equal(output.at, slabBytes);
    output.flush();
  });

  it("is blocked when much waits in the socket, until it has room; then it counts what it is made to write", async () => {
    const { socket, take } = createSocket();
    const output = new Output(socket);
    socket.on("drain", () => output.drained());
    for (let i = 0; i < 4; i++) {
      assert.ok(!output.blocked);
      output.pass(Buffer.alloc(slabBytes));
    }
    output.flush();
    assert.ok(output.blocked);
    assert.equal(output.stalledBytes, 0);
    put(output, "control");
    output.flush();
    assert.ok(output.stalledBytes > 7 && output.stalledBytes < 1_000, String(output.stalledBytes));
    while (socket.writableLength > 0) {
      take();
      await turn();
    }
    assert.ok(!output.blocked);
    assert.equal(output.stalledBytes, 0);
  });

  it("writes nothing to a socket that has ended", async () => {
    const { socket, writes } = createSocket();
    const output = new Output(socket);
    socket.destroy();
    put(output, "x");
    output.pass(Buffer.from("y"));
    await turn();
    assert.equal(writes.length, 0);
  });
});
