import assert from "node:assert/strict";
import { type ChildProcess, execFile, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chown, cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { formatTrustBundle } from "@interlock/authority";
import { createIdentityFolder } from "@interlock/bot/internal";
import { createTestCa } from "@interlock/bot/testing";
import { findPostgres, startPostgres } from "@interlock/testing-postgres";
import { endProcess } from "./testing/end-process.js";
import { type CommandResult, commandFile, runCommand } from "./testing/run-command.js";

function interlock(cwd: string, ...args: readonly string[]): Promise<CommandResult> {
  return runCommand({ cwd }, args);
}

// What `--json` prints; the assertions say what is expected in it.
// biome-ignore lint/suspicious/noExplicitAny: see above.
type Json = Record<string, any>;

async function jsonOf(cwd: string, ...args: readonly string[]): Promise<Json> {
  const { stdout } = await interlock(cwd, ...args, "--json");
  return JSON.parse(stdout);
}

/** The environment of an authority whose log says only what is wrong. */
const quiet = { ...process.env, INTERLOCK_LOG_LEVEL: "error" };

describe("interlock, the command", () => {
  it("shows an example with the help of every command", async () => {
    const commands = [
      "init",
      "generate",
      "up",
      "status",
      "dashboard",
      "health",
      "invite",
      "join",
      "grants show",
      "grants apply",
      "grants history",
      "grants rollback",
      "call",
      "sidecar",
      "gateway envoy",
      "gateway authz",
      "token",
      "revoke",
      "unrevoke",
      "revocations",
      "keys list",
      "keys rotate",
      "ca show",
      "ca prepare",
      "ca activate",
      "ca withdraw",
      "ca export-root",
      "ca csr",
      "ca sign",
      "ca import",
      "audit",
      "check",
      "least-privilege",
      "log list",
      "log verify",
      "inventory",
      "inventory diff",
      "risk",
      "federation add",
      "federation list",
      "federation show",
      "federation refresh",
      "federation revoke",
      "federation bundle",
      "bots list",
      "retire",
      "retire bot",
      "retire method",
      "retire service",
      "retire verify",
      "retire undo",
      "tokens list",
      "tokens delete",
      "backup",
      "restore",
      "scan",
    ];
    // In one process, which takes as long to start as to show them all.
    const main = new URL("./main.js", import.meta.url).href;
    const script = `
      const { run } = await import(${JSON.stringify(main)});
      for (const command of ${JSON.stringify(commands)}) {
        console.log("\\0" + command + " " + (await run([...command.split(" "), "--help"])));
      }`;
    const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", script]);
    // Each page stands before the line that says whose it was, and how it ended.
    const pages = stdout.split(/\0(.*)\n/).slice(0, -1);
    assert.equal(pages.length, 2 * commands.length);
    for (const [i, command] of commands.entries()) {
      const [page = "", ended] = pages.slice(2 * i);
      assert.equal(ended, `${command} 0`);
      assert.match(page, new RegExp(`Example:\n  interlock ${command}`), command);
      assert.match(page, /--json/, command);
    }
  });

  it("exits with 2 and says where the help is when it cannot read the command line", async () => {
    const { code, stderr } = await interlock(tmpdir(), "frobnicate");
    assert.equal(code, 2);
    assert.match(stderr, /unknown command.*\n.*--help/);
  });

  it("says so as one JSON value where JSON is asked for, and nothing besides", async () => {
    for (const args of [["frobnicate"], ["join"], ["tokens", "list", "--frobnicate"], ["up", "--port", "x"]]) {
      const { code, stdout, stderr } = await interlock(tmpdir(), ...args, "--json");
      assert.deepEqual([code, stderr], [2, ""], args.join(" "));
      const { ok, error } = JSON.parse(stdout);
      assert.deepEqual([ok, error.code], [false, "INVALID_ARGUMENT"]);
      assert.match(error.message, /^[A-Z].*\.$/s);
    }
  });

  it("lists each fault of a proto file separately, as JSON", async () => {
    const folder = await mkdtemp(join(tmpdir(), "interlock-faults-"));
    await mkdir(join(folder, "protos/a/v1"), { recursive: true });
    await writeFile(
      join(folder, "protos/a/v1/a.proto"),
      'syntax = "proto3";\npackage a.v1;\nmessage M {}\nservice S {\n  rpc Do(M) returns (M);\n  rpc Undo(M) returns (M);\n}\n',
    );
    const { code, stdout } = await interlock(folder, "generate", "--json");
    const { error } = JSON.parse(stdout);
    assert.equal(code, 1);
    assert.deepEqual(
      error.faults.map(({ file, line, column, method }: Json) => [file, line, column, method]),
      [
        ["protos/a/v1/a.proto", 5, 3, "a.v1.S/Do"],
        ["protos/a/v1/a.proto", 6, 3, "a.v1.S/Undo"],
      ],
    );
    assert.match(error.faults[0].message, /^has no access policy/);
    await rm(folder, { recursive: true });
  });
});

describe("interlock, with an authority", () => {
  let dir: string;
  let up: ChildProcess;
  let authority: string;

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), "interlock-cli-"));
    await writeFile(join(dir, "key-file"), "correct horse battery staple\n");
    up = spawn(
      process.execPath,
      [commandFile, "up", "--port", "0", "--trust-domain", "cafe", "--key-file", "key-file", "--json"],
      { cwd: dir, env: quiet, stdio: ["ignore", "pipe", "inherit"] },
    );
    const [line] = await once(createInterface({ input: up.stdout as NodeJS.ReadableStream }), "line");
    authority = JSON.parse(line).authority;
  });
  after(async () => {
    await endProcess(up, "SIGTERM");
    await rm(dir, { recursive: true });
  });

  const json = (...args: readonly string[]) => jsonOf(dir, ...args);

  it("keeps the keys of the authority encrypted with a key file", async () => {
    const folder = join(dir, ".interlock/authority");
    const keys = (await readdir(folder)).filter((name) => name.endsWith(".key"));
    assert.equal(keys.length, 3); // Of the root, the intermediate, and tokens.
    for (const name of keys) assert.match(await readFile(join(folder, name), "utf8"), /^interlock-sealed-1 /, name);
  });

  it("takes the root's key away, has an intermediate signed with it elsewhere, and prepares another CA", async () => {
    const shown = async () => (await json("ca", "show")).cas as Json[];
    const [first] = await shown();
    assert.deepEqual([first?.state, first?.warnings], ["active", []]);
    const key = ["--key-file", join(dir, "key-file")];
    const root = join(dir, "root.pem");
    assert.equal((await json("ca", "export-root", "--out", root, ...key)).ok, true);
    assert.match(await readFile(root, "utf8"), /^interlock-sealed-1 /);
    await assert.rejects(stat(join(dir, ".interlock/authority", first?.rootKey)));
    assert.match((await json("ca", "export-root", "--out", `${root}2`, ...key)).error.message, /already offline/);

    const [csr, chain] = [join(dir, "i.csr"), join(dir, "i.pem")];
    assert.equal((await json("ca", "import", csr)).error.code, "NOT_FOUND");
    assert.equal((await json("ca", "csr", "--out", csr)).ok, true);
    const sign = ["ca", "sign", "--root", root, "--csr", csr, "--out", chain, "--days", "30"];
    assert.match((await json(...sign)).error.message, /is encrypted/);
    assert.equal((await json(...sign, ...key)).ok, true);
    assert.equal((await json("ca", "import", chain)).ca.state, "active");
    const [second] = await shown();
    assert.deepEqual([second?.id, second?.rootKey], [first?.id, ""]);
    assert.ok(
      Date.parse(second?.intermediateNotAfter) < Date.parse(first?.intermediateNotAfter),
      "that of 30 days signs",
    );
    assert.match((await json("ca", "import", chain)).error.message, /here already|No key waits/);

    const prepared = await json("ca", "prepare");
    assert.equal(prepared.ca.state, "prepared");
    assert.match((await json("ca", "prepare")).error.message, /already prepared/);
    assert.match((await json("ca", "activate")).error.message, /may not have received it yet/);
    assert.match((await interlock(dir, "ca", "show")).stdout, /offline .*\n.*prepared/s);
    assert.equal((await json("ca", "withdraw", prepared.id.slice(0, 16))).ok, true);
    assert.match((await json("ca", "withdraw")).error.message, /No CA is retiring or prepared/);
    assert.match((await json("ca", "withdraw", first?.id)).error.message, /is active. Prepare and activate another/);
    const kinds = (await json("log", "list")).records.filter((record: Json) => record.kind === "ca");
    assert.deepEqual(
      kinds.map((record: Json) => JSON.parse(record.details).done),
      ["made", "imported", "prepared", "withdrawn"],
    );
  });

  it("invites a bot, which joins once, and leaves files for other languages", async () => {
    const { joinToken } = await json("invite", "python/1");
    const join1 = ["join", "--authority", authority, "--name", "python/1", "--token", joinToken];
    const joined = await json(...join1);
    assert.equal(joined.spiffeId, "spiffe://cafe/python/1");
    for (const file of ["identity.pem", "ca.pem", "trust.json"]) {
      assert.equal((await stat(join(joined.dir, file))).mode & 0o777, 0o600, file);
    }
    const again = await json(...join1, "--dir", join(dir, "elsewhere"));
    assert.deepEqual([again.ok, again.error.reason], [false, "JOIN_TOKEN_USED"]);
    assert.equal(joined.already, false);
    const once = await json(...join1);
    assert.deepEqual([once.ok, once.already, once.spiffeId], [true, true, "spiffe://cafe/python/1"]);
    assert.match((await interlock(dir, ...join1)).stdout, /^already joined as .*\n.*\n?.*was not used/s);
    // Where the authority is has been kept, so it need not be said again.
    assert.equal((await json("join", "--name", "python/1")).already, true);
  });

  it("invites only what the operator can mean: one use for one name, and a warning for a name in use", async () => {
    const several = await json("invite", "--uses", "3", "python/9");
    assert.equal(several.error.code, "INVALID_ARGUMENT");
    assert.match(several.error.message, /For 3 bots invite a pattern, such as "python\/\*"\.$/);
    assert.ok(Date.parse((await json("invite", "python/1")).inUseUntil) > Date.now());
    assert.match((await interlock(dir, "invite", "python/1")).stdout, /^warning: a bot has the name python\/1, until /);
    const { stdout } = await interlock(dir, "invite", "python/9");
    assert.doesNotMatch(stdout, /warning/);
    assert.match(stdout, /^ {2}INTERLOCK_JOIN_TOKEN=ILK1-\S+ npx --no interlock join /m);
  });

  it("takes a service by the last part of its name, where the project's manifest explains it", async () => {
    const manifest = join(dir, "manifest.json");
    const args = ["token", "CoffeeService", "--scope", "coffee:brew", "--name", "python/1", "--manifest", manifest];
    assert.match((await json(...args)).error.message, /There is no .*manifest\.json: run "interlock generate"/);
    await writeFile(manifest, "{");
    assert.match((await json(...args)).error.message, /manifest\.json is damaged: run "interlock generate"/);
    const services = ["cafe.v1.CoffeeService", "tea.v1.TeaService"].map((name) => ({
      name,
      methods: [],
      servedBy: [],
    }));
    await writeFile(manifest, JSON.stringify({ version: 1, services }));
    // Nothing is granted yet: the authority has understood the name.
    assert.equal((await json(...args)).error.reason, "NO_GRANT");
    const unknown = await json(...args.map((arg) => (arg === "CoffeeService" ? "BarService" : arg)));
    assert.match(unknown.error.message, /There is no service "BarService"; there are: cafe\.v1\.CoffeeService, tea/);
  });

  it("does not take a damaged profile for no fleet at all", async () => {
    const damaged = await mkdtemp(join(tmpdir(), "interlock-damaged-"));
    await mkdir(join(damaged, ".interlock"));
    await writeFile(join(damaged, ".interlock/profile.json"), "{");
    assert.match(
      (await interlock(damaged, "status")).stderr,
      /profile\.json is damaged\. Move it away, and run "interlock up"/,
    );
    await rm(join(damaged, ".interlock/profile.json"));
    await mkdir(join(damaged, ".interlock/profile.json"));
    assert.match((await interlock(damaged, "bots", "list")).stderr, /profile\.json cannot be read \(EISDIR\)/);
    await rm(damaged, { recursive: true });
  });

  it("says how the fleet is, and exits with 1 when the authority is away", async () => {
    const { code, stdout } = await interlock(dir, "status");
    assert.match(stdout, /reachable +true[\s\S]*CA expires at +20\d\d[\s\S]*all is well/);
    assert.equal(code, 0);
    const status = await json("status");
    assert.deepEqual([status.ok, status.stale, status.problems, status.authority], [true, false, [], authority]);
    const away = await mkdtemp(join(tmpdir(), "interlock-away-"));
    await cp(join(dir, ".interlock/bots"), join(away, ".interlock/bots"), { recursive: true });
    const profile = { authority: "127.0.0.1:1", operator: status.operator };
    await writeFile(join(away, ".interlock/profile.json"), JSON.stringify(profile));
    const unreachable = await interlock(away, "status", "--json");
    assert.equal(unreachable.code, 1);
    const answer = JSON.parse(unreachable.stdout);
    assert.deepEqual([answer.ok, answer.reachable], [false, false]);
    assert.match(answer.problems[0], /is "interlock up" running at 127\.0\.0\.1:1/);
    await rm(away, { recursive: true });
  });

  it("shows the difference between grants, applies them, and gives them back", async () => {
    const file = join(dir, "grants.yaml");
    const yaml = 'grants:\n  "python/*":\n    cafe.v1.CoffeeService: [coffee:brew]\n';
    await writeFile(file, yaml);
    const plan = await interlock(dir, "grants", "plan", file);
    assert.deepEqual(await interlock(dir, "grants", "apply", file, "--dry-run"), plan);
    assert.match(plan.stdout, /\+ python\/\* {2}cafe\.v1\.CoffeeService {2}coffee:brew\nNothing was changed/);
    assert.equal((await json("grants", "apply", file)).applied, true);
    assert.equal((await json("grants", "show")).yaml, yaml);
    await writeFile(file, "grants:\n  python/1: [coffee]\n");
    const wrong = await interlock(dir, "grants", "apply", file);
    assert.equal(wrong.code, 1);
    assert.match(wrong.stderr, /GRANTS_INVALID/);
    const missing = await interlock(dir, "grants", "plan", "none.yaml");
    assert.match(missing.stderr, /There is no file none\.yaml: name the grants file/);
  });

  it("lists the versions of the grants, and goes back to one", async () => {
    const first = await json("grants", "show");
    await writeFile(join(dir, "other.yaml"), "grants: {}\n");
    await json("grants", "apply", join(dir, "other.yaml"));
    const { versions } = await json("grants", "history");
    assert.deepEqual(
      versions.map(({ version }: Json) => version),
      [2, 1],
    );
    assert.match(versions[0].appliedBy, /^spiffe:\/\/cafe\/operator\//);
    const plan = await interlock(dir, "grants", "rollback", "1", "--dry-run");
    assert.match(plan.stdout, /\+ python\/\* {2}cafe\.v1\.CoffeeService {2}coffee:brew\nNothing was changed/);
    assert.equal((await json("grants", "rollback", "1")).version, 3);
    assert.deepEqual(await json("grants", "show"), { ...first, version: 3 });
    assert.equal((await json("grants", "show", "--at", "2")).yaml, "grants: {}\n");
    assert.equal((await json("grants", "rollback", "9")).error.code, "NOT_FOUND");
  });

  it("prints a token that holds no more than is granted", async () => {
    const { stdout } = await interlock(
      dir,
      "token",
      "cafe.v1.CoffeeService",
      "--scope",
      "coffee:brew",
      "--name",
      "python/1",
    );
    const claims = JSON.parse(Buffer.from(stdout.split(".")[1] ?? "", "base64url").toString());
    assert.deepEqual(
      [claims.sub, claims.aud, claims.scope],
      ["spiffe://cafe/python/1", "cafe.v1.CoffeeService", "coffee:brew"],
    );
    const denied = await interlock(
      dir,
      "token",
      "cafe.v1.CoffeeService",
      "--scope",
      "coffee:poison",
      "--name",
      "python/1",
    );
    assert.equal(denied.code, 1);
    assert.match(denied.stderr, /interlock grants apply.*NO_GRANT/s);
  });

  it("revokes a bot, which gets no token any more", async () => {
    const revoked = await json("revoke", "python/1", "--reason", "test");
    assert.deepEqual(revoked.revoked, { kind: "identity", subject: "spiffe://cafe/python/1" });
    const denied = await json("token", "cafe.v1.CoffeeService", "--scope", "coffee:brew", "--name", "python/1");
    assert.equal(denied.ok, false);
  });

  it("invites several bots at once, lists the invitation, and takes it back", async () => {
    const { id, line } = await json("invite", "--uses", "3", "worker/*");
    assert.match(line, /--name "worker\/\$\(uname -n \| tr A-Z a-z\)"$/);
    const listed = (await json("tokens", "list")).joinTokens.find((token: Json) => token.id === id);
    assert.deepEqual([listed.name, listed.uses, listed.used], ["worker/*", 3, 0]);
    assert.match((await interlock(dir, "tokens", "list")).stdout, /worker\/\* +0 of 3/);
    assert.equal((await json("tokens", "delete", id)).deleted, id);
    assert.equal((await json("tokens", "delete", id)).error.code, "NOT_FOUND");
  });

  it("lists bots, and retires one", async () => {
    const states = async () => (await json("bots", "list")).bots.map((bot: Json) => bot.state);
    assert.deepEqual((await states()).sort(), ["member", "revoked"]);
    assert.equal((await json("retire", "bot", "python/1", "--grants", "other.yaml")).done, true);
    await json("unrevoke", "python/1");
    assert.match((await interlock(dir, "bots", "list")).stdout, /python\/1 +retired/);
    const denied = await json("token", "cafe.v1.CoffeeService", "--scope", "coffee:brew", "--name", "python/1");
    assert.equal(denied.error.reason, "BOT_RETIRED");
  });

  it("lists revocations, and ends them", async () => {
    await json("revoke", "worker/*", "--reason", "recalled");
    const values = async () =>
      (await json("revocations")).revocations.map(({ kind, subject }: Json) => `${kind} ${subject}`);
    await json("revoke", "python/1");
    assert.deepEqual(await values(), ["identity spiffe://cafe/python/1", "pattern worker/*"]);
    assert.match((await interlock(dir, "revocations")).stdout, /worker\/\* .* recalled/);
    assert.deepEqual((await json("unrevoke", "worker/*")).unrevoked, { kind: "pattern", subject: "worker/*" });
    assert.deepEqual((await json("unrevoke", "worker/*")).error.code, "NOT_FOUND");
    assert.deepEqual((await json("unrevoke", "python/1")).ok, true);
    assert.deepEqual(await values(), []);
  });

  it("believes bots of another trust domain, shows which, and shuts the domain out", async () => {
    const own = await json("federation", "bundle");
    assert.deepEqual(Object.keys(own).sort(), ["keys", "spiffe_refresh_hint", "spiffe_sequence"]);
    const [file, theirs] = [join(dir, "cafe.json"), join(dir, "partner.json")];
    await writeFile(file, (await interlock(dir, "federation", "bundle")).stdout);
    const { der } = await createTestCa("partner");
    await writeFile(theirs, formatTrustBundle({ caCertificates: [der], sequence: 7n, refreshHintSeconds: 60 }));
    const add = (bundle: string) =>
      json(
        ...["federation", "add", "partner", "--bundle", bundle, "--services", "a.v1.B", "c.v1.D"],
        ...["--identities", "spiffe://partner/orders/*"],
      );
    assert.equal((await add(file)).error.code, "INVALID_ARGUMENT", "the CA of another domain");
    assert.equal((await add(join(dir, "missing.json"))).error.code, "NOT_FOUND");
    const { changed, federation } = await add(theirs);
    assert.deepEqual([changed, federation.cas, federation.services], [false, 1, ["a.v1.B", "c.v1.D"]]);
    assert.match((await interlock(dir, "federation", "list")).stdout, /partner +in force +a\.v1\.B c\.v1\.D/);
    assert.match((await interlock(dir, "federation", "show", "partner")).stdout, /sequence +7/);
    assert.equal((await json("federation", "show", "third")).error.code, "NOT_FOUND");
    assert.equal((await json("federation", "refresh", "partner")).error.code, "INVALID_ARGUMENT", "it has no endpoint");
    const away = ["--endpoint", "https://127.0.0.1:1/bundle", "--endpoint-id", "spiffe://partner/interlock/authority"];
    await json("federation", "add", "partner", ...away, "--identities", "spiffe://partner/orders/*");
    assert.equal((await json("federation", "refresh", "partner")).ok, false);
    assert.match((await json("status")).problems.join(), /^partner: the bundle cannot be fetched/);
    assert.equal((await json("federation", "revoke", "partner", "--reason", "test")).ok, true);
    assert.match((await interlock(dir, "federation", "list")).stdout, /partner +revoked/);
    assert.deepEqual((await json("status")).problems, []);
  });

  it("rotates the token key, in time and at once", async () => {
    const states = async () => (await json("keys", "list")).keys.map((key: Json) => key.state);
    assert.deepEqual(await states(), ["signing"]);
    assert.equal((await json("keys", "rotate")).key.state, "prepared");
    assert.deepEqual(await states(), ["prepared", "signing"]);
    assert.equal((await json("keys", "rotate")).error.code, "FAILED_PRECONDITION");
    assert.equal((await json("keys", "rotate", "--leaked")).key.state, "signing");
    assert.match((await interlock(dir, "keys", "list")).stdout, /signing/);
    assert.deepEqual(await states(), ["signing"]);
  });

  it("lists the audit log, and verifies it", async () => {
    const { records } = await json("log", "list", "--limit", "5");
    assert.equal(records.length, 5);
    assert.match(
      (await interlock(dir, "log", "list")).stdout,
      /retire +spiffe:\/\/cafe\/operator\/\S+ +spiffe:\/\/cafe\/python\/1/,
    );
    const { keep, head } = await json("log", "verify");
    assert.equal(keep, `${head.seq}:${head.hash}`);
    assert.equal((await json("log", "verify", "--head", keep)).ok, true);
    const forged = await json("log", "verify", "--head", `${head.seq}:${"0".repeat(64)}`);
    assert.deepEqual([forged.error.code, forged.error.metadata], ["DATA_LOSS", { [head.seq]: "changed" }]);
    assert.equal((await interlock(dir, "log", "verify", "--head", "nonsense")).code, 2);
  });

  it("talks to the authority that is up, of several", async () => {
    const elsewhere = await mkdtemp(join(tmpdir(), "interlock-several-"));
    const { joinToken } = await json("invite", "operator/two");
    const several = `127.0.0.1:1,${authority}`;
    await interlock(elsewhere, "join", "--authority", several, "--name", "operator/two", "--token", joinToken);
    const { stdout } = await interlock(elsewhere, "revocations", "--json");
    assert.equal(JSON.parse(stdout).ok, true);
    await rm(elsewhere, { recursive: true });
  });

  it("backs the authority up while it runs, and restores it elsewhere", async () => {
    const file = join(dir, "backup.db");
    const { keys, ...made } = await json("backup", file);
    assert.deepEqual(made, { ok: true, file, sealed: true });
    assert.ok(keys >= 2);
    assert.match((await interlock(dir, "backup", file)).stderr, /already exists/);
    assert.match((await interlock(dir, "restore", file)).stderr, /already has an authority/);
    const elsewhere = await mkdtemp(join(tmpdir(), "interlock-restored-"));
    const { stdout } = await interlock(elsewhere, "restore", file, "--json");
    assert.equal(JSON.parse(stdout).ok, true);
    const folder = join(elsewhere, ".interlock/authority");
    const restored = (await readdir(folder)).filter((name) => name.endsWith(".key"));
    assert.equal(restored.length, keys);
    for (const name of restored) assert.match(await readFile(join(folder, name), "utf8"), /^interlock-sealed-1 /, name);
    assert.match((await interlock(elsewhere, "restore")).stderr, /Name either the backup file/);
    await rm(elsewhere, { recursive: true });
  });

  it("takes a bot from another folder as well", async () => {
    const kept = join(dir, "kept-elsewhere");
    const { joinToken } = await json("invite", "python/2");
    await json("join", "--authority", authority, "--name", "python/2", "--token", joinToken, "--dir", kept);
    const { token } = await json("token", "cafe.v1.CoffeeService", "--scope", "coffee:brew", "--dir", kept);
    assert.equal(JSON.parse(Buffer.from(token.split(".")[1], "base64url").toString()).sub, "spiffe://cafe/python/2");
    const nobody = await json(
      "token",
      "cafe.v1.CoffeeService",
      "--scope",
      "coffee:brew",
      "--dir",
      join(dir, "nowhere"),
    );
    assert.match(nobody.error.message, /There is no bot in .*nowhere: run "interlock join --name/);
    await json("retire", "bot", "python/2");
  });

  it("says how to write what is no name", async () => {
    const { stderr } = await interlock(dir, "revoke", "Bad Name").catch((error) => error);
    assert.match(stderr, /"Bad Name" is not a bot's name: write gripper\/1/);
  });

  it("says so when no bot on record matches what is revoked", async () => {
    const { bots } = await json("revoke", "python/99");
    assert.equal(bots, 0);
    const { stdout } = await interlock(dir, "revoke", "python/99");
    assert.match(stdout, /No bot on record matches it/);
    await json("unrevoke", "python/99");
  });

  it("says what to do when there is no fleet, and when the folder for a project is taken", async () => {
    const elsewhere = await mkdtemp(join(tmpdir(), "interlock-none-"));
    assert.match((await interlock(elsewhere, "grants", "show")).stderr, /run "interlock up" here/);
    assert.match((await interlock(dir, "init", dir)).stderr, /is not empty: choose another folder/);
    assert.match((await interlock(elsewhere, "call", "A/B")).stderr, /run "interlock generate" first/);
    await rm(elsewhere, { recursive: true });
  });

  it("makes a project whose files hold its name", async () => {
    const made = await json("init", join(dir, "My-Cafe"));
    assert.ok(made.files.includes("protos/my_cafe/coffee/v1/coffee.proto"));
    assert.match(await readFile(join(dir, "My-Cafe", "grants.yaml"), "utf8"), /my_cafe\.gripper\.v1\.GripperService/);
    assert.match(await readFile(join(dir, "My-Cafe", "README.md"), "utf8"), /^# My-Cafe\n/);
    assert.match(await readFile(join(dir, "My-Cafe", ".gitignore"), "utf8"), /\.interlock/);
  });
});

(typeof findPostgres() === "string" ? () => {} : describe)("interlock, with a store on PostgreSQL", () => {
  it("starts an authority on it, never says its password, and needs a key file", async () => {
    const dir = await mkdtemp(join(tmpdir(), "interlock-cli-"));
    const postgres = await startPostgres();
    const url = await postgres.createDatabase();
    const { password } = new URL(url);
    const env = { ...process.env, INTERLOCK_STORE: url };
    const run = (...args: string[]) =>
      spawn(process.execPath, [commandFile, ...args], { cwd: dir, env, stdio: "pipe" });
    try {
      const refused = run("up", "--port", "0", "--trust-domain", "cafe");
      let said = "";
      for (const stream of [refused.stdout, refused.stderr]) stream.on("data", (text) => (said += text));
      const [code] = await once(refused, "close");
      assert.equal(code, 1);
      assert.match(said, /requires a keyPassphrase/);
      const help = run("up", "--help");
      help.stdout.on("data", (text) => (said += text));
      await once(help, "close");
      assert.ok(!said.includes(password));

      await writeFile(join(dir, "key-file"), "correct horse battery staple\n");
      const up = run("up", "--port", "0", "--trust-domain", "cafe", "--key-file", "key-file", "--json");
      const [line] = await once(createInterface({ input: up.stdout }), "line");
      assert.match(JSON.parse(line).operator, /^operator\/[^/]+\./);
      await assert.rejects(stat(join(dir, ".interlock", "authority")), "nothing is kept outside of the store");
      up.kill("SIGTERM");
      await once(up, "exit");
    } finally {
      await postgres.stop();
      await rm(dir, { recursive: true });
    }
  });
});

describe("interlock, with an authority that speaks OAuth", () => {
  let dir: string;
  let up: ChildProcess;
  let authority: string;
  let issuer: string;

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), "interlock-cli-"));
    const ttl = ["--certificate-ttl", "12h", "--certificate-ttl", "operator/laptop=5s", "--renew-after-expiry", "1d"];
    const args = ["up", "--port", "0", "--trust-domain", "cafe", "--https-port", "0", ...ttl, "--json"];
    up = spawn(process.execPath, [commandFile, ...args], {
      cwd: dir,
      env: quiet,
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [line] = await once(createInterface({ input: up.stdout as NodeJS.ReadableStream }), "line");
    ({ authority, issuer } = JSON.parse(line));
  });
  after(async () => {
    await endProcess(up, "SIGTERM");
    await rm(dir, { recursive: true });
  });

  it("gives a bot's token over HTTPS to a user that has the files of that bot", async () => {
    await writeFile(join(dir, "oauth.yaml"), 'grants:\n  "curl/*":\n    cafe.v1.CoffeeService: [coffee:brew]\n');
    await jsonOf(dir, "grants", "apply", "oauth.yaml");
    const { joinToken } = await jsonOf(dir, "invite", "curl/1");
    const joining = ["join", "--authority", authority, "--name", "curl/1", "--token", joinToken];
    const { dir: folder } = await jsonOf(dir, ...joining);
    const [ca, identity] = await Promise.all(
      ["ca.pem", "identity.pem"].map((file) => readFile(resolve(dir, folder, file), "utf8")),
    );
    const form = new URLSearchParams({
      grant_type: "client_credentials",
      client_id: "spiffe://cafe/curl/1",
      audience: "cafe.v1.CoffeeService",
      scope: "coffee:brew",
    });
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const outgoing = request(`${issuer}/token`, { method: "POST", ca, cert: identity, key: identity, headers });
    outgoing.end(String(form));
    const [response] = (await once(outgoing, "response")) as [IncomingMessage];
    const { token_type, scope } = JSON.parse(String(await response.toArray().then((chunks) => Buffer.concat(chunks))));
    assert.deepEqual([response.statusCode, token_type, scope], [200, "Bearer", "coffee:brew"]);
  });

  it("takes a join token from the environment or from standard input, and warns of one in the arguments", async () => {
    const { joinToken, line } = await jsonOf(dir, "invite", "curl/3");
    const name = "--authority [^ ]+ --name curl/3";
    assert.match(line, new RegExp(`^INTERLOCK_JOIN_TOKEN=${joinToken} npx --no interlock join ${name}$`));
    const join3 = ["join", "--authority", authority, "--name", "curl/3"];
    const piped = (input: string, ...args: readonly string[]): Promise<Json> =>
      new Promise((done) => {
        const child = execFile(
          process.execPath,
          [commandFile, ...join3, ...args, "--json"],
          { cwd: dir },
          (_error, stdout) => done(JSON.parse(stdout)),
        );
        child.stdin?.end(input);
      });
    assert.match((await piped("", "--token", "-")).error.message, /no join token on standard input/);
    assert.equal((await piped(`${joinToken}\n`, "--token", "-")).already, false);
    const warned = await interlock(dir, ...join3, "--token", joinToken, "--json");
    assert.equal(JSON.parse(warned.stdout).already, true);
    assert.match(warned.stderr, /warning: every user of this machine can read --token.*INTERLOCK_JOIN_TOKEN/);
  });

  it("brings an operator's laptop that was off back with the next command", async () => {
    const laptop = await mkdtemp(join(tmpdir(), "interlock-laptop-"));
    const { joinToken } = await jsonOf(dir, "invite", "operator/laptop");
    const joining = ["join", "--authority", authority, "--name", "operator/laptop", "--token", joinToken];
    const { dir: folder } = await jsonOf(laptop, ...joining);
    // The end of the saved certificate: a slow "join" has renewed it before it exits.
    const expiry = (await createIdentityFolder(resolve(laptop, folder)).load())?.leaf.notAfter as number;
    while (Date.now() < expiry) await new Promise((expired) => setTimeout(expired, expiry - Date.now()));
    const status = await jsonOf(laptop, "status");
    assert.deepEqual([status.ok, status.operator], [true, "operator/laptop"], JSON.stringify(status));
    const { records } = await jsonOf(dir, "log", "list");
    assert.ok(records.some(({ kind, subject }: Json) => kind === "recover" && subject.endsWith("operator/laptop")));
    await rm(laptop, { recursive: true });
  });

  it("says which lifetimes of certificates are possible", async () => {
    const cases = { "0": /30 days/, "31d": /30 days/, "a b=1h": /identity pattern/, "1 hour": /45s, 90m, 12h or 30d/ };
    for (const [ttl, said] of Object.entries(cases)) {
      const { code, stderr } = await interlock(tmpdir(), "up", "--port", "0", "--certificate-ttl", ttl);
      assert.notEqual(code, 0, ttl);
      assert.match(stderr, said, ttl);
    }
  });

  it("takes no half of the options for HTTPS", async () => {
    for (const args of [
      ["--issuer", "https://x"],
      ["--https-port", "0", "--https-cert", "x"],
    ]) {
      const { code, stderr } = await interlock(dir, "up", "--port", "0", ...args);
      assert.equal(code, 1);
      assert.match(stderr, /--https-(port|key)/);
    }
  });
});

