import { checkReach, discover, findListener, parseTarget, readListeners } from "@interlock/audit";

const targets = process.argv.slice(2).map(parseTarget); // For example 127.0.0.1, arm.local:22,50051-50060, 10.0.0.0/28:50051
const hosts = await checkReach(targets); // Throws for an address outside loopback and private ranges.
const listeners = (await readListeners()) ?? []; // Those of this machine.

for await (const port of discover(hosts)) {
  const name = findListener(listeners, port)?.process ?? "unknown";
  console.log(`${port.address}:${port.port} listens: ${name}`);
}
