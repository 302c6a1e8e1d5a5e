// The team's keys in this browser: in IndexedDB, as keys that no script can read out, only use.

/** @import { TeamKey } from "./types.js" */

const [DATABASE, STORE] = ["hallpass", "team-keys"]

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
