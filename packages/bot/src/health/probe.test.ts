import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer as createTcpServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../base/clock.js";
import { silentLog } from "../base/log.js";
import { createObservable } from "../base/observable.js";
import { createRecorder } from "../base/recorder.js";
import { createIdentityFolder } from "../identity/identity-folder.js";
import { createServer } from "../server/create-server.js";
import type { BotServer } from "../server/options.js";
import { createTestCa, type TestCa } from "../testing/test-ca.js";
import { createTrust, type MutableTrust } from "../trust/trust.js";
import { createTrustFolder } from "../trust/trust-folder.js";
import { withoutTrust } from "../trust/without-trust.js";
import { type ProbeOptions, probe } from "./probe.js";
import { createServingFile } from "./serving-file.js";

const uri = "spiffe://test/gripper/1";

describe("probe", () => {
  let ca: TestCa;
  let stateDir: string;
  let server: BotServer;
  let trust: MutableTrust;
  const clock = { ahead: 0, now: () => systemClock.now() + clock.ahead };

  beforeEach(async () => {
    clock.ahead = 0;
    ca = await createTestCa("root");
    stateDir = await mkdtemp(join(tmpdir(), "interlock-probe-"));
    const identity = await ca.issue(uri);
    const state = { ...withoutTrust("test"), caCertificates: [ca.der], staleAfterMs: 60_000 };
    await createIdentityFolder(stateDir).save(identity);
    await createTrustFolder(stateDir).save({ state, heardAt: systemClock.now() });
    trust = createTrust(state, clock);
    const recorder = createRecorder();
    const options = { identity: createObservable(identity), trust, recorder, log: silentLog, clock, port: 0 };
    server = await createServer(options, () => {});
    await createServingFile(stateDir).save([server.address]);
  });
  afterEach(async () => {
    await server.close(0);
    await rm(stateDir, { recursive: true });
  });

  const ask = (more: Partial<ProbeOptions> = {}) => probe({ stateDir, ...more });

  it("finds a bot that serves, where it noted that it does", async () => {
    const found = await ask();
    assert.deepEqual(found, {
      name: "gripper/1",
      address: server.address,
      alive: true,
      serving: true,
      trust: "current",
    });
  });

  it("asks an address for every interface at the loopback one", async () => {
    await createServingFile(stateDir).save([`0.0.0.0:${server.port}`]);
    assert.equal((await ask()).address, `127.0.0.1:${server.port}`);
  });

  it("tells a server that is alive and not ready from one that is neither", async () => {
    server.setHealth("cafe.v1.Arm", false);
    const { alive, serving, problem } = await ask({ service: "cafe.v1.Arm" });
    assert.deepEqual([alive, serving, problem], [true, false, "cafe.v1.Arm is NOT_SERVING"]);
    assert.equal((await ask({ service: "cafe.v1.Nobody" })).problem, "cafe.v1.Nobody is UNKNOWN");
    await server.close(0);
    const gone = await ask();
    assert.deepEqual([gone.alive, gone.serving], [false, false]);
    assert.match(gone.problem ?? "", /nothing listens there/);
  });

  it("reports an identity that has ended, without asking", async () => {
    clock.ahead = 2 * 3_600_000;
    const { alive, problem } = await ask({ clock, address: "127.0.0.1:1" });
    assert.equal(alive, false);
    assert.match(problem ?? "", /the certificate .* ended at 20/);
  });

  it("believes no server below another CA, and none of another name", async () => {
    const other = await createTestCa("other");
    const state = { ...withoutTrust("test"), caCertificates: [other.der] };
    assert.match((await ask({ server: "gripper/2" })).problem ?? "", /is gripper\/1, and not gripper\/2/);
    await createTrustFolder(stateDir).save({ state, heardAt: 0 });
    assert.deepEqual([(await ask()).alive, (await ask()).serving], [false, false]);
  });

  it("says so when it cannot read the folder", async () => {
    const identity = join(stateDir, "identity.pem");
    const pem = await readFile(identity);
    await writeFile(identity, "nonsense");
    assert.match((await ask()).problem ?? "", /identity\.pem holds no private key/);
    await writeFile(identity, pem);
    await writeFile(join(stateDir, "serving.json"), "{");
    assert.match((await ask()).problem ?? "", /no address is noted in .*name an address/);
    await rm(identity);
    assert.match((await ask()).problem ?? "", /there is no identity/);
  });

  it("does not wait for a server that says nothing", async () => {
    const silent: Server = createTcpServer(() => {});
    await once(silent.listen(0, "127.0.0.1"), "listening");
    const { port } = silent.address() as AddressInfo;
    assert.match((await ask({ address: `127.0.0.1:${port}`, timeoutMs: 50 })).problem ?? "", /no answer within 50 ms/);
    silent.close();
  });

  it("takes only addresses", async () => {
    for (const address of ["", "localhost", "localhost:0", "localhost:70000", "http://x:1", "a:1:2", "[::1]"]) {
      assert.match((await ask({ address })).problem ?? "", /is not an address to dial: /, address);
    }
    const everywhere = await ask({ address: "[::]:1" });
    assert.deepEqual([everywhere.address, /nothing listens there/.test(everywhere.problem ?? "")], ["[::1]:1", true]);
    assert.match((await ask({ address: "[::1%lo]:1" })).problem ?? "", /nothing listens there|EINVAL|invalid/i);
  });
});
