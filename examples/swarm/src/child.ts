import { once } from "node:events";
import type { Bot, Denial } from "@interlock/bot";
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

/** Hears what the demo asks. What `listener` gives for a question is the answer. */
export function onAsked(listener: (message: ParentMessage) => unknown): void {
  process.on("message", async (message: ParentMessage) => {
    const value = await listener(message);
    if ("id" in message) tell({ type: "answer", id: message.id, value });
  });
}

/** Aborts when this process is told to end. */
export function stopSignal(): AbortSignal {
  const stopping = new AbortController();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, () => stopping.abort());
  return stopping.signal;
}

const alikeMs = 100;

/** Tells the demo whom this bot refuses, and which certificates it has. */
export function tellOf(bot: Bot, say = tell): void {
  tellDenials(bot.onDenial, say);
  const certificate = () => {
    // It is valid from a minute before it was issued, which is now.
    const { notAfter } = bot.identity.current().leaf;
    say({ type: "credential", issuedAt: Date.now(), expiresAt: notAfter });
  };
  bot.identity.onChange(certificate);
  certificate();
}

/** A flood of denials is a few messages: of those alike the first at once, the others together. */
export function tellDenials(onDenial: Bot["onDenial"], say = tell): void {
  const alike = new Map<string, { denial: Denial; count: number }>();
  onDenial((denial) => {
    const key = `${denial.reason} ${denial.method} ${denial.caller}`;
    const more = alike.get(key);
    if (more) {
      alike.set(key, { denial, count: more.count + 1 });
      return;
    }
    say({ type: "denial", denial, count: 1 });
    alike.set(key, { denial, count: 0 });
    setTimeout(() => {
      const last = alike.get(key);
      alike.delete(key);
      if (last && last.count > 0) say({ type: "denial", ...last });
    }, alikeMs).unref();
  });
}
