import type { Bot } from "@interlock/bot";

/** Closes a bot when its process is asked to end; its calls under way may finish. */
export function closeWhenStopped(bot: Bot): void {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => void bot.close().finally(() => process.exit(0)));
  }
}
