import { InterlockError } from "@interlock/bot";
import { TrafficService } from "../gen/warehouse/v1/warehouse_interlock.js";
import type { Act } from "./act.js";

export const revoked: Act = {
  name: "revoked",
  attacker: "the inspector",
  title: "An inspector is revoked while watching the floor",
  bars: [8],
  verdict: "blocked",
  expected: "UNAUTHENTICATED IDENTITY_REVOKED, the stream has ended within 1,000 ms",
  async play({ fleet, chronicle }) {
    const inspector = await fleet.join("inspector/1");
    const watching = inspector.client(TrafficService, fleet.floor.address).watchFloor({});
    let frames = 0;
    let inTheMiddle = () => {};
    const begun = new Promise<void>((resolve) => {
      inTheMiddle = resolve;
    });
    const ended = (async () => {
      try {
        for await (const { robots } of watching) if (robots.length > 0 && ++frames === 3) inTheMiddle();
        return { code: "OK", reason: "", at: Date.now() };
      } catch (error) {
        const { code, reason = "" } = InterlockError.from(error);
        return { code, reason, at: Date.now() };
      }
    })();
    await begun;
    const since = Date.now();
    const revokedAt = await fleet.revoke(inspector.name);
    const end = await ended;
    const { denial } = await chronicle.until("denial", (said) => said.denial.reason === "IDENTITY_REVOKED", since);
    // The stream may end before the answer to the revocation arrives.
    const ms = Math.max(0, end.at - revokedAt);
    const seen = `${end.code} ${denial.reason}, the stream had ${frames} frames and ended after ${ms} ms`;
    const ok = end.code === "UNAUTHENTICATED" && end.reason === denial.reason && ms <= 1_000;
    return { seen, ms, ok, denial: { code: end.code, reason: denial.reason } };
  },
};
