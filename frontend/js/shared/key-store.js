// The team's keys in this browser: in IndexedDB, as keys that no script can read out, only use. And what they open.

/** @import { TeamKey } from "./types.js" */

const [DATABASE, STORE] = ["hallpass", "team-keys"]
/** Each has the texts `team.is_<readiness>` and `team.is_<readiness>_text`. */
export const READINESS = ["ready", "old", "other", "none", "early", "unused", "broken", "no_storage"]

/** @returns {Promise<TeamKey[]>} rejects when the browser keeps nothing, as in some private windows */
export async function readKeys() {
    return inStore("readonly", (store) => store.getAll())
}

/** @param {TeamKey} key */
export async function keepKey(key) {
    await inStore("readwrite", (store) => store.put(key))
    // A browser may otherwise delete it when the disk is full. It may ask, and need not answer.
    void navigator.storage?.persist?.().catch(() => {})
}

/** @param {string} publicKey */
export async function removeKey(publicKey) {
    await inStore("readwrite", (store) => store.delete(publicKey))
}

/**
 * Whether a browser can open the links that are sealed now.
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

/**
 * @param {IDBTransactionMode} mode
 * @param {(store: IDBObjectStore) => IDBRequest} use
 * @returns {Promise<any>} what *use* asked for, once it is on the disk
 */
async function inStore(mode, use) {
    const database = await openDatabase()
    try {
        return await new Promise((resolve, reject) => {
            const transaction = database.transaction(STORE, mode)
            const request = use(transaction.objectStore(STORE))
            transaction.oncomplete = () => resolve(request.result)
            transaction.onabort = transaction.onerror = () => reject(transaction.error)
        })
    } finally {
        database.close()
    }
}

/** @returns {Promise<IDBDatabase>} */
function openDatabase() {
    return new Promise((resolve, reject) => {
        const request = indexedDB.open(DATABASE, 1)
        request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "publicKey" })
        request.onsuccess = () => resolve(request.result)
        request.onerror = request.onblocked = () => reject(request.error)
    })
}
