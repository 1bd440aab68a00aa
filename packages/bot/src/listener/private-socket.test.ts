import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { once } from "node:events";
import { chmod, lstat, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { listenPrivately } from "./private-socket.js";

describe("listenPrivately", () => {
  let folder: string;
  const servers: Server[] = [];
  const server = () => {
    const made = createServer();
    servers.push(made);
    return made;
  };
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "interlock-socket-"));
  });
  afterEach(async () => {
    for (const one of servers.splice(0)) one.close();
    await rm(folder, { recursive: true });
  });
  const modeOf = async (path: string) => (await lstat(path)).mode & 0o777;

  it("is reached by this user only, in a folder that is made for it", async () => {
    const path = join(folder, "own", "fleet.sock");
    await listenPrivately(server(), path);
    assert.deepEqual([await modeOf(path), await modeOf(join(folder, "own"))], [0o600, 0o700]);
  });

  it("is not in a folder that others enter, nor in a link to one", async () => {
    const open = join(folder, "open");
    await mkdir(open);
    for (const mode of [0o755, 0o710, 0o701]) {
      await chmod(open, mode);
      await assert.rejects(listenPrivately(server(), join(open, "a.sock")), /other users may enter .*chmod 700/);
    }
    const link = join(folder, "link");
    await symlink(open, link);
    await assert.rejects(listenPrivately(server(), join(link, "a.sock")), /is a link/);
  });

  it("is reached by the members of a group that is named, and the folder is, too", async function () {
    const gid = process.getgroups?.().at(-1) ?? process.getgid?.();
    if (gid === undefined) return this.skip();
    const path = join(folder, "own", "group.sock");
    for (let time = 0; time < 2; time++) {
      const listening = server();
      await listenPrivately(listening, path, { gid });
      assert.deepEqual([await modeOf(path), await modeOf(join(folder, "own"))], [0o660, 0o710]);
      assert.deepEqual([(await lstat(path)).gid, (await lstat(join(folder, "own"))).gid], [gid, gid]);
      await new Promise((resolve) => listening.close(resolve));
    }
    await assert.rejects(listenPrivately(server(), path), /other users may enter/);
  });

  it("takes the place of one that a killed process has left, and of nothing else", async () => {
    const own = join(folder, "own");
    await mkdir(own, { mode: 0o700 });
    const path = join(own, "fleet.sock");
    const script = join(folder, "listen.cjs");
    await writeFile(script, "require('node:net').createServer().listen(process.argv[2], () => process.send(1));");
    const killed = fork(script, [path]);
    await once(killed, "message");
    await assert.rejects(listenPrivately(server(), path), /another process listens/);
    killed.kill("SIGKILL");
    await once(killed, "exit");
    assert.ok((await lstat(path)).isSocket());
    await listenPrivately(server(), path);

    const file = join(own, "a.txt");
    await writeFile(file, "");
    await assert.rejects(listenPrivately(server(), file), /is no socket/);
  });
});
