import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { statusCode } from "@interlock/wire";
import type { ConnectRequest } from "./read-request.js";
import { StreamAnswer } from "./stream-answer.js";

const form = { codec: "proto", takesGzip: false, callable: undefined } as unknown as ConnectRequest;

describe("an answer in a stream", () => {
  it("ends where its caller goes away while it waits", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const socket = connect((server.address() as AddressInfo).port, "127.0.0.1").pause();
    socket.write("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n");
    const [, response] = (await once(server, "request")) as [unknown, ServerResponse];
    let hasRoom = 0;
    const answer = new StreamAnswer(response, form, { onRoom: () => hasRoom++, onFault: assert.fail });
    answer.head([]);
    assert.equal(answer.message(Buffer.alloc(32 * 1_024 * 1_024)), false);
    answer.message(Buffer.alloc(1));
    answer.end({ code: statusCode.ok, message: "", details: [] }, []);
    await new Promise(setImmediate);
    assert.equal(hasRoom, 0);
    socket.destroy();
    await once(response, "close");
    // What waited is over now: an error that nobody takes would end the process.
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    server.close();
  });
});
