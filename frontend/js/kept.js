// @ts-check
// What a tab keeps for its next page, once. A browser may refuse to keep
// anything, and the pages work without.

/**
 * @param {string} name
 * @param {string} value
 * @returns {boolean} false in a browser that keeps nothing
 */
export function keep(name, value) {
    try {
        sessionStorage.setItem(name, value)
        return true
    } catch {
        return false
    }
}

/**
 * What was kept; it is not kept any longer.
 * @param {string} name
 */
export function recall(name) {
    try {
        const value = sessionStorage.getItem(name)
        sessionStorage.removeItem(name)
        return value
    } catch {
        return null
    }
}
