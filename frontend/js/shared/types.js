// Types that the pages share, beside those of the server's answers. No page loads this module.

/**
 * The deployment's settings, config.json.
 * @typedef {{
 *   support_name: string, support_email?: string, colour: string, logo?: string, help_url?: string,
 *   privacy_url?: string, imprint_url?: string, office_hours?: OfficeHours, lifetimes: number[], max_days: number,
 *   team_keys?: string[], texts?: Record<string, Record<string, string>>
 * }} Config
 * @typedef {{time_zone: string, days: number[], from: string, to: string}} OfficeHours days 1 (Monday) to 7
 *
 * A key of the team in this browser: its public half as config.json has it, its private half for use only.
 * @typedef {{publicKey: string, privateKey: CryptoKey}} TeamKey
 *
 * @typedef {() => Promise<void> | void} Work
 *
 * Values for a text's {placeholders}; a Date is shown as date and time.
 * @typedef {Record<string, string | number | Date | (() => string)>} Values
 *
 * What the receipt keeps in its history entry. The fragment leaves the address bar at once, so that an address copied
 * from there gives nothing away, and stays in the state of this entry: a reload must not take the button that ends the
 * access away from the owner. The entry is no more exposed than the address in the history was, and the token can end
 * and extend, never open a secret.
 * *sent* is what the owner sent, *sealed* the seal that it was read from.
 * @typedef {{grantId: string, ownerToken: string, sent?: Sent, sealed?: string}} ReceiptEntry
 * @typedef {{reference: string, message: string}} Sent
 */

export {}
