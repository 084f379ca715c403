/**
 * The lint: correctness, the house rules, and the fences between the parts.
 *
 * Imports run one way. `zones` says for each part what it may reach; all the rest of the house is closed to it. The
 * fences are proven on planted faults by `npm run fences` each time `.ci/run` runs.
 */

import { readdirSync } from "node:fs"

/** A package per vendor: a further one needs no line here. */
const vendors = readdirSync(new URL("packages/vendors/", import.meta.url)).filter((name) => /^[a-z0-9-]+$/.test(name))

const upward = (...folders) => ({
  regex: `^(\\.\\./)+(${folders.join("|")})/`,
  message:
    "inside core imports run time, model <- policy <- engine, and http beside engine, vendor above both: see docs/architecture.md"
})
const house = ["@scanpoll/**", "scanpoll", "scanpoll/**"]
const packagesBut = (...names) => ({
  group: [...house, ...names.map((name) => `!@scanpoll/${name}/**`)],
  message: `of the house only ${names.join(", ") || "nothing"} may be imported here, module by module: see docs/architecture.md`
})
const testsBut = (...names) => ({
  group: [...house, ...names.flatMap((name) => [`!@scanpoll/${name}`, `!@scanpoll/${name}/**`])],
  message: `of the house only ${names.join(", ")} may be imported here: see docs/architecture.md`
})
const unstable = {
  group: ["@scanpoll/core/unstable/**"],
  message: "an example uses what its reader may use: the modules that docs/api/README.md lists"
}
const strayFiles = {
  regex: `^(\\.\\./)+(vendors/[a-z0-9-]+|${vendors.join("|")}|core|promise|journal|cluster|report|server|cli|testkit|bench|test-support|tooling)/`,
  message: "another package is imported by its name; what the tests of several share is in test-support"
}
const barrels = {
  regex: "^(effect(/[a-z-]+)?|@effect/[a-z-]+)$",
  message: 'import the module itself, as in `import * as Effect from "effect/Effect"`'
}
const httpClient = {
  regex:
    "^effect/http/(HttpClient|FetchHttpClient)|^effect/http-api/HttpApiClient|^@effect/platform-node/(NodeHttpClient|Undici)|^undici",
  message: "only core's http folder speaks to vendors; cli and tests choose the client behind it"
}
const commandLine = { regex: "^effect/cli(/|$)", message: "only cli touches effect/cli" }
const database = {
  regex: "^(effect/sql|@effect/sql-[a-z-]+)(/|$)|^node:sqlite",
  message: "only journal and cluster touch SQL"
}
const cluster = {
  regex: "^effect/(cluster|workflow)(/|$)|^@effect/platform-node/NodeCluster",
  message: "only cluster touches effect/cluster"
}
const platform = { regex: "^@effect/platform-", message: "the platform is chosen by cli, testkit and tests" }

const imports = (...patterns) => ({ "no-restricted-imports": ["error", { patterns }] })
const outside = [httpClient, commandLine, database, cluster, platform]

