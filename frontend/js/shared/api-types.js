// What the server answers: the bodies of openapi.json as types. No page loads this module. All times are epoch
// seconds, and a field that is optional here may be absent.

/** What the server writes in a grant's timeline; each has a text `event.<name>`. */
export const EVENTS = /** @type {const} */ ([
    "access_created",
    "consent_held",
    "ticket_sent",
    "mail_dropped",
    "mail_bounced",
    "link_opened",
    "link_locked",
    "link_burned",
    "link_asked",
    "link_renewed",
    "time_asked",
    "extended",
    "end_requested",
    "removal_failed",
    "not_confirmed",
    "repair_requested",
    "setup_undone",
    "site_moved",
    "ended",
])

/**
 * @typedef {"preparing" | "active" | "ended"} GrantState
 * @typedef {typeof EVENTS[number]} EventName
 *
 * A site of a grant: *name* is "" and *login_url* null until the server has found it.
 * @typedef {{name: string, url: string, login_url: string | null}} Site
 *
 * POST /users, /grants and /grants/{id}/extend: what the page needs to seal the sign-in details.
 * @typedef {{
 *   grant_id: string, state: GrantState, site: Site, username: string, login_url: string | null, expires_at: number,
 *   email?: string, sign_in?: "refused", held_until?: number, environment?: Environment
 * }} GrantSummary
 *
 * What runs on a site, in the answers that a link is sealed from; "" where it is not known. *more* plugins are active
 * than are named; *obstacles* are what may keep support from signing in, with the plugins that may be the reason.
 * @typedef {{
 *   wordpress: string, php: string, theme: string, plugins: string[], more: number,
 *   obstacles: Partial<Record<"second_factor" | "hidden" | "approval", string>>
 * }} Environment
 *
 * GET /grants/{id}, as the holder of the token may see it. *owner_email* is "" when it is not known, *report* absent
 * when the site was not compared.
 * @typedef {GrantSummary & {
 *   you_are: "owner" | "support", overdue: boolean, by_hand: boolean, created_at: number, owner_email: string,
 *   timeline: TimelineEvent[], can: GrantAction[], ended_at?: number, end_requested_at?: number,
 *   secret?: {id: string, state: "waiting" | "opened" | "locked" | "gone"}, report?: SiteChange[],
 *   user_admin_url?: string, not_confirmed_since?: number, sealed_message?: string,
 *   passphrase_hint?: string
 * }} Grant
 * @typedef {"end" | "extend" | "burn" | "repair" | "say_gone" | "renew" | "ask_link" | "ask_time"} GrantAction
 * @typedef {{at: number, event: EventName, by: "owner" | "support" | "hallpass", detail?: string}} TimelineEvent
 *
 * One line of the visit report; *change* is a text `report.<change>`, or "not_seen" with the part's name.
 * @typedef {{change: string, name: string, detail: string}} SiteChange
 *
 * The user of a manual grant who would be deleted. *posts* is null when the site does not show it.
 * @typedef {{
 *   id: number, username: string, name: string, email: string, roles: string[], registered_at: number,
 *   posts: number | null
 * }} FoundUser
 *
 * POST /grants/{id}/end and /repair. *ended_at* is there once WordPress has confirmed the end.
 * @typedef {{grant_id: string, state: GrantState, ended_at?: number}} GrantEnd
 *
 * POST /sites. A *problem* beside a *consent_url* does not prevent the set-up.
 * @typedef {{site: CheckedSite | null, consent_url: string | null, problem: SiteProblem | null}} SiteCheck
 * @typedef {{name: string, url: string, login_url: string, icon_url: string | null}} CheckedSite
 * @typedef {{code: string, message: string, fix: string}} SiteProblem
 *
 * GET /secrets/{id}: what any caller who knows the id may know.
 * @typedef {{
 *   state: "waiting" | "opened" | "locked", passphrase: boolean, expires_at: number, tries_left: number,
 *   opened_at?: number, unlocks_at?: number, grant_id?: string
 * }} Secret
 * @typedef {{id: string, expires_at: number}} NewSecret POST /secrets
 * @typedef {{ciphertext: string}} OpenedSecret POST /secrets/{id}/open
 * @typedef {{reference: string, mail?: "dropped"}} SentTicket POST /tickets: *mail* when the owner’s mailbox is full
 *
 * An error's body. Its *code* decides which of the other fields are there; a gateway's own error has none of ours.
 * @typedef {Partial<{
 *   code: string, message: string, field: string, reason: string, fix: string, key_left: boolean,
 *   tries_left: number, opened_at: number, unlocks_at: number, retry_after: number, support_has_it: boolean,
 *   gone: "burned" | "expired" | "ended" | "ending", at: number, grant_id: string
 * }>} ErrorBody
 *
 * What the page sends. *seconds* is the time for the whole call, 20 unless given.
 * @typedef {{body?: unknown, token?: string, seconds?: number, keepalive?: boolean}} CallOptions
 * In a consent, *approved_on* is the address of the site on which it was approved; the server sends it to no other host.
 * @typedef {{user_login: string, application_password: string, approved_on?: string}} Consent
 * @typedef {{
 *   grant_id: string, site_url: string, days: number, owner_token: string, support_token: string, owner_email: string,
 *   language?: string, time_zone?: string
 * }} GrantRequest
 * @typedef {GrantRequest & Consent & {password: string}} UserRequest
 * @typedef {Omit<GrantRequest, "days" | "owner_email"> & Consent & {hold: true}} HoldRequest
 * @typedef {GrantRequest & {username: string}} ManualGrantRequest
 * @typedef {{
 *   id: string, ciphertext: string, access_sha256: string, passphrase: boolean, lifetime_seconds: number,
 *   grant_id?: string, owner_token?: string, receipt_sha256?: string
 * }} SecretRequest
 * @typedef {{
 *   name: string, email: string, subject: string, message: string, site_url?: string, link?: string, grant_id?: string,
 *   owner_token?: string, passphrase_hint?: string, password_link?: string, sealed_message?: string
 * }} Ticket
 */
