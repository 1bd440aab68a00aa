export { findPostgres, type PostgresBinaries } from "./find-postgres.js";
export { type Postgres, type PostgresOptions, startPostgres } from "./start-postgres.js";
