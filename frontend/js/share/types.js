// Types of the page for shared secrets. No page loads this module.

/**
 * What the page keeps in its history entry, which a reload keeps and storage never gets. *key* is a secret key to read
 * with, or a metadata key to watch with. *claim* lets only this browser repeat the opening, *tried* is true when it has
 * sent one.
 * @typedef {{kind: "secret" | "receipt", key: string, claim?: string, tried?: boolean}} ShareEntry
 *
 * @typedef {{showPanel: (panel: string) => void, entry: ShareEntry}} SharePage
 */

export {}