describe("interlock up for bots on other machines", () => {
  it("advertises the address that it is given, in the lines to paste and in the certificate of its HTTPS port", async () => {
    const dir = await mkdtemp(join(tmpdir(), "interlock-cli-"));
    const reach = ["--host", "127.0.0.1", "--advertise", "auth.cafe.example:443", "--https-port", "0"];
    const args = ["up", "--port", "0", "--trust-domain", "cafe", ...reach, "--json"];
    const up = spawn(process.execPath, [commandFile, ...args], {
      cwd: dir,
      env: quiet,
      stdio: ["ignore", "pipe", "inherit"],
    });
    try {
      const [line] = await once(createInterface({ input: up.stdout as NodeJS.ReadableStream }), "line");
      const said = JSON.parse(line);
      assert.deepEqual([said.authority, said.onlyThisMachine], ["auth.cafe.example:443", false]);
      assert.match(said.listensOn, /^127\.0\.0\.1:\d+$/);
      assert.match(said.issuer, /^https:\/\/auth\.cafe\.example:\d+$/);
      const { authority, line: pasted } = await jsonOf(dir, "invite", "gripper/1");
      assert.equal(authority, "auth.cafe.example:443");
      assert.match(pasted, / --authority auth\.cafe\.example:443 /);
      assert.match((await interlock(dir, "status")).stdout, /all is well/); // This machine has its own way to it.
    } finally {
      up.kill("SIGTERM");
      await once(up, "exit");
      await rm(dir, { recursive: true });
    }
  });

  it("says how to write what it cannot advertise", async () => {
    const { code, stderr } = await interlock(tmpdir(), "up", "--port", "0", "--advertise", "https://auth.cafe.example");
    assert.equal(code, 1);
    assert.match(stderr, /a URL is not an address: .* auth\.cafe\.example/);
  });
});

