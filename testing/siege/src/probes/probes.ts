import { Agent, get } from "node:https";
import { join } from "node:path";
import { certificatesToPem, joinFleet, silentLog } from "@interlock/bot";
import { AdminService, AuthorityService } from "@interlock/bot/protocol";
import { EchoService, rawCall, rawSession, shows } from "@interlock/bot/testing";
import { connectSwarm, SafetyService, TaskView } from "@interlock/swarm";
import type { ProbeName } from "../attack.js";
import type { Probe } from "./probe.js";

const timeoutMs = 5_000;

/** Every honest use that there is. */
export const probes: Readonly<Record<ProbeName, Probe>> = {
  /** A call with a token, on a connection that stays. */
  echo: {
    everyMs: 10,
    async prepare({ bot, target }) {
      const echo = bot.client(EchoService, target.address);
      return async () => void (await echo.echo({ reason: "honest" }, { timeoutMs }));
    },
  },
  /** A new connection each time, and one call over it. */
  connect: {
    everyMs: 130, // As for `tasks`: above a hundred uses in four rounds.
    async prepare({ bot, target }) {
      return async () => {
        const session = rawSession(target.port, shows(bot.identity.current()));
        const { status, error } = await within(rawCall(session, EchoService.methods.open.path), "connecting");
        session.destroy();
        if (status !== 0) throw new Error(`answered ${status ?? error ?? "close"}`);
      };
    },
  },
  token: {
    everyMs: 150, // Below the rate at which one bot may ask for tokens.
    async prepare({ bot, target }) {
      const authority = bot.client(AuthorityService, target.authority);
      const request = { audience: EchoService.name, scopes: ["echo:call"] };
      return async () => void (await authority.issueToken(request, { timeoutMs }));
    },
  },
  /** A revocation, until the bot that asked for it has heard of it by its own trust stream. */
  lock: {
    everyMs: 300,
    async prepare({ bot, target }) {
      const admin = bot.client(AdminService, target.authority);
      let order = 0;
      return async () => {
        const token = `drill-${process.pid}-${order++}`;
        let stop = () => {};
        const heard = new Promise<void>((resolve) => {
          stop = bot.trust.onChange(({ revoked }) => {
            if (revoked.some(({ subject }) => subject === token)) resolve();
          });
        });
        const revoking = admin.revoke({ subject: { $case: "token", value: token }, reason: "drill" }, { timeoutMs });
        await within(Promise.all([revoking, heard]), "a lock").finally(stop);
      };
    },
  },
  /** A join with a good join token, from the attacker's address. */
  join: {
    everyMs: 200,
    async prepare({ target, joinTokens, folder }) {
      let joined = 0;
      return async () => {
        const joinToken = joinTokens.pop();
        if (joinToken === undefined) return; // All have joined.
        const name = `joiner/${joinTokens.length + 1}`;
        const stateDir = join(folder, `joiner-${joined++}`);
        const bot = await joinFleet({ authority: target.authority, name, joinToken, stateDir, log: silentLog });
        await bot.close(0);
      };
    },
  },
  jwks: {
    everyMs: 100,
    async prepare({ bot, target }) {
      const ca = bot.trust.state.caCertificates.map((der) => certificatesToPem([der]));
      return () =>
        within(
          new Promise<void>((resolve, reject) => {
            const agent = new Agent({ keepAlive: false });
            const path = "/jwks";
            const request = get({ host: "localhost", port: target.httpsPort, path, ca, agent }, (response) => {
              response.resume();
              response.once("end", () =>
                response.statusCode === 200 ? resolve() : reject(new Error(`status ${response.statusCode}`)),
              );
            });
            request.once("error", reject);
          }),
          "fetching the keys",
        );
    },
  },
  submit: {
    everyMs: 25,
    async prepare({ bot, target }) {
      const swarm = connectSwarm(bot, [target.address]);
      let order = 0;
      return async () => {
        const idempotencyKey = `honest-${process.pid}-${order++}`;
        const { task } = await swarm.submit({ kind: "honest", idempotencyKey, requiredCapabilities: ["honest"] });
        await swarm.cancel(task.taskId, "not needed");
      };
    },
  },
  /** A page of a hundred tasks as a table shows them, and a change that a watch has to tell. The watch goes on all along. */
  tasks: {
    everyMs: 100, // Above a hundred uses in four rounds: of fewer, the slowest would be the p99.
    async prepare({ bot, target }) {
      const swarm = connectSwarm(bot, [target.address]);
      const view = TaskView.TASK_VIEW_BASIC;
      const waiting = new Map<string, () => void>();
      void (async () => {
        for await (const { tasks } of swarm.watch({ view })) for (const { taskId } of tasks) waiting.get(taskId)?.();
      })();
      return async () => {
        await swarm.list({ view }, { timeoutMs });
        const { task } = await swarm.submit({ kind: "honest", requiredCapabilities: ["honest"] });
        const told = new Promise<void>((resolve) => waiting.set(task.taskId, resolve));
        await swarm.cancel(task.taskId, "not needed");
        await within(told, "watching");
        waiting.delete(task.taskId);
      };
    },
  },
  /** An emergency stop, and its reset. */
  stop: {
    everyMs: 300,
    async prepare({ bot, target }) {
      const safety = bot.client(SafetyService, target.address);
      async function drill(): Promise<void> {
        const { safety: stopped } = await safety.emergencyStop({ reason: "drill" }, { timeoutMs });
        await safety.resetEmergencyStop({ stopId: stopped?.stopId ?? "", reason: "drill" }, { timeoutMs });
      }
      // One after the other: two drills at a time would be one stop, which is reset once.
      let latest: Promise<unknown> = Promise.resolve();
      return () => {
        const next = latest.then(drill);
        latest = next.catch(() => {});
        return next;
      };
    },
  },
};

async function within<T>(work: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} took longer than ${timeoutMs} ms`)), timeoutMs);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
