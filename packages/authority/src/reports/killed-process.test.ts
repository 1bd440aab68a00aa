import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { AdminService } from "@interlock/bot/protocol";
import { EchoService } from "@interlock/bot/testing";
import { startTestAuthority } from "../testing/test-authority.js";

/** A second process of a bot, with the same folder. It prints a line once it serves. */
const program = `
  import { joinFleet, silentLog } from "@interlock/bot";
  import { EchoService } from "@interlock/bot/testing";
  const [authority, name, stateDir] = process.argv.slice(1);
  const bot = await joinFleet({ authority, name, stateDir, log: silentLog });
  const none = async () => ({});
  const handlers = { echo: none, async *count() {}, join: none, async *chat() {}, open: none, reset: none };
  await bot.serve({ port: 0 }, (routes) => routes.add(EchoService, handlers));
  console.log("serving");
`;

describe("two processes of one bot", () => {
  it("are both there, until one is killed: it is not seen since, within a minute", async () => {
    let ahead = 0;
    const fleet = await startTestAuthority({ clock: { now: () => Date.now() + ahead } });
    const admin = (await fleet.bot("operator/alice")).client(AdminService, fleet.authority.address);
    const processes = async () =>
      (await admin.listInstances({})).instances.filter(({ spiffeId }) => spiffeId === "spiffe://cafe/arm/1");
    const online = async () => (await processes()).filter((process) => process.online).length;
    const until = async (wanted: number) => {
      for (let i = 0; (await online()) !== wanted; i++) {
        assert.ok(i < 400, `${await online()} processes are online, not ${wanted}`);
        await sleep(25);
      }
    };
    const arm = await fleet.bot("arm/1");
    const serve = () => arm.serve({ port: 0 }, (routes) => routes.add(EchoService, handlers));
    const args = [fleet.authority.address, "arm/1", join(fleet.folder, "bots", "arm/1")];
    const child = spawn(process.execPath, ["--input-type=module", "-e", program, ...args], {
      cwd: import.meta.dirname,
      stdio: ["ignore", "pipe", "inherit"],
    });
    try {
      await serve();
      await once(child.stdout, "data");
      await until(2);
      child.kill("SIGKILL");
      await once(child, "exit");
      ahead = 60_000;
      await serve(); // It reports what it serves now.
      await until(1);
      const gone = (await processes()).find((process) => !process.online);
      assert.equal(gone?.stoppedAt, undefined, "it has not said that it ends");
      assert.ok((gone?.lastSeenAt?.getTime() ?? 0) <= Date.now());
    } finally {
      child.kill("SIGKILL");
      await fleet.close();
    }
  });
});

const none = () => ({});
const handlers = { echo: none, async *count() {}, join: none, async *chat() {}, open: none, reset: none };
