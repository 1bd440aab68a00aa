import assert from "node:assert/strict";
import { type Client, InterlockError } from "@interlock/bot";
import { AdminService } from "@interlock/bot/protocol";
import { startTestAuthority, type TestAuthority } from "./testing/test-authority.js";

type Admin = Client<typeof AdminService>;

const pattern = (value: string) => ({ $case: "pattern", value }) as const;
const identity = (name: string) => ({ $case: "identity", value: `spiffe://cafe/${name}` }) as const;

describe("the last operator", () => {
  let fleet: TestAuthority;
  const adminOf = async (name: string): Promise<Admin> => {
    return (await fleet.bot(name)).client(AdminService, fleet.authority.address);
  };
  beforeEach(async () => {
    fleet = await startTestAuthority();
  });
  afterEach(() => fleet.close());

  /** Asserts that a change is refused because no operator would be left. */
  async function refused(work: Promise<unknown>): Promise<void> {
    await assert.rejects(work, (error) => {
      assert.ok(error instanceof InterlockError);
      assert.deepEqual([error.code, error.reason], ["FAILED_PRECONDITION", "LAST_OPERATOR"]);
      assert.match(
        error.message,
        /bots:revoke, bots:enroll, grants:write.*operator\/alice.*--force.*interlock up --operator/s,
      );
      return true;
    });
  }

  it("is not retired and not revoked, however that is written, unless it is forced", async () => {
    const alice = await adminOf("operator/alice");
    const [self] = (await alice.listBots({})).bots;
    await refused(alice.retireBot({ name: "operator/alice" }));
    const subjects = [
      identity("operator/alice"),
      pattern("operator/*"),
      pattern("**"),
      { $case: "certificate", value: self?.certificateSerial ?? "" } as const,
    ];
    for (const subject of subjects) await assert.rejects(alice.revoke({ subject }), { code: "INVALID_ARGUMENT" });
    // Another identity that may revoke, and cannot undo it all.
    await alice.applyGrants({ yaml: `grants: {"night/*": {${AdminService.name}: ["bots:revoke", "bots:retire"]}}` });
    const night = await adminOf("night/1");
    for (const subject of subjects.filter(({ value }) => value !== "**")) {
      await assert.rejects(night.revoke({ subject }), { reason: "LAST_OPERATOR" });
    }
    await assert.rejects(night.retireBot({ name: "operator/alice" }), { reason: "LAST_OPERATOR" });
    assert.deepEqual((await alice.listRevocations({})).revocations, []);
    await alice.retireBot({ name: "operator/alice", force: true });
  });

  it("is any that is left: one of two may go, and an operator that is revoked, retired or expired does not count", async () => {
    const alice = await adminOf("operator/alice");
    await adminOf("operator/bob");
    await alice.revoke({ subject: identity("operator/bob") });
    await refused(alice.retireBot({ name: "operator/alice" }));
    await alice.unrevoke({ subject: identity("operator/bob") });
    await alice.retireBot({ name: "operator/bob" });
    await refused(alice.retireBot({ name: "operator/alice" }));
    await adminOf("operator/carol");
    await alice.retireBot({ name: "operator/alice" });
  });

  it("is kept where two operators revoke each other at once", async () => {
    const [alice, bob] = [await adminOf("operator/alice"), await adminOf("operator/bob")];
    const outcomes = await Promise.allSettled([
      alice.revoke({ subject: identity("operator/bob") }),
      bob.revoke({ subject: identity("operator/alice") }),
    ]);
    // The one whose revocation came first may have been cut off before it was answered.
    const { revocations } = await (await adminOf("operator/carol")).listRevocations({});
    assert.equal(revocations.length, 1, JSON.stringify(outcomes.map(({ status }) => status)));
  });

  it("keeps its grant, where an identity outside of operator/* is the last", async () => {
    const alice = await adminOf("operator/alice");
    const yaml = `grants: {"admin/*": {${AdminService.name}: ["grants:write", "grants:read", "bots:enroll", "bots:revoke", "bots:retire"]}}`;
    await alice.applyGrants({ yaml });
    const admin = await adminOf("admin/1");
    await admin.retireBot({ name: "operator/alice" });
    await assert.rejects(admin.applyGrants({ yaml: "grants: {}" }), { reason: "LAST_OPERATOR" });
    assert.equal((await admin.applyGrants({ yaml: "grants: {}", dryRun: true })).changes.length, 5);
    await admin.applyGrants({ yaml: `${yaml} # once more` });
    await assert.rejects(admin.applyGrants({ yaml: "grants: {}" }), { reason: "LAST_OPERATOR" });
    await admin.applyGrants({ yaml: "grants: {}", force: true });
  });

  it("that was locked out is made again on the authority's machine, and brings no other one back", async () => {
    const alice = await adminOf("operator/alice");
    await adminOf("operator/mallory");
    await alice.revoke({ subject: pattern("operator/*"), reason: "night", force: true });
    await assert.rejects(fleet.authority.createJoinToken("operator/alice"), { reason: "IDENTITY_REVOKED" });
    await assert.rejects(fleet.authority.makeOperator("gripper/1"), { code: "INVALID_ARGUMENT" });
    const joinToken = await fleet.authority.makeOperator("operator/dora");
    assert.match(joinToken, /^ILK1-/);
    const dora = await adminOf("operator/dora");
    const { revocations } = await dora.listRevocations({});
    assert.deepEqual(revocations.map(({ subject, reason }) => [subject?.value, reason]).sort(), [
      ["spiffe://cafe/operator/alice", "night"],
      ["spiffe://cafe/operator/mallory", "night"],
    ]);
    const { records } = await dora.listLog({});
    assert.ok(records.some(({ kind, subject }) => kind === "operator" && subject === "spiffe://cafe/operator/dora"));
    await dora.revoke({ subject: identity("operator/dora"), force: true });
    await fleet.authority.makeOperator("operator/dora");
  });
});
