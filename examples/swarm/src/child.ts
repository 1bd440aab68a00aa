import { once } from "node:events";
import type { ChildMessage, ParentMessage } from "./messages.js";

/** The first thing that the demo tells this process. From then on it does not outlive the demo. */
export async function receiveConfig<Config>(): Promise<Config> {
  process.on("disconnect", () => process.exit(0));
  const [config] = await once(process, "message");
  return config;
}

/** Tells the demo something, if a demo started this process. */
export function tell(message: ChildMessage): void {
  if (process.connected) process.send?.(message);
}

/** Hears what the demo asks. */
export function onAsked(listener: (message: ParentMessage) => void): void {
  process.on("message", listener);
}

/** Aborts when this process is told to end. */
export function stopSignal(): AbortSignal {
  const stopping = new AbortController();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, () => stopping.abort());
  return stopping.signal;
}
