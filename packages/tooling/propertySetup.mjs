/** In each test file, before it: its properties draw from the seed of the run. */
import process from "node:process"
import * as Arbitrary from "effect/Arbitrary"
import { PROPERTY_SEED, seedOf } from "./propertySeed.mjs"

const seed = seedOf(process.env[PROPERTY_SEED])
Arbitrary.configureGlobal({ check: { seed }, sample: { seed } })
