/** The services of Interlock's authority, without which a fleet does not work. */
const authoritys: ReadonlySet<string> = new Set([
  "interlock.authority.v1.AdminService",
  "interlock.authority.v1.AuthorityService",
  "interlock.authority.v1.EnrollmentService",
]);

/** The services of Interlock that bots serve. */
const swarms: ReadonlySet<string> = new Set([
  "interlock.swarm.v1.DispatchService",
  "interlock.swarm.v1.OperatorService",
  "interlock.swarm.v1.SafetyService",
]);

/** The services of gRPC that every server of Interlock has. */
const everyServers: ReadonlySet<string> = new Set([
  "grpc.health.v1.Health",
  "grpc.reflection.v1.ServerReflection",
  "grpc.reflection.v1alpha.ServerReflection",
]);

/** The services that gRPC defines for every server. */
const grpcs: ReadonlySet<string> = new Set([...everyServers, "grpc.channelz.v1.Channelz"]);

// Each by its whole name: a service that nobody knows could be given a name that begins like theirs.

/** Whether a service is one of the authority's. */
export function isAuthoritys(service: string): boolean {
  return authoritys.has(service);
}

/** Whether a service is one that gRPC itself defines. */
export function isGrpcs(service: string): boolean {
  return grpcs.has(service);
}

/** Whether a service is one that Interlock itself defines. */
export function isInterlocks(service: string): boolean {
  return authoritys.has(service) || swarms.has(service);
}

/** Whether a service is one that Interlock itself serves: the authority's, health, reflection. */
export function isOwnService(service: string): boolean {
  return authoritys.has(service) || everyServers.has(service);
}
