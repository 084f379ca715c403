// What a request without an answer is called, in the vendor's name. Law: no message repeats a credential.
import * as Effect from "effect/Effect"
import type * as Scrubber from "../../model/Scrubber.ts"
import * as TransportCause from "../TransportCause.ts"
import { TransportFault } from "./client.ts"
import type { Settings } from "./settings.ts"

export interface TransportFaults {
  readonly make: (cause: TransportCause.TransportCause, words: string) => TransportFault
  /** Of a request that was not sent, and would not be another time. */
  readonly refused: (code: string, words: string) => Effect.Effect<never, TransportFault>
  /** Of a failure of the client. */
  readonly failed: (failure: unknown) => TransportFault
}

export const faultsOf = ({ origin, vendor }: Settings, scrubber: Scrubber.Scrubber): TransportFaults => {
  const make: TransportFaults["make"] = (cause, words) =>
    new TransportFault({ ...cause, message: scrubber.text(`${vendor}: ${words}`) })
  return {
    make,
    refused: (code, words) => Effect.suspend(() => Effect.fail(make({ sent: false, permanent: true, code }, words))),
    failed: (failure) => {
      const cause = TransportCause.classify(failure)
      return make(cause, `${TransportCause.describe(cause)} from ${origin}`)
    }
  }
}
