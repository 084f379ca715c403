/**
 * What the help of each command says beside its flags: how it behaves, how it ends, which variables it reads, and what to
 * read next.
 *
 * @since 0.1.0
 */
import type { VendorFacts } from "../vendors/Vendor.ts"

/**
 * An exit code of the command.
 *
 * @category models
 * @since 0.1.0
 */
export type Code = 0 | 1 | 2 | 3 | 4 | 70 | 74 | 130

/**
 * - `details`: paragraphs that follow the summary.
 * - `exits`: the codes the command can end with, and what they mean where that is not what they always mean.
 * - `environment`: which variables it reads beside those of its flags.
 * - `seeAlso`: commands, without the program's name.
 *
 * @category models
 * @since 0.1.0
 */
export interface Page {
  readonly details: ReadonlyArray<string>
  readonly exits: ReadonlyArray<readonly [code: Code, meaning?: string]>
  readonly environment: ReadonlyArray<"keys" | "addresses" | "telemetry">
  readonly seeAlso: ReadonlyArray<string>
}

/**
 * What an exit code means where a page says nothing else.
 *
 * @category constructors
 * @since 0.1.0
 */
export const meanings: Readonly<Record<Code, string>> = {
  0: "every scan completed and the gate passed",
  1: "the gate failed",
  2: "usage or configuration; nothing was sent",
  3: "no verdict: a scan is not completed",
  4: "a vendor refused the credential",
  70: "a defect of scanpoll",
  74: "the journal, standard output or a file failed",
  130: "interrupted"
}

/**
 * What of a vendor its variables are told by.
 *
 * @category models
 * @since 0.2.0
 */
export type Facts = Pick<
  VendorFacts,
  "title" | "keyVariable" | "baseVariable" | "defaultBaseUrl" | "extraVariables" | "extraWords"
>

/**
 * The variables of each kind and what they hold, with those of these vendors.
 *
 * @category destructors
 * @since 0.1.0
 */
export const variables = (
  vendors: ReadonlyArray<Facts>
): Readonly<Record<Page["environment"][number], ReadonlyArray<readonly [name: string, words: string]>>> => {
  return {
    keys: [
      ...vendors.flatMap(({ keyVariable, title }) =>
        keyVariable === null ? [] : [[keyVariable, `The key of ${title}`] as const]
      ),
      ["SCANPOLL_ALLOW_KEY_VARIABLES", "Further variables a plan may name as keys: NAME, separated by commas"]
    ],
    addresses: [
      ...vendors.flatMap(({ baseVariable, defaultBaseUrl, extraVariables, extraWords, title }) => [
        [
          baseVariable,
          defaultBaseUrl === null ? `The address of ${title}, which has no default` : `Another address of ${title}`
        ] as const,
        ...extraVariables.map((name) => [name, extraWords[name] ?? `A setting of ${title}`] as const)
      ]),
      ["SCANPOLL_VAR_NAME", "The value of the plan's variable NAME, as --var NAME=VALUE gives it"],
      ["SCANPOLL_ALLOW_INSECURE_HOSTS", "Hosts that may be asked by plain http: HOST[:PORT], separated by commas"]
    ],
    telemetry: [["OTEL_EXPORTER_OTLP_ENDPOINT", "Where traces and metrics go; unset, none are made"]]
  }
}

const running = {
  exits: [[0], [1], [2], [3], [4], [70], [74], [130]],
  environment: ["keys", "addresses", "telemetry"]
} as const satisfies Pick<Page, "exits" | "environment">

const local = {
  exits: [[0, "done"], [2], [74]],
  environment: []
} as const satisfies Pick<Page, "exits" | "environment">

const stopping =
  "Ctrl-C stops the polls, writes the report, and prints the command that resumes; a second one leaves at once."

/**
 * The pages by the words of their command; the program's own is under the empty text.
 *
 * @category constructors
 * @since 0.1.0
 */
