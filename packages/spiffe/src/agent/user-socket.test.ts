import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, chown, lstat, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { listenForUser } from "./user-socket.js";

const connecting = `
  const socket = require("node:net").connect(process.argv[1], () => process.exit(0));
  socket.on("error", ({ code }) => { console.log(code); process.exit(1); });
`;

/** What a process of a user says that connects: "" or the code of its error. */
function connectAs(uid: number, path: string): Promise<string> {
  return runAs(uid, connecting, path);
}

/** What a program says that a user runs. */
async function runAs(uid: number, program: string, path: string): Promise<string> {
  const child = spawn(process.execPath, ["-e", program, path], {
    uid,
    gid: uid,
    cwd: "/",
    stdio: ["ignore", "pipe", "inherit"],
  });
  let said = "";
  child.stdout.on("data", (bytes) => (said += bytes));
  await once(child, "close");
  return said.trim();
}

describe("listenForUser", () => {
  const [user, other] = [61_001, 61_002];
  let folder: string;
  const servers: Server[] = [];
  const server = () => {
    const made = createServer((socket) => socket.end());
    servers.push(made);
    return made;
  };

  before(function () {
    if (process.getuid?.() === 0) return;
    console.log("  skipped: only root gives sockets to other users");
    this.skip();
  });
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "ilk-users-"));
    await chmod(folder, 0o711);
  });
  afterEach(async () => {
    for (const one of servers.splice(0)) one.close();
    await rm(folder, { recursive: true });
  });

  it("lets that user connect, and no other", async () => {
    const shared = join(folder, "agent");
    const { path, remove } = await listenForUser(server(), join(shared, "agent.sock"), user);
    assert.equal(path, join(shared, String(user), "agent.sock"));
    assert.deepEqual(await readdir(shared), [String(user)], "nothing is left of the making");
    const [socket, own] = [await lstat(path), await lstat(join(shared, String(user)))];
    assert.deepEqual([socket.uid, socket.mode & 0o777, own.uid, own.mode & 0o777], [user, 0o600, 0, 0o711]);
    assert.equal(await connectAs(user, path), "");
    assert.equal(await connectAs(other, path), "EACCES");
    await remove();
    assert.deepEqual(await readdir(join(shared, String(user))), []);
  });

  it("follows no link of that user, and takes the place of nothing but a socket that was left", async () => {
    const own = join(folder, String(user));
    await mkdir(own);
    await chown(own, user, user);
    const victim = join(folder, "victim");
    await writeFile(victim, "", { mode: 0o600 });
    await symlink(victim, join(own, "agent.sock"));
    await assert.rejects(listenForUser(server(), join(folder, "agent.sock"), user), /is no socket/);
    const found = await lstat(victim);
    assert.deepEqual([found.uid, found.mode & 0o777], [0, 0o600]);
    await rm(own, { recursive: true });
    await symlink(folder, own);
    await assert.rejects(listenForUser(server(), join(folder, "agent.sock"), user), /is a link/);
  });

  it("leaves that user nothing to put in its place, and takes a folder back that the user has", async () => {
    const own = join(folder, String(user));
    await mkdir(own);
    await chown(own, user, user);
    const { path, remove } = await listenForUser(server(), join(folder, "agent.sock"), user);
    const found = await lstat(own);
    assert.deepEqual([found.uid, found.mode & 0o777], [0, 0o711]);
    const replacing = `
      try { require("node:fs").unlinkSync(process.argv[1]); } catch ({ code }) { console.log(code); }
    `;
    assert.equal(await runAs(user, replacing, path), "EACCES");
    assert.equal(await connectAs(user, path), "");
    await remove();
  });

  it("refuses a folder in which others could put something in its place", async () => {
    for (const mode of [0o731, 0o713, 0o777]) {
      await chmod(folder, mode);
      await assert.rejects(listenForUser(server(), join(folder, "agent.sock"), user), /others may write/);
    }
    await chmod(folder, 0o700);
    await assert.rejects(listenForUser(server(), join(folder, "agent.sock"), user), /may not pass through/);
  });

  it("does not take the place of an agent that listens", async () => {
    const listening = await listenForUser(server(), join(folder, "agent.sock"), user);
    await assert.rejects(listenForUser(server(), join(folder, "agent.sock"), user), /another process listens/);
    await listening.remove();
  });
});
