import { AdminService } from "@interlock/bot/protocol";
import { rawCall, rawSession, shows } from "@interlock/bot/testing";
import { authorityStage } from "./authority-stage.js";
import { answerOf } from "./echo-stage.js";
import type { Row, Variant } from "./row.js";

const health = ["/grpc.health.v1.Health/Check", "/grpc.health.v1.Health/Watch"];
const reflection = ["grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"];

export const ownServicesRow: Row = {
  row: 35,
  attack: "reflection, health or admin calls without a scope",
  async play() {
    const stage = await authorityStage();
    const grants = reflection.map((service) => `${service}: ["reflection:read"]`).join(", ");
    await stage.authority.applyGrants(`grants: {"ci/*": {${AdminService.name}: ["usage:read"], ${grants}}}`);
    const ci = await stage.joinAs("ci/1");
    const server = await stage.joinAs("echo/1");
    const { port } = await server.serve({ port: 0 }, () => {});
    const denials: string[] = [];
    server.onDenial(({ reason }) => denials.push(reason));
    stage.authority.onDenial(({ reason }) => denials.push(reason));
    const session = rawSession(port, shows(ci.identity.current()));
    const usage = await stage.authorization(ci, AdminService.name, ["usage:read"]);
    const reading = await stage.authorization(ci, reflection[0], ["reflection:read"]);
    const empty = new Uint8Array();
    const atServer = async (path: string, authorization?: string) =>
      answerOf(await rawCall(session, path, authorization ? { authorization } : {}));

    const admin = Object.values(AdminService.methods).flatMap(({ path, policy }): Variant[] => [
      {
        name: `${path} without a token`,
        answer: 16,
        reason: "TOKEN_MISSING",
        attack: () => stage.call(path, empty, ci),
      },
      ...(policy.scopes.includes("usage:read")
        ? []
        : [
            {
              name: `${path} without its scope`,
              answer: 7,
              reason: "SCOPE_MISSING" as const,
              attack: () => stage.call(path, empty, ci, usage),
            },
          ]),
    ]);
    const reflecting = reflection.flatMap((service): Variant[] => {
      const path = `/${service}/ServerReflectionInfo`;
      return [
        { name: `${path} without a token`, answer: 16, reason: "TOKEN_MISSING", attack: () => atServer(path) },
        {
          name: `${path} with a token for another service`,
          answer: 16,
          reason: "TOKEN_AUDIENCE",
          attack: () => atServer(path, usage),
        },
      ];
    });
    const strangers = health.map(
      (path): Variant => ({
        name: `${path} without a certificate`,
        answer: "close",
        reason: "NO_CERTIFICATE",
        attack: async () => answerOf(await rawCall(rawSession(port), path)),
      }),
    );
    const unheard = health.map(
      (path): Variant => ({
        name: `${path} at the authority, without a certificate`,
        answer: 12, // Strangers may only join there.
        attack: () => stage.call(path, empty),
      }),
    );

    return stage.play([...admin, ...reflecting, ...strangers, ...unheard], {
      async control() {
        const path = `/${reflection[0]}/ServerReflectionInfo`;
        const answers = [
          await stage.call(AdminService.methods.listUsage.path, empty, ci, usage),
          await atServer(health[0] as string),
          await atServer(path, reading),
        ];
        // Reflection answers an empty request with an error of its own, after the gate has admitted it.
        if (answers[0] !== 0 || answers[1] !== 0 || answers[2] === 16 || answers[2] === 7) {
          throw new Error(`good calls were answered ${answers.join(", ")}`);
        }
      },
      // An admin call that was admitted by mistake would show up in its effects; see `given` of the stage.
      perControl: 0,
      denials: () => denials,
      async end() {
        session.destroy();
        await stage.end();
      },
    });
  },
};
