import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { startAuthority } from "@interlock/authority";
import { type Bot, type InterlockError, joinFleet, type ServiceDefinition, silentLog } from "@interlock/bot";
import { BadRequest } from "@interlock/bot/protocol";
import type { Method } from "@interlock/policy";
import { lintGrants, locateGrants } from "@interlock/policy/grants";
import { conditionFault, readRequestTypes } from "@interlock/validate";
import { validateProto, validateProtoPath } from "@interlock/validate/proto";
import { generate } from "protoc-gen-interlock";
import { readBlocks } from "./markdown-blocks.js";
import { root } from "./structure/source-graph.js";

const run = promisify(execFile);

interface Grip {
  readonly newtons: number;
  readonly item: string;
}
type Gripper = ServiceDefinition<{ grip: Method<Grip, { held: boolean }, "unary"> }>;

describe("docs/arguments.md", function () {
  this.timeout(120_000);
  let workspace: string;
  before(async () => {
    workspace = await mkdtemp(join(tmpdir(), "interlock-arguments-"));
  });
  after(() => rm(workspace, { recursive: true, force: true }));

  /** What the page shows of one kind, in order. */
  async function shown(language: string): Promise<readonly string[]> {
    const blocks = readBlocks(await readFile(join(root, "docs/arguments.md"), "utf8"));
    return blocks.filter((block) => block.language === language).map(({ text }) => text);
  }

  /** Generates and compiles the proto file of the page, with the modules that its buf.yaml names. */
  async function generated(): Promise<Gripper> {
    const [proto = ""] = await shown("proto");
    const [bufYaml = ""] = await shown("yaml");
    const packages = join(workspace, "node_modules/@interlock");
    await cp(join(root, "protos/interlock/policy"), join(packages, "policy/protos/interlock/policy"), {
      recursive: true,
    });
    for (const part of ["package.json", "dist"])
      await symlink(join(root, "packages/policy", part), join(packages, "policy", part));
    await write(join("node_modules/@interlock/validate/protos", validateProtoPath), validateProto());
    await mkdir(join(workspace, "node_modules/@bufbuild"));
    await symlink(
      join(root, "packages/policy/node_modules/@bufbuild/protobuf"),
      join(workspace, "node_modules/@bufbuild/protobuf"),
    );
    await write("protos/cafe/gripper/v1/gripper.proto", proto);
    await write("buf.yaml", bufYaml);
    await write("package.json", '{ "type": "module" }');
    const { manifest } = await generate({ workspace, protos: "protos", out: "gen" });
    assert.equal(manifest.services[0]?.methods[0]?.constrained, true);
    const tsc = join(root, "node_modules/typescript/bin/tsc");
    const compiler = ["--outDir", "dist", "--target", "es2023", "--module", "nodenext", "--skipLibCheck"];
    const file = "gen/cafe/gripper/v1/gripper_interlock.ts";
    await run(process.execPath, [tsc, ...compiler, "--rootDir", "gen", "--types", "", file], { cwd: workspace });
    const module = join(workspace, "dist/cafe/gripper/v1/gripper_interlock.js");
    return (await import(pathToFileURL(module).href)).GripperService;
  }

  async function write(file: string, text: string): Promise<void> {
    await mkdir(dirname(join(workspace, file)), { recursive: true });
    await writeFile(join(workspace, file), text);
  }

  it("has a proto file and grants that do what it says", async () => {
    const gripper = await generated();
    const [, grants = ""] = await shown("yaml");
    const authority = await startAuthority({
      dataDir: join(workspace, "authority"),
      trustDomain: "cafe",
      port: 0,
      log: silentLog,
    });
    const bots: Bot[] = [];
    const join_ = async (name: string) => {
      const joinToken = await authority.createJoinToken(name);
      const stateDir = join(workspace, "bots", name);
      const bot = await joinFleet({ authority: authority.address, name, joinToken, stateDir, log: silentLog });
      bots.push(bot);
      return bot;
    };
    try {
      await authority.applyGrants(grants);
      const gripped: number[] = [];
      const server = await (await join_("gripper/1")).serve({ port: 0 }, (routes) =>
        routes.add(gripper, {
          grip({ newtons }) {
            gripped.push(newtons);
            return { held: true };
          },
        }),
      );
      const as = async (name: string) => {
        const client = (await join_(name)).client(gripper, server.address);
        return (request: Partial<Grip>) =>
          client.grip(request).then(
            () => undefined,
            (error: unknown) => error as InterlockError,
          );
      };
      const [leader, coffee] = [await as("leader/1"), await as("coffee/1")];
      assert.equal(await leader({ newtons: 9 }), undefined);
      assert.equal(await coffee({ newtons: 5 }), undefined);
      const narrowed = await coffee({ newtons: 9 });
      assert.deepEqual(
        [narrowed?.code, narrowed?.reason, narrowed?.metadata],
        ["PERMISSION_DENIED", "ARGUMENT_NOT_ALLOWED", { needed: "newtons <= 5" }],
      );
      const invalid = await leader({ newtons: 41, item: "x".repeat(65) });
      assert.deepEqual([invalid?.code, invalid?.reason], ["INVALID_ARGUMENT", "INVALID_REQUEST"]);
      const { fieldViolations = [] } = invalid?.findDetail("google.rpc.BadRequest", BadRequest) ?? {};
      assert.deepEqual(
        fieldViolations.map(({ field, reason }) => [field, reason]),
        [
          ["newtons", "double.gte_lte"],
          ["item", "string.max_len"],
        ],
      );
      assert.deepEqual(gripped, [9, 5]);
    } finally {
      await Promise.all(bots.map((bot) => bot.close(0)));
      await authority.close();
    }
  });

  it("shows what is said of a condition that does not fit", async () => {
    const [, grants = ""] = await shown("yaml");
    const [printed = ""] = await shown("console");
    const types = readRequestTypes(await readFile(join(workspace, "gen/interlock.descriptors.b64"), "utf8"));
    const path = "/cafe.gripper.v1.GripperService/Grip";
    const found = lintGrants(locateGrants(grants.replace("newtons <= 5", "nwtons <= 5")), {
      services: [],
      conditionFaults({ where }) {
        const problem = conditionFault(where, types.of(path));
        return problem === undefined ? [] : [{ method: path, problem }];
      },
    });
    const [line, ...more] = found.map(
      (one) => `grants.yaml:${one.line}:${one.column}: error ${one.message} [${one.id}]`,
    );
    assert.equal(line, printed.split("\n")[1]);
    assert.deepEqual(more, []);
  });
});
