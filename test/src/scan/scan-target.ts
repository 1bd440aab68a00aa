import type { ScannedPort, ScanOptions } from "@interlock/audit";
import { scanPorts } from "@interlock/audit";
import { touch } from "./grpc-js-target.js";
import type { Target } from "./target.js";

// Only the unary one may be called.
const methods = [
  { path: touch, kind: "unary" },
  { path: "/probe.v1.Target/Watch", kind: "serverStreaming" },
  { path: "/probe.v1.Target/Upload", kind: "clientStreaming" },
  { path: "/probe.v1.Target/Chat", kind: "bidiStreaming" },
] as const;

/** Scans one port of this machine, as `localhost`. */
export async function scanTarget(
  { port }: Pick<Target, "port">,
  options: Partial<ScanOptions> = {},
): Promise<ScannedPort> {
  async function* ports() {
    yield { host: "localhost", address: "127.0.0.1", port };
  }
  const scan = await scanPorts(ports(), {
    targets: [`localhost:${port}`],
    now: Date.now,
    methods: () => methods,
    ...options,
  });
  const [found] = scan.ports;
  if (!found) throw new Error("the port was not scanned");
  return found;
}
