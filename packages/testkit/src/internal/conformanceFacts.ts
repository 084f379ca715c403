// Rules about what an adapter says of itself, and about the kit: nothing is sent.
import type { AccountLimits, PaceName } from "@scanpoll/core/engine/ScanAdapter"
import * as Observation from "@scanpoll/core/model/Observation"
import { Subject } from "@scanpoll/core/model/Subject"
import * as PollPolicy from "@scanpoll/core/policy/PollPolicy"
import type { VendorLimits } from "@scanpoll/core/policy/VendorLimits"
import * as Waits from "@scanpoll/core/unstable/time/Waits"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { isDeepStrictEqual } from "node:util"
import type { Answer, Kit, Path } from "./kitFacts.ts"
import * as bench from "./conformanceBench.ts"
import * as wire from "./conformanceWire.ts"

/** What is wrong with the kit itself: a check that plays nothing would pass. */
const kitFaults = <Request, Payload>(kit: Kit<Request, Payload>): ReadonlyArray<string> => {
  const faults: Array<string> = []
  const { errors, poll, submit } = kit
  const usable = (about: string, found: unknown, place: string): void => {
    if (!bench.isId(kit, found)) faults.push(`${about}: no usable id at ${place}`)
  }
  const leads = (about: string, answer: Answer, paths: ReadonlyArray<Path> = []): void => {
    for (const path of paths) {
      if (wire.get(answer.body, path) === undefined) faults.push(`${about}: nothing is at ${wire.showPath(path)}`)
    }
  }
  const { id } = submit
  const place = "location" in id ? "its Location" : "prepared" in id ? `prepare.${id.prepared}` : wire.showPath(id)
  for (const [at, answer] of submit.accepted.entries()) {
    usable(`submit.accepted[${at}]`, bench.newIdIn(kit, answer), place)
    if ("prepared" in id) leads(`submit.accepted[${at}]`, answer, id.says)
  }
  for (const [at, { answer, reason, result }] of (submit.settled ?? []).entries()) {
    usable(`submit.settled[${at}]`, bench.newIdIn(kit, answer), place)
    leads(`submit.settled[${at}]`, answer, [...(result ?? []), ...(reason ?? [])])
  }
  const words: Array<string> = []
  for (const [list, answers] of [
    ["pending", poll.pending],
    ["settled", poll.settled]
  ] as const) {
    for (const [at, { answer }] of answers.entries()) {
      const about = `poll.${list}[${at}]`
      if (bench.statusOf(answer) !== 200) {
        if (list === "settled") faults.push(`${about}: only an answer with status 200 is the end of a scan`)
        continue
      }
      if (poll.id !== null) {
        usable(about, wire.get(answer.body, poll.id), wire.showPath(poll.id))
        if (bench.idIn(kit, answer) === poll.otherId) faults.push(`${about}: has the id that is otherId`)
      }
      if (poll.status === null) continue
      const word = bench.wordOf(kit, answer)
      if (word === null || word === "") faults.push(`${about}: no word at ${wire.showPath(poll.status)}`)
      else words.push(`${list} ${word}`)
    }
  }
  for (const word of new Set(words)) {
    const [list, ...rest] = word.split(" ")
    const elsewhere = `${list === "pending" ? "settled" : "pending"} ${rest.join(" ")}`
    if (list === "pending" && words.includes(elsewhere)) faults.push(`"${rest.join(" ")}" is both pending and settled`)
    if (poll.isWord?.(rest.join(" ")) === false) faults.push(`"${rest.join(" ")}" is not a word that the adapter knows`)
  }
  for (const [at, { answer, reason, result }] of poll.settled.entries()) {
    leads(`poll.settled[${at}]`, answer, [...(result ?? []), ...(reason ?? [])])
  }
  if (!bench.isId(kit, poll.otherId)) faults.push("poll.otherId is not a usable id")
  const isElsewhere = (poll.ended ?? []).length > 0
  const [where, ends] = isElsewhere ? ["result.settled", kit.result?.settled ?? []] : ["poll.settled", poll.settled]
  if (!ends.some(({ outcome }) => outcome === "Completed")) faults.push(`${where}: none is completed`)
  if (!ends.some(({ outcome, result }) => outcome === "Completed" && (result ?? []).length > 0)) {
    faults.push(`${where}: no completed answer says where its result is`)
  }
  for (const [at, { answer, reason, result }] of (kit.result?.settled ?? []).entries()) {
    leads(`result.settled[${at}]`, answer, [...(result ?? []), ...(reason ?? [])])
  }
  if (poll.pending.length === 0) faults.push("poll.pending: there is none")
  if (submit.waits !== true && !errors.some((row) => row.submit === "Refused"))
    faults.push("errors: none is a refused submission")
  if (errors.some((row) => row.submit === undefined && row.poll === undefined)) {
    faults.push("errors: a row says neither what it means for a submission nor for a poll")
  }
  const [one, two] = bench.keysOf(kit)
  if (kit.auth !== "none" && (one === two || one.length < 12 || two.length < 12))
    faults.push("keys must be two, each of 12 characters or more")
  if (kit.active === true && !kit.requests.invalid.some(({ path }) => wire.samePath(path, ["authorized"]))) {
    faults.push("requests.invalid: its scans attack what they scan, and no request is one without `authorized: true`")
  }
  if (kit.collect !== undefined && kit.collect.findings < 1) faults.push("collect.findings must be at least 1")
  if (kit.collect?.id !== undefined) leads("collect.answer", kit.collect.answer, [kit.collect.id])
  return faults
}

