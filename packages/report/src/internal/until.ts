// Until when something is accepted, as people write it. Touches nothing: the caller has the time. Law: a day lasts to its end
// in UTC, and a day that is none is refused.
import * as Option from "effect/Option"

const day = /^\d{4}-\d{2}-\d{2}$/
const moment = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2})$/

export const forms = "a day such as 2027-01-31 or a time such as 2027-01-31T18:00:00Z"

// 30 February can be read as a day and is none.
export const parse = (text: string): Option.Option<number> => {
  const date = text.slice(0, 10)
  const midnight = day.test(date) ? Date.parse(`${date}T00:00:00.000Z`) : NaN
  if (Number.isNaN(midnight) || new Date(midnight).toISOString().slice(0, 10) !== date) return Option.none()
  if (text === date) return Option.some(midnight + 86_399_999)
  const at = moment.test(text) ? Date.parse(text) : NaN
  return Number.isNaN(at) ? Option.none() : Option.some(at)
}
