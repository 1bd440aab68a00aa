import { setTimeout as sleep } from "node:timers/promises";
import { type Client, InterlockError } from "@interlock/bot";
import type { AdminService } from "@interlock/bot/protocol";

/** The rotations that are complete so far. */
export interface Rotations {
  /** Each from the preparation of a new CA to the withdrawal of the old one. */
  ca: number;
  tokenKey: number;
  /** The errors of an operator's calls, except those that came too early. */
  readonly failures: string[];
}

/** The number of times that the CA and the token key are rotated. */
export const plannedRotations = 2;

/** The shortest time for two rotations of the CA, in milliseconds: each waits until leaves of ten seconds have expired. */
export const shortestSoakMs = 45_000;

/** The time until a call that came too early is tried again, in milliseconds. */
const retryMs = 500;

/** Rotates the CA twice, and the token key before each, as an operator would. Counts in `rotations`. */
export async function rotateAll(
  admin: Client<typeof AdminService>,
  durationMs: number,
  progress: (line: string) => void,
  rotations: Rotations,
  onRotation: (ca: number) => void,
): Promise<void> {
  const began = Date.now();
  const say = (line: string) => progress(`${((Date.now() - began) / 1_000).toFixed(1).padStart(5)} s  ${line}`);

  /** Tries again while it is too early. Resolves to whether it was done in time. */
  async function when<T>(what: string, work: () => Promise<T>): Promise<boolean> {
    while (Date.now() - began < durationMs) {
      try {
        await work();
        say(what);
        return true;
      } catch (error) {
        const { code, reason = "", message } = InterlockError.from(error);
        if (code !== "FAILED_PRECONDITION") rotations.failures.push(`${what}: ${code} ${reason} ${message}`);
        await sleep(retryMs);
      }
    }
    rotations.failures.push(`${what}: there was no time left`);
    return false;
  }

  await sleep(2_000);
  while (rotations.ca < plannedRotations && rotations.failures.length === 0) {
    if (!(await when("token key rotated", () => admin.rotateTokenKey({})))) return;
    rotations.tokenKey++;
    if (!(await when("CA prepared", () => admin.prepareCa({})))) return;
    if (!(await when("CA activated", () => admin.activateCa({})))) return;
    if (!(await when("old CA withdrawn", () => admin.withdrawCa({})))) return;
    onRotation(++rotations.ca);
  }
}