const paceNames: ReadonlyArray<PaceName> = ["interactive", "default", "background", "bulk"]
const opens = [1, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1000, 10_000]

const limitFaults = (limits: VendorLimits): ReadonlyArray<string> => {
  const faults: Array<string> = []
  const millis = {
    floor: Duration.toMillis(limits.floor),
    hintCap: Duration.toMillis(limits.hintCap),
    pauseCap: Duration.toMillis(limits.pauseCap),
    throttledWait: Duration.toMillis(limits.throttledWait),
    submitTimeout: Duration.toMillis(limits.submitTimeout)
  }
  for (const [name, value] of Object.entries(millis)) {
    if (!(value >= (name === "floor" ? 0 : 1) && value <= Waits.longest)) {
      faults.push(
        `limits.${name}: ${value} ms, must be up to 30 days${name === "floor" ? "" : " and more than nothing"}`
      )
    }
  }
  if (millis.hintCap < millis.floor) faults.push("limits.hintCap is shorter than the floor")
  if (millis.pauseCap < millis.hintCap) faults.push("limits.pauseCap is shorter than hintCap")
  if (millis.throttledWait < millis.floor) faults.push("limits.throttledWait is shorter than the floor")
  if (millis.throttledWait > millis.pauseCap) faults.push("limits.throttledWait is longer than pauseCap")
  return faults
}

const paceFaults = (name: string, policy: PollPolicy.PollPolicy, floor: Duration.Duration): ReadonlyArray<string> => {
  const { pace } = policy
  if (Schedule.isSchedule(pace)) return []
  const faults: Array<string> = []
  let last = 0
  for (const open of opens) {
    const seen = Observation.pending("running")
    const wait = Duration.toMillis(pace({ seen, polls: 1, faultsInARow: 0, age: 0, open }))
    if (!(wait >= Duration.toMillis(floor))) {
      faults.push(
        `${name} with ${open} open scans: ${wait} ms, must not be below the floor of ${Duration.format(floor)}`
      )
    }
    if (wait < last) faults.push(`${name} with ${open} open scans: ${wait} ms, faster than with fewer (${last} ms)`)
    last = wait
  }
  return faults
}

