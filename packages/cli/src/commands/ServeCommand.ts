/**
 * Declares `scanpoll serve` and its subcommands: words, flags and examples. Its code is loaded when it is called.
 *
 * @since 0.2.0
 */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Option from "effect/Option"
import * as Flags from "../config/Flags.ts"
import { offline, online, own, ownSwitch, planFlag } from "./Subcommand.ts"

const tokens = own("tokens", "FILE", "The file of tokens (default: serve.tokens beside this user's journal)")

const tokenAdd = Command.make(
  "add",
  {
    name: Argument.String("name").pipe(Argument.withDescription("What the token is called: the program that uses it")),
    scope: own(
      "scope",
      "SCOPE",
      "What it may do, with commas between: read; payload, for the vendors' own results too; reconcile, to decide about submissions in doubt (default: read)"
    ),
    tokens,
    ...Flags.common
  },
  ({ name, scope, tokens }) =>
    offline(
      () => import("./ServeToken.ts"),
      (module) => module.add({ name, scope: Option.getOrNull(scope), tokens: Option.getOrNull(tokens) })
    )
).pipe(
  Command.withDescription("Make a token for a program, and print it once: the file keeps its digest alone"),
  Command.withShortDescription("Make a token for a program"),
  Command.withExamples([{ command: "scanpoll serve token add grafana --scope read" }])
)

const token = Command.make("token").pipe(
  Command.withDescription("Look after the tokens that `scanpoll serve` takes"),
  Command.withSubcommands([tokenAdd]),
  Command.withExamples([{ command: "scanpoll serve token add grafana" }])
)

/**
 * Declares `scanpoll serve`.
 *
 * @category constructors
 * @since 0.2.0
 */
export const serve = Command.make(
  "serve",
  {
    listen: own("listen", "HOST:PORT", "Where it listens (default: 127.0.0.1:7461)"),
    publicUrl: own(
      "public-url",
      "URL",
      "What people type where a proxy stands before it, such as https://scans.example.com"
    ),
    behindProxy: ownSwitch(
      "behind-proxy",
      "A proxy with TLS stands before it: other machines than this one may be listened to"
    ),
    tokens,
    allow: own(
      "allow",
      "WORDS",
      "What may be done from the page and by the API: reconcile, to decide about submissions in doubt (default: nothing)"
    ),
    keep: own("keep", "DURATION", "Forget what polls saw longer ago than that, such as 30d (default: it is kept)"),
    plan: planFlag,
    demo: ownSwitch("demo", "Show it over simulated vendors whose runs come in; needs no key and no journal"),
    ...Flags.of.serve
  },
  ({ allow, behindProxy, demo, keep, listen, plan, publicUrl, tokens, ...flags }) =>
    online(
      () => import("./Serve.ts"),
      (module) =>
        module.serve({
          listen: Option.getOrNull(listen),
          publicUrl: Option.getOrNull(publicUrl),
          behindProxy,
          tokens: Option.getOrNull(tokens),
          allow: Option.getOrNull(allow),
          keep: Option.getOrNull(keep),
          plan: Option.getOrNull(plan),
          demo,
          flags
        }),
      flags
    )
).pipe(
  Command.withDescription("Serve the journal on this machine until Ctrl-C: pages that are live, and an HTTP API"),
  Command.withShortDescription("See the journal live in a browser, or by an HTTP API"),
  Command.withSubcommands([token]),
  Command.withExamples([
    { command: "scanpoll serve", description: "Prints a link that opens once, within a minute" },
    { command: "scanpoll serve --journal scans.db --listen 127.0.0.1:8080" },
    { command: "scanpoll serve --allow reconcile", description: "Submissions in doubt may be decided in the browser" },
    { command: "scanpoll serve --demo", description: "The page over simulated vendors, with runs coming in" }
  ])
)
