// A process that listens on 127.0.0.1 with the shortest queue, tells its port, and is then stopped by its parent, so that it
// accepts nothing: the kernel alone answers, until the queue is full.

import { type AddressInfo, createServer } from "node:net";

const server = createServer().listen({ port: 0, host: "127.0.0.1", backlog: 1 }, () => {
  process.send?.((server.address() as AddressInfo).port);
});
