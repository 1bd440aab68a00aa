export { findPostgres, type PostgresBinaries } from "./find-postgres.js";
export { findPgBouncer, type PgBouncer, startPgBouncer } from "./start-pgbouncer.js";
export { type Postgres, type PostgresOptions, startPostgres } from "./start-postgres.js";