const budgetFaults = (budget: AccountLimits): ReadonlyArray<string> => {
  const faults: Array<string> = []
  const whole = (name: string, value: number | null): void => {
    if (value !== null && !(Number.isInteger(value) && value >= 1)) faults.push(`budget.${name}: ${value}`)
  }
  whole("requests", budget.requests)
  whole("openScans", budget.openScans)
  const time = (name: string, duration: Duration.Duration, least: number): void => {
    const millis = Duration.toMillis(duration)
    if (!(millis >= least && millis <= Waits.longest)) faults.push(`budget.${name}: ${millis} ms`)
  }
  time("window", budget.window, 1)
  time("typicalDuration", budget.typicalDuration, 1)
  if (budget.submitGap !== undefined) time("submitGap", budget.submitGap, 0)
  for (const [at, { requests, window }] of (budget.windows ?? []).entries()) {
    whole(`windows[${at}].requests`, requests)
    time(`windows[${at}].window`, window, 1)
  }
  for (const open of opens) {
    const polls = budget.pollsPerScan(open)
    if (!(Number.isFinite(polls) && polls > 0)) faults.push(`budget.pollsPerScan(${open}): ${polls}`)
  }
  return faults
}

const freeze = <A>(value: A): A => {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    Object.values(value).forEach(freeze)
  }
  return value
}

/** What a pure function gives; what it throws is noted. */
const attempt = <A>(note: bench.Note, about: string, call: () => A): A | null => {
  try {
    return call()
  } catch (defect) {
    note(`${about}: throws ${String(defect).slice(0, 200)}`)
    return null
  }
}

