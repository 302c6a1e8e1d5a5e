// The notice above the page's content.

/** @import { Values } from "./types.js" */
import { $, make, setText } from "./page.js"

/**
 * Show a link to where WordPress lists the approvals of its user.
 * @param {string | null | undefined} consentUrl WordPress' approval page, as the server found it
 */
export function showUnusedApprovals(consentUrl) {
    if (!consentUrl || !/^https?:/.test(consentUrl)) return
    const { href } = new URL("profile.php#application-passwords-section", consentUrl)
    const link = make("a", { href, rel: "noopener", target: "_blank" })
    setText(link, "arrival.unused")
    $("#unused").replaceChildren(link)
    $("#unused").hidden = false
}

/**
 * @param {string} key
 * @param {Values} [values]
 */
export function showNotice(key, values) {
    const notice = $("#notice p")
    notice.hidden = false
    notice.classList.toggle("done", /^ended\.text$|\.done$/.test(key))
    setText(notice, key, values)
}
