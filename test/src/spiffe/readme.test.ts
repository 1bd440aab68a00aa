import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fromIssuer, joinFleet, silentLog } from "@interlock/bot";
import { createTestCa, startTestIssuer } from "@interlock/bot/testing";
import { fromWorkloadApi } from "@interlock/spiffe";
import { startFakeWorkloadApi, svidOf } from "@interlock/spiffe/testing";
import { makeTemporaryFolder } from "@interlock/testing-processes";
import { gripperService } from "../gripper-service.js";

describe("packages/spiffe/README.md", () => {
  it("has an example that serves under the identity of the Workload API, and ends", async () => {
    const folder = makeTemporaryFolder("spiffe-readme");
    const ca = await createTestCa();
    const issuer = await startTestIssuer(ca.der);
    const api = await startFakeWorkloadApi(`unix://${join(folder.path, "agent.sock")}`);
    const second = await startFakeWorkloadApi();
    api.send({ svids: [svidOf(await ca.issue("spiffe://test/gripper/1"), [ca.der])] });
    second.send({ svids: [svidOf(await ca.issue("spiffe://test/caller/1"), [ca.der])] });
    const env = { SPIFFE_ENDPOINT_SOCKET: api.endpoint, ISSUER: issuer.url, ISSUER_CA: issuer.caFile };
    const child = spawn(process.execPath, [join(import.meta.dirname, "../readme/spiffe.js")], {
      cwd: folder.path,
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const exit = once(child, "exit");
    const caller = await joinFleet({
      identity: fromWorkloadApi({ endpoint: second.endpoint }),
      issuer: fromIssuer({ url: issuer.url, caFile: issuer.caFile }),
      log: silentLog,
    });
    try {
      const [line] = (await once(createInterface(child.stdout), "line")) as [string];
      const [, uri, address = ""] = /^(\S+) serves at (\S+)$/.exec(line) ?? [];
      assert.equal(uri, "spiffe://test/gripper/1");
      assert.deepEqual(await caller.client(await gripperService(), address).grip({} as never), { held: true });
      assert.equal(await caller.health(address, { service: "interlock.identity" }), "SERVING");
      child.kill("SIGTERM");
      assert.deepEqual(await exit, [0, null]);
    } finally {
      child.kill("SIGKILL");
      await caller.close(0);
      await issuer.close();
      api.stop();
      second.stop();
      folder.remove();
    }
  });
});
