import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { endWithContent, writeContent } from "./write-content.js";

const content = Buffer.alloc(32 * 1_024 * 1_024, "a");
const never = 2 ** 31 - 1;

describe("the content of an answer", () => {
  let server: Server;
  let socket: Socket;
  let response: ServerResponse;
  beforeEach(async () => {
    server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    socket = connect((server.address() as AddressInfo).port, "127.0.0.1").pause();
    socket.write("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n");
    [, response] = (await once(server, "request")) as [unknown, ServerResponse];
    response.writeHead(200, { "content-length": String(content.length) });
  });
  afterEach(() => {
    socket.destroy();
    server.close();
  });

  it("comes as a whole to a caller that reads it", async () => {
    const ended = endWithContent(response, content, never);
    let read = 0;
    socket.on("data", (part: Buffer) => (read += part.length)).resume();
    await once(response, "close");
    await ended;
    while (read < content.length) await once(socket, "data");
  });

  /** How many bytes reach a caller that begins to read when its connection has ended. */
  async function readLate(): Promise<number> {
    await once(response, "close");
    let read = 0;
    socket.on("error", () => {}).on("data", (part: Buffer) => (read += part.length));
    await once(socket.resume(), "close");
    return read;
  }

  it("is held in pieces, and ends the connection of a caller that does not read it", async () => {
    const ended = endWithContent(response, content, 50);
    assert.ok(response.writableLength < content.length / 8, `${response.writableLength} bytes`);
    assert.ok((await readLate()) < content.length);
    await ended;
  });

  it("ends the connection of a caller that does not read the last of it", async () => {
    response.write(content.subarray(4)); // No room is left.
    await endWithContent(response, Buffer.from("last"), 50);
    assert.ok((await readLate()) < content.length);
  });

  it("is over when its caller goes", async () => {
    const written = writeContent(response, content, never);
    socket.destroy();
    await written;
  });
});
