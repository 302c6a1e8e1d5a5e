// Links that do not hold a bare link key: with something around them, or sealed to the team.

/** @import { OpenPage } from "./types.js" */
import { isOfLaterKind, linkIn } from "../shared/link-in.js"
import { encode } from "../shared/link-key.js"
import { load } from "../shared/page.js"

/**
 * Return the link key in *fragment*, or null when it has none that this browser can read; `page.closed` says why.
 * @param {OpenPage} page
 * @param {string} fragment
 * @returns {Promise<string | null>}
 */
export async function readLink(page, fragment) {
    const link = linkIn(fragment)
    const isLater = isOfLaterKind(fragment)
    if (!isLater && !link.startsWith("t.")) return link || null
    const { loadTexts, unseal } = await load("shared/unseal.js")
    if (isLater) {
        await loadTexts()
        page.closed = "newer"
        return null
    }
    const { linkKey, why } = await unseal(link, page.config)
    page.closed = why
    return linkKey && encode(linkKey)
}
