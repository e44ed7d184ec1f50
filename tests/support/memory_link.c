#include "tests/support/memory_link.h"

#include "tests/support/check.h"

static const struct device_sync_config timing = {
	.program = "memory 1",
	.welcome_ms = 30000,
	.answer_ms = 120000,
	.ping_ms = 30000,
	.hello_ms = 3600000,
};

/* ---- frames on their way ---- */

void
memory_queue_put(struct memory_queue *q, struct bytes frame)
{
	struct memory_frame f = { malloc(frame.len + 1), frame.len };

	assert_non_null(f.at);
	if (frame.len > 0)
		memcpy(f.at, frame.at, frame.len);
	if (q->first + q->count == q->size) {
		q->size = q->size * 2 + 16;
		q->list = realloc(q->list, q->size * sizeof(*q->list));
		assert_non_null(q->list);
	}
	q->list[q->first + q->count++] = f;
}

static bool
queue_take(struct memory_queue *q, struct memory_frame *ret_frame)
{
	if (q->count == 0)
		return false;
	*ret_frame = q->list[q->first++];
	if (--q->count == 0)
		q->first = 0;
	return true;
}

static void
queue_empty(struct memory_queue *q)
{
	struct memory_frame f;

	while (queue_take(q, &f))
		free(f.at);
}

static void
note(memory_link *l, struct bytes frame)
{
	struct message m;

	assert_status(message_decode(frame.at, frame.len, &m), ST_OK);
	l->sent[m.type]++;
}

/* ---- the device's end ---- */

static void
carry_out(memory_link *l, const struct device_action *a)
{
	struct device_sync_memory *memory = &l->device->memory;

	switch (a->type) {
	case DEVICE_SEND:
		note(l, a->frame);
		memory_queue_put(&l->rising, a->frame);
		break;
	case DEVICE_ACKED:
		l->acked_downwards += a->point.seq < memory->acked.seq;
		memory->acked = a->point;
		break;
	case DEVICE_WELCOMED:
		memory->registry = a->registry;
		l->beyond = a->beyond;
		break;
	case DEVICE_SEEN: memory->registry = a->registry; break;
	case DEVICE_DOCUMENT:
		l->documents++;
		l->document_version[a->what] = a->version;
		l->document_len[a->what] = a->packed.len;
		if (a->what == DOCUMENT_PLAN) {
			memory->plan = a->version;
		} else {
			memory->standing = a->version;
			memory->standing_boot = a->boot;
		}
		break;
	case DEVICE_CLOSE:
		l->closed = *a;
		memory_link_down(l);
		break;
	}
}

void
memory_link_speak(memory_link *l)
{
	struct device_action a;

	while (l->up && device_sync_next(l->sync, l->now_ms, l->now_ms, &a))
		carry_out(l, &a);
}

bool
memory_link_fall(memory_link *l)
{
	struct memory_frame f;

	if (!l->up || !queue_take(&l->falling, &f))
		return false;
	device_sync_frame(l->sync, f.at, f.len, l->now_ms);
	free(f.at);
	return true;
}

void
memory_link_wait(memory_link *l)
{
	int64_t deadline = device_sync_deadline(l->sync);

	if (deadline != INT64_MAX && deadline > l->now_ms)
		l->now_ms = deadline;
	device_sync_tick(l->sync, l->now_ms);
}

/* ---- the hub's end ---- */

/* Returns whether the frame was kept. */
static bool
obey(memory_link *l, const struct hub_action *a, struct memory_frame *frame)
{
	if (a->type == HUB_REFUSE) {
		l->refused = true;
		l->refused_with = a->refused_with;
	}
	if (a->type == HUB_SEND || a->type == HUB_REFUSE) {
		note(l, a->frame);
		memory_queue_put(&l->falling, a->frame);
	}
	if (a->type != HUB_STORE)
		return false;
	if (!frame)
		fail_msg("a batch is to be stored, and none came");
	assert_true(l->waiting_count < LENGTH(l->waiting));
	l->waiting[l->waiting_count++] = (struct memory_waiting) {
		.frame = *frame,
		.batch = a->batch,
		.wire_bytes = a->wire_bytes,
		.round = a->round,
	};
	return true;
}

bool
memory_link_rise(memory_link *l)
{
	struct memory_frame f;
	struct hub_action a;

	if (!l->up || !queue_take(&l->rising, &f))
		return false;
	hub_sync_frame(&l->peer, &l->hub->common, f.at, f.len, l->now_ms, &a);
	if (!obey(l, &a, &f))
		free(f.at);
	if (l->peer.unanswered > l->unanswered_most)
		l->unanswered_most = l->peer.unanswered;
	return true;
}

void
memory_link_commit(memory_link *l, bool answering)
{
	status outcome[LENGTH(l->waiting)] = { ST_OK };
	struct hub_action a;

	for (size_t i = 0; i < l->waiting_count; i++)
		outcome[i] = memory_hub_take(l->hub, &l->waiting[i].batch);
	for (size_t i = 0; i < l->waiting_count; i++) {
		struct memory_waiting *v = &l->waiting[i];
		const struct hub_settled batch = {
			.round = v->round,
			.wire_bytes = v->wire_bytes,
			.end = batch_end(&v->batch),
			.outcome = outcome[i],
		};

		if (answering) {
			hub_sync_settled(&l->peer, &l->hub->common, &batch, &a);
			obey(l, &a, NULL);
		}
		free(v->frame.at);
	}
	l->waiting_count = 0;
}

void
memory_link_notice(memory_link *l)
{
	struct hub_action a;

	hub_sync_notice(&l->peer, &l->hub->common, l->now_ms, &a);
	obey(l, &a, NULL);
}

/* ---- the connection ---- */

void
memory_link_up(memory_link *l)
{
	memory_link_down(l);
	l->up = true;
	l->refused = false;
	l->closed = (struct device_action) { 0 };
	hub_sync_init(&l->peer, l->device->feed);
	device_sync_start(l->sync, l->now_ms);
}

void
memory_link_down(memory_link *l)
{
	l->up = false;
	queue_empty(&l->rising);
	queue_empty(&l->falling);
	for (size_t i = 0; i < l->waiting_count; i++)
		free(l->waiting[i].frame.at);
	l->waiting_count = 0;
}

void
memory_link_restart(memory_link *l)
{
	struct device_sync_config config = timing;

	memory_link_down(l);
	device_sync_free(&l->sync);
	memcpy(config.feed, l->device->feed, FEED_BYTES);
	memcpy(config.hub, l->hub->common.hub, FEED_BYTES);
	l->sync = device_sync_new(&config, &l->device->memory, &l->device->store);
	assert_non_null(l->sync);
}

void
memory_link_init(memory_link *l, memory_device *device, memory_hub *hub)
{
	*l = (memory_link) { .device = device, .hub = hub, .now_ms = 1000000 };
	memory_link_restart(l);
}

void
memory_link_done(memory_link *l)
{
	memory_link_down(l);
	free(l->rising.list);
	free(l->falling.list);
	device_sync_free(&l->sync);
}

void
memory_link_run(memory_link *l)
{
	bool moved = true;

	for (int turns = 0; moved; turns++) {
		if (turns > 100000)
			fail_msg("the conversation does not end");
		memory_link_speak(l);
		moved = false;
		while (memory_link_rise(l))
			moved = true;
		memory_link_commit(l, true);
		l->now_ms += 20;
		while (memory_link_fall(l))
			moved = true;
	}
}
