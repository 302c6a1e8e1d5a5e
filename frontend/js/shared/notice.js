// The notice above the page's content.

/** @import { Values } from "./types.js" */
import { $, setText } from "./page.js"

/**
 * @param {string} key
 * @param {Values} [values]
 */
export function showNotice(key, values) {
    $("#notice p").hidden = false
    setText($("#notice p"), key, values)
}
