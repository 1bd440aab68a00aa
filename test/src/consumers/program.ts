/** The proto file of a consumer. */
export const proto = `syntax = "proto3";
package cafe.v1;
import "google/protobuf/timestamp.proto";
import "interlock/policy/v1/policy.proto";
message BrewRequest { int32 shots = 1; map<string, string> extras = 2; }
message BrewResponse { google.protobuf.Timestamp ready = 1; }
service CafeService {
  rpc Brew(BrewRequest) returns (BrewResponse) {
    option (interlock.policy.v1.access) = { any_bot: true purpose: "Brew." };
  }
}
`;

const definition = 'import { CafeService } from "./gen/cafe/v1/cafe_interlock.js";\n';

const builtIn = `import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
`;

const packages = `import { startAuthority } from "@interlock/authority";
import { joinFleet } from "@interlock/bot";
import { openTaskStore } from "@interlock/swarm/store";
`;

const body = `  const folder = mkdtempSync(join(tmpdir(), "interlock-consumer-"));
  const authority = await startAuthority({ dataDir: join(folder, "authority"), trustDomain: "cafe", port: 0 });
  const joinToken = await authority.createJoinToken("cafe/1");
  const bot = await joinFleet({ authority: authority.address, name: "cafe/1", stateDir: join(folder, "bot"), joinToken });
  const server = await bot.serve({ port: 0 }, (routes) =>
    routes.add(CafeService, { brew: ({ shots }) => ({ ready: new Date(shots) }) }),
  );
  const { ready } = await bot.client(CafeService, server.address).brew({ shots: 2, extras: { milk: "yes" } });
  const store = await openTaskStore(join(folder, "tasks.db"));
  await store.close();
  await bot.close();
  await authority.close();
  rmSync(folder, { recursive: true });
`;

/** Starts an authority, a server and its client, and a task store on SQLite, and prints `works: 2`. */
const main = `async function main(): Promise<void> {
${body}  console.log(\`works: \${ready?.getTime()}\`);
}
void main();
`;

/** The program with static imports. */
export const program = builtIn + packages + definition + main;

/** The program for TypeScript that may not \`require\` an ES module. */
export const dynamicProgram = `${builtIn}${definition}${main.replace(
  "{\n",
  `{
  const { startAuthority } = await import("@interlock/authority");
  const { joinFleet } = await import("@interlock/bot");
  const { openTaskStore } = await import("@interlock/swarm/store");
`,
)}`;

/** The program as a test of Jest, in JavaScript; \`gen\` has been compiled. */
export const jestTest = `${builtIn}${packages}${definition}
test("works", async () => {
${body}  expect(ready.getTime()).toBe(2);
});
`;
