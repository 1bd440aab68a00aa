import { createHash } from "node:crypto";
import { type Caller, type Implementation, InterlockError } from "@interlock/bot";
import { isClosed, type Swarm, type Task as SwarmTask } from "@interlock/swarm";
import { a2aError, ofSwarm } from "./a2a-error.js";
import { a2aTask, artifactOf, statusOf } from "./a2a-task.js";
import type { AgentCard, SendMessageRequest, StreamResponse } from "./gen/lf/a2a/v1/a2a.js";
import type { A2AService } from "./gen/lf/a2a/v1/a2a_interlock.js";
import { orderOf, readOrder, writeOrder } from "./order.js";

/** What the agent works with. */
export interface AgentOptions {
  /** The swarm that does the tasks. */
  readonly swarm: Swarm;
  /** The name of this bot, by which it knows its own tasks in the swarm. */
  readonly name: string;
  /** The card; its skills are the kinds of task that may be ordered. */
  readonly card: () => AgentCard;
}

/** The handlers of A2A: each order becomes a task of the swarm, which only the partner that ordered it may see. */
export function agentService({ swarm, name, card }: AgentOptions): Implementation<typeof A2AService> {
  async function order({ message }: SendMessageRequest, { name: owner }: Caller): Promise<SwarmTask> {
    if (message === undefined) throw new InterlockError("INVALID_ARGUMENT", "There is no message.");
    if (message.messageId === "") throw new InterlockError("INVALID_ARGUMENT", "The message has no messageId.");
    if (message.taskId !== "") throw a2aError("UNSUPPORTED_OPERATION");
    const { skill, input } = readOrder(message, new Set(card().skills.map(({ id }) => id)));
    // A message that is sent again is the same task, with the same context.
    const key = createHash("sha256").update(`${owner} ${message.messageId}`).digest("base64url");
    const { task } = await swarm
      .submit({
        kind: skill,
        requiredCapabilities: [skill],
        payload: writeOrder({ owner, contextId: message.contextId || key.slice(0, 22), skill, input }),
        fairnessKey: owner,
        idempotencyKey: key,
      })
      .catch((error) => {
        throw ofSwarm(error);
      });
    return task;
  }

  /** A task of the caller. That another partner's task exists is not said. */
  async function own(taskId: string, { name: owner }: Caller): Promise<SwarmTask> {
    const task = await swarm.get(taskId).catch((error) => {
      throw ofSwarm(error);
    });
    if (task.submittedBy !== name || orderOf(task).owner !== owner) throw a2aError("TASK_NOT_FOUND");
    return task;
  }

  /** A task whenever it changes, until it is closed. */
  async function* follow({ taskId }: SwarmTask, signal: AbortSignal): AsyncGenerator<SwarmTask> {
    for await (const { tasks } of swarm.watch({ taskIds: [taskId], signal })) {
      for (const task of tasks) {
        yield task;
        if (isClosed(task.state)) return;
      }
    }
  }

  async function* tell(task: SwarmTask, signal: AbortSignal): AsyncGenerator<StreamResponse> {
    yield { payload: { $case: "task", value: a2aTask(task) } };
    let told = task.revision;
    for await (const now of follow(task, signal)) {
      if (now.revision <= told) continue;
      told = now.revision;
      const ids = { taskId: now.taskId, contextId: orderOf(now).contextId, metadata: undefined };
      const artifact = artifactOf(now);
      if (artifact) {
        const value = { ...ids, artifact, append: false, lastChunk: true };
        yield { payload: { $case: "artifactUpdate", value } };
      }
      yield { payload: { $case: "statusUpdate", value: { ...ids, status: statusOf(now) } } };
    }
  }

  const withoutNotifications = () => {
    throw a2aError("PUSH_NOTIFICATION_NOT_SUPPORTED");
  };

  return {
    async sendMessage(request, { caller, signal }) {
      let task = await order(request, caller);
      if (!request.configuration?.returnImmediately) {
        for await (const now of follow(task, signal)) task = now;
      }
      return { payload: { $case: "task", value: a2aTask(task) } };
    },
    async *sendStreamingMessage(request, { caller, signal }) {
      yield* tell(await order(request, caller), signal);
    },
    getTask: async ({ id }, { caller }) => a2aTask(await own(id, caller)),
    async cancelTask({ id }, { caller }) {
      const task = await own(id, caller);
      if (isClosed(task.state)) throw a2aError("TASK_NOT_CANCELABLE");
      const canceled = await swarm.cancel(task.taskId, `canceled by ${caller.name}`).catch((error) => {
        throw ofSwarm(error);
      });
      return a2aTask(canceled);
    },
    async *subscribeToTask({ id }, { caller, signal }) {
      const task = await own(id, caller);
      if (isClosed(task.state)) throw a2aError("UNSUPPORTED_OPERATION");
      yield* tell(task, signal);
    },
    getExtendedAgentCard: card,
    listTasks() {
      throw a2aError("UNSUPPORTED_OPERATION");
    },
    createTaskPushNotificationConfig: withoutNotifications,
    getTaskPushNotificationConfig: withoutNotifications,
    listTaskPushNotificationConfigs: withoutNotifications,
    deleteTaskPushNotificationConfig: withoutNotifications,
  };
}
