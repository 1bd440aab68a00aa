import assert from "node:assert/strict";
import { type ChildProcess, execFile, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { endProcess } from "./testing/end-process.js";

const bin = resolve(import.meta.dirname, "../bin/interlock.js");
/** A user without an entry in passwd, as OpenShift gives to each container. */
const nobody = { uid: 1_234_567, gid: 0 };

/** Whether this test may become {@link nobody}, and {@link nobody} may run the command. */
function canBeNobody(): boolean {
  if (process.getuid?.() !== 0) return false;
  return spawnSync(process.execPath, [bin, "--version"], { ...nobody, cwd: "/" }).status === 0;
}

describe("interlock, on any machine", () => {
  let base: string;
  let folder: string;
  let user: object;
  let up: ChildProcess;
  let told: { authority: string; trustDomain: string; operator: string };

  before(async () => {
    base = await mkdtemp(join(tmpdir(), "interlock-machine-"));
    folder = join(base, ".fleet");
    await mkdir(folder);
    await Promise.all([base, folder].map((path) => chmod(path, 0o777)));
    user = canBeNobody() ? nobody : {};
    if (!("uid" in user)) console.log("not tested: a user without an entry in passwd, which takes root");
    const env = { ...process.env, HOME: "/nonexistent" };
    const stdio = ["ignore", "pipe", "pipe"] as const;
    up = spawn(process.execPath, [bin, "up", "--port", "0", "--json"], {
      cwd: folder,
      env,
      stdio: [...stdio],
      ...user,
    });
    const [line] = await once(createInterface({ input: up.stdout as NodeJS.ReadableStream }), "line");
    told = JSON.parse(line);
  });
  after(async () => {
    await endProcess(up, "SIGTERM");
    await rm(base, { recursive: true });
  });

  async function interlock(...args: readonly string[]): Promise<string> {
    const { stdout } = await promisify(execFile)(process.execPath, [bin, ...args], { cwd: folder, ...user });
    return stdout;
  }

  it("starts in a folder with a dot in front, as a user without a name", () => {
    assert.equal(told.trustDomain, "fleet");
    assert.match(told.operator, "uid" in user ? /^operator\/uid-1234567$/ : /^operator\/./);
  });

  it("prints a join command that works on a machine with a name in capitals", async () => {
    const { line, joinToken } = JSON.parse(await interlock("invite", "worker/*", "--json"));
    const tools = join(base, "bin");
    await mkdir(tools);
    await writeFile(join(tools, "uname"), "#!/bin/sh\necho ROBOT-7.Plant\n");
    await writeFile(join(tools, "npx"), `#!/bin/sh\nshift 2\nexec "${process.execPath}" "${bin}" "$@"\n`);
    for (const tool of ["uname", "npx"]) await chmod(join(tools, tool), 0o755);
    // Typed by hand, with the machine's name as it is.
    const typed = ["join", "--authority", told.authority, "--name", "worker/ROBOT-7", "--json"];
    const env = { ...process.env, INTERLOCK_JOIN_TOKEN: joinToken };
    const wrong = spawnSync(process.execPath, [bin, ...typed], { cwd: folder, env, encoding: "utf8" });
    assert.match(JSON.parse(wrong.stdout).error.message, /names are in lower case: use "worker\/robot-7"/);
    const shell = { cwd: folder, env: { ...process.env, PATH: `${tools}:${process.env.PATH}` } };
    const { stdout } = await promisify(execFile)("sh", ["-c", line], shell);
    assert.match(stdout, /joined as spiffe:\/\/fleet\/worker\/robot-7\.plant/);
  });

  it("runs on when nobody reads what it prints any more", async () => {
    up.stdout?.destroy();
    up.stderr?.destroy();
    // Each join is a line of its log.
    for (const name of ["gripper/1", "gripper/2"]) {
      const { joinToken } = JSON.parse(await interlock("invite", name, "--json"));
      await interlock("join", "--authority", told.authority, "--name", name, "--token", joinToken);
    }
    assert.match(await interlock("bots", "list"), /gripper\/2/);
    assert.equal(up.exitCode, null);
  });
});
