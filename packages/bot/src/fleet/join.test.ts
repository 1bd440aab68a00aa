import assert from "node:assert/strict";
import { systemClock } from "../base/clock.js";
import { silentLog } from "../base/log.js";
import { createObservable } from "../base/observable.js";
import { createRecorder } from "../base/recorder.js";
import type { JoinRequest } from "../gen/interlock/authority/v1/enrollment_service.js";
import type { Identity } from "../identity/identity.js";
import { caDigest, formatJoinToken } from "../identity/join-token.js";
import { createKeyPair } from "../identity/key-pair.js";
import { createServer } from "../server/create-server.js";
import type { BotServer } from "../server/options.js";
import { createTestCa, type TestCa } from "../testing/test-ca.js";
import { KeyUsageFlags } from "../testing/x509.js";
import { createTrust } from "../trust/trust.js";
import { withoutTrust } from "../trust/without-trust.js";
import { join } from "./join.js";
import { joinTokenCredential } from "./join-credential.js";

const uri = "spiffe://test/interlock/authority";
const signing = { subject: "CN=above", ca: true, keyUsage: KeyUsageFlags.keyCertSign, usages: [] };
const hour = 3_600_000;

describe("join", () => {
  let root: TestCa;
  let server: BotServer;
  let asked: JoinRequest[];

  beforeEach(async () => {
    asked = [];
    root = await createTestCa("root", 1);
  });
  afterEach(() => server.close(0));

  /** An authority that shows `identity`, and notes what it is asked. */
  async function authority(identity: Identity): Promise<void> {
    const trust = createTrust({ ...withoutTrust("test"), caCertificates: [root.der] });
    const recorder = createRecorder();
    const enrollment = {
      async join(request: JoinRequest) {
        asked.push(request);
        return { certificate: { chain: [] } };
      },
      recover: async () => ({}),
    };
    server = await createServer(
      {
        identity: createObservable(identity),
        trust,
        recorder,
        log: silentLog,
        clock: systemClock,
        port: 0,
        enrollment,
      },
      () => {},
    );
  }

  async function joining(): Promise<unknown> {
    const pin = { trustDomain: "test", name: "gripper/1", caDigest: caDigest(root.der), secret: Buffer.alloc(32, 7) };
    const credential = joinTokenCredential(formatJoinToken(pin), "gripper/1");
    return join(server.address, "gripper/1", credential, { clock: systemClock, keys: await createKeyPair() });
  }

  async function below(uris: readonly string[], more: readonly Uint8Array[] = []): Promise<Identity> {
    const above = await root.issueRaw({ ...signing, uris });
    const identity = await root.issue(uri, { signer: { name: "CN=above", keys: above.keys } });
    return { ...identity, chain: [...identity.chain, ...more, above.der] };
  }

  it("sends its token to an authority below the pinned CA, with an intermediate or without (the control)", async () => {
    for (const identity of [await root.issue(uri), await below(["spiffe://test"]), await below([])]) {
      await authority(identity);
      await assert.rejects(joining(), /certificate chain is empty/);
      await server.close(0);
    }
    assert.deepEqual(
      asked.map(({ name }) => name),
      ["gripper/1", "gripper/1", "gripper/1"],
    );
  });

  it("sends nothing to another bot of the fleet", async () => {
    await authority(await root.issue("spiffe://test/mallory/1"));
    await assert.rejects(joining(), { code: "UNAVAILABLE", reason: "SERVER_IDENTITY_MISMATCH" });
    assert.deepEqual(asked, []);
  });

  it("sends nothing to an authority below an intermediate of another trust domain", async () => {
    await authority(await below(["spiffe://other"]));
    await assert.rejects(joining(), { code: "UNAVAILABLE", reason: "TRUST_DOMAIN_MISMATCH" });
    assert.deepEqual(asked, []);
  });

  it("sends nothing where that intermediate hides behind one of its name without a valid signature", async () => {
    // It has expired, so TLS ignores it; Node links certificates by names alone.
    const decoy = await root.issueRaw({
      ...signing,
      notBefore: 0,
      notAfter: Date.now() - hour,
      signer: { name: "CN=root", keys: await createKeyPair() },
    });
    await authority(await below(["spiffe://other"], [decoy.der]));
    await assert.rejects(joining(), { code: "UNAVAILABLE", reason: "TRUST_DOMAIN_MISMATCH" });
    assert.deepEqual(asked, []);
  });

  it("sends nothing to an authority that shows the pinned CA, and is below another of that name", async () => {
    await authority(await (await createTestCa("root", 1)).issue(uri));
    await assert.rejects(joining(), { code: "UNAUTHENTICATED", reason: "CA_PIN_MISMATCH" });
    assert.deepEqual(asked, []);
  });
});
