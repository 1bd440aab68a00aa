/** How long what a worker reports may be, in bytes, as the leader has said that it takes. */
export interface TaskBounds {
  resultBytes: number;
  checkpointBytes: number;
}

const mebibyte = 1_024 * 1_024;

/** The bounds of a leader that has not said anything. */
export function createTaskBounds(): TaskBounds {
  return { resultBytes: mebibyte, checkpointBytes: mebibyte };
}
