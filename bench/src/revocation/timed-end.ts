/** The end of a stream, and its delay after the call had returned. A delay below 0 means that the stream ended first. */
export interface TimedEnd {
  readonly code: string;
  readonly delayMs: number;
}
