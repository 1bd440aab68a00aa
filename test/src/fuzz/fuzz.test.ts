import assert from "node:assert/strict";
import { findPostgres, type Postgres, startPostgres } from "@interlock/testing-postgres";
import { fuzzAuthority } from "./fuzz-authority.js";
import { fuzzSwarm } from "./fuzz-swarm.js";

// A part of what `npm run fuzz` does, another part each time.
const seed = Number(process.env.INTERLOCK_FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31));
const options = { seed, mixed: 4, share: 0.15 };

describe(`requests with every field at its extremes, INTERLOCK_FUZZ_SEED=${seed}`, function () {
  this.timeout(180_000);
  let postgres: Postgres | undefined;

  before(async () => {
    if (typeof findPostgres() !== "string") postgres = await startPostgres();
  });

  after(() => postgres?.stop());

  for (const [name, fuzz] of Object.entries({ leader: fuzzSwarm, authority: fuzzAuthority })) {
    it(`take nothing from honest users of the ${name} on SQLite`, async () => {
      const { problems, answers, cases } = await fuzz(options);
      assert.deepEqual(problems, []);
      assert.ok(cases > 100 && (answers["3"] ?? 0) > 10, JSON.stringify(answers));
    });

    it(`take nothing from honest users of the ${name} on PostgreSQL`, async function () {
      if (!postgres) return this.skip();
      const { problems } = await fuzz(options, await postgres.createDatabase());
      assert.deepEqual(problems, []);
    });
  }
});
