/**
 * What every journal promises, as a function of the journal: memory, a file and a server are held to the same.
 */
import { assert, describe, it } from "@effect/vitest"
import type { Lesson } from "@scanpoll/core/engine/DurationModel"
import * as ScanJournal from "@scanpoll/core/engine/ScanJournal"
import * as ScanTicket from "@scanpoll/core/model/ScanTicket"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Struct from "effect/Struct"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import { fresh, keyOf, outcomeOf, reason, subject, ticketOf, vendor } from "./fixtures.ts"

const names = ["submitted", "settled", "in-doubt", "refused", "released"] as const

const moves = {
  submitted: (journal: ScanJournal.Operations, id: string) => journal.submitted(id, ticketOf(id), 0),
  // Only who holds a claim may settle it; a claim that a person found is held by nobody yet.
  settled: (journal: ScanJournal.Operations, id: string) =>
    Effect.andThen(journal.take(id), journal.settled(id, { first: true })),
  "in-doubt": (journal: ScanJournal.Operations, id: string) => journal.inDoubt(id, reason),
  refused: (journal: ScanJournal.Operations, id: string) => journal.refused(id, reason),
  released: (journal: ScanJournal.Operations, id: string) => journal.released(id)
} as const

const tagOf = <A extends { readonly _tag: string }, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.map(effect, ({ _tag }) => _tag)

const reasonOf = <A, R>(effect: Effect.Effect<A, ScanJournal.JournalError, R>) =>
  Effect.map(Effect.result(effect), (result) => (Result.isFailure(result) ? result.failure.reason : "no error"))

