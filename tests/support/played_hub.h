/* tests/support/played_hub.h - a device's machine against a hub played by hand
 *
 * The test gives it frames, true or false, and sees what it wants to do.  A
 * failure in here ends the running test.
 */
#pragma once

#include "tests/support/memory_device.h"

enum {
	PLAYED_WELCOME_MS = 1000,
	PLAYED_ANSWER_MS = 4000,
	PLAYED_PING_MS = 700,
	PLAYED_HELLO_MS = 50000,
	PLAYED_BOOT = 77, /* what WELCOME says */
};

struct played {
	memory_device device;
	uint8_t hub[FEED_BYTES], secret[SIGN_SECRET_BYTES];
	device_sync *s; /* made by the first played_begin() */
	int64_t now_ms;
	bool adopt; /* of the machine that is made next */
	writer w;
	struct device_action action; /* the last one */
	struct message out;          /* what it sent, if it is DEVICE_SEND */
};

/* For cmocka; *ctx is a struct played. */
int played_setup(void **ctx);
int played_teardown(void **ctx);

/* A new link: the device starts and says HELLO, which is in out. */
void played_begin(struct played *fx);
/* The same, and the hub knows its events up to known, has credit, and nothing
 * else to tell.  A PUSH may be owed now. */
void played_greet(struct played *fx, uint64_t known);

/* The answer to the HELLO in out, to be changed and sent. */
struct message played_welcome(struct played *fx, uint64_t known);
void played_frame(struct played *fx, const struct message *m);
/* An ACK of end; other may have another receipt, versions, a credit. */
void played_ack(struct played *fx, uint64_t round, struct point end, struct message other);
void played_pong(struct played *fx, uint64_t boot, uint64_t credit);
/* A PONG that tells a version of the plan. */
void played_told_plan(struct played *fx, uint64_t version);

/* The next action of the device; 0 when there is none. */
int played_next(struct played *fx);
/* It is to send such a message, now in out. */
void played_sends(struct played *fx, message_type type);
void played_owes_nothing(struct played *fx);
/* It is to close, with that word in its reason. */
void played_closes(struct played *fx, const char *word);
