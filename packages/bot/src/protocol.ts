// The messages and services between bots and the authority, generated from protos/interlock/authority.
export * from "./gen/interlock/authority/v1/authority.js";
export { AdminService, AuthorityService, EnrollmentService } from "./gen/interlock/authority/v1/authority_interlock.js";
