/**
 * Stores a run in its journal as it goes: what was asked for, before anything of it is bought, and what came of each row.
 *
 * What is stored is a plan again: `options.plan` and the rows' requests as its targets ask for the same targets as the
 * first time, wherever they were written then. The settings that flags and variables gave stand beside it, without the
 * journal's address, which may hold a password. No key is ever in it: a run that holds one is refused before it begins.
 *
 * @since 0.2.0
 */
import type { ScanEvent } from "@scanpoll/core/engine/ScanEvent"
import { type JournalError, ScanJournal } from "@scanpoll/core/engine/ScanJournal"
import type { SubmitRecord } from "@scanpoll/core/engine/Scans"
import * as StoredRuns from "@scanpoll/core/unstable/engine/StoredRuns"
import * as Account from "@scanpoll/core/unstable/model/Account"
import * as Scrubber from "@scanpoll/core/unstable/model/Scrubber"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Durations from "@scanpoll/core/unstable/time/Durations"
import type { Pace } from "../config/Pace.ts"
import { type Plan, type Target, defaultAccount } from "../config/Plan.ts"
import { type SettingName, names, settings as catalogue } from "../config/Setting.ts"
import type { Settings } from "../config/Settings.ts"
import type { Prepared } from "../prepare/Requests.ts"

const paceText = (pace: Pace): string => (pace._tag === "Named" ? pace.name : Durations.format(pace.interval))

const ruled = ({
  deadline,
  gate,
  pace
}: Pick<Target, "pace" | "deadline" | "gate">): Readonly<Record<string, unknown>> => ({
  ...(pace === null ? {} : { pace: paceText(pace.value) }),
  ...(deadline === null ? {} : { deadline: Durations.format(deadline.value) }),
  ...(gate === null ? {} : { gate: gate.value })
})

const isFields = (input: unknown): input is Readonly<Record<string, unknown>> =>
  typeof input === "object" && input !== null && !Array.isArray(input)

/**
 * A target as it would stand in a plan.
 *
 * @category destructors
 * @since 0.2.0
 */
export const targetOf = (target: Target): unknown => ({
  vendor: target.vendor.name,
  ...(target.account === defaultAccount ? {} : { account: target.account }),
  ...(target.name === null ? {} : { name: target.name }),
  ...ruled(target),
  ...(isFields(target.input) ? target.input : {})
})

const scoresOf = (texts: ReadonlyArray<string>): unknown => {
  const pairs = texts.map((text) => text.split("="))
  const [first] = pairs
  if (pairs.length === 1 && first?.length === 1) return Number(first[0])
  return Object.fromEntries(pairs.map(([vendor = "", score = ""]) => [vendor, Number(score)]))
}

// The value of a setting as it stands in a plan, from its texts.
const valueOf = (name: SettingName, texts: ReadonlyArray<string>): unknown => {
  const last = texts.at(-1) ?? ""
  switch (catalogue[name].kind) {
    case "number":
      return Number(last)
    case "switch":
      return last === "true"
    case "list":
      return texts
    case "scores":
      return scoresOf(texts)
    case "text":
    case "duration":
      return last
  }
}

const sectionOf = ({ settings }: Plan, wanted: "defaults" | "gate"): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    names.flatMap((name) => {
      const place = catalogue[name].plan
      const given = settings[name]
      return place === null || place[0] !== wanted || given === undefined
        ? []
        : [[place[1], valueOf(name, given.texts)]]
    })
  )

/**
 * A plan without its targets, as a plan file would have it.
 *
 * @category destructors
 * @since 0.2.0
 */
export const planOf = (plan: Plan): unknown => ({
  version: 1,
  defaults: { ...sectionOf(plan, "defaults"), ...(plan.pace === null ? {} : { pace: paceText(plan.pace.value) }) },
  vendors: Object.fromEntries([...plan.vendors].map(([name, settings]) => [name, ruled(settings)])),
  accounts: Object.fromEntries(
    plan.accounts.flatMap(({ name, variable, vendor }) =>
      variable === null ? [] : [[name, { vendor: vendor.name, variable }]]
    )
  ),
  gate: sectionOf(plan, "gate")
})

/**
 * What else a run is stored with: see the head of this module.
 *
 * - `flags`: the texts of settings by name.
 * - `digests`: the SHA-256 of each plan's file, by its name.
 * - `of`: how many targets the plan has, where the run has a part of them.
 *
 * @category models
 * @since 0.2.0
 */
export interface Options {
  readonly plan: unknown
  readonly flags: { readonly [K in SettingName]?: ReadonlyArray<string> }
  readonly digests: Readonly<Record<string, string>>
  readonly of?: number
}

/**
 * The options of a run, from its plan and from what flags and variables gave.
 *
 * @category constructors
 * @since 0.2.0
 */
