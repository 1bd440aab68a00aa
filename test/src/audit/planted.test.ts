import assert from "node:assert/strict";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import { atExit } from "@interlock/testing-processes";
import { type Certificates, makeCertificates } from "../scan/certificates.js";
import { startGrpcJs } from "../scan/grpc-js-target.js";
import { root } from "../structure/source-graph.js";

const bin = join(root, "packages/cli/bin/interlock.js");
const hello = join(root, "examples/hello");
const gripper = "cafe.gripper.v1.GripperService";
const coffee = "cafe.coffee.v1.CoffeeService";
const day = 86_400_000;

/** Joins as arm/1, reports, and waits to be killed. */
const arm = `
import { joinFleet } from "@interlock/bot";
await joinFleet({ authority: process.env.INTERLOCK_AUTHORITY, name: "arm/1", joinToken: process.env.INTERLOCK_JOIN_TOKEN });
console.log("arm/1 serves nothing at -");
setInterval(() => {}, 1e6);
`;

interface Row {
  readonly rule: string;
  readonly subject: string;
}

describe("a live fleet with planted faults", function () {
  this.timeout(240_000);
  let folder: string;
  let authority = "";
  const children: ChildProcess[] = [];
  const stops: (() => unknown)[] = [];

  const interlock = (...args: readonly string[]) =>
    new Promise<{ code: number; stdout: string; stderr: string }>((done) => {
      const child = execFile(
        process.execPath,
        [bin, ...args],
        { cwd: folder, maxBuffer: 67_108_864 },
        (_error, stdout, stderr) => done({ code: child.exitCode ?? 1, stdout, stderr }),
      );
      child.stdin?.end();
    });
  const json = async (...args: readonly string[]) => {
    const { stdout, stderr } = await interlock(...args, "--json");
    assert.notEqual(stdout, "", stderr);
    return JSON.parse(stdout);
  };
  const ok = async (...args: readonly string[]) => {
    const { code, stdout, stderr } = await interlock(...args);
    assert.equal(code, 0, `${args.join(" ")}: ${stdout}${stderr}`);
  };
  const rows = async (...args: readonly string[]): Promise<string[]> =>
    (await json("audit", ...args)).findings.map(({ rule, subject }: Row) => `${rule} ${subject}`);

  /** Starts a process and waits for a line of it. Resolves with what the pattern captures. */
  async function start(
    args: readonly string[],
    pattern: RegExp,
    env: Readonly<Record<string, string>> = {},
  ): Promise<[string, ChildProcess]> {
    const cwd = args[0] === bin ? folder : join(root, "test");
    const child = spawn(process.execPath, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "inherit"],
    });
    atExit(() => child.kill("SIGKILL"));
    children.push(child);
    for await (const line of createInterface({ input: child.stdout as NodeJS.ReadableStream })) {
      const found = pattern.exec(line)?.[1];
      if (found === undefined) continue;
      child.stdout?.resume();
      return [found, child];
    }
    throw new Error(`${args.join(" ")} has ended`);
  }

  async function startBot(
    name: string,
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): Promise<[string, ChildProcess]> {
    const { joinToken } = await json("invite", name);
    const state = join(folder, "state", name);
    return start(args, / serves .* at (\S+)/, {
      ...{ INTERLOCK_AUTHORITY: authority, INTERLOCK_JOIN_TOKEN: joinToken, INTERLOCK_HOME: state, PORT: "0" },
      ...env,
    });
  }

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "interlock-planted-"));
    await cp(join(hello, "protos"), join(folder, "protos"), { recursive: true });
    await cp(join(hello, "grants.yaml"), join(folder, "grants.yaml"));
    await cp(join(hello, "src/gen/interlock.manifest.json"), join(folder, "interlock.manifest.json"));
    [authority] = await start([bin, "up", "--port", "0"], / at (127\.0\.0\.1:\d+), operator/);
    await ok("grants", "apply", "grants.yaml", "--yes");
  });
  after(async () => {
    for (const child of children) child.kill("SIGKILL");
    for (const stop of stops) await stop();
    await rm(folder, { recursive: true, force: true });
  });

  it("is clean before, and each of the twelve faults is found", async () => {
    const [gripperAt] = await startBot("gripper/1", [join(hello, "dist/gripper.js")]);
    const [coffeeAt] = await startBot("coffee/1", [join(hello, "dist/coffee.js")], { GRIPPER: gripperAt });
    await ok("call", `${coffee}/Brew`, '{"shots": 2}', "--address", coffeeAt, "--manifest", "interlock.manifest.json");
    assert.deepEqual(await rows("--scan", authority, gripperAt, coffeeAt), [], "a clean fleet");

    // A bot that is killed, and a grant that nobody uses.
    const [, armProcess] = await startBot("arm/1", ["--input-type=module", "--eval", arm]);
    const grants = await readFile(join(folder, "grants.yaml"), "utf8");
    await writeFile(
      join(folder, "grants.yaml"),
      grants.replace("[gripper:actuate]", "[gripper:actuate, gripper:observe]"),
    );
    await ok("grants", "apply", "grants.yaml", "--yes");
    await seen("arm/1", true);
    armProcess.kill("SIGKILL");

    // A method past its sunset, a service that is not declared, a policy that is declared tighter than it is served.
    const manifest = JSON.parse(await readFile(join(folder, "interlock.manifest.json"), "utf8"));
    const [own] = manifest.services.filter(({ name }: { name: string }) => name === gripper);
    const [grip] = own.methods;
    grip.policy.risk = "critical";
    const deprecation = { since: "2020-01-01", sunset: "2020-06-01" };
    own.methods.push({
      ...grip,
      name: "Squeeze",
      path: `/${gripper}/Squeeze`,
      policy: { ...grip.policy, deprecation },
    });
    await writeFile(join(folder, "interlock.manifest.json"), JSON.stringify({ ...manifest, services: [own] }));

    // Ports of programs that are not of the fleet.
    const certificates = await makeCertificates();
    const aging = await makeCertificates({ notBefore: Date.now() - 88 * day, notAfter: Date.now() + 2 * day });
    stops.push(() => Promise.all([certificates.remove(), aging.remove()]));
    const plain = await rogue("insecure");
    const open = await rogue("tls", certificates);
    const any = await rogue("asks", certificates);
    const old = await rogue("mtls", aging);
    const reflecting = await startReflection();

    await seen("arm/1", false);
    const found = await rows(
      "--window",
      "20s",
      "--scan",
      authority,
      gripperAt,
      coffeeAt,
      plain,
      open,
      any,
      old,
      reflecting,
    );
    const planted = [
      `plaintext-port ${plain}`,
      `no-client-certificate ${open}`,
      `any-certificate ${any}`,
      `open-reflection ${reflecting}`,
      `open-channelz ${plain}`,
      `undeclared-service ${coffee}`,
      `unused-method ${gripper}/WatchForce`,
      `over-granted-bot coffee/* ${gripper} gripper:observe`,
      "vanished-bot arm/1",
      `past-sunset ${gripper}/Squeeze`,
      `expiring-certificate ${old}`,
      `loosened-policy ${gripper}/Grip at gripper/1`,
    ];
    assert.deepEqual(
      planted.filter((row) => !found.includes(row)),
      [],
      found.join("\n"),
    );
    // Nothing is said of the authority's port, and of the bots' own ports.
    assert.deepEqual(
      found.filter((row) => [authority, gripperAt, coffeeAt].some((address) => row.endsWith(address))),
      [],
    );
  });

  /** Waits until the authority counts a bot as there, or as gone. */
  async function seen(name: string, online: boolean): Promise<void> {
    for (let i = 0; i < 120; i++) {
      const { bots } = await json("bots", "list");
      const bot = bots.find((one: { name?: string; spiffeId?: string }) =>
        (one.name ?? one.spiffeId ?? "").endsWith(name),
      );
      if (bot?.online === online) return;
      await delay(1_000);
    }
    throw new Error(`${name} is not ${online ? "online" : "gone"} after two minutes`);
  }

  async function rogue(security: "insecure" | "tls" | "asks" | "mtls", certificates?: Certificates): Promise<string> {
    const { port, stop } = await startGrpcJs(security, certificates);
    stops.push(stop);
    return `127.0.0.1:${port}`;
  }

  /** Starts a server whose reflection is open. */
  async function startReflection(): Promise<string> {
    const server = new Server();
    const path = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
    const same = (bytes: Buffer) => bytes;
    server.register(path, (() => {}) as never, same as never, same as never, "bidi");
    stops.push(() => server.forceShutdown());
    const port = await new Promise<AddressInfo["port"]>((resolve, reject) =>
      server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
        error ? reject(error) : resolve(bound),
      ),
    );
    return `127.0.0.1:${port}`;
  }
});
