// Scans ports of 127.0.0.1 under the limits that its parent has given it: `discover-process.js <ports> <options>`. With
// `holdMs`, it listens on 40000 and 40001 before, and no longer on 40000 after that time. It prints the ports that listen and
// how it has ended, as one JSON object.

import { once } from "node:events";
import { createServer } from "node:net";
import { discover } from "../scan/discover.js";
import { readPorts } from "../scan/port-ranges.js";

const [ports = "", json = "{}"] = process.argv.slice(2);
const { holdMs, ...options } = JSON.parse(json);
if (holdMs !== undefined) {
  for (const port of [40_000, 40_001]) {
    const server = createServer((socket) => socket.on("error", () => {})).listen(port, "127.0.0.1");
    await once(server, "listening");
    server.unref();
    if (port === 40_000) setTimeout(() => server.close(), holdMs).unref();
  }
}
const found: number[] = [];
let silent = 0;
let error: string | undefined;
const onProgress = (progress: { readonly silent: number }) => {
  silent = progress.silent;
};
try {
  const hosts = [{ host: "127.0.0.1", address: "127.0.0.1", ports: readPorts(ports) ?? [] }];
  for await (const { port } of discover(hosts, { ...options, onProgress })) found.push(port);
} catch (thrown) {
  error = String(thrown);
}
process.stdout.write(`${JSON.stringify({ found: found.sort((a, b) => a - b), silent, error })}\n`);
