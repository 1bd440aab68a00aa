import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { startAuthority } from "@interlock/authority";
import { type Bot, joinFleet, silentLog } from "@interlock/bot";
import type { Method, ServiceDefinition } from "@interlock/policy";
import { generate } from "protoc-gen-interlock";
import { readBlocks } from "./markdown-blocks.js";
import { root } from "./structure/source-graph.js";

interface Pose {
  x: number;
  y: number;
  z: number;
}

type ArmService = ServiceDefinition<{
  moveToPosition: Method<{ to?: Pose }, object, "unary">;
  getEndPosition: Method<object, { pose?: Pose }, "unary">;
}>;

const compilerOptions = { target: "es2023", module: "nodenext", strict: true, skipLibCheck: true, types: ["node"] };

describe("docs/overlay.md", () => {
  let folder: string;
  const blocks = new Map<string, string>();
  const write = async (file: string, text: string) => {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(join(folder, file), text);
  };

  before(async () => {
    // Within this package, whose dependencies the code of the page finds.
    folder = await mkdtemp(join(import.meta.dirname, "overlay-"));
    for (const { text } of readBlocks(await readFile(join(root, "docs/overlay.md"), "utf8"))) {
      const [, name] = /^(?:\/\/|#) (\S+)\n/.exec(text) ?? [];
      if (name) blocks.set(name, text.slice(text.indexOf("\n") + 1));
    }
    await write(
      "protos/vendor/arm/v1/arm.proto",
      blocks.get("vendor/arm/v1/arm.proto") ?? assert.fail("no proto file"),
    );
    for (const name of ["buf.yaml", "policies.yaml", "src/main.ts"]) {
      await write(name, blocks.get(name) ?? assert.fail(`no ${name}`));
    }
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it("leads from buf.yaml and policies.yaml to a call that is served, and one that is refused", async () => {
    const { manifest } = await generate({ workspace: folder, protos: "protos", out: "src/gen" });
    assert.deepEqual(
      manifest.services[0]?.methods.map(({ policy }) => policy.scopes),
      [["arm:move"], ["arm:observe"]],
    );
    await write(
      "tsconfig.json",
      JSON.stringify({ compilerOptions: { ...compilerOptions, rootDir: "src", outDir: "dist" } }),
    );
    await promisify(execFile)(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", folder]).catch(
      ({ stdout }) => assert.fail(stdout),
    );

    const settings = { dataDir: join(folder, "authority"), trustDomain: "cafe", port: 0, log: silentLog };
    const authority = await startAuthority(settings);
    const bots: Bot[] = [];
    const member = async (name: string) => {
      const joinToken = await authority.createJoinToken(name);
      const stateDir = join(folder, name);
      const bot = await joinFleet({ authority: authority.address, name, joinToken, stateDir, log: silentLog });
      bots.push(bot);
      return bot;
    };
    await authority.applyGrants(`grants:
  "leader/*":
    vendor.arm.v1.ArmService: [arm:move, arm:observe]
  "watcher/*":
    vendor.arm.v1.ArmService: [arm:move, arm:observe]
`);
    const environment = {
      INTERLOCK_AUTHORITY: authority.address,
      INTERLOCK_JOIN_TOKEN: await authority.createJoinToken("arm/1"),
    };
    const served = spawn(process.execPath, [join(folder, "dist/main.js")], {
      cwd: folder,
      env: { ...process.env, ...environment },
      stdio: ["ignore", "pipe", "inherit"],
    });
    try {
      const lines = createInterface(served.stdout)[Symbol.asyncIterator]();
      const line = (await lines.next()).value ?? assert.fail("it does not serve");
      const address = /^serves at (\S+)$/.exec(line)?.[1] ?? assert.fail(line);
      const module = await import(pathToFileURL(join(folder, "dist/gen/vendor/arm/v1/arm_interlock.js")).href);
      const service = module.ArmService as ArmService;
      const leader = (await member("leader/1")).client(service, address);
      const to = { x: 1, y: 2, z: 3 };
      await leader.moveToPosition({ to });
      assert.equal((await lines.next()).value, "leader/1 moves the arm");
      assert.deepEqual((await leader.getEndPosition({})).pose, to);
      // It has the scope, and is none of the callers.
      const watcher = (await member("watcher/1")).client(service, address);
      assert.deepEqual((await watcher.getEndPosition({})).pose, to);
      await assert.rejects(watcher.moveToPosition({ to }), { reason: "CALLER_NOT_ALLOWED" });
    } finally {
      const exit = once(served, "exit");
      served.kill("SIGKILL");
      await exit;
      await Promise.all(bots.map((bot) => bot.close(0)));
      await authority.close();
    }
  });

  it("has an option of the plugin that works in buf.gen.yaml", async () => {
    const plugin = join(root, "packages/protoc-gen-interlock/bin/protoc-gen-interlock.js");
    const template = (blocks.get("buf.gen.yaml") ?? assert.fail("no buf.gen.yaml")).replace(
      "local: protoc-gen-interlock",
      `local: [${JSON.stringify(process.execPath)}, ${JSON.stringify(plugin)}]`,
    );
    await write("buf.gen.yaml", template.replace("out: src/gen", "out: generated"));
    const buf = join(root, "node_modules/@bufbuild/buf/bin/buf");
    await promisify(execFile)(process.execPath, [buf, "generate", "protos"], { cwd: folder });
    const manifest = await readFile(join(folder, "generated/interlock.manifest.json"), "utf8");
    assert.equal(JSON.parse(manifest).services[0].name, "vendor.arm.v1.ArmService");
  });
});
