/**
 * Which rules each planted mistake must be caught by: all of them, and no other. One table, so that a rule without a
 * mistake of its own is seen.
 */
import type * as Seabirds from "./seabirds.ts"
import type * as Tidewatch from "./Tidewatch.ts"

type Caught<Slip extends string> = Readonly<Record<Slip, ReadonlyArray<string>>>

/** Mistakes of an adapter that is written by hand. */
export const byTidewatch: Caught<Tidewatch.Slip> = {
  "speaks through a bare fetch": [
    "MUST make exactly one request per submission, whatever the answer",
    "MUST say that nothing was sent when the connection is refused, and that it may be sent again",
    "MUST await a submission as long as limits.submitTimeout, and no longer",
    "MUST pass on the wait and the quota that the answer to a submission names",
    "MUST make exactly one request per poll, whatever the answer",
    "MUST pass on the wait and the quota that an answer names",
    "MUST NOT make a wait of a hint that is nonsense, nor one that never ends",
    "MUST end a poll that is interrupted, and close its socket",
    "MUST class a status that no documented error has by the common rule, the permanent ones for good",
    "MUST end a poll that gets no whole answer by the end of its time, as transient",
    "MUST bound what it reads: an answer that is huge, deep or compressed unasked is broken",
    "MUST NOT follow a redirect",
    "MUST ask for the credential before each request, and send the one it is given then",
    "MUST be denied without a request where there is no credential",
    "MUST NOT let the key into a ticket, an outcome or an error, printed in any way, though the vendor repeats it",
    "MUST NOT tell the vendor about our traces, nor send it cookies",
    "MUST answer with a fault, never with no findings, when the vendor's answer cannot be had or understood",
    "MUST keep to the vendor's own address, the key in its header and ids that can be sent",
    "MUST answer with a fault, never with an empty list, when the vendor's list cannot be had or understood"
  ],
  "retries a poll": [
    "MUST make exactly one request per poll, whatever the answer",
    "MUST call a connection that is refused, reset, closed or cut short transient",
    "MUST end a poll that gets no whole answer by the end of its time, as transient",
    "MUST answer with a fault, never with no findings, when the vendor's answer cannot be had or understood",
    "MUST answer with a fault, never with an empty list, when the vendor's list cannot be had or understood"
  ],
  "retries a submission": ["MUST make exactly one request per submission, whatever the answer"],
  "matches words by prefix": [
    "MUST compare status words exactly: another case, a part, a longer word or white space settles nothing"
  ],
  "coerces the word": ["MUST NOT take a status that is no word for one"],
  "goes by the verdict": [
    "MUST settle every documented end with its outcome, for the ticket that was asked and under the vendor's word",
    "MUST compare status words exactly: another case, a part, a longer word or white space settles nothing",
    "MUST call a word that the vendor does not document unrecognised, and tell it",
    "MUST go by the status word alone, whatever stands beside it",
    "MUST bear fields it does not know at every level, a byte order mark and any content type",
    "MUST read other fields of any type without a defect, and without another verdict than broken",
    "MUST let a scan fail whatever else its answer holds, a verdict that cannot be read included",
    "MUST pass on the wait and the quota that an answer names",
    "MUST bear any text in any field: no defect, no other verdict, no message of more than 1000 characters"
  ],
  "fetches the web report": ["MUST NOT fetch an address that an answer or a ticket tells it"],
  "accepts any id": [
    "MUST call an answer about another scan broken",
    "MUST bear any text in any field: no defect, no other verdict, no message of more than 1000 characters"
  ],
  "completes without a result": ["MUST NOT complete a scan that comes without its result"],
  "fails only with a reason": [
    "MUST let a scan fail that gives no reason, in words of its own",
    "MUST let a scan fail whatever else its answer holds, a verdict that cannot be read included"
  ],
  "takes any 2xx for a scan": ["MUST take a scan from an answer with status 200 only"],
  "calls a 404 a failed scan": [
    "MUST take a scan from an answer with status 200 only",
    "MUST understand the vendor's documented errors as the kit says",
    "MUST class a status that no documented error has by the common rule, the permanent ones for good",
    "MUST keep the vendor's id of a request that went wrong",
    "MUST bear any text in any field: no defect, no other verdict, no message of more than 1000 characters"
  ],
  "calls every open scan queued": [
    "MUST call a scan pending under every documented word of one that has not ended, in its phase",
    "MUST go by the status word alone, whatever stands beside it",
    "MUST bear fields it does not know at every level, a byte order mark and any content type",
    "MUST read other fields of any type without a defect, and without another verdict than broken",
    "MUST bear any text in any field: no defect, no other verdict, no message of more than 1000 characters"
  ],
  "reads the hint as any number": [
    "MUST pass on the wait and the quota that an answer names",
    "MUST NOT make a wait of a hint that is nonsense, nor one that never ends"
  ],
  "drops the wait of a submission": ["MUST pass on the wait and the quota that the answer to a submission names"],
  "forgets the id of a request": ["MUST keep the vendor's id of a request that went wrong"],
  "shows the key in an error": [
    "MUST NOT let the key into a ticket, an outcome or an error, printed in any way, though the vendor repeats it",
    "MUST keep to the vendor's own address, the key in its header and ids that can be sent",
    "MUST keep the key in its header while it searches, and out of what it answers"
  ],
  "keeps the first key": [
    "MUST ask for the credential before each request, and send the one it is given then",
    "MUST be denied without a request where there is no credential"
  ],
  "puts the key into the query": [
    "MUST show the key in every request where the vendor looks for it, and nowhere else",
    "MUST keep to the vendor's own address, the key in its header and ids that can be sent",
    "MUST keep the key in its header while it searches, and out of what it answers"
  ],
  "trusts the shape of an answer": ["MUST call an answer that it cannot understand broken, not for good"],
  "trusts the note": ["MUST read other fields of any type without a defect, and without another verdict than broken"],
  "trusts the remarks": ["MUST bear anything in the vendor's list of findings without a defect"],
  "trusts the list": [
    "MUST bear anything in the vendor's list without a defect, and give no ticket that cannot be asked for"
  ],
  "needs the state of a submission": ["MUST take a usable id in any answer for an acceptance, whatever else it holds"],
  "refuses fields it does not know": [
    "MUST bear fields it does not know at every level, a byte order mark and any content type"
  ],
  "reads no id from an error": ["MUST take a usable id in any answer for an acceptance, whatever else it holds"],
  "dates the ticket in seconds": [
    "MUST put the vendor, origin, account, id and time of the submission into its ticket, and nothing else"
  ],
  "forgets when a scan was submitted": [
    "MUST settle a submission at once when its answer is the end of the scan",
    "MUST settle every documented end with its outcome, for the ticket that was asked and under the vendor's word"
  ],
  "polls what is settled": ["MUST settle a submission at once when its answer is the end of the scan"],
  "calls a lost answer refused": [
    "MUST call a submission in doubt that was answered well but without a usable id",
    "MUST call in doubt whatever goes wrong once the request has left",
    "MUST call 401 and 403 denied and 429 throttled, and take no other error for a refusal unless it is the vendor's own",
    "MUST NOT follow a redirect"
  ],
  "calls a refusal throttled": [
    "MUST tell refused, denied and throttled submissions apart by the vendor's documented errors"
  ],
  "calls a timeout not sent": ["MUST await a submission as long as limits.submitTimeout, and no longer"],
  "calls a refused connection in doubt": [
    "MUST say that nothing was sent when the connection is refused, and that it may be sent again"
  ],
  "hurries a submission": ["MUST await a submission as long as limits.submitTimeout, and no longer"],
  "cannot be interrupted": ["MUST end a poll that is interrupted, and close its socket"],
  "sends any id": ["MUST refuse an id that could change the path of a request before one is made"],
  "puts an id into the path as it is": [
    "MUST send an id as one part of a request's address, percent-encoded where it has to be"
  ],
  "draws the fingerprint": [
    "MUST give equal purchases one fingerprint and different ones another",
    "MUST give a request the same fingerprint at any time, under any key and at any address of the vendor"
  ],
  "lets the dataset's case count": ["MUST give equal purchases one fingerprint and different ones another"],
  "takes an old answer for a new one": [
    "MUST allow a request an answer of one age each time, and none where it asks for a new scan"
  ],
  "names no field": [
    "MUST name the path of each fault of an invalid request, the same each time and without asking the vendor"
  ],
  "faults what is valid": ["MUST find no fault in a valid request"],
  "sends what is invalid": ["MUST refuse an invalid request before a connection is made"],
  "changes its request": ["MUST leave the requests it is given as they are"],
  "names no subject": ["MUST name one subject for a request, the same each time and for equal purchases"],
  "draws finding ids": [
    "MUST collect the findings that the vendor lists, each under an id of its own that stays the same"
  ],
  "finds nothing when asked too early": [
    "MUST answer with a fault, never with an empty list, when the vendor's list cannot be had or understood"
  ],
  "finds what is known": [
    "MUST find the lost submission in the vendor's list, and never a scan that is known or older"
  ],
  "has no account": [
    "MUST say whose it is: its vendor, the origin of its base and its account, and no credential in any of them"
  ],
  "waits for ever when throttled": ["MUST have limits that hang together: finite waits, the floor below the caps"],
  "recommends an endless poll": [
    "MUST recommend policies that PollPolicy.check accepts with its own limits, one under each name"
  ],
  "polls faster with many scans": [
    "MUST NOT recommend a pace below the floor, nor a faster one while more scans are open"
  ],
  "spends half a request": ["MUST state a budget of whole requests and finite times"],
  "keeps no payload": [
    "MUST settle a submission at once when its answer is the end of the scan",
    "MUST give an outcome that its payload's schema writes as JSON and reads back the same"
  ],
  "numbers its answers": ["MUST give the same answer the same meaning each time, also side by side"],
  "shows all the vendor says": [
    "MUST call a word that the vendor does not document unrecognised, and tell it",
    "MUST bear any text in any field: no defect, no other verdict, no message of more than 1000 characters"
  ],
  "breaks on a verdict beside a failure": [
    "MUST let a scan fail whatever else its answer holds, a verdict that cannot be read included"
  ],
  "calls what it left out nothing": ["MUST NOT call findings complete that it could not all read"],
  "shows the key in a failed search": ["MUST keep the key in its header while it searches, and out of what it answers"],
  "takes a day without requests": ["MUST state a budget of whole requests and finite times"]
}

