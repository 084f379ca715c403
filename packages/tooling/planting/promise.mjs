/**
 * Mistakes in the client for promises: what it refuses, aborts and tells.
 */

const sources = "packages/promise/src/**/*.ts"
const client = "packages/promise/test/Client.test.ts"
const aborts = "packages/promise/test/Abort.test.ts"
const life = "packages/promise/test/Lifecycle.test.ts"

/** @type {ReadonlyArray<import("./plant.mjs").Plant>} */
export const promise = [
  {
    id: "promise-01",
    promise: "a ticket of another account is refused",
    in: sources,
    find: "if (!Account.equals(known, { vendor, origin, account })) {",
    put: "if (known.vendor !== vendor) {",
    tests: [client]
  },
  {
    id: "promise-02",
    promise: "a key of another account is refused",
    in: sources,
    find: "if ((key.value.account ?? account) !== account) {",
    put: "if (key.value.account === null) {",
    tests: [client]
  },
  {
    id: "promise-03",
    promise: "a submission that was aborted after it was accepted is told with its ticket",
    in: sources,
    find: "left = { state, ticket: entry.ticket, claimId }",
    put: "left = { state, ticket: null, claimId }",
    tests: [aborts]
  },
  {
    id: "promise-04",
    promise: "a scan that was aborted while it was submitted is in doubt, not unstarted",
    in: sources,
    find: `const sent = event._tag === "Submitting" ? "in-doubt" : "not-started"`,
    put: `const sent = "not-started"`,
    tests: [aborts]
  },
  {
    id: "promise-05",
    promise: "collect gives the records in the order of the requests",
    in: sources,
    find: "return all.sort((a, b) => a.index - b.index)",
    put: "return all",
    tests: [client]
  },
  {
    id: "promise-06",
    promise: "no event is lost in watch but those that a later one of the same scan replaces",
    in: sources,
    find: `event._tag === "Scheduled" || event._tag === "Polled"`,
    put: "true",
    tests: [client, life]
  },
  {
    id: "promise-07",
    promise: "a key that never comes does not hold a batch that was stopped",
    in: sources,
    find: `discard: true }), until )`,
    put: `discard: true
        }),
        Effect.never
      )`,
    tests: [client, life, aborts, "packages/promise/test/Config.test.ts"]
  },
  {
    id: "promise-08",
    promise: "the policy that was given is the one that runs",
    in: sources,
    find: "return { policy: () => made }",
    put: "return made === undefined ? {} : {}",
    tests: [client, "packages/promise/test/Config.test.ts"]
  }
]
