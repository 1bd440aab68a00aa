import { connectSwarm } from "@interlock/swarm";
import { carryKind } from "../crew-work.js";
import { CarryTask } from "../gen/warehouse/v1/warehouse.js";
import { DiagnosticsService } from "../gen/warehouse/v1/warehouse_interlock.js";
import { refusal } from "./refusal.js";

export const diagnostics = refusal({
  name: "diagnostics",
  attacker: "the nightly job",
  title: "2 AM: the nightly job places an order through the forgotten diagnostics endpoint",
  bars: [],
  expected: ["UNIMPLEMENTED", "METHOD_SUNSET"],
  // The job still has the scope. The method that replaces the old one, according to its policy, accepts the order.
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
