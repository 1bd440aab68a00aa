import assert from "node:assert/strict";
import type { Certificates } from "./certificates.js";
import type { Row } from "./rows.js";
import { scanTarget } from "./scan-target.js";

/** Makes a test of a row: the verdict in words, and no handler has started. Where the row cannot be had, a line says why. */
export function checkRow({ name, start, verdict, timeoutMs }: Row, certificates: () => Certificates): void {
  if (typeof start === "string") {
    it.skip(`${name}: ${start}`);
    return;
  }
  it(`${name}: ${verdict.join(" ")}`, async function () {
    this.timeout(60_000);
    const target = await start(certificates());
    try {
      const { sentences } = await scanTarget(target, { timeoutMs });
      assert.deepEqual(sentences, verdict);
      assert.equal((await target.count?.()) ?? 0, 0, "no handler has started");
    } finally {
      await target.stop();
    }
  });
}
