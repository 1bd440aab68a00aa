import { once } from "node:events";
import type { Bot, Denial } from "@interlock/bot";
import type { ChildMessage, ParentMessage } from "./messages.js";

/** The first message from the demo. From then on this process ends when the demo ends. */
export async function receiveConfig<Config>(): Promise<Config> {
  process.on("disconnect", () => process.exit(0));
  const [config] = await once(process, "message");
  return config;
}

/** Sends a message to the demo, if a demo started this process. */
export function tell(message: ChildMessage): void {
  if (process.connected) process.send?.(message);
}

/** Listens to the demo's questions; the result of `listener` is the answer. */
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

/** Reports this bot's denials and certificates to the demo. */
export function tellOf(bot: Bot, say = tell): void {
  tellDenials(bot.onDenial, say);
  const certificate = () => {
    // The certificate is valid from a minute before its issue, which is now.
    const { notAfter } = bot.identity.current().leaf;
    say({ type: "credential", issuedAt: Date.now(), expiresAt: notAfter });
  };
  bot.identity.onChange(certificate);
  certificate();
}

/** Batches denials: of similar ones the first is sent at once, the others together. A flood costs a few messages. */
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
