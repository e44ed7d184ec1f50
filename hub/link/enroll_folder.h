/* hub/link/enroll_folder.h - many requests, one list to confirm
 *
 * All files of a folder are read; one table shows of each whose it is and its
 * fingerprint, or why it cannot be enrolled.  A person says yes to the list once,
 * or a file of fingerprints, as they were read by telephone, says it.  What is
 * enrolled is enrolled in one transaction.
 */
#pragma once

#include "hub/hub.h"

struct enrolling {
	const char *path;         /* a folder, or one request */
	const char *fingerprints; /* file; NULL: ask */
	device_role role;
	bool force; /* also units that are not in the plan */
};

typedef struct enroll_folder enroll_folder;

/* Both return an exit status; 1: some files need a person's look.  Reading comes
 * first, since the one who opens a hub may become another user by it.  how must
 * outlive the folder; *ret_folder is the caller's, or NULL. */
int enroll_folder_read(const struct enrolling *how, enroll_folder **ret_folder);
int enroll_folder_enroll(enroll_folder *f, hub *h);
void enroll_folder_free(enroll_folder **f_p);
