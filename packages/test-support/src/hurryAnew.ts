/** In each test file, before it: what it hurries begins at the real time, though files share a worker. */
import { begin } from "./hurry.ts"

begin()