export const pages: ReadonlyMap<string, Page> = new Map<string, Page>([
  [
    "",
    {
      details: [
        "Keys come from the environment (such as APPVET_API_KEY; see `scanpoll vendors`) or a file, never from a flag. The report goes to standard output, everything else to standard error."
      ],
      exits: running.exits,
      environment: [],
      seeAlso: []
    }
  ],
  [
    "run",
    {
      details: [
        "Without an argument it runs scans.yaml. Several plans are one run: each keeps its own gate, vendors, deadline and pace for its targets, and targets may stand beside them. --only runs a part. All that can be wrong is checked before the first request, and all faults are shown together.",
        "A scan that is open already is joined and never bought twice, also after a crash and by another process with the same journal. A settled one is reused within --reuse.",
        stopping
      ],
      ...running,
      seeAlso: ["config init", "vendors", "resume", "report"]
    }
  ],
  [
    "submit",
    {
      details: [
        "Prints one key a line, vendor:scanId, for `scanpoll wait`. The journal knows the scans as well: `scanpoll resume` resumes all of them."
      ],
      exits: [[0, "every scan was submitted"], [2], [3, "a scan was refused or is in doubt"], [4], [70], [74], [130]],
      environment: running.environment,
      seeAlso: ["wait", "resume", "status"]
    }
  ],
  [
    "wait",
    {
      details: ["Buys nothing, whatever becomes of the scans.", stopping],
      ...running,
      seeAlso: ["submit", "status", "resume"]
    }
  ],
  [
    "status",
    {
      details: [
        "With keys, one request for each scan. Without a key it makes no request, and shows what the journal has open and in doubt, with the command for each."
      ],
      exits: [
        [0, "every scan could be asked about"],
        [2],
        [3, "a vendor gave no answer that says how a scan stands; with --check, something needs a person"],
        [4],
        [70],
        [74],
        [130]
      ],
      environment: running.environment,
      seeAlso: ["wait", "resume", "reconcile"]
    }
  ],
  [
    "resume",
    {
      details: [
        "Takes every open scan of the journal for which there is a key. A scan of a second account needs --plan, which names the account's variable.",
        "With --plan the report has what completed of the plan within the last hour, too, so the verdict is on all of it; `reuse` of the plan says another time. Targets that were never started are named, and the exit code is 3.",
        stopping
      ],
      ...running,
      seeAlso: ["status", "wait", "reconcile"]
    }
  ],
  [
    "cancel",
    {
      details: [
        "Only for vendors that document how a scan is cancelled. The journal is not changed: the scan stays open until the vendor says how it ended, as a rule failed with the code cancelled.",
        "On a terminal it asks first. Elsewhere --yes is required."
      ],
      exits: [
        [0, "the vendor was asked, or the scan had ended"],
        [2],
        [3, "the vendor did not take it"],
        [4],
        [70],
        [74],
        [130]
      ],
      environment: running.environment,
      seeAlso: ["status", "wait"]
    }
  ],
  [
    "reconcile",
    {
      details: [
        "A submission whose answer was lost may have been accepted, and paid for, so it is never sent again by itself. This asks the vendor's list for it where there is one, and says what is left to a person where there is none: --as SCANID if the scan is there, --release if it is not."
      ],
      exits: [[0, "the claim is settled"], [2], [3, "the claim is still in doubt"], [4], [70], [74], [130]],
      environment: running.environment,
      seeAlso: ["status", "resume"]
    }
  ],
  [
    "history",
    {
      details: ["Reads the journal and makes no request. Without a word it shows everything."],
      ...local,
      seeAlso: ["status", "diff", "purge"]
    }
  ],
  [
    "purge",
    {
      details: [
        "Nothing is forgotten without this command. It asks first; off a terminal, --yes is required. The room is given back: of what was forgotten no byte stays in the file, unless another process has it open. On PostgreSQL the server decides when pages and logs are written over."
      ],
      ...local,
      seeAlso: ["history", "status"]
    }
  ],
  [
    "report",
    {
      details: [
        "Reads files that `scanpoll run -o json=FILE` wrote, several as one, and makes no request. Rules among the flags, such as --fail-on, take the place of those the reports were made under; without any, each scan is judged by the rules of the reports that have it, in any order. --allow-partial, --allow-incomplete and --exit-zero drop no rule."
      ],
      exits: [[0], [1], [2], [3], [4], [74], [130, "a report is of an interrupted run"]],
      environment: [],
      seeAlso: ["diff", "baseline write"]
    }
  ],
  [
    "diff",
    {
      details: [
        "Scans are compared by vendor, account, type and subject. What cannot be compared is named, and never called resolved."
      ],
      exits: [[0, "the gate passed"], [1], [2], [3, "a scan cannot be compared"], [74]],
      environment: [],
      seeAlso: ["report", "baseline write", "history"]
    }
  ],
  ["journal", { details: [], ...local, seeAlso: ["status", "purge"] }],
  [
    "journal check",
    {
      details: [
        "Holds each claim against its scan and its result and, of a journal in a file, runs SQLite's own check of every page. It reads only, also while other processes use the journal."
      ],
      exits: [[0, "nothing is wrong"], [2], [74, "something is wrong, or the journal cannot be read"]],
      environment: [],
      seeAlso: ["journal backup", "status"]
    }
  ],
  [
    "journal backup",
    {
      details: [
        "The copy is the journal of one moment. It has no key in it, but it has the requests and results of your scans: keep it as you keep the journal. A PostgreSQL journal is backed up with pg_dump."
      ],
      exits: [[0, "done"], [2], [74, "the journal cannot be read, or the file cannot be written"]],
      environment: [],
      seeAlso: ["journal check", "purge"]
    }
  ],
  [
    "journal redeliver",
    {
      details: [
        "A notification that was given up, or whose receiver answered 410, is due again at once and has all its tries before it. It is sent by the next `scanpoll serve`, `run` or `worker` with --notify that has its receiver; its id is the same as before."
      ],
      exits: [[0, "done"], [2], [74, "the journal cannot be written"]],
      environment: [],
      seeAlso: ["serve", "status"]
    }
  ],
  ["baseline", { details: [], ...local, seeAlso: ["run", "diff"] }],
  [
    "baseline write",
    {
      details: [
        "Without --reason the findings are known: a gate with --fail-on-new lets them pass. With one they are accepted until the day of --until, and come back after it.",
        "A baseline that is there already keeps what people decided: entries that are still found keep their reason, date and person."
      ],
      ...local,
      seeAlso: ["run", "diff"]
    }
  ],
  [
    "vendors",
    {
      details: [
        "With --check: whether the definition of a vendor of yours is right. It is held against `samples`, the vendor's own requests and answers, on this machine: no vendor is asked and no key is read. Its code is run."
      ],
      exits: [[0, "done; with --check, every rule holds"], [1, "with --check: a rule does not hold"], [2], [74]],
      environment: [],
      seeAlso: ["vendors new", "doctor", "run"]
    }
  ],
  [
    "vendors new",
    {
      details: [
        "Writes NAME.ts, NAME.samples.ts and NAME.test.ts into the working folder. They are whole: checked, simulated and scanned as they are."
      ],
      ...local,
      seeAlso: ["vendors", "simulate"]
    }
  ],
  [
    "doctor",
    {
      details: [
        "Asks each vendor about a scan that does not exist, which costs nothing, and says what a run from here would meet."
      ],
      exits: [[0, "a run would work"], [2, "the configuration is wrong"], [3, "a vendor cannot be reached"], [4], [74]],
      environment: ["keys", "addresses"],
      seeAlso: ["config show", "vendors"]
    }
  ],
  ["config", { details: [], ...local, seeAlso: ["schema plan", "doctor"] }],
  [
    "config init",
    {
      details: ["The plan is commented and names the schema by which an editor completes and checks it."],
      ...local,
      seeAlso: ["config validate", "schema plan", "run"]
    }
  ],
  [
    "config show",
    {
      details: ["A flag wins over its variable, that over the plan, that over the default. Keys are never shown."],
      exits: local.exits,
      environment: ["keys", "addresses"],
      seeAlso: ["config validate", "doctor"]
    }
  ],
  [
    "config validate",
    {
      details: ["Makes no request and needs no key. Each fault comes with file, line and column."],
      exits: [
        [0, "the plan has no fault"],
        [2, "it has; each is named"]
      ],
      environment: [],
      seeAlso: ["config show", "schema plan", "doctor"]
    }
  ],
  ["schema", { details: [], ...local, seeAlso: ["config init", "report"] }],
  [
    "schema plan",
    {
      details: ["For editors and other tools. The package ships the same text as scanpoll/plan.schema.json."],
      exits: [[0, "done"], [74]],
      environment: [],
      seeAlso: ["config init", "config validate"]
    }
  ],
  ["schema report", { details: [], exits: [[0, "done"], [74]], environment: [], seeAlso: ["report"] }],
  [
    "worker",
    {
      details: [
        "The journal is the cluster: every worker of one PostgreSQL journal takes a part of its open scans, and takes over those of a worker that is gone. `run`, `submit` and `wait` with the same journal leave their polls to the workers while there are any.",
        "It polls for every account whose key is in its environment or key file; the others are left to other workers. It buys nothing.",
        "Put passwords in SCANPOLL_JOURNAL; --journal is visible in `ps`.",
        "Ctrl-C or SIGTERM hands its scans over to the others; a second one leaves at once."
      ],
      exits: [
        [0, "stopped"],
        [2, "usage or configuration, or the port cannot be opened"],
        [70],
        [74, "the journal cannot be opened"],
        [130, "left at once"]
      ],
      environment: running.environment,
      seeAlso: ["cluster status", "run", "submit"]
    }
  ],
  [
    "serve",
    {
      details: [
        "Shows the journal in a browser, live, and by an HTTP API, while other commands use it. It reads: no vendor is asked and nothing in the journal changes. A journal that is not there is refused.",
        "With --allow reconcile, submissions in doubt may be decided from the page and by tokens with the scope reconcile, as `scanpoll reconcile` does it. Each decision leaves a line in serve.audit beside this user's journal. Nothing else can be done, whatever is allowed.",
        "It prints a link that lets one browser in, once, within a minute. Programs send a token. Other machines are answered only with --behind-proxy, --public-url and a token.",
        "With --demo it shows simulated vendors: a journal of its own in a temporary folder, and a new run every half minute. No key and no journal of yours is used."
      ],
      exits: [[0, "a signal ended it"], [2], [74]],
      environment: [],
      seeAlso: ["serve token add", "status", "history"]
    }
  ],
  ["serve token", { details: [], ...local, seeAlso: ["serve token add", "serve"] }],
  [
    "serve token add",
    {
      details: ["Prints the token once, on standard output. The file of tokens keeps its digest alone."],
      exits: [[0, "done"], [2], [74]],
      environment: [],
      seeAlso: ["serve"]
    }
  ],
  ["cluster", { details: [], ...local, seeAlso: ["worker"] }],
  [
    "cluster status",
    {
      details: ["Reads the database and makes no request. What workers say of themselves is a few seconds old."],
      exits: [[0, "done"], [2], [3, "something needs a person, or scans are open and no worker is alive"], [74]],
      environment: [],
      seeAlso: ["worker", "status"]
    }
  ],
  [
    "demo",
    {
      details: [
        "Starts the simulated vendors on this machine, runs a mixed plan through the real adapters over HTTP, and writes the report in several formats to a new folder. It reads no key, no plan and no journal of yours.",
        "With --vendor it plays a vendor of your own by its samples: the sample targets, one of them listed twice, with a 429, a 503 and a failed scan on the way."
      ],
      exits: [
        [0, "the demonstration ran as meant, whatever its scans say"],
        [1, "a vendor of your own did not run as meant"],
        [2],
        [70],
        [74],
        [130]
      ],
      environment: [],
      seeAlso: ["simulate", "config init", "run", "vendors new"]
    }
  ],
  [
    "simulate",
    {
      details: [
        "Prints the variables that make the other commands talk to the simulated vendors instead of the real ones. Leave it running, and paste them in another terminal.",
        "With --vendor it plays a vendor of your own too, by its samples, on the next port.",
        "At the end it prints each vendor's ledger: requests, scans bought, answers from the cache."
      ],
      exits: [
        [0, "stopped"],
        [2, "usage, or the port cannot be opened"]
      ],
      environment: [],
      seeAlso: ["demo", "run", "vendors new"]
    }
  ]
])
