import assert from "node:assert/strict";
import type { Stage } from "./stage.js";

/** One line of the matrix: a feature, or an attack. */
export interface Row {
  readonly name: string;
  /** Whether the issuer has what the row is about. Default: it does. */
  readonly applies?: (stage: Stage) => boolean;
  /** Plays the row. Gives what the table says of it; rejects when the row is not as it has to be. */
  play(stage: Stage): Promise<string>;
}

/** Checks that a call passed, or was refused with one of the reasons, and gives what came. */
export async function expectOne(call: Promise<string>, ...expected: readonly string[]): Promise<string> {
  const came = await call;
  assert.ok(expected.includes(came), `${came}, and not ${expected.join(" or ")}`);
  return came;
}
