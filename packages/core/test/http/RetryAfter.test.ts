import { assert, describe, it } from "@effect/vitest"
import * as RetryAfter from "@scanpoll/core/unstable/http/RetryAfter"
import * as Arbitrary from "effect/Arbitrary"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

const day = 24 * 60 * 60 * 1000
const longest = 30 * day
const now = Date.UTC(1994, 10, 6, 8, 49, 7)
const millis = (text: string): number | null =>
  Option.getOrNull(
    Option.map(
      RetryAfter.parse(text, () => now),
      Duration.toMillis
    )
  )

describe("parse", () => {
  it.each([
    ["10", 10_000],
    [" 10 ", 10_000],
    ["\t10\t", 10_000],
    ["007", 7000],
    ["0", 0],
    ["2147484", 2_147_484_000],
    ["2592000", longest],
    ["2592001", longest],
    ["9999999999", longest],
    ["9".repeat(400), longest],
    ["Sun, 06 Nov 1994 08:49:37 GMT", 30_000],
    ["Sunday, 06-Nov-94 08:49:37 GMT", 30_000],
    ["Sun Nov  6 08:49:37 1994", 30_000],
    ["  Sun, 06 Nov 1994 08:49:37 GMT  ", 30_000],
    ["Sun, 06 Nov 1994 08:49:07 GMT", 0],
    ["Sun, 06 Nov 1994 08:00:00 GMT", 0],
    ["Thu, 01 Jan 1970 00:00:00 GMT", 0],
    ["Fri, 31 Dec 9999 23:59:59 GMT", longest]
  ])("reads %j as a wait of %i ms (HD-01, HD-02, HD-04, HD-05, HD-07)", (text, expected) => {
    assert.strictEqual(millis(text), expected)
  })

  it.each([
    "",
    " ",
    ",",
    "abc",
    "10s",
    "10 s",
    "NaN",
    "Infinity",
    "-5",
    "+3",
    "1.5",
    "1e3",
    "0x10",
    "10;x",
    "1 0",
    "１０",
    "1994-11-06T08:49:37Z",
    "1994-11-06",
    "Sun, 06 Nov 1994 08:49:37",
    "Sun, 06 Nov 1994 08:49:37 CET",
    "Sun, 31 Feb 1994 08:49:37 GMT",
    "Sun, 06 Nov 1994 24:49:37 GMT",
    "06 Nov 1994 08:49:37 GMT",
    "Sun, ",
    "Sunday"
  ])("takes %j as if the header were absent (HD-03)", (text) => {
    assert.isNull(millis(text))
  })

  it.each([
    ["10, 20", 20_000],
    ["20, 10", 20_000],
    ["20,10", 20_000],
    ["abc, 10", 10_000],
    ["10, abc, -5", 10_000],
    ["10, Sun, 06 Nov 1994 08:49:37 GMT", 30_000],
    ["Sun, 06 Nov 1994 08:49:37 GMT, 10", 30_000],
    ["Sun, 06 Nov 1994 08:49:37 GMT, Sunday, 06-Nov-94 08:49:47 GMT", 40_000],
    ["Sun Nov  6 08:49:37 1994, 31", 31_000],
    ["Sun, 5", null],
    ["abc, def", null]
  ])("takes the longest valid one of %j (HD-06)", (text, expected) => {
    assert.strictEqual(millis(text), expected)
  })

  const finite = (text: string): void => {
    const wait = millis(text)
    assert.isTrue(wait === null || (wait >= 0 && wait <= longest))
  }

  it.prop("gives a wait from 0 to 30 days, or none, for any text", [Schema.String], ([text]) => finite(text), {
    arbitrary: { runs: 500 }
  })

  const piece = Schema.Literals([
    "10",
    "0",
    "9".repeat(30),
    "-",
    "+",
    ".",
    "e3",
    " ",
    ",",
    ", ",
    "Sun",
    "Sunday",
    "06 Nov 1994 08:49:37 GMT",
    "06-Nov-94 08:49:37 GMT",
    "Sun Nov  6 08:49:37 1994",
    "31 Feb 9999 99:99:99 GMT",
    "NaN",
    "\u0000",
    "\n",
    "😀"
  ])
  it.prop(
    "gives a wait from 0 to 30 days, or none, for any mixture of valid and broken pieces",
    [Arbitrary.array(Arbitrary.schema(piece), { maxLength: 12 })],
    ([pieces]) => finite(pieces.join("")),
    { arbitrary: { runs: 2000 } }
  )

  it.prop("gives a wait from 0 to 30 days whatever clock dates are counted from", [Schema.Int], ([clock]) => {
    const wait = RetryAfter.parse("Sun, 06 Nov 1994 08:49:37 GMT", () => clock)
    assert.isTrue(Option.isSome(wait))
    const value = Option.getOrThrow(Option.map(wait, Duration.toMillis))
    assert.isTrue(value >= 0 && value <= longest)
  })
})
