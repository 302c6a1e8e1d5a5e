// What happens after "Send": have the support user created, seal its password, send the ticket. All ids and keys are
// made here, once, so `submit` may be called again after any failure: it goes on where it stopped, and repeats are
// harmless.

/** @import { GrantSummary, SecretRequest, Ticket } from "../shared/api-types.js" */
/** @import { Draft, Held, Part, ShowProgress, Submission } from "./types.js" */
import * as api from "../shared/api.js"
import { decode, encode, identify, newLinkKey, randomBytes, seal } from "../shared/envelope.js"
import { DAY, load } from "../shared/page.js"
import { oneTimeLinkIn, readAddress } from "./site-address.js"

const POLL_MS = 2000
const MAX_POLLS = 90
/** As the server takes it, in base64url. */
const MAX_SEALED_CHARACTERS = 13_690
const SUBJECT = /^.{0,80}/u

/** Each has the texts `progress.<part>.now` and `progress.<part>.done`. @type {Part[]} */
export const PARTS = ["access", "noted", "secret", "ticket"]

/** @typedef {Pick<typeof api, "provision" | "registerManual" | "createSecret" | "sendTicket">} Server */

/**
 * @param {Draft} draft
 * @param {Partial<Pick<Submission, "consent" | "manualUser" | "teamKey" | "writing">> & {held?: Held | null}} keys
 * @returns {Submission}
 */
export function newSubmission(draft, { consent = null, manualUser = null, held = null, teamKey, writing = {} }) {
    return {
        draft: { ...draft },
        writing,
        consent,
        manualUser,
        passphrase: null,
        hint: "",
        // The server knows a held consent by these.
        grantId: held?.grantId ?? encode(randomBytes(16)),
        ownerToken: held?.ownerToken ?? encode(randomBytes(32)),
        linkKey: held?.linkKey ?? newLinkKey(),
        password: encode(randomBytes(24)),
        teamKey,
        fragment: "",
        grant: null,
        secret: null,
        isStored: false,
        reference: null,
        sealedMessage: "",
    }
}

/**
 * The first words of a message, which name it in a mail's subject.
 * @param {string} message
 */
export function subjectOf(message) {
    const [line] = withoutControls(message)
        .trim()
        .split(/[\r\n]/)
    const [start] = line.match(SUBJECT) ?? [""]
    return start === line ? line : `${start.replace(/\s+\S{0,20}$/, "")} …`
}

/**
 * The subject of the mail: what a link to the form gave, or the first words of the message.
 * @param {Pick<Draft, "message"> & Partial<Pick<Draft, "subject" | "ticket">>} draft
 */
export function subjectFor({ message, subject, ticket }) {
    return `${ticket ? `${ticket}: ` : ""}${subject || subjectOf(message)}`
}

/** @param {Submission} submission */
export function needsAccess({ consent, manualUser }) {
    return consent !== null || manualUser !== null
}

/** Whether the owner's own one-time link travels, instead of one that is made here. @param {Submission} submission */
export function passesLink({ manualUser }) {
    return manualUser !== null && oneTimeLinkIn(manualUser.password) !== ""
}

/**
 * The parts of *submission*, in order.
 * @param {Submission} submission
 * @returns {Part[]}
 */
export function partsOf(submission) {
    if (!needsAccess(submission)) return ["ticket"]
    const first = submission.manualUser ? "noted" : "access"
    return passesLink(submission) ? [first, "ticket"] : [first, "secret", "ticket"]
}

/**
 * @param {Submission} submission
 * @param {ShowProgress} showProgress
 * @param {Server} [server]
 * @returns {Promise<void>} rejects with a Problem
 */
export async function submit(submission, showProgress, server = api) {
    if (needsAccess(submission)) {
        submission.fragment ||= await fragmentOf(submission)
        const [first] = partsOf(submission)
        showProgress(first, "now")
        submission.grant ??= await makeAccess(submission, showProgress, server)
        showProgress(first, "done")
        if (!passesLink(submission)) await storeSecret(submission, submission.grant, showProgress, server)
    }
    showProgress("ticket", "now")
    submission.sealedMessage ||= await sealMessage(submission)
    submission.reference ??= (await server.sendTicket(ticketOf(submission))).reference
    showProgress("ticket", "done")
}

/**
 * @param {Submission} submission
 * @param {GrantSummary} grant
 * @param {ShowProgress} showProgress
 * @param {Server} server
 */
async function storeSecret(submission, grant, showProgress, server) {
    showProgress("secret", "now")
    submission.secret ??= await sealSecret(submission, grant)
    if (!submission.isStored) await server.createSecret(submission.secret)
    submission.isStored = true
    showProgress("secret", "done")
}

/**
 * @param {Submission} submission
 * @param {ShowProgress} showProgress
 * @param {Server} server
 * @returns {Promise<GrantSummary>}
 */
