import { OperatorService } from "@interlock/swarm";
import { fetchToken } from "../credentials.js";
import { type RawCall, rawCall } from "../raw-client.js";
import { forgeIdentity } from "../rogue-ca.js";
import type { Stage } from "../stage.js";
import { refusal } from "./refusal.js";

const { listTasks: method } = OperatorService.methods;
const request = { pageSize: 1 };

/** The operator's own call, with certificate and token; the attackers have parts of it from a log or a disk. */
async function properly({ fleet }: Stage): Promise<RawCall<typeof method>> {
  const identity = await fleet.loot("operator/1");
  const token = await fetchToken(fleet.authority, identity, OperatorService, ["swarm:read"]);
  const call = { ca: fleet.authority.ca, address: fleet.leader.address, identity, token, method, request };
  await rawCall(call);
  return call;
}

export const noCertificate = refusal({
  name: "no-certificate",
  attacker: "a stranger",
  title: "A stranger without a certificate calls the leader",
  bars: [7],
  expected: ["UNAVAILABLE", "NO_CERTIFICATE"],
  control: properly,
  attack: (_, { identity: __, ...rest }) => rawCall(rest),
});

export const otherCa = refusal({
  name: "other-ca",
  attacker: "an impostor",
  title: "An impostor shows a certificate of another CA, in the operator's name",
  bars: [7],
  expected: ["UNAVAILABLE", "CERTIFICATE_UNTRUSTED"],
  control: properly,
  attack: async (_, call) => rawCall({ ...call, identity: await forgeIdentity("spiffe://swarm/operator/1") }),
});

export const stolenToken = refusal({
  name: "stolen-token",
  attacker: "the visitor",
  title: "The visitor shows the operator's token",
  bars: [7],
  expected: ["UNAUTHENTICATED", "TOKEN_SUBJECT_MISMATCH"],
  control: properly,
  attack: async ({ visitor }, call) => rawCall({ ...call, identity: await visitor() }),
});
