import { readPage } from "../page.js";
import type { AdminHandlers, AdminParts } from "./admin-parts.js";

/** How long after its last sign of life a process is not online any more, in milliseconds. It reports twice in that time. */
const onlineMs = 60_000;

/** Creates the handlers for the processes of bots and what they serve. */
export function instanceHandlers({
  store,
  usageRetentionMs,
  clock,
}: Pick<AdminParts, "store" | "usageRetentionMs" | "clock">): AdminHandlers<
  "listInstances" | "listManifests" | "listServerRecords"
> {
  return {
    async listInstances({ pageToken }) {
      const onlineSince = clock.now() - onlineMs;
      const { items: instances, nextPageToken } = await readPage(pageToken, store.instances.page, {
        key: ["", ""],
        most: 200, // One has up to 128 KiB.
        keyOf: ({ spiffeId, instance }) => [spiffeId, instance],
        toItem: ({ spiffeId, instance, version, manifestHash, services, addresses, startedAt, seenAt, stoppedAt }) => ({
          spiffeId,
          instance,
          version,
          manifestHash,
          services: JSON.parse(services) as string[],
          addresses: JSON.parse(addresses) as string[],
          startedAt: new Date(startedAt),
          lastSeenAt: new Date(seenAt),
          stoppedAt: stoppedAt === null ? undefined : new Date(stoppedAt),
          online: stoppedAt === null && seenAt > onlineSince,
        }),
      });
      return { instances, nextPageToken };
    },

    async listServerRecords({ pageToken }) {
      // Usage of earlier times is deleted, so nothing can be said of them.
      const kept = clock.now() - usageRetentionMs;
      const { items: servers, nextPageToken } = await readPage(pageToken, store.serverRecords.page, {
        key: ["", ""],
        keyOf: ({ spiffeId, service }) => [spiffeId, service],
        toItem: ({ spiffeId, service, firstAt, lastAt, uncountedAt }) => ({
          spiffeId,
          service,
          firstAt: new Date(Math.min(Math.max(firstAt, kept), lastAt)),
          lastAt: new Date(lastAt),
          uncountedAt: uncountedAt === null ? undefined : new Date(uncountedAt),
        }),
      });
      return { servers, nextPageToken };
    },

    async listManifests({ pageToken }) {
      const { items: manifests, nextPageToken } = await readPage(pageToken, store.manifests.page, {
        key: [""],
        most: 32, // One has up to 256 KiB.
        keyOf: ({ hash }) => [hash],
        toItem: ({ hash, json, reportedAt }) => ({ hash, json, reportedAt: new Date(reportedAt) }),
      });
      return { manifests, nextPageToken };
    },
  };
}
