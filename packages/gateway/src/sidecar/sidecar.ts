import type { Bot } from "@interlock/bot";
import { type Inbound, type InboundOptions, openInbound } from "./inbound.js";
import { type Outbound, type OutboundOptions, openOutbound } from "./outbound.js";

/** How a sidecar is opened: for calls to the program beside it, for calls of that program, or for both. */
export interface SidecarOptions {
  readonly inbound?: InboundOptions | undefined;
  readonly outbound?: OutboundOptions | undefined;
}

/** A sidecar that is open. */
export interface Sidecar {
  readonly inbound: Inbound | undefined;
  readonly outbound: Outbound | undefined;
  /**
   * Refuses new calls of the fleet, lets the open ones finish, during which the program may still call, and then does the same with
   * the calls of the program.
   *
   * @param graceMs - How long the open calls of each direction may take. Default: 10,000.
   */
  close(graceMs?: number): Promise<void>;
}

/**
 * Opens a sidecar beside a program in any language that speaks plain gRPC: it makes the program a member of the fleet under the
 * identity of `bot`. The program needs no code of Interlock.
 *
 * @throws InterlockError `FAILED_PRECONDITION` where it cannot listen; a `TypeError` for services that cannot be passed on.
 *
 * @example
 * ```ts
 * const bot = await joinFleet({ authority: "localhost:7443", name: "vision/1", joinToken });
 * const sidecar = await openSidecar(bot, {
 *   inbound: { port: 50051, services: [VisionService], program: "unix:///run/vision/program.sock" },
 *   outbound: { listen: "unix:///run/vision/fleet.sock", services: [GripperService] },
 * });
 * ```
 */
export async function openSidecar(bot: Bot, { inbound: receives, outbound: calls }: SidecarOptions): Promise<Sidecar> {
  // The program may call while it starts, before it answers.
  const outbound = calls && (await openOutbound(bot, calls));
  let inbound: Inbound | undefined;
  try {
    inbound = receives && (await openInbound(bot, receives));
  } catch (error) {
    await outbound?.close(0);
    throw error;
  }
  return {
    inbound,
    outbound,
    async close(graceMs) {
      await inbound?.close(graceMs);
      await outbound?.close(graceMs);
    },
  };
}