const zones = {
  "packages/core/src/*.ts": [packagesBut(), strayFiles, barrels, ...outside],
  "packages/core/src/time/**": [
    upward("model", "policy", "engine", "http", "vendor"),
    packagesBut(),
    strayFiles,
    barrels,
    ...outside
  ],
  "packages/core/src/model/**": [
    upward("time", "policy", "engine", "http", "vendor"),
    packagesBut(),
    strayFiles,
    barrels,
    ...outside
  ],
  "packages/core/src/policy/**": [upward("engine", "http", "vendor"), packagesBut(), strayFiles, barrels, ...outside],
  "packages/core/src/engine/**": [upward("http", "vendor"), packagesBut(), strayFiles, barrels, ...outside],
  "packages/core/src/http/**": [
    upward("engine", "vendor"),
    packagesBut(),
    strayFiles,
    barrels,
    commandLine,
    database,
    cluster,
    platform
  ],
  "packages/core/src/vendor/**": [packagesBut(), strayFiles, barrels, ...outside],
  "packages/vendors/*/src/**": [packagesBut("core"), strayFiles, barrels, ...outside],
  // Its users install no platform: the client is Effect's on the platform's own fetch.
  "packages/promise/src/**": [
    packagesBut("core", ...vendors),
    strayFiles,
    barrels,
    commandLine,
    database,
    cluster,
    platform
  ],
  "packages/report/src/**": [packagesBut("core"), strayFiles, barrels, ...outside],
  "packages/journal/src/**": [packagesBut("core"), strayFiles, barrels, httpClient, commandLine, cluster],
  // What the machines share beside the journal is kept in the same database.
  "packages/cluster/src/**": [packagesBut("core", "journal"), strayFiles, barrels, httpClient, commandLine],
  // Sockets, files and vendors are brought by who serves: it reads the journal through its service.
  "packages/server/src/**": [packagesBut("core", "journal", "report"), strayFiles, barrels, ...outside],
  "packages/testkit/src/**": [packagesBut("core"), strayFiles, barrels, httpClient, commandLine, database, cluster],
  "packages/cli/src/**": [
    packagesBut("core", ...vendors, "journal", "cluster", "report", "server", "testkit"),
    strayFiles,
    barrels,
    database,
    cluster
  ],
  "packages/bench/src/**": [
    packagesBut("core", "appvet", "compliance", "exona", "journal", "report", "test-support"),
    strayFiles,
    barrels,
    commandLine,
    database,
    cluster
  ],
  // A package's tests may use the testkit beside what the package itself may use, and barrels.
  "packages/core/test/**": [testsBut("core", "testkit", "test-support"), strayFiles, commandLine, database, cluster],
  ...Object.fromEntries(
    vendors.map((name) => [
      `packages/vendors/${name}/test/**`,
      [testsBut("core", name, "testkit"), strayFiles, commandLine, database, cluster]
    ])
  ),
  "packages/promise/test/**": [
    testsBut("core", ...vendors, "promise", "testkit"),
    strayFiles,
    commandLine,
    database,
    cluster
  ],
  "packages/report/test/**": [
    testsBut("core", "report", "testkit", "test-support"),
    strayFiles,
    commandLine,
    database,
    cluster
  ],
  "packages/server/test/**": [
    testsBut("core", "journal", "report", "server", "test-support"),
    strayFiles,
    commandLine,
    database,
    cluster
  ],
  "packages/testkit/test/**": [testsBut("core", "testkit", "test-support"), strayFiles, commandLine, database, cluster],
  // Programs that buy, to be killed: the journal's promises are about what vendors were sent.
  "packages/journal/test/**": [
    testsBut("core", "journal", "testkit", "exona", "compliance", "appvet", "test-support"),
    strayFiles,
    commandLine,
    cluster
  ],
  "packages/cluster/test/**": [
    testsBut("core", "exona", "appvet", "cluster", "journal", "testkit", "test-support"),
    strayFiles,
    commandLine
  ],
  "docs/examples/**": [unstable],
  // Beneath every package's tests: of the packages it knows core alone.
  "packages/test-support/{src,test}/**": [testsBut("core", "test-support"), strayFiles, commandLine, cluster]
}

const viaEffect = "time, chance and output come from Effect, so that tests can steer them"
const globals = ["setTimeout", "setInterval", "setImmediate", "fetch", "XMLHttpRequest"]
const properties = [
  ["Date", "now"],
  ["Math", "random"],
  ["performance", "now"],
  ["process", "hrtime"],
  ["process", "exit"],
  ["crypto", "randomUUID"],
  ...globals.map((name) => ["globalThis", name])
]

// What is written there has not passed the gate for text.
const streams = ["stdout", "stderr", "emitWarning", "_rawDebug"]
const gated = "write sealed text through the service Streams"

// What makes a file, whoever it is called on: an Effect's FileSystem, a file of it, Node's.
const files = [
  "writeFile",
  "writeFileString",
  "writeFileSync",
  "writeAll",
  "writeSync",
  "writev",
  "writevSync",
  "appendFile",
  "appendFileSync",
  "createWriteStream",
  "sink"
]
const whole = "write sealed text by WholeFile, or list this module where the lint lists those of our own texts"

