#include "hub/link/askable.h"

/* A command, or a command and its part.  One that is not here is refused. */
static const char *const commands[][2] = {
	{ "state" },        { "counts" },        { "tree" },       { "groups" },
	{ "pace" },         { "units" },         { "held" },       { "events" },
	{ "completeness" }, { "calendar" },      { "duplicates" }, { "show" },
	{ "plan", "show" }, { "cuts" },          { "diff" },       { "locks" },
	{ "draft", "cut" }, { "draft", "lock" }, { "devices" },
};

static bool
is(const struct texts *words, const char *const command[static 2])
{
	if (words->count < 1 || !text_is(words->list[0], command[0]))
		return false;
	return !command[1] || (words->count >= 2 && text_is(words->list[1], command[1]));
}

bool
askable(const struct texts *words)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (is(words, commands[i]))
			return true;
	return false;
}
