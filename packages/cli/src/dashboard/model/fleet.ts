/** A bot that has joined. Times are in milliseconds since the epoch. */
export interface BotView {
  readonly key: string;
  readonly state: "member" | "retired" | "revoked" | "expired";
  /** Whether one of its processes is there. */
  readonly online: boolean;
  /** When its last process was heard; 0 while one is there, and when none has ever been. */
  readonly lastSeenAt: number;
  readonly certificateExpiresAt: number;
  /** When less than this is left of it, its renewal is late, in milliseconds. */
  readonly lateMs: number;
  readonly certificateSerial: string;
  /** The versions of its processes, without repetition. */
  readonly versions: string;
}

/** A service that a process serves. */
export interface EndpointView {
  readonly key: string;
  readonly service: string;
  readonly bot: string;
  readonly addresses: string;
  readonly version: string;
  readonly startedAt: number;
  readonly online: boolean;
}

/** Calls or connections that a bot has refused for one reason. */
export interface RefusalView {
  readonly key: string;
  /** The bot that refused. */
  readonly bot: string;
  /** Empty when no identity was accepted. */
  readonly caller: string;
  /** `package.Service/Method`; empty for a connection. */
  readonly method: string;
  readonly reason: string;
  readonly count: number;
  readonly lastAt: number;
}

/** The calls of one bot to one service that went through one gateway. */
export interface FlowView {
  readonly key: string;
  readonly gateway: string;
  readonly caller: string;
  /** The bots that acted for the caller before the gateway; empty where there is none. */
  readonly by: string;
  readonly service: string;
  /** The bots that they went to. */
  readonly servers: string;
  /** How many the gateway has let in. */
  readonly calls: number;
  /** How many the gateway, or a bot behind it, has refused. */
  readonly refused: number;
}

/** A revocation in force. */
export interface RevocationView {
  readonly key: string;
  readonly kind: string;
  readonly subject: string;
  readonly reason: string;
  readonly revokedAt: number;
}

/** The scopes of a service that bots of a pattern may hold. */
export interface GrantView {
  readonly key: string;
  readonly identity: string;
  readonly service: string;
  readonly scopes: string;
}

/** The state of the authority. */
export interface StatusView {
  readonly trustDomain: string;
  readonly trustVersion: number;
  readonly caExpiresAt: number;
  readonly certificateExpiresAt: number;
  readonly grantsVersion: number;
}

/** The tables of the dashboard, by name; their rows by key. */
export interface Tables {
  readonly bots: BotView;
  readonly endpoints: EndpointView;
  readonly refusals: RefusalView;
  readonly flows: FlowView;
  readonly revocations: RevocationView;
  readonly grants: GrantView;
}

export type TableName = keyof Tables;

/** The maximum number of rows of each table. What is left out is said. */
export const maximumRows: Readonly<Record<TableName, number>> = {
  bots: 10_000,
  endpoints: 10_000,
  refusals: 500,
  flows: 500,
  revocations: 5_000,
  grants: 5_000,
};

export const tableNames = Object.keys(maximumRows) as TableName[];

/** Whether the authority answers. */
export interface LinkView {
  readonly up: boolean;
  /** When it answered last; 0 for never. */
  readonly heardAt: number;
  /** Why it does not answer. */
  readonly reason: string;
}

/** Everything that the page shows. */
export interface FleetView {
  readonly authority: string;
  /** The name of the identity that looks. */
  readonly viewer: string;
  link: LinkView;
  status: StatusView | undefined;
  /** How many rows of a table were left out. */
  leftOut: Partial<Record<TableName, number>>;
  readonly tables: { readonly [K in TableName]: Record<string, Tables[K]> };
}

/** Creates a view of a fleet that has not been read. */
export function createFleetView(authority: string, viewer: string): FleetView {
  return {
    authority,
    viewer,
    link: { up: false, heardAt: 0, reason: "Not asked yet." },
    status: undefined,
    leftOut: {},
    tables: { bots: {}, endpoints: {}, refusals: {}, flows: {}, revocations: {}, grants: {} },
  };
}
