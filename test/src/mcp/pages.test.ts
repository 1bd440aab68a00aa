import assert from "node:assert/strict";
import { cpSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startAuthority } from "@interlock/authority";
import { type Bot, type Caller, joinFleet, silentLog } from "@interlock/bot";
import { generate } from "protoc-gen-interlock";
import { findQuote } from "../find-quote.js";
import { gripperService } from "../gripper-service.js";
import { readBlocks } from "../markdown-blocks.js";
import { callUnderDelegation } from "../readme/delegation.js";
import { root } from "../structure/source-graph.js";

const shown = (page: string, language: string) =>
  readBlocks(readFileSync(join(root, "docs", page), "utf8"))
    .filter((block) => block.language === language)
    .map(({ text }) => text);

describe("docs/delegation.md and docs/mcp.md", () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "interlock-pages-"));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it("gives by the grants and the code that are shown", async () => {
    const [code = ""] = shown("delegation.md", "ts");
    assert.equal(findQuote(code), "test/src/readme/delegation.ts");
    const dataDir = join(folder, "authority");
    const authority = await startAuthority({ dataDir, trustDomain: "cafe", port: 0, log: silentLog });
    const bots: Bot[] = [];
    const member = async (name: string) => {
      const joinToken = await authority.createJoinToken(name);
      const stateDir = join(folder, name);
      const bot = await joinFleet({ authority: authority.address, name, joinToken, stateDir, log: silentLog });
      bots.push(bot);
      return bot;
    };
    try {
      const [grants = ""] = shown("delegation.md", "yaml");
      await authority.applyGrants(grants);
      const callers: Caller[] = [];
      const service = await gripperService();
      await (await member("gripper/1")).serve({ port: 0 }, (routes) =>
        routes.add(service, {
          grip: () => ({ held: true }),
          async *watchForce(_request: unknown, { caller }: { caller: Caller }) {
            callers.push(caller);
            yield { newtons: 3.9 };
          },
        } as never),
      );
      const gripper = await callUnderDelegation(await member("leader/1"), await member("agent/7"), authority.address);
      for await (const _ of gripper.watchForce({} as never) as AsyncIterable<unknown>) break;
      assert.deepEqual(
        callers.map(({ name, actors }) => [name, actors.map((actor) => actor.name)]),
        [["leader/1", ["agent/7"]]],
      );
      await assert.rejects(gripper.grip({} as never) as Promise<unknown>, { reason: "SCOPE_WIDENED" });
    } finally {
      await Promise.all(bots.map((bot) => bot.close(0)));
      await authority.close();
    }
  });

  it("has an approval that the generator takes", async () => {
    const [rpc = ""] = shown("mcp.md", "proto");
    cpSync(join(root, "protos/interlock/policy"), join(folder, "protos/interlock/policy"), { recursive: true });
    await mkdir(join(folder, "protos/cafe/gripper/v1"), { recursive: true });
    await writeFile(
      join(folder, "protos/cafe/gripper/v1/gripper.proto"),
      `syntax = "proto3";
package cafe.gripper.v1;
import "interlock/policy/v1/policy.proto";
message GripRequest { double newtons = 1; }
message GripResponse { bool held = 1; }
service GripperService { ${rpc} }`,
    );
    const { manifest } = await generate({ workspace: folder, protos: "protos", paths: ["cafe"], out: "gen" });
    assert.equal(manifest.services[0]?.methods[0]?.policy.approval, "delegated");
  });

  it("has a configuration of MCP that starts interlock mcp", () => {
    const [text = ""] = shown("mcp.md", "json");
    const { fleet } = JSON.parse(text).mcpServers;
    assert.deepEqual([fleet.command, ...fleet.args.slice(0, 2)], ["npx", "interlock", "mcp"]);
  });
});
