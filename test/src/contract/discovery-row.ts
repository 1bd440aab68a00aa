import { type Bot, InterlockError } from "@interlock/bot";
import { AuthorityService } from "@interlock/bot/protocol";
import { EchoService } from "@interlock/bot/testing";
import { authorityStage } from "./authority-stage.js";
import type { Answer, Row, Variant } from "./row.js";

const service = { ...EchoService, servedBy: ["echo/*"] };

const codes: Readonly<Record<string, number>> = {
  INVALID_ARGUMENT: 3,
  NOT_FOUND: 5,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  UNAVAILABLE: 14,
};

/** The answer to a call: 0, or the code of its error. */
async function answerOf(call: Promise<unknown>): Promise<Answer> {
  try {
    await call;
    return 0;
  } catch (thrown) {
    return codes[InterlockError.from(thrown).code] ?? 2;
  }
}

export const discoveryRow: Row = {
  row: 62,
  attack: "looks up services without a grant; is found for a service that it may not serve",
  async play() {
    const stage = await authorityStage();
    const address = stage.authority.address;
    const [honest, mallory, other, caller] = [
      await stage.joinAs("echo/1"),
      await stage.joinAs("mallory/1"),
      await stage.joinAs("echo/2"),
      await stage.joinAs("caller/1"),
    ];
    let [served, stolen] = [0, 0];
    await serveEcho(honest, () => served++);
    const client = caller.client(service);

    async function serveEcho(bot: Bot, echoed: () => void): Promise<string> {
      const none = async function* () {};
      const server = await bot.serve({ port: 0 }, (routes) =>
        routes.add(EchoService, {
          echo(request) {
            echoed();
            return request;
          },
          count: none,
          join: () => ({}),
          chat: none,
          open: () => ({}),
          reset: () => ({}),
        }),
      );
      return server.address;
    }
    let serving: Promise<string> | undefined;
    const evil = () => (serving ??= serveEcho(mallory, () => stolen++));
    const report = (bot: Bot, at: string) =>
      bot.client(AuthorityService, address).report({ endpoints: [{ service: service.name, address: at }] });
    const find = (bot: Bot, name: string, servedBy: readonly string[]) =>
      bot.client(AuthorityService, address).findServers({ service: name, servedBy });

    /** Makes a call through a client that has just looked the service up. "refused" when the honest bot got it. */
    async function callAnew(): Promise<Answer> {
      const before = served;
      const fresh = await stage.joinAs(`caller/${++callers}`);
      await fresh.client(service).echo({});
      await fresh.close(0);
      return stolen === 0 && served === before + 1 ? "refused" : 0;
    }
    let callers = 1;
    const variant = (name: string, answer: Answer, attack: () => Promise<Answer>): Variant => ({
      name,
      answer,
      attack,
    });

    return stage.play(
      [
        variant("a bot without a grant looks the service up", 7, () =>
          answerOf(find(mallory, service.name, ["echo/*"])),
        ),
        variant("a bot without a grant looks up a service that does not exist", 7, () =>
          answerOf(find(mallory, "no.such.Service", ["echo/*"])),
        ),
        variant("a bot without a grant calls by the service's name", 7, () =>
          answerOf(mallory.client(service).echo({})),
        ),
        variant("a look-up without patterns", 3, () => answerOf(find(caller, service.name, []))),
        variant("a look-up with 65 patterns", 3, () => answerOf(find(caller, service.name, Array(65).fill("echo/*")))),
        variant("a look-up with a pattern that is SQL's", 3, () => answerOf(find(caller, service.name, ["%"]))),
        variant("a look-up of a service with NUL in its name", 3, () => answerOf(find(caller, "a.B\0", ["echo/*"]))),
        variant("a bot that does not match served_by reports itself, last", "refused", async () => {
          await report(mallory, await evil());
          const { endpoints } = await find(caller, service.name, ["echo/*"]);
          if (endpoints.some(({ spiffeId }) => spiffeId === mallory.spiffeId.uri)) return 0;
          return callAnew();
        }),
        variant("it reports 256 addresses", "refused", async () => {
          const at = await evil();
          const endpoints = Array.from({ length: 256 }, (_, i) => {
            return { service: service.name, address: i === 0 ? at : `127.0.0.1:${i}` };
          });
          await mallory.client(AuthorityService, address).report({ endpoints });
          return callAnew();
        }),
        variant("a bot that matches served_by reports another bot's address", "refused", async () => {
          await report(other, await evil());
          return callAnew();
        }),
        variant("a bot that matches served_by reports 256 addresses at which nothing listens", "refused", async () => {
          const endpoints = Array.from({ length: 256 }, (_, i) => {
            return { service: service.name, address: `127.0.0.1:${i + 1}` };
          });
          await other.client(AuthorityService, address).report({ endpoints });
          const { endpoints: found } = await find(caller, service.name, ["echo/*"]);
          if (found.filter(({ spiffeId }) => spiffeId === other.spiffeId.uri).length !== 4) return 0;
          return callAnew();
        }),
        variant("a client of a service of which nobody says who may serve it", "refused", async () => {
          try {
            caller.client(EchoService);
            return 0;
          } catch (thrown) {
            return InterlockError.from(thrown).code === "FAILED_PRECONDITION" ? "refused" : 0;
          }
        }),
        variant("look-ups without pause", 8, async () => {
          const answers = await Promise.all(
            Array.from({ length: 100 }, () => answerOf(find(mallory, service.name, ["echo/*"]))),
          );
          return answers.includes(8) ? 8 : 0;
        }),
      ],
      {
        async control() {
          const before = served;
          await client.echo({});
          if (served !== before + 1) throw new Error("the honest bot did not get the call");
        },
        handled: () => stolen,
        perControl: 0,
      },
    );
  },
};
