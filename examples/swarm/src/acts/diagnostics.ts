import { connectSwarm } from "@interlock/swarm";
import { carryKind } from "../crew-work.js";
import { CarryTask } from "../gen/warehouse/v1/warehouse.js";
import { DiagnosticsService } from "../gen/warehouse/v1/warehouse_interlock.js";
import { refusal } from "./refusal.js";

export const diagnostics = refusal({
  name: "diagnostics",
  attacker: "the nightly job",
  title: "2 AM: the nightly job orders through the forgotten diagnostics endpoint",
  bars: [],
  expected: ["UNIMPLEMENTED", "METHOD_SUNSET"],
  // It still has the scope. The order is taken where the policy of the old method says that it is taken today.
  async control({ fleet, work, order }) {
    const nightly = await fleet.join("nightly/1");
    const payload = CarryTask.encode(order()).finish();
    const { task } = await connectSwarm(nightly, [fleet.leader.address]).submit({
      kind: carryKind,
      payload,
      requiredCapabilities: [carryKind],
      idempotencyKey: "tonight",
    });
    work.expect(task);
    return nightly;
  },
  attack: ({ fleet }, nightly) =>
    nightly.client(DiagnosticsService, fleet.floor.address).placeOrder({ item: "beans 2" }),
});
