// @ts-check
// The shapes that modules share. Only the type checker and people read this; no
// page loads it.

/**
 * The deployment's settings, config.json.
 * @typedef {{
 *   support_name: string, support_email?: string, colour: string, logo?: string, privacy_url?: string,
 *   office_hours?: OfficeHours, lifetimes: number[], max_days: number
 * }} Config
 * @typedef {{time_zone: string, days: number[], from: string, to: string}} OfficeHours days 1 (Monday) to 7
 *
 * Values of a text's {places}; a Date is shown as a moment.
 * @typedef {Record<string, string | number | Date | (() => string)>} Values
 *
 * @typedef {{name: string, url: string, login_url?: string, icon_url?: string | null}} Site
 *
 * The way in that the owner chose.
 * @typedef {"consent" | "paste" | "made" | "none"} Door
 *
 * What the form remembers; *state* is set while the owner is at WordPress, *login_url* is asked for
 * when the site hides its sign-in page.
 * @typedef {{
 *   step: string, door: Door, days: number, message: string, url: string, name: string, email: string,
 *   login_url: string, site: Site | null, consent_url: string | null, hint: string, state: string | null
 * }} Draft
 *
 * @typedef {{user_login: string, application_password: string}} Consent
 * @typedef {{username: string, password: string, login_url: string}} Account made by hand
 *
 * What the form's steps share. *keys* are in memory only.
 * @typedef {{
 *   draft: Draft, keys: Partial<Consent & Account>, config: Config, save: () => void, forget: () => void,
 *   go: (step: string) => Promise<void>, enter: (step: string, focus?: boolean) => Promise<void>,
 *   notice: (name: string, values?: Values) => void
 * }} Visit
 *
 * One set-up under way.
 * @typedef {{
 *   draft: Draft, consent: Consent | null, account: Account | null, passphrase: string | null, hint: string,
 *   grantId: string, ownerToken: string, linkKey: Uint8Array<ArrayBuffer>, password: string,
 *   grant: any, secret: Record<string, unknown> | null, kept: boolean, reference: string | null
 * }} Setup
 *
 * What the one-time page holds in its history entry, and shares with its parts. The fragment leaves
 * the address bar at once. Until the secret is open the key stays in this history entry, so that a
 * reload loses nothing; after that only what may see and end the access stays there. Storage is
 * never used.
 * @typedef {{id: string, support: string, grantId?: string, link?: string, claim?: string, tried?: boolean}} HeldLink
 * @typedef {{
 *   held: HeldLink | null, secret: any, grant: any, show: (panel: string) => void,
 *   gone: (why: string, at?: number) => Promise<void>
 * }} Opening
 * @typedef {{site: string, name: string, login_url: string, username: string, password: string, expires_at: number, by_hand?: boolean}} Opened
 *
 * What may stand in a grant's timeline; each has a text `event.<name>`.
 * @typedef {"access_created" | "noted" | "ticket_sent" | "link_opened" | "link_locked" | "link_burned" | "extended"
 *   | "end_requested" | "removal_failed" | "reminded" | "repair_requested" | "setup_undone" | "site_moved" | "ended"
 *   | "confirmed"} EventName
 *
 * What the receipt holds in its history entry, and shares with its parts. The fragment leaves the
 * address bar at once, so that an address copied from there gives nothing away, and stays in the
 * state of this entry: a reload must not take the button that ends the access away from the owner.
 * The entry is no more exposed than the address in the history was, and the token can end and
 * extend, never open a secret.
 * @typedef {{grantId: string, ownerToken: string}} HeldGrant
 * @typedef {{
 *   held: HeldGrant, grant: any, config: Config, look: () => Promise<void>, say: (name: string, values?: Values) => void
 * }} Receipt
 */

export {}
