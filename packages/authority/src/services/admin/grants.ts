import type { Caller } from "@interlock/bot";
import { AdminService } from "@interlock/bot/protocol";
import { matchesIdentity } from "@interlock/policy";
import type { GrantChange } from "@interlock/policy/grants";
import { unfederatedGrants } from "../../grants/unfederated-grants.js";
import { readPage } from "../page.js";
import type { AdminHandlers, AdminParts } from "./admin-parts.js";
import { publish } from "./publish.js";

type Parts = Pick<AdminParts, "store" | "grants" | "hub" | "clock" | "log" | "own">;
type Names = "getGrants" | "applyGrants" | "listGrantVersions" | "rollbackGrants";

/** Creates the handlers for grants. */
export function grantHandlers(parts: Parts): AdminHandlers<Names> {
  const { store, grants, hub, clock, log, own } = parts;

  async function apply(
    yaml: string,
    { dryRun, force, replaces }: { dryRun: boolean; force: boolean; replaces?: bigint | undefined },
    caller: Caller,
  ) {
    const by = caller.spiffeId.uri;
    if (dryRun) await grants.refresh();
    const guard = { trustDomain: own().trustDomain, force };
    const from = replaces === undefined ? undefined : Number(replaces);
    const { changes, version } = dryRun ? grants.preview(yaml) : await grants.apply(yaml, by, clock.now(), guard, from);
    if (!dryRun) {
      await publish(
        parts,
        changes.some((change) => takesFrom(change, caller)),
      );
      log.info("grants applied", { version, changes: changes.length, by });
    }
    return { changes, version: BigInt(version), warnings: unfederatedGrants(yaml, hub.trust.state.federated) };
  }

  return {
    async getGrants({ version }) {
      if (version > 0n) return { yaml: await grants.version(Number(version)), version };
      await grants.refresh();
      const file = grants.file();
      return { yaml: file.yaml, version: BigInt(file.version) };
    },

    applyGrants: (request, { caller }) => apply(request.yaml, request, caller),

    async listGrantVersions({ pageToken }) {
      const { items: versions, nextPageToken } = await readPage(pageToken, store.grantVersions.page, {
        key: [0],
        keyOf: ({ version }) => [version],
        toItem: ({ version, appliedAt, appliedBy }) => {
          return { version: BigInt(version), appliedAt: new Date(appliedAt), appliedBy };
        },
      });
      return { versions, nextPageToken };
    },

    async rollbackGrants(request, { caller }) {
      return apply(await grants.version(Number(request.version)), request, caller);
    },
  };
}

function takesFrom({ added, service, identity }: GrantChange, caller: Caller): boolean {
  return !added && service === AdminService.name && matchesIdentity(identity, caller.name);
}
