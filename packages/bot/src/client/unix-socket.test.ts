import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Bot } from "../bot.js";
import { serveEcho } from "../testing/echo-server.js";
import { createTestFleet, EchoService } from "../testing/test-fleet.js";

describe("an address that is a Unix socket", () => {
  const bots: Bot[] = [];
  let folder: string;
  let door: Server;

  beforeEach(async function () {
    if (process.platform === "win32") this.skip();
    folder = await mkdtemp(join(tmpdir(), "interlock-unix-"));
  });
  afterEach(async () => {
    await Promise.all(bots.splice(0).map((bot) => bot.close(0)));
    door?.close();
    await rm(folder, { recursive: true, force: true });
  });

  it("leads to a bot, whose identity is verified as everywhere", async () => {
    const fleet = await createTestFleet();
    const server = await serveEcho(fleet);
    const path = join(folder, "echo.sock");
    door = createServer((socket) => {
      const other = connect(server.port, "127.0.0.1");
      socket.on("error", () => other.destroy()).on("close", () => other.destroy());
      other.on("error", () => socket.destroy()).on("close", () => socket.destroy());
      socket.pipe(other).pipe(socket);
    });
    await once(door.listen(path), "listening");
    const caller = await fleet.bot("caller/1");
    bots.push(server.bot, caller);
    for (const address of [`unix:${path}`, `unix://${path}`, [`unix:${path}`, "127.0.0.1:1"]]) {
      assert.equal((await caller.client(EchoService, address).echo({ reason: "a" })).reason, "a");
    }
    const other = caller.client(EchoService, `unix:${path}`, { server: "mallory/*" });
    await assert.rejects(other.echo({}), { reason: "SERVER_IDENTITY_MISMATCH" });
    assert.equal(await caller.health(`unix:${path}`), "SERVING");
  });

  it("has a path that systems take", async () => {
    const caller = await (await createTestFleet()).bot("caller/1");
    bots.push(caller);
    for (const address of ["unix:", "unix:relative.sock", `unix:/${"x".repeat(103)}`, "unix:/a\0b"]) {
      assert.throws(() => caller.client(EchoService, address), { code: "INVALID_ARGUMENT" });
    }
  });
});
