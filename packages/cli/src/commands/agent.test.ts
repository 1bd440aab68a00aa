import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Authority, startAuthority } from "@interlock/authority";
import { silentLog } from "@interlock/bot";
import { runCommand } from "../testing/run-command.js";

describe("interlock agent", () => {
  let folder: string;
  let authority: Authority;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "ilk-agent-command-"));
    authority = await startAuthority({
      dataDir: join(folder, "authority"),
      trustDomain: "cafe",
      port: 0,
      log: silentLog,
    });
  });
  after(async () => {
    await authority.close();
    await rm(folder, { recursive: true });
  });

  it("refuses names in place of ids, and what goes together with nothing", async () => {
    const agent = async (...args: readonly string[]) => {
      const { code, stdout } = await runCommand({ cwd: folder }, ["agent", "--json", ...args]);
      return [code, JSON.parse(stdout).error.message];
    };
    const named = ["--name", "vision/1", "--socket", "own/agent.sock"];
    const [code, message] = await agent(...named, "--allow-uid", "vision");
    assert.equal(code, 2);
    assert.match(message, /id -u <user>/);
    assert.match((await agent("--name", "vision/1"))[1], /--socket/);

    const joinToken = await authority.createJoinToken("vision/1");
    const env = { ...process.env, INTERLOCK_JOIN_TOKEN: joinToken };
    const args = [
      "agent",
      "--json",
      ...named,
      "--authority",
      authority.address,
      "--allow-uid",
      "1",
      "--allow-gid",
      "1",
    ];
    const both = await runCommand({ cwd: folder, env }, args);
    assert.equal(both.code, 1);
    assert.match(both.stdout, /Allow users or a group, and not both/);
  });
});
