import assert from "node:assert/strict";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  type Bot,
  certificatesToPem,
  createCsr,
  createKeyPair,
  type Denial,
  joinFleet,
  silentLog,
} from "@interlock/bot";
import { AuthorityService } from "@interlock/bot/protocol";
import { createTestCa, startTestCluster, type TestCluster, type TestPod } from "@interlock/bot/testing";
import { startTestAuthority, type TestAuthority } from "../testing/test-authority.js";

const us = "spiffe://cafe/interlock/authority";

describe("a pod, which joins by its ServiceAccount", () => {
  let cluster: TestCluster;
  let fleet: TestAuthority;
  let bots: Bot[];
  let rules: string;
  let denials: Denial[];

  beforeEach(async () => {
    cluster = await startTestCluster();
    bots = [];
    denials = [];
    rules = join(cluster.jwksFile, "../joins.yaml");
    const { issuer, jwksUrl, caFile, bearerFile } = cluster;
    await writeFile(
      rules,
      `issuers: [{ issuer: "${issuer}", keys: "${jwksUrl}", ca: "${caFile}", token: "${bearerFile}" }]\n` +
        `joins: [{ issuer: "${issuer}", account: "system:serviceaccount:plant:arm", name: arm/* }]\n`,
    );
    fleet = await startTestAuthority({ joins: rules });
    fleet.authority.onDenial((denial) => denials.push(denial));
  });
  afterEach(async () => {
    await Promise.all(bots.map((bot) => bot.close(0)));
    await fleet.close();
    await cluster.close();
  });

  /** Starts the program of a pod: its emptyDir and its projected volume are folders below the fleet's. */
  async function start(pod: TestPod, token?: string, ca = fleet.authority.caCertificate, audience = us): Promise<Bot> {
    const volume = join(fleet.folder, "pods", pod.uid);
    await mkdir(volume, { recursive: true });
    const tokenFile = join(volume, "token");
    const caFile = join(volume, "ca.pem");
    await writeFile(tokenFile, token ?? (await cluster.token(pod, audience)));
    await writeFile(caFile, certificatesToPem([(await createTestCa("next")).der, ca]));
    const bot = await joinFleet({
      authority: fleet.authority.address,
      name: `arm/${pod.name}`,
      serviceAccount: { tokenFile, caFile },
      stateDir: join(volume, "state"),
      log: silentLog,
    });
    bots.push(bot);
    return bot;
  }
  const stateOf = (pod: TestPod) => join(fleet.folder, "pods", pod.uid, "state");

  it("joins without a person, and its certificate works", async () => {
    const bot = await start(cluster.pod("arm-0"));
    assert.equal(bot.spiffeId.uri, "spiffe://cafe/arm/arm-0");
    await bot.client(AuthorityService, fleet.authority.address).confirm({});
    assert.deepEqual(denials, []);
  });

  it("keeps its identity when its container starts again", async () => {
    const pod = cluster.pod("arm-0");
    const first = await start(pod);
    await first.close(0);
    const again = await start(pod);
    assert.equal(again.identity.current().leaf.serial, first.identity.current().leaf.serial);
    assert.deepEqual(denials, []);
  });

  it("comes back under its name after it was killed, as a new pod; the earlier one renews nothing", async () => {
    const killed = await start(cluster.pod("arm-0"));
    const back = await start(cluster.pod("arm-0"));
    await back.client(AuthorityService, fleet.authority.address).confirm({});
    const csr = await createCsr(await createKeyPair(), killed.spiffeId.uri);
    await assert.rejects(killed.client(AuthorityService, fleet.authority.address).renew({ csr }), {
      reason: "CERTIFICATE_SUPERSEDED",
    });
  });

  it("does not join twice while it lives, so a stolen token gives nothing", async () => {
    const pod = cluster.pod("arm-0");
    await start(pod);
    await rm(stateOf(pod), { recursive: true });
    await assert.rejects(start(pod), { reason: "WORKLOAD_JOINED", message: /emptyDir/ });
    assert.deepEqual(
      denials.map(({ reason }) => reason),
      ["WORKLOAD_JOINED"],
    );
  });

  it("asks again with the same key when the answer was lost", async () => {
    const pod = cluster.pod("arm-0");
    const state = stateOf(pod);
    await mkdir(join(state, "trust.json"), { recursive: true }); // The trust cannot be saved: the program ends before it has an identity.
    await assert.rejects(start(pod));
    await rm(join(state, "trust.json"), { recursive: true });
    await start(pod);
  });

  it("follows the keys of the cluster when they are replaced", async () => {
    await start(cluster.pod("arm-0"));
    await cluster.rotate("cluster-2");
    const clock = { now: () => Date.now() + 11_000 };
    await fleet.restart({ joins: rules, clock });
    await start(cluster.pod("arm-1"));
  });

  it("sends its token to no authority below another CA", async () => {
    const { der } = await createTestCa("Interlock root");
    await assert.rejects(start(cluster.pod("arm-0"), undefined, der), { reason: "CA_PIN_MISMATCH" });
  });

  it("says what is wrong with its files", async () => {
    const pod = cluster.pod("arm-0");
    await assert.rejects(start(pod, "nonsense"), { code: "FAILED_PRECONDITION", message: /no JWT/ });
    await assert.rejects(start(pod, undefined, undefined, "https://kubernetes.default.svc"), {
      message: /audience .* spiffe:\/\/<trust domain>\/interlock\/authority/,
    });
    const options = { authority: fleet.authority.address, name: "arm/arm-0", log: silentLog };
    await assert.rejects(
      joinFleet({ ...options, stateDir: stateOf(pod), serviceAccount: { tokenFile: "/nowhere", caFile: "/nowhere" } }),
      { message: /\/nowhere cannot be read: mount/ },
    );
  });

  it("is refused, with the remedy, by an authority without join rules", async () => {
    await fleet.restart();
    await assert.rejects(start(cluster.pod("arm-0")), { reason: "WORKLOAD_NOT_ADMITTED", message: /--joins/ });
  });

  it("is admitted by no rules that cannot be read: the authority does not start", async () => {
    await writeFile(rules, "joins: []");
    await assert.rejects(startTestAuthority({ joins: rules }), { code: "INVALID_ARGUMENT", message: /issuers/ });
    await assert.rejects(startTestAuthority({ joins: `${rules}.missing` }), { code: "NOT_FOUND" });
  });
});
