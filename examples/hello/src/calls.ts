// What a call can carry beside its messages, both bots in one process: node dist/calls.js
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startAuthority } from "@interlock/authority";
import {
  type ClientInterceptor,
  InterlockError,
  joinFleet,
  Metadata,
  type ServerInterceptor,
  silentLog,
} from "@interlock/bot";
import { WatchForceResponse } from "./gen/cafe/gripper/v1/gripper.js";
import { GripperService } from "./gen/cafe/gripper/v1/gripper_interlock.js";

const logCalls: ServerInterceptor = async function logCalls({ context, onRequest }, next) {
  onRequest((request) => console.log(`${context.caller.name} asks ${context.method.path} ${JSON.stringify(request)}`));
  await next(); // The handler, to its end. What it throws can be replaced here, and not be swallowed.
};

const addShift: ClientInterceptor = async function addShift({ options }, next) {
  const metadata = options.metadata?.clone() ?? new Metadata();
  metadata.set("x-shift", "late");
  await next({ ...options, metadata });
};

const dir = await mkdtemp(join(tmpdir(), "calls-"));
const fleet = { dataDir: join(dir, "authority"), trustDomain: "cafe", port: 0, log: silentLog };
const authority = await startAuthority(fleet);
await authority.applyGrants(await readFile(new URL("../grants.yaml", import.meta.url), "utf8"));
const member = async (name: string) =>
  joinFleet({
    authority: authority.address,
    name,
    joinToken: await authority.createJoinToken(name),
    stateDir: join(dir, name),
    log: silentLog,
  });
const gripper = await member("gripper/1");
const bot = await member("coffee/1");

const limits = { compression: "gzip", callsPerConnection: 100, interceptors: [logCalls] } as const;
const server = await gripper.serve({ port: 0, ...limits }, (routes) =>
  routes.add(GripperService, {
    async grip({ newtons }, { responseHeaders, responseTrailers, metadata }) {
      responseHeaders.set("x-firmware", "2.1");
      responseTrailers.set("x-shift", String(metadata.get("x-shift")));
      if (newtons <= 50) return { held: true };
      const reached = InterlockError.detail("cafe.gripper.v1.WatchForceResponse", WatchForceResponse, { newtons: 50 });
      throw new InterlockError("OUT_OF_RANGE", "The gripper cannot press that hard.", { details: [reached] });
    },
    async *watchForce(_request, { signal, draining }) {
      while (!signal.aborted && !draining.aborted) yield { newtons: 3.9 };
    },
  }),
);

const client = bot.client(GripperService, server.address, {
  timeoutMs: 2_000, // For calls with one answer.
  waitForReady: true, // While no server can be reached, calls wait until their deadline.
  responseBytes: 64 * 1_024,
  compression: "gzip",
  attempts: 2,
  interceptors: [addShift],
});
await client.grip(
  { newtons: 4 },
  {
    onHeaders: (headers) => console.log("firmware", ...headers.get("x-firmware")),
    onTrailers: (trailers) => console.log("shift", ...trailers.get("x-shift")),
  },
);
try {
  await client.grip({ newtons: 80 });
} catch (thrown) {
  const error = InterlockError.from(thrown);
  const reached = error.findDetail("cafe.gripper.v1.WatchForceResponse", WatchForceResponse);
  console.log(`${error.code}, it reached ${reached?.newtons} N`);
}
console.log(await bot.health(server.address));

await Promise.all([bot.close(0), gripper.close(0)]);
await authority.close();
await rm(dir, { recursive: true });
