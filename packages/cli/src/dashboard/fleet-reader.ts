import type { Client } from "@interlock/bot";
import type { Bot, Instance } from "@interlock/bot/protocol";
import { parseGrants } from "@interlock/policy/grants";
import { knownBots, lateMs } from "../known-bots.js";
import { flowRows, gatewaysIn, maximumGateways } from "./flow-rows.js";
import type { FleetView, TableName, Tables } from "./model/fleet.js";
import { createFleetView, maximumRows } from "./model/fleet.js";
import { callerName, shortName } from "./model/format.js";
import type { ReadOnlyAdmin } from "./read-only-admin.js";

/** Reads a fleet from its authority. Rejects when that does not answer. */
export interface FleetReader {
  /** Reads everything. */
  all(): Promise<FleetView>;
  /** Reads what changes fast, into a copy of `before`: the refusals, and the state of the authority. */
  latest(before: FleetView): Promise<FleetView>;
}

/** How far back refusals are shown, in milliseconds. */
export const refusalsMs = 3_600_000;

/** How far back the calls through gateways are shown, in milliseconds: the days in UTC with any of it, which is how they are counted. */
const flowsMs = 86_400_000;

const timeoutMs = 5_000;

/** Creates a reader. */
export function createFleetReader(
  admin: Client<typeof ReadOnlyAdmin>,
  { authority, viewer, now }: { authority: string; viewer: string; now: () => number },
): FleetReader {
  async function readStatus(): Promise<FleetView["status"]> {
    const { trustDomain, trustVersion, caExpiresAt, certificateExpiresAt } = await admin.getStatus({}, { timeoutMs });
    return {
      trustDomain,
      trustVersion: Number(trustVersion),
      caExpiresAt: timeOf(caExpiresAt),
      certificateExpiresAt: timeOf(certificateExpiresAt),
      grantsVersion: 0,
    };
  }

  /** Reads a listing page by page, and one row more than `maximum` to see whether there are more. */
  async function rows<Answer extends { nextPageToken: string }, Item>(
    list: (request: { pageToken: string }, options: { timeoutMs: number }) => Promise<Answer>,
    itemsOf: (answer: Answer) => readonly Item[],
    maximum: number,
  ): Promise<Item[]> {
    const items: Item[] = [];
    let pageToken = "";
    do {
      const answer = await list({ pageToken }, { timeoutMs });
      for (const item of itemsOf(answer)) items.push(item);
      pageToken = answer.nextPageToken;
    } while (pageToken !== "" && items.length <= maximum);
    return items;
  }

  async function readRefusals(): Promise<Tables["refusals"][]> {
    const since = new Date(now() - refusalsMs);
    const usage = await rows(
      (request, options) => admin.listUsage({ ...request, since, denied: true }, options),
      (answer) => answer.usage,
      4 * maximumRows.refusals,
    );
    return usage
      .filter(({ denial, lastAt }) => denial !== "" && timeOf(lastAt) >= since.getTime())
      .map(({ spiffeId, caller, method, denial, count, lastAt }) => ({
        key: [spiffeId, caller, method, denial].join("\n"),
        bot: shortName(spiffeId),
        caller: callerName(caller, spiffeId),
        method,
        reason: denial,
        count: Number(count),
        lastAt: timeOf(lastAt),
      }))
      .sort((a, b) => b.lastAt - a.lastAt);
  }

  async function readFlows(instances: readonly Instance[]): Promise<Tables["flows"][]> {
    const since = new Date(now() - flowsMs);
    const flows: Tables["flows"][][] = [];
    // One after another: each may be some pages.
    for (const gateway of gatewaysIn(instances).slice(0, maximumGateways)) {
      const days = await rows(
        (request, options) => admin.listUsageDays({ ...request, bot: gateway, since }, options),
        (answer) => answer.days,
        8 * maximumRows.flows,
      );
      flows.push(flowRows(gateway, days));
    }
    return flows.flat().sort((a, b) => b.calls + b.refused - (a.calls + a.refused));
  }

  function put<Name extends TableName>(view: FleetView, name: Name, found: readonly Tables[Name][]): void {
    const kept = found.slice(0, maximumRows[name]);
    (view.tables as Record<TableName, unknown>)[name] = Object.fromEntries(kept.map((row) => [row.key, row]));
    const { [name]: _, ...others } = view.leftOut;
    const over = found.length - kept.length;
    view.leftOut = over > 0 ? { ...others, [name]: over } : others;
  }

  return {
    async all() {
      const view = createFleetView(authority, viewer);
      const [status, bots, instances, revocations, grants, refusals] = await Promise.all([
        readStatus(),
        rows(admin.listBots, (answer) => answer.bots, maximumRows.bots),
        rows(admin.listInstances, (answer) => answer.instances, maximumRows.endpoints),
        rows(admin.listRevocations, (answer) => answer.revocations, maximumRows.revocations),
        admin.getGrants({ version: 0n }, { timeoutMs }),
        readRefusals(),
      ]);
      view.status = status && { ...status, grantsVersion: Number(grants.version) };
      put(view, "bots", botRows(bots, instances, now()));
      put(view, "endpoints", instances.filter(isListed).flatMap(endpointRows));
      put(
        view,
        "revocations",
        revocations.map(({ subject, reason, revokedAt }) => ({
          key: `${subject?.$case} ${subject?.value}`,
          kind: subject?.$case ?? "",
          subject: shortName(subject?.value ?? ""),
          reason,
          revokedAt: timeOf(revokedAt),
        })),
      );
      put(view, "grants", grantRows(grants.yaml));
      put(view, "refusals", refusals);
      put(view, "flows", await readFlows(instances));
      view.link = { up: true, heardAt: now(), reason: "" };
      return view;
    },

    async latest(before) {
      const [status, refusals] = await Promise.all([readStatus(), readRefusals()]);
      const view = { ...before, leftOut: { ...before.leftOut }, tables: { ...before.tables } };
      view.status = status && { ...status, grantsVersion: before.status?.grantsVersion ?? 0 };
      put(view, "refusals", refusals);
      view.link = { up: true, heardAt: now(), reason: "" };
      return view;
    },
  };
}

