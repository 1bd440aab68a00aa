import assert from "node:assert/strict";
import type { IssuerFleet } from "./fleet.js";
import { type Cell, formatMatrix, notApplicable, playCell, rows } from "./matrix.js";
import { openStage, type Stage } from "./stage.js";
import type { TriedAlgorithm, TriedIssuer } from "./tried-issuer.js";

/** An issuer, and the fleet whose certificates it trusts. */
export interface IssuerOfFleet {
  readonly issuer: TriedIssuer;
  readonly fleet: IssuerFleet;
}

/** Describes the tests of an issuer with one algorithm: one for each row, and the table at the end. */
export function describeIssuer(
  algorithm: TriedAlgorithm,
  start: (context: Mocha.Context) => Promise<IssuerOfFleet>,
): void {
  describe(algorithm, function () {
    this.timeout(30_000);
    let issuer: TriedIssuer | undefined;
    let stage: Stage | undefined;
    const cells: Cell[] = [];

    before(async function () {
      const started = await start(this);
      issuer = started.issuer;
      stage = openStage(issuer, started.fleet);
    });
    after(async () => {
      await stage?.close();
      await issuer?.close();
      if (cells.length > 0) process.stdout.write(`\n${formatMatrix(cells)}\n\n`);
    });

    for (const row of rows) {
      it(`${row.group}: ${row.row.name}`, async function () {
        assert.ok(stage);
        const cell = await playCell(stage, row);
        cells.push(cell);
        if (cell.seen === notApplicable) this.skip();
        assert.ok(cell.ok, cell.seen);
      });
    }
  });
}
