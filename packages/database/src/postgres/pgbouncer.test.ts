import assert from "node:assert/strict";
import { findPgBouncer, type PgBouncer, startPgBouncer } from "@interlock/testing-postgres";
import { sql } from "kysely";
import { asAdmin, hasPostgres, openTestDatabase, testPostgres } from "../testing/test-postgres.js";
import type { PostgresDatabase } from "./open-postgres.js";

interface Schema {
  readonly items: { readonly itemId: number };
}

(hasPostgres ? describe : () => {})("PostgreSQL behind PgBouncer in session pooling", () => {
  if (!findPgBouncer()) {
    it.skip("PgBouncer is not here: install it, on Debian with apt-get install pgbouncer");
    return;
  }
  let direct: string;
  let bouncer: PgBouncer;
  let opened: PostgresDatabase<Schema>[];

  before(async () => {
    direct = await (await testPostgres()).createDatabase();
    await asAdmin(direct, "create table items (item_id bigint)");
    bouncer = await startPgBouncer(direct);
  });
  after(async () => {
    await bouncer.stop();
    await (await testPostgres()).dropDatabase(direct);
  });
  beforeEach(() => {
    opened = [];
  });
  afterEach(async () => {
    for (const each of opened) await each.close();
  });

  async function open() {
    const database = await openTestDatabase<Schema>(bouncer.url);
    opened.push(database);
    return database;
  }

  it("has transactions, locks over several pools, notifications, and the bounds of its sessions", async () => {
    const [one, two] = [await open(), await open()];
    const bound = sql<{ s: string }>`select current_setting('statement_timeout') as s`;
    assert.deepEqual((await bound.execute(one.db)).rows, [{ s: "5s" }]);
    let running = 0;
    const alone = (database: PostgresDatabase<Schema>) =>
      database.exclusively(async () => {
        assert.equal(++running, 1);
        await sql`select 1`.execute(database.db);
        running--;
      });
    await Promise.all([one, two, one, two].map(alone));
    const heard = new Promise<string>((resolve) => {
      two.listen("news", (payload) => {
        if (payload !== undefined) resolve(payload);
        else void one.db.transaction().execute((transaction) => one.notify(transaction, "news", "cup"));
      });
    });
    assert.equal(await heard, "cup");
  });

  it("ends the sessions that cannot write, so that no later connection gets them", async () => {
    const name = new URL(direct).pathname.slice(1);
    const { db } = await open();
    const write = () => db.insertInto("items").values({ itemId: 1 }).execute();
    await asAdmin(direct, `alter database ${name} set default_transaction_read_only = on`);
    const ours = `datname = '${name}' and pid <> pg_backend_pid()`;
    await asAdmin(direct, `select pg_terminate_backend(pid) from pg_stat_activity where ${ours}`);
    while (!(await sql`select 1`.execute(db).catch(() => undefined))); // Until PgBouncer has sessions again.
    await assert.rejects(write(), { reason: "STORE_UNREACHABLE" });
    await asAdmin(
      direct,
      "set default_transaction_read_only = off",
      `alter database ${name} reset default_transaction_read_only`,
    );
    let failures = 0;
    while (!(await write().catch(() => void failures++)));
    assert.ok(failures <= 3, `${failures} more writes were refused`);
  });
});
