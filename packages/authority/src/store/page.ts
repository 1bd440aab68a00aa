/** The values by which a listing is ordered, of the last row of a page. */
export type PageKey = readonly (string | number)[];

/** Selects one page of a listing. */
export interface PageRequest {
  /** The key of the last row of the page before; absent for the first page. */
  readonly after: PageKey | undefined;
  /** The maximum number of rows. */
  readonly limit: number;
}
