// @ts-check
// What happens after "Send": make the account, seal its password, send the
// message. All ids and keys are made here, once, so `run` may be called again
// after any failure: it goes on where it stopped, and repeats are harmless.

import { readAddress } from "./address.js"
import * as api from "./api.js"
import { encode, identify, newLinkKey, randomBytes, seal } from "./envelope.js"

const PAUSE = 2000
const PATIENCE = 90
const LONGEST_SUBJECT = /^.{0,80}/u

/** Each has the texts `progress.<part>.now` and `progress.<part>.done`. */
export const PARTS = ["access", "noted", "secret", "ticket"]

/** @typedef {import("./types.js").Setup} Setup */

/**
 * @param {import("./types.js").Draft} draft
 * @param {{consent?: Setup["consent"], account?: Setup["account"]}} keys
 * @returns {Setup}
 */
export function newSetup(draft, { consent = null, account = null }) {
    return {
        draft: { ...draft },
        consent,
        account,
        passphrase: null,
        hint: "",
        grantId: encode(randomBytes(16)),
        ownerToken: encode(randomBytes(32)),
        linkKey: newLinkKey(),
        password: encode(randomBytes(24)),
        grant: null,
        secret: null,
        kept: false,
        reference: null,
    }
}

/**
 * The first words of a message, which name it in a mail's subject.
 * @param {string} message
 */
export function subjectOf(message) {
    const [line] = plain(message).trim().split(/[\r\n]/)
    const [start] = line.match(LONGEST_SUBJECT) ?? [""]
    return start === line ? line : `${start.replace(/\s+\S{0,20}$/, "")} …`
}

/** @param {Setup} setup */
export function needsAccess(setup) {
    return setup.consent !== null || setup.account !== null
}

/**
 * The parts of *setup*, in order.
 * @param {Setup} setup
 */
export function partsOf(setup) {
    return needsAccess(setup) ? [setup.account ? "noted" : "access", "secret", "ticket"] : ["ticket"]
}

/**
 * @param {Setup} setup
 * @param {(part: string, state: "now" | "slow" | "done") => void} report
 * @param {typeof api} [server]
 * @returns {Promise<void>} rejects with a Problem
 */
export async function run(setup, report, server = api) {
    if (needsAccess(setup)) {
        const [first] = partsOf(setup)
        report(first, "now")
        setup.grant ??= await makeAccess(setup, report, server)
        report(first, "done")
        report("secret", "now")
        setup.secret ??= await sealSecret(setup)
        if (!setup.kept) await server.createSecret(setup.secret)
        setup.kept = true
        report("secret", "done")
    }
    report("ticket", "now")
    setup.reference ??= await sendTicket(setup, server)
    report("ticket", "done")
}

/**
 * @param {Setup} setup
 * @param {(part: string, state: "now" | "slow" | "done") => void} report
 * @param {typeof api} server
 */
async function makeAccess(setup, report, server) {
    const { draft, consent, account } = setup
    const common = {
        grant_id: setup.grantId,
        site_url: draft.site?.url ?? draft.url,
        days: draft.days,
        owner_token: setup.ownerToken,
        support_token: (await identify(setup.linkKey)).support,
        owner_email: draft.email.trim(),
    }
    if (account) return server.recordGrant({ ...common, username: account.username })
    const request = { ...common, ...consent, password: setup.password }
    for (let round = 0; round < PATIENCE; round += 1) {
        const grant = await server.createUser(request)
        if (grant.state !== "preparing") return grant
        report("access", "slow")
        await new Promise((resolve) => setTimeout(resolve, PAUSE))
    }
    throw new api.Problem("slow")
}

/**
 * Seal once: another seal of the same text is other bytes, which the server would refuse.
 * @param {Setup} setup
 */
async function sealSecret(setup) {
    const { draft, grant, account } = setup
    const plaintext = JSON.stringify({
        site: grant.site?.url ?? draft.site?.url ?? draft.url,
        name: grant.site?.name ?? draft.site?.name ?? "",
        login_url: account?.login_url ?? signInPage(draft) ?? grant.login_url ?? draft.site?.login_url,
        username: account?.username ?? grant.username,
        password: account?.password ?? setup.password,
        expires_at: grant.expires_at,
    })
    const { id, ciphertext, access_sha256, support } = await seal(setup.linkKey, plaintext, setup.passphrase)
    return {
        id,
        ciphertext,
        access_sha256,
        passphrase: Boolean(setup.passphrase),
        lifetime_seconds: draft.days * 86400,
        grant_id: setup.grantId,
        support_token: support,
    }
}

/**
 * Where support signs in on a site that hides its sign-in page, if the owner said so.
 * @param {import("./types.js").Draft} draft
 */
function signInPage({ hint, login_url: typed }) {
    return hint === "hidden_login" && typed ? readAddress(typed)?.href : undefined
}

/**
 * What came along with pasted text and cannot be seen, the server would refuse.
 * @param {string} text
 */
function plain(text) {
    return text.replace(/[\0-\x08\v\f\x0e-\x1f\x7f\x85\u2028\u2029\p{Surrogate}]/gu, " ")
}

/**
 * @param {Setup} setup
 * @param {typeof api} server
 * @returns {Promise<string>} the reference
 */
async function sendTicket(setup, server) {
    const { draft } = setup
    /** @type {Record<string, string>} */
    const ticket = { email: draft.email.trim(), subject: subjectOf(draft.message) }
    for (const name of /** @type {const} */ (["name", "message"])) ticket[name] = plain(draft[name])
    if (draft.site?.url ?? draft.url) ticket.site_url = draft.site?.url ?? draft.url
    if (needsAccess(setup)) {
        ticket.link = `${location.origin}/open#${encode(setup.linkKey)}`
        ticket.grant_id = setup.grantId
        ticket.owner_token = setup.ownerToken
        if (setup.passphrase && setup.hint) ticket.passphrase_hint = setup.hint
    }
    return (await server.sendTicket(ticket)).reference
}
