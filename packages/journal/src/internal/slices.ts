// Which slice a claim is in. May touch: nothing. Law: every process computes the same slice from the id alone.

// The last two characters of a claim's id are random, each one of 32.
const characters = "0123456789abcdefghjkmnpqrstvwxyz"
const size = characters.length
const each = characters.split("")
const tails = each.flatMap((one) => each.map((other) => `${one}${other}`))

export const sliceOf = (claimId: string, of: number): number => {
  const [one = "0", other = "0"] = claimId.slice(-2)
  return ((Math.max(0, characters.indexOf(one)) * size + Math.max(0, characters.indexOf(other))) % of) + 1
}

// The ends of the ids of claims in these slices.
export const tailsOf = (slices: ReadonlyArray<number>, of: number): ReadonlyArray<string> => {
  const wanted = new Set(slices)
  return tails.filter((tail) => wanted.has(sliceOf(tail, of)))
}
