import { once } from "node:events";
import type { Order, ProcessConfig, Report } from "./messages.js";

/** What the test told this process first. From then on it does not outlive the test. */
export async function receiveConfig(): Promise<ProcessConfig> {
  process.on("disconnect", () => process.exit(0));
  const [config] = await once(process, "message");
  return config;
}

/** Tells the test something. */
export function tell(report: Report): void {
  if (process.connected) process.send?.(report);
}

/** Hears what the test says later. */
export function onOrder(listener: (order: Order) => void): void {
  process.on("message", listener);
}

/** Runs a process's work; what goes wrong is told. */
export function run(work: () => Promise<void>): void {
  work().catch((error) => {
    tell({ type: "failed", error: String(error?.stack ?? error) });
    setImmediate(() => process.exit(1));
  });
}
