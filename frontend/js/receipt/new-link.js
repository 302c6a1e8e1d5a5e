// A new sign-in link without WordPress: the support user gets a new password, which is sealed and sent as the first one
// was. All keys are made here, once, so trying again repeats and never doubles.

/** @import { SecretRequest } from "../shared/api-types.js" */
/** @import { Bytes } from "../shared/link-key.js" */
/** @import { LoadedReceiptPage } from "./types.js" */
import { createSecret, renewLink, sendTicket } from "../shared/api.js"
import { encode, identify, newLinkKey, randomBytes, seal } from "../shared/envelope.js"
import { load, loadCatalogue, now, texts } from "../shared/page.js"

/** @typedef {{linkKey: Bytes, password: string, fragment: string, secret: SecretRequest | null}} NewLink */

/** The one that is not sent yet. @type {NewLink | null} */
let unsent = null

/** @param {LoadedReceiptPage} page */
export async function sendNewLink({ entry, grant, config }) {
    await loadCatalogue()
    const { grantId, ownerToken } = entry
    const link = (unsent ??= await newLink((await config).team_keys ?? []))
    const { support } = await identify(link.linkKey)
    const renewed = await renewLink(grantId, ownerToken, { password: link.password, support_token: support })
    if (!link.secret) {
        const { site, username, login_url, email, sign_in, environment, expires_at } = renewed
        const account = { site: site.url, name: site.name, login_url, username, password: link.password }
        const known = { ...account, email, sign_in, environment, customer: grant.owner_email, expires_at }
        const { id, ciphertext, access_sha256 } = await seal(link.linkKey, JSON.stringify(known))
        const lifetime = Math.max(60, Math.floor(expires_at - now()))
        const sealed = { id, ciphertext, access_sha256, passphrase: false, lifetime_seconds: lifetime }
        link.secret = { ...sealed, grant_id: grantId, owner_token: ownerToken }
    }
    await createSecret(link.secret)
    await sendTicket({
        name: grant.owner_email,
        email: grant.owner_email,
        subject: texts["renew.subject"],
        message: texts["renew.message"],
        link: `${location.origin}/open#${link.fragment}`,
        grant_id: grantId,
        owner_token: ownerToken,
    })
    unsent = null
}

/**
 * @param {string[]} teamKeys newest first; the link opens in the team's browsers only, if there is one
 * @returns {Promise<NewLink>}
 */
async function newLink([teamKey]) {
    const linkKey = newLinkKey()
    const fragment = teamKey ? await (await load("shared/team-box.js")).sealToTeam(linkKey, teamKey) : encode(linkKey)
    return { linkKey, password: encode(randomBytes(24)), fragment, secret: null }
}
