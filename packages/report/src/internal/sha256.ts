// The seal of a report: SHA-256 in the platform of Node.
import { createHash } from "node:crypto"

export const sha256 = () => {
  const hash = createHash("sha256")
  return {
    update: (text: string): void => {
      hash.update(text, "utf8")
    },
    hex: (): string => hash.digest("hex"),
    base64: (): string => hash.digest("base64")
  }
}

// How the seal of a file begins. A text inside a string cannot hold a line break, so it is found for certain.
export const sealKey = ',\n  "digest":'
