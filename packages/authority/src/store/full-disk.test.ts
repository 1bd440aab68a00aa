import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InterlockError } from "@interlock/bot";
import { sql } from "kysely";
import Libsql from "libsql";
import type { Engine } from "./engine.js";
import { openOn } from "./open-store.js";
import { openSqlite } from "./sqlite.js";
import type { Store } from "./store.js";

describe("the store of an authority on SQLite that does not work for now", () => {
  let folder: string;
  let engine: Engine;
  let store: Store;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "interlock-full-"));
    engine = openSqlite(join(folder, "authority.db"));
    store = await openOn(engine);
  });
  afterEach(async () => {
    await store.close();
    await rm(folder, { recursive: true });
  });

  const bot = { name: "a/1", joinedAt: 1, certificateSerial: "4f", certificateExpiresAt: 2 };
  const long = { ...bot, name: `a/${"x".repeat(500_000)}` };
  const inTransaction = (record = bot) => store.transaction((records) => records.bots.joined(record));

  it("says that the disk is full, in a transaction and out of it, and works again with room on it", async () => {
    await sql`pragma max_page_count=1`.execute(engine.db); // SQLite makes it what the database has.
    const full = {
      code: "UNAVAILABLE",
      reason: "STORE_UNREACHABLE",
      message: "The disk of the database is full (SQLITE_FULL): free some space on it, and try again.",
    };
    await assert.rejects(inTransaction(long), full);
    await assert.rejects(store.bots.joined(long), full);
    await assert.rejects(inTransaction(long), full);
    assert.deepEqual(await store.bots.list(), [], "reading goes on");
    await sql`pragma max_page_count=100000`.execute(engine.db);
    await inTransaction();
    assert.equal((await store.bots.list()).length, 1);
  });

  it("says that the database may only be read, or that another process holds it", async () => {
    await sql`pragma query_only=on`.execute(engine.db);
    await assert.rejects(inTransaction(), { code: "UNAVAILABLE", message: /may only be read \(SQLITE_READONLY\)/ });
    await sql`pragma query_only=off`.execute(engine.db);
    await sql`pragma busy_timeout=20`.execute(engine.db);
    const other = new Libsql(join(folder, "authority.db"));
    other.exec("begin immediate");
    await assert.rejects(inTransaction(), { code: "UNAVAILABLE", message: /Another process holds .* \(SQLITE_BUSY\)/ });
    other.exec("rollback");
    other.close();
    await inTransaction();
  });

  it("leaves any other error as it is", async () => {
    const wrong = store.bots.joined({ ...bot, name: null as unknown as string });
    await assert.rejects(wrong, (error) => !(error instanceof InterlockError) && /NOT NULL/.test(String(error)));
  });
});
