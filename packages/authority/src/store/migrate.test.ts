import assert from "node:assert/strict";
import { Migrator, sql } from "kysely";
import { judgeDescent } from "../enrollment/lineage.js";
import { describeOnEach } from "../testing/test-store.js";
import { first } from "./migrations/0001-first.js";
import { locks } from "./migrations/0002-locks.js";
import type { LineageRow } from "./schema.js";

describeOnEach("migrate", (create) => {
  it("takes over everything from a store of the first release", async () => {
    const place = await create();
    const engine = await place.openEngine();
    const { db } = engine;
    const migrator = new Migrator({ db, provider: { getMigrations: async () => ({ "0001-first": first }) } });
    assert.equal((await migrator.migrateToLatest()).error, undefined);
    for (const row of [
      sql`insert into fleet values (1, 'cafe', 2, 1)`,
      sql`insert into bots values ('gripper/1', 5, '4f', 99)`,
      sql`insert into join_tokens values ('used', 'a', 1, 10, 5)`,
      sql`insert into join_tokens values ('open', 'b', 1, 10, null)`,
      sql`insert into revocations values ('identity', 'spiffe://cafe/lost', 3, 'lost', 2)`,
      sql`insert into signing_keys values ('k', '{}', 1)`,
      sql`insert into usage values ('spiffe://cafe/b', 'a.B/C', 'spiffe://cafe/c', '', 3, 5)`,
    ]) {
      await row.execute(db);
    }
    await engine.close();

    const store = await place.open();
    assert.deepEqual([await store.joinTokens.use("used", 6), await store.joinTokens.use("open", 6)], [false, true]);
    assert.equal((await store.revocations.list())[0]?.subject, "spiffe://cafe/lost");
    assert.deepEqual(
      (await store.signingKeys.list()).map(({ kid, signsFrom, withdrawnAt }) => [kid, signsFrom, withdrawnAt]),
      [["k", 0, null]],
    );
    const lineage = (await store.certificates.lineage("gripper/1")) as LineageRow;
    assert.equal(judgeDescent(lineage, await store.certificates.find("4f")), "ok", "a bot renews as before");
    assert.equal((await store.bots.find("gripper/1"))?.retiredAt, null);
    assert.deepEqual((await store.auditLog.ends()).head, { seq: 0, hash: "" });
    const counts = { caller: "spiffe://cafe/c", actors: "", denial: "", count: 3, firstAt: 5, lastAt: 5 };
    assert.deepEqual(await store.usage.page({ after: undefined, limit: 9 }, { since: 0, denied: false }), [
      { spiffeId: "spiffe://cafe/b", method: "a.B/C", ...counts },
    ]);
    await store.close();
    await place.remove();
  });

  it("keeps revocations, in force and ended, through the renaming of their column", async () => {
    const place = await create();
    const engine = await place.openEngine();
    const { db } = engine;
    const early = { "0001-first": first, "0002-locks": locks };
    const migrator = new Migrator({ db, provider: { getMigrations: async () => early } });
    assert.equal((await migrator.migrateToLatest()).error, undefined);
    await sql`insert into revocations values ('identity', 'spiffe://cafe/lost', 3, 'lost', 2, null)`.execute(db);
    await sql`insert into revocations values ('identity', 'spiffe://cafe/found', 3, 'lost', 4, 7)`.execute(db);
    await engine.close();

    const store = await place.open();
    assert.deepEqual(
      (await store.revocations.since(0)).map(({ subject, unrevokedAt }) => [subject, unrevokedAt]),
      [
        ["spiffe://cafe/lost", null],
        ["spiffe://cafe/found", 7],
      ],
    );
    assert.deepEqual(
      (await store.revocations.list()).map(({ subject }) => subject),
      ["spiffe://cafe/lost"],
    );
    await store.close();
    await place.remove();
  });
});
