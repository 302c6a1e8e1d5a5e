// What support asks of the owner: the server mails one fixed text, with a button.

/** @import { OpenPage } from "./types.js" */
import { askOwner } from "../shared/api.js"
import { $, onPress, setText } from "../shared/page.js"
import { showProblem } from "../shared/problem-notice.js"

/**
 * Offer to ask for *wish*, where the owner could do it.
 * @param {Pick<OpenPage, "entry" | "grant">} page
 * @param {"link" | "time"} wish
 */
export function offerToAsk({ entry, grant }, wish) {
    const button = $(`#ask-${wish}`)
    button.hidden = !entry?.grantId || !grant?.can.includes(`ask_${wish}`)
    if (button.hidden || button.dataset.ready) return
    button.dataset.ready = "yes"
    onPress(button, async () => {
        const problem = $(`#${wish}-problem`)
        problem.hidden = true
        try {
            await askOwner(entry?.grantId ?? "", entry?.support ?? "", wish)
            const done = document.createElement("p")
            done.setAttribute("role", "status")
            button.replaceWith(done)
            setText(done, "ask.done")
        } catch (error) {
            showProblem(problem, error)
        }
    })
}