function botRows(bots: readonly Bot[], instances: readonly Instance[], now: number): Tables["bots"][] {
  // Of those that have not joined, no certificate is known; their processes are among the endpoints.
  return knownBots(bots, instances, new Date(now)).flatMap(({ bot, name, state, online, lastSeenAt, versions }) =>
    state === "external"
      ? []
      : {
          key: name,
          state,
          online,
          lastSeenAt: online ? 0 : timeOf(lastSeenAt),
          certificateExpiresAt: timeOf(bot.certificateExpiresAt),
          lateMs: lateMs(timeOf(bot.certificateIssuedAt), timeOf(bot.certificateExpiresAt)),
          certificateSerial: bot.certificateSerial,
          versions: versions.join(", "),
        },
  );
}

/** Whether a process is one that others may look for: it is there, or it has gone without a word. */
function isListed({ services, stoppedAt }: Instance): boolean {
  return services.length > 0 && stoppedAt === undefined;
}

function endpointRows(instance: Instance): Tables["endpoints"][] {
  const { spiffeId, services, addresses, version, startedAt, online } = instance;
  return services.map((service) => ({
    key: [spiffeId, instance.instance, service].join("\n"),
    service,
    bot: shortName(spiffeId),
    addresses: addresses.join(", "),
    version,
    startedAt: timeOf(startedAt),
    online,
  }));
}

function grantRows(yaml: string): Tables["grants"][] {
  const rows = new Map<string, { identity: string; service: string; scopes: string[] }>();
  if (yaml === "") return []; // None have been applied.
  for (const { identity, service, scope, where } of parseGrants(yaml)) {
    const key = `${identity}\n${service}`;
    const row = rows.get(key) ?? { identity, service, scopes: [] };
    row.scopes.push(where === undefined ? scope : `${scope} where ${where}`);
    rows.set(key, row);
  }
  return [...rows].map(([key, { identity, service, scopes }]) => ({
    key,
    identity,
    service,
    scopes: scopes.join(", "),
  }));
}

function timeOf(date: Date | undefined): number {
  return date?.getTime() ?? 0;
}
