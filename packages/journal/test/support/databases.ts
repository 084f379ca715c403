/**
 * The databases a journal is tried on: a file in a folder of its own, and a real PostgreSQL.
 */
import * as SqliteClient from "@scanpoll/journal/SqliteClient"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type * as SqlClient from "effect/sql/SqlClient"
import { join } from "node:path"
import { beforeAll } from "vitest"
import { folder } from "./folder.ts"
import { connect, database, emptySchema } from "@scanpoll/test-support/postgres"

/** One empty store: `address` opens it as a user would, `client` speaks to it past the journal. */
export interface Database {
  readonly address: string
  readonly client: Effect.Effect<SqlClient.SqlClient, unknown, Scope.Scope>
}

export interface Databases {
  readonly name: "SQLite" | "PostgreSQL"
  readonly make: Effect.Effect<Database, unknown, Scope.Scope>
}

export const sqlite: Databases = {
  name: "SQLite",
  make: Effect.map(folder, (path) => {
    const file = join(path, "journal.db")
    return { address: file, client: SqliteClient.make(file) }
  })
}

/** A database of the run's server for the tests of this file. */
export const postgres = (): Databases => {
  let url = ""
  beforeAll(async () => {
    url = (await database()).url
  })
  return {
    name: "PostgreSQL",
    make: Effect.map(
      Effect.suspend(() => emptySchema(url)),
      (address) => ({ address, client: connect(address) })
    )
  }
}
