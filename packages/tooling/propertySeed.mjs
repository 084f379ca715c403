/**
 * The seed that all property tests draw from: the same in every run, so that a run can be repeated, unless the environment
 * variable `PROPERTY_SEED` is another number, or `random`.
 *
 * What a property fails with ends with `Replay: [0, "SEED", attempt, size, [path], ...]`: `PROPERTY_SEED=SEED` repeats the run, and
 * the whole text as the test's `{ arbitrary: { replay: TEXT } }` the one failing case alone.
 */
import process from "node:process"

/** The environment variable. */
export const PROPERTY_SEED = "PROPERTY_SEED"

// Any number does; another one finds other cases, and is for those who look for them.
const usual = 1

/**
 * @param {string | undefined} text what the variable says
 * @returns {number}
 */
export const seedOf = (text) => {
  if (text === undefined || text === "") return usual
  if (text === "random") return Math.floor(Math.random() * 2 ** 31)
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw new Error(`${PROPERTY_SEED} is ${JSON.stringify(text)}: say a whole number of at most 15 digits, or random`)
}

/** The environment variable that says how many cases each property tries that has no number of its own; the usual number is 100. */
export const PROPERTY_RUNS = "PROPERTY_RUNS"

/**
 * @param {string | undefined} text what the variable says
 * @returns {{ readonly runs?: number }}
 */
export const runsOf = (text) => {
  if (text === undefined || text === "") return {}
  if (/^[1-9]\d{0,5}$/.test(text)) return { runs: Number(text) }
  throw new Error(`${PROPERTY_RUNS} is ${JSON.stringify(text)}: say a whole number from 1 to 999999`)
}

/** Settles the seed for a run and all its workers, once however often the configuration is read; says what chance gave. */
export const settleSeed = () => {
  const text = process.env[PROPERTY_SEED]
  runsOf(process.env[PROPERTY_RUNS])
  const seed = seedOf(text)
  process.env[PROPERTY_SEED] = String(seed)
  if (text === "random") console.error(`property tests draw from the seed ${seed}: ${PROPERTY_SEED}=${seed} repeats it`)
}
