import type { Caller } from "@interlock/bot";
import { AdminService } from "@interlock/bot/protocol";
import { matchesIdentity } from "@interlock/policy";
import type { GrantChange } from "@interlock/policy/grants";
import type { AdminHandlers, AdminParts } from "./admin-parts.js";
import { readPage } from "./page.js";
import { publish } from "./publish.js";

type Parts = Pick<AdminParts, "store" | "grants" | "hub" | "clock" | "log">;
type Names = "getGrants" | "applyGrants" | "listGrantVersions" | "rollbackGrants";

/** Creates the handlers for grants. */
export function grantHandlers(parts: Parts): AdminHandlers<Names> {
  const { store, grants, clock, log } = parts;

  async function apply(yaml: string, dryRun: boolean, caller: Caller) {
    const by = caller.spiffeId.uri;
    if (dryRun) await grants.refresh();
    const { changes, version } = dryRun ? grants.preview(yaml) : await grants.apply(yaml, by, clock.now());
    if (!dryRun) {
      await publish(
        parts,
        changes.some((change) => takesFrom(change, caller)),
      );
      log.info("grants applied", { version, changes: changes.length, by });
    }
    return { changes, version: BigInt(version) };
  }

  return {
    async getGrants({ version }) {
      if (version > 0n) return { yaml: await grants.version(Number(version)), version };
      await grants.refresh();
      const file = grants.file();
      return { yaml: file.yaml, version: BigInt(file.version) };
    },

    applyGrants: ({ yaml, dryRun }, { caller }) => apply(yaml, dryRun, caller),

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

    async rollbackGrants({ version, dryRun }, { caller }) {
      return apply(await grants.version(Number(version)), dryRun, caller);
    },
  };
}

function takesFrom({ added, service, identity }: GrantChange, caller: Caller): boolean {
  return !added && service === AdminService.name && matchesIdentity(identity, caller.name);
}
