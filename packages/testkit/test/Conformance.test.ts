import { describe, it } from "@effect/vitest"
import { Conformance } from "@scanpoll/testkit"
import * as Tidewatch from "./Tidewatch.ts"

Conformance.suite(Tidewatch.kit(), { describe, it })
