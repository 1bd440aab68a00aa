import { join as joinPath } from "node:path";
import { isBotName } from "@interlock/policy";
import { type Clock, systemClock } from "../base/clock.js";
import { InterlockError } from "../base/error.js";
import { ownGrpcLog } from "../base/grpc-log.js";
import { checkLog, jsonLog, type Log } from "../base/log.js";
import { namedLog } from "../base/named-log.js";
import { createRecorder, type Recorder } from "../base/recorder.js";
import { warnOfNode } from "../base/warn-node.js";
import { type Bot, createBot } from "../bot.js";
import { type ConnectionTimes, connectionTimes } from "../client/connection-times.js";
import type { Membership } from "../membership.js";
import type { IdentityProvider, IssuerProvider, ProvidedIdentity } from "../providers/provider.js";
import { authorityAddresses } from "./authority-addresses.js";
import { createAuthorityFile } from "./authority-file.js";
import { openAuthorityMembership } from "./authority-membership.js";
import { openProvidedMembership, withIssuer } from "./provided-membership.js";

/** The options of {@link joinFleet}. */
export interface JoinFleetOptions {
  /**
   * `host:port` of the authority. If several authorities share a store: all of them, as a list or joined by commas.
   * Default: the authority that this bot joined last.
   */
  readonly authority?: string | readonly string[] | undefined;
  /** The bot's name in the fleet, for example `gripper/1`. Default with `identity`: the name in its certificate. */
  readonly name?: string;
  /** The join token that `interlock invite` printed; needed only the first time, and ignored once it has been used. */
  readonly joinToken?: string | undefined;
  /**
   * The way in for a pod in Kubernetes, in place of a join token: the projected token of its ServiceAccount, with the SPIFFE ID
   * of the authority as audience (`tokenFile`), and the fleet's CA certificates, PEM (`caFile`). The authority's join rules
   * decide on the name. Keep `stateDir` in an `emptyDir` volume: a pod joins once.
   */
  readonly serviceAccount?: { readonly tokenFile: string; readonly caFile: string } | undefined;
  /** The source of the identity in place of the authority; see {@link fromFiles}. */
  readonly identity?: IdentityProvider;
  /** The source of tokens in place of the authority; see {@link fromIssuer}. */
  readonly issuer?: IssuerProvider;
  /** The folder for identity and trust. Default: `.interlock/bots/<name>`. */
  readonly stateDir?: string;
  /**
   * The version of the bot's program, which operators see: up to 64 printable characters without spaces. Default: the
   * version in package.json when npm started the program, otherwise none.
   */
  readonly version?: string;
  /** How clients notice that a server has vanished, and when they let go of a connection. All in milliseconds, `Infinity` for never. */
  readonly connections?:
    | {
        /**
         * The silence on a connection, while something is waited for, after which the server is asked for a sign of life; and
         * the time before idle connections are probed by TCP. Default: 2,000.
         */
        readonly silenceMs?: number | undefined;
        /**
         * The time that the server has to give a sign of life. Then its calls fail with `SERVER_UNREACHABLE`, and the next ones
         * use another connection. Longer than a server may be busy without a pause. Default: 5,000.
         */
        readonly answerMs?: number | undefined;
        /** A connection without calls is closed after this time, and before twice that. Default: 300,000. */
        readonly idleMs?: number | undefined;
      }
    | undefined;
  /** The log. Default: JSON lines on standard error. */
  readonly log?: Log;
  /** The source of the time. Default: the machine's. */
  readonly clock?: Clock;
}

