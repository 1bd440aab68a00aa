import type { SharedMetadata } from "../base/shared-metadata.js";
import type { Channel } from "./channel.js";

/** A channel with the credentials for one call on it; to be used at once. */
export interface CallCredentials {
  readonly channel: Channel;
  /** Shared by the calls with one token, each with a copy for itself. */
  readonly metadata: SharedMetadata;
  /** The token that the metadata holds or refers to; absent when none is needed. */
  readonly authorization?: string;
  /** Whether the metadata only refers to the token. */
  readonly refers: boolean;
}

/** A token that is being fetched for calls on a channel. Request {@link CallCredentials} again once it has arrived. */
export interface PendingToken {
  readonly channel: Channel;
  readonly authorization: string;
}