export const options = (plan: Plan, settings: Settings): Options => ({
  plan: planOf(plan),
  flags: Object.fromEntries(
    names.flatMap((name) => {
      const { source, texts } = settings[name]
      // Who is notified is up to each process: the file may name programs, and others can write the journal.
      return texts.length === 0 || source === "plan" || name === "notify" ? [] : [[name, texts]]
    })
  ),
  digests: Object.fromEntries(
    [plan, ...plan.parts].flatMap(({ digest, file }) => (digest === null || file === null ? [] : [[file, digest]]))
  ),
  ...(plan.part === null ? {} : { of: plan.part.of })
})

/**
 * What starts a run.
 *
 * @category models
 * @since 0.2.0
 */
export interface Start {
  readonly runId: string
  readonly command: string
  readonly plan: Pick<Plan, "file" | "digest" | "parts">
  readonly options: Options
  readonly prepared: ReadonlyArray<Prepared>
}

const writtenAt = ({ declaredAt, plan }: Prepared, file: string | null): StoredRuns.Written | null => {
  const named = plan ?? file
  return declaredAt === null || named === null ? null : { file: named, ...declaredAt }
}

const rowOf = (prepared: Prepared, file: string | null): StoredRuns.RowStart => {
  const { request, target } = prepared
  const { account, vendor } = request.adapter
  const written = writtenAt(prepared, file)
  const common = { vendor, account, subject: request.subject, kind: request.kind, written }
  if (request._tag !== "Buy") {
    const claimId = request._tag === "Claim" ? request.claimId : null
    return { ...common, key: null, request: null, forced: false, claimId }
  }
  const { environment } = request.adapter
  return {
    ...common,
    key: { ...Account.of(request.adapter), environment, fingerprint: request.fingerprint },
    request: target === null ? null : targetOf(target),
    forced: request.maxAge !== null && Duration.isZero(request.maxAge),
    claimId: null
  }
}

/**
 * A run that is being stored. `observe` is told every event, `claimed` the claim of a row, `rowEnded` the end of every row; `end` says that it is over.
 *
 * @category models
 * @since 0.2.0
 */
export interface Storing {
  readonly observe: (event: ScanEvent) => void
  readonly claimed: (index: number, claimId: string) => void
  readonly rowEnded: (end: StoredRuns.RowEnd) => void
  readonly end: (exitCode: number) => Effect.Effect<void, JournalError>
}

const clean = <A>(value: A): A | null => (Scrubber.ofProcess.value(value) === value ? value : null)

const storing = (runs: StoredRuns.Runs, runId: string, rowAt: (index: number) => number): Storing => {
  const claims = new Map<number, string>()
  const claimed: Storing["claimed"] = (index, claimId) => {
    if (claims.get(index) === claimId) return
    claims.set(index, claimId)
    runs.claimed(runId, rowAt(index), claimId)
  }
  return {
    observe: (event) => {
      if (event._tag !== "Ended" && event.claimId !== null) claimed(event.index, event.claimId)
    },
    claimed,
    rowEnded: (end) => runs.rowEnded(runId, { ...end, index: rowAt(end.index) }),
    end: (exitCode) => Effect.flatMap(Clock.currentTimeMillis, (endedAt) => runs.end(runId, { endedAt, exitCode }))
  }
}

/**
 * How a row of `submit` ended; null for one whose scan goes on.
 *
 * @category constructors
 * @since 0.2.0
 */
export const endOfSubmission = (submission: SubmitRecord, observedAt: number): StoredRuns.RowEnd | null => {
  const { account, because, claimId, index, known, reason, state, subject, ticket, vendor } = submission
  if (state === "submitted") return null
  const none = { polls: 0, progress: null, notBefore: null, ageMs: null, warnings: [] }
  const submittedAt = ticket?.submittedAt ?? null
  const scan = { index, claimId, vendor, account, subject, ticket }
  return { ...scan, ...none, state, reason, because, submittedAt, observedAt, reused: known }
}

/**
 * Stores a new run, before anything of it is bought.
 *
 * @category constructors
 * @since 0.2.0
 */
export const begin = (start: Start, startedAt: number): Effect.Effect<Storing, JournalError, ScanJournal> =>
  Effect.gen(function* () {
    const { runs } = yield* ScanJournal
    const { command, options: asked, plan, prepared, runId } = start
    const rows = prepared.map((one) => rowOf(one, plan.file)).map((row) => ({ ...row, request: clean(row.request) }))
    const named = plan.file ?? plan.parts.flatMap(({ file }) => file ?? []).join(", ")
    yield* runs.begin({
      runId,
      command,
      plan: named === "" ? null : named,
      planDigest: plan.digest,
      options: asked,
      startedAt,
      rows
    })
    return storing(runs, runId, (index) => index)
  })

/**
 * Continues a stored run. `rows`: for each request of the batch, the index of its row.
 *
 * @category constructors
 * @since 0.2.0
 */
export const goOn = (runId: string, rows: ReadonlyArray<number>): Effect.Effect<Storing, JournalError, ScanJournal> =>
  Effect.gen(function* () {
    const { runs } = yield* ScanJournal
    yield* runs.reopen(runId)
    return storing(runs, runId, (index) => rows[index] ?? index)
  })
