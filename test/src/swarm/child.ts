import { once } from "node:events";
import type { Order, ProcessConfig, Report } from "./messages.js";

/** The first message of the test. From then on this process ends when the test ends. */
export async function receiveConfig(): Promise<ProcessConfig> {
  process.on("disconnect", () => process.exit(0));
  const [config] = await once(process, "message");
  return config;
}

/** Sends a message to the test. */
export function tell(report: Report): void {
  if (process.connected) process.send?.(report);
}

/** Listens to later messages of the test. */
export function onOrder(listener: (order: Order) => void): void {
  process.on("message", listener);
}

/** Runs a process's work, and reports errors to the test. */
export function run(work: () => Promise<void>): void {
  work().catch((error) => {
    tell({ type: "failed", error: String(error?.stack ?? error) });
    setImmediate(() => process.exit(1));
  });
}
