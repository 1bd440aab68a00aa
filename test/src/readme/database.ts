import { jsonLog } from "@interlock/bot";
import { lockFolder, openPostgres, openSqlite, parseDatabaseUrl } from "@interlock/database";
import { type Generated, sql } from "kysely";

interface Schema {
  items: { itemId: Generated<number>; fullName: string };
}

const limits = { connections: 4, statementMs: 5_000, idleInTransactionMs: 2_000, queryMs: 7_000 };
const options = { application: "inventory", startLock: 7, limits, log: jsonLog };

const unlock = lockFolder("inventory", "inventory"); // A second process gets an error here.
const address = parseDatabaseUrl(process.env.INVENTORY ?? "inventory/items.db"); // or postgres://…
const database =
  address.engine === "sqlite" ? openSqlite<Schema>(address.path) : await openPostgres<Schema>(address, options);

const { db } = database;
await database.exclusively(async () => {
  await sql`create table if not exists items (item_id integer primary key, full_name text not null)`.execute(db);
});
await db.insertInto("items").values({ fullName: "Cup, white" }).execute(); // Now it is on the disk.
console.log(await db.selectFrom("items").selectAll().execute());

await database.close();
unlock();
