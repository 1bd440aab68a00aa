import assert from "node:assert/strict";
import { type LogFields, silentLog } from "@interlock/bot";
import { type Postgres, startPostgres } from "@interlock/testing-postgres";
import { sql } from "kysely";
import { asAdmin, hasPostgres, openTestDatabase, testPostgres } from "../testing/test-postgres.js";

(hasPostgres ? describe : () => {})("a PostgreSQL whose commits may be lost", () => {
  let postgres: Postgres;
  let url: string;
  beforeEach(async () => {
    postgres = await testPostgres();
    url = await postgres.createDatabase();
  });
  afterEach(async () => {
    await asAdmin(url, "alter system reset all", "select pg_reload_conf()", "alter role current_user reset all");
    await postgres.dropDatabase(url);
  });

  const opens = async (at = url, log = silentLog) => (await openTestDatabase(at, log)).close();
  const refused = (setting: RegExp) => (error: { code?: unknown; message: string }) => {
    assert.equal(error.code, "FAILED_PRECONDITION");
    assert.match(error.message, setting);
    return true;
  };
  /** Changes a setting of the server, and waits until new connections have it: PostgreSQL loads it in its own time. */
  async function lasting(name: string, value: string): Promise<void> {
    await asAdmin(url, `alter system set ${name} = '${value}'`, "select pg_reload_conf()");
    while ((await asAdmin(url, `select current_setting('${name}')`)) !== value) {}
  }
  const withOption = (text: string) => {
    const changed = new URL(url);
    changed.searchParams.set("options", text);
    return changed.href;
  };

  it("is refused with synchronous_commit=off, wherever that is set", async () => {
    const off = refused(/synchronous_commit=off/);
    await opens();
    await asAdmin(url, "alter role current_user set synchronous_commit = off");
    await assert.rejects(opens(), off, "the role");
    await asAdmin(url, "alter role current_user reset synchronous_commit");
    const database = new URL(url).pathname.slice(1);
    await asAdmin(url, `alter database ${database} set synchronous_commit = off`);
    await assert.rejects(opens(), off, "the database");
    await asAdmin(url, `alter database ${database} reset synchronous_commit`);
    await assert.rejects(opens(withOption("-c synchronous_commit=off")), off, "the URL");
    await lasting("synchronous_commit", "off");
    await assert.rejects(opens(), off, "the server");
  });

  it("is refused with synchronous_commit=local only where a synchronous standby may take over", async () => {
    await opens(withOption("-c synchronous_commit=local"));
    await lasting("synchronous_standby_names", "standby");
    await assert.rejects(opens(withOption("-c synchronous_commit=local")), refused(/synchronous_commit=local/));
    await opens(); // It writes nothing, so it waits for no standby.
  });

  it("is refused with fsync=off, whose server is unsafe as a whole", async () => {
    const unsafe = await startPostgres({ settings: { fsync: "off" } });
    try {
      await assert.rejects(opens(await unsafe.createDatabase()), refused(/fsync=off/));
    } finally {
      await unsafe.stop();
    }
  });

  it("is warned of once with full_page_writes=off", async () => {
    const warnings: string[] = [];
    const log = { ...silentLog, warn: (message: string) => warnings.push(message) };
    await opens(url, log);
    assert.deepEqual(warnings, []);
    const risky = await startPostgres({ settings: { full_page_writes: "off" } });
    try {
      const { db, close } = await openTestDatabase(await risky.createDatabase(), log);
      await db.connection().execute(() => db.connection().execute(() => sql`select 1`.execute(db))); // Three of them.
      await close();
    } finally {
      await risky.stop();
    }
    assert.equal(warnings.length, 1);
    assert.match(String(warnings[0]), /full_page_writes=off/);
  });

  it("is refused on the next connection, and open ones keep what they were opened with", async () => {
    const errors: unknown[] = [];
    const error = (_message: string, fields?: LogFields) => errors.push(fields?.error);
    const { db, close } = await openTestDatabase<unknown>(url, { ...silentLog, error });
    await db.connection().execute(async (connection) => {
      const held = async () =>
        (await sql<{ held: string }>`select current_setting('synchronous_commit') as held`.execute(connection)).rows[0];
      assert.deepEqual(await held(), { held: "on" });
      await lasting("synchronous_commit", "off");
      // A backend loads the configuration anew before its next statement at the latest.
      assert.deepEqual(await held(), { held: "on" });
      assert.deepEqual(await held(), { held: "on" });
      const second = sql`select 1`.execute(db);
      await assert.rejects(second, { code: "UNAVAILABLE", reason: "STORE_UNREACHABLE" }, "to be tried elsewhere");
      assert.match(String(errors), /synchronous_commit=off/);
    });
    await close();
  });
});
