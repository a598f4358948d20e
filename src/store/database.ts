// What the store needs of a PostgreSQL database: queries, one after the other in a transaction. Not here: a driver (postgres.ts) and
// what is asked (events.ts, adapters.ts, jobs.ts).

/** Columns by their names. Numbers may come as text: the queries here cast what they select. */
export type Row = Record<string, unknown>;

export interface Queries {
  query(text: string, values?: readonly unknown[]): Promise<Row[]>;
  /** Several statements, without values and results. */
  script(text: string): Promise<void>;
}

export interface Database extends Queries {
  /** Where it is, for messages: never with a password. */
  readonly place: string;
  /** The same for the same database seen as the same tenant; becomes part of a folder's name. */
  readonly key: string;
  /** All of it or, if the action throws, nothing. A query outside of one is a transaction of its own. */
  transaction<T>(action: (queries: Queries) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}