describe("interlock health", () => {
  let dir: string;
  let up: ChildProcess;

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), "interlock-health-"));
    const args = ["up", "--port", "0", "--trust-domain", "cafe", "--json"];
    up = spawn(process.execPath, [commandFile, ...args], {
      cwd: dir,
      env: quiet,
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(createInterface({ input: up.stdout as NodeJS.ReadableStream }), "line");
  });
  after(async () => {
    await endProcess(up);
    await rm(dir, { recursive: true });
  });

  it("is 0 while the authority serves, and 1 with the reason on one line when it does not", async () => {
    assert.deepEqual((await interlock(dir, "health")).code, 0);
    const { ok, name, alive, serving, trust } = await jsonOf(dir, "health");
    assert.deepEqual(
      { ok, name, alive, serving, trust },
      {
        ok: true,
        name: "interlock/authority",
        alive: true,
        serving: true,
        trust: "current",
      },
    );
    assert.equal((await interlock(dir, "health", "--live")).code, 0);
    for (const [reason, ...args] of [
      [/nothing listens there/, "127.0.0.1:1"],
      [/no identity in .*has the bot joined/, "--name", "gripper/1"],
      [/"localhost" is not an address to dial: it has no port/, "localhost"],
      [/not an address/, "https://localhost:1"],
    ] as [RegExp, ...string[]][]) {
      const { code, stdout } = await interlock(dir, "health", ...args);
      assert.equal(code, 1, args.join(" "));
      assert.match(stdout, reason);
      assert.equal(stdout.trim().split("\n").length, 1);
    }
    const { code, stdout } = await interlock(tmpdir(), "health", "--live");
    assert.deepEqual([code, /no fleet in/.test(stdout)], [1, true]);
  });

  it("takes a server for the authority only if it is the authority", async () => {
    const { address } = await jsonOf(dir, "health");
    const { joinToken } = await jsonOf(dir, "invite", "arm/1");
    await jsonOf(dir, "join", "--authority", address, "--name", "arm/1", "--token", joinToken);
    // The bot is asked for at the address of the authority.
    const { ok, problem } = await jsonOf(dir, "health", "--name", "arm/1", address);
    assert.equal(ok, false);
    assert.match(problem, /the server is interlock\/authority, and not arm\/1/);
    assert.match((await jsonOf(dir, "health", "--name", "arm/1")).problem, /no address is noted/);
  });

  it("reads its command line as every command does", async () => {
    assert.equal((await interlock(dir, "health", "--frobnicate")).code, 2);
    const { code, stdout } = await interlock(dir, "health", "--frobnicate", "--json");
    assert.deepEqual([code, JSON.parse(stdout).ok], [2, false]);
    assert.match((await interlock(dir, "health", "--help")).stdout, /interlock health --name/);
  });

  it("loads no gRPC library and no authority, so that it is fast", async () => {
    const { stderr } = await new Promise<CommandResult>((done) => {
      const child = execFile(
        process.execPath,
        [commandFile, "health"],
        { cwd: dir, env: { ...process.env, NODE_DEBUG: "esm,module" } },
        (_error, stdout, stderr) => done({ code: child.exitCode ?? 1, stdout, stderr }),
      );
    });
    assert.match(stderr, /health/);
    assert.doesNotMatch(stderr, /grpc-js|libsql|kysely|packages\/authority/);
  });
});

