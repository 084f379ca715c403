/**
 * Declares `scanpoll simulate`: words, flags and examples. Its code is loaded when it is called.
 *
 * @since 0.2.0
 */
import * as Command from "effect/cli/Command"
import * as Option from "effect/Option"
import * as Flags from "../config/Flags.ts"
import { offline, own } from "./Subcommand.ts"

/**
 * Declares `scanpoll simulate`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const simulate = Command.make(
  "simulate",
  {
    port: own("port", "N", "The first of the ports, one a vendor (default: any that are free)"),
    speed: own("speed", "N", "How many times faster the vendors work (default: 1)"),
    seed: own("seed", "TEXT", "Equal seeds give equal vendors (default: 1)"),
    ...Flags.of.simulate
  },
  ({ port, seed, speed, vendor }) =>
    offline(
      () => import("./Simulate.ts"),
      (module) =>
        module.simulate({
          port: Option.getOrNull(port),
          speed: Option.getOrNull(speed),
          seed: Option.getOrNull(seed),
          vendor
        }),
      { vendor }
    )
).pipe(
  Command.withDescription("Run the simulated vendors as servers on this machine, until Ctrl-C"),
  Command.withShortDescription("Run the simulated vendors as servers, until Ctrl-C"),
  Command.withExamples([
    { command: "scanpoll simulate > vendors.env", description: "In one terminal" },
    { command: ". ./vendors.env && scanpoll run appvet:https://shop.example", description: "In another" }
  ])
)
