import { InterlockError } from "@interlock/bot";
import type { Task } from "@interlock/swarm";
import type { Message } from "./gen/lf/a2a/v1/a2a.js";

/** What a partner's agent has ordered: the payload of a task of the swarm. */
export interface Order {
  /** The name of the partner, which alone may see and cancel the task. */
  readonly owner: string;
  readonly contextId: string;
  /** The id of a skill in the card, for example `cafe.kitchen.v1.KitchenService/Brew`. */
  readonly skill: string;
  readonly input: { readonly [key: string]: unknown };
}

/** The largest input of an order, in bytes of JSON. */
const maximumInput = 4_096;

const form = 'send one data part: {"skill": "<an id of the card>", "input": {…}}';

/**
 * Reads the skill and its input from a message.
 *
 * @throws InterlockError `INVALID_ARGUMENT` that says what to send.
 */
export function readOrder(message: Message, skills: ReadonlySet<string>): Pick<Order, "skill" | "input"> {
  const [part, ...more] = message.parts;
  const data = part?.content?.$case === "data" && more.length === 0 ? part.content.value : undefined;
  if (!isRecord(data)) throw new InterlockError("INVALID_ARGUMENT", `The message is no order: ${form}.`);
  const { skill, input = {} } = data;
  if (typeof skill !== "string" || !skills.has(skill)) {
    throw new InterlockError("INVALID_ARGUMENT", `The skill is not one of ${[...skills].join(", ")}.`);
  }
  if (!isRecord(input)) throw new InterlockError("INVALID_ARGUMENT", `The input is no object: ${form}.`);
  if (Buffer.byteLength(JSON.stringify(input)) > maximumInput) {
    throw new InterlockError("INVALID_ARGUMENT", `The input has more than ${maximumInput} bytes.`);
  }
  return { skill, input };
}

/** Writes the payload of a task. */
export function writeOrder(order: Order): Uint8Array {
  return Buffer.from(JSON.stringify(order));
}

/** Reads the payload of a task that {@link writeOrder} wrote; the swarm keeps it unchanged. */
export function orderOf(task: Pick<Task, "payload">): Order {
  return JSON.parse(Buffer.from(task.payload).toString());
}

function isRecord(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
