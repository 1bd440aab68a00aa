import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { silentLog } from "@interlock/bot";
import { startTestCluster, type TestCluster } from "@interlock/bot/testing";
import { createWorkloadKeys, freshMs, restMs, staleMs } from "./workload-keys.js";

describe("the keys of a workload issuer", () => {
  let cluster: TestCluster;
  let now = 0;
  const clock = { now: () => now };
  beforeEach(async () => {
    now = Date.UTC(2030, 0, 1);
    cluster = await startTestCluster();
  });
  afterEach(() => cluster.close());

  const atUrl = (more: object = {}) => {
    const { issuer, jwksUrl: keys, caFile, bearerFile: tokenFile } = cluster;
    return createWorkloadKeys({ issuer, keys, caFile, tokenFile, ...more }, clock, silentLog);
  };
  const kids = async (keys: ReturnType<typeof atUrl>, kid: string) =>
    (await keys.forKey(kid)).keys.map((key) => key.kid);

  it("reads them from a URL, with the CA and the token of the API server", async () => {
    assert.deepEqual(await kids(atUrl(), "cluster-1"), ["cluster-1"]);
    await assert.rejects(atUrl({ tokenFile: undefined }).forKey("cluster-1"), { reason: "ISSUER_UNREACHABLE" });
    await assert.rejects(atUrl({ caFile: undefined }).forKey("cluster-1"), { reason: "ISSUER_UNREACHABLE" });
  });

  it("reads them again for an unknown key, but not more than once in ten seconds", async () => {
    const keys = atUrl();
    await keys.forKey("cluster-1");
    await cluster.rotate("cluster-2");
    for (let i = 0; i < 50; i++) await keys.forKey(`forged-${i}`);
    assert.equal(cluster.asked.length, 1);
    now += restMs;
    assert.deepEqual(await kids(keys, "cluster-2"), ["cluster-1", "cluster-2"]);
    assert.equal(cluster.asked.length, 2);
  });

  it("reads them once for many tokens at the same time", async () => {
    const keys = atUrl();
    await Promise.all(Array.from({ length: 20 }, () => keys.forKey("cluster-1")));
    assert.equal(cluster.asked.length, 1);
  });

  it("keeps the last ones for an hour while the issuer is away, and then none", async () => {
    const keys = createWorkloadKeys({ issuer: cluster.issuer, keys: cluster.jwksFile }, clock, silentLog);
    await keys.forKey("cluster-1");
    await writeFile(cluster.jwksFile, "{");
    now += freshMs;
    assert.deepEqual(await kids(keys, "cluster-1"), ["cluster-1"]);
    now += staleMs - freshMs;
    await assert.rejects(keys.forKey("cluster-1"), { reason: "ISSUER_UNREACHABLE" });
  });

  it("refuses a file without keys at the start", async () => {
    const check = (keys: string) => createWorkloadKeys({ issuer: cluster.issuer, keys }, clock, silentLog).checkFile();
    await check(cluster.jwksFile);
    await check("https://localhost:1/away"); // A cluster may be away at the start.
    await assert.rejects(check(`${cluster.jwksFile}.missing`), { reason: "ISSUER_UNUSABLE" });
    await writeFile(cluster.jwksFile, '{"keys":[]}');
    await assert.rejects(check(cluster.jwksFile), { reason: "ISSUER_UNUSABLE" });
  });
});
