// Links that do not hold a bare link key: with something around them, or sealed to the team.

/** @import { OpenPage } from "./types.js" */
import { isOfLaterKind, linkIn } from "../shared/link-in.js"
import { encode } from "../shared/link-key.js"
import { load } from "../shared/page.js"

const UNSEAL = "shared/unseal.js"
/** What unsealing imports in its turn: asked for at once, so that none of them waits for another. */
const UNSEALING = [UNSEAL, "shared/key-store.js", "shared/team-box.js", "shared/hpke.js"]

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
    void Promise.allSettled(UNSEALING.map(load))
    const { loadTexts, unseal } = await load(UNSEAL)
    if (isLater) {
        await loadTexts()
        page.closed = "newer"
        return null
    }
    const { linkKey, why } = await unseal(link, page.config)
    page.closed = why
    return linkKey && encode(linkKey)
}
