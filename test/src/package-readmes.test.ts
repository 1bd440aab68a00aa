import assert from "node:assert/strict";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, cpSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { createInventory, writeSnapshot } from "@interlock/audit";
import { cafe, fleetWith } from "@interlock/audit/testing";
import { startAuthority } from "@interlock/authority";
import { joinFleet, silentLog } from "@interlock/bot";
import { type Command, readCommands } from "./console-block.js";
import { findQuote } from "./find-quote.js";
import { type Block, readBlocks } from "./markdown-blocks.js";
import { publishedPackages } from "./published-packages.js";
import { root } from "./structure/source-graph.js";

const blocksOf = (path: string): Block[] => readBlocks(readFileSync(join(root, path), "utf8"));
const example = (name: string) => join(import.meta.dirname, "readme", `${name}.js`);

// Each code block is quoted from a file that a test runs, or is run here. packages/swarm has more: swarm/readme.test.ts.
describe("the READMEs of the packages", () => {
  for (const { folder } of publishedPackages()) {
    const path = `${folder}/README.md`;

    it(`${path} has an example, and quotes its code from tested files`, () => {
      const blocks = blocksOf(path);
      assert.ok(blocks.some(({ language }) => language === "ts" || language === "console"));
      const known = ["ts", "proto", "yaml", "console", "text"];
      const invented = blocks.filter(
        ({ language, text }) =>
          !known.includes(language) || (["ts", "proto"].includes(language) && findQuote(text) === undefined),
      );
      assert.deepEqual(
        invented.map(({ line }) => `line ${line}`),
        [],
      );
    });

    it(`${path} links to whole addresses, because it is also read outside of this repository`, () => {
      const links = [...readFileSync(join(root, path), "utf8").matchAll(/\]\(([^)]+)\)/g)].map(
        ([, target = ""]) => target,
      );
      assert.deepEqual(
        links.filter((target) => !/^(https:|#)/.test(target)),
        [],
      );
    });

    it(`${path} has only commands that README.md has, where they are typed`, () => {
      const commands = (blocks: readonly Block[]): Command[] =>
        blocks.filter(({ language }) => language === "console").flatMap(({ text }) => readCommands(text));
      const typed = commands(blocksOf("README.md"));
      for (const { text, output } of commands(blocksOf(path))) {
        const found = typed.find((command) => command.text === text);
        assert.ok(found, `README.md does not have: ${text}`);
        for (const line of output) assert.ok(found.output.includes(line), `${text} does not print there: ${line}`);
      }
    });
  }
});

