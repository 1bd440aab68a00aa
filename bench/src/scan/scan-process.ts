// One scan of every port of 127.0.0.1, and nothing else: it prints the ports that listen, as a JSON array.

import { discover } from "@interlock/audit/discover";

const ports: number[] = [];
const hosts = [{ host: "127.0.0.1", address: "127.0.0.1", ports: [{ from: 1, to: 65_535 }] }];
for await (const { port } of discover(hosts)) ports.push(port);
process.stdout.write(`${JSON.stringify(ports)}\n`);
