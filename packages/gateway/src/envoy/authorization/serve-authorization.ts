import { type Bot, type Clock, jsonLog, type Log, type ServiceDefinition, systemClock } from "@interlock/bot";
import { createChain, partsOf } from "@interlock/bot/internal";
import type { Rate, ServedService } from "@interlock/policy";
import { Authorization } from "../../gen/envoy/service/auth/v3/external_auth_interlock.js";
import { isAuthority } from "../../routes/in-own-name.js";
import { createAnswerCheck } from "./answer-check.js";
import { type CertificateSlotsOptions, openCertificateSlots } from "./certificate-slots.js";
import { createDecide } from "./decide.js";
import { createExchange } from "./exchange.js";
import { createExchangedTokens } from "./exchanged-tokens.js";
import { keepTrustFile } from "./keep-trust-file.js";
import { createProxiedPeers } from "./proxied-peers.js";
import { createSecretFiles } from "./secret-files.js";
import { servedPaths } from "./served-paths.js";

/** How an authorization service is run. */
export interface AuthorizationOptions extends Pick<CertificateSlotsOptions, "settleMs"> {
  /** The services behind the door, from the manifest. */
  readonly services: readonly ServedService[];
  /** The folder for Envoy's certificates and keys. Only this user can read it. */
  readonly secrets: string;
  /** The port to listen on; 0 for any free port. */
  readonly port: number;
  /** The interface to listen on. Default: `127.0.0.1`. */
  readonly host?: string | undefined;
  /**
   * Lets calls of methods that any bot may call pass, in the gateway's own name: without a token, nothing can tell the bot who calls.
   * Default: false, they are refused with `ACTOR_NOT_ALLOWED`.
   */
  readonly anyBot?: boolean | undefined;
  /** How many calls of all methods one caller may make. Default: 2,000 a second, 4,000 at once. */
  readonly callerRate?: Rate | undefined;
  readonly clock?: Clock | undefined;
  /** The log. Default: JSON lines on standard error. */
  readonly log?: Log | undefined;
}

/** A running authorization service. */
export interface AuthorizationServer {
  /** `host:port`. */
  readonly address: string;
  readonly port: number;
  /**
   * Refuses new questions, lets the open ones finish, then closes.
   *
   * @param graceMs - How long open questions may take, in milliseconds. Default: 10,000.
   */
  close(graceMs?: number): Promise<void>;
}

/** How often Envoy may ask: the rates that count are those of the callers. */
const proxyRate: Rate = { perSecond: 1_000_000, burst: 1_000_000 };
const proxyCalls = 65_536;

/**
 * Serves `envoy.service.auth.v3.Authorization` for the Envoy of this bot, over mutual TLS, and writes the certificates and keys for
 * it. It answers from the decision code of the bots, exchanges the token of each caller, and names the cluster that shows the
 * certificate which the new token is bound to.
 *
 * Only who shows the identity of this bot may ask: that is Envoy, which has it from the folder of the secrets.
 *
 * @param bot - The bot whose identity Envoy shows. It needs `token:exchange` at every service behind the door.
 *
 * @example
 * ```ts
 * const bot = await joinFleet({ authority: "localhost:7443", name: "gateway/1" });
 * await serveAuthorization(bot, { services, secrets: "/run/envoy", port: 9443 });
 * ```
 */
export async function serveAuthorization(bot: Bot, options: AuthorizationOptions): Promise<AuthorizationServer> {
  const { services, clock = systemClock, log = jsonLog } = options;
  const { trust, identity, name } = bot;
  const ofAuthority = services.find((service) => isAuthority(service.name));
  if (ofAuthority)
    throw new TypeError(`${ofAuthority.name} cannot be passed on: it acts for the bot that is connected`);
  const parts = partsOf(bot);
  const closes = new AbortController();
  try {
    return await serve();
  } catch (error) {
    closes.abort();
    throw error;
  }

  async function serve(): Promise<AuthorizationServer> {
    const files = createSecretFiles(options.secrets);
    const keeping = { files, clock, log, signal: closes.signal };
    await keepTrustFile(trust, keeping);
    const certificates = await openCertificateSlots({ identity, settleMs: options.settleMs, ...keeping });
    const peers = createProxiedPeers(trust, clock);
    closes.signal.addEventListener("abort", peers.close, { once: true });
    const check = createAnswerCheck({
      recorder: parts.recorder,
      clock,
      decide: createDecide({
        methods: servedPaths(services),
        peers,
        clock,
        certificates,
        inOwnName: options.anyBot ?? false,
        chain: createChain(trust, { callerRate: options.callerRate, identity }),
        exchanged: createExchangedTokens({ certificates, clock, exchange: createExchange(parts) }),
      }),
    });
    const server = await bot.serve(
      {
        port: options.port,
        ...(options.host !== undefined && { host: options.host }),
        callerRate: proxyRate,
        callsPerPeer: proxyCalls,
        callsPerConnection: proxyCalls,
        requestBytesPerPeer: 2 ** 30,
      },
      (routes) => routes.add(forBot(name), { check }),
    );
    for (const service of services) server.setHealth(service.name, true);
    return {
      address: server.address,
      port: server.port,
      async close(graceMs) {
        await server.close(graceMs);
        closes.abort();
      },
    };
  }
}

/** The service as only the bot itself may call it. */
function forBot(name: string): typeof Authorization {
  const { check } = Authorization.methods;
  const own = { ...check, policy: { ...check.policy, callers: [name] } };
  return { ...Authorization, servedBy: [name], methods: { check: own } } satisfies ServiceDefinition;
}
