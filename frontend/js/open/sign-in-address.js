// Where support signs in. The sealed text is the sender's word, so its addresses are compared with the site that this
// page shows before anything uses them. Pure.

/** @import { Grant } from "../shared/api-types.js" */
/** @import { SignIn } from "./types.js" */
import { sameHost } from "../shared/consent.js"

/**
 * *signIn*, without its sign-in address when that is no web address, or on another host than the site.
 * @param {SignIn} signIn
 * @param {Pick<Grant, "site"> | null} grant
 * @returns {SignIn}
 */
export function withCheckedAddress(signIn, grant) {
    const { site, login_url: address } = signIn
    const isOnSite = sameHost(site, grant?.site.url ?? site) && sameHost(site, address)
    return isOnSite ? signIn : { ...signIn, login_url: "" }
}