describe("the examples in the READMEs of the packages", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "interlock-readmes-"));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  /** What the example prints in `folder` is what the README shows. */
  async function printsWhatIsShown(name: string, readme: string): Promise<void> {
    const { stdout } = await promisify(execFile)(process.execPath, [example(name)], { cwd: folder });
    const shown = blocksOf(readme).find(({ language }) => language === "text");
    assert.equal(stdout.trimEnd(), shown?.text);
  }

  it("the checks of a request find the condition that is not true", () =>
    printsWhatIsShown("validate", "packages/validate/README.md"));

  it("the authority starts, takes the grants that are shown, and has a bot join", async () => {
    const grants = blocksOf("packages/authority/README.md").find(({ language }) => language === "yaml");
    await writeFile(join(folder, "grants.yaml"), grants?.text ?? "");
    const env = { ...process.env, PORT: "0" };
    const authority: ChildProcess = spawn(process.execPath, [example("authority")], {
      cwd: folder,
      env,
      stdio: ["ignore", "pipe", "ignore"],
    });
    const exit = once(authority, "exit");
    try {
      const lines = createInterface({ input: authority.stdout as NodeJS.ReadableStream });
      const ended = exit.then(() => Promise.reject(new Error("the authority has ended")));
      ended.catch(() => {}); // In the end it does.
      const [line] = (await Promise.race([once(lines, "line"), ended])) as [string];
      const [, address = "", joinToken = ""] = /^gripper\/1 joins at (\S+) with (\S+)$/.exec(line) ?? [];
      const stateDir = join(folder, "bot");
      const bot = await joinFleet({ authority: address, name: "gripper/1", joinToken, stateDir, log: silentLog });
      assert.equal(bot.name, "gripper/1");
      await bot.close(0);
      authority.kill("SIGTERM");
      await exit;
    } finally {
      authority.kill("SIGKILL");
    }
  });

  it("a gateway opens in front of the services of a manifest", async () => {
    const grants = blocksOf("packages/gateway/README.md").find(({ language }) => language === "yaml");
    const authority = await startAuthority({
      dataDir: join(folder, "authority"),
      trustDomain: "cafe",
      port: 0,
      log: silentLog,
    });
    try {
      await authority.applyGrants(grants?.text ?? "");
      copyFileSync(
        join(root, "examples/hello/src/gen/interlock.manifest.json"),
        join(folder, "interlock.manifest.json"),
      );
      const joinToken = await authority.createJoinToken("gateway/1");
      const stateDir = join(folder, ".interlock/bots/gateway/1");
      const address = authority.address;
      const joined = await joinFleet({ authority: address, name: "gateway/1", joinToken, stateDir, log: silentLog });
      await joined.close(0);
      const env = { ...process.env, PORT: "0" };
      const gateway = spawn(process.execPath, [example("gateway")], {
        cwd: folder,
        env,
        stdio: ["ignore", "pipe", "ignore"],
      });
      const exit = once(gateway, "exit");
      try {
        const lines = createInterface({ input: gateway.stdout as NodeJS.ReadableStream });
        const ended = exit.then(() => Promise.reject(new Error("the gateway has ended")));
        ended.catch(() => {}); // In the end it does.
        const [line] = (await Promise.race([once(lines, "line"), ended])) as [string];
        assert.match(line, /^gateway\/1 at 127\.0\.0\.1:\d+, in front of .*cafe\.gripper\.v1\.GripperService/);
        gateway.kill("SIGTERM");
        assert.deepEqual(await exit, [0, null]);
      } finally {
        gateway.kill("SIGKILL");
      }
    } finally {
      await authority.close();
    }
  });

  it("an inventory is read", async () => {
    const calls = (cafe.calls ?? []).filter(({ method }) => !/Status|WatchForce/.test(method));
    const inputs = fleetWith({
      ...cafe,
      calls,
      project: cafe.project?.filter(({ name }) => !name.includes("diagnostics")),
    });
    await writeFile(join(folder, "inventory.json"), writeSnapshot(createInventory(inputs)));
    await printsWhatIsShown("audit", "packages/audit/README.md");
  });

  it("the manifest is read", async () => {
    const manifest = join(root, "examples/hello/src/gen/interlock.manifest.json");
    copyFileSync(manifest, join(folder, "interlock.manifest.json"));
    await printsWhatIsShown("policy", "packages/policy/README.md");
  });

  it("a call goes over HTTP/2, and comes back", () => printsWhatIsShown("wire", "packages/wire/README.md"));

  it("a port that listens is found", async () => {
    const server = createServer((socket) => socket.on("error", () => {})).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const { stdout } = await promisify(execFile)(process.execPath, [example("scan"), `127.0.0.1:${port}`]);
    server.close();
    const shown = blocksOf("packages/audit/README.md").find(({ text }) => text.startsWith("127.0.0.1:50051"));
    assert.equal(stdout.trimEnd(), shown?.text.replace("50051", String(port)));
  });

  it("code is generated", async () => {
    cpSync(join(root, "examples/hello/protos"), join(folder, "protos"), { recursive: true });
    mkdirSync(join(folder, "node_modules/@interlock"), { recursive: true });
    symlinkSync(join(root, "packages/policy"), join(folder, "node_modules/@interlock/policy"), "junction");
    await printsWhatIsShown("generate", "packages/protoc-gen-interlock/README.md");
  });
});
