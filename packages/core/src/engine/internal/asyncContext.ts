// The `AsyncLocalStorage` of a caller, for what a timer does for it that another caller's wait has set. Touches nothing.
// Law: where the runtime has none, all of this does nothing. A fiber keeps its own; what fibers do needs none of this.

/** What a runtime restores; Node's `AsyncResource` is one. */
interface Resource {
  readonly runInAsyncScope: <This, Args extends Array<unknown>, A>(
    run: (this: This, ...args: Args) => A,
    self: This,
    ...args: Args
  ) => A
}

interface Host {
  readonly getBuiltinModule?: (id: string) => { readonly AsyncResource?: new (name: string) => Resource } | undefined
}

export type AsyncContext = Resource | null

// By its host, so that core imports nothing of Node's.
const host: Host | undefined = Reflect.get(globalThis, "process")
const AsyncResource = host?.getBuiltinModule?.("node:async_hooks")?.AsyncResource

/** That of the caller that is running now. */
export const capture = (): AsyncContext => (AsyncResource === undefined ? null : new AsyncResource("scanpoll/Wait"))

export const inside = <This, Args extends Array<unknown>, A>(
  around: AsyncContext,
  run: (this: This, ...args: Args) => A,
  self: This,
  ...args: Args
): A => (around === null ? run.apply(self, args) : around.runInAsyncScope(run, self, ...args))
