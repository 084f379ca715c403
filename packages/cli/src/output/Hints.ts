/**
 * The commands to type next after a run that left something open, unscanned or in doubt. Each one runs as printed: it has
 * the plan, the journal and the flags that were given, quoted for a POSIX shell.
 *
 * @since 0.1.1
 */
import * as ScanOutcome from "@scanpoll/core/model/ScanOutcome"
import * as ScanRecord from "@scanpoll/core/model/ScanRecord"
import * as ShellWord from "@scanpoll/core/unstable/model/ShellWord"
import * as Redacted from "effect/Redacted"
import * as Key from "../config/Key.ts"
import { names, type SettingName, settings as known } from "../config/Setting.ts"
import type { Settings } from "../config/Settings.ts"
import { plural } from "./Plural.ts"

/**
 * What was typed: the words of `run` (a plan, targets), and the texts of the flags by setting.
 *
 * @category models
 * @since 0.1.1
 */
export interface Typed {
  readonly words: ReadonlyArray<string>
  readonly flags: { readonly [K in SettingName]?: ReadonlyArray<string> }
}

/**
 * - `plan`: the path of the plan in force, or null.
 * - `typed`: what `run` was started with; null for a command that starts no scan.
 * - `run`: the id of the stored run.
 * - `collects`: whether the vendor of a record gives its findings by a call of their own, which can be made once more; the
 *   other evidence comes with a new answer alone. Default: every vendor does.
 *
 * @category models
 * @since 0.1.1
 */
export interface Context {
  readonly settings: Pick<Settings, "journal">
  readonly plan: string | null
  readonly run: string
  readonly flags: Typed["flags"]
  readonly typed: Typed | null
  readonly collects?: (record: ScanRecord.ScanRecord) => boolean
}

const isOpenAddress = (text: string): boolean => {
  const url = URL.parse(text)
  return url !== null && url.password === "" && url.search === ""
}

// A password is not repeated: the address then comes from the environment.
const journalNote = ({ journal }: Context["settings"]): string | null =>
  journal.source === "flag" && journal.value?._tag === "Postgres" && !isOpenAddress(Redacted.value(journal.value.url))
    ? "(first put the journal's address, which may hold a password, into SCANPOLL_JOURNAL)"
    : null

const flagWords = (
  { flags, settings }: Pick<Context, "flags" | "settings">,
  wanted: ReadonlyArray<SettingName>
): ReadonlyArray<string> =>
  wanted.flatMap((name) => {
    if (name === "journal" && journalNote(settings) !== null) return []
    const { flag, kind } = known[name]
    const texts = flags[name] ?? []
    if (kind === "switch") return texts.slice(-1).map((text) => (text === "false" ? `--no-${flag}` : `--${flag}`))
    // A value that begins with a dash must not be read as a flag.
    return texts.flatMap((text) => (text.startsWith("-") ? [`--${flag}=${text}`] : [`--${flag}`, text]))
  })

// What only `run` and `submit` know, and the files of the run, which hold more than the rest will bring.
const buyingFlags: ReadonlyArray<SettingName> = [
  "grace",
  "reuse",
  "output",
  "csvBom",
  "targets",
  "targetsAs",
  "only",
  "maxPurchases",
  "untrustedPlan"
]
const resumeFlags = names.filter((name) => !buyingFlags.includes(name))
const waitFlags = resumeFlags.filter((name) => name !== "var")

const line = (words: ReadonlyArray<string>): string => `  ${["scanpoll", ...words].map(ShellWord.quote).join(" ")}`

const planWords = ({ plan }: Pick<Context, "plan">): ReadonlyArray<string> => (plan === null ? [] : ["--plan", plan])

/**
 * `scanpoll run` as it was typed.
 *
 * @category destructors
 * @since 0.1.1
 */
export const runLine = (context: Omit<Context, "run">, typed: Typed): string =>
  line(["run", ...typed.words, ...flagWords(context, names)])

const resumeLine = (context: Context): string =>
  line(["resume", ...planWords(context), ...flagWords(context, resumeFlags)])

// What every command needs to find the journal, the keys and the vendors of one's own again.
const storeFlags = ["vendor", "journal", "trustJournal", "keyFile"] as const

// A run is found without its plan, so the journal that the plan names is said.
const journalOfPlan = ({ journal }: Context["settings"]): ReadonlyArray<string> =>
  journal.source === "plan" && journal.value?._tag === "File" ? ["--journal", journal.value.path] : []

const storeWords = (context: Pick<Context, "settings" | "flags">): ReadonlyArray<string> => [
  ...journalOfPlan(context.settings),
  ...flagWords(context, storeFlags)
]

/**
 * The end of a printed command that finds the same vendors, journal and keys: empty, or flags after a space.
 *
 * @category destructors
 * @since 0.2.0
 */
export const storeTail = (context: Pick<Context, "settings" | "flags">): string =>
  storeWords(context)
    .map((word) => ` ${ShellWord.quote(word)}`)
    .join("")

/**
 * The same for a command that looks into the journal alone, and takes no keys.
 *
 * @category destructors
 * @since 0.2.0
 */