describe("interlock up, for a user without an entry in passwd", () => {
  it("starts, and names its operator by the number of the user", async function () {
    if (process.getuid?.() !== 0) {
      process.stderr.write("  skipped: only root can start a process of another user\n");
      return this.skip();
    }
    const [uid, gid] = [10_001, 10_001];
    if (spawnSync(process.execPath, [commandFile, "--version"], { uid, gid, cwd: "/" }).status !== 0) {
      process.stderr.write("  skipped: another user can read neither this Node nor this folder\n");
      return this.skip();
    }
    const dir = await mkdtemp(join(tmpdir(), "interlock-nobody-"));
    await chown(dir, uid, gid);
    const args = ["up", "--port", "0", "--trust-domain", "cafe", "--json"];
    const env = { PATH: process.env.PATH, INTERLOCK_HOME: join(dir, ".interlock") };
    const up = spawn(process.execPath, [commandFile, ...args], {
      cwd: dir,
      env,
      uid,
      gid,
      stdio: ["ignore", "pipe", "inherit"],
    });
    try {
      const [line] = await once(createInterface({ input: up.stdout as NodeJS.ReadableStream }), "line");
      assert.equal(JSON.parse(line).operator, "operator/uid-10001");
      assert.equal((await interlock(dir, "health")).code, 0);
    } finally {
      up.kill("SIGTERM");
      await once(up, "exit");
      await rm(dir, { recursive: true });
    }
  });
});
