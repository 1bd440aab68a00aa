import { type Bot, InterlockError } from "@interlock/bot";
import {
  createReachableAddress,
  createServer,
  partsOf,
  type RunnableMethod,
  readInterface,
  toStatus,
} from "@interlock/bot/internal";
import type { ServedService, ServiceDefinition } from "@interlock/policy";
import { createAccessLog, type TellCall } from "../access-log.js";
import { createPassedMethod } from "../forward/create-passed-method.js";
import { ForwardedCall } from "../forward/forwarded-call.js";
import { createAdaptiveLimit, keepAdapted } from "../limits/adaptive-limit.js";
import { overloaded } from "../limits/overloaded.js";
import type { PortLimits } from "../limits/port-limits.js";
import { Instances } from "../routes/instances.js";
import { passedService } from "../routes/route.js";
import { formatLocalAddress, readLocalAddress } from "./local-address.js";
import { createProgramLink, type ProgramLink } from "./program-link.js";
import { ProgramWay } from "./program-way.js";

/** How calls from the fleet come to the program beside the sidecar. */
export interface InboundOptions extends PortLimits {
  /** The services of the program, by the manifest. What they do not name is answered UNIMPLEMENTED. */
  readonly services: readonly (ServedService | ServiceDefinition)[];
  /** Where the program takes gRPC without TLS: `unix:///path`, or a port of loopback. */
  readonly program: string;
  /** The address to listen on. Default: `127.0.0.1`. */
  readonly host?: string | undefined;
  /** `host` or `host:port` at which others reach it; see `ServeOptions`. */
  readonly advertise?: string | undefined;
  /** One of how many calls that went well is logged; 0 for none. Each that failed is. Default: 100. */
  readonly logSample?: number | undefined;
  /** The most calls that are open at once. It adapts to what the process can do. Default: 16,384. */
  readonly maximumCalls?: number | undefined;
}

/** The port at which the fleet calls the program. */
export interface Inbound {
  /** The port on which it listens. */
  readonly port: number;
  /** `host:port` at which others reach it. */
  readonly address: string;
  /** The full names of the services. */
  readonly services: readonly string[];
  /** Whether the program answers. */
  readonly answers: boolean;
  /** What is open now: connections of bots to the sidecar, their calls, and connections of the sidecar to the program. */
  open(): { readonly connections: number; readonly calls: number; readonly program: number };
  /** Refuses new calls, lets the open ones finish, then closes. */
  close(graceMs?: number): Promise<void>;
}

/**
 * Opens a port of the bot in front of the program beside it: a call is admitted as at any bot, by the policy of its method, and goes
 * on as bytes, with its caller in {@link trustedMetadata} and without its token. The services are healthy while the program answers.
 */
export async function openInbound(bot: Bot, options: InboundOptions): Promise<Inbound> {
  const parts = partsOf(bot);
  const { identity, trust, contact, recorder, clock, log } = parts;
  const { logSample = 100, maximumCalls, advertise, program, services, ...listening } = options;
  const host = readInterface(options.host ?? "127.0.0.1");
  const where = readLocalAddress(program);
  const instances = new Instances();
  instances.set([{ address: formatLocalAddress(where), servers: [] }]);
  const limit = createAdaptiveLimit({ most: maximumCalls, least: 64 });
  const writeLine = createAccessLog(log, logSample);
  const definitions: ServiceDefinition[] = services.map((service) =>
    Array.isArray(service.methods) ? passedService(service as ServedService) : (service as ServiceDefinition),
  );
  const methods = new Map<string, RunnableMethod>();
  let link: ProgramLink;

  const tell: TellCall = (call) => {
    limit.end(call.caller.name);
    writeLine(call);
  };
  for (const service of definitions) {
    for (const { path, policy } of Object.values(service.methods)) {
      if (policy.approval === undefined) continue;
      throw new InterlockError(
        "FAILED_PRECONDITION",
        `${path.slice(1)} has calls that wait for an operator. A sidecar passes requests on in pieces, and so cannot compare ` +
          "them with what was approved: serve it with bot.serve, or take approval out of its policy.",
      );
    }
    for (const method of Object.values(service.methods)) {
      const { served, made } = createPassedMethod(service, method, instances, recorder.served.of(method.path));
      const passed = { ...made, isIdempotent: false }; // There is no other program for a second try.
      methods.set(method.path, {
        ...served,
        pass(call, live, request) {
          if (!limit.begin(live.caller.name)) return call.sendStatus(toStatus(overloaded("the sidecar"), live.callId));
          const way = new ProgramWay(link, call.head, live.caller);
          new ForwardedCall(call, live, request, passed, way, tell).begin();
        },
      });
    }
  }

  const addressAt = await createReachableAddress({ host, advertise, towardsFleet: parts.towardsFleet });
  const server = await createServer(
    {
      identity,
      trust,
      contact,
      recorder,
      log,
      clock,
      ...listening,
      host,
      passing: (path) => methods.get(path),
      gateways: definitions.flatMap(({ via = [] }) => via),
    },
    () => {},
  );
  const showHealth = (serving: boolean) => {
    for (const { name } of definitions) server.setHealth(name, serving);
  };
  showHealth(false);
  link = createProgramLink(where, (answers, problem) => {
    showHealth(answers);
    if (answers) log.info("program answers", { program });
    else log.warn("program does not answer", { program, problem });
  });
  const address = addressAt(server.port);
  const stopReporting = parts.serving?.(definitions, address, server.address);
  const stopAdapting = keepAdapted(limit);
  let closing: Promise<void> | undefined;

  async function end(graceMs?: number): Promise<void> {
    stopReporting?.();
    showHealth(false);
    await server.close(graceMs);
    stopAdapting();
    link.close();
  }

  return {
    port: server.port,
    address,
    services: definitions.map(({ name }) => name),
    get answers() {
      return link.answers;
    },
    open() {
      const { connections, calls } = server.open();
      return { connections, calls, program: link.open().connections };
    },
    close: (graceMs) => (closing ??= end(graceMs)),
  };
}