export const factRules = <Request, Payload>(kit: Kit<Request, Payload>): ReadonlyArray<bench.Rule> => {
  const { anew = [], equal, different, invalid, valid } = kit.requests
  const everyRequest = [
    ...valid,
    ...anew,
    ...equal.flat(),
    ...different.flat(),
    ...(kit.reconcile === undefined ? [] : [kit.reconcile.request])
  ]
  return [
    {
      group: "kit",
      name: "MUST be described by facts that agree with each other and leave out none of its calls",
      run: Effect.fnUntraced(function* (note) {
        kitFaults(kit).forEach(note)
        const { adapter } = yield* bench.open(kit)
        for (const call of ["prepare", "result", "cancel", "collect", "reconcile"] as const) {
          if (adapter[call] !== undefined && kit[call] === undefined) note(`the adapter has ${call}, the kit has not`)
          if (adapter[call] === undefined && kit[call] !== undefined) note(`the kit has ${call}, the adapter has not`)
        }
        if ((adapter.recover === undefined) !== (kit.prepare?.recover === undefined)) {
          note(`the ${adapter.recover === undefined ? "kit" : "adapter"} has recover, the other has not`)
        }
        if (adapter.maxAge !== undefined && anew.length === 0)
          note("the adapter has maxAge, the kit has not requests.anew")
        if (adapter.maxAge === undefined && anew.length > 0)
          note("the kit has requests.anew, the adapter has not maxAge")
      })
    },
    {
      group: "facts",
      name: "MUST say whose it is: its vendor, the origin of its base and its account, and no credential in any of them",
      run: Effect.fnUntraced(function* (note) {
        const { adapter, stage } = yield* bench.open(kit)
        if (adapter.vendor !== kit.vendor) note(`vendor: "${adapter.vendor}", must be "${kit.vendor}"`)
        if (adapter.origin !== stage.origin) note(`origin: "${adapter.origin}", must be "${stage.origin}"`)
        if (adapter.account === "") note("account: empty")
        const { account, environment, origin, vendor } = adapter
        for (const key of bench.keysOf(kit)) {
          if ([vendor, origin, account, environment].some((text) => text.includes(key)))
            note("one of them holds the key")
        }
      })
    },
    {
      group: "facts",
      name: "MUST have limits that hang together: finite waits, the floor below the caps",
      run: Effect.fnUntraced(function* (note) {
        const { adapter } = yield* bench.open(kit)
        limitFaults(adapter.limits).forEach(note)
      })
    },
    {
      group: "facts",
      name: "MUST recommend policies that PollPolicy.check accepts with its own limits, one under each name",
      run: Effect.fnUntraced(function* (note) {
        const { adapter } = yield* bench.open(kit)
        const named = [
          ["policy", adapter.policy],
          ...paceNames.map((name) => [name, adapter.policies[name]] as const)
        ] as const
        for (const [name, policy] of named) {
          if (!PollPolicy.isPollPolicy(policy)) {
            note(`${name}: no policy`)
            continue
          }
          const checked = PollPolicy.check(policy, adapter.limits)
          if (Result.isFailure(checked)) checked.failure.faults.forEach((fault) => note(`${name}: ${fault}`))
          if (Duration.isLessThan(policy.floor, adapter.limits.floor))
            note(`${name}: its floor is below that of limits`)
        }
      })
    },
    {
      group: "facts",
      name: "MUST NOT recommend a pace below the floor, nor a faster one while more scans are open",
      run: Effect.fnUntraced(function* (note) {
        const { adapter } = yield* bench.open(kit)
        paceFaults("policy", adapter.policy, adapter.limits.floor).forEach(note)
        for (const name of paceNames) paceFaults(name, adapter.policies[name], adapter.limits.floor).forEach(note)
      })
    },
    {
      group: "facts",
      name: "MUST state a budget of whole requests and finite times",
      run: Effect.fnUntraced(function* (note) {
        const { adapter } = yield* bench.open(kit)
        budgetFaults(adapter.budget).forEach(note)
      })
    },
    {
      group: "requests",
      name: "MUST find no fault in a valid request",
      run: Effect.fnUntraced(function* (note) {
        const { adapter } = yield* bench.open(kit)
        for (const [at, request] of everyRequest.entries()) {
          const faults = attempt(note, `request ${at}`, () => adapter.check(request)) ?? []
          for (const fault of faults) note(`request ${at}: ${wire.showPath(fault.path)} ${fault.message}`)
        }
      })
    },
    {
      group: "requests",
      name: "MUST name the path of each fault of an invalid request, the same each time and without asking the vendor",
      run: Effect.fnUntraced(function* (note) {
        const { adapter, requests } = yield* bench.open(kit)
        for (const [at, { path, request }] of invalid.entries()) {
          const about = `invalid request ${at}`
          const faults = attempt(note, about, () => adapter.check(request)) ?? []
          const found = faults.map((fault) => wire.showPath(fault.path))
          if (!faults.some((fault) => wire.samePath(fault.path, path))) {
            note(`${about}: faults at ${found.join(", ") || "no path"}, must be at ${wire.showPath(path)}`)
          }
          if (faults.some((fault) => fault.message.trim() === "")) note(`${about}: a fault without words`)
          const again = attempt(note, about, () => adapter.check(structuredClone(request)))
          if (!isDeepStrictEqual(again, faults)) note(`${about}: other faults the second time`)
        }
        if (requests().length > 0) note(`${requests().length} requests reached the vendor, must be none`)
      })
    },
    {
      group: "requests",
      name: "MUST refuse an invalid request before a connection is made",
      run: Effect.fnUntraced(function* (note) {
        const scene = yield* bench.open(kit)
        for (const [at, { request }] of invalid.entries()) {
          const heard = yield* scene.submit(kit.submit.accepted[0], request)
          bench.expect(note, `invalid request ${at}`, bench.readSubmit(heard), "Refused")
        }
        const { connections } = scene.stage.ledger.totals()
        if (connections > 0) note(`${connections} connections reached the vendor, must be none`)
      })
    },
    {
      group: "requests",
      name: "MUST leave the requests it is given as they are",
      run: Effect.fnUntraced(function* (note) {
        const scene = yield* bench.open(kit)
        for (const [at, given] of [...everyRequest, ...invalid.map(({ request }) => request)].entries()) {
          const request = freeze(structuredClone(given))
          const about = `request ${at}`
          attempt(note, about, () => scene.adapter.check(request))
          attempt(note, about, () => scene.adapter.subject(request))
          attempt(note, about, () => scene.adapter.fingerprint(request))
          attempt(note, about, () => scene.adapter.maxAge?.(request))
          const heard = yield* scene.submit(kit.submit.accepted[0], request)
          if (heard._tag === "Defect") note(`${about}: ${bench.readSubmit(heard)}`)
          if (!isDeepStrictEqual(request, given)) note(`${about}: changed`)
        }
      })
    },
    {
      group: "requests",
      name: "MUST give equal purchases one fingerprint and different ones another",
      run: Effect.fnUntraced(function* (note) {
        const { adapter } = yield* bench.open(kit)
        const print = (request: Request): string =>
          attempt(note, "fingerprint", () => adapter.fingerprint(request)) ?? ""
        for (const [at, [one, two]] of equal.entries()) {
          if (print(one) !== print(two)) note(`equal[${at}]: ${print(one)} and ${print(two)}`)
        }
        for (const [at, [one, two]] of different.entries()) {
          if (print(one) === print(two)) note(`different[${at}]: both are ${print(one)}`)
        }
        if (everyRequest.some((request) => print(request) === "")) note("an empty fingerprint")
      })
    },
    {
      group: "requests",
      name: "MUST give a request the same fingerprint at any time, under any key and at any address of the vendor",
      run: Effect.fnUntraced(function* (note) {
        const here = yield* bench.open(kit)
        const there = yield* bench.open({ ...kit, keys: [bench.keysOf(kit)[1], bench.keysOf(kit)[0]] })
        for (const [at, request] of everyRequest.entries()) {
          const print = here.adapter.fingerprint(request)
          if (here.adapter.fingerprint(structuredClone(request)) !== print) note(`request ${at}: another for its copy`)
          if (there.adapter.fingerprint(request) !== print) note(`request ${at}: another under another key and address`)
          if (bench.keysOf(kit).some((key) => print.includes(key))) note(`request ${at}: holds the key`)
        }
      })
    },
    {
      group: "requests",
      name: "MUST allow a request an answer of one age each time, and none where it asks for a new scan",
      run: Effect.fnUntraced(function* (note) {
        const { adapter } = yield* bench.open(kit)
        const { maxAge } = adapter
        if (maxAge === undefined) return
        const ageOf = (about: string, request: Request): number | null =>
          attempt(note, about, () => {
            const age = maxAge(request)
            return age === null ? null : Duration.toMillis(age)
          })
        for (const [at, request] of everyRequest.entries()) {
          const age = ageOf(`request ${at}`, request)
          if (age !== null && !(age >= 0)) note(`request ${at}: ${age} ms, must be null or a duration`)
          if (ageOf(`request ${at}`, structuredClone(request)) !== age) note(`request ${at}: another age for its copy`)
        }
        for (const [at, request] of anew.entries()) {
          const age = ageOf(`anew[${at}]`, request)
          if (age !== 0) note(`anew[${at}]: ${age === null ? "null" : `${age} ms`}, must be 0 ms`)
        }
      })
    },
    {
      group: "requests",
      name: "MUST name one subject for a request, the same each time and for equal purchases",
      run: Effect.fnUntraced(function* (note) {
        const { adapter } = yield* bench.open(kit)
        const isSubject = Schema.is(Subject)
        for (const [at, request] of everyRequest.entries()) {
          const subject = attempt(note, `request ${at}`, () => adapter.subject(request))
          if (!isSubject(subject)) note(`request ${at}: no subject`)
          else if (subject.id === "" || subject.name === "") note(`request ${at}: an id or a name is empty`)
          const again = attempt(note, `request ${at}`, () => adapter.subject(structuredClone(request)))
          if (!isDeepStrictEqual(again, subject)) note(`request ${at}: another subject the second time`)
        }
        for (const [at, [one, two]] of equal.entries()) {
          const ids = [one, two].map((request) => attempt(note, `equal[${at}]`, () => adapter.subject(request).id))
          if (ids[0] !== ids[1]) note(`equal[${at}]: ${ids.join(" and ")}`)
        }
      })
    }
  ]
}
