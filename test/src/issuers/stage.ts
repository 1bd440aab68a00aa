import {
  type Bot,
  type CallContext,
  createObservable,
  fromIssuer,
  type Identity,
  type IdentityProvider,
  InterlockError,
  type IssuerProvider,
  joinFleet,
  type MutableObservable,
  silentLog,
  systemClock,
} from "@interlock/bot";
import { clientOf, joinedBot, spiffeIdOf, subjectOf } from "./clients.js";
import type { IssuerFleet } from "./fleet.js";
import { Coffee, Gripper } from "./services.js";
import type { IssuerOptions, TriedIssuer } from "./tried-issuer.js";

type MethodName = "watch" | "grip" | "brew";

/** How a call differs from the usual one. */
export interface CallOptions {
  /** The options by which both ends know the issuer, in place of those of its page. */
  readonly options?: Partial<IssuerOptions>;
  /** The token that the caller shows, in place of its own. */
  readonly token?: string;
  /** The caller's certificate, in place of the usual. */
  readonly identity?: Identity;
  /** How far the server's clock is ahead, in milliseconds. Default: 0. */
  readonly aheadMs?: number;
}

/** A fleet on one issuer, without an authority: servers, and bots that call them. */
export interface Stage {
  readonly issuer: TriedIssuer;
  /** Calls a method as a bot, over mutual TLS. Gives `passed`, or the reason of the refusal. */
  call(bot: string, method: MethodName, how?: CallOptions): Promise<string>;
  /** A token from the issuer, or a rejection with the reason why there is none. */
  token(
    bot: string,
    service: string,
    scope: string,
    more?: Partial<IssuerOptions> & { as?: Identity },
  ): Promise<string>;
  /** The certificate of a bot, always the same. */
  identity(bot: string): Promise<Identity>;
  /** Another certificate of a bot. */
  renewed(bot: string): Promise<Identity>;
  /** Gives a bot another certificate, to which it moves while it goes on calling. */
  renew(bot: string): Promise<Identity>;
  /** The thumbprint of the certificate with which the last call was made that reached a handler. */
  lastCertificate(): string | undefined;
  close(): Promise<void>;
}

/** Opens the stage. The issuer trusts the CAs of the fleet. */
export function openStage(issuer: TriedIssuer, fleet: IssuerFleet): Stage {
  const identities = new Map<string, Promise<MutableObservable<Identity>>>();
  const servers = new Map<string, Promise<string>>();
  const callers = new Map<string, Promise<Bot>>();
  const bots: Bot[] = [];
  let lastCertificate: string | undefined;
  const handle = (_request: unknown, { caller }: CallContext) => {
    lastCertificate = caller.certificate.thumbprint;
    return {};
  };
  const handlers = { watch: handle, grip: handle, brew: handle };

  async function issue(bot: string): Promise<Identity> {
    return bot === joinedBot ? fleet.joined : fleet.ca.issue(spiffeIdOf(bot), { subject: subjectOf(bot) });
  }
  function held(bot: string): Promise<MutableObservable<Identity>> {
    return once(identities, bot, async () => createObservable(await issue(bot)));
  }
  const optionsWith = (more: Partial<IssuerOptions> = {}): IssuerOptions => ({ ...issuer.options, ...more });

  async function join(identity: MutableObservable<Identity>, provider: IssuerProvider, aheadMs = 0): Promise<Bot> {
    const roots = createObservable(fleet.roots);
    const source: IdentityProvider = { open: async () => ({ identity, roots, close() {} }) };
    const clock = { now: () => Date.now() + aheadMs };
    const bot = await joinFleet({ identity: source, issuer: provider, log: silentLog, clock });
    bots.push(bot);
    return bot;
  }

  function server(options: IssuerOptions, aheadMs: number): Promise<string> {
    return once(servers, JSON.stringify([options, aheadMs]), async () => {
      const identity = createObservable(await issue("gripper/1"));
      const bot = await join(identity, fromIssuer(options), aheadMs);
      const { address } = await bot.serve({ port: 0 }, (routes) => {
        routes.add(Gripper, handlers);
        routes.add(Coffee, handlers);
      });
      return address;
    });
  }

  const idOf = (bot: string) => ({ clientId: clientOf({ bot }).id });

  return {
    issuer,
    async call(bot, method, { options, token, identity, aheadMs = 0 } = {}) {
      const address = await server(optionsWith(options), aheadMs);
      const own = fromIssuer(optionsWith({ ...options, ...idOf(bot) }));
      const joined = async () => join(await held(bot), own);
      const caller =
        token === undefined && identity === undefined
          ? await once(callers, JSON.stringify([bot, options]), joined)
          : await join(createObservable(identity ?? (await held(bot)).current()), showing(own, token));
      const gripper = caller.client(Gripper, address);
      const coffee = caller.client(Coffee, address);
      const call = { watch: () => gripper.watch({}), grip: () => gripper.grip({}), brew: () => coffee.brew({}) }[
        method
      ];
      return call().then(
        () => "passed",
        (error) => InterlockError.from(error).reason ?? String(error),
      );
    },
    async token(bot, service, scope, { as, ...more } = {}) {
      const provided = await fromIssuer(optionsWith({ ...idOf(bot), ...more })).open({
        clock: systemClock,
        log: silentLog,
      });
      try {
        const identity = as ?? (await held(bot)).current();
        return (await provided.tokens.authorization(service, [scope], identity)).replace("Bearer ", "");
      } finally {
        provided.close();
      }
    },
    identity: async (bot) => (await held(bot)).current(),
    renewed: issue,
    async renew(bot) {
      const next = await issue(bot);
      (await held(bot)).replace(next);
      return next;
    },
    lastCertificate: () => lastCertificate,
    async close() {
      await Promise.all(bots.map((bot) => bot.close(0)));
    },
  };
}

/** The same issuer, whose only token is the given one. */
function showing(issuer: IssuerProvider, token: string | undefined): IssuerProvider {
  if (token === undefined) return issuer;
  return {
    async open(context) {
      const { trust, isStale, onStaleness, refetch, close, heardAt } = await issuer.open(context);
      const tokens = { authorization: () => `Bearer ${token}`, forget() {} };
      return { trust, tokens, heardAt, isStale, onStaleness, refetch, close };
    },
  };
}

function once<T>(made: Map<string, Promise<T>>, key: string, make: () => Promise<T>): Promise<T> {
  const known = made.get(key);
  if (known) return known;
  const one = make();
  made.set(key, one);
  return one;
}