const shown = "MUST show the key in every request where the vendor looks for it, and nowhere else"
const lent = "MUST ask for the credential before each request, and send the one it is given then"
const submits =
  "MUST submit with the request that the vendor documents: its method, address, headers, encoding and body"

/** Mistakes of definitions. */
export const byGannet: Caught<Seabirds.GannetSlip> = {
  "shows the key as a bearer token": [
    lent,
    "MUST keep to the vendor's own address, the key in its header and ids that can be sent",
    shown
  ],
  "sends JSON for a form": [submits],
  "polls another address": ["MUST poll with the request that the vendor documents: its method, address and headers"],
  "waits for ever on a conflict": [
    "MUST NOT take an error for a scan that is not finished, once the time has passed in which it means that"
  ],
  "takes a text for a number": [
    "MUST compare status words exactly: another case, a part, a longer word or white space settles nothing",
    "MUST NOT take a status that is no word for one",
    "MUST read other fields of any type without a defect, and without another verdict than broken"
  ],
  "reads the first page alone": [
    "MUST collect the findings that the vendor lists, each under an id of its own that stays the same"
  ],
  "counts what it read for what there is": ["MUST NOT call findings complete that it could not all read"]
}

export const byPuffin: Caught<Seabirds.PuffinSlip> = {
  "counts any text that begins with a number": [
    "MUST compare status words exactly: another case, a part, a longer word or white space settles nothing"
  ],
  "starts with a POST": [submits]
}

