import type { Certificate } from "@interlock/bot";

/**
 * Gives the time after which the agent is asked again, on a new stream, in milliseconds. An agent renews at half of a certificate's
 * life; one that says nothing until three quarters have passed may hang, with an open connection. From then on it is asked
 * whenever half of the remaining life has passed, and never sooner than after `shortestMs`.
 */
export function askAgainMs(
  { notBefore, notAfter }: Pick<Certificate, "notBefore" | "notAfter">,
  now: number,
  shortestMs: number,
): number {
  const late = notBefore + (notAfter - notBefore) * 0.75;
  const next = now < late ? late - now : (notAfter - now) / 2;
  return Math.max(shortestMs, Math.min(next, 2 ** 31 - 1));
}
