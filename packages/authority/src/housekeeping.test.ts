import assert from "node:assert/strict";
import { silentLog, systemClock } from "@interlock/bot";
import { createRecorder } from "@interlock/bot/internal";
import { AdminService, AuthorityService } from "@interlock/bot/protocol";
import { createDenialLog } from "./audit-log/denial-log.js";
import { type HousekeepingOptions, startHousekeeping } from "./housekeeping.js";

describe("housekeeping", () => {
  it("says in the health of the services whether the store can be read", async () => {
    let readable = false;
    let heard = (_serving: boolean) => {};
    const shown = new Map<string, boolean>();
    const get = async () => {
      if (!readable) throw new Error("the disk is gone");
    };
    const store = { fleet: { get } } as unknown as HousekeepingOptions["store"];
    const housekeeping = startHousekeeping({
      store,
      refresh: async () => {},
      hub: { beat() {} } as HousekeepingOptions["hub"],
      oauthServer: undefined,
      keepCa: async () => false,
      endpoints: [],
      trustDomain: "test",
      signer: { withdrawDue: async () => false } as unknown as HousekeepingOptions["signer"],
      identity: { renewIfDue: async () => {} } as HousekeepingOptions["identity"],
      recorder: createRecorder(),
      denialLog: createDenialLog(),
      counts: { auditRecords: undefined },
      server: {
        setHealth(service, serving) {
          shown.set(service, serving);
          heard(serving);
        },
      },
      log: silentLog,
      clock: systemClock,
      spiffeId: "spiffe://test/interlock/authority",
      leafTtlMs: 3_600_000,
      staleAfterMs: 30,
      auditRetentionMs: 60_000,
      renewAfterExpiryMs: 0,
    });
    const said = (wanted: boolean) =>
      new Promise<void>((resolve) => {
        heard = (serving) => shown.size === 2 && serving === wanted && resolve();
      });
    const alive = setInterval(() => {}, 1_000);
    await said(false);
    assert.deepEqual([...shown.keys()].sort(), [AdminService.name, AuthorityService.name].sort());
    readable = true;
    await said(true);
    clearInterval(alive);
    await housekeeping.close();
  });
});
