// Types of the one-time page. No page loads this module.

/** @import { Environment, Grant, Secret } from "../shared/api-types.js" */
/** @import { Config } from "../shared/types.js" */

/**
 * The link. The fragment leaves the address bar at once, and link key and claim are in this page's memory only, so that
 * no later user of the browser finds them; the history entry keeps what may view and end the access. *link* is the link key as the fragment has it, *support* the token that derives from
 * it, *claim* lets only this browser repeat the opening, *tried* is true when it has sent one.
 * @typedef {{id: string, support: string, grantId?: string, link?: string, claim?: string, tried?: boolean}} LinkEntry
 *
 * The state of the page and what its parts call, made once by open.js. *entry* is null when the address is not a
 * link's, or this browser cannot open it; *closed* says why.
 * @typedef {{
 *   config: Promise<Config>, entry: LinkEntry | null, closed: string, secret: Secret | null, grant: Grant | null, showPanel: (panel: string) => void,
 *   showUnreadable: (why: string, at?: number) => Promise<void>
 * }} OpenPage
 *
 * What is under the seal, see form/submission.js.
 * @typedef {{
 *   site: string, name: string, login_url: string, username: string, password: string, email?: string,
 *   sign_in?: "refused", expires_at: number, customer?: string, icon?: string, environment?: Environment
 * }} SignIn
 */

/**
 * What the opened page has to know of the access while it is open.
 * @typedef {Pick<Grant, "state" | "expires_at"> & Partial<Grant>} GrantNow
 */

export {}
