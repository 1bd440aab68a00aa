import { InterlockError } from "@interlock/bot";
import type { BotParts, Connector } from "@interlock/bot/internal";
import { checkAddresses, connectionTimes, connectService, createDeprecationLog } from "@interlock/bot/internal";
import type { ConnectorSource } from "../forward/bot-way.js";
import { type CreatedMethod, createPassedMethod } from "../forward/create-passed-method.js";
import { Instances } from "../routes/instances.js";
import { passedService } from "../routes/route.js";
import type { CompleteRoute } from "../routes/routes.js";

/** A method that the program may call, and the connector over which it does. */
export interface OutboundMethod extends CreatedMethod {
  readonly source: ConnectorSource<undefined>;
}

/** The methods that the program beside a sidecar may call. */
export interface OutboundMethods {
  /** Finds a method by `/package.Service/Method`. */
  find(path: string): OutboundMethod | undefined;
  /** How many connections to bots are open. */
  readonly connections: number;
  close(): void;
}

/** Makes them: with the bot's own tokens, at the addresses given or where the directory has each service, as a client of the bot does. */
export function createOutboundMethods(parts: BotParts, routes: readonly CompleteRoute[]): OutboundMethods {
  const connectors: Connector[] = [];
  const methods = new Map<string, OutboundMethod>();
  const options = {
    ...parts,
    deprecations: createDeprecationLog(parts.log, parts.clock),
    times: connectionTimes(parts.connections),
  };
  for (const { service, addresses, servers } of routes) {
    const definition = passedService(service);
    const connector = connectService(definition, addresses && checkAddresses(addresses), servers, options);
    const calling = withoutNotFound(connector);
    connectors.push(connector);
    // The connector chooses among the places; so there is one for all.
    const instances = new Instances();
    instances.set([{ address: addresses?.join(" ") ?? "directory", servers }]);
    const source = { begin() {}, end() {}, connector: () => calling };
    for (const method of Object.values(definition.methods)) {
      const { served, made } = createPassedMethod(definition, method, instances, parts.recorder.called.of(method.path));
      methods.set(method.path, { served, made: { ...made, isIdempotent: false }, source });
    }
  }
  return {
    find: (path) => methods.get(path),
    get connections() {
      return connectors.reduce((sum, connector) => sum + connector.open().channels, 0);
    },
    close() {
      for (const connector of connectors) connector.close();
    },
  };
}

/** For a program, NOT_FOUND is an answer of the service itself. That nobody serves it now is UNAVAILABLE. */
function withoutNotFound(connector: Connector): Connector {
  return {
    ...connector,
    credentials(...given) {
      const found = connector.credentials(...given);
      return found instanceof Promise ? found.catch((thrown) => Promise.reject(asUnavailable(thrown))) : found;
    },
  };
}

function asUnavailable(thrown: unknown): InterlockError {
  const error = InterlockError.from(thrown);
  return error.code === "NOT_FOUND" ? new InterlockError("UNAVAILABLE", error.message, { cause: error }) : error;
}
