#include "tests/support/check.h"

#include <stdint.h>
#include <stdlib.h>

#include "common/room.h"

static void
a_list_keeps_what_is_in_it_when_it_grows(void **ctx)
{
	size_t count = 0, room = 0, moves = 0;
	int *list = NULL;

	(void) ctx;
	for (int i = 0; i < 1000; i++) {
		size_t before = room;
		int *grown = room_for(list, count, 1, &room, sizeof(*grown));

		assert_non_null(grown);
		moves += room != before;
		list = grown;
		list[count++] = i;
		assert_true(count <= room);
	}
	for (int i = 0; i < 1000; i++)
		assert_int_equal(list[i], i);
	assert_true(moves < 10);
	free(list);
}

static void
many_may_come_at_once(void **ctx)
{
	size_t room = 0;
	char *text = room_for(NULL, 0, 100000, &room, 1);

	(void) ctx;
	assert_non_null(text);
	assert_true(room >= 100000);
	text[99999] = 'x';
	free(text);
}

static void
an_empty_list_of_nothing_is_no_failure(void **ctx)
{
	size_t room = 0;
	void *list = room_for(NULL, 0, 0, &room, sizeof(int));

	(void) ctx;
	assert_non_null(list);
	free(list);
}

static void
what_no_memory_holds_leaves_the_list_as_it_was(void **ctx)
{
	size_t room = 0;
	int *list = room_for(NULL, 0, 1, &room, sizeof(*list)), was = (int) room;

	(void) ctx;
	assert_non_null(list);
	assert_null(room_for(list, 1, SIZE_MAX / 2, &room, sizeof(*list)));
	assert_null(room_for(list, 1, SIZE_MAX / 8, &room, SIZE_MAX / 8));
	assert_int_equal(room, was);
	free(list);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_keeps_what_is_in_it_when_it_grows),
		cmocka_unit_test(many_may_come_at_once),
		cmocka_unit_test(an_empty_list_of_nothing_is_no_failure),
		cmocka_unit_test(what_no_memory_holds_leaves_the_list_as_it_was),
	};

	return cmocka_run_group_tests_name("room", tests, NULL, NULL);
}
