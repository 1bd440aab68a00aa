import type { ChannelInterface } from "@grpc/grpc-js";

// grpc-js exports its type of a channel, and not those that this consists of.

/** A call of grpc-js, as a channel makes it. */
export type GrpcCall = ReturnType<ChannelInterface["createCall"]>;

/** What a call of grpc-js hands what comes to. */
export type Listener = Parameters<GrpcCall["start"]>[1];

/** What belongs to a message that is sent. */
export type MessageContext = Parameters<GrpcCall["sendMessageWithContext"]>[0];

/** The call of a server by which another call is made. */
export type ParentCall = NonNullable<Parameters<ChannelInterface["createCall"]>[3]>;
