import { setTimeout as sleep } from "node:timers/promises";
import { type Client, InterlockError } from "@interlock/bot";
import type { AdminService } from "@interlock/bot/protocol";

/** What has been replaced. */
export interface Rotations {
  /** From the preparation of a new CA to the withdrawal of the old one. */
  readonly ca: number;
  readonly tokenKey: number;
  /** What an operator's call failed with, other than that it came too early. */
  readonly failures: readonly string[];
}

/** Within which two rotations of the CA fit, in milliseconds: each waits for leaves of ten seconds to run out. */
export const shortestSoakMs = 45_000;

/** How often what is too early is tried again, in milliseconds. */
const retryMs = 500;

/** Rotates the CA twice, and the token key at the beginning of each, as an operator would. */
export async function rotateAll(
  admin: Client<typeof AdminService>,
  durationMs: number,
  progress: (line: string) => void,
): Promise<Rotations> {
  const began = Date.now();
  const rotations = { ca: 0, tokenKey: 0, failures: [] as string[] };
  const say = (line: string) => progress(`${((Date.now() - began) / 1_000).toFixed(1).padStart(5)} s  ${line}`);

  /** Does what may be too early, until it is not. */
  async function when<T>(what: string, work: () => Promise<T>): Promise<void> {
    while (Date.now() - began < durationMs) {
      try {
        await work();
        return say(what);
      } catch (error) {
        const { code, reason = "", message } = InterlockError.from(error);
        if (code !== "FAILED_PRECONDITION") rotations.failures.push(`${what}: ${code} ${reason} ${message}`);
        await sleep(retryMs);
      }
    }
    rotations.failures.push(`${what}: there was no time left for it`);
  }

  await sleep(2_000);
  while (rotations.ca < 2 && rotations.failures.length === 0) {
    await when("token key rotated", () => admin.rotateTokenKey({}));
    rotations.tokenKey++;
    await when("CA prepared", () => admin.prepareCa({}));
    await when("CA activated", () => admin.activateCa({}));
    await when("old CA withdrawn", () => admin.withdrawCa({}));
    rotations.ca++;
  }
  return rotations;
}
