import { join as joinPath } from "node:path";
import { isBotName } from "@interlock/policy";
import { type Clock, systemClock } from "../base/clock.js";
import { InterlockError } from "../base/error.js";
import { jsonLog, type Log } from "../base/log.js";
import { createRecorder, type Recorder } from "../base/recorder.js";
import { type Bot, createBot } from "../bot.js";
import type { Membership } from "../membership.js";
import type { IdentityProvider, IssuerProvider, ProvidedIdentity } from "../providers/provider.js";
import { authorityAddresses } from "./authority-addresses.js";
import { createAuthorityFile } from "./authority-file.js";
import { openAuthorityMembership } from "./authority-membership.js";
import { openMembershipElsewhere, withIssuer } from "./provided-membership.js";

/** Which fleet to join, and as whom. */
export interface JoinFleetOptions {
  /**
   * `host:port` of the authority; of each, where several share a store: a list, or joined by commas. The one that this
   * bot joined last unless said.
   */
  readonly authority?: string | readonly string[] | undefined;
  /** The bot's name in the fleet, for example `gripper/1`; the one in its certificate where `identity` is said. */
  readonly name?: string;
  /** The line that `interlock invite` printed; needed only the first time. */
  readonly joinToken?: string | undefined;
  /** Where the identity is from, if not from the authority; see {@link fromFiles}. */
  readonly identity?: IdentityProvider;
  /** Where tokens are from, if not from the authority; see {@link fromIssuer}. */
  readonly issuer?: IssuerProvider;
  /** Where identity and trust are kept; `.interlock/bots/<name>` unless said. */
  readonly stateDir?: string;
  /** Where the log goes; JSON lines on standard error unless said. */
  readonly log?: Log;
  readonly clock?: Clock;
}

/**
 * Makes this process a bot of a fleet: with the identity kept from the last time, or with a new one for the join token.
 * From then on certificate, tokens and trust keep themselves current. An authority that is away keeps no bot with an
 * identity from starting; its trust is stale then, and high-risk methods are refused until there is word.
 *
 * ```ts
 * const bot = await joinFleet({ authority: "localhost:7443", name: "gripper/1", joinToken });
 * ```
 *
 * Identity and tokens may each be from elsewhere. Where both are, and no authority is said, there is none: nobody then
 * tells of revocations, and a bot is shut out by letting its certificate run out.
 *
 * ```ts
 * const bot = await joinFleet({
 *   identity: fromFiles({ certificate: "/certs/tls.crt", key: "/certs/tls.key", ca: "/certs/ca.crt" }),
 *   issuer: fromIssuer({ url: "https://login.example.com" }),
 * });
 * ```
 *
 * Rejects with an `InterlockError` that says what to do: `JOIN_TOKEN_…`, `CA_PIN_MISMATCH`, `AUTHORITY_UNREACHABLE`.
 */
export async function joinFleet(options: JoinFleetOptions): Promise<Bot> {
  const { log = jsonLog, clock = systemClock } = options;
  const recorder = createRecorder();
  const elsewhere = await options.identity?.open({ clock, log });
  try {
    const base = await openMembership(options, { recorder, clock, log }, elsewhere);
    const membership = options.issuer ? await withIssuer(base, options.issuer, { clock, log }) : base;
    return createBot({
      ...membership,
      async leave() {
        await membership.leave?.();
        elsewhere?.close();
      },
      recorder,
      clock,
      log,
    });
  } catch (error) {
    elsewhere?.close();
    throw error;
  }
}

interface Basis {
  readonly recorder: Recorder;
  readonly clock: Clock;
  readonly log: Log;
}

async function openMembership(
  options: JoinFleetOptions,
  basis: Basis,
  elsewhere: ProvidedIdentity | undefined,
): Promise<Membership> {
  const name = nameOf(options, elsewhere);
  if (elsewhere && options.issuer && options.authority === undefined) {
    return openMembershipElsewhere(elsewhere, basis.clock);
  }
  const stateDir = options.stateDir ?? joinPath(".interlock", "bots", name);
  const file = createAuthorityFile(stateDir);
  const given = options.authority ?? (await file.load())?.authority;
  if (given === undefined) {
    const remedy = 'say where it is as authority (host:port), or run "interlock join" here first';
    throw new InterlockError("FAILED_PRECONDITION", `Nobody has said where the authority of ${name} is: ${remedy}.`);
  }
  const addresses = authorityAddresses(given);
  const { joinToken } = options;
  const membership = await openAuthorityMembership({ ...basis, addresses, name, joinToken, stateDir }, elsewhere);
  // A folder that cannot be written is no reason to stay away.
  await file
    .save({ authority: addresses.join(","), name })
    .catch((error) => basis.log.warn("authority not saved", { error: String(error) }));
  return membership;
}

function nameOf({ name }: JoinFleetOptions, elsewhere: ProvidedIdentity | undefined): string {
  const certified = elsewhere?.identity.current().spiffeId.name;
  if (certified === undefined || (name !== undefined && !isBotName(name))) {
    if (name !== undefined && isBotName(name)) return name;
    throw new InterlockError("INVALID_ARGUMENT", `"${name ?? ""}" is no bot name, such as gripper/1.`);
  }
  if (name === undefined || name === certified) return certified;
  throw new InterlockError("FAILED_PRECONDITION", `The certificate is of ${certified}, and this is ${name}.`);
}
