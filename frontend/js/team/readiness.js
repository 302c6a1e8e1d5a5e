// Whether a browser can open the links that are sealed now. Pure.

/** Each has the texts `team.is_<readiness>` and `team.is_<readiness>_text`. */
export const READINESS = ["ready", "old", "other", "none", "early", "unused", "broken", "no_storage"]

/**
 * @param {string[]} held public keys of the browser
 * @param {string[]} teamKeys of config.json, newest first
 * @returns {"ready" | "old" | "other" | "none" | "early" | "unused"}
 */
export function readinessOf(held, teamKeys) {
    if (!teamKeys.length) return held.length ? "early" : "unused"
    if (!held.length) return "none"
    if (held.includes(teamKeys[0])) return "ready"
    return held.some((key) => teamKeys.includes(key)) ? "old" : "other"
}
