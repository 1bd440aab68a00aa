import { policyFaults } from "@interlock/policy";
import { mismatch, type Shape } from "../shape.js";
import { type Endpoint, type EndpointState, endpointStates, type Inventory } from "./inventory.js";

/** The maximum size of a snapshot, in bytes of UTF-8: 64 MiB, about 300,000 callers. */
export const maximumSnapshotBytes = 67_108_864;

const format = "interlock-inventory";

/** The version of the format. */
const version = 1;

/**
 * Writes an inventory as a snapshot, one JSON value.
 *
 * @throws An `Error` when it would be longer than {@link maximumSnapshotBytes}.
 */
export function writeSnapshot(inventory: Inventory): string {
  const json = `${JSON.stringify({ format, version, inventory })}\n`;
  if (Buffer.byteLength(json) > maximumSnapshotBytes)
    throw new Error(`The inventory takes more than ${maximumSnapshotBytes} bytes: choose services with --service.`);
  return json;
}

/**
 * Reads a snapshot of any origin.
 *
 * @param json - The content of the file, at most {@link maximumSnapshotBytes}.
 * @throws An `Error` that says what is wrong.
 */
export function parseSnapshot(json: string): Inventory {
  if (Buffer.byteLength(json) > maximumSnapshotBytes)
    throw new Error(`It is longer than ${maximumSnapshotBytes} bytes, and no snapshot is.`);
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    throw new Error("It is no JSON.", { cause });
  }
  const file = value as { format?: unknown; version?: unknown; inventory?: unknown } | null;
  if (typeof file !== "object" || file?.format !== format)
    throw new Error("It is no inventory: write one with interlock inventory --save FILE.");
  if (file.version !== version)
    throw new Error(
      `It is an inventory of version ${String(file.version)}, and this release knows version ${version}.`,
    );
  const fault = mismatch(file.inventory, inventoryShape, "inventory");
  if (fault !== undefined) throw new Error(`It is damaged: ${fault}.`);
  const inventory = file.inventory as Inventory;
  for (const endpoint of inventory.endpoints) checkEndpoint(endpoint);
  return inventory;
}

function checkEndpoint({ name, policy, states }: Endpoint): void {
  const [fault] = policy ? policyFaults(policy) : [];
  if (fault !== undefined) throw new Error(`It is damaged: ${name} ${fault}.`);
  const strange = states.find((state: EndpointState) => !endpointStates.includes(state));
  if (strange !== undefined) throw new Error(`It is damaged: ${name} has the unknown state ${strange}.`);
}

const rate: Shape = { perSecond: "number", burst: "number" };
const deprecation: Shape = { "since?": "string", "sunset?": "string", "replacement?": "string" };
const policy: Shape = {
  scopes: ["string"],
  anyBot: "boolean",
  purpose: "string",
  risk: "string",
  dataClasses: ["string"],
  callers: ["string"],
  "rate?": rate,
  "deprecation?": deprecation,
  "worstCase?": "string",
  "approval?": "string",
};
const caller: Shape = { bot: "string", actors: ["string"], calls: "number", firstAt: "number", lastAt: "number" };
const server: Shape = {
  bot: "string",
  instance: "string",
  version: "string",
  address: "string",
  online: "boolean",
  listening: "boolean",
  "lastSeenAt?": "number",
  "stoppedAt?": "number",
};
const endpoint: Shape = {
  name: "string",
  service: "string",
  method: "string",
  own: "boolean",
  "kind?": "string",
  "owner?": "string",
  "policy?": policy,
  drift: ["string"],
  "place?": { file: "string", line: "number", column: "number" },
  states: ["string"],
  unknown: ["string"],
  "unusedSince?": "number",
  callers: [caller],
  calls: "number",
  denials: "number",
  "firstCallAt?": "number",
  "lastCallAt?": "number",
  servers: [server],
};
const process: Shape = {
  instance: "string",
  version: "string",
  addresses: ["string"],
  startedAt: "number",
  lastSeenAt: "number",
  "stoppedAt?": "number",
  online: "boolean",
};
const bot: Shape = {
  name: "string",
  known: "string",
  online: "boolean",
  "joinedAt?": "number",
  "certificateExpiresAt?": "number",
  "retiredAt?": "number",
  "revokedAt?": "number",
  "lastSeenAt?": "number",
  versions: ["string"],
  services: ["string"],
  processes: [process],
};
const inventoryShape: Shape = {
  at: "number",
  windowMs: "number",
  trustDomain: "string",
  sources: { project: "boolean", fleet: "boolean", scan: "boolean" },
  endpoints: [endpoint],
  bots: [bot],
};
