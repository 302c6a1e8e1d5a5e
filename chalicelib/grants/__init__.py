"""
The story of a grant: one temporary access to one WordPress site.

Imports the standard library, and of Hallpass only `clock`, `errors` and `site_problems`. What it
needs of AWS, HTTP, mail and one-time secrets are ports (`ports`, `store.GrantStore`,
`site.WordPress`).

Phases, as stored, and the transitions between them (`model`, `set_up` and `mailed`; a test walks
all of them)::

     hold
         │ set_up_requested (provision)
     provision                                      register (the owner made the user)
         │                                                  │
         ▼                  activated                       ▼
    provisioning ──────────────────────────────────────► active
      │      │                                           │    │
      │      │ end_requested, repair_requested           │    │ confirmed_by_owner
      │      └──────────────────┐    ┌───────────────────┘    │ (manual grants)
      │                         ▼    ▼   end_requested,       │
      │ revoked               revoking   repair_requested,    │
      │ (set-up undone)         │        leased at deadline   │
      │                         │ revoked                     │
      └──────────────────────►  ▼  ◄──────────────────────────┘
                            notifying ── closed ──► closed

The API shows three states: *preparing* until `activated`, *active* until WordPress has confirmed
the end, then *ended*. A `revoking` grant whose removal keeps failing stays *active*, and overdue. A
set-up that the site refuses is undone, and its grant deleted. A grant that is *held* is
`provisioning`, and has nothing but a consent key. A manual grant that its owner never confirms
*rests* in `revoking`: active and overdue, nothing due, and no end claimed (`reminders`).

What holds in every phase:

* The grant is stored before the site is asked for anything, and leaves the sweep's index only when
  WordPress has confirmed that the user is deleted and its people have the notice of it, or when it
  is a manual one and rests.
* A consent key is stored only while a set-up or a repair is unfinished, and for 15 minutes at most
  without its owner's confirmation; a removal key only while its user may exist.
* Everything may be interrupted between any two calls: the same request, or the sweep, goes on.

Reading order: `lifecycle` (what people ask for; also `renewal`, `asking` and `repair`),
`provisioning` and its steps, `ending`, `removal`, `sweep` and `worker`, then `record`, `parts` and
`schedule` for what is stored, and `model` for what may happen to it.
"""
