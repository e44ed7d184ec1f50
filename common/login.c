#include "common/login.h"

#include <pwd.h>
#include <stdio.h>
#include <unistd.h>

const char *
login_name(void)
{
	static char number[32];
	const struct passwd *user = getpwuid(getuid());

	if (user && *user->pw_name)
		return user->pw_name;
	snprintf(number, sizeof(number), "uid %lu", (unsigned long) getuid());
	return number;
}
