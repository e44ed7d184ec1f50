/* agent/command.h - what the commands of valija have in common
 *
 * Functions that return an int return an exit status: 0, or what they have
 * already explained on standard error.
 */
#pragma once

#include "agent/entry.h"
#include "agent/outbox.h"

/* The home: the option's value, else VALIJA_HOME, else /var/lib/valija. */
const char *command_home(const char *option);

/* Open the outbox of the home (see above) and set up libsodium.  Root becomes the
 * owner of the home first, for good (common/owner.h).  From then on a damaged file ends
 * this process in words (common/apart.h). */
int command_open(const char *home_option, outbox **ret_box);

/* The same for a command that records: a home that was made for a reader takes no
 * entry, since no hub would; and who is about to record where entries could still be fetched
 * (valija-agent adopt) is warned. */
int command_open_to_record(const char *home_option, outbox **ret_box);

/* Say why the outbox of home cannot be opened.  Returns the exit status. */
int command_open_failed(const char *home, status st);

/* A home that was not made for the office says nothing that only the office says, but for
 * with force: the hub may have been told otherwise since. */
int command_office_only(outbox *box, bool force);

/* Say why storing or reading failed: names the holder of the lock, says what to
 * do about a full disk.  Returns the exit status. */
int command_failed(outbox *box, status st);

/* The plan in the outbox, with the read transaction it needs; both NULL when
 * there is no plan.  End with command_plan_done(). */
status command_plan(outbox *box, kv_txn **ret_txn, plan_table **ret_plan);
void command_plan_done(kv_txn **txn_p, plan_table **plan_p);

/* Who is at the keyboard: the login name, else "uid 1000".  Valid until the next
 * call. */
const char *command_login(void);

/* A time as the clock on the wall of this machine had it, with the zone: "2025-11-14
 * 10:00:05 -0500".  For people only.  Returns out. */
enum { COMMAND_TIME_BYTES = 64 };
const char *command_time(int64_t ms, char out[static COMMAND_TIME_BYTES]);

/* The civil date here, for warnings only. */
date command_today(void);

/* Print the REF of the entry just stored.  When it cannot be written, says that
 * the entry is stored all the same, or it would be recorded a second time.
 * Returns the exit status. */
int command_tell_ref(outbox *box, uint64_t seq);

/* Say problems on standard error, each as "--FIELD FOUND: what would be right", and what
 * to do when only the plan or the clock stands in the way.  words: fields that are typed
 * without an option, ended by NULL; or NULL. */
void command_problems(const struct entry_problems *problems, const char *const *words);

/* The number of an own entry as people write it: SEQ, or a REF that names this
 * device.  Returns the exit status. */
int command_seq(outbox *box, const char *text, uint64_t *ret_seq);
