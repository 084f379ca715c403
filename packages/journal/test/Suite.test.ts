import * as ScanJournal from "@scanpoll/core/engine/ScanJournal"
import * as Journal from "@scanpoll/journal/Journal"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { postgres, sqlite } from "./support/databases.ts"
import { pageSuite } from "./support/pages.ts"
import { runSuite } from "./support/runs.ts"
import { suite } from "./support/suite.ts"

const open = (address: string) =>
  Effect.map(Layer.build(Journal.layer(address)), (context) => Context.get(context, ScanJournal.ScanJournal))

suite("memory", open("memory:"))
runSuite("memory", open("memory:"))
pageSuite("memory", open("memory:"))
for (const databases of [sqlite, postgres()]) {
  const fresh = Effect.flatMap(databases.make, ({ address }) => open(address))
  suite(databases.name, fresh)
  runSuite(databases.name, fresh)
  pageSuite(databases.name, fresh)
}
