import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import pg from "pg";
import { findPostgres } from "./find-postgres.js";
import { startPostgres } from "./start-postgres.js";

const found = findPostgres();

describe("PostgreSQL for tests", () => {
  if (typeof found === "string") {
    it.skip(`every test on PostgreSQL: ${found}`);
    return;
  }

  async function ask(url: string, text: string): Promise<unknown[]> {
    const client = new pg.Client(url);
    await client.connect();
    return (await client.query({ text, rowMode: "array" }).finally(() => client.end())).rows.flat();
  }

  it("has databases that know nothing of each other, and what was committed after a crash", async () => {
    const postgres = await startPostgres();
    try {
      const [one, two] = [await postgres.createDatabase(), await postgres.createDatabase()];
      await ask(one, "create table t as select 7 as n");
      await assert.rejects(ask(two, "select n from t"), /does not exist/);
      await postgres.crash();
      await assert.rejects(ask(one, "select 1"));
      await postgres.restart();
      assert.deepEqual(await ask(one, "select n from t"), [7]);
      const wrong = new URL(one);
      wrong.password = "wrong";
      await assert.rejects(ask(wrong.href, "select 1"), /authentication failed/);
      await postgres.dropDatabase(one);
      await assert.rejects(ask(one, "select 1"), /does not exist/);
    } finally {
      await postgres.stop();
    }
  });

  it("ends when the process that started it exits without stopping it", async () => {
    const entry = JSON.stringify(new URL("./index.js", import.meta.url).href);
    const script = `
      const { startPostgres } = await import(${entry});
      const postgres = await startPostgres();
      console.log(await postgres.createDatabase());
      process.stdin.once("data", () => process.exit());`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    const [url] = (await once(createInterface(child.stdout), "line")) as [string];
    const client = new pg.Client(url);
    await client.connect();
    const { rows } = await client.query("show data_directory");
    const ended = once(client, "error");
    child.stdin.write("exit\n");
    await ended;
    assert.ok(!existsSync(String(rows[0].data_directory)), "its folder is gone as well");
  });

  it("ends when the process that started it is killed, with all its group", async () => {
    const entry = JSON.stringify(new URL("./index.js", import.meta.url).href);
    const script = `
      const { startPostgres } = await import(${entry});
      const postgres = await startPostgres();
      console.log(await postgres.createDatabase());
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
      detached: true,
    });
    const [url] = (await once(createInterface(child.stdout), "line")) as [string];
    const client = new pg.Client(url);
    await client.connect();
    const { rows } = await client.query("show data_directory");
    const ended = once(client, "error");
    process.kill(-(child.pid as number), "SIGKILL");
    await ended;
    const folder = String(rows[0].data_directory);
    const limit = Date.now() + 10_000;
    while (existsSync(folder) && Date.now() < limit) await new Promise((turn) => setTimeout(turn, 20));
    assert.ok(!existsSync(folder), "its folder is gone as well");
  });
});
