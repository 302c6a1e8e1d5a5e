// Types of the support form. No page loads this module.

/**
 * @import { Consent, GrantSummary, SecretRequest, SiteCheck } from "../shared/api-types.js"
 * @import { Config } from "../shared/types.js"
 */

/**
 * @typedef {"what" | "site" | "time" | "send" | "sent"} Step
 *
 * The way in that the owner chose: approve on WordPress, paste an application password, create the user by hand, or
 * let no helper in.
 * @typedef {"consent" | "paste" | "made" | "none"} Door
 *
 * The site as the server found it, or as the owner typed it.
 * @typedef {{name: string, url: string, login_url: string, icon_url?: string | null}} Site
 *
 * What the tab's storage keeps, never a secret. *state* is set while the owner is at WordPress, *trip* and *answered*
 * are digests of the last trip's state and answer, *hint* is the code of the problem that the site check found,
 * *login_url* is asked for when the site hides its sign-in page, *subject* and *ticket* come from a link to the form.
 * @typedef {{
 *   step: Step, door: Door, days: number, message: string, url: string, name: string, email: string, login_url: string,
 *   site: Site | null, consent_url: string | null, hint: string, state: string | null, trip: string, answered: string,
 *   subject: string, ticket: string
 * }} Draft
 *
 * A user that the owner created by hand. *password* may be a link to it that opens once; *link_hint* says how support
 * gets the passphrase of that.
 * @typedef {{username: string, password: string, login_url: string, link_hint: string}} ManualUser
 *
 * An approval that the server holds, as soon as *isStored*, until the owner presses "Send".
 * @typedef {{grantId: string, ownerToken: string, linkKey: Uint8Array<ArrayBuffer>, isStored: boolean}} Held
 *
 * The state of the page and what its steps call, made once by form.js. *keys* are secrets, in memory only: a reload
 * forgets them, and the form asks for them again. *nextConsentState* goes with the owner to WordPress. *siteCheck* is
 * the last one and its address, *typingTimer* starts the next. *submission* is set from the press of "Send" on.
 * *readySteps* are those whose module is set up, *turns* counts the moves between steps.
 * @typedef {{
 *   draft: Draft, keys: Partial<Consent & ManualUser>, config: Promise<Config>, nextConsentState: string,
 *   siteCheck: {url: string, answer: Promise<SiteCheck>} | null, typingTimer: number, held: Held | null, submission: Submission | null,
 *   isSent: boolean, readySteps: Set<string>, turns: number, save: () => void, forgetDraft: () => void,
 *   showTeamKey: (place: string) => void, goTo: (step: string) => Promise<void>, enterStep: (step: string, focus?: boolean) => Promise<void>
 * }} FormPage
 *
 * A step whose module is loaded when the owner comes there; *setUp* runs once, *enter* each time.
 * @typedef {{setUp: (page: FormPage) => void, enter: (page: FormPage) => Promise<void> | void}} StepModule
 *
 * What is sent, and how far it is. *isStored* is true when the server has the secret, *writing* is how the owner is to
 * be written to. *teamKey* is the one that seals, undefined when config.json names none; *fragment* is what stands in
 * the link, or the whole one-time link that the owner gave, sealed once: another seal would be another ticket.
 * @typedef {{
 *   draft: Draft, writing: {language?: string, time_zone?: string}, consent: Consent | null, manualUser: ManualUser | null, passphrase: string | null, hint: string,
 *   grantId: string, ownerToken: string, linkKey: Uint8Array<ArrayBuffer>, password: string, teamKey: string | undefined,
 *   fragment: string, grant: GrantSummary | null, secret: SecretRequest | null, isStored: boolean, reference: string | null, sealedMessage: string
 * }} Submission
 *
 * @typedef {"access" | "noted" | "secret" | "ticket"} Part of a submission
 * @typedef {(part: Part, state: "now" | "slow" | "done") => void} ShowProgress
 */

export {}
