import { createHash } from "node:crypto";
import { denial, parseCertificate } from "@interlock/bot/internal";
import { spiffeId } from "@interlock/policy";
import { checkCsr } from "../ca/check-csr.js";
import { refuseRevoked } from "../revocations/refuse-revoked.js";
import type { WorkloadRow } from "../store/schema.js";
import type { Records } from "../store/store.js";
import type { AdmittedWorkload } from "../workloads/workload-door.js";
import type { EnrollmentBasis, IssuedCertificate } from "./join.js";
import { recordJoin } from "./record-join.js";
import { refuseRetired } from "./retire.js";

/** The request of a workload that a rule admits. */
export interface WorkloadAttempt extends AdmittedWorkload {
  readonly csr: Uint8Array;
  /** The name that it asks for. Default: the name of its rule. */
  readonly asked?: string;
}

/**
 * Issues the first certificate of a workload. A projected token is bound to no key, so a stolen one is as good as the pod's. Hence:
 *
 * 1. A pod has one living identity. While its certificate is valid, it joins again only with the same key, after a lost answer.
 * 2. A token is good for one key.
 * 3. A new pod takes the name of an earlier one of its account, and begins a new lineage: the earlier pod renews nothing, and
 *    never joins again. A token from before the present pod's does not take its name.
 * 4. A name that a bot has from a join token, or a workload of another account, is not given away while its certificate is
 *    valid. Retired and revoked names stay so.
 *
 * Rejects with `WORKLOAD_NOT_ADMITTED`, `WORKLOAD_JOINED`, `CSR_REJECTED`, `BOT_RETIRED` or `IDENTITY_REVOKED`.
 */
export async function joinWorkload(
  { store, ca, trustDomain }: EnrollmentBasis,
  { workload, name, csr, asked = "" }: WorkloadAttempt,
  now: number,
): Promise<IssuedCertificate> {
  if (asked !== "" && asked !== name) throw denial("WORKLOAD_NOT_ADMITTED", `the rule names it "${name}"`);
  const id = spiffeId(trustDomain, name);
  const publicKey = await checkCsr(csr, id.uri);
  const key = digest(publicKey);
  const { account, pod, podUid, tokenId } = workload;
  const row = {
    pod: digest(`${workload.issuer}\n${podUid}`),
    name,
    account: `${workload.issuer} ${account}`,
    key,
    tokenId,
    tokenIssuedAt: workload.issuedAt,
    joinedAt: now,
  };
  const check = async (records: Records) => {
    await refuseRevoked(records, id);
    await refuseRetired(records, name);
    await refuseReplayed(records, row, now);
    await refuseTaken(records, row, now);
  };
  await check(store); // Nothing is signed for a token that is of no use.
  const { chain, root } = await ca.issueLeaf(id.uri, publicKey, now);
  const leaf = parseCertificate(chain[0] as Uint8Array);
  const generation = await store.transaction(async (records) => {
    await check(records);
    await records.workloads.joined(row);
    const by = { issuer: workload.issuer, account, pod, podUid, tokenId };
    return recordJoin(records, id, { leaf, root, by }, now);
  });
  return { chain, leaf, name, generation };
}

type Joining = Omit<WorkloadRow, "supersededAt">;

/** Refuses a pod that has joined before, unless its certificate has ended, or it is the same key again. */
async function refuseReplayed(records: Records, { pod, key, tokenId }: Joining, now: number): Promise<void> {
  const before = await records.workloads.find(pod);
  if (!before) return;
  if (before.supersededAt !== null) throw denial("WORKLOAD_JOINED", "a later pod has its name; delete this one");
  if (before.key === key) return;
  if (before.tokenId === tokenId || (await isCurrent(records, before.name, now))) {
    throw denial(
      "WORKLOAD_JOINED",
      "keep its state in an emptyDir volume, or delete the pod; if it is not yours, its token was stolen: revoke the bot",
    );
  }
}

/** Refuses a name that another bot has, which is no earlier pod of the same account. */
async function refuseTaken(records: Records, joining: Joining, now: number): Promise<void> {
  const { name, pod, account, tokenIssuedAt } = joining;
  const holder = await records.workloads.holder(name);
  if (holder?.pod === pod) return;
  if (holder?.account === account) {
    if (tokenIssuedAt >= holder.tokenIssuedAt) return;
    throw denial("WORKLOAD_JOINED", "its token is older than that of the pod that has the name");
  }
  if (await isCurrent(records, name, now)) {
    throw denial(
      "WORKLOAD_NOT_ADMITTED",
      `another bot has the name "${name}" until its certificate ends: wait, or change the rule`,
    );
  }
}

async function isCurrent({ bots }: Pick<Records, "bots">, name: string, now: number): Promise<boolean> {
  const bot = await bots.find(name);
  return bot !== undefined && now < bot.certificateExpiresAt;
}

function digest(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("base64url");
}
