import type { MetricDefinition } from "@interlock/bot/metrics";

/** The metrics that a leader has beside those of its bot. */
export const swarmMetrics = {
  leads: {
    name: "interlock.swarm.leads",
    type: "updown",
    unit: "",
    description: "1 for the leader that leads, 0 for one that stands by.",
    attributes: [],
  },
  tasks: {
    name: "interlock.swarm.tasks",
    type: "updown",
    unit: "{task}",
    description: "Tasks that the leader knows, by state. SUBMITTED is the queue.",
    attributes: ["interlock.task.state"],
  },
  wait: {
    name: "interlock.swarm.queue.age",
    type: "gauge",
    unit: "s",
    description: "How long ago the task was submitted that waits longest; 0 when none waits.",
    attributes: [],
  },
  workers: {
    name: "interlock.swarm.workers",
    type: "updown",
    unit: "{worker}",
    description: "Workers that the leader knows, by state.",
    attributes: ["interlock.worker.state"],
  },
  stopped: {
    name: "interlock.swarm.stopped",
    type: "gauge",
    unit: "",
    description: "1 while the emergency stop is in force.",
    attributes: [],
  },
} as const satisfies Record<string, MetricDefinition>;
