import { join } from "node:path";
import { InterlockError, joinFleet, type Reason, silentLog } from "@interlock/bot";
import { EchoService, rawCall, rawSession, shows } from "@interlock/bot/testing";
import { authorityStage } from "./authority-stage.js";
import { answerOf, audience, reset } from "./echo-stage.js";
import type { Answer, Row } from "./row.js";

export const unavailableRow: Row = {
  row: 28,
  attack: "authority down; trust feed stale past its bound",
  async play() {
    const stage = await authorityStage();
    const { authority } = stage;
    await authority.applyGrants(`grants: {"caller/*": {${audience}: ["echo:call", "echo:reset"]}}`);
    const server = await stage.joinAs("echo/1");
    const caller = await stage.joinAs("caller/1");
    const late = await stage.joinAs("caller/2");
    const joinToken = await authority.createJoinToken("caller/3");
    let handled = 0;
    const denials: string[] = [];
    server.onDenial(({ reason }) => denials.push(reason));
    const { port, address } = await server.serve({ port: 0 }, (routes) =>
      routes.add(EchoService, {
        echo: (request) => request,
        async *count() {},
        join: () => ({}),
        async *chat() {},
        open: () => ({}),
        reset() {
          handled++;
          return {};
        },
      }),
    );
    const session = rawSession(port, shows(caller.identity.current()));
    const authorization = await stage.authorization(caller, audience, ["echo:call", "echo:reset"]);
    const call = async (): Promise<Answer> => answerOf(await rawCall(session, reset.path, { authorization }));

    async function refused(work: () => Promise<unknown>, reason: Reason): Promise<Answer> {
      try {
        await work();
        return 0;
      } catch (error) {
        if (!(error instanceof InterlockError) || error.reason !== reason) throw error;
        return error.code === "UNAVAILABLE" ? 14 : 13;
      }
    }

    return stage.play(
      [
        {
          name: "a bot that needs a token, and the authority is down",
          answer: 14,
          async attack() {
            await authority.close();
            return refused(async () => late.client(EchoService, address).reset({}), "AUTHORITY_UNREACHABLE");
          },
        },
        {
          name: "a bot that joins, and the authority is down",
          answer: 14,
          attack: () =>
            refused(
              () =>
                joinFleet({
                  authority: authority.address,
                  name: "caller/3",
                  joinToken,
                  stateDir: join(stage.folder, "late"),
                  log: silentLog,
                }),
              "AUTHORITY_UNREACHABLE",
            ),
        },
        {
          name: "a risky method, with a good token, past the bound of the trust",
          answer: 14,
          reason: "TRUST_STALE",
          async attack() {
            stage.botClock.ahead = 61_000;
            const answer = await call();
            const harmless = await rawCall(session, EchoService.methods.echo.path, { authorization });
            stage.botClock.ahead = 0;
            if (harmless.status !== 0) throw new Error(`a harmless method was answered ${harmless.status}`);
            return answer;
          },
        },
      ],
      {
        // With a valid token, and within the bound, with or without the authority.
        async control() {
          const answer = await call();
          if (answer !== 0) throw new Error(`the good call was answered ${answer}`);
        },
        handled: () => handled,
        denials: () => denials,
        async end() {
          session.destroy();
          await stage.end();
        },
      },
    );
  },
};
