/* Both ends of a conversation, and a peer that forges: the input is a program of steps, by
 * which frames are spoken, carried, changed, repeated and put in whole, links break, disks
 * are put back.  A signature of zeros counts as right, so a forger gets as far as somebody
 * with the keys.
 *
 * Whatever came before, one honest connection then carries all that the device has, once. */
#include <sodium.h>
#include <stdlib.h>

#include "protocol/identity.h"
#include "tests/support/check.h"
#include "tests/support/memory_link.h"

enum { EVENTS_MAX = 600, WAITING_MAX = 200, DOCUMENT_BYTES = 20000 };

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
void __wrap_sign_bytes(const void *at, size_t len, const uint8_t secret[static SIGN_SECRET_BYTES],
                       uint8_t ret_signature[static SIGNATURE_BYTES]);
bool __wrap_signature_valid(const void *at, size_t len, const uint8_t feed[static FEED_BYTES],
                            const uint8_t signature[static SIGNATURE_BYTES]);

void
__wrap_sign_bytes(const void *at, size_t len, const uint8_t secret[static SIGN_SECRET_BYTES],
                  uint8_t ret_signature[static SIGNATURE_BYTES])
{
	(void) at;
	(void) len;
	(void) secret;
	memset(ret_signature, 0, SIGNATURE_BYTES);
}

bool
__wrap_signature_valid(const void *at, size_t len, const uint8_t feed[static FEED_BYTES],
                       const uint8_t signature[static SIGNATURE_BYTES])
{
	(void) at;
	(void) len;
	(void) feed;
	return sodium_is_zero(signature, SIGNATURE_BYTES);
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void) argc;
	(void) argv;
	return sodium_init() < 0;
}

struct program {
	struct bytes rest;
	memory_device device;
	memory_hub hub;
	memory_link link;
	struct memory_backup backup;
	size_t hub_backup;
};

/* 0 at the end. */
static unsigned
take(struct program *p)
{
	if (p->rest.len == 0)
		return 0;
	p->rest.len--;
	return *p->rest.at++;
}

static struct bytes
take_frame(struct program *p)
{
	size_t len = take(p) << 8;
	struct bytes frame = { p->rest.at, 0 };

	len |= take(p);
	frame.at = p->rest.at;
	frame.len = len < p->rest.len ? len : p->rest.len;
	p->rest.at += frame.len;
	p->rest.len -= frame.len;
	return frame;
}

/* One byte of the frame that is next to arrive. */
static void
change(struct program *p, struct memory_queue *q)
{
	size_t at = take(p) << 8;
	unsigned with = take(p);

	if (q->count == 0)
		return;
	at |= take(p);
	if (q->list[q->first].len > 0)
		q->list[q->first].at[at % q->list[q->first].len] ^= (uint8_t) (with | 1);
}

static void
repeat(struct memory_queue *q)
{
	if (q->count > 0)
		memory_queue_put(q, (struct bytes) { q->list[q->first].at, q->list[q->first].len });
}

/* ---- the steps ---- */

static void
step_speak(struct program *p)
{
	memory_link_speak(&p->link);
}

static void
step_rise(struct program *p)
{
	if (p->link.waiting_count >= WAITING_MAX)
		memory_link_commit(&p->link, true);
	memory_link_rise(&p->link);
}

static void
step_fall(struct program *p)
{
	memory_link_fall(&p->link);
}

static void
step_commit(struct program *p)
{
	memory_link_commit(&p->link, true);
}

static void
step_lose_commit(struct program *p)
{
	memory_link_commit(&p->link, false);
	memory_link_down(&p->link);
}

static void
step_up(struct program *p)
{
	memory_link_up(&p->link);
}

static void
step_restart(struct program *p)
{
	memory_link_restart(&p->link);
}

static void
step_wait(struct program *p)
{
	memory_link_wait(&p->link);
}

