/** In each test file, before it: its properties draw from the seed of the run. */
import process from "node:process"
import * as Arbitrary from "effect/Arbitrary"
import { PROPERTY_RUNS, PROPERTY_SEED, runsOf, seedOf } from "./propertySeed.mjs"

const seed = seedOf(process.env[PROPERTY_SEED])
Arbitrary.configureGlobal({ check: { seed, ...runsOf(process.env[PROPERTY_RUNS]) }, sample: { seed } })
