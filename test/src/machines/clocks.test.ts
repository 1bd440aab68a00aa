import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { type Authority, startAuthority } from "@interlock/authority";
import { joinFleet, type Log, silentLog } from "@interlock/bot";
import { gripperService } from "../gripper-service.js";

const program = fileURLToPath(new URL("bot-process.js", import.meta.url));
const grants = `
grants:
  "coffee/*":
    cafe.gripper.v1.GripperService: [gripper:actuate, gripper:observe]
`;

/** What a bot says when it has started, or has not. */
interface Said {
  readonly address?: string;
  readonly error?: { readonly code: string; readonly reason?: string; readonly message: string };
  readonly clock: number;
}

// The clocks of processes, shifted by libfaketime; OpenSSL's with them.
describe("machines whose clocks differ", () => {
  let folder: string;
  let authority: Authority;
  const children: ChildProcess[] = [];

  before(async function () {
    if (spawnSync("faketime", ["-f", "+0s", "true"]).status !== 0) {
      console.log("skipped: clocks that differ need faketime (Debian: faketime)");
      return this.skip();
    }
    folder = await mkdtemp(join(tmpdir(), "interlock-clocks-"));
    const dataDir = join(folder, "authority");
    authority = await startAuthority({ dataDir, trustDomain: "cafe", port: 0, log: silentLog });
    await authority.applyGrants(grants);
  });
  after(async () => {
    for (const child of children) {
      const ended = once(child, "exit");
      child.stdin?.end();
      if (child.exitCode === null) await ended;
    }
    await authority?.close();
    if (folder) await rm(folder, { recursive: true });
  });

  async function start(name: string, shift: string, joinToken: string): Promise<Said> {
    const args = ["--exclude-monotonic", "-f", shift, process.execPath, program, authority.address, name];
    const env = { ...process.env, INTERLOCK_JOIN_TOKEN: joinToken, INTERLOCK_LOG_LEVEL: "error" };
    const child = spawn("faketime", [...args, join(folder, name)], { env, stdio: ["pipe", "pipe", "inherit"] });
    children.push(child);
    const [line] = await once(createInterface({ input: child.stdout }), "line");
    return JSON.parse(line);
  }

  it("serves and calls, although the server is 50 s late", async () => {
    const { address, clock } = await start("gripper/1", "-50s", await authority.createJoinToken("gripper/1"));
    assert.ok(address);
    assert.ok(Date.now() - clock > 45_000, "its clock is not late");
    const joinToken = await authority.createJoinToken("coffee/1");
    const warned: string[] = [];
    const log: Log = { ...silentLog, warn: (message) => void warned.push(message) };
    const stateDir = join(folder, "coffee");
    const coffee = await joinFleet({ authority: authority.address, name: "coffee/1", joinToken, stateDir, log });
    try {
      const gripper = coffee.client(await gripperService(), address) as unknown as Record<
        "grip",
        (request: object) => Promise<{ held: boolean }>
      >;
      for (let i = 0; i < 3; i++) assert.deepEqual(await gripper.grip({ newtons: 4 }), { held: true });
      assert.deepEqual(warned, []); // This clock is right.
    } finally {
      await coffee.close(0);
    }
  });

  for (const [shift, direction] of [
    ["-120s", "behind"],
    ["+120s", "ahead of"],
  ] as const) {
    it(`says so when a clock is two minutes off as its bot joins: ${shift}`, async () => {
      const name = `gripper/${direction.split(" ")[0]}`;
      const joinToken = await authority.createJoinToken(name);
      const { error } = await start(name, shift, joinToken);
      if (error?.reason === undefined) {
        assert.equal(error?.code, "FAILED_PRECONDITION");
        assert.match(
          error?.message ?? "",
          new RegExp(`this machine is 1[12]\\d s ${direction} the authority's: set it`),
        );
      } else {
        // Late by more than the authority's certificate is old.
        assert.equal(error.reason, "CERTIFICATE_NOT_YET_VALID");
        assert.match(error.message, /begins at .*, and the clock of this machine says .*: set the clocks/);
      }
      // Set right, it joins with the same join token.
      assert.ok((await start(name, "+0s", joinToken)).address);
    });
  }
});
