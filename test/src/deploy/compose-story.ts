// Runs deploy/compose.yaml without an engine: node compose-story.js <folder>, as root, in namespaces of its own for network,
// processes and mounts. It prints one JSON object for each step, and ends with 1 at the first step that fails.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { findPostgres } from "@interlock/testing-postgres";
import { root } from "../structure/source-graph.js";
import { readComposeFile, type Service } from "./compose-file.js";
import { createSandbox } from "./sandbox.js";

const [folder = ""] = process.argv.slice(2);
const { services } = readComposeFile();
const limitMs = 60_000;

execFileSync("ip", ["link", "set", "lo", "up"]);
const volumes = Object.keys(services).flatMap((name) => serviceOf(name).volumes ?? []);
const sandbox = createSandbox({
  folder,
  trees: {
    "/opt/interlock": join(folder, "trees/interlock"),
    "/opt/hello": join(folder, "trees/hello"),
  },
  hidden: [root],
  hosts: ["authority", ...Object.keys(services)],
  volumes,
});
const running = new Map<string, ChildProcess>();

function tell(step: string, more: object = {}): void {
  process.stdout.write(`${JSON.stringify({ step, ...more })}\n`);
}

function serviceOf(name: string): Service {
  const { volumes: given = [], ...service } = services[name] as Service;
  // Relative paths are relative to the file.
  return { ...service, volumes: given.map((volume) => volume.replace(/^\.\.\//, `${root}/`)) };
}

async function output(
  child: ChildProcess,
): Promise<{ readonly code: number; readonly out: string; readonly error: string }> {
  let [out, error] = ["", ""];
  child.stdout?.on("data", (text) => (out += text));
  child.stderr?.on("data", (text) => (error += text));
  const [code] = await once(child, "close");
  return { code: code ?? 1, out, error };
}

/** Runs another command in the container of a service. */
function exec(name: string, ...command: string[]) {
  return output(sandbox.start(serviceOf(name), command));
}

async function healthy(name: string): Promise<void> {
  const [, ...test] = services[name]?.healthcheck?.test ?? [];
  const until = Date.now() + limitMs;
  for (;;) {
    const { code, out, error } = await exec(name, ...test);
    if (code === 0) return tell("healthy", { name, says: out.trim() });
    if (Date.now() > until) throw new Error(`${name} does not become healthy: ${out}${error}`);
    await sleep(250);
  }
}

/** The image of PostgreSQL is not here. The server of this machine stands in, with the same secret, user and database. */
async function postgres(): Promise<void> {
  const found = findPostgres();
  if (typeof found === "string") throw new Error(found);
  const data = join(folder, "postgres");
  mkdirSync(data);
  const user = found.user ?? { uid: 0, gid: 0 };
  execFileSync("chown", [`${user.uid}:${user.gid}`, data]);
  const secret = join(folder, "postgres-password");
  execFileSync("install", [
    "-o",
    `${user.uid}`,
    "-m",
    "0400",
    join(folder, "volumes/secrets/postgres-password"),
    secret,
  ]);
  const initdb = ["-D", data, "-U", "interlock", `--pwfile=${secret}`, "--auth=scram-sha-256"];
  execFileSync(join(found.folder, "initdb"), initdb, { ...user, cwd: data, stdio: "ignore" });
  const [, ...command] = services.postgres?.command ?? [];
  const server = spawn(join(found.folder, "postgres"), ["-D", data, "-k", data, ...command], {
    ...user,
    cwd: data,
    stdio: "ignore",
  });
  running.set("postgres", server);
  const env = {
    ...process.env,
    PGPASSFILE: "/dev/null",
    PGPASSWORD: execFileSync("cat", [secret], { encoding: "utf8" }),
  };
  const until = Date.now() + limitMs;
  for (;;) {
    const create = spawn(join(found.folder, "createdb"), ["-h", "127.0.0.1", "-U", "interlock", "interlock"], {
      env,
      stdio: "ignore",
    });
    const [code] = await once(create, "close");
    if (code === 0) return tell("healthy", { name: "postgres" });
    if (Date.now() > until) throw new Error("PostgreSQL does not start");
    await sleep(250);
  }
}

function start(name: string): ChildProcess {
  const child = sandbox.start(serviceOf(name));
  running.set(name, child);
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (text) => process.stderr.write(String(text).replace(/^(?=.)/gm, `${name} | `)));
  }
  return child;
}

/** Starts everything in the order of `depends_on`, as `docker compose up` does. */
async function up(): Promise<void> {
  const done = new Map<string, Promise<void>>();
  const waitedFor = (name: string) => Object.values(services).find((one) => one.depends_on?.[name])?.depends_on?.[name];
  function bring(name: string): Promise<void> {
    const known = done.get(name);
    if (known) return known;
    const bringing = (async () => {
      await Promise.all(Object.keys(services[name]?.depends_on ?? {}).map(bring));
      if (name === "postgres") return postgres();
      const child = start(name);
      if (waitedFor(name)?.condition !== "service_completed_successfully") return healthy(name);
      const [code] = await once(child, "close");
      if (code !== 0) throw new Error(`${name} ended with ${code}`);
      tell("completed", { name });
    })();
    done.set(name, bringing);
    return bringing;
  }
  const started = Object.keys(services).filter((name) => services[name]?.profiles === undefined);
  await Promise.all(started.map(bring));
}

async function must(what: string, result: Promise<{ code: number; out: string; error: string }>): Promise<string> {
  const { code, out, error } = await result;
  if (code !== 0) throw new Error(`${what}: ${out}${error}`);
  return out;
}

/** Ends a service as `docker compose restart` does, and starts it again. */
async function restart(name: string): Promise<void> {
  const child = running.get(name);
  child?.kill("SIGTERM");
  if (child) await once(child, "close");
  const { code, out } = await exec(name, ...(services[name]?.healthcheck?.test ?? []).slice(1));
  tell("unhealthy", { name, code, says: out.trim() });
  start(name);
  await healthy(name);
}

chmodSync(folder, 0o755);
try {
  const who = await exec(
    "authority",
    "sh",
    "-c",
    "id -un 2>/dev/null || echo nobody; touch /x 2>/dev/null || echo read-only; grep CapEff /proc/self/status",
  );
  tell("user", { says: who.out.trim().split("\n") });
  await up();
  const bots = JSON.parse(await must("bots list", exec("operator", "interlock", "bots", "list", "--json")));
  tell("bots", { names: bots.bots.map((bot: { spiffeId: string }) => bot.spiffeId) });
  tell("brewed", {
    says: JSON.parse(
      await must("call", exec("operator", "interlock", "call", "CoffeeService/Brew", '{"shots": 2}', "--json")),
    ),
  });
  const stolen = await exec("gripper", "sh", "-c", "ls /secrets 2>/dev/null || echo none");
  tell("secrets of the bots", { says: stolen.out.trim() });
  const leaks = await exec(
    "authority",
    "sh",
    "-c",
    "cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n' | grep -c -f /secrets/postgres-password -f /secrets/key-passphrase || true",
  );
  tell("secrets in arguments or environments", { count: Number(leaks.out.trim()) });
  await restart("gripper");
  await restart("authority");
  await must("second admit", output(sandbox.start(serviceOf("admit"))));
  tell("second admit", {
    tokens: ["gripper", "coffee"].filter((name) => existsSync(join(folder, "volumes", name, "join-token.new"))).length,
  });
  tell("brewed again", {
    says: JSON.parse(
      await must("call", exec("operator", "interlock", "call", "CoffeeService/Brew", '{"shots": 1}', "--json")),
    ),
  });
} catch (error) {
  tell("failed", { error: String(error) });
  process.exitCode = 1;
} finally {
  for (const child of running.values()) child.kill("SIGKILL");
  process.exit();
}