// Ways to a stream or an answer that no name of a property tells.
const sinks = [
  {
    regex: "^effect/http/(HttpServerResponse|HttpServerRespondable|HttpStaticServer)$",
    message: "only Answer of server makes answers, of sealed text"
  },
  { regex: "^effect/(Console|Stdio)$|^node:(console|tty|repl|child_process)$", message: gated },
  { regex: "^node:process$", importNames: streams, message: gated }
]
// What measures, and what tests stand on, tells nobody of a vendor.
const isTold = (zone) => /^packages\/[^{]*\/src\//.test(zone) && !/^packages\/(bench|test-support)\//.test(zone)

const restricted = (message, list) => list.map(([object, property]) => ({ object, property, message }))
const anywhere = (message, list) => list.map((property) => ({ property, message }))

export default {
  plugins: ["typescript", "import", "unicorn", "oxc", "vitest"],
  env: { es2024: true, node: true },
  categories: { correctness: "error", suspicious: "error" },
  ignorePatterns: ["**/dist/**", "**/node_modules/**", "**/api/**"],
  rules: {
    eqeqeq: "error",
    "no-var": "error",
    "prefer-const": "error",
    // A circle of types is one too: none of its files can be read, or moved, alone.
    "import/no-cycle": ["error", { ignoreTypes: false }],
    // A module is imported once: its types beside its values, not in a second line.
    "no-duplicate-imports": "error",
    "typescript/no-explicit-any": "error",
    "typescript/no-non-null-assertion": "error",
    "typescript/ban-ts-comment": ["error", { "ts-expect-error": "allow-with-description" }],
    "typescript/no-floating-promises": "error",
    "typescript/no-misused-promises": "error",
    "typescript/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
    "vitest/no-focused-tests": "error",
    "vitest/no-disabled-tests": "error",
    // Effect's modules export functions meant to be used unbound.
    "typescript/unbound-method": "off",
    // A generator that yields nothing yet is still the shape Effect.gen wants.
    "require-yield": "off",
    // Effects are thenable to no one; `Effect.promise` bodies are.
    "unicorn/no-thenable": "off",
    // Shadowing is how a narrowed value keeps its name.
    "no-shadow": "off",
    // Tags are spelled `_tag`.
    "no-underscore-dangle": "off",
    // Blind to exhaustive switches; the compiler's noImplicitReturns is not.
    "typescript/consistent-return": "off",
    "typescript/no-unnecessary-type-arguments": "off",
    // The compiler refuses both on a ReadonlyArray; on a fresh array they are fine.
    "unicorn/no-array-sort": "off",
    "unicorn/no-array-reverse": "off",
    // Blind to a flag that a caller sets once for the whole loop.
    "no-unmodified-loop-condition": "off",
    // A helper may stand where it is used.
    "unicorn/consistent-function-scoping": "off"
  },
  overrides: [
    ...Object.entries(zones).map(([files, patterns]) => ({
      files: [files],
      rules: imports(...patterns, ...(isTold(files) ? sinks : []))
    })),
    // Starts the programs of the file of receivers, and tells them on their standard input; what they say is not read.
    {
      files: ["packages/cli/src/notify/Send.ts"],
      rules: imports(...zones["packages/cli/src/**"], ...sinks.filter(({ regex }) => !regex.includes("child_process")))
    },
    { files: ["packages/server/src/Answer.ts"], rules: imports(...zones["packages/server/src/**"], ...sinks.slice(1)) },
    {
      files: ["packages/{*,vendors/*}/src/**"],
      rules: {
        "no-console": "error",
        "no-restricted-globals": ["error", ...globals.map((name) => ({ name, message: viaEffect }))],
        "no-restricted-properties": [
          "error",
          ...restricted(viaEffect, properties),
          ...anywhere(gated, streams),
          ...anywhere(whole, files)
        ]
      }
    },
    // What measures real time beside other libraries uses real time, their ways, and modules that only switch things on.
    {
      files: ["packages/bench/src/**"],
      rules: {
        "no-restricted-globals": "off",
        "no-restricted-properties": "off",
        "no-console": "off",
        "import/no-unassigned-import": "off"
      }
    },
    // Takes an interface that names a schema's type for a class: a request is data, and tests vary it by spreading.
    { files: ["packages/{*,vendors/*}/test/**"], rules: { "typescript/no-misused-spread": "off" } },
    // The streams themselves, their sizes, and the rows that are drawn on a terminal, sealed.
    {
      files: ["packages/cli/src/{output/Streams,process/ProcessContext,progress/Rows}.ts"],
      rules: {
        "no-restricted-properties": ["error", ...restricted(viaEffect, properties), ...anywhere(whole, files)]
      }
    },
    // Whole files of sealed text, and sealed lines of audit; texts of our own into a new folder: the plans of the demonstrations, the first draft of a
    // vendor; files of their owner alone: hashes of tokens, and the secret that signs sessions.
    {
      files: [
        "packages/cli/src/{output/WholeFile,commands/Demo,commands/NewVendor,commands/ServeActions,commands/ServeDemo,commands/ServeFiles}.ts"
      ],
      rules: {
        "no-restricted-properties": ["error", ...restricted(viaEffect, properties), ...anywhere(gated, streams)]
      }
    },
    // The edge of the program: the one file that may end the process.
    { files: ["packages/cli/src/main.ts"], rules: { "no-restricted-properties": "off" } },
    // Programs that tests start and read.
    {
      files: ["packages/test-support/src/**"],
      rules: { "no-restricted-properties": ["error", ...restricted(viaEffect, properties)] }
    },
    // The clocks of a process, made to run faster.
    {
      files: ["packages/test-support/src/{hurriedTime.mjs,hurry.ts}"],
      rules: { "no-restricted-globals": "off", "no-restricted-properties": "off" }
    },
    // A program of its own, which ends with its test.
    { files: ["packages/test-support/src/postgresServer.mjs"], rules: { "no-restricted-properties": "off" } }
  ]
}
