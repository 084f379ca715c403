/**
 * Mistakes in the simulators and the ledger: a simulator that is kinder than its vendor lets every other test pass.
 */

const sources = "packages/testkit/src/**/*.ts"
const server = ["packages/testkit/test/Simulator.test.ts", "packages/testkit/test/Script.test.ts"]
const ledger = ["packages/testkit/test/Ledger.test.ts", "packages/testkit/test/Simulator.test.ts"]
const three = ["AppVet", "Compliance", "Exona"].map((name) => `packages/testkit/test/${name}Simulator.test.ts`)

/** @type {ReadonlyArray<import("./plant.mjs").Plant>} */
export const testkit = [
  {
    id: "testkit-01",
    promise: "a simulated vendor refuses what goes over its limit",
    in: sources,
    find: "if (window.count >= limit.limit) return false",
    put: "",
    tests: [...server, ...three]
  },
  {
    id: "testkit-02",
    promise: "each credential has a limit of its own",
    in: sources,
    find: 'const bucket = call.credential?.token ?? ""',
    put: 'const bucket = ""',
    tests: [...server, ...three]
  },
  {
    id: "testkit-03",
    promise: "the reset that a simulator tells is in the client's time, however fast the vendor's is",
    in: sources,
    find: "(length - ((time.now() - start) % length)) / time.speed",
    put: "length - ((time.now() - start) % length)",
    tests: [...server, ...three]
  },
  {
    id: "testkit-04",
    promise: "a poll that began before the one before it had ended is seen as such",
    in: sources,
    find: "earlier?.answeredAt ?? earlier?.clientClosedAt ?? Infinity",
    put: "earlier?.at ?? Infinity",
    tests: ledger
  },
  {
    id: "testkit-05",
    promise: "the ledger counts two requests as within a window only where they are nearer than it is long",
    in: sources,
    find: "while (at - (times[first] ?? at) >= length) first++",
    put: "while (at - (times[first] ?? at) > length) first++",
    tests: ledger
  },
  {
    id: "testkit-06",
    promise: "a script is used up after its last step",
    in: sources,
    find: "if (found.used >= Script.length(found.script.steps)) scripts = scripts.filter((one) => one !== found)",
    put: "",
    tests: server
  },
  {
    id: "testkit-07",
    promise: "headers of the vendor's own answer say nothing about a body that took its place",
    in: sources,
    find: "if (answer !== null && !replaced) set(answer.headers ?? {})",
    put: "if (answer !== null) set(answer.headers ?? {})",
    tests: server
  },
  {
    id: "testkit-08",
    promise: "a request that is lost at its head never buys a scan",
    in: sources,
    find: '(fault._tag === "Reset" || fault._tag === "Close") && fault.at === "head") {',
    put: '(fault._tag === "Reset" || fault._tag === "Close") && fault.at === undefined) {',
    tests: server
  },
  {
    id: "testkit-09",
    promise: "a ledger holds no credential of a vendor's header",
    in: sources,
    find: "if (name !== keyHeader && value !== undefined)",
    put: "if (value !== undefined)",
    tests: [...ledger, ...three]
  },
  {
    id: "testkit-10",
    promise: "submissions that the vendor answers from its cache are not counted as bought",
    in: sources,
    find: "accepted: (subject) => submissions.filter((one) => !one.cached &&",
    put: "accepted: (subject) => submissions.filter((one) => true &&",
    tests: [...ledger, ...three]
  }
]
