import { rawCall } from "@interlock/bot/testing";
import { answerOf, echo, echoStage } from "./echo-stage.js";
import type { Answer, Row } from "./row.js";

const p = echo.path;

/** Paths that are not quite one of the server's, with the answer that a bot gives. */
// 12 is grpc-js's own answer to an unknown path, before any code of ours runs: it is not recorded.
// HTTP/2 itself closes the stream for an invalid path; versions of Node differ in what is invalid.
export const games: readonly (readonly [path: string, answer: Answer])[] = [
  [p.slice(1), "close"],
  [`/${p}`, 12],
  [p.replace("/Echo", "%2fEcho"), 12],
  [p.replace("/Echo", "%2FEcho"), 12],
  [p.replace("/Echo", "//Echo"), 12],
  [p.toLowerCase(), 12],
  [p.toUpperCase(), 12],
  [p.replace("/Echo", "/echo"), 12],
  [`${p}?x=1`, 12],
  [`${p}#x`, 12],
  [`${p};x`, 12],
  [`${p}/`, 12],
  [`${p}/..`, 12],
  [`${p}\0`, "close"],
  [`${p} `, "close"],
  [` ${p}`, "close"],
  [`/x/..${p}`, 12],
  [`/.${p}`, 12],
  [`https://127.0.0.1${p}`, "close"],
  [p.replace("E", "%45"), 12],
  ["*", "close"],
  ["/", 12],
  ["", "close"],
  ["/test.EchoService", 12],
  ["/__proto__/toString", 12],
  ["/test.EchoService/constructor", 12],
  ["/test.EchoService/\u00c9cho", 12],
];

export const pathRow: Row = {
  row: 26,
  attack: ":path without its leading slash, with %2f, //, another case, a query string",
  async play() {
    const stage = await echoStage();
    const authorization = await stage.authorization();
    const variants = games.map(([path, answer]) => ({
      name: JSON.stringify(path),
      answer: answer === "close" ? (["close", 12] as const) : answer,
      attack: async () => answerOf(await rawCall(stage.session, path, { authorization })),
    }));
    return stage.play(variants, {
      async control() {
        const { status } = await rawCall(stage.session, p, { authorization });
        if (status !== 0) throw new Error(`the right path was answered ${status}`);
      },
    });
  },
};
