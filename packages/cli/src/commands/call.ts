import { createInterface } from "node:readline";
import { InterlockError, type Reason } from "@interlock/bot";
import { parseSpiffeId } from "@interlock/policy";
import { Command } from "commander";
import { type FoundMethod, findMethod } from "../find-method.js";
import { asMember, reaches, type Session } from "../operator.js";
import type { Output } from "../output.js";
import { parseSeconds } from "./options.js";

interface Options {
  readonly address?: string;
  readonly name?: string;
  readonly dir?: string;
  readonly protos: string;
  readonly manifest: string;
  readonly timeout: number;
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
    .option("--protos <folder>", "the proto files", "protos")
    .option("--manifest <file>", "the policies, as interlock generate wrote them", "src/gen/interlock.manifest.json")
    .option("--timeout <seconds>", "the time limit of the call", parseSeconds, 30)
    .addHelpText("after", "\nExample:\n  interlock call GripperService/Grip '{\"newtons\": 4}'")
    .action(async (name: string, texts: readonly string[], options: Options) => {
      const found = await findMethod(name, options);
      // Only the operator may look up addresses, also for a call as another bot.
      const places = options.address
        ? [{ address: options.address }]
        : await asMember((session) => placesOf(session, found.service));
      await asMember(async ({ bot }) => {
        for (const [i, { address, server }] of places.entries()) {
          const isLast = i === places.length - 1;
          if (!isLast && !(await reaches(address))) continue;
          const client = bot.client(found.service, address, server === undefined ? {} : { server }) as Methods;
          try {
            return await call(output, client, found, texts, options.timeout * 1_000);
          } catch (error) {
            // Nothing has been sent to another bot than the one that was meant. Standard input can be read only once.
            const isOther = InterlockError.from(error).reason === ("SERVER_IDENTITY_MISMATCH" satisfies Reason);
            if (isLast || !isOther || texts.includes("-")) throw error;
          }
        }
      }, options);
    });
}

type Methods = Record<string, (...args: unknown[]) => unknown>;

async function call(
  output: Output,
  client: Methods,
  { method: { kind }, key, check }: FoundMethod,
  texts: readonly string[],
  timeoutMs: number,
): Promise<void> {
  const streamsIn = kind === "clientStreaming" || kind === "bidiStreaming";
  const request = streamsIn ? messages(texts, check) : await only(texts, check);
  const answer = client[key]?.(request, { timeoutMs });
  if (kind === "serverStreaming" || kind === "bidiStreaming") {
    for await (const message of answer as AsyncIterable<object>) print(output, message, false);
  } else {
    print(output, (await answer) as object, true);
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

/** Finds the bots that may serve a service by its definition, the latest report first. */
async function placesOf({ admin }: Session, { name, servedBy }: FoundMethod["service"]): Promise<Place[]> {
  const { endpoints } = await admin.findEndpoints({ service: name, servedBy });
  if (endpoints.length === 0) {
    const who = servedBy.length > 0 ? `No bot of ${servedBy.join(", ")}` : "No bot";
    throw new InterlockError("NOT_FOUND", `${who} serves ${name}: start one, or give --address.`);
  }
  return endpoints.slice(0, maximumPlaces).map(({ address, spiffeId }) => {
    return { address, server: parseSpiffeId(spiffeId)?.name };
  });
}

type Check = (message: object) => void;

async function* messages(texts: readonly string[], check: Check): AsyncGenerator<object> {
  for (const text of texts) {
    if (text !== "-") yield parse(text, check);
    else for await (const line of createInterface({ input: process.stdin })) if (line.trim()) yield parse(line, check);
  }
}

async function only(texts: readonly string[], check: Check): Promise<object> {
  const given: object[] = [];
  for await (const message of messages(texts, check)) given.push(message);
  const [message] = given;
  if (given.length === 1 && message) return message;
  throw new InterlockError("INVALID_ARGUMENT", `This method takes one message, but ${given.length} were given.`);
}

function parse(text: string, check: Check): object {
  const message = readObject(text);
  check(message);
  return message;
}

function readObject(text: string): object {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null) return value;
  } catch {}
  throw new InterlockError(
    "INVALID_ARGUMENT",
    `A message must be a JSON object, such as '{"newtons": 4}', and not: ${text}`,
  );
}
