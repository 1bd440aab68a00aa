import { InterlockError, type Reason } from "@interlock/bot";
import { expectedServers, parseSpiffeId } from "@interlock/policy";
import { Command } from "commander";
import type { FoundMethod } from "../call/find-method.js";
import { maximumJsonLength } from "../call/read-json.js";
import { readLines } from "../call/read-lines.js";
import { asMember, reaches, type Session } from "../operator.js";
import type { Output } from "../output.js";
import { parseSeconds } from "./options.js";

interface Options {
  readonly address?: string;
  readonly name?: string;
  readonly dir?: string;
  readonly delegation?: string;
  readonly protos: string;
  readonly manifest: string;
  readonly timeout?: number;
}

/** `interlock call`: calls a method under the identity of an operator or a bot. */
export function callCommand(output: Output): Command {
  return new Command("call")
    .description("Call a method of a bot, under your own identity and grants.")
    .argument("<method>", "Service/Method; the package may be omitted")
    .argument("[messages...]", "the messages as JSON; - reads one message per line from standard input", ["{}"])
    .option("--address <host:port>", "the bot's address. Default: an address that the authority has on record")
    .option("--name <name>", "call as this bot. Default: this project's operator")
    .option("--dir <folder>", "the folder of that bot's identity, if it is not in this project")
    .option("--delegation <id>", "call under this delegation, which the bot holds. Default: its own grants")
    .option("--protos <folder>", "the proto files; they are read when only the manifest was copied", "protos")
    .option("--manifest <file>", "the policies, as interlock generate wrote them", "src/gen/interlock.manifest.json")
    .option("--timeout <duration>", "the time limit of the call, such as 5s. Default: 30s", parseSeconds)
    .addHelpText("after", "\nExample:\n  interlock call GripperService/Grip '{\"newtons\": 4}'")
    .action(async (name: string, texts: readonly string[], options: Options) => {
      const { findMethod } = await import("../call/find-method.js");
      const found = await findMethod(name, options);
      warnOfDeprecation(output, found);
      if (found.warning) output.progress(found.warning);
      // What was typed is read before anything is dialed; standard input as it comes.
      const given = texts.map((text) => (text === "-" ? standardInput : found.read(text)));
      // Only the operator may look up addresses, also for a call as another bot.
      const places = options.address
        ? [{ address: options.address }]
        : await asMember((session) => placesOf(session, found.service, options.name ?? ""));
      await asMember(async ({ bot }) => {
        for (const [i, { address, server }] of places.entries()) {
          const isLast = i === places.length - 1;
          if (!isLast && !(await reaches(address))) continue;
          const { delegation } = options;
          const client = bot.client(found.service, address, {
            ...(server !== undefined && { server }),
            ...(delegation !== undefined && { delegation }),
          }) as Methods;
          try {
            return await call(output, client, found, given, (options.timeout ?? 30) * 1_000);
          } catch (error) {
            // Nothing has been sent to another bot than the one that was meant. Standard input can be read only once.
            const isOther = InterlockError.from(error).reason === ("SERVER_IDENTITY_MISMATCH" satisfies Reason);
            if (isLast || !isOther || texts.includes("-")) throw error;
          }
        }
      }, options);
    });
}

/** Says on standard error that the method is deprecated, as its own project knows. */
function warnOfDeprecation(output: Output, { method: { path, policy } }: FoundMethod): void {
  if (!policy.deprecation) return;
  const { since, sunset, replacement } = policy.deprecation;
  const days = [since && ` since ${since}`, sunset && ` and refused from ${sunset}`].filter(Boolean).join("");
  output.progress(`warning: ${path.slice(1)} is deprecated${days}${replacement ? `; call ${replacement}` : ""}`);
}

type Methods = Record<string, (...args: unknown[]) => unknown>;

async function call(
  output: Output,
  client: Methods,
  found: FoundMethod,
  given: readonly Given[],
  timeoutMs: number,
): Promise<void> {
  const { key, method, write } = found;
  const { kind } = method;
  const streamsIn = kind === "clientStreaming" || kind === "bidiStreaming";
  const request = streamsIn ? messages(given, found) : await only(given, found);
  const answer = client[key]?.(request, { timeoutMs });
  if (kind === "serverStreaming" || kind === "bidiStreaming") {
    for await (const message of answer as AsyncIterable<object>) print(output, write(message), false);
  } else {
    print(output, write((await answer) as object), true);
  }
}

function print(output: Output, message: object, pretty: boolean): void {
  output.result(message, () => output.line(JSON.stringify(message, undefined, pretty ? 2 : undefined)));
}

/** Where a service is served, and by which bot. */
interface Place {
  readonly address: string;
  /** The name of the bot; absent for an address that the user gave. */
  readonly server?: string | undefined;
}

/** The maximum number of bots that are tried. */
const maximumPlaces = 8;

/** Finds the bots at which a bot calls a service, by its definition, the latest report first. */
async function placesOf({ admin }: Session, service: FoundMethod["service"], caller: string): Promise<Place[]> {
  const { name } = service;
  const servers = expectedServers(service, caller);
  const { endpoints } = await admin.findEndpoints({ service: name, servedBy: [...servers] });
  if (endpoints.length === 0) {
    const who = servers.length > 0 ? `No bot of ${servers.join(", ")}` : "No bot";
    throw new InterlockError("NOT_FOUND", `${who} serves ${name}: start one, or give --address.`);
  }
  return endpoints.slice(0, maximumPlaces).map(({ address, spiffeId }) => {
    return { address, server: parseSpiffeId(spiffeId)?.name };
  });
}

/** A message, or that messages are to be read from standard input. */
type Given = object | typeof standardInput;
const standardInput = Symbol("standard input");

async function* messages(given: readonly Given[], { read }: FoundMethod): AsyncGenerator<object> {
  for (const one of given) {
    if (one !== standardInput) yield one;
    else for await (const line of readLines(process.stdin, maximumJsonLength)) if (line.trim()) yield read(line);
  }
}

async function only(given: readonly Given[], found: FoundMethod): Promise<object> {
  let count = 0;
  let first: object | undefined;
  for await (const message of messages(given, found)) {
    first ??= message;
    count++;
  }
  if (first && count === 1) return first;
  throw new InterlockError("INVALID_ARGUMENT", `This method takes one message, but ${count} were given.`);
}
