import { connect, type TLSSocket } from "node:tls";
import {
  type CallOutcome,
  createHttp2Caller,
  type Rescan,
  type RescanResult,
  type RescanTarget,
} from "@interlock/audit";
import { certificatesToPem, InterlockError } from "@interlock/bot";
import { parseCertificate, readAddress } from "@interlock/bot/internal";
import { parseSpiffeId } from "@interlock/policy";
import type { Session } from "../operator.js";

/** How long one address may take to answer, in milliseconds. */
const timeoutMs = 3_000;

/** How many addresses are looked at together. */
const together = 64;

/**
 * Makes a rescan under an operator's identity. It makes a TLS connection to each address, and reads who is there; for a
 * method it opens a call without a message and without a token, as every scan does, so no handler runs. A method with a stream
 * of requests has to be one that needs a token.
 */
export function createRescan({ bot }: Pick<Session, "bot">): Rescan {
  return async (targets) => {
    const results: RescanResult[] = [];
    for (let at = 0; at < targets.length; at += together) {
      const some = targets.slice(at, at + together);
      results.push(
        ...(await Promise.all(some.map((target) => look(bot, target).catch((error) => failed(target, error))))),
      );
    }
    return results;
  };
}

function failed({ address }: RescanTarget, error: unknown): RescanResult {
  return { address, state: "not known", detail: `It could not be scanned: ${InterlockError.from(error).message}` };
}

async function look(bot: Session["bot"], target: RescanTarget): Promise<RescanResult> {
  const { address } = target;
  const opened = await open(bot, address);
  if ("state" in opened) return opened;
  const { socket } = opened;
  try {
    const here = peerOf(socket);
    if (here === undefined) {
      return {
        address,
        state: "not known",
        detail: "Something listens that does not prove an identity of this fleet.",
      };
    }
    const { methods } = target;
    if (methods?.length === 0) {
      const detail = `${here} listens, and no method of it can be tried without starting its handler.`;
      return { address, state: "not known", detail };
    }
    if (methods) return await tryAll(bot, { address, methods }, socket, here);
    if (here === target.bot) return { address, state: "still serves", detail: `${here} still listens.` };
    return { address, state: "gone", detail: `Another bot listens there now: ${here}.` };
  } finally {
    socket.destroy();
  }
}

/** How many methods are tried over one connection: their streams stay open, and a scan reads only so much of an answer. */
const perConnection = 32;

async function tryAll(
  bot: Session["bot"],
  { address, methods }: { readonly address: string; readonly methods: readonly string[] },
  first: TLSSocket,
  here: string,
): Promise<RescanResult> {
  const result = await tryMethods(first, address, methods.slice(0, perConnection), here);
  if (result.state !== "answers 12" || methods.length <= perConnection) return result;
  const opened = await open(bot, address);
  if ("state" in opened) return { ...opened, state: "not known" };
  const { socket } = opened;
  const next = peerOf(socket);
  if (next === here) return tryAll(bot, { address, methods: methods.slice(perConnection) }, socket, here);
  socket.destroy();
  return { address, state: "not known", detail: "Another server answered before all methods were tried." };
}

async function tryMethods(
  socket: TLSSocket,
  address: string,
  methods: readonly string[],
  here: string,
): Promise<RescanResult> {
  const caller = createHttp2Caller(socket, "https", address);
  try {
    for (const path of methods) {
      const call = caller.begin(path);
      await call.settled(timeoutMs);
      const { grpc, ...outcome } = call.outcome();
      if (grpc === 12) continue;
      const method = path.slice(1);
      if (grpc === undefined) {
        return { address, state: "not known", detail: `${here} gave no answer to ${method}: ${silence(outcome)}.` };
      }
      return { address, state: "still serves", detail: `${here} answers ${method} with code ${grpc}, not with 12.` };
    }
    return { address, state: "answers 12", detail: `${here} answers UNIMPLEMENTED.` };
  } finally {
    caller.end();
  }
}

/** Why a call has no status. */
function silence({ kind, http }: Pick<CallOutcome, "kind" | "http">): string {
  if (kind === "open") return "it waits for a request";
  return kind === "lost" ? "the connection was closed" : `HTTP status ${http}`;
}

/** The name of the bot at the other end, if it has proved one of this fleet. */
function peerOf(socket: TLSSocket): string | undefined {
  const certificate = socket.authorized ? socket.getPeerX509Certificate() : undefined;
  if (!certificate) return undefined;
  try {
    const { uris } = parseCertificate(certificate.raw);
    return uris.length === 1 ? parseSpiffeId(uris[0] ?? "")?.name : undefined;
  } catch {
    return undefined;
  }
}

function open(bot: Session["bot"], address: string): Promise<{ socket: TLSSocket } | RescanResult> {
  const { host, port } = readAddress(address);
  const { privateKey, chain } = bot.identity.current();
  return new Promise((resolve) => {
    const socket = connect({
      host,
      port,
      key: privateKey,
      cert: certificatesToPem(chain),
      ca: certificatesToPem(bot.trust.state.caCertificates),
      rejectUnauthorized: false, // Who is there is read, not believed: see `peerOf`.
      checkServerIdentity: () => undefined,
      minVersion: "TLSv1.3",
      ALPNProtocols: ["h2"],
    });
    const settle = (state: RescanResult["state"], detail: string) => {
      socket.destroy();
      resolve({ address, state, detail });
    };
    const timer = setTimeout(
      () => settle("not known", "It does not answer: a firewall, or a host that is away."),
      timeoutMs,
    );
    // A port of the range for clients can be connected with itself.
    socket.once("connect", () => {
      if (socket.localPort === port && socket.localAddress === socket.remoteAddress) settle("gone", "Nothing listens.");
    });
    socket.once("secureConnect", () => resolve({ socket }));
    socket.on("error", ({ code = "no TLS" }: NodeJS.ErrnoException) => {
      if (code === "ECONNREFUSED") settle("gone", "Nothing listens.");
      else if (code === "ENOTFOUND") settle("gone", `${host} does not resolve.`);
      else settle("not known", `No connection could be made (${code}).`);
    });
    socket.once("close", () => settle("not known", "The connection was closed."));
    socket.once("close", () => clearTimeout(timer));
    socket.once("secureConnect", () => clearTimeout(timer));
  });
}
