import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readListeners } from "./read-listeners.js";

describe("readListeners", () => {
  it("names this process for each of its own sockets", async function () {
    if (process.platform !== "linux") this.skip();
    const hosts = ["127.0.0.1", "0.0.0.0", "::1", "::"];
    const servers = hosts.map((host) => createServer().listen(0, host));
    try {
      await Promise.all(servers.map((server) => new Promise((resolve) => server.once("listening", resolve))));
      const listeners = (await readListeners()) ?? [];
      for (const server of servers) {
        const { address, port, family } = server.address() as AddressInfo;
        const found = listeners.filter((each) => each.port === port && each.address === address);
        assert.equal(found.length, 1);
        const { inode, process: name, ...rest } = found[0] as (typeof found)[0];
        assert.deepEqual(rest, { address, port, family: family === "IPv4" ? 4 : 6, pid: process.pid });
        assert.ok(inode > 0 && name !== undefined && name.length <= 15);
      }
    } finally {
      for (const server of servers) server.close();
    }
  });

  describe("from a folder that looks like /proc", () => {
    let proc: string;
    const tcp = (inode: number, port: string) => `  0: 0100007F:${port} 00000000:0000 0A 0:0 0:0 0 0 0 ${inode} 1\n`;
    beforeEach(() => {
      proc = mkdtempSync(join(tmpdir(), "interlock-proc-"));
      mkdirSync(join(proc, "net"));
      writeFileSync(join(proc, "net", "tcp"), `header\n${tcp(11, "0016")}${tcp(12, "0050")}${tcp(13, "01BB")}`);
    });
    afterEach(() => rmSync(proc, { recursive: true }));
    function addProcess(pid: number, comm: string | undefined, ...links: string[]): void {
      mkdirSync(join(proc, String(pid), "fd"), { recursive: true });
      if (comm !== undefined) writeFileSync(join(proc, String(pid), "comm"), `${comm}\n`);
      for (const [i, link] of links.entries()) symlinkSync(link, join(proc, String(pid), "fd", String(i)));
    }

    it("leaves out what it may not see", async () => {
      addProcess(900, "sshd", "/dev/null", "socket:[11]", "anon_inode:[eventpoll]");
      addProcess(1_000, "sshd: child", "socket:[11]");
      addProcess(70, undefined, "socket:[12]");
      writeFileSync(join(proc, "80"), "no folder, as of a process that has just ended");
      const listeners = await readListeners({ proc });
      assert.deepEqual(
        listeners?.map(({ port, pid, process: name }) => [port, pid, name]),
        [
          [22, 900, "sshd"],
          [80, 70, undefined],
          [443, undefined, undefined],
        ],
      );
    });

    it("looks for no process when it is not asked to", async () => {
      addProcess(900, "sshd", "socket:[11]");
      const listeners = await readListeners({ proc, processes: false });
      assert.deepEqual(
        listeners?.map(({ pid }) => pid),
        [undefined, undefined, undefined],
      );
    });

    it("says so where the kernel does not tell", async () => {
      rmSync(join(proc, "net", "tcp"));
      assert.equal(await readListeners({ proc }), undefined);
    });
  });
});
