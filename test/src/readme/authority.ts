import { readFile } from "node:fs/promises";
import { startAuthority } from "@interlock/authority";

const authority = await startAuthority({
  dataDir: "authority",
  trustDomain: "cafe",
  port: Number(process.env.PORT ?? 7443),
});
await authority.applyGrants(await readFile("grants.yaml", "utf8"));

const joinToken = await authority.createJoinToken("gripper/1");
console.log(`gripper/1 joins at ${authority.address} with ${joinToken}`);
process.once("SIGTERM", () => authority.close());
