// The authority's process: certificates, tokens and grants of the demo's fleet.
import { startAuthority } from "@interlock/authority";
import { silentLog } from "@interlock/bot";
import { onAsked, receiveConfig, stopSignal, tell, tellDenials } from "./child.js";
import type { AuthorityConfig } from "./messages.js";

const signal = stopSignal();
const { grants, ...options } = await receiveConfig<AuthorityConfig>();
const authority = await startAuthority({ ...options, trustDomain: "swarm", port: 0, log: silentLog });
await authority.applyGrants(grants);
tellDenials(authority.onDenial);
authority.onToken(({ name, issuedAt, expiresAt }) => tell({ type: "token", name, issuedAt, expiresAt }));
onAsked(async (message) => {
  if (message.type === "createJoinToken") return authority.createJoinToken(message.name);
  if (message.type === "revoke") {
    await authority.revoke({ kind: "identity", subject: `spiffe://swarm/${message.name}` }, "seen selling badges");
    const at = Date.now();
    tell({ type: "revoked", name: message.name });
    return at;
  }
  return undefined;
});
signal.addEventListener("abort", () => void authority.close().finally(() => process.exit(0)));
tell({ type: "ready", address: authority.address, ca: Buffer.from(authority.caCertificate).toString("base64") });
