/* agent/entry_options.h - the options that say what an entry is
 *
 * The commands that record and correct share them.  Lists may be repeated, joined by commas, or
 * follow one another: --count attended=90 procedures=41.  Files are not joined
 * by commas, since their names may hold some.
 */
#pragma once

#include <argp.h>

#include "agent/entry.h"

/* Words of lists in one command; one more ends it with a usage error. */
enum { ENTRY_TEXTS_MAX = 128 };

/* To be zeroed before.  The entry points into argv and into texts, so it is of use
 * until entry_options_done(). */
struct entry_options {
	struct entry entry;                         /* but for its evidences */
	const char *files[ENTRY_EVIDENCES_MAX + 1]; /* to be evidences */
	size_t file_count;
	bool force;
	const char *home; /* for command_open(); NULL: not given */

	/* An option with an empty value: what is there is to be taken away. */
	bool no_initiatives, no_counts, no_groups, no_zero, no_nothing, no_evidences;

	int list;                     /* the option that a word now belongs to; 0: none */
	char *texts[ENTRY_TEXTS_MAX]; /* copies that were taken apart */
	size_t text_count;
};

/* To be a child of the command's own argp, with the options that entries of these kinds
 * have (KIND_BIT()); its input is the struct above.  KIND_VOID stands for a correction:
 * with the kinds of all records it has all options, without them who, why and where;
 * KIND_RETURN for a remark.  Valid until the next call. */
const struct argp *entry_options_argp(unsigned kinds);

/* Free the copies, also after an error. */
void entry_options_done(struct entry_options *o);

/* Read the files and make them the entry's evidences; says what is wrong with
 * each.  Returns the exit status. */
int entry_options_files(struct entry_options *o);

/* A word that no option wants: explains and exits. */
_Noreturn void entry_options_word(const char *word);
