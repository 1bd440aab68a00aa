import type { Attack } from "./attack.js";
import { bogusReports } from "./attacks/bogus-reports.js";
import { largeTasks } from "./attacks/large-tasks.js";
import { readerFlood } from "./attacks/reader-flood.js";
import { silentConnections } from "./attacks/silent-connections.js";
import { taskFlood } from "./attacks/task-flood.js";
import { unstorableFields } from "./attacks/unstorable-fields.js";

/** Every attack, in the order of the contract's rows. A new one is one file, and a line here. */
export const attacks: readonly Attack[] = [
  silentConnections,
  unstorableFields,
  largeTasks,
  bogusReports,
  taskFlood,
  readerFlood,
];
