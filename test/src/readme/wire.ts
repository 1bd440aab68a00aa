import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { createClientConnection, createServerConnection, MessageReader } from "@interlock/wire";

// In earnest, these are sockets of TLS whose peers have been verified.
const server = createServer({ noDelay: true }, (socket) => {
  createServerConnection(socket, {
    onStream(stream) {
      stream.sendHeaders([":status", "200", "content-type", "application/grpc"], false);
      stream.sendMessage(0, Buffer.from("It grips."), false);
      stream.sendHeaders(["grpc-status", "0"], true);
      return { onHeaders() {}, onData() {}, onReset() {}, onRoom() {} };
    },
  });
}).listen(0, "127.0.0.1");
await once(server, "listening");

const socket = connect({ port: (server.address() as AddressInfo).port, host: "127.0.0.1", noDelay: true });
const connection = createClientConnection(socket, {
  onClose({ by, code }) {
    console.log(`ended by ${by}, with the code ${code}`);
    server.close();
  },
});
const reader = new MessageReader(4 * 1_024 * 1_024);
const request = [":method", "POST", ":scheme", "https", ":path", "/cafe.Gripper/Grip", ":authority", "gripper"];
const stream = connection.open([...request, "te", "trailers", "content-type", "application/grpc"], true, {
  onHeaders({ headers }, end) {
    console.log(headers.join(" "));
    if (end) connection.close();
  },
  onData(bytes) {
    reader.push(bytes, { onMessage: (message) => console.log(message.toString()) });
    stream.consumed(bytes.length); // The server may send as much again.
  },
  onReset: ({ code, cause }) => console.log(`reset by ${cause}, with the code ${code}`),
  onRoom() {},
});
