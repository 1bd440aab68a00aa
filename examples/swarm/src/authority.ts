// The authority's process: certificates, tokens and grants for the demo's fleet.
import { startAuthority } from "@interlock/authority";
import { silentLog } from "@interlock/bot";
import { onAsked, receiveConfig, stopSignal, tell } from "./child.js";
import type { AuthorityConfig } from "./messages.js";

const signal = stopSignal();
const { dataDir, grants } = await receiveConfig<AuthorityConfig>();
const authority = await startAuthority({ dataDir, trustDomain: "swarm", port: 0, log: silentLog });
await authority.applyGrants(grants);
onAsked(({ name }) => {
  void authority.createJoinToken(name).then((joinToken) => tell({ type: "joinToken", name, joinToken }));
});
signal.addEventListener("abort", () => void authority.close().finally(() => process.exit(0)));
tell({ type: "ready", address: authority.address, ca: Buffer.from(authority.caCertificate).toString("base64") });
