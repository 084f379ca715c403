/**
 * Leaks: a sink that forgets the gate, a secret that nobody learns, a bound that does not hold.
 */

const report = "packages/report/src/**/*.ts"
const cli = "packages/cli/src/**/*.ts"
const core = "packages/core/src/**/*.ts"
const journal = "packages/journal/src/**/*.ts"
const hostile = "packages/report/test/HostileText.test.ts"
const oneGate = "packages/report/test/OneGate.test.ts"
const canary = "packages/cli/test/faults/canary.test.ts"
const secrets = "packages/cli/test/output/Secrets.test.ts"
const untrusted = "packages/cli/test/faults/untrusted.test.ts"
const files = "packages/journal/test/Faults.test.ts"

/** @type {ReadonlyArray<import("./plant.mjs").Plant>} */
export const security = [
  {
    id: "security-01",
    promise: "a text in Markdown is no markup and notifies nobody",
    in: report,
    find: "value: HostileText.toMarkdown(HostileText.of(value))",
    put: "value",
    tests: [hostile, "packages/report/test/Render.test.ts"]
  },
  {
    id: "security-02",
    promise: "a cell of CSV is no formula",
    in: report,
    find: "(text === null ? null : HostileText.toCell(text))",
    put: "(text === null ? null : HostileText.toKey(text))",
    tests: [hostile]
  },
  {
    id: "security-03",
    promise: "a text in XML is text, without the end of a CDATA section",
    in: report,
    find: "const xml = (text: string, max?: number): string => HostileText.toXml(HostileText.of(text), max)",
    put: "const xml = (text: string, max?: number): string => text",
    tests: [hostile]
  },
  {
    id: "security-04",
    promise: "a text in SARIF has no control characters and no commands",
    in: "packages/report/src/internal/formats/sarif.ts",
    find: "HostileText.toBlock(HostileText.of(text), max)",
    put: "text",
    tests: [hostile]
  },
  {
    id: "security-05",
    promise: "a text in OCSF is one harmless line",
    in: report,
    find: "text === null ? undefined : HostileText.toLine(text, 200)",
    put: "text === null ? undefined : HostileText.toKey(text)",
    tests: [hostile]
  },
  {
    id: "security-06",
    promise: "a text in an annotation is data of its command, and no second one",
    in: report,
    find: "const data = (text: string): string => HostileText.toCommandData(HostileText.of(text))",
    put: "const data = (text: string): string => text",
    tests: [hostile]
  },
  {
    id: "security-07",
    promise: "a text in HTML is a text node",
    in: report,
    find: "createElement(tag, props, ...children)",
    put: `createElement(tag, { ...props, dangerouslySetInnerHTML: { __html: children.flat(9).filter((one) => typeof one === "string").join("") } })`,
    tests: [hostile, "packages/report/test/Render.test.ts"]
  },
  {
    id: "security-08",
    promise: "an event has no key in it",
    in: report,
    find: "account: HostileText.of(redact(event.account)),",
    put: "account: event.account,",
    more: [{ in: report, find: "const scrubbed = Scrubber.ofProcess.data(text)", put: "const scrubbed = text" }],
    tests: ["packages/report/test/Render.test.ts", oneGate]
  },
  {
    id: "security-09",
    promise: "no key of an answer reaches a report, the journal, its log, a log line, a span or a metric",
    in: core,
    find: "if (bytes.byteLength <= atOnce) return Effect.succeed(done(scrubber.value(body.value)))",
    put: "if (bytes.byteLength <= atOnce) return Effect.succeed(done(body.value))",
    tests: [canary]
  },
  {
    id: "security-10",
    promise: "no key of an answer's header is repeated",
    in: core,
    find: "line(scrubber.text(text), longest)",
    put: "line(text, longest)",
    tests: [canary, "packages/core/test/http/VendorHttp.test.ts"]
  },
  {
    id: "security-11",
    promise: "a token that was fetched is known like a key",
    in: core,
    find: "learn(token.success)",
    put: "",
    tests: [canary, "packages/core/test/http/Auth.test.ts"]
  },
  {
    id: "security-12",
    promise: "what is written to standard error has passed the gate",
    in: cli,
    find: `err: (text) => inner.err(SafeText.seal("text", scrub(text))),`,
    put: "err: (text) => inner.err(text),",
    more: [
      {
        in: report,
        find: `seal("text", Scrubber.ofProcess.data(all.map((line) => \`\${line}\\n\`).join("")))`,
        put: `branded(all.map((line) => \`\${line}\\n\`).join(""))`
      }
    ],
    tests: ["packages/cli/test/faults/gate.test.ts", "packages/cli/test/faults/secrets.test.ts"]
  },
  {
    id: "security-13",
    promise: "a log line is one line, whatever its values hold",
    in: cli,
    find: "inert(Logger.formatLogFmt.log(options), 4_000)",
    put: "Logger.formatLogFmt.log(options)",
    tests: ["packages/cli/test/faults/gate.test.ts", "packages/cli/test/faults/run.test.ts"]
  },
  {
    id: "security-14",
    promise: "the stack of an error moves no terminal and gives no command",
    in: cli,
    find: "HostileText.toBlock(HostileText.of(text), max)",
    put: "text",
    tests: [secrets]
  },
  {
    id: "security-15",
    promise: "the password of a database, a proxy and a collector is known to every scrubber",
    in: cli,
    find: "for (const secret of held) Scrubber.ofProcess.learn(secret)",
    put: "",
    tests: [secrets]
  },
  {
    id: "security-16",
    promise: "the password of the journal's database is cut out of what servers say",
    in: journal,
    find: "learn(url)\n",
    put: "\n",
    tests: [secrets]
  },
  {
    id: "security-17",
    promise: "an address in a message has lost its password, also where it is cut",
    in: cli,
    find: "cut(Login.hide(text), max)",
    put: "cut(text, max)",
    tests: [secrets]
  },
  {
    id: "security-18",
    promise: "a list beside an untrusted plan is bound as the plan is",
    in: cli,
    find: `if (target.from === "command line") return []`,
    put: `if (target.from !== "plan") return []`,
    tests: [untrusted],
    only: "lists of targets"
  },
  {
    id: "security-19",
    promise: "a key in an argument is refused before anything is read",
    in: cli,
    find: "if (faults.length > 0) return yield* end(Effect.fail(new UsageError({ faults })))",
    put: "",
    tests: ["packages/cli/test/faults/gate.test.ts", "packages/cli/test/faults/command.test.ts"]
  },
  {
    id: "security-20",
    promise: "a journal is not opened on a way that everybody can lead elsewhere",
    in: journal,
    find: "faultOfWay(Path.resolve(file), us)",
    put: "null",
    tests: [files],
    only: "S-11"
  },
  {
    id: "security-21",
    promise: "a connection is TLS 1.2 at least, whatever Node is told",
    in: core,
    find: `connect: { minVersion: "TLSv1.2" },`,
    put: "",
    tests: ["docs/test/repeats.test.ts"],
    only: "S-13"
  },
  {
    id: "security-22",
    promise: "a private address is refused in every spelling",
    in: core,
    find: "return tail === null ? head : [...head, ...Array.from({ length: 8 - head.length - tail.length }, () => 0), ...tail]",
    put: "return [...head, ...(tail ?? [])]",
    tests: ["packages/core/test/vendor/Knobs.test.ts"],
    only: "an address"
  },
  {
    id: "security-23",
    promise: "a sink takes sealed text alone, and one module seals it",
    in: "packages/cli/src/output/Output.ts",
    find: `import * as Secrets from "./Secrets.ts"`,
    put: `import * as Secrets from "./Secrets.ts"\nexport const isSealed = (text: string): text is SafeText.SafeText => text !== ""`,
    tests: ["packages/cli/test/output/Sealed.test.ts"]
  }
]
