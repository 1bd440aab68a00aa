import assert from "node:assert/strict";
import { createDenialLog } from "../audit-log/denial-log.js";
import { describeOnEach } from "../testing/test-store.js";
import { recordReport } from "./record-report.js";

const now = Date.UTC(2030, 0, 1);
const spiffeId = "spiffe://cafe/arm/1";
const service = "cafe.arm.v1.ArmService";

describeOnEach("recording a report", (createStore) => {
  it("lists what a bot serves, until it is retired", async () => {
    const place = await createStore();
    const store = await place.open();
    try {
      await store.bots.joined({ name: "arm/1", joinedAt: now, certificateSerial: "1", certificateExpiresAt: now + 1 });
      const report = {
        endpoints: [{ service, address: "arm:1" }],
        usage: [],
        instance: "a",
        startedAt: now,
        version: "",
        manifestHash: "",
        manifest: undefined,
        stopping: false,
        uncountedAt: undefined,
      };
      const listed = async () => {
        const recorded = await store.transaction((records) =>
          recordReport(records, spiffeId, report, createDenialLog(), now),
        );
        const found = await store.endpoints.find(service, { after: undefined, limit: 9 });
        return [recorded.serving, found.map(({ address }) => address)];
      };
      assert.deepEqual(await listed(), [true, ["arm:1"]]);
      await store.bots.retired("arm/1", now);
      assert.deepEqual(await listed(), [false, []]);
    } finally {
      await store.close();
      await place.remove();
    }
  });
});
