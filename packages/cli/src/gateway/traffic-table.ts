import type { ResponseOf } from "@interlock/bot";
import type { GatewayService } from "@interlock/gateway";
import { paint } from "../output.js";

type Second = ResponseOf<typeof GatewayService.methods.watchTraffic>;

/** The headings of the rows of {@link flowRows}. */
export const headings = ["CALLS/S", "CALLER", "VIA", "METHOD", "END", "MS", "MAX", "IN/S", "OUT/S"] as const;

/** One line on what is open at a gateway. */
export function statusLine({
  openCalls,
  callLimit,
  connections,
  upstreamConnections,
  flows,
  intervalMs,
}: Second): string {
  const calls = flows.reduce((sum, { count }) => sum + count, 0);
  const perSecond = Math.round((calls * 1_000) / (intervalMs || 1_000));
  return `${paint("bold", `${perSecond} calls/s`)}, ${openCalls} of ${callLimit} open, ${connections} connections in, ${upstreamConnections} out`;
}

/** The flows of a second as rows of a table, the most frequent first; at most `most`. */
export function flowRows({ flows, leftOut, intervalMs }: Second, most = flows.length): string[][] {
  const perSecond = (count: number) => Math.round((count * 1_000) / (intervalMs || 1_000));
  const shown = flows
    .slice(0, Math.max(1, most))
    .map((flow) => [
      String(perSecond(flow.count)),
      flow.caller || "–",
      flow.via.join(" "),
      flow.method || "–",
      endOf(flow.code, flow.reason),
      flow.code === "" ? "" : (flow.totalMs / Math.max(1, flow.count)).toFixed(1),
      flow.code === "" ? "" : flow.longestMs.toFixed(1),
      flow.code === "" ? "" : bytes(perSecond(Number(flow.requestBytes))),
      flow.code === "" ? "" : bytes(perSecond(Number(flow.responseBytes))),
    ]);
  const rest = flows.length - shown.length + leftOut;
  return rest > 0 ? [...shown, [`${rest} more`]] : shown;
}

function endOf(code: string, reason: string): string {
  if (reason !== "") return paint("red", reason);
  return code === "OK" ? paint("green", code) : paint("yellow", code);
}

function bytes(count: number): string {
  if (count < 1_024) return `${count} B`;
  if (count < 1_048_576) return `${(count / 1_024).toFixed(1)} KiB`;
  return `${(count / 1_048_576).toFixed(1)} MiB`;
}
