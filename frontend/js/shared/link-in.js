// What mail programs and people put around the part of a link that counts. A whole link needs none of it. Pure.

/**
 * Return the part of a link that *fragment* holds: 43 signs, or a box for the team; "" when it holds none. Mail
 * programs and people leave blanks before it, and behind it whatever followed the link in the text.
 * @param {string} fragment
 */
export function linkIn(fragment) {
    return /^(?:t\.[\w-]{151}|[\w-]{43})/.exec(withoutLead(fragment))?.[0] ?? ""
}

/** A link of a kind that a later version of this page may make. @param {string} fragment */
export function isOfLaterKind(fragment) {
    return /^(?!t\.)\w{1,3}\.[\w-]{43,}/.test(withoutLead(fragment))
}

/**
 * Return *fragment* from where the link in it begins: without signs that stand for blanks, for nothing, or for "#".
 * @param {string} fragment
 */
export function withoutLead(fragment) {
    return decoded(fragment).replace(/^[\s\p{Cf}#/<("'“„«]+/u, "")
}

/** A "%" in it may stand for itself. @param {string} text */
function decoded(text) {
    try {
        return decodeURIComponent(text)
    } catch {
        return text
    }
}
