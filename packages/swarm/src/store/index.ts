export { openTaskStore } from "./open-task-store.js";
export type { AuditEntry, Batch, Inheritance, StoredStop, StoredTask, TaskStore } from "./task-store.js";
