import { createHash } from "node:crypto";
import { once } from "node:events";
import type { ClientHttp2Session } from "node:http2";
import type { TLSSocket } from "node:tls";
import { rawCall, rawSession, shows } from "@interlock/bot/testing";
import type { Attack } from "../attack.js";
import { rawAnswer, tally } from "./raw-answer.js";

const health = "/grpc.health.v1.Health";
const calls = 4_000;
const atOnce = 250;
const vouchesOfACall = 32;

export const repeatedVouches: Attack = {
  name: "repeated-vouches",
  row: 43,
  title: "the same vouch many times, in many calls",
  who: "B",
  target: "bot",
  probes: ["echo", "connect"],
  bots: ["mallory/1"],
  allowed: ["0", "8", "close"],
  async run({ target, bots: [bot], signal }) {
    if (!bot) throw new Error("the attack needs a bot");
    const identity = bot.identity.current();
    const older = rawSession(target.port, shows(identity));
    const later = rawSession(target.port, shows(identity));
    const { answers, count, sent } = tally();
    try {
      const voucher = await voucherOf(older);
      const server = thumbprintOf(older);
      const bond = `interlock-vouch ${voucher} ${identity.leaf.thumbprint} ${server}`;
      const vouch = createHash("sha256").update(bond).digest("base64url");
      const headers = { "interlock-vouch": Array(vouchesOfACall).fill(vouch).join(", ") };
      const vouching = async () => {
        while (sent() < calls && !signal.aborted) {
          count(rawAnswer(await rawCall(later, `${health}/Check`, headers)));
        }
      };
      await Promise.all(Array.from({ length: atOnce }, vouching));
    } finally {
      older.destroy();
      later.destroy();
    }
    return { sent: sent(), answers };
  },
};

/** The secret that a server tells the peer of a connection, in its answer to any stream. */
async function voucherOf(session: ClientHttp2Session): Promise<string> {
  const headers = { ":method": "POST", "content-type": "application/grpc", te: "trailers" };
  const stream = session.request({ ...headers, ":path": `${health}/Watch` });
  stream.on("error", () => {}).end(Buffer.alloc(5));
  const [response] = (await once(stream, "response")) as [Record<string, unknown>];
  stream.resume();
  return String(response["interlock-voucher"]);
}

function thumbprintOf({ socket }: ClientHttp2Session): string {
  const { fingerprint256 = "" } = (socket as TLSSocket).getPeerCertificate();
  return Buffer.from(fingerprint256.replaceAll(":", ""), "hex").toString("base64url");
}
