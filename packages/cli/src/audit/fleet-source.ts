import type { AdminReader } from "@interlock/authority";

/** Where the facts of a fleet are read: a session with the authority, or the authority itself in its own process. */
export interface FleetSource {
  readonly admin: AdminReader;
  readonly bot: { readonly spiffeId: { readonly trustDomain: string } };
}
