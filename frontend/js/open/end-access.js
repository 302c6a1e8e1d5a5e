// "End access now", for whoever holds the link.

import { askToConfirm, endUntilConfirmed } from "../shared/end-grant.js"
/** @import { OpenPage } from "./types.js" */
import { $, loadCatalogue, setText } from "../shared/page.js"
import { showProblem } from "../shared/problem-notice.js"

/** @param {OpenPage} page */
export async function endAccess({ entry, grant, showPanel }) {
    await loadCatalogue()
    setText($("#confirm p"), grant?.by_hand ? "end.sure_by_hand" : "end.sure_text")
    if (!entry?.grantId || !(await askToConfirm($("#confirm")))) return
    $("#end-problem").hidden = true
    try {
        const at = await endUntilConfirmed(entry.grantId, entry.support, undefined, grant?.by_hand ? 0 : undefined)
        const [title, text] = grant?.by_hand
            ? ["ended.by_hand", "ended.by_hand_text"]
            : ["ended.later", "ended.later_text"]
        setText($("#ended h2"), at ? "ended.title" : title)
        setText($("#ended p"), at ? "ended.text" : text, { date: at ?? "" })
        showPanel("ended")
        $("#ended h2").focus()
    } catch (error) {
        showProblem($("#end-problem"), error)
    }
}
