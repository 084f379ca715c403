/**
 * What the process was started in: environment, working directory, terminals. Read once, at the edge.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import { homedir } from "node:os"
import process from "node:process"

/**
 * @category models
 * @since 0.1.0
 */
export interface ProcessFacts {
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly directory: string
  readonly home: string
  readonly platform: string
  readonly stdinIsTerminal: boolean
  readonly stdoutIsTerminal: boolean
  readonly stderrIsTerminal: boolean
  readonly columns: () => number
  readonly rows: () => number
  readonly nodeVersion: string
}

/**
 * The surroundings of this process, unless a test provides others.
 *
 * @category services
 * @since 0.1.0
 */
export const ProcessContext: Context.Reference<ProcessFacts> = Context.Reference<ProcessFacts>(
  "scanpoll/ProcessContext",
  {
    defaultValue: () => ({
      environment: process.env,
      directory: process.cwd(),
      home: homedir(),
      platform: process.platform,
      stdinIsTerminal: process.stdin.isTTY,
      stdoutIsTerminal: process.stdout.isTTY,
      stderrIsTerminal: process.stderr.isTTY,
      columns: () => process.stderr.columns ?? process.stdout.columns ?? 80,
      rows: () => process.stderr.rows ?? process.stdout.rows ?? 24,
      nodeVersion: process.versions.node
    })
  }
)
