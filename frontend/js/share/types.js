// Types of the page for shared secrets. No page loads this module.

/** @import { Config } from "../shared/types.js" */

/**
 * What the page keeps in its history entry, which a reload keeps and storage never gets. *key* is a secret key to read
 * with, or a metadata key to watch with. *claim* lets only this browser repeat the opening, *tried* is true when it has
 * sent one.
 * In the place of a secret key there may be a box for the team, which only its browsers open; *box* is the one that the
 * sender's link holds.
 * @typedef {{kind: "secret" | "receipt", key: string, box?: string, claim?: string, tried?: boolean}} ShareEntry
 *
 * @typedef {{showPanel: (panel: string) => void, entry: ShareEntry, config: Promise<Config>}} SharePage
 */

export {}
