import assert from "node:assert/strict";
import { InterlockError } from "@interlock/bot";
import type { Finished } from "./processes.js";

/** Prints a call and its outcome; throws if that is not the expected one. */
export async function show(call: string, outcome: Promise<unknown>, expected: string | RegExp): Promise<void> {
  const said = await outcome.then(describe, describe);
  console.log(`  ${call}  →  ${said.replaceAll("\n", ", ")}`);
  if (typeof expected === "string") assert.equal(said, expected, call);
  else assert.match(said, expected, call);
}

/** Describes an outcome: a program's output, an answer as JSON, or an error's code and reason. */
function describe(outcome: unknown): string {
  if (outcome instanceof Error) {
    const { code, reason, message } = InterlockError.from(outcome);
    return code === "INTERNAL" ? message : `${code} ${reason}`;
  }
  const { stdout, stderr, code } = outcome as Finished;
  if (stdout === undefined) return JSON.stringify(outcome);
  return code === 0 ? stdout.trim() : stderr.trim();
}