export const suite = (name: string, open: Effect.Effect<ScanJournal.Operations, unknown, Scope.Scope>): void => {
  const promise = (
    says: string,
    body: (journal: ScanJournal.Operations) => Effect.Effect<void, ScanJournal.JournalError, Scope.Scope>
  ): void => it.live(says, () => Effect.scoped(Effect.flatMap(Effect.orDie(open), body)))

  describe(`a journal: ${name}`, () => {
    promise("only the moves of the state machine happen; any other is an error and changes nothing", (journal) =>
      Effect.gen(function* () {
        const sequences = Array.from({ length: 5 ** 3 }, (_, n) =>
          [n % 5, Math.floor(n / 5) % 5, Math.floor(n / 25)].map((i) => names[i] ?? "submitted")
        )
        for (const [n, sequence] of sequences.entries()) {
          const { claimId } = yield* journal.claim(keyOf(`moves-${n}`), fresh)
          let state: ScanJournal.ClaimState = "intent"
          for (const to of sequence) {
            const result = yield* Effect.result(moves[to](journal, claimId))
            const allowed = ScanJournal.mayMove(state, to)
            const kept = state === "settled" && to === "settled"
            assert.strictEqual(Result.isSuccess(result), allowed || kept, `${sequence.join(" ")}: ${state} -> ${to}`)
            if (allowed) state = to
            assert.strictEqual((yield* journal.get(claimId))?.state, state)
          }
        }
      })
    )

    promise("answers a second claim by where the first one is", (journal) =>
      Effect.gen(function* () {
        const key = keyOf("second")
        const again = tagOf(journal.claim(key, fresh))
        const first = yield* journal.claim(key, fresh)
        assert.strictEqual(first._tag, "Fresh")
        assert.strictEqual(yield* again, "Busy")
        yield* journal.submitted(first.claimId, ticketOf("second"), 7)
        assert.deepStrictEqual(yield* journal.claim(key, fresh), {
          _tag: "InFlight",
          claimId: first.claimId,
          ticket: ticketOf("second"),
          notBefore: 7
        })
        yield* journal.settled(first.claimId, outcomeOf("second"))
        const settled = yield* journal.claim(key, fresh)
        assert.deepStrictEqual(settled._tag === "Settled" ? settled.outcome : null, outcomeOf("second"))
        const anew = yield* journal.claim(key, { subject, reuseFrom: Number.MAX_SAFE_INTEGER })
        assert.strictEqual(anew._tag, "Fresh")
      })
    )

    promise(
      "a settled claim that lacks evidence is listed until it is supplemented, and stays settled (V-01)",
      (journal) =>
        Effect.gen(function* () {
          const ids = yield* Effect.forEach(["lacks", "whole"], (name) =>
            Effect.gen(function* () {
              const { claimId } = yield* journal.claim(keyOf(name), fresh)
              yield* journal.settled(claimId, outcomeOf(name), ticketOf(name), name === "lacks" ? reason : undefined)
              return claimId
            })
          )
          const [lacks = "", whole = ""] = ids
          const listed = Effect.map(journal.history({ lacking: true }), (all) => all.map(({ claimId }) => claimId))
          assert.deepStrictEqual(yield* listed, [lacks])
          const before = yield* journal.get(lacks)
          assert.deepStrictEqual(before?.reason, reason)
          yield* journal.supplemented(lacks, outcomeOf("better"))
          const after = yield* journal.get(lacks)
          assert.deepStrictEqual(
            [after?.state, after?.changedAt, after?.outcome, after?.reason],
            ["settled", before?.changedAt, outcomeOf("better"), null]
          )
          assert.deepStrictEqual(yield* listed, [])
          assert.deepStrictEqual((yield* journal.get(whole))?.outcome, outcomeOf("whole"))
        })
    )

    promise("only a settled claim can be supplemented; any other is left as it is (V-01)", (journal) =>
      Effect.gen(function* () {
        const { claimId } = yield* journal.claim(keyOf("open"), fresh)
        yield* journal.submitted(claimId, ticketOf("open"), 0)
        yield* journal.supplemented(claimId, outcomeOf("open"), reason)
        const entry = yield* journal.get(claimId)
        assert.deepStrictEqual([entry?.state, entry?.outcome, entry?.reason], ["submitted", null, null])
        yield* journal.supplemented("clm_nobody", outcomeOf("open"))
        assert.isNull(yield* journal.get("clm_nobody"))
      })
    )

    promise("what was prepared for a submission is kept with the intent, and until its scan has settled", (journal) =>
      Effect.gen(function* () {
        const { claimId } = yield* journal.claim(keyOf("prepared"), fresh)
        const kept = Effect.map(journal.get(claimId), (entry) => entry?.prepared)
        assert.isNull(yield* kept)
        yield* journal.prepared(claimId, { task: "t1", parts: [1, "\u0000"] })
        yield* journal.inDoubt(claimId, reason)
        assert.deepStrictEqual(yield* kept, { task: "t1", parts: [1, "\u0000"] })
        assert.strictEqual(yield* reasonOf(journal.prepared(claimId, {})), "conflict")
        yield* journal.submitted(claimId, ticketOf("prepared"), 0)
        assert.deepStrictEqual(yield* kept, { task: "t1", parts: [1, "\u0000"] })
        yield* journal.take(claimId)
        yield* journal.settled(claimId, outcomeOf("prepared"))
        assert.isNull(yield* kept)
      })
    )

    promise(
      "how a scan ended is kept until its result is: the first word stays, and whoever takes it is told",
      (journal) =>
        Effect.gen(function* () {
          const { claimId } = yield* journal.claim(keyOf("ended"), fresh)
          assert.strictEqual(yield* reasonOf(journal.ended(claimId, "done")), "conflict")
          yield* journal.submitted(claimId, ticketOf("ended"), 7)
          assert.strictEqual(yield* journal.ended(claimId, "done"), "done")
          assert.strictEqual(yield* journal.ended(claimId, "failed"), "done")
          const entry = yield* journal.get(claimId)
          assert.deepStrictEqual([entry?.state, entry?.endedAs], ["submitted", "done"])
          const hold = yield* journal.take(claimId)
          assert.strictEqual(hold._tag === "Ours" ? hold.endedAs : null, "done")
          yield* journal.settled(claimId, outcomeOf("ended"))
          assert.isNull((yield* journal.get(claimId))?.endedAs)
          assert.strictEqual(yield* reasonOf(journal.ended(claimId, "done")), "conflict")
        })
    )

    promise(
      "a ticket that took another one's place is the claim's from then on, and no other claim can have it",
      (journal) =>
        Effect.gen(function* () {
          const { claimId } = yield* journal.claim(keyOf("moved"), fresh)
          yield* journal.submitted(claimId, ticketOf("first"), 0)
          yield* journal.moved(claimId, ticketOf("second"))
          assert.strictEqual((yield* journal.get(claimId))?.ticket?.scanId, "second")
          const hold = yield* journal.take(claimId)
          assert.strictEqual(hold._tag === "Ours" ? hold.ticket.scanId : null, "second")
          assert.strictEqual((yield* journal.adopt(ticketOf("second"), subject)).claimId, claimId)
          const other = yield* journal.claim(keyOf("moved-too"), fresh)
          yield* journal.submitted(other.claimId, ticketOf("third"), 0)
          assert.strictEqual(yield* reasonOf(journal.moved(other.claimId, ticketOf("second"))), "conflict")
          const foreign = ScanTicket.make({ ...ticketOf("x"), account: "else" })
          assert.strictEqual(yield* reasonOf(journal.moved(claimId, foreign)), "conflict")
        })
    )

    promise("a claim keeps the lane it was bought in, for whoever polls it (D-22)", (journal) =>
      Effect.gen(function* () {
        const lane = "team\u0000 b"
        const named = yield* journal.claim(keyOf("in a lane"), { ...fresh, lane })
        const plain = yield* journal.claim(keyOf("in none"), fresh)
        const lanes = Effect.forEach([named, plain], ({ claimId }) =>
          Effect.map(journal.get(claimId), (entry) => entry?.lane)
        )
        assert.deepStrictEqual(yield* lanes, [lane, undefined])
        yield* journal.submitted(named.claimId, ticketOf("in a lane"), 0)
        assert.deepStrictEqual(yield* lanes, [lane, undefined])
      })
    )

    promise(
      "the last trouble of an open claim is kept, with its time, who met it and when it is asked again (D-02)",
      (journal) =>
        Effect.gen(function* () {
          const { claimId } = yield* journal.claim(keyOf("trouble"), fresh)
          yield* journal.submitted(claimId, ticketOf("trouble"), 0)
          yield* journal.take(claimId)
          const kept = Effect.map(journal.get(claimId), (entry) => entry?.lastFault ?? null)
          const until = (
            is: (fault: ScanJournal.LastFault | null) => boolean
          ): Effect.Effect<void, ScanJournal.JournalError> =>
            Effect.flatMap(kept, (fault) =>
              is(fault) ? Effect.void : Effect.andThen(Effect.sleep("5 millis"), until(is))
            )
          const fault = { code: "http-503", message: "busy \u0000", at: 5, until: 9 }
          journal.faulted(claimId, fault)
          yield* until((found) => found !== null)
          const found = yield* kept
          assert.deepStrictEqual(found, { ...fault, by: found?.by ?? "" })
          assert.match(found?.by ?? "", /process/)
          journal.faulted(claimId, null)
          yield* until((found) => found === null)
          journal.faulted(claimId, { ...fault, stopped: "denied" })
          yield* until((found) => found?.stopped === "denied")
          journal.faulted(claimId, fault)
          yield* journal.settled(claimId, outcomeOf("trouble"))
          assert.isNull(yield* kept)
        })
    )

    promise("whoever asks while another submits is woken by the answer", (journal) =>
      Effect.gen(function* () {
        const key = keyOf("busy")
        const { claimId } = yield* journal.claim(key, fresh)
        const busy = yield* journal.claim(key, { ...fresh, peek: true })
        if (busy._tag !== "Busy") return assert.fail(busy._tag)
        const waiting = yield* Effect.forkChild(busy.changed)
        yield* journal.submitted(claimId, ticketOf("busy"), 0)
        yield* Fiber.join(waiting)
        assert.strictEqual(yield* tagOf(journal.claim(key, fresh)), "InFlight")
      })
    )

    promise("of many equal claims at once exactly one is fresh", (journal) =>
      Effect.gen(function* () {
        const tags = yield* Effect.all(
          Array.from({ length: 20 }, () => tagOf(journal.claim(keyOf("race"), fresh))),
          { concurrency: "unbounded" }
        )
        assert.strictEqual(tags.filter((tag) => tag === "Fresh").length, 1)
        assert.strictEqual(tags.filter((tag) => tag === "Busy").length, 19)
      })
    )

    promise("a look writes nothing; another origin, account or environment is another claim", (journal) =>
      Effect.gen(function* () {
        yield* journal.claim(keyOf("peek"), { ...fresh, peek: true })
        assert.strictEqual((yield* journal.list(["intent"])).length, 0)
        yield* journal.claim(keyOf("peek"), fresh)
        for (const other of [
          { origin: "https://b.test" },
          { account: "b" },
          { environment: "test" },
          { fingerprint: "g" },
          { vendor: "b" }
        ]) {
          assert.strictEqual(yield* tagOf(journal.claim(keyOf("peek", other), fresh)), "Fresh")
        }
      })
    )

    promise("an answer is reused whatever came to nothing after it", (journal) =>
      Effect.gen(function* () {
        const key = keyOf("reuse")
        const anew = { subject, reuseFrom: Number.MAX_SAFE_INTEGER }
        const first = yield* journal.claim(key, fresh)
        yield* journal.settled(first.claimId, outcomeOf("reuse"), ticketOf("reuse"))
        const second = yield* journal.claim(key, anew)
        yield* journal.refused(second.claimId, reason)
        const third = yield* journal.claim(key, anew)
        yield* journal.released(third.claimId)
        assert.strictEqual((yield* journal.claim(key, fresh)).claimId, first.claimId)
      })
    )

    for (const end of ["Failed", "Partial"] as const) {
      promise(`an outcome that is ${end} answers no new wish, and puts older ones out of date (V-03)`, (journal) =>
        Effect.gen(function* () {
          const key = keyOf(`no answer ${end}`)
          const anew = { subject, reuseFrom: Number.MAX_SAFE_INTEGER }
          const first = yield* journal.claim(key, fresh)
          yield* journal.settled(first.claimId, outcomeOf(`good-${end}`), ticketOf(`good-${end}`))
          assert.strictEqual((yield* journal.claim(key, { ...fresh, peek: true })).claimId, first.claimId)
          const second = yield* journal.claim(key, anew)
          // The newest one decides, and a journal's clock counts milliseconds.
          yield* Effect.sleep("2 millis")
          yield* journal.settled(second.claimId, { _tag: end }, ticketOf(`bad-${end}`))
          assert.strictEqual(yield* tagOf(journal.claim(key, { ...fresh, peek: true })), "Fresh")
          assert.strictEqual(yield* tagOf(journal.claim(key, fresh)), "Fresh")
        })
      )
    }

    for (const end of ["Failed", "Partial", "Completed"] as const) {
      promise(`an outcome that is ${end} answers the wishes that waited while it came about (V-03, V-04)`, (journal) =>
        Effect.gen(function* () {
          const key = keyOf(`while waiting ${end}`)
          const anew = { subject, reuseFrom: Number.MAX_SAFE_INTEGER }
          const now = yield* Clock.currentTimeMillis
          const first = yield* journal.claim(key, anew)
          yield* Effect.sleep("2 millis")
          yield* journal.settled(first.claimId, { _tag: end }, ticketOf(`awaited-${end}`))
          const asked = (askedAt: number) => tagOf(journal.claim(key, { ...anew, askedAt, peek: true }))
          yield* Effect.sleep("2 millis")
          assert.strictEqual(yield* asked(now), "Settled")
          assert.strictEqual(yield* asked(yield* Clock.currentTimeMillis), "Fresh")
        })
      )
    }

    promise(
      "of several answers to one request the newest is reused, and none that is older than asked for",
      (journal) =>
        Effect.gen(function* () {
          const key = keyOf("newest")
          const anew = { subject, reuseFrom: Number.MAX_SAFE_INTEGER }
          for (const scanId of ["newest-1", "newest-2", "newest-3"]) {
            const { claimId } = yield* journal.claim(key, anew)
            yield* journal.settled(claimId, outcomeOf(scanId), ticketOf(scanId))
            yield* Effect.sleep(3)
          }
          const reused = yield* journal.claim(key, fresh)
          assert.deepStrictEqual(reused._tag === "Settled" ? reused.outcome : reused._tag, outcomeOf("newest-3"))
          const at = reused._tag === "Settled" ? reused.at : 0
          assert.strictEqual(yield* tagOf(journal.claim(key, { subject, reuseFrom: at, peek: true })), "Settled")
          assert.strictEqual(yield* tagOf(journal.claim(key, { subject, reuseFrom: at + 1, peek: true })), "Fresh")
        })
    )

    promise("a scan of another account, origin or vendor is never taken for one of this claim's (SE-05)", (journal) =>
      Effect.gen(function* () {
        const others = [{ origin: "https://b.test" }, { account: "b" }, { vendor: "b" }] as const
        for (const [n, other] of others.entries()) {
          const scanId = `shared-${n}`
          const { claimId } = yield* journal.claim(keyOf(scanId), fresh)
          const theirs = ScanTicket.make({ ...vendor, ...other, scanId, submittedAt: 0 })
          assert.strictEqual(yield* reasonOf(journal.submitted(claimId, theirs, 0)), "conflict", JSON.stringify(other))
          assert.strictEqual((yield* journal.get(claimId))?.state, "intent")
          yield* journal.submitted(claimId, ticketOf(scanId), 0)

          // The same id at another place is another scan: typed, found for a claim in doubt, and in the list of known ones.
          const typed = yield* journal.adopt(theirs, subject)
          assert.notStrictEqual(typed.claimId, claimId)
          const doubtful = yield* journal.claim(keyOf(`${scanId}-doubt`, { ...other, environment: "b" }), fresh)
          yield* journal.inDoubt(doubtful.claimId, reason)
          assert.strictEqual(yield* reasonOf(journal.submitted(doubtful.claimId, theirs, 0)), "conflict")
          const elsewhere = yield* journal.claim(keyOf(`${scanId}-found`, { account: `c${n}` }), fresh)
          yield* journal.inDoubt(elsewhere.claimId, reason)
          yield* journal.submitted(elsewhere.claimId, { ...ticketOf(scanId), account: `c${n}` }, 0)
          assert.deepStrictEqual([...(yield* journal.scanIds({ ...vendor, account: `c${n}` }))], [scanId])
        }
        const known = yield* journal.scanIds({ ...vendor, origin: "https://b.test" })
        assert.deepStrictEqual([...known], ["shared-0"])
      })
    )

    promise("what is in doubt stays so until it is found or released, and is told with its reason", (journal) =>
      Effect.gen(function* () {
        const key = keyOf("doubt")
        const { claimId } = yield* journal.claim(key, { ...fresh, request: { url: "https://a.test/" } })
        yield* journal.inDoubt(claimId, reason)
        assert.strictEqual(yield* tagOf(journal.claim(key, fresh)), "InDoubt")
        const [entry] = yield* journal.list(["in-doubt"])
        assert.deepStrictEqual(entry?.reason, reason)
        assert.deepStrictEqual(entry?.request, { url: "https://a.test/" })
        yield* journal.submitted(claimId, ticketOf("doubt"), 0)
        assert.isNull((yield* journal.get(claimId))?.request)
        assert.strictEqual(yield* tagOf(journal.claim(key, fresh)), "InFlight")
        const other = yield* journal.claim(keyOf("doubt2"), fresh)
        yield* journal.inDoubt(other.claimId, reason)
        assert.strictEqual(yield* reasonOf(journal.submitted(other.claimId, ticketOf("doubt"), 0)), "conflict")
        yield* journal.released(other.claimId)
        assert.strictEqual(yield* tagOf(journal.claim(keyOf("doubt2"), fresh)), "Fresh")
      })
    )

    promise("DU-14 the first terminal answer is the outcome; a later one changes nothing", (journal) =>
      Effect.gen(function* () {
        const { claimId } = yield* journal.claim(keyOf("sticky"), fresh)
        yield* journal.submitted(claimId, ticketOf("sticky"), 0)
        yield* journal.settled(claimId, outcomeOf("sticky"))
        yield* journal.settled(claimId, { other: true })
        assert.strictEqual(yield* reasonOf(journal.submitted(claimId, ticketOf("late"), 0)), "conflict")
        const entry = yield* journal.get(claimId)
        assert.deepStrictEqual(entry?.outcome, outcomeOf("sticky"))
        assert.strictEqual(entry?.ticket?.scanId, "sticky")
      })
    )

    promise("a typed ticket becomes a claim, or joins the one that has it", (journal) =>
      Effect.gen(function* () {
        const { claimId } = yield* journal.claim(keyOf("typed"), fresh)
        yield* journal.submitted(claimId, ticketOf("typed"), 0)
        assert.strictEqual((yield* journal.adopt(ticketOf("typed", null), subject)).claimId, claimId)
        const adopted = yield* journal.adopt(ticketOf("other", null), subject)
        assert.strictEqual((yield* journal.adopt(ticketOf("other", null), subject)).claimId, adopted.claimId)
        assert.isNull((yield* journal.get(adopted.claimId))?.ticket?.submittedAt)
        yield* journal.take(adopted.claimId)
        yield* journal.settled(adopted.claimId, outcomeOf("other"))
        assert.strictEqual((yield* journal.adopt(ticketOf("other", null), subject))._tag, "Settled")
      })
    )

    promise("a claim is held by taking it, once or again, until it is over", (journal) =>
      Effect.gen(function* () {
        const { claimId } = yield* journal.claim(keyOf("held"), fresh)
        assert.strictEqual(yield* tagOf(journal.take(claimId)), "Over")
        yield* journal.submitted(claimId, ticketOf("held"), 5)
        const hold = yield* journal.take(claimId)
        assert.deepStrictEqual(hold._tag === "Ours" ? [hold.ticket.scanId, hold.notBefore] : [], ["held", 5])
        journal.waiting(claimId, 9_000)
        journal.leave(claimId)
        const again = yield* journal.take(claimId)
        assert.strictEqual(again._tag === "Ours" ? again.notBefore : 0, 9_000)
        yield* journal.settled(claimId, outcomeOf("held"))
        const over = yield* journal.take(claimId)
        assert.strictEqual(over._tag === "Over" ? over.entry.state : "", "settled")
        assert.strictEqual(yield* reasonOf(journal.take("clm_nobody")), "conflict")
      })
    )

    promise("a submission that is left without a move is in doubt, and keeps nobody waiting", (journal) =>
      Effect.gen(function* () {
        const key = keyOf("left")
        const { claimId } = yield* journal.claim(key, fresh)
        const busy = yield* journal.claim(key, { ...fresh, peek: true })
        journal.leave(claimId)
        if (busy._tag === "Busy") yield* busy.changed
        assert.strictEqual(yield* tagOf(journal.claim(key, fresh)), "InDoubt")
        const untilStored: Effect.Effect<void, ScanJournal.JournalError> = Effect.flatMap(
          journal.get(claimId),
          (entry) =>
            entry?.reason?.code === "answer-not-stored" ? Effect.void : Effect.andThen(Effect.sleep(10), untilStored)
        )
        yield* untilStored
      })
    )

    promise("the longest pause of an account is kept", (journal) =>
      Effect.gen(function* () {
        const account = { vendor: "acme", origin: "https://acme.test", account: "a" }
        journal.paused(account, 50)
        journal.paused(account, 20)
        journal.paused({ ...account, account: "b" }, 70)
        const untilStored: Effect.Effect<void, ScanJournal.JournalError> = Effect.flatMap(journal.pauses, (pauses) =>
          pauses.length === 2 ? Effect.void : Effect.andThen(Effect.sleep(10), untilStored)
        )
        yield* untilStored
        assert.deepStrictEqual(
          (yield* journal.pauses).map(Struct.omit(["at"])).toSorted((a, b) => a.until - b.until),
          [
            { ...account, until: 50 },
            { ...account, account: "b", until: 70 }
          ]
        )
      })
    )

    promise("a pause of submissions is kept beside one of the account, and neither shortens the other", (journal) =>
      Effect.gen(function* () {
        const account = { vendor: "acme", origin: "https://acme.test", account: "a" }
        journal.paused(account, 90, "submit")
        journal.paused(account, 30, "submit")
        journal.paused(account, 50)
        const untilStored: Effect.Effect<void, ScanJournal.JournalError> = Effect.flatMap(journal.pauses, (pauses) =>
          pauses.length === 2 ? Effect.void : Effect.andThen(Effect.sleep(10), untilStored)
        )
        yield* untilStored
        journal.paused(account, 95)
        const untilLonger: Effect.Effect<void, ScanJournal.JournalError> = Effect.flatMap(journal.pauses, (pauses) =>
          pauses.some(({ until }) => until === 95) ? Effect.void : Effect.andThen(Effect.sleep(10), untilLonger)
        )
        yield* untilLonger
        assert.deepStrictEqual(
          (yield* journal.pauses).map(Struct.omit(["at"])).toSorted((a, b) => a.until - b.until),
          [
            { ...account, until: 90, kind: "submit" },
            { ...account, until: 95 }
          ]
        )
      })
    )

    promise("lists oldest first, tells the past newest first, by what it is asked for", (journal) =>
      Effect.gen(function* () {
        const ids: Array<string> = []
        for (const [n, account] of ["a", "b", "a", "a"].entries()) {
          const about = { ...subject, id: `https://${n % 2}.test/` }
          const key = keyOf(`f${n % 3}`, { account, environment: String(n) })
          const { claimId } = yield* journal.claim(key, { subject: about, reuseFrom: 0 })
          const ticket = { ...ticketOf(`h${n}`), account }
          yield* journal.settled(claimId, outcomeOf(`h${n}`), ticket)
          ids.push(claimId)
          yield* Effect.sleep(2)
        }
        const open = yield* journal.claim(keyOf("open"), fresh)
        assert.deepStrictEqual(
          (yield* journal.list(["settled"])).map((entry) => entry.claimId),
          ids
        )
        assert.deepStrictEqual(
          (yield* journal.list(["intent"])).map((entry) => entry.claimId),
          [open.claimId]
        )
        const told = (filter: ScanJournal.HistoryFilter) =>
          Effect.map(journal.history(filter), (entries) => entries.map((entry) => ids.indexOf(entry.claimId)))
        assert.deepStrictEqual(yield* told({}), [3, 2, 1, 0])
        assert.deepStrictEqual(yield* told({ limit: 2 }), [3, 2])
        assert.deepStrictEqual(yield* told({ account: "a" }), [3, 2, 0])
        assert.deepStrictEqual(yield* told({ vendor: "else" }), [])
        assert.deepStrictEqual(yield* told({ subject: { kind: "url", id: "https://1.test/" } }), [3, 1])
        assert.deepStrictEqual(yield* told({ key: keyOf("f0", { account: "a", environment: "3" }) }), [3])
        const at = (yield* journal.get(ids[2] ?? ""))?.changedAt ?? 0
        assert.deepStrictEqual(yield* told({ before: at }), [1, 0])
        assert.deepStrictEqual(yield* told({ states: ["refused"] }), [])
        assert.deepStrictEqual(yield* told({ states: [] }), [])
        const known = yield* journal.scanIds({ vendor: "acme", origin: "https://acme.test", account: "a" })
        assert.deepStrictEqual([...known].toSorted(), ["h0", "h2", "h3"])
      })
    )

    promise("forgets one subject on demand, with its runs and lessons, and nothing else (D-19)", (journal) =>
      Effect.gen(function* () {
        const subjectOf = (name: string) => ({ kind: "url" as const, id: `https://${name}.example/`, name })
        for (const name of ["erased", "kept"]) {
          const subject = subjectOf(name)
          const done = yield* journal.claim(keyOf(`${name}-done`), { ...fresh, subject })
          yield* journal.settled(done.claimId, { _tag: "Completed" }, ticketOf(`${name}-done`))
          yield* journal.claim(keyOf(`${name}-open`), { ...fresh, subject })
          const row = {
            vendor: "v",
            account: "a",
            key: null,
            subject,
            kind: null,
            request: null,
            forced: false,
            claimId: null
          }
          const runId = `run_${name}`
          const run = { runId, command: "run", plan: null, planDigest: null, options: null, startedAt: 0, rows: [row] }
          yield* journal.runs.begin(run)
          yield* journal.runs.end(runId, { endedAt: 1, exitCode: 0 })
        }
        const asked = {
          before: Number.MAX_SAFE_INTEGER,
          about: ({ name }: { readonly name: string }) => name === "erased"
        }
        assert.strictEqual(yield* journal.purge({ ...asked, dryRun: true }), 1)
        assert.strictEqual(yield* journal.purge(asked), 1)
        assert.isTrue(yield* journal.compact)
        assert.strictEqual(yield* journal.purge(asked), 0)
        const runs = (yield* journal.runs.list({})).map(({ runId }) => runId)
        assert.include(runs, "run_kept")
        assert.notInclude(runs, "run_erased")
        const settled = yield* journal.history({ states: ["settled"], subject: subjectOf("kept") })
        assert.strictEqual(settled.length, 1)
        const open = yield* journal.list(["intent"])
        assert.isTrue(["erased", "kept"].every((name) => open.some(({ subject }) => subject.name === name)))
      })
    )

    promise("forgets on demand what is over and old enough, and nothing that is open or in doubt", (journal) =>
      Effect.gen(function* () {
        const made = yield* Effect.forEach(names, (to) =>
          Effect.gen(function* () {
            const { claimId } = yield* journal.claim(keyOf(`purge-${to}`), fresh)
            yield* moves[to](journal, claimId)
            return claimId
          })
        )
        assert.strictEqual(yield* journal.purge({ before: 0 }), 0)
        assert.strictEqual(yield* journal.purge({ before: Number.MAX_SAFE_INTEGER }), 3)
        const left = yield* Effect.forEach(made, (claimId) => journal.get(claimId))
        assert.deepStrictEqual(
          left.flatMap((entry) => entry?.state ?? []),
          ["submitted", "in-doubt"]
        )
        assert.strictEqual(yield* tagOf(journal.claim(keyOf("purge-settled"), fresh)), "Fresh")
      })
    )

    promise(
      "keeps what scans have taught: of each kind the last 256, the later word about a scan, until it is old",
      (journal) =>
        Effect.gen(function* () {
          const teach = (kind: string, scan: string, more: Partial<Lesson> = {}) =>
            journal.learned({
              vendor: vendor.vendor,
              origin: vendor.origin,
              kind,
              scan,
              ended: "settled",
              durationMs: 1,
              ...more
            })
          const until = (
            isThere: (lessons: ReadonlyArray<Lesson>) => boolean
          ): Effect.Effect<void, ScanJournal.JournalError> =>
            Effect.flatMap(journal.lessons, (lessons) =>
              isThere(lessons) ? Effect.void : Effect.andThen(Effect.sleep(10), until(isThere))
            )
          const odd = "\u0000 \ud800 '"
          teach(odd, "acme:s1", { ended: "censored", durationMs: 5, hintMs: 0 })
          yield* until((lessons) => lessons.length === 1)
          teach(odd, "acme:s1", { durationMs: 9, atLeastMs: 5 })
          yield* until((lessons) => lessons[0]?.ended === "settled")
          assert.deepStrictEqual(yield* journal.lessons, [
            {
              vendor: vendor.vendor,
              origin: vendor.origin,
              kind: odd,
              scan: "acme:s1",
              ended: "settled",
              durationMs: 9,
              atLeastMs: 5
            }
          ])
          // Lessons of one millisecond are of one age: these are not.
          for (let n = 0; n < 300; n++) {
            teach("many", `acme:m${n}`, { durationMs: n })
            yield* Effect.sleep(2)
          }
          yield* until((lessons) => lessons.some(({ scan }) => scan === "acme:m299"))
          const many = (yield* journal.lessons).filter(({ kind }) => kind === "many")
          assert.deepStrictEqual(
            many.map(({ durationMs }) => durationMs).toSorted((a, b) => a - b),
            Array.from({ length: 256 }, (_, n) => n + 44)
          )
          yield* journal.purge({ before: Number.MAX_SAFE_INTEGER })
          assert.deepStrictEqual(yield* journal.lessons, [])
        })
    )

    promise("keeps what kind of scan a claim is for, whatever becomes of it", (journal) =>
      Effect.gen(function* () {
        const { claimId } = yield* journal.claim(keyOf("kind"), { ...fresh, kind: "security" })
        yield* journal.submitted(claimId, ticketOf("kind"), 0)
        assert.strictEqual((yield* journal.get(claimId))?.kind, "security")
        const other = yield* journal.claim(keyOf("no kind"), fresh)
        assert.isNull((yield* journal.get(other.claimId))?.kind)
      })
    )

    promise("BD-10 keeps any text: NUL, half characters, line separators, and long ones", (journal) =>
      Effect.gen(function* () {
        const odd = "\u0000 \ud800 \u2028 \u{1f600} ' \" \\ %s $1 ?"
        const key = keyOf(`${odd}${"x".repeat(20_000)}`)
        const named = { kind: "company", id: odd, name: odd } as const
        const { claimId } = yield* journal.claim(key, { subject: named, reuseFrom: 0, request: { odd } })
        yield* journal.inDoubt(claimId, { ...reason, message: odd })
        const entry = yield* journal.get(claimId)
        assert.deepStrictEqual([entry?.key, entry?.subject, entry?.request], [key, named, { odd }])
        assert.strictEqual(entry?.reason?.message, odd)
        yield* journal.submitted(claimId, ticketOf("odd"), 0)
        yield* journal.take(claimId)
        yield* journal.settled(claimId, outcomeOf("odd", 1, odd))
        assert.deepStrictEqual((yield* journal.get(claimId))?.outcome, outcomeOf("odd", 1, odd))
        assert.strictEqual((yield* journal.history({ subject: named })).length, 1)
        assert.strictEqual(yield* tagOf(journal.claim(key, fresh)), "Settled")
      })
    )

    promise("ids that are no claim's are nothing, whatever they hold", (journal) =>
      Effect.gen(function* () {
        for (const id of ["", "clm_", "'; DROP TABLE scanpoll_claims; --", "../../etc/passwd"]) {
          assert.isNull(yield* journal.get(id))
          assert.isTrue(Exit.isFailure(yield* Effect.exit(journal.released(id))))
        }
      })
    )
  })
}