/**
 * Makes this process a bot of a fleet, with the identity that was saved the last time, or with a new one for the join token.
 *
 * Certificate, tokens and trust then keep themselves current. A bot whose certificate has expired comes back with its key, within
 * the authority's window (30 days by default); for that, the authority has to be there. A bot with an identity also starts while the authority is
 * away; its trust is stale then, and high-risk methods are refused until the authority has been heard.
 *
 * Identity and tokens may each come from a provider. If both do and no `authority` is given, there is no authority, so no
 * revocations arrive: a bot is then removed by letting its certificate expire.
 *
 * @param options - The authority, the bot's name and its join token; or the providers.
 * @returns The bot.
 * @throws InterlockError with a message that says what to do, and a reason if the fleet refused: `JOIN_TOKEN_…`,
 *   `CA_PIN_MISMATCH`, `AUTHORITY_UNREACHABLE`.
 *
 * @example
 * ```ts
 * const bot = await joinFleet({ authority: "localhost:7443", name: "gripper/1", joinToken });
 * ```
 *
 * @example
 * ```ts
 * const bot = await joinFleet({
 *   identity: fromFiles({ certificate: "/certs/tls.crt", key: "/certs/tls.key", ca: "/certs/ca.crt" }),
 *   issuer: fromIssuer({ url: "https://login.example.com" }),
 * });
 * ```
 */
export async function joinFleet(options: JoinFleetOptions): Promise<Bot> {
  const { log: given = jsonLog, clock = systemClock } = options;
  checkLog(given);
  const times = connectionTimes(options.connections);
  const log = namedLog(given, options.name);
  ownGrpcLog(log);
  warnOfNode(log);
  const recorder = createRecorder();
  const provided = await options.identity?.open({ clock, log });
  try {
    const own = namedLog(given, nameOf(options, provided));
    const base = await openMembership(options, { recorder, clock, log: own, times }, provided);
    const membership = options.issuer ? await withIssuer(base, options.issuer, { clock, log: own }) : base;
    return createBot({
      ...membership,
      async leave() {
        await membership.leave?.();
        provided?.close();
      },
      recorder,
      clock,
      log: own,
      connections: options.connections,
    });
  } catch (error) {
    provided?.close();
    throw error;
  }
}

/** The tools that a membership works with. */
interface Basis {
  readonly recorder: Recorder;
  readonly clock: Clock;
  readonly log: Log;
  readonly times: ConnectionTimes;
}

async function openMembership(
  options: JoinFleetOptions,
  basis: Basis,
  provided: ProvidedIdentity | undefined,
): Promise<Membership> {
  const name = nameOf(options, provided);
  if (provided && options.issuer && options.authority === undefined) {
    return openProvidedMembership(provided, basis.clock);
  }
  const stateDir = options.stateDir ?? joinPath(".interlock", "bots", name);
  const file = createAuthorityFile(stateDir);
  const given = options.authority ?? (await file.load())?.authority;
  if (given === undefined) {
    const remedy = 'pass it as authority (host:port), or run "interlock join" here first';
    throw new InterlockError("FAILED_PRECONDITION", `The address of the authority of ${name} is not known: ${remedy}.`);
  }
  const addresses = authorityAddresses(given);
  const { joinToken, serviceAccount } = options;
  const version = versionOf(options);
  const membership = await openAuthorityMembership(
    { ...basis, addresses, name, joinToken, serviceAccount, stateDir, version },
    provided,
  );
  // A folder that cannot be written is no reason not to join.
  await file
    .save({ authority: addresses.join(","), name })
    .catch((error) => basis.log.warn("authority not saved", { error: String(error) }));
  return membership;
}

function nameOf({ name }: JoinFleetOptions, provided: ProvidedIdentity | undefined): string {
  const certified = provided?.identity.current().spiffeId.name;
  if (certified === undefined || (name !== undefined && !isBotName(name))) {
    if (name !== undefined && isBotName(name)) return name;
    throw new InterlockError("INVALID_ARGUMENT", `"${name ?? ""}" is no bot name, such as gripper/1.`);
  }
  if (name === undefined || name === certified) return certified;
  throw new InterlockError("FAILED_PRECONDITION", `The certificate is of ${certified}, and this is ${name}.`);
}

const versionForm = /^[^\p{C}\p{Z}]{0,64}$/u;

function versionOf({ version }: JoinFleetOptions): string {
  const started = process.env.npm_package_version ?? "";
  if (version === undefined) return versionForm.test(started) ? started : "";
  if (versionForm.test(version)) return version;
  throw new InterlockError(
    "INVALID_ARGUMENT",
    "The version is no text of up to 64 printable characters without spaces.",
  );
}
