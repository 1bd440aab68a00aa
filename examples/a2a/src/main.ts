// A fleet as an A2A agent, and another organization's agent that orders coffee: node dist/main.js
import { setTimeout as delay } from "node:timers/promises";
import { type StreamResponse, TaskState } from "@a2a-js/sdk";
import { foreignIssuer } from "./foreign-issuer.js";
import { connectPartner, orderCoffee, reasonOf } from "./partner.js";
import { audience, startFleet } from "./start-fleet.js";

const acme = await foreignIssuer("https://login.acme.example", audience);
const fleet = await startFleet({
  issuers: [{ issuer: acme.issuer, keys: acme.keys, members: { "agent-7": "partner/acme" } }],
  pour: (_shot, signal) => delay(20, undefined, { signal }),
});
try {
  const connect = async (scope: string) =>
    connectPartner({ url: fleet.url, ca: fleet.certificate, token: await acme.token("agent-7", scope) });
  const partner = await connect("a2a:send a2a:read");

  const ordered = await partner.sendMessage(orderCoffee(2));
  if (!("status" in ordered)) throw new Error("The answer is no task.");
  console.log(`sendMessage        ${show(ordered.status?.state)}: ${textOf(ordered.artifacts[0]?.parts)}`);

  for await (const update of partner.sendMessageStream(orderCoffee(2)))
    console.log(`sendMessageStream  ${showUpdate(update)}`);

  const task = await partner.getTask({ tenant: "", id: ordered.id });
  console.log(`getTask            ${show(task.status?.state)}`);

  // The partner's own issuer has not given this token the scope.
  await partner.cancelTask({ tenant: "", id: ordered.id, metadata: undefined }).catch((error) => {
    console.log(`cancelTask         refused: ${reasonOf(error)}`);
  });
} finally {
  await fleet.close();
}

function showUpdate({ payload }: StreamResponse): string {
  if (payload?.$case === "artifactUpdate") return textOf(payload.value.artifact?.parts);
  if (payload?.$case === "message" || payload === undefined) return "";
  return show(payload.value.status?.state);
}

function show(state: TaskState = TaskState.TASK_STATE_UNSPECIFIED): string {
  return TaskState[state].replace("TASK_STATE_", "");
}

function textOf(
  parts: readonly { readonly content?: { readonly $case: string; readonly value: unknown } | undefined }[] = [],
) {
  return parts.map(({ content }) => (content?.$case === "text" ? content.value : "")).join("");
}