async function makeAccess(submission, showProgress, server) {
    const { draft, consent, manualUser } = submission
    const common = {
        grant_id: submission.grantId,
        site_url: siteUrl(draft),
        days: draft.days,
        owner_token: submission.ownerToken,
        support_token: (await identify(submission.linkKey)).support,
        owner_email: draft.email.trim(),
        ...submission.writing,
    }
    if (manualUser) return server.registerManual({ ...common, username: manualUser.username })
    const { user_login = "", application_password = "", approved_on = "" } = consent ?? {}
    const request = { ...common, user_login, application_password, approved_on, password: submission.password }
    for (let polls = 0; polls < MAX_POLLS; polls += 1) {
        const grant = await server.provision(request)
        if (grant.state !== "preparing") return grant
        showProgress("access", "slow")
        await new Promise((resolve) => setTimeout(resolve, POLL_MS))
    }
    throw new api.Problem("slow")
}

/**
 * Seal once: another seal of the same text is other bytes, which the server would refuse.
 * @param {Submission} submission
 * @param {GrantSummary} grant
 * @returns {Promise<SecretRequest>}
 */
async function sealSecret(submission, grant) {
    const { draft, manualUser } = submission
    const plaintext = JSON.stringify({
        site: grant.site.url,
        name: grant.site.name,
        login_url: manualUser?.login_url ?? signInPage(draft) ?? grant.login_url ?? draft.site?.login_url,
        username: manualUser?.username ?? grant.username,
        password: manualUser?.password ?? submission.password,
        ...(grant.email ? { email: grant.email } : {}),
        ...(grant.sign_in ? { sign_in: grant.sign_in } : {}),
        ...(draft.site?.icon_url ? { icon: draft.site.icon_url } : {}),
        ...(grant.environment ? { environment: grant.environment } : {}),
        customer: `${withoutControls(draft.name)} <${draft.email.trim()}>`,
        expires_at: grant.expires_at,
    })
    const { id, ciphertext, access_sha256 } = await seal(submission.linkKey, plaintext, submission.passphrase)
    return {
        id,
        ciphertext,
        access_sha256,
        passphrase: Boolean(submission.passphrase),
        lifetime_seconds: draft.days * DAY,
        grant_id: submission.grantId,
        owner_token: submission.ownerToken,
    }
}

/**
 * The receipt shows the owner what was sent, and the server cannot read it there: only the owner's token opens it.
 * @param {Submission} submission
 */
async function sealMessage({ draft, ownerToken }) {
    const { ciphertext } = await seal(decode(ownerToken), JSON.stringify({ message: withoutControls(draft.message) }))
    return ciphertext.length <= MAX_SEALED_CHARACTERS ? ciphertext : ""
}

/**
 * The link key, boxed for the team; or the link given. Made first, so that a failure leaves nothing behind.
 * @param {Submission} submission
 */
async function fragmentOf(submission) {
    const { linkKey, manualUser, teamKey } = submission
    const given = oneTimeLinkIn(manualUser?.password ?? "")
    if (teamKey === undefined) return given || encode(linkKey)
    if (given) return (await load("form/passed-link.js")).sealOwnLink(given, teamKey)
    return (await load("shared/team-box.js")).sealToTeam(linkKey, teamKey)
}

/**
 * Where support signs in on a site that hides its sign-in page, if the owner typed it.
 * @param {Draft} draft
 */
function signInPage({ hint, login_url: typed }) {
    return hint === "hidden_login" && typed ? readAddress(typed)?.href : undefined
}

/** @param {Draft} draft */
function siteUrl({ site, url }) {
    return site?.url ?? url
}

/**
 * Pasted text may contain control characters, which people do not see and the server refuses.
 * @param {string} text
 */
function withoutControls(text) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it removes.
    return text.replace(/[\0-\x08\v\f\x0e-\x1f\x7f\x85\u2028\u2029\p{Surrogate}]/gu, " ")
}

/**
 * @param {Submission} submission
 * @returns {Ticket}
 */
function ticketOf(submission) {
    const { draft } = submission
    /** @type {Ticket} */
    const ticket = {
        email: draft.email.trim(),
        subject: subjectFor(draft),
        name: withoutControls(draft.name),
        message: withoutControls(draft.message),
    }
    if (siteUrl(draft)) ticket.site_url = siteUrl(draft)
    if (needsAccess(submission) && submission.sealedMessage) ticket.sealed_message = submission.sealedMessage
    if (passesLink(submission)) {
        ticket.password_link = submission.fragment
        ticket.grant_id = submission.grantId
        ticket.owner_token = submission.ownerToken
        if (submission.manualUser?.link_hint) ticket.passphrase_hint = submission.manualUser.link_hint
    } else if (needsAccess(submission)) {
        ticket.link = `${location.origin}/open#${submission.fragment}`
        ticket.grant_id = submission.grantId
        ticket.owner_token = submission.ownerToken
        if (submission.passphrase && submission.hint) ticket.passphrase_hint = submission.hint
    }
    return ticket
}
