import * as ScanJournal from "@scanpoll/core/engine/ScanJournal"
import * as Journal from "@scanpoll/journal/Journal"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { postgres, sqlite } from "./support/databases.ts"
import { suite } from "./support/suite.ts"

const open = (address: string) =>
  Effect.map(Layer.build(Journal.layer(address)), (context) => Context.get(context, ScanJournal.ScanJournal))

suite("memory", open("memory:"))
for (const databases of [sqlite, postgres()]) {
  suite(
    databases.name,
    Effect.flatMap(databases.make, ({ address }) => open(address))
  )
}
