#include "common/owner.h"

#include <errno.h>
#include <ftw.h>
#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/files.h"

enum { WALK_FILES = 16 };

static bool
is_anothers(const char *home, struct stat *ret_info)
{
	return geteuid() == 0 && stat(home, ret_info) == 0 && ret_info->st_uid != 0;
}

/* The groups first: without root there is no right to change them. */
status
owner_become(const char *home)
{
	const struct passwd *user;
	struct stat info;
	int rc;

	if (!is_anothers(home, &info))
		return ST_OK;
	user = getpwuid(info.st_uid);
	rc = user ? initgroups(user->pw_name, info.st_gid) : setgroups(0, NULL);
	if (rc != 0 || setresgid(info.st_gid, info.st_gid, info.st_gid) != 0 ||
	    setresuid(info.st_uid, info.st_uid, info.st_uid) != 0)
		return from_errno(errno);
	return ST_OK;
}

/* nftw() hands nothing on. */
static struct stat new_owner;

static int
give(const char *path, const struct stat *info, int type, struct FTW *where)
{
	(void) info;
	(void) type;
	(void) where;
	return lchown(path, new_owner.st_uid, new_owner.st_gid);
}

status
owner_hand_over(const char *dir, const char *home)
{
	if (!is_anothers(home, &new_owner))
		return ST_OK;
	return nftw(dir, give, WALK_FILES, FTW_PHYS) == 0 ? ST_OK : from_errno(errno);
}