export const byTern: Caught<Seabirds.TernSlip> = {
  "shows the secret in place of a token": [lent, shown],
  "completes what says nothing": [
    "MUST NOT complete a scan that comes without its result",
    "MUST call an answer that it cannot understand broken, not for good"
  ]
}

const askedForResult = (rule: string): string => `${rule} (asked for a result)`
const ended = "MUST call a scan ended, and never settled, whose result the vendor has at another address"

/** Rules that try every documented answer of a poll, and know what it means. */
const everyAnswer = [
  "MUST bear fields it does not know at every level, a byte order mark and any content type",
  "MUST read other fields of any type without a defect, and without another verdict than broken",
  "MUST bear any text in any field: no defect, no other verdict, no message of more than 1000 characters"
]

export const byFulmar: Caught<Seabirds.FulmarSlip> = {
  "takes a start that was refused for a scan": [
    "MUST call a submission in doubt that was answered well but without a usable id"
  ],
  "takes another task for the scan": [
    "MUST take a usable id in any answer for an acceptance, whatever else it holds",
    "MUST put the vendor, origin, account, id and time of the submission into its ticket, and nothing else"
  ]
}

export const bySkua: Caught<Seabirds.SkuaSlip> = {
  "waits for another scan than the one that is named": [
    "MUST take the scan that a request names for its own, without a request"
  ]
}

export const byRazorbill: Caught<Seabirds.RazorbillSlip> = {
  "completes by the status alone": [ended, ...everyAnswer],
  "takes the end for a pause": [ended, "MUST NOT complete a scan that comes without its result", ...everyAnswer],
  "loses the id that a scan goes on under": [
    "MUST go on under the id that the vendor names for a scan that moved, and call one without it broken"
  ],
  "calls a cancelled scan failed": ["MUST let a scan that was cancelled fail, with the code cancelled"],
  "completes a result that says nothing": [askedForResult("MUST NOT complete a scan that comes without its result")],
  "asks for the result elsewhere": [
    "MUST ask for a result with the request that the vendor documents: its method, address and headers"
  ],
  "calls every result completed": [
    "MUST settle the result of every documented end with its outcome, under the word that ended the scan"
  ],
  "waits for ever for a result": [
    askedForResult(
      "MUST NOT take an error for a scan that is not finished, once the time has passed in which it means that"
    )
  ],
  "cancels with a GET": ["MUST ask to cancel a scan with the one request that the vendor documents"],
  "prepares with another request": [
    "MUST prepare a submission with the requests that the vendor documents, and submit with what they returned"
  ],
  "says that nothing was started": ["MUST NOT say that there is no scan where the vendor's answer does not prove it"],
  "finds another scan again": [
    "MUST tell what became of a submission whose answer was lost, by the request that the vendor documents"
  ],
  "takes a result of any scan": [askedForResult("MUST call an answer about another scan broken")],
  "forgets what the scan is about": [
    "MUST ask for a result with the request that the vendor documents: its method, address and headers"
  ]
}