static void
step_record(struct program *p)
{
	size_t count = 1 + take(p) % 20;

	p->device.body_bytes = 16 + take(p) * 20;
	if (p->device.count + count <= EVENTS_MAX)
		memory_device_record(&p->device, count);
	device_sync_grew(p->link.sync);
}

static void
step_forge_up(struct program *p)
{
	if (p->link.up)
		memory_queue_put(&p->link.rising, take_frame(p));
}

static void
step_forge_down(struct program *p)
{
	if (p->link.up)
		memory_queue_put(&p->link.falling, take_frame(p));
}

static void
step_change_up(struct program *p)
{
	change(p, &p->link.rising);
}

static void
step_change_down(struct program *p)
{
	change(p, &p->link.falling);
}

static void
step_repeat_up(struct program *p)
{
	repeat(&p->link.rising);
}

static void
step_repeat_down(struct program *p)
{
	repeat(&p->link.falling);
}

static void
step_notice(struct program *p)
{
	if (p->link.up)
		memory_link_notice(&p->link);
}

static void
step_documents(struct program *p)
{
	unsigned how = take(p);

	memory_document_set(how & 1 ? &p->hub.plan : &p->hub.standing, 1 + how % 7,
	                    1 + how * 79 % DOCUMENT_BYTES);
}

static void
step_credit(struct program *p)
{
	p->hub.credit = take(p) % 5 * CREDIT_BYTES_MIN;
}

static void
step_hub_fails(struct program *p)
{
	p->hub.fails_with = take(p) % 2 ? ST_IO : ST_OK;
}

static void
step_device_fails(struct program *p)
{
	p->device.fails_with = take(p) % 2 ? ST_IO : ST_OK;
}

static void
step_backup(struct program *p)
{
	p->backup = memory_device_backup(&p->device);
	p->hub_backup = p->hub.count;
}

static void
step_put_back_device(struct program *p)
{
	if (p->backup.count > p->device.count)
		return;
	memory_device_restore(&p->device, &p->backup);
	memory_link_restart(&p->link);
}

static void
step_put_back_hub(struct program *p)
{
	if (p->hub_backup <= p->hub.count)
		memory_hub_rollback(&p->hub, p->hub_backup);
	memory_link_down(&p->link);
}

static void (*const steps[])(struct program *p) = {
	step_speak,           step_rise,         step_fall,
	step_commit,          step_lose_commit,  step_up,
	step_restart,         step_wait,         step_record,
	step_forge_up,        step_forge_down,   step_change_up,
	step_change_down,     step_repeat_up,    step_repeat_down,
	step_notice,          step_documents,    step_credit,
	step_hub_fails,       step_device_fails, step_backup,
	step_put_back_device, step_put_back_hub,
};

/* ---- and then peace ---- */

static void
check_end(struct program *p)
{
	struct point tip = memory_device_tip(&p->device);

	p->hub.fails_with = p->device.fails_with = ST_OK;
	p->hub.credit = CREDIT_BYTES_MIN;
	memory_link_up(&p->link);
	memory_link_run(&p->link);
	if (p->link.closed.type == DEVICE_CLOSE || p->link.refused)
		abort();
	if (!memory_hub_sound(&p->hub) || !memory_hub_knows(&p->hub, p->device.feed, &tip) ||
	    p->device.memory.acked.seq != tip.seq)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct program p; /* too large for the stack of a sanitizer */

	p.rest = (struct bytes) { data, size };
	p.backup = (struct memory_backup) { 0 };
	p.hub_backup = 0;
	memory_worlds_begin();
	memory_device_init(&p.device, 1);
	memory_hub_init(&p.hub, 1);
	memory_link_init(&p.link, &p.device, &p.hub);
	while (p.rest.len > 0)
		steps[take(&p) % LENGTH(steps)](&p);
	check_end(&p);
	memory_link_done(&p.link);
	memory_hub_done(&p.hub);
	memory_device_done(&p.device);
	return 0;
}