export const journalTail = (context: Pick<Context, "settings" | "flags">): string =>
  [...journalOfPlan(context.settings), ...flagWords(context, ["journal", "trustJournal"])]
    .map((word) => ` ${ShellWord.quote(word)}`)
    .join("")

/**
 * `scanpoll run --continue RUN`: what else the run was started with is stored.
 *
 * @category destructors
 * @since 0.2.0
 */
export const continueLine = (context: Context): string =>
  line(["run", "--continue", context.run, ...storeWords(context)])

/**
 * What the commands of a row need to run as printed.
 *
 * @category destructors
 * @since 0.2.0
 */
export const rowCommands = (context: Context) => ({
  run: context.typed === null ? null : context.run,
  flags: storeWords(context).map(ShellWord.quote).join(" "),
  plan: planWords(context).map(ShellWord.quote).join(" ")
})

const maxKeys = 50

// What `run --continue` buys: what was not begun, and what was turned down for the account's key.
const wasNotBought = ({ because, state, ticket }: ScanRecord.ScanRecord): boolean =>
  ticket === null && (state === "not-started" || (state === "refused" && because === "credential"))

// What only a new answer of the vendor about the scan can bring: no wait of the run asks for one.
const asksAgain = ({ collects = () => true }: Context, record: ScanRecord.ScanRecord): boolean =>
  record.outcome !== null && !(ScanOutcome.lacksFindingsAlone(record.outcome) && collects(record))

/**
 * What to type next, for a terminal. A journal that forgets at the end leaves only the keys.
 *
 * @category destructors
 * @since 0.1.1
 */
export const hints = (records: ReadonlyArray<ScanRecord.ScanRecord>, context: Context): ReadonlyArray<string> => {
  const { settings, typed } = context
  const durable = settings.journal.value?._tag !== "Memory"
  const resumable = records.filter((record) => ScanRecord.isResumable(record) && record.ticket !== null)
  const open = resumable.filter((record) => !asksAgain(context, record))
  const again = resumable.filter((record) => asksAgain(context, record))
  const missing = records.filter(wasNotBought)
  const lines: Array<string> = []
  const refused = records.filter((record) => record.state === "refused" && record.because !== "credential")
  const isForKey = missing.some(({ state }) => state === "refused")
  const what = isForKey ? "bought" : "started"
  const left = `${plural(missing.length, "target")} of ${records.length} ${missing.length === 1 ? "was" : "were"} not ${what}`
  if (typed !== null && durable && missing.length + open.length > 0) {
    lines.push(
      `${missing.length === 0 ? "to wait for what is open" : `${left}; to end this run`}${isForKey ? " once the key is fixed" : ""}, with ${refused.length === 0 ? "a verdict" : "a report"} on all ${records.length}:`,
      continueLine(context),
      `  (${missing.length === 0 ? "it buys nothing" : `it buys what was not ${what}, and nothing else`})`
    )
    if (refused.length > 0) {
      lines.push(
        `  (${plural(refused.length, "target")} that ${refused.length === 1 ? "was" : "were"} refused ${refused.length === 1 ? "is" : "are"} not sent again by it: see the report, and run ${refused.length === 1 ? "it" : "them"} again)`
      )
    }
  } else {
    if (missing.length > 0 && typed !== null && !durable) {
      lines.push(`${left}; this journal forgets, so another run buys every target again`)
    }
    if (open.length > 0) lines.push(...resuming(open, context, durable))
  }
  if (again.length > 0) {
    lines.push(
      "to ask once more about what has no verdict, which buys nothing:",
      ...waiting(again, context, ["--fresh"])
    )
  }
  const doubtful = records.flatMap((record) =>
    durable && record.state === "in-doubt" && record.claimId !== null ? [record.claimId] : []
  )
  if (doubtful.length > 0) {
    lines.push("to find out about what is in doubt, which is never sent again by itself:")
    for (const claimId of [...new Set(doubtful)].slice(0, maxKeys)) {
      lines.push(line(["reconcile", claimId, ...planWords(context), ...flagWords(context, storeFlags)]))
    }
  }
  const note = lines.length === 0 ? null : journalNote(settings)
  return note === null ? lines : [...lines, note]
}

const resuming = (
  open: ReadonlyArray<ScanRecord.ScanRecord>,
  context: Context,
  durable: boolean
): ReadonlyArray<string> => {
  const title = "to wait for what is open, which buys nothing:"
  return durable ? [title, resumeLine(context)] : [title, ...waiting(open, context)]
}

const waiting = (
  records: ReadonlyArray<ScanRecord.ScanRecord>,
  context: Context,
  more: ReadonlyArray<string> = []
): ReadonlyArray<string> => {
  const keys = new Set(records.flatMap(({ ticket }) => (ticket === null ? [] : [Key.format(ticket)])))
  const shown = [...keys].slice(0, maxKeys)
  const rest = keys.size > maxKeys ? [`  (and ${keys.size - maxKeys} more, named in the report)`] : []
  return [line(["wait", ...planWords(context), ...shown, ...more, ...flagWords(context, waitFlags)]), ...rest]
}
