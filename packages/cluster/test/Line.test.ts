/** When a worker leaves the ring because its line to the database is slow, and when it returns, by numbers alone. */
import { assert, describe, it } from "@effect/vitest"
import { Line } from "../src/internal/line.ts"

const lease = 12_000
const every = 500

/** A line whose trips take so long, until `mustLeave` or the time is over; says when it left. */
const drive = (
  line: Line,
  options: { readonly trip: number; readonly betterOff?: number; readonly from?: number; readonly for: number }
): number | null => {
  const { betterOff = 1, from = 0, trip } = options
  let sentAt: number | null = null
  let nextAt = from
  for (let now = from; now <= from + options.for; now += 50) {
    if (sentAt === null && now >= nextAt) {
      line.sent(now)
      sentAt = now
    }
    if (sentAt !== null && now - sentAt >= trip) {
      line.heard(
        now,
        Array.from({ length: betterOff }, () => 0)
      )
      sentAt = null
      nextAt = now + (line.isPrompt ? 2_000 : 250)
    }
    if (now % every === 0) line.tick(now, every)
    if (line.mustLeave) return now - from
  }
  return null
}

/**
 * Three workers that tell each other by the database how their lines are, and whose trips take these times, from the tenth
 * second on; says when each of them would leave, counted from then.
 */
const together = (trips: ReadonlyArray<number>): ReadonlyArray<number | null> => {
  const good = 20
  const onset = 10_000
  const workers = trips.map((trip, n) => ({
    line: new Line(lease, 0),
    trip,
    word: null as null | { readonly storedAt: number; readonly prompt: boolean },
    sent: null as null | { readonly at: number; readonly prompt: boolean },
    heardOf: [] as ReadonlyArray<number>,
    nextAt: n * 650,
    left: null as number | null
  }))
  for (let now = 0; now <= onset + 60_000; now += 10) {
    for (const worker of workers) {
      const { line, sent } = worker
      const trip = now < onset ? good : worker.trip
      if (sent === null && now >= worker.nextAt) {
        line.sent(now)
        worker.sent = { at: now, prompt: line.isPrompt }
      } else if (sent !== null && now - sent.at === trip / 2) {
        worker.word = { storedAt: now, prompt: sent.prompt }
        worker.heardOf = workers.flatMap(({ word }, n) =>
          workers[n] === worker || word?.prompt !== true ? [] : [now - word.storedAt]
        )
      } else if (sent !== null && now - sent.at >= trip) {
        line.heard(now, worker.heardOf)
        worker.sent = null
        worker.nextAt = now + (line.isPrompt ? 2_000 : 250)
      }
      if (now % every === 0) line.tick(now, every)
      if (line.mustLeave) worker.left ??= now - onset
    }
  }
  return workers.map(({ left }) => left)
}

describe("a worker's line to the database", () => {
  for (const trip of [800, 1_000, 2_000, 3_000]) {
    it(`keeps each worker in the ring where all of them take ${trip} ms for a trip from one moment on (D-01)`, () => {
      assert.deepStrictEqual(together([trip, trip, trip]), [null, null, null])
    })

    it(`that takes ${trip} ms for a trip from one moment on makes its worker alone leave, within a lease (D-01)`, () => {
      const [left, ...others] = together([trip, 20, 20])
      assert.isAtMost(left ?? Infinity, lease * 0.9)
      assert.deepStrictEqual(others, [null, null])
    })
  }

  for (const trip of [1_000, 2_000, 4_000, 8_000, 20_000]) {
    it(`that takes ${trip} ms for a trip makes its worker leave within a lease, well before others can be promised its scans (D-01)`, () => {
      const line = new Line(lease, 0)
      assert.isNull(drive(line, { trip: 20, for: 10_000 }))
      const left = drive(line, { trip, from: 10_050, for: 60_000 })
      assert.isNotNull(left)
      assert.isAtMost(left ?? Infinity, lease * 0.75)
      assert.isFalse(line.isGood)
    })
  }

  it("that is quick enough keeps its worker in the ring (D-01)", () => {
    const line = new Line(lease, 0)
    assert.isNull(drive(line, { trip: 650, for: 300_000 }))
    assert.isTrue(line.isGood)
  })

  it("that is slow keeps its worker in the ring where no other one is better off: all go on, slower (D-01)", () => {
    const line = new Line(lease, 0)
    assert.isNull(drive(line, { trip: 1_600, betterOff: 0, for: 300_000 }))
    assert.isFalse(line.isGood)
  })

  it("is not judged by time in which the process was frozen (D-01)", () => {
    const line = new Line(lease, 0)
    line.sent(0)
    line.heard(20, [0, 0])
    line.tick(500, every)
    line.sent(1_000)
    // Frozen for a minute; the answer lies in the socket.
    line.tick(61_000, every)
    assert.isFalse(line.mustLeave)
    line.heard(61_000, [0, 0])
    line.tick(61_500, every)
    assert.isFalse(line.mustLeave)
  })

  it("brings its worker back after a whole lease of good trips, or at once where no other one works (D-01)", () => {
    const line = new Line(lease, 0)
    drive(line, { trip: 20, for: 2_000 })
    drive(line, { trip: 4_000, from: 2_050, for: 60_000 })
    line.leave()
    const from = 70_000
    drive(line, { trip: 20, from, for: lease - 2_000 })
    assert.isFalse(line.mayReturn)
    drive(line, { trip: 20, from: from + lease - 1_950, for: 4_000 })
    assert.isTrue(line.mayReturn)
    line.comeBack()
    assert.isFalse(line.mayReturn)

    const alone = new Line(lease, 0)
    drive(alone, { trip: 4_000, for: 60_000 })
    alone.leave()
    alone.sent(60_100)
    alone.heard(64_100, [])
    assert.isTrue(alone.mayReturn)
    alone.retire()
    assert.isFalse(alone.mayReturn)
  })

  it("that is slow when its worker starts keeps it out of the ring, unless no other one is better off (D-01)", () => {
    const line = new Line(lease, 0)
    line.sent(0)
    line.heard(2_000, [0])
    assert.isTrue(line.mustNotJoin)
    const alone = new Line(lease, 0)
    alone.sent(0)
    alone.heard(2_000, [])
    assert.isFalse(alone.mustNotJoin)
  })
})
